"""Contacts are hidden from reports unless they are asked for."""

from __future__ import annotations

import re

import polars as pl
import polars.selectors as cs

_EMAIL = r"([^\s@,;<>()\"']?)[^\s@,;<>()\"']*@([^\s@,;<>()\"']+)"
_PHONE = r"(?:\+\d[\d\s().-]{4,}|\b[78]?[\s(-]*\d{3}[)\s-]+\d{3}[\s-]*\d{2}[\s-]*)(\d{2})\b"
_DIGITS = r"\b(?:[78]\d{8}|9\d{7})(\d{2})\b"
"""Eleven digits from 7 or 8, or ten from 9, as Russian numbers are written without marks."""
_NUMBERS = ((7 * 10**10, 9 * 10**10), (9 * 10**9, 10**10))
_PHONE_NAME = re.compile(r"phone|mobile|whatsapp|telegram|(^|[^a-z])tel|телефон|моб", re.IGNORECASE)


def mask_contacts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Hide e-mail addresses and telephone numbers, wherever they stand.

    Of an address the first letter and the domain stay, of a telephone number the last two digits.
    Contacts are looked for in every column of text, whatever it is called, and in nested ones,
    which become JSON text; a column whose name is that of a telephone number is hidden whole, a
    number's digits included.

    Args:
        frame: Any table.

    Returns:
        The table with contacts masked.

    Examples:
        >>> people = pl.LazyFrame(
        ...     {"note": ["ask anna@example.com or +1 555 0100"], "phone": [15550123]}
        ... )
        >>> mask_contacts(people).collect().rows()
        [('ask a***@example.com or ***00', '***23')]
    """
    schema = frame.collect_schema()
    nested = [name for name, dtype in schema.items() if dtype.is_nested()]
    phones = [name for name in schema.names() if _PHONE_NAME.search(name) and name not in nested]
    last_digits = r"^.*?(\d?\d?)\D*$"
    return frame.with_columns(
        (cs.categorical() | cs.enum()).cast(pl.String),
        *(pl.struct(name).struct.json_encode().alias(name) for name in nested),
    ).with_columns(
        _masked(cs.string() - cs.by_name(*phones)),
        *(pl.col(name).cast(pl.String).str.replace(last_digits, "***${1}") for name in phones),
    )


def mask_table(table: pl.DataFrame) -> pl.DataFrame:
    """Hide contacts in a table in memory, in columns of whole numbers as well.

    A column of numbers that are those of telephones becomes text; ids that stay the same when
    masked are told apart by a number.

    Args:
        table: Any table.

    Returns:
        The table with contacts masked.

    Examples:
        >>> mask_table(pl.DataFrame({"customer_id": [79161234567, 79160000067]})).rows()
        [('***67 #1',), ('***67 #2',)]
    """
    numbers = [
        name
        for name, dtype in table.schema.items()
        if dtype.is_integer()
        # Wide enough for the numbers that are compared with, whatever the column can hold.
        and any(
            table[name].cast(pl.Int128).is_between(low, high, closed="left").any()
            for low, high in _NUMBERS
        )
    ]
    as_text = table.with_columns(pl.col(numbers).cast(pl.String))
    masked = mask_contacts(as_text.lazy()).collect()
    if "customer_id" not in table.columns or masked.schema["customer_id"] != pl.String:
        return masked
    before = as_text["customer_id"].cast(pl.String)
    is_hidden = masked["customer_id"].ne_missing(before)
    number = is_hidden.cast(pl.Int64).cum_sum().cast(pl.String)
    told = pl.when(is_hidden).then(pl.col("customer_id") + " #" + number).otherwise("customer_id")
    return masked.with_columns(told.alias("customer_id"))


def _masked(text: pl.Expr) -> pl.Expr:
    return (
        text.str.replace_all(_EMAIL, "${1}***@${2}")
        .str.replace_all(_PHONE, "***${1}")
        .str.replace_all(_DIGITS, "***${1}")
    )
