"""The one stable, specified hash: MurmurHash3 x86 32-bit, seed 0, of the UTF-8 text `salt:id`.

Buckets, assignment to groups and bootstrap weights all use it, so that a customer falls into the
same place on every machine, in every version, on a table of millions and for one id alone.
The algorithm is Austin Appleby's (public domain); it is the hash Apache Iceberg buckets with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def stable_hash(identifier: int | str, *, salt: str) -> int:
    """Hash one id.

    Args:
        identifier: A customer's id; a number is hashed as its decimal digits.
        salt: A name for what the hash is used for, so that two uses are independent.

    Returns:
        An integer from 0 to 2**32 − 1.

    Examples:
        >>> stable_hash(17850, salt="bucket") == stable_hash("17850", salt="bucket")
        True
    """
    import mmh3

    return mmh3.hash(f"{salt}:{identifier}".encode(), seed=0, signed=False)


def stable_hash_expression(identifier: pl.Expr, *, salt: str) -> pl.Expr:
    """Hash a column of ids, each as `stable_hash` would.

    Args:
        identifier: An expression of any integer or text type.
        salt: A name for what the hash is used for.

    Returns:
        A `UInt32` expression named `hash`; null where the id is null.
    """
    import polars as pl

    text = pl.concat_str(pl.lit(f"{salt}:"), identifier.cast(pl.String))
    # Private in Polars, and so used here alone; tests hold it to published vectors.
    return text._mm3_hash().reinterpret(signed=False).alias("hash")
