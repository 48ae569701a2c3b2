"""Fitting a scorer: where the customers of a shop, in order, are cut into levels."""

from __future__ import annotations

import numbers
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import polars as pl

from retention_kit.contracts.law import Frame, fit
from retention_kit.errors import DataError, DataWarning, bad_parameter
from retention_kit.rfm.looks import DIMENSIONS
from retention_kit.rfm.scales import MOST_LEVELS, RFMScale, exact, members, shown
from retention_kit.rfm.scorers import Best, RFMScorer, check_best, check_dimensions, check_table
from retention_kit.rfm.table import rfm_table

_DIGITS = 4


@fit(of=rfm_table)
def fit_rfm_scorer(
    rfm: Frame,
    *,
    method: Literal["quantile", "rank"] = "quantile",
    levels: int | Sequence[int] = 3,
    best: Best = "low",
) -> RFMScorer:
    """Find the edges between the levels of recency, frequency and monetary value.

    The edges are kept, and score later months and other customers alike. A table has no word about
    how it was made: score only such as were made with the same `window`, `unit` and `monetary`.

    Args:
        rfm: What `rfm_table` gives. Customers without a purchase in the window are left out.
        method: `quantile` cuts at quantiles; `rank` by the mean rank of customers with the same
            value.
        levels: How many levels each dimension has, or the three numbers for recency, frequency and
            monetary value; 2 … 100.
        best: `low` makes 1 the best score, `high` the number of levels.

    Returns:
        A frozen scorer, with the edges, the smallest and the largest value, and how many customers
        are in each level.

    Raises:
        DefinitionError: `method` or `best` is neither of its two, `levels` is not a number of 2 …
            100, `rfm` is no Polars table, or a column is absent or does not hold numbers.
        DataError: Nobody has a purchase, or a value is null or not finite.

    Warns:
        DataWarning: Edges coincide or a level stays empty, because customers have equal values or
            are fewer than levels. Equal values are never torn apart to fill a level.

    Notes:
        With n customers sorted by a dimension and L levels, ascending: `quantile` has its edges at
        the type-7 quantiles i/L, i = 1 … L − 1, and the score is 1 + the number of edges below the
        value. Of whole numbers and money an edge is rounded down to four digits, which moves
        nobody. `rank` gives a value the share p = (customers below + half of those who have it)
        / n, and the score 1 + ⌊pL⌋, at most L; a value that was not seen scores as the next lower
        one that was. With either, the largest value has the top score and the smallest the bottom
        one, where there are two values or more; where there is one, it has the bottom one, and
        what is seen above it later the top one. Then the score is turned round where the best value
        must get it.

    References:
        Hyndman and Fan (1996), Sample quantiles in statistical packages.

    Examples:
        >>> rfm = pl.DataFrame(
        ...     {
        ...         "recency_days": [10, 20, 30, 40],
        ...         "frequency": [4, 3, 2, 1],
        ...         "monetary": [400, 300, 200, 100],
        ...     }
        ... )
        >>> scorer = fit_rfm_scorer(rfm, levels=2)
        >>> scorer.recency.edges, scorer.score(rfm)["rfm_code"].to_list()
        ((Decimal('25'),), ['111', '111', '222', '222'])
    """
    if method not in ("quantile", "rank"):
        raise bad_parameter(
            "method",
            got=method,
            allowed="'quantile' or 'rank'",
            step="thresholds are not fitted: RFMScorer.from_thresholds(…).",
        )
    check_best(best)
    find = _quantile_edges if method == "quantile" else _rank_edges
    wanted = _checked_levels(levels)
    samples = _samples(rfm)
    scales = []
    for sample, count in zip(samples, wanted, strict=True):
        edges = find(sample, count)
        edge_is_in: Literal["lower", "upper"] = (
            "upper" if method == "rank" and sample.differs else "lower"
        )
        scale = RFMScale(
            edges=edges,
            edge_is_in=edge_is_in,
            minimum=sample.value_at(0),
            maximum=sample.value_at(-1),
        )
        scales.append(scale.model_copy(update={"customers": sample.per_level(scale)}))
    recency, frequency, monetary = scales
    scorer = RFMScorer(
        method=method, best=best, recency=recency, frequency=frequency, monetary=monetary
    )
    for finding in _findings(scorer):
        warnings.warn(finding, DataWarning, stacklevel=3)
    return scorer


@dataclass(frozen=True, slots=True)
class _Sample:
    """The values of a dimension in ascending order, each once.

    Attributes:
        name: The dimension.
        values: The values.
        counts: How many customers have each.
        up_to: How many have it or a lower one.
    """

    name: str
    values: pl.Series
    counts: pl.Series
    up_to: pl.Series

    @property
    def customers(self) -> int:
        return int(self.up_to[-1])

    @property
    def differs(self) -> bool:
        return len(self.values) > 1

    @property
    def digits(self) -> int:
        """How many digits after the point the values have, as they are kept."""
        dtype = self.values.dtype
        return dtype.scale if isinstance(dtype, pl.Decimal) else 0

    def value_at(self, place: int) -> Decimal:
        return exact(self.values[place])

    def value_of(self, rank: int) -> Decimal:
        """Give the value of the customer at a rank, 0 for the lowest."""
        return self.value_at(_first_from(self.up_to, rank + 1))

    def per_level(self, scale: RFMScale) -> tuple[int, ...]:
        score = scale.ascending(pl.col("value"), self.values.dtype)
        frame = pl.DataFrame({"value": self.values, "count": self.counts})
        found = dict(frame.group_by(score.alias("score")).agg(pl.col("count").sum()).iter_rows())
        return tuple(int(found.get(level, 0)) for level in range(1, scale.levels + 1))


def _samples(rfm: Frame) -> list[_Sample]:
    check_table("rfm", rfm, step="pass what rfm_table(orders, as_of=…) gives.")
    check_dimensions(rfm.collect_schema())
    # A frequency that is null is no 0: it stays, to be refused below.
    bought = rfm.lazy().filter((pl.col("frequency") > 0).fill_null(True)).select(DIMENSIONS)
    customers = bought.collect(engine="streaming")
    if customers.is_empty():
        raise DataError(
            "Nobody has a purchase to find edges by. Next step: look at the dates, or give edges: "
            "RFMScorer.from_thresholds(…)."
        )
    return [_sample(customers[name]) for name in DIMENSIONS]


def _sample(column: pl.Series) -> _Sample:
    wrong = column.null_count()
    if column.dtype.is_float():
        wrong += int((~column.is_finite()).sum())
    if wrong:
        raise DataError(
            f"Column {column.name!r} of the RFM table has {wrong:,} values that are null or not "
            "finite. Next step: leave those customers out, or mend them."
        )
    # Adding 0 makes one zero of the two that floats have.
    sorted_values = (column + 0.0 if column.dtype.is_float() else column).sort()
    runs = sorted_values.rle().struct
    counts = runs.field("len").cast(pl.Int64)
    return _Sample(column.name, runs.field("value"), counts, counts.cum_sum())


def _first_from(rising: pl.Series, least: int) -> int:
    """Give the place of the first number that is not below another."""
    return int(rising.search_sorted(least, side="left"))


def _quantile_edges(sample: _Sample, levels: int) -> tuple[Decimal, ...]:
    return tuple(_quantile(sample, Fraction(part, levels)) for part in range(1, levels))


def _quantile(sample: _Sample, part: Fraction) -> Decimal:
    # In whole numbers, so that a place that is a whole number is found to be one.
    place = (sample.customers - 1) * part
    below = int(place)
    low = sample.value_of(below)
    if place == below:
        return low
    high = sample.value_of(below + 1)
    between = Fraction(low) + (place - below) * (Fraction(high) - Fraction(low))
    if sample.values.dtype.is_float():
        return exact(float(between))
    digits = max(_DIGITS, sample.digits)
    return exact(between * 10**digits // 1, digits)


def _rank_edges(sample: _Sample, levels: int) -> tuple[Decimal, ...]:
    if not sample.differs:
        return (sample.value_at(0),) * (levels - 1)
    # Twice the customers below, and once those who have the value: 2np.
    twice = 2 * sample.up_to - sample.counts
    last = len(sample.values) - 1
    places = (
        _first_from(twice, -(-2 * sample.customers * part // levels)) for part in range(1, levels)
    )
    return tuple(sample.value_at(min(max(place, 1), last)) for place in places)


def _checked_levels(levels: int | Sequence[int]) -> tuple[int, ...]:
    each = members(levels)
    given: tuple[object, ...] = (levels,) * len(DIMENSIONS) if each is None else each
    wanted = [
        int(one) for one in given if not isinstance(one, bool) and isinstance(one, numbers.Integral)
    ]
    is_right = len(wanted) == len(given) == len(DIMENSIONS)
    if not is_right or not all(2 <= one <= MOST_LEVELS for one in wanted):
        raise bad_parameter(
            "levels",
            got=levels,
            allowed=f"a whole number of 2 to {MOST_LEVELS}, or three of them",
            step="3 or 5 are usual.",
        )
    return tuple(wanted)


def _findings(scorer: RFMScorer) -> list[str]:
    found = []
    for name, scale in zip(DIMENSIONS, scorer.scales, strict=True):
        coincide = len(set(scale.edges)) < len(scale.edges)
        if not coincide and all(scale.customers):
            continue
        counts = scorer.customers_by_score[name]
        each = ", ".join(f"{score}: {count}" for score, count in counts.items())
        found.append(
            f"{name} uses {sum(map(bool, counts.values()))} of {scale.levels} levels, since "
            f"{_reason(scale)}. Edges: {shown(scale.edges)}. Customers by score: {each}. Equal "
            "values stay together. Next step: fewer levels, or edges of your own with "
            "RFMScorer.from_thresholds(…)."
        )
    return found


def _reason(scale: RFMScale) -> str:
    """Say why a level of a scale that was fitted is empty."""
    customers = sum(scale.customers)
    if customers == 1:
        return "there is one customer"
    if customers < scale.levels:
        return f"there are {customers} customers"
    return "customers have equal values"
