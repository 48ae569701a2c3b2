"""From a dataset to an audit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit._logging import get_logger
from retention_kit.audit.actions import actions
from retention_kit.audit.around import funnel_table, goods_tables, people_tables
from retention_kit.audit.bounds import Bounds, bounds_of
from retention_kit.audit.divided import cluster_tables, division_of, rfm_tables
from retention_kit.audit.figures import AGAIN_DAYS, key_figures
from retention_kit.audit.foreseen import value_tables
from retention_kit.audit.masking import mask_table
from retention_kit.audit.money import cost_tables, economics, lifetime_table, what_if_table
from retention_kit.audit.notes import notes_of, sentence
from retention_kit.audit.outputs import Audit
from retention_kit.audit.parts import parts_of
from retention_kit.audit.plugged import plugged_sections
from retention_kit.audit.questions import KINDS, PEOPLE, STAGES, STANDINGS, first_questions
from retention_kit.audit.records import figure_table, rejected, views
from retention_kit.audit.seen import Seen
from retention_kit.audit.segmented import kinds_asked, segment_tables
from retention_kit.audit.shared.states import lifecycles
from retention_kit.audit.tables import (
    customer_tables,
    lifecycle_tables,
    order_tables,
    stopped_tables,
)
from retention_kit.audit.trends import trends
from retention_kit.contracts.dataset import Dataset
from retention_kit.contracts.law import report
from retention_kit.errors import DefinitionError
from retention_kit.metrics.base.observed import in_zone
from retention_kit.metrics.lifecycle.gap_figures import gap_summary
from retention_kit.metrics.orders.bootstrap import bootstrap_intervals
from retention_kit.metrics.orders.totals import (
    average_order_value,
    order_totals,
    purchase_frequency,
)
from retention_kit.metrics.retention.repeat_purchases import repeat_purchase_rate
from retention_kit.rfm.rules import RFMSegments
from retention_kit.rfm.scorers import RFMScorer

if TYPE_CHECKING:
    from retention_kit.plugins.types import SectionSpec

logger = get_logger(__name__)

COMPARED_WITH = "3mo"
"""How long before the instant of observation the states lie that today's are compared with."""
Tables = dict[str, pl.DataFrame]


@report
def audit(
    dataset: Dataset,
    *,
    as_of: dt.datetime,
    active_within: str | None = None,
    gap_days: float | None = None,
    confidence: float = 0.95,
    scorer: RFMScorer | None = None,
    segments: RFMSegments | None = None,
    show_contacts: bool = False,
    sections: Iterable[SectionSpec] = (),
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Measure a shop's repeat sales at one instant.

    Args:
        dataset: The shop's tables. What needs costs, lines, events, managers or delivery dates is
            there where these were given.
        as_of: Observation instant, exclusive, with a time zone. Orders at or after it do not
            exist; it is never guessed.
        active_within: For how long before an instant a purchase makes a customer of that instant,
            as in `"3mo"`; at least a month. None takes the calendar month for retention, and
            three months for the list of those who stopped.
        gap_days: The usual gap between purchases, in days, by which the lifecycle is told. None
            takes the median of customers' own median gaps.
        confidence: How sure intervals are, above 0 and below 1.
        scorer: What scores customers by recency, frequency and net revenue over all time; None fits
            one to these customers by quantiles, in the levels and the direction of the segments.
        segments: What makes segments of the scores; None takes those of three levels, 1 the best.
        show_contacts: Whether e-mail addresses and telephone numbers are shown whole, in the list
            of those who stopped, among rejected rows, and wherever else they stand.
        sections: Sections of the report that plugins bring. One that fails is left out, and a note
            says so; so is one that needs a table that was not given, without a note.
        progress: Called with the name of each stage as it begins.

    Returns:
        Key figures with their denominators and intervals, and tables by name: data health,
        retention, cohorts, gaps, lifecycle, RFM segments and moves between them, clusters,
        predicted value with the status of its models, ready segments, seasonality, concentration,
        those worth a call, those who stopped, what to do next, and more.

    Raises:
        DefinitionError: `as_of` has no time zone, or lies before the first order; or an option
            is not allowed.
        PluginError: A section is not what a section must be.
        DataError: No order was accepted.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> shop = make_dataset(customers=200, seed=1, tables=("orders",))
        >>> last = shop.orders.select(pl.col("ordered_at").max()).collect().item()
        >>> result = audit(shop, as_of=last)
        >>> result.figure("customers").value <= 200
        True
    """
    if not isinstance(dataset, Dataset):
        raise DefinitionError(
            f"audit got a {type(dataset).__name__}. Allowed: a Dataset. Next step: "
            "Dataset.from_frames(orders=…), and audit that.",
            parameter="dataset",
        )
    as_of = in_zone(as_of, dataset.time_zone)
    tell = progress or (lambda _: None)
    bounds = bounds_of(dataset, as_of)
    seen = Seen(
        as_of=as_of,
        data_from=bounds.first,
        since=_before(as_of),
        time_zone=dataset.time_zone,
        active_within=active_within,
        stopped_within=active_within or COMPARED_WITH,
        confidence=confidence,
    )
    answers, divided, gap = _ask(dataset, seen, bounds, gap_days, (scorer, segments), tell)
    tell(STAGES[8])
    divided |= segment_tables(dataset, seen, answers.pop(KINDS, None))
    tell(STAGES[9])
    tables = _tables(dataset, answers, seen) | divided
    tell(STAGES[10])
    guests = _row(order_totals(dataset.guest_orders, as_of=as_of).collect(engine="streaming"))
    tell(STAGES[11])
    totals = _row(answers["totals"])
    tables["views"] = views(dataset, as_of, totals, guests)
    tables["data_health"] = dataset.health.to_frame()
    tables |= rejected(dataset)
    if not show_contacts:
        tables = {name: mask_table(table) for name, table in tables.items()}
    own, plugged, failed = plugged_sections(
        dataset, sections, as_of=as_of, show_contacts=show_contacts
    )
    tables["actions"] = actions(tables)
    tables["trends"] = trends(tables)
    facts = _facts(answers, tables, guests)
    figures = key_figures(facts, _intervals(answers, confidence))
    tables["key_figures"] = figure_table(figures)
    notes = (*notes_of(dataset, bounds, totals), *failed)
    logger.info("audit as of %s: %d key figures", as_of.isoformat(), len(figures))
    return Audit(
        as_of=as_of,
        data_from=bounds.first,
        data_to=bounds.last,
        time_zone=dataset.time_zone,
        currency=dataset.currency,
        active_within=seen.stopped_within,
        gap_days=gap,
        confidence=confidence,
        health=dataset.health,
        key_figures=figures,
        tables=tables | own,
        plugged=plugged,
        notes=notes,
        warnings=(*dataset.health.warnings, *(sentence(note) for note in notes if note.is_new)),
    )


def _ask(
    dataset: Dataset,
    seen: Seen,
    bounds: Bounds,
    gap_days: float | None,
    asked: tuple[RFMScorer | None, RFMSegments | None],
    tell: Callable[[str], None],
) -> tuple[Tables, Tables, float | None]:
    """Ask the orders of all parts, divide the customers, and say what the usual gap is."""
    first = first_questions(
        as_of=seen.as_of,
        since=seen.since,
        active_within=seen.active_within,
        stopped_within=seen.stopped_within,
        orders=bounds.orders,
        given=bounds.given,
        with_costs="costs" in dataset.given,
    )
    kinds = kinds_asked(dataset, seen)
    if kinds is not None:
        first[KINDS] = kinds
    with parts_of(dataset, as_of=seen.as_of, orders=bounds.orders, given=bounds.given) as parts:
        answers = parts.run(first, tell)
        answers["gap_summary"] = gap_summary(answers["gaps"])
        gap = gap_days
        if gap is None:
            gap = _row(answers["gap_summary"])["median_of_customer_medians_days"]
        tell(STAGES[5])
        if gap:
            known = parts.kept(STANDINGS)
            answers |= lifecycles(known, as_of=seen.as_of, since=seen.since, gap_days=gap)
        divided = _divided(parts.kept(PEOPLE), answers["days"], dataset, seen, asked, tell)
    return answers, divided, gap or None


def _divided(
    people: pl.LazyFrame,
    days: pl.DataFrame,
    dataset: Dataset,
    seen: Seen,
    asked: tuple[RFMScorer | None, RFMSegments | None],
    tell: Callable[[str], None],
) -> Tables:
    """Make the tables of scores, clusters and predicted value; none where nobody bought."""
    if people.select(pl.len()).collect().item() == 0:
        return {}
    tell(STAGES[6])
    division = division_of(people, *asked)
    tables = {**rfm_tables(people, division), **cluster_tables(people)}
    tell(STAGES[7])
    return tables | value_tables(people, days, division, dataset, seen)


def _tables(dataset: Dataset, answers: Tables, seen: Seen) -> Tables:
    tables = {
        **order_tables(answers, seen),
        **customer_tables(answers, seen),
        **stopped_tables(answers, dataset, seen),
        **people_tables(answers, seen),
    }
    if "lifecycle" in answers:
        tables |= lifecycle_tables(answers)
    if "costs" in dataset.given:
        costs = dataset.costs.collect(engine="streaming")
        tables |= cost_tables(answers, costs, seen)
    tables["lifetime_values"] = lifetime_table(answers, tables)
    tables["what_if"] = what_if_table(tables["retention"])
    if "order_items" in dataset.given:
        tables |= goods_tables(dataset, seen)
    if "events" in dataset.given:
        tables["funnel"] = funnel_table(dataset, seen)
    return tables


def _facts(answers: Tables, tables: Tables, guests: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Gather the single rows that key figures are made of."""
    facts = {
        "totals": _row(answers["totals"]),
        "guests": guests,
        "averages": _row(average_order_value(answers["totals"])),
        "frequency": _row(purchase_frequency(answers["totals"])),
        "repeats": _row(repeat_purchase_rate(answers["repeats"])),
        "gaps": _row(tables["gap_summary"]),
        "values": _row(answers["values"]),
    }
    rows = {
        "buyers": tables["buyers"].filter(pl.col("buyer_type") == "repeat"),
        "retention": tables["retention"].filter("is_complete").sort("period").tail(1),
        "again": tables["next_purchase"].filter(pl.col("days") <= AGAIN_DAYS).tail(1),
    }
    facts |= {name: _row(row) for name, row in rows.items() if row.height}
    if "payback" in tables:
        facts["economics"] = economics(tables)
    return facts


def _intervals(answers: Tables, confidence: float) -> dict[str, tuple[float | None, float | None]]:
    """Give the intervals of key figures: of shares by Wilson, of means by resampling customers."""
    share = _row(repeat_purchase_rate(answers["repeats"], confidence=confidence))
    found = {
        "repeat_purchase_rate": (
            share["repeat_purchase_rate_low"],
            share["repeat_purchase_rate_high"],
        )
    }
    if "replicates" in answers:
        rows = bootstrap_intervals(answers["replicates"], confidence=confidence).to_dicts()
        found |= {row["name"]: (row["low"], row["high"]) for row in rows}
    return found


def _before(as_of: dt.datetime) -> dt.datetime:
    """Give the instant that today is compared with, by the calendar of the shop's zone."""
    there = pl.lit(as_of.replace(tzinfo=None)).dt.offset_by(f"-{COMPARED_WITH}")
    earlier: dt.datetime = pl.select(there).item()
    return earlier.replace(tzinfo=as_of.tzinfo)


def _row(frame: pl.DataFrame) -> dict[str, Any]:
    return frame.row(0, named=True)
