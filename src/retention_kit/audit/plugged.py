"""Sections of the report that plugins bring: each asked alone, and what fails becomes a note."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from retention_kit._logging import get_logger
from retention_kit.audit.masking import mask_table
from retention_kit.audit.model import Note, PluggedSection
from retention_kit.contracts.dataset import Dataset
from retention_kit.errors import PluginError, bad_parameter

if TYPE_CHECKING:
    from retention_kit.plugins.types import SectionSpec

logger = get_logger(__name__)
LANGUAGES: Final = ("en", "ru")
Tables = dict[str, pl.DataFrame]


def plugged_sections(
    dataset: Dataset, sections: Iterable[SectionSpec], *, as_of: dt.datetime, show_contacts: bool
) -> tuple[Tables, tuple[PluggedSection, ...], tuple[Note, ...]]:
    """Ask for the sections that plugins bring.

    Args:
        dataset: The shop's tables.
        sections: What the plugins say of them.
        as_of: Observation instant.
        show_contacts: Whether contacts are shown whole, to the sections' own sentences as well.

    Returns:
        Their tables, by names of the audit; the sections; and a note for each that failed.

    Raises:
        DefinitionError: Something else was handed in, or two of one name.
        PluginError: A section is not what a section must be.
    """
    tables: Tables = {}
    made: list[PluggedSection] = []
    notes: list[Note] = []
    given = {name: getattr(dataset, name) for name in dataset.given}
    for spec in _checked(sections):
        if not set(spec.needs) <= given.keys():
            continue
        try:
            section, own = _asked(spec, given, as_of, show_contacts=show_contacts)
        except Exception as problem:
            # The words of what it raised may hold anything of the shop's customers.
            logger.warning("section %s raised a %s", spec.name, type(problem).__name__)
            values = {"section": spec.name, "error": type(problem).__name__}
            notes.append(Note("section_failed", values))
            continue
        tables |= own
        made.append(section)
    return tables, tuple(made), tuple(notes)


def _checked(sections: Iterable[SectionSpec]) -> list[SectionSpec]:
    found = list(sections)
    if not found:
        return []
    from retention_kit.plugins.spec_checks import wrong_with
    from retention_kit.plugins.types import SectionSpec

    names: set[str] = set()
    for one in found:
        given: object = one
        if not isinstance(given, SectionSpec):
            raise bad_parameter(
                "sections",
                got=type(given).__name__,
                allowed="a list of SectionSpec",
                step="[found.spec for found in registry().report_sections.values()].",
            )
        wrong = wrong_with("retention_kit_report_sections", given)
        if wrong is not None:
            raise PluginError(f"Of a section of the report: {wrong}")
        if one.name in names:
            raise bad_parameter("sections", got=one.name, allowed="each section once")
        names.add(one.name)
    return found


def _asked(
    spec: SectionSpec, given: Mapping[str, pl.LazyFrame], as_of: dt.datetime, *, show_contacts: bool
) -> tuple[PluggedSection, Tables]:
    answer = spec.tables(dict(given), as_of)
    if not isinstance(answer, Mapping):
        raise TypeError(type(answer).__name__)
    shown = {str(title): _plain(frame) for title, frame in answer.items()}
    if not show_contacts:
        shown = {title: mask_table(frame) for title, frame in shown.items()}
    text = {language: _said(spec.text(shown, language)) for language in LANGUAGES}
    named = {f"{spec.name}.{place}": title for place, title in enumerate(shown, start=1)}
    own = {name: shown[title] for name, title in named.items()}
    return PluggedSection(spec.name, named, text), own


def _said(answer: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(answer, tuple):
        raise TypeError(type(answer).__name__)
    title, paragraphs = answer
    told = (paragraphs,) if isinstance(paragraphs, str) else tuple(paragraphs)
    if not all(isinstance(one, str) for one in (title, *told)) or not title.strip():
        raise TypeError(type(title).__name__)
    return title, told


def _plain(frame: object) -> pl.DataFrame:
    """Give a table of what every form of the report can hold: numbers, texts, truths and dates."""
    if not isinstance(frame, pl.DataFrame):
        raise TypeError(type(frame).__name__)
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype.is_float():
            column = pl.when(column.is_finite()).then(column)
        elif dtype in (pl.Categorical, pl.Enum, pl.Null):
            column = column.cast(pl.String)
        elif not (dtype.is_numeric() or dtype in (pl.String, pl.Boolean, pl.Date, pl.Datetime)):
            raise TypeError(str(dtype))
        columns.append(column.alias(name))
    return frame.select(columns)
