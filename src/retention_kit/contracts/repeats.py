"""Rows that stand twice: exact copies, and ids that name different rows.

Ids are compared by ticking them off, or by sorting them or their hashes, once; only where something
repeats are those rows read, compared whole, and settled.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from retention_kit.contracts.door import Admission, Staged
from retention_kit.contracts.signals import Collect

BROKEN = "__rule"
"""The column that names the rule a settled row broke; a foreign column may be called `rule`."""
_ROW = "__row"


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeats among the sort keys of a column.

    Attributes:
        keys: The keys that stand more than once.
        rows: How many rows there are.
        extra: How many of them would have to go for each key to stand once.
    """

    keys: pl.Series
    rows: int
    extra: int


def sort_key(column: str, dtype: pl.DataType) -> pl.Expr:
    """Give what is sorted to find repeated ids: a number itself, or a text's 64-bit hash."""
    return pl.col(column) if dtype.is_integer() else pl.col(column).hash()


def find_repeats(keys: pl.Series) -> Repeats:
    """Find the keys that stand more than once."""
    if _are_distinct(keys):
        return Repeats(keys=keys.clear(), rows=len(keys), extra=0)
    ordered = keys if keys.is_sorted() else keys.sort()
    # Slices cost nothing, where shifting would copy the whole.
    later = ordered.slice(1)
    again = later.filter(later == ordered.head(-1))
    return Repeats(keys=again.unique(), rows=len(keys), extra=len(again))


def _are_distinct(keys: pl.Series) -> bool:
    """Tell whether numbers that lie close together are distinct, by ticking them off a list.

    That takes a third of the time of sorting them; where they lie so far apart that the list would
    be larger than a sorted copy, they are not looked at.
    """
    if not keys.dtype.is_integer() or keys.is_empty():
        return False
    least, most = keys.min(), keys.max()
    if not isinstance(least, int) or not isinstance(most, int):
        return False
    if most - least >= 8 * len(keys):
        return False
    import numpy as np

    seen = np.zeros(most - least + 1, dtype=np.bool_)
    for chunk in keys.get_chunks():
        seen[chunk.to_numpy() - least] = True
    return int(np.count_nonzero(seen)) == len(keys)


def row_hash(staged: Staged) -> pl.Expr:
    """Give a 64-bit hash of each whole foreign row."""
    return pl.struct(list(staged.foreign)).hash()


def ids_behind(
    staged: Staged, key: str, where: pl.Expr, keyed: pl.Expr, repeats: Repeats, run: Collect
) -> pl.Series:
    """Give the ids that stand on rows whose sort key repeats."""
    suspects = staged.kept().filter(where, keyed.is_in(repeats.keys.implode()))
    return run(suspects.select(pl.col(key).unique())).to_series()


def settle(
    admission: Admission,
    staged: Staged,
    repeats: pl.Expr,
    *,
    key: str,
    unique: pl.Expr,
    alone: pl.Expr | None = None,
    run: Collect,
) -> tuple[Admission, pl.DataFrame]:
    """Reject exact copies and repeated ids: of each, the first row stays.

    Args:
        admission: The table after its rows' own rules.
        staged: The table before them.
        repeats: True on rows whose id may repeat; it must not depend on a row's place.
        key: The column whose ids may not repeat.
        unique: True on rows in which the id must not repeat.
        alone: True on rows that are rejected altogether, as `ambiguous_return`, where others of
            the same kind share their id.
        run: What collects.

    Returns:
        The admission without the rejected rows, and those rows, cast, with `BROKEN`.
    """
    foreign = list(staged.foreign)
    suspects = run(staged.frame.with_row_index(_ROW).filter(staged.keeps_all & repeats)).sort(_ROW)
    judged = suspects.with_columns(
        (~pl.struct(foreign).is_first_distinct()).alias("__copy"),
        unique.alias("__unique"),
    ).with_columns(pl.struct(key, "__unique").is_first_distinct().alias("__first"))
    originals = (~pl.col("__copy")).sum().over(key, "__unique")
    shared = pl.lit(value=False) if alone is None else alone & (originals > 1)
    judged = judged.with_columns(
        pl.when(pl.col("__copy"))
        .then(pl.lit("duplicate_row"))
        .when(pl.col("__unique") & ~pl.col("__first"))
        .then(pl.lit(f"repeated_{key}"))
        .when(shared)
        .then(pl.lit("ambiguous_return"))
        .alias(BROKEN)
    )
    out = judged.filter(pl.col(BROKEN).is_not_null())
    kept = judged.filter(pl.col(BROKEN).is_null())
    settled = Admission(
        accepted=pl.concat(
            [
                staged.kept(bool(admission.counts)).filter(~repeats).select(staged.columns),
                kept.lazy().select(staged.columns),
            ]
        ),
        rejected=pl.concat(
            [
                admission.rejected,
                out.lazy().select(*staged.foreign_columns(), pl.col(BROKEN).alias("rule")),
            ]
        ),
        read=admission.read,
        counts={
            **admission.counts,
            **dict(out.group_by(BROKEN).agg(pl.len()).sort(BROKEN).rows()),
        },
    )
    return settled, out
