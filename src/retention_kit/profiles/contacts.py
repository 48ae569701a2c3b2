"""The contacts of a table of customers, in one form each, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from retention_kit.contracts.law import Frame, customer_local
from retention_kit.errors import ColumnTypeError, MissingColumnError
from retention_kit.profiles.normalise import EDGES, email_reader, phone_reader

CONTACT_STATUSES = ("valid", "missing", "invalid")
"""What a contact can be: one that was read, none at all, or a text that is none."""

_EMAIL_GIVEN = "__email_given"
_PHONE_GIVEN = "__phone_given"


@customer_local
def normalised_contacts(customers: Frame, *, region: str = "RU") -> Frame:
    """Give each customer's e-mail address and telephone number in one form.

    Customer-local. Each value is read as `normalise_email` and `normalise_phone` read it.

    Args:
        customers: The `customers` table, shape `(n_customers, >= 1)`. Where it has no column
            `email` or `phone`, that contact is missing throughout.
        region: The country that numbers without a code are of, two capital letters of ISO 3166.

    Returns:
        One row per row of `customers`, in their order. What else the table holds is left out,
        because it is as it was; join on `customer_id` where it is wanted:

        - `customer_id`: as in `customers`.
        - `email` (`String`): the address, or null.
        - `phone` (`String`): the number as E.164 with `+`, or null.
        - `email_status`, `phone_status` (`Enum`): `valid`; `missing` of null, empty and blank
            texts; `invalid` of other texts that are no contact. Never null.

        No customers give zero rows of this schema.

    Raises:
        MissingColumnError: There is no `customer_id`.
        ColumnTypeError: A contact is neither text nor a whole number.
        DefinitionError: `region` has no numbering plan.
        MissingDependencyError: `phonenumbers` or `email-validator` is not installed.

    Examples:
        >>> customers = pl.DataFrame(
        ...     {
        ...         "customer_id": [1, 2],
        ...         "email": ["Anna@Example.com", "anna@"],
        ...         "phone": ["8 916 123-45-67", None],
        ...     }
        ... )
        >>> for row in normalised_contacts(customers).rows():
        ...     print(row)
        (1, 'anna@example.com', '+79161234567', 'valid', 'valid')
        (2, None, None, 'invalid', 'missing')
    """
    schema = customers.collect_schema()
    if "customer_id" not in schema:
        raise MissingColumnError("customers", "customer_id", schema.names())
    statuses = pl.Enum(CONTACT_STATUSES)

    def status(contact: str, given: str) -> pl.Expr:
        is_blank = pl.col(given).is_null() | (pl.col(given) == "")
        return (
            pl.when(pl.col(contact).is_not_null())
            .then(pl.lit("valid", dtype=statuses))
            .when(is_blank)
            .then(pl.lit("missing", dtype=statuses))
            .otherwise(pl.lit("invalid", dtype=statuses))
            .alias(f"{contact}_status")
        )

    return (
        customers.select(
            "customer_id",
            _given(schema, "email").alias(_EMAIL_GIVEN),
            _given(schema, "phone").alias(_PHONE_GIVEN),
        )
        .with_columns(
            _emails(pl.col(_EMAIL_GIVEN)).alias("email"),
            _phones(pl.col(_PHONE_GIVEN), region=region).alias("phone"),
        )
        .select(
            "customer_id",
            "email",
            "phone",
            status("email", _EMAIL_GIVEN),
            status("phone", _PHONE_GIVEN),
        )
    )


def email_expression(texts: pl.Expr) -> pl.Expr:
    """Give a column of texts as e-mail addresses, each as `normalise_email` gives it.

    Raises:
        MissingDependencyError: `email-validator` is not installed.
    """
    return _emails(_trimmed(texts))


def phone_expression(texts: pl.Expr, *, region: str = "RU") -> pl.Expr:
    """Give a column of texts as telephone numbers, each as `normalise_phone` gives it.

    Raises:
        DefinitionError: `region` has no numbering plan.
        MissingDependencyError: `phonenumbers` is not installed.
    """
    return _phones(_trimmed(texts), region=region)


def _emails(trimmed: pl.Expr) -> pl.Expr:
    reader = email_reader()
    is_plain = trimmed.str.contains(f"^(?:{reader.plain})$") & (
        trimmed.str.len_bytes() <= reader.longest
    )
    lower = trimmed.str.to_lowercase()
    found = pl.when(~lower.str.contains(reader.reserved)).then(lower)
    return _told(trimmed, is_plain, found, reader.library)


def _phones(trimmed: pl.Expr, *, region: str) -> pl.Expr:
    reader = phone_reader(region)
    digits = trimmed.str.replace_all("[^0-9]", "").str.tail(10)
    is_plain = trimmed.str.contains(f"^(?:{reader.plain})$") & digits.str.contains(
        f"^(?:{reader.mobile})$"
    )
    return _told(trimmed, is_plain, pl.lit("+7") + digits, reader.library)


def _told(
    trimmed: pl.Expr, is_plain: pl.Expr, found: pl.Expr, library: Callable[[str], str | None]
) -> pl.Expr:
    """Give what is plain as it was found, and each other value as the library reads it."""

    def read(texts: pl.Series) -> pl.Series:
        # A value that stands on many rows is read once.
        distinct = texts.drop_nulls().unique()
        if distinct.is_empty():
            return texts
        return texts.replace_strict(
            distinct,
            pl.Series([library(text) for text in distinct], dtype=pl.String),
            default=None,
            return_dtype=pl.String,
        )

    is_plain = is_plain.fill_null(value=False)
    others = pl.when(~is_plain & (trimmed != "")).then(trimmed)
    return (
        pl.when(is_plain)
        .then(found)
        .otherwise(others.map_batches(read, return_dtype=pl.String, is_elementwise=True))
    )


def _trimmed(texts: pl.Expr) -> pl.Expr:
    return texts.cast(pl.String).str.strip_chars(EDGES)


def _given(schema: pl.Schema, name: str) -> pl.Expr:
    """Give a column of contacts as trimmed texts; nulls where it is not there."""
    if name not in schema:
        return pl.lit(None, dtype=pl.String)
    dtype = schema[name]
    is_text = dtype in (pl.String, pl.Null) or isinstance(dtype, pl.Categorical | pl.Enum)
    if not is_text and not dtype.is_integer():
        raise ColumnTypeError(
            "customers",
            name,
            got=str(dtype),
            allowed="text, or whole numbers",
            step="cast it before; a number with a fraction has lost digits already.",
        )
    return _trimmed(pl.col(name))
