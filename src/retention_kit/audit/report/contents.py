"""The sections of the report, in order: what each shows, as words, pictures and tables."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.audit.report.cards import Card, figure_cards
from retention_kit.audit.report.gallery import pictures_of
from retention_kit.audit.report.health import data_health
from retention_kit.audit.report.layout import BEHIND, COLUMNS, LIMITS, SHOWN
from retention_kit.audit.report.numbers import Language
from retention_kit.audit.report.pictures import Picture, span
from retention_kit.audit.report.rendering import section_html
from retention_kit.audit.report.segments import segments_told
from retention_kit.audit.report.tables import ROWS_SHOWN, ShownTable, shown
from retention_kit.audit.report.words import Words

if TYPE_CHECKING:
    from retention_kit.audit.model import Findings, PluggedSection

FIRST_STEPS = 3
"""How many steps stand at the top of the report."""
_AFTER_PLUGINS = ("actions", "definitions")
_CALLED = ("churned_customers", "worth_a_call")
_MASK = "***"
_YEAR = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of advice, in words.

    Attributes:
        title: What to do.
        sentence: Why, in figures.
        how: How.
        stake: The money at stake, or empty where it is unknown.
    """

    title: str
    sentence: str
    how: str
    stake: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report in one language; a notebook shows it by itself.

    Attributes:
        name: Its name, the same in every language.
        title: Its title.
        intro: What it is about, in a sentence or two.
        pictures: Its pictures.
        tables: Its tables.
        behind: Tables of the figures behind the pictures.
        cards: Key figures.
        steps: Pieces of advice.
        notes: What asks for a look.
        missing: What to give to see it, where there is nothing to show.
        paragraphs: What a plugin says of it.
    """

    name: str
    title: str
    intro: str
    words: Words
    pictures: tuple[Picture, ...] = ()
    tables: tuple[ShownTable, ...] = ()
    behind: tuple[ShownTable, ...] = ()
    cards: tuple[Card, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    missing: str = ""
    paragraphs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.pictures or self.tables or self.cards or self.steps or self.paragraphs)

    def _repr_html_(self) -> str:
        return section_html(self, self.words)


def report_sections(audit: Findings, *, language: Language = "en") -> dict[str, Section]:
    """Give the sections of the report by name, in order.

    Args:
        audit: The audit.
        language: `en` or `ru`.

    Returns:
        All sections; one for which there is no table says in `missing` what to give.

    Raises:
        DefinitionError: There is no such language.
    """
    words = Words.of(language, audit.currency, confidence=audit.confidence)
    made = {name: _section(name, audit, words) for name in SHOWN}
    first = Section(
        "first_steps",
        *_titles("first_steps", audit, words),
        words,
        steps=made["actions"].steps[:FIRST_STEPS],
    )
    plugged = {one.name: _plugged(one, audit, words) for one in audit.plugged}
    last = {name: made.pop(name) for name in _AFTER_PLUGINS}
    return {"first_steps": first, **made, **plugged, **last}


def _plugged(section: PluggedSection, audit: Findings, words: Words) -> Section:
    title, paragraphs = section.text[words.language]
    tables = tuple(
        replace(shown(name, audit.tables[name], words), title=told)
        for name, told in section.tables.items()
    )
    return Section(
        section.name,
        title,
        "".join(paragraphs[:1]),
        words,
        tables=tables,
        paragraphs=paragraphs[1:],
    )


def _section(name: str, audit: Findings, words: Words) -> Section:
    drawn = pictures_of(name, audit.tables, words)
    tables = tuple(_shown(table, audit, words) for table in SHOWN[name] if table in _there(audit))
    behind = tuple(_shown(table, audit, words) for table in BEHIND.get(name, ()) if drawn)
    behind = tuple(table for table in behind if table.frame.height)
    more: dict[str, Any] = {}
    if name == "key_figures":
        more["cards"] = figure_cards(audit, words)
    if name == "definitions":
        more["cards"] = figure_cards(audit, words, once=True)
    if name == "actions":
        actions = audit.tables["actions"]
        more["steps"] = steps(actions, words, within=audit.active_within) if tables else ()
        tables = ()
    if name == "data_health":
        tables = data_health(audit, words)
        more["notes"] = _notes(audit, words)
    section = Section(name, *_titles(name, audit, words), words, drawn, tables, behind, **more)
    if section:
        return section
    return Section(
        name,
        *_titles(name, audit, words),
        words,
        missing=_stopped(words.get("sections", name, "missing", default=""), audit, words),
    )


def _titles(name: str, audit: Findings, words: Words) -> tuple[str, str]:
    intro = words.get("sections", name, "intro")
    intro = _stopped(intro, audit, words)
    if name == "lifecycle":
        days = audit.gap_days
        gap = f" ({words.counted('day_words', round(days))})" if days is not None else ""
        intro = intro.replace("{gap}", gap)
    if name == "rfm":
        intro = intro.replace("{best}", _best_score(audit))
    return words.get("sections", name, "title"), intro


def _best_score(audit: Findings) -> str:
    """Give the best score: 1, or the number of levels."""
    levels = audit.tables.get("rfm_levels", pl.DataFrame())
    is_high = bool(levels.height) and levels["is_high_best"][0]
    return str(levels["score"].max() if is_high else 1)


def _stopped(text: str, audit: Findings, words: Words) -> str:
    return text.replace("{stopped}", words.stopped(audit.active_within))


def _there(audit: Findings) -> set[str]:
    return {name for name, frame in audit.tables.items() if frame.height}


def _shown(name: str, audit: Findings, words: Words) -> ShownTable:
    frame = audit.tables.get(name, pl.DataFrame())
    if name == "delivery" and frame.height:
        frame = frame.with_columns(
            pl.Series(
                "delivery_days",
                [
                    span(words, *row)
                    for row in frame.select("delivery_days_from", "delivery_days_to").rows()
                ],
                dtype=pl.String,
            )
        )
    if name == "what_if":
        frame = _changes_told(frame, words)
    if name == "seasonality":
        frame = frame.sort("unit", "slot")
    if name == "rfm_segments":
        frame = _played(frame, words)
    if name == "ready_segments" and frame.height:
        frame = segments_told(frame.filter(pl.col("customers") > 0), words)
    if "is_rest" in frame.columns:
        frame = _rest_named(frame, words)
    note = words.get("page", "contacts") if name in _CALLED and _is_masked(frame) else ""
    limit = LIMITS.get(name, ROWS_SHOWN)
    return shown(name, frame, words, COLUMNS.get(name, ()), limit=limit, note=note)


def _is_masked(frame: pl.DataFrame) -> bool:
    kept = frame.select(pl.col(pl.String).str.contains(_MASK, literal=True).any())
    return any(kept.row(0)) if kept.width else False


def _changes_told(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Write points as points, and what grows by a share as a share."""
    points = words.get("page", "points")
    told = [
        points.format(n=words.numbers.number(100 * change))
        if "points" in scenario
        else words.numbers.tidy_share(change)
        for scenario, change in frame.select("scenario", "change").rows()
    ]
    return frame.with_columns(pl.Series("change", told, dtype=pl.String))


def _played(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Say what to do with the segments that the library names in the reader's language."""
    told = [
        words.get("plays", segment, default=play or "")
        for segment, play in frame.select("segment", "play").rows()
    ]
    return frame.with_columns(pl.Series("play", told, dtype=pl.String))


def _rest_named(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Say of the last row of a shortened table that it is all others together."""
    key = frame.columns[0]
    rest = words.get("page", "rest")
    told = pl.Series(
        [f"{rest} ({words.numbers.count(members)})" for members in frame["members"]],
        dtype=pl.String,
    )
    return frame.with_columns(
        pl.when("is_rest").then(told).otherwise(pl.col(key).cast(pl.String)).alias(key)
    )


def steps(actions: pl.DataFrame, words: Words, *, within: str) -> tuple[Step, ...]:
    """Put the table of actions into words, in order of rank.

    Args:
        actions: The table.
        words: The language.
        within: The window of those who stopped, such as `3mo`.
    """
    told = []
    for row in actions.sort("rank").to_dicts():
        details = json.loads(row["parameters"] or "{}")
        values = {"months": _YEAR, "stopped": words.stopped(within), **row, **details}
        if "channel" in details:
            values["channel"] = words.named("channel", details["channel"])
        stake = row["money_at_stake"]
        told.append(
            Step(
                words.say(words.get("rules", row["rule"], "title", default=row["rule"]), values),
                words.say(words.get("rules", row["rule"], "sentence", default=""), values),
                words.get("rules", row["rule"], "how", default=""),
                words.numbers.short_money(stake) if stake else "",
            )
        )
    return tuple(told)


def _notes(audit: Findings, words: Words) -> tuple[str, ...]:
    return tuple(words.say(words.get("warnings", note.code), note.values) for note in audit.notes)
