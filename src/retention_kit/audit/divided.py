"""How an audit's customers divide: by RFM scores, now and before, and by clusters."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import polars as pl

from retention_kit.audit.shared.people import THEN, values_of
from retention_kit.contracts.schemas import SUM
from retention_kit.errors import DataWarning
from retention_kit.rfm.fits import fit_rfm_scorer
from retention_kit.rfm.looks import BEFORE, DIMENSIONS
from retention_kit.rfm.migration import segment_migration
from retention_kit.rfm.rules import SEGMENT, RFMSegments
from retention_kit.rfm.scorers import SCORES, RFMScorer, with_small_scores
from retention_kit.rfm.scores import SUMS, score_map
from retention_kit.rfm.totals import segment_summary

_WAS = SEGMENT + BEFORE
_LEAST, _MOST = "__least_", "__most_"
_OF_MIGRATION = (
    "customers",
    "orders_since",
    "revenue_since",
    "net_revenue_since",
    "net_revenue",
)


@dataclass(frozen=True, slots=True)
class Division:
    """How customers are divided by scores.

    Attributes:
        scorer: What gives the scores.
        segments: What makes segments of them.
    """

    scorer: RFMScorer
    segments: RFMSegments

    def with_segment(self, known: pl.LazyFrame) -> pl.LazyFrame:
        """Add each customer's scores and segment of now to what is known of people."""
        scored = with_small_scores(values_of(known), self.scorer)
        return scored.with_columns(self.segments.segment_of().alias(SEGMENT))


def division_of(
    known: pl.LazyFrame, scorer: RFMScorer | None, segments: RFMSegments | None
) -> Division:
    """Take the scores and segments that are asked for, or else three levels by quantiles.

    Args:
        known: What `people` gives of all parts.
        scorer: The scorer asked for.
        segments: The segments asked for.

    Raises:
        DefinitionError: The scorer does not fit the segments.
    """
    wanted = RFMSegments.three_levels() if segments is None else segments
    if scorer is None:
        values = values_of(known).select(DIMENSIONS)
        most = max(levels for levels in wanted.levels if levels)
        levels = tuple(levels or most for levels in wanted.levels)
        with warnings.catch_warnings():
            # Which levels are empty is in the table of levels.
            warnings.simplefilter("ignore", DataWarning)
            scorer = fit_rfm_scorer(values, levels=levels, best=wanted.best)
    wanted.check(scorer)
    return Division(scorer, wanted)


def rfm_tables(known: pl.LazyFrame, division: Division) -> dict[str, pl.DataFrame]:
    """Make the tables of scores and segments.

    Args:
        known: What `people` gives of all parts.
        division: How they are divided.
    """
    scorer, segments = division.scorer, division.segments
    scored = with_small_scores(values_of(known), scorer)
    cells = (
        scored.group_by(SCORES)
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            (pl.col("orders") > 1).sum().cast(pl.Int64).alias("repeat_customers"),
            pl.col("orders").cast(pl.Int64).sum(),
            pl.col("revenue", "net_revenue").sum().cast(SUM),
            pl.col("recency_days", "frequency").sum(),
            pl.col(DIMENSIONS).min().cast(pl.Float64).name.prefix(_LEAST),
            pl.col(DIMENSIONS).max().cast(pl.Float64).name.prefix(_MOST),
        )
        .collect(engine="streaming")
    )
    by_segment = cells.group_by(segments.segment_of().alias(SEGMENT)).agg(pl.col(SUMS).sum())
    ends = [
        cells.group_by(pl.col(score).cast(pl.Int64).alias("score")).agg(
            pl.col("customers").sum(),
            pl.col(_LEAST + name).min().alias("from_value"),
            pl.col(_MOST + name).max().alias("to_value"),
        )
        for name, score in zip(DIMENSIONS, SCORES, strict=True)
    ]
    totals = cells.select(pl.col(SCORES).cast(pl.Int64), *SUMS)
    return {
        "rfm_map": score_map(totals, scorer=scorer),
        "rfm_segments": segment_summary(by_segment, segments=segments),
        "rfm_levels": _levels(scorer, ends),
        "rfm_migration": _migration(scored, division),
    }


def cluster_tables(known: pl.LazyFrame) -> dict[str, pl.DataFrame]:
    """Make the table of three clusters; none where fewer customers differ."""
    from retention_kit.kmeans.of_customers import fit_customer_clusters
    from retention_kit.kmeans.problems import FeaturesError

    # Without ids, by which they would only be sorted.
    features = values_of(known).select(pl.col(DIMENSIONS).cast(pl.Float64))
    try:
        clusters = fit_customer_clusters(features)
    except FeaturesError:
        return {}
    kinds = [f"{kind}_{name}" for kind in ("mean", "median") for name in DIMENSIONS]
    return {
        "clusters": clusters.profile().select(
            "cluster",
            pl.col("name").alias("cluster_name"),
            "customers",
            pl.col("share").alias("share_of_customers"),
            (pl.col("mean_monetary") * pl.col("customers")).alias("net_revenue"),
            pl.col("share_of_monetary").alias("share_of_net_revenue"),
            *kinds,
        )
    }


def _migration(scored: pl.LazyFrame, division: Division) -> pl.DataFrame:
    """Count customers by their segments at the two instants; the same edges score both."""
    renamed = {name + THEN: name + BEFORE for name in DIMENSIONS}
    both = with_small_scores(
        values_of(scored, THEN).rename(renamed), division.scorer, ending=BEFORE
    )
    segments = division.segments
    was = pl.when(pl.col("frequency" + BEFORE).is_not_null()).then(segments.segment_of(BEFORE))
    since = {
        f"{name}_since": pl.col(name) - pl.col(name + THEN).fill_null(0)
        for name in ("orders", "revenue", "net_revenue")
    }
    totals = (
        both.group_by(was.alias(_WAS), segments.segment_of().alias(SEGMENT))
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            since["orders_since"].cast(pl.Int64).sum().alias("orders_since"),
            *(since[name].sum().cast(SUM).alias(name) for name in _OF_MIGRATION[2:4]),
            pl.col("net_revenue").sum().cast(SUM),
        )
        .collect(engine="streaming")
    )
    return segment_migration(totals, segments=segments)


def _levels(scorer: RFMScorer, ends: list[pl.DataFrame]) -> pl.DataFrame:
    """Say of each level of each dimension who is in it, and the least and the most they have."""
    told = []
    for name, scale, found in zip(DIMENSIONS, scorer.scales, ends, strict=True):
        every = pl.DataFrame({"score": range(1, scale.levels + 1)}, schema={"score": pl.Int64})
        told.append(
            every.join(found, on="score", how="left", maintain_order="left").select(
                pl.lit(name).alias("dimension"),
                "score",
                "from_value",
                "to_value",
                pl.col("customers").fill_null(0),
                pl.lit(scorer.best == "high").alias("is_high_best"),
            )
        )
    return pl.concat(told)
