"""Gift certificates: issued to one customer, and paid with by whoever has the code."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from retention_kit.errors import DataError, MissingColumnError
from retention_kit.loyalty_rules.deriving.rows import as_rows
from retention_kit.loyalty_rules.deriving.shop import Shop, column_of

_ISSUED = "Certificate Issued"
_REDEEMED = "Certificate Redeemed"
WALLET = "certificates"
"""The wallet of money that certificates lie in."""


def certificates(shop: Shop) -> Iterator[pl.LazyFrame]:
    """Give what certificates are issued and paid with, all on the account of who holds them.

    The column `certificate` of events names the certificate, `value` says how much money; an event
    `Certificate Issued` may have `expires_at`. Of several that issue one code the first counts.
    Whoever pays with a code, the certificate is its holder's, and so stays exact to the last
    unit; what is paid with a code that was never issued is refused where it is accounted for.

    Raises:
        MissingColumnError: There are such events, and none says which certificate.
        DataError: One has no code, or no whole number of hundredths above 0.
    """
    if all(version.program.certificates is None for version in shop.versions):
        return
    if "events" not in shop.dataset.given:
        return
    issued, paid = _asked(shop, _ISSUED), _asked(shop, _REDEEMED)
    first = issued.sort("occurred_at", "customer_id").unique(
        "certificate", keep="first", maintain_order=True
    )
    yield as_rows(
        first.lazy(),
        shop.schema,
        kind="issue",
        at="occurred_at",
        key=pl.concat_str(pl.lit("certificate:"), "certificate"),
        name="certificate",
        wallet=pl.lit(WALLET),
        units="units",
        until="expires_at",
    )
    holders = first.select("certificate", pl.col("customer_id").alias("holder_id"))
    used = (
        paid.join(holders, on="certificate", how="left")
        .with_columns(pl.coalesce("holder_id", "customer_id").alias("holder_id"))
        .sort("occurred_at", "customer_id", "order_id", "units")
        .with_columns(
            pl.int_range(pl.len()).over("certificate", "occurred_at", "order_id").alias("place")
        )
    )
    key = pl.concat_str(
        pl.lit("certificate:"),
        pl.col("certificate"),
        pl.lit(":"),
        pl.coalesce(
            pl.col("order_id").cast(pl.String),
            pl.col("occurred_at").dt.epoch("us").cast(pl.String),
        ),
        pl.lit(":"),
        pl.col("place").cast(pl.String),
    )
    is_own = pl.col("holder_id") == pl.col("customer_id")
    yield as_rows(
        used.lazy(),
        shop.schema,
        kind="redeem",
        at="occurred_at",
        key=key,
        customer_id="holder_id",
        name="certificate",
        wallet=pl.lit(WALLET),
        units="units",
        order_id="order_id",
        reason=pl.when(is_own).then(pl.lit("certificate")).otherwise(pl.lit("other_customer")),
    )


def _asked(shop: Shop, name: str) -> pl.DataFrame:
    """Give the events of a name, with the code and the whole units of each."""
    given = shop.events(name)
    schema = given.collect_schema()
    if "certificate" not in schema and given.select(pl.len()).collect().item():
        raise MissingColumnError("events", "certificate", schema.names())
    found = given.select(
        "customer_id",
        "occurred_at",
        column_of(given, "certificate", pl.String()),
        column_of(given, "order_id", shop.schema["order_id"]),
        column_of(given, "expires_at", shop.schema["until"]),
        (column_of(given, "value", pl.Decimal(18, 4)).cast(pl.Decimal(38, 4)) * 100).alias("cents"),
    ).collect()
    cents = pl.col("cents")
    is_whole = (cents > 0) & (cents == cents.cast(pl.Int64)) & pl.col("certificate").is_not_null()
    wrong = found.filter(~is_whole.fill_null(value=False)).height
    if wrong:
        raise DataError(
            f"{wrong} events {name!r} have no certificate, or a value that is not a whole number "
            "of hundredths above 0. Next step: mend 'certificate' and 'value'."
        )
    return found.with_columns(cents.cast(pl.Int64).alias("units")).drop("cents")
