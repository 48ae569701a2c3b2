"""Scorers: frozen models that give the scores of recency, frequency and monetary value."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import ClassVar, Literal

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.rfm.looks import DIMENSIONS
from retention_kit.rfm.scales import RFMScale, exact, is_finite_number, members

Method = Literal["quantile", "rank", "thresholds"]
"""Where the edges come from: quantiles, mean ranks, or a person."""
Best = Literal["low", "high"]
"""Whether 1 is the best score, or the number of levels is."""

SCORES = ("recency_score", "frequency_score", "monetary_score")
CODE = "rfm_code"


class RFMScorer(SavedModel):
    """A scorer: three scales and a direction, fitted or given once and applied for months.

    Equal values get equal scores, order is kept, and values beyond the edges get the end scores.

    Attributes:
        method: `quantile` and `rank` are fitted by `fit_rfm_scorer`; `thresholds` are given.
        best: `low`, where 1 is the best score, or `high`, where the number of levels is.
        recency: The scale of days since the last sale.
        frequency: The scale of the number of purchases.
        monetary: The scale of monetary value.
    """

    FORMAT: ClassVar[str] = "retention_kit.rfm_scorer"

    method: Method
    best: Best
    recency: RFMScale
    frequency: RFMScale
    monetary: RFMScale

    @classmethod
    def from_thresholds(
        cls,
        *,
        recency_days: Sequence[float | Decimal],
        frequency: Sequence[float | Decimal],
        monetary: Sequence[float | Decimal],
        best: Best = "low",
    ) -> RFMScorer:
        """Make a scorer of edges that a person gives; a value at an edge is in the level above.

        Args:
            recency_days: Edges of the days since the last sale, ascending: with `(365, 730)` the
                best level is below 365 days and the worst from 730 on.
            frequency: Edges of the number of purchases, ascending: with `(2, 4)` the best level
                is from 4 on.
            monetary: Edges of monetary value, ascending, shop currency, major units.
            best: `low` makes 1 the best score, `high` the number of levels.

        Raises:
            DefinitionError: Edges are missing, equal, out of order or no finite numbers, or `best`
                is neither of the two.

        Examples:
            >>> scorer = RFMScorer.from_thresholds(
            ...     recency_days=(30, 90), frequency=(2, 5), monetary=(100, 1000)
            ... )
            >>> scorer.levels
            (3, 3, 3)
        """
        given = {"recency_days": recency_days, "frequency": frequency, "monetary": monetary}
        check_best(best)
        recency, often, money = (_threshold_scale(name, edges) for name, edges in given.items())
        return cls(method="thresholds", best=best, recency=recency, frequency=often, monetary=money)

    @classmethod
    def furniture(
        cls,
        *,
        recency_days: tuple[float, float] = (365, 730),
        frequency: tuple[float, float] = (2, 4),
        monetary: tuple[float, float] = (1_000_000, 4_000_000),
    ) -> RFMScorer:
        """Make the scorer of a shop where one buys rarely and dearly, in three levels, 1 the best.

        Level 1 is a purchase less than 365 days ago, 4 purchases or more, and 4,000,000 or more
        in roubles: a furniture shop's own. The edges between levels 2 and 3 are ours: 730 days, 2
        purchases, 1,000,000.

        Args:
            recency_days: The edges between the levels 1 and 2, and 2 and 3.
            frequency: The edges between the levels 3 and 2, and 2 and 1.
            monetary: The edges between the levels 3 and 2, and 2 and 1.

        Raises:
            DefinitionError: Edges are equal, out of order, not two or no finite numbers.

        Examples:
            >>> RFMScorer.furniture().recency.edges
            (Decimal('365'), Decimal('730'))
        """
        for name, edges in (
            ("recency_days", recency_days),
            ("frequency", frequency),
            ("monetary", monetary),
        ):
            if len(members(edges) or ()) != 2:
                raise bad_parameter(name, got=edges, allowed="two edges, which make three levels")
        return cls.from_thresholds(
            recency_days=recency_days, frequency=frequency, monetary=monetary
        )

    @property
    def scales(self) -> tuple[RFMScale, RFMScale, RFMScale]:
        """The three scales: of recency, frequency and monetary value."""
        return self.recency, self.frequency, self.monetary

    @property
    def levels(self) -> tuple[int, int, int]:
        """How many levels recency, frequency and monetary value have."""
        recency, frequency, monetary = self.scales
        return recency.levels, frequency.levels, monetary.levels

    @property
    def customers_by_score(self) -> dict[str, dict[int, int]]:
        """By dimension and score, how many of the customers it was fitted to have it.

        Empty for a scorer that was given and not fitted.
        """
        return {
            name: dict(sorted(self._by_score(name, scale).items()))
            for name, scale in zip(DIMENSIONS, self.scales, strict=True)
            if scale.customers
        }

    @property
    def levels_used(self) -> dict[str, tuple[int, ...]]:
        """By dimension, the scores that at least one customer has whom it was fitted to."""
        return {
            name: tuple(score for score, count in counts.items() if count)
            for name, counts in self.customers_by_score.items()
        }

    def score(self, rfm: Frame) -> Frame:
        """Give each customer their three scores, and the code that they make.

        Args:
            rfm: What `rfm_table` gives, made in the same way as the table that the scorer was
                fitted to; or a table with its columns `recency_days`, `frequency`, `monetary`.
                The scorer cannot tell a table of another window, unit or monetary value.

        Returns:
            All rows and columns of `rfm`, and after them:

            - `recency_score`, `frequency_score`, `monetary_score` (`Int64`): 1 … number of levels;
                null of who has no purchase in the window.
            - `rfm_code` (`String`): the three of them, as `"111"`; parted by `-` where one of the
                dimensions has more than nine levels.

        Raises:
            DefinitionError: It is no Polars table, or a column is absent or does not hold numbers.

        Examples:
            >>> rfm = pl.DataFrame(
            ...     {"recency_days": [10, 800], "frequency": [5, 1], "monetary": [5e6, 1e5]}
            ... )
            >>> RFMScorer.furniture().score(rfm)["rfm_code"].to_list()
            ['111', '333']
        """
        small = with_small_scores(rfm, self)
        return small.with_columns(code_of(self.levels), pl.col(SCORES).cast(pl.Int64))

    def is_falling(self, dimension: str) -> bool:
        """Say whether a dimension's score falls as its values rise."""
        return (dimension == "recency_days") == (self.best == "high")

    def _by_score(self, dimension: str, scale: RFMScale) -> dict[int, int]:
        falls = self.is_falling(dimension)
        return {
            scale.levels - place if falls else place + 1: count
            for place, count in enumerate(scale.customers)
        }


def with_small_scores(rfm: Frame, scorer: RFMScorer, *, ending: str = "") -> Frame:
    """Add the three scores, as small numbers, which group faster.

    Args:
        rfm: A table with the three dimensions.
        scorer: The scorer.
        ending: What the names of the dimensions end in, and those of the scores will.

    Raises:
        DefinitionError: The scorer is none, the table is no Polars table, or a column is absent or
            does not hold numbers.
    """
    check_scorer(scorer)
    check_table("rfm", rfm, step="pass what rfm_table(orders, as_of=…) gives.")
    schema = rfm.collect_schema()
    check_dimensions(schema, ending)
    scores = []
    for name, score, scale in zip(DIMENSIONS, SCORES, scorer.scales, strict=True):
        rises = scale.ascending(pl.col(name + ending), schema[name + ending])
        whole = pl.lit(scale.levels + 1, dtype=pl.Int8)
        value = whole - rises if scorer.is_falling(name) else rises
        has_bought = pl.col("frequency" + ending) > 0
        scores.append(pl.when(has_bought).then(value).alias(score + ending))
    return rfm.with_columns(scores)


def check_dimensions(schema: pl.Schema, ending: str = "") -> None:
    """Raise where a table does not have the three dimensions as numbers.

    Raises:
        DefinitionError: A column is absent or does not hold numbers.
    """
    for name in (one + ending for one in DIMENSIONS):
        if name not in schema or not schema[name].is_numeric():
            raise DefinitionError(
                f"The RFM table has no column {name!r} of numbers; it has: "
                f"{', '.join(schema.names())}. Next step: pass what rfm_table(orders, as_of=…) "
                "gives.",
                parameter="rfm",
            )


def code_of(levels: tuple[int, ...]) -> pl.Expr:
    """Give the code that the three scores make, null where one of them is."""
    if max(levels) > 9:
        return pl.concat_str(SCORES, separator="-").alias(CODE)
    recency, frequency, monetary = (pl.col(name).cast(pl.Int16) for name in SCORES)
    return (recency * 100 + frequency * 10 + monetary).cast(pl.String).alias(CODE)


def check_scorer(scorer: object) -> None:
    """Raise where a scorer is none.

    Raises:
        DefinitionError: It is.
    """
    check_kind(
        "scorer",
        scorer,
        RFMScorer,
        allowed="an RFMScorer",
        step="fit_rfm_scorer(rfm), RFMScorer.from_thresholds(…) or RFMScorer.from_json(text).",
    )


def check_table(name: str, table: object, *, step: str) -> None:
    """Raise where a table is no Polars table.

    Raises:
        DefinitionError: It is.
    """
    kinds = (pl.LazyFrame, pl.DataFrame)
    check_kind(name, table, kinds, allowed="a lazy or an eager Polars table", step=step)


def check_kind(
    name: str, value: object, kinds: type | tuple[type, ...], *, allowed: str, step: str
) -> None:
    """Raise where a value is of another kind, whose name is said and not what it holds.

    Raises:
        DefinitionError: It is.
    """
    if not isinstance(value, kinds):
        kind = type(value)
        got = (
            kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        )
        raise DefinitionError(
            f"Parameter {name!r} is of type {got}. Allowed: {allowed}. Next step: {step}",
            parameter=name,
        )


def check_best(best: str) -> None:
    """Raise where a direction is neither of the two.

    Raises:
        DefinitionError: It is.
    """
    if best not in ("low", "high"):
        raise bad_parameter("best", got=best, allowed="'low', where 1 is the best score, or 'high'")


def _threshold_scale(name: str, edges: Sequence[float | Decimal]) -> RFMScale:
    given = members(edges)
    if given is None:
        raise bad_parameter(
            name, got=edges, allowed="a list of edges, ascending", step="(30, 90), or (30,)."
        )
    found = []
    for edge in given:
        if not is_finite_number(edge):
            raise bad_parameter(name, got=edge, allowed="finite numbers, ascending")
        found.append(exact(edge))
    if not found or any(low >= high for low, high in pairwise(found)):
        raise bad_parameter(
            name,
            got=given,
            allowed="one edge or more, each above the one before",
            step="give the edges from the lowest to the highest.",
        )
    return RFMScale(edges=tuple(found), edge_is_in="upper")
