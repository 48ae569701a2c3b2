"""What an audit's customers will bring: the models, and whether they hold."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.audit.called import called, drifting
from retention_kit.audit.divided import Division
from retention_kit.audit.seen import Seen
from retention_kit.audit.shared.people import THEN, summary_of
from retention_kit.contracts.dataset import Dataset
from retention_kit.errors import DataError, DataWarning
from retention_kit.hashing import stable_hash_expression
from retention_kit.metrics.base.periods import last_day
from retention_kit.rfm.rules import SEGMENT

if TYPE_CHECKING:
    from retention_kit.clv.bundle import ValueModel

HORIZON = "52w"
"""The time to come that predictions are of."""
DISCOUNT_RATE = 0.1
"""By how much less a purchase is worth that comes a year later."""
TRUSTED = ("converged", "boundary")
LEAST_REPEATS = 30
"""Of how many customers who came back a model is believed at least."""
FITTED_TO = 200_000
"""To about how many customers the models are fitted at most: of more, to every so manieth."""
_FREQUENCIES = 8
_EXACT = pl.Decimal(38, 9)
"""What expectations are summed in, since a sum of floats hangs on the order of rows."""


def value_tables(
    known: pl.LazyFrame, days: pl.DataFrame, division: Division, dataset: Dataset, seen: Seen
) -> dict[str, pl.DataFrame]:
    """Make the tables of predicted value; none of them where nobody has bought on two days.

    Args:
        known: What `people` gives of all parts.
        days: `tracking_totals`.
        division: How customers are divided by scores.
        dataset: The shop's tables.
        seen: What the audit looks at.
    """
    people = division.with_segment(known)
    patterns = _patterns(known)
    part = _part(known, int(patterns["customers"].sum()))
    model = _fitted(part)
    if model is None:
        return {"worth_a_call": drifting(people, division, dataset)}
    repeats = patterns.filter(pl.col("frequency") > 0)["customers"].sum()
    few = repeats < LEAST_REPEATS
    judged = {**_told(model, few=few), **_plots(part, days, patterns, model, seen)}
    if few or model.spend is None or model.status not in TRUSTED:
        # What is not to be trusted is not shown; the plots that judge it are.
        return {**judged, "worth_a_call": drifting(people, division, dataset)}
    valued = (
        summary_of(people, keep=(SEGMENT, "orders", "net_revenue", "recency_days"))
        .pipe(
            model.predict,
            horizon=HORIZON,
            discount_rate=DISCOUNT_RATE,
            last_day=last_day(seen.as_of),
        )
        .rename({"lifetime_value": "predicted_value"})
        .collect(engine="streaming")
        .lazy()
    )
    return {
        **judged,
        "predicted_segments": _by_segment(valued, division),
        "alive_matrix": _alive(model, seen),
        "worth_a_call": called(valued, dataset),
    }


def _patterns(known: pl.LazyFrame, which: str = "") -> pl.DataFrame:
    """Count customers by their history: what a model of purchases sees, and far fewer rows."""
    history = ("frequency", "t_x_days", "T_days")
    customers = pl.len().cast(pl.Int64).alias("customers")
    return summary_of(known, which).group_by(history).agg(customers).collect(engine="streaming")


def _part(known: pl.LazyFrame, customers: int) -> pl.LazyFrame:
    """Give those whom models are fitted to, the same whatever the order of rows."""
    every = -(-customers // FITTED_TO)
    place = stable_hash_expression(pl.col("customer_id"), salt="retention_kit.models")
    return known if every <= 1 else known.filter(place % every == 0)


def _fitted(part: pl.LazyFrame) -> ValueModel | None:
    """Fit the models; None where nobody has bought on two days, no spend where it cannot be."""
    from retention_kit.clv.bundle import ValueModel
    from retention_kit.clv.fits import fit_mbg_nbd
    from retention_kit.clv.fits_of_spend import fit_gamma_gamma

    try:
        purchases = fit_mbg_nbd(_patterns(part), time_unit="1w")
    except DataError:
        return None
    spend = None
    with warnings.catch_warnings(), contextlib.suppress(DataError):
        # What is said of a fit is in the table of models.
        warnings.simplefilter("ignore", DataWarning)
        spend = fit_gamma_gamma(summary_of(part).collect(engine="streaming"))
    return ValueModel(transactions=purchases, alive=purchases, spend=spend)


def _told(model: ValueModel, *, few: bool) -> dict[str, pl.DataFrame]:
    """Say of each part of the model what it is, and how its fit went."""
    from retention_kit.clv.fits_of_spend import is_notable

    parts = {"transactions": model.transactions, "spend": model.spend}
    fits: list[tuple[Any, ...]] = []
    parameters: list[tuple[Any, ...]] = []
    for part, one in parts.items():
        fit = None if one is None else one.fitted
        if one is None or fit is None:
            fits.append((part, "gamma_gamma", "not_converged", "no_spend", *[None] * 4))
            continue
        name = one.FORMAT.rpartition(".")[2]
        status, reason = fit.status, str(fit.reason)
        if few and status in TRUSTED:
            status, reason = "degenerate", "too_few"
        elif status == "converged" and is_notable(fit.correlation, fit.customers):
            status, reason = "boundary", "correlated"
        numbers = (fit.customers, fit.log_likelihood, fit.share_left, fit.correlation)
        fits.append((part, name, status, reason, *numbers))
        parameters += [
            (part, name, parameter, value, fit.standard_errors.get(parameter))
            for parameter, value in one.parameters.items()
        ]
    return {
        "value_models": pl.DataFrame(
            fits,
            schema={
                "part": pl.String,
                "model": pl.String,
                "status": pl.String,
                "verdict_of_fit": pl.String,
                "customers": pl.Int64,
                "log_likelihood": pl.Float64,
                "share_left": pl.Float64,
                "correlation": pl.Float64,
            },
            orient="row",
        ),
        "value_parameters": pl.DataFrame(
            parameters,
            schema={
                "part": pl.String,
                "model": pl.String,
                "parameter": pl.String,
                "value": pl.Float64,
                "standard_error": pl.Float64,
            },
            orient="row",
        ),
    }


def _by_segment(valued: pl.LazyFrame, division: Division) -> pl.DataFrame:
    """Sum up what each segment is expected to bring, in the segments' order."""
    sums = {
        "expected_alive": "probability_alive",
        "expected_purchases": "expected_purchases",
        "predicted_value": "predicted_value",
    }
    found = (
        valued.group_by(SEGMENT)
        .agg(
            pl.len().cast(pl.Int64).alias("customers"),
            *(pl.col(column).cast(_EXACT).sum().alias(name) for name, column in sums.items()),
        )
        .with_columns(pl.col(list(sums)).cast(pl.Float64))
        .with_columns(
            (pl.col("predicted_value") / pl.col("customers")).alias("predicted_value_per_customer")
        )
        .collect(engine="streaming")
    )
    order = pl.DataFrame({SEGMENT: division.segments.names}, schema={SEGMENT: pl.String})
    return order.join(found, on=SEGMENT, how="inner", maintain_order="left")


def _plots(
    part: pl.LazyFrame,
    days: pl.DataFrame,
    patterns: pl.DataFrame,
    model: ValueModel,
    seen: Seen,
) -> dict[str, pl.DataFrame]:
    """Make the tables behind the plots by which the models are judged."""
    from retention_kit.clv.fits import fit_mbg_nbd
    from retention_kit.clv.plots import repeat_frequency
    from retention_kit.clv.tracking import cumulative_tracking

    made = {"repeat_frequency": repeat_frequency(patterns, model=model)}
    try:
        earlier = fit_mbg_nbd(_patterns(part, THEN), time_unit="1w")
    except DataError:
        return made
    tracked = cumulative_tracking(
        days, model=earlier, as_of=seen.as_of, time_zone=seen.time_zone, every="1w"
    )
    # A week that the fit ends in is partly known to it.
    is_holdout = pl.col("period") >= pl.lit(seen.since.date())
    made["purchase_tracking"] = tracked.with_columns(is_holdout.alias("is_holdout"))
    return made


def _alive(model: ValueModel, seen: Seen) -> pl.DataFrame:
    """Give the probability of being alive by repeat purchases and days of silence.

    Of customers who came first a year ago, or when the data begin; who never came back has been
    silent since the first purchase.
    """
    from retention_kit.clv.columns import probability_alive

    weeks = min(52, max(8, (seen.as_of.date() - seen.data_from.date()).days // 28 * 4))
    silences = pl.DataFrame({"days_since_last": [28.0 * n for n in range(weeks // 4 + 1)]})
    counts = pl.DataFrame({"frequency": range(_FREQUENCIES + 1)}, schema={"frequency": pl.Int64})
    silent, came_once = pl.col("days_since_last"), pl.col("frequency") == 0
    age = pl.lit(7.0 * weeks)
    return (
        counts.join(silences, how="cross")
        .filter(came_once | (silent < age))
        .with_columns(
            pl.when(came_once).then(0.0).otherwise(age - silent).alias("t_x_days"),
            pl.when(came_once).then(silent).otherwise(age).alias("T_days"),
        )
        .select("frequency", silent, probability_alive(model.alive).alias("probability_alive"))
    )
