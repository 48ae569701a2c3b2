"""Tables of the report as HTML: great-tables makes them, their looks are the page's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import escape

from retention_kit.audit.report.kinds import Kind, kind_of, written
from retention_kit.audit.report.words import Words

if TYPE_CHECKING:
    from great_tables._text import BaseText

ROWS_SHOWN = 50
"""How many rows of a long table a page shows; the exports hold all of the audit's."""
_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)
_OUTER = re.compile(r"<table.*</table>", re.DOTALL)
_LEAN = re.compile(
    r' (?:headers|rowspan|colspan|data-quarto-[a-z-]+)="[^"]*"|gt_columns_bottom_border |gt_row '
)
_SORTED_AS_TEXT = ("text", "code")
_PROSE = frozenset({"meaning", "counts", "definition", "method", "play", "verdict_of_fit"})
_SHORT, _LONGEST = 24, 48
_TALL_FROM = 16


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table as a reader sees it.

    Attributes:
        name: The table's name in the audit.
        title: Its title.
        frame: The rows that are shown.
        columns: The columns that are shown, in order.
        words: The language.
        note: What is left out, or marked; empty if nothing is.
    """

    name: str
    title: str
    frame: pl.DataFrame
    columns: tuple[str, ...]
    words: Words
    note: str = ""

    @property
    def is_tall(self) -> bool:
        """Whether a page gives it a scroll bar of its own."""
        return self.frame.height >= _TALL_FROM

    def html(self, *, place: str = "", sortable: bool = True) -> str:
        """Give the table as HTML.

        Args:
            place: Makes the id unique where a page shows a table more than once.
            sortable: Whether headings are buttons that sort.
        """
        return _html(self, f"table-{self.name}{place}-{self.words.language}", sortable=sortable)


def shown(
    name: str,
    frame: pl.DataFrame,
    words: Words,
    columns: Sequence[str] = (),
    *,
    limit: int = ROWS_SHOWN,
    total: int | None = None,
    note: str = "",
) -> ShownTable:
    """Choose what of a table is shown.

    Args:
        name: Its name in the audit.
        frame: The table.
        words: The language.
        columns: The columns wanted; those that are absent or wholly null are left out.
        limit: How many rows are shown.
        total: How many rows there are, where the table itself was shortened before.
        note: What else stands below it.
    """
    wanted = [column for column in columns or frame.columns if column in frame.columns]
    wanted = [column for column in wanted if frame[column].null_count() < frame.height]
    kept = frame.head(limit)
    notes = []
    every = max(frame.height, total or 0)
    if kept.height < every:
        text = words.get("page", "shortened_list")
        count = words.numbers.count
        notes.append(text.format(shown=count(kept.height), total=count(every)))
    if _has_cut_months(kept, wanted):
        notes.append(words.get("page", "incomplete"))
    if note:
        notes.append(note)
    return ShownTable(
        name,
        words.get("tables", name),
        kept,
        tuple(wanted),
        words,
        " ".join(notes),
    )


def _html(table: ShownTable, table_id: str, *, sortable: bool) -> str:
    from great_tables import GT, html

    words, frame = table.words, table.frame
    kinds = {column: kind_of(table.name, column, frame.schema[column]) for column in table.columns}
    cells = {
        column: _cells(frame, column, kinds[column], words, sortable=sortable)
        for column in table.columns
    }
    headings = {column: heading(column, words, table.name) for column in table.columns}
    # great-tables knows columns by name; a file's own names may be anything.
    keys = {column: f"c{number}" for number, column in enumerate(table.columns)}
    labels: dict[str, str | BaseText] = {
        keys[column]: html(_button(name, words) if sortable else str(escape(name)))
        for column, name in headings.items()
    }
    right = [keys[column] for column, kind in kinds.items() if kind not in _SORTED_AS_TEXT]
    made = (
        GT(pl.DataFrame({keys[column]: texts for column, texts in cells.items()}), id=table_id)
        .cols_label(labels)
        .cols_align("left")
        .fmt(lambda text: text)
    )
    if right:
        made = made.cols_align("right", columns=right)
    drawn = _STYLE.sub("", made.as_raw_html())
    found = _OUTER.search(drawn)
    body = _LEAN.sub("", found[0] if found else "")
    return (
        body.replace(
            'class="gt_table"',
            f'id="{table_id}" class="gt_table" aria-label="{escape(table.title)}"',
        )
        .replace('class="gt_left"', 'class="l"')
        .replace('class="gt_right"', 'class="r"')
    )


def heading(column: str, words: Words, table: str = "") -> str:
    """Give a column's heading, a table's own first; a column of the file's own keeps its name."""
    usual = words.get("columns", column, default=column)
    return words.get("headings", table, column, default=usual)


def _button(name: str, words: Words) -> str:
    title = words.get("page", "sort").replace("{column}", name)
    return f'<button type="button" class="sort" title="{escape(title)}">{escape(name)}</button>'


def _cells(
    frame: pl.DataFrame, column: str, kind: Kind, words: Words, *, sortable: bool
) -> list[str]:
    starred = (
        frame["is_complete"].to_list()
        if kind == "month" and "is_complete" in frame.columns
        else [None] * frame.height
    )
    cells = []
    for value, is_complete in zip(frame[column].to_list(), starred, strict=True):
        told = written(value, kind, column, words) + ("*" if is_complete is False else "")
        text = escape(told)
        if column in _PROSE or (kind == "text" and _SHORT < len(told) <= _LONGEST):
            cells.append(f'<span class="prose">{text}</span>')
        elif len(told) > _LONGEST:
            cells.append(f'<span title="{text}">{escape(told[:_LONGEST])}…</span>')
        elif kind in _SORTED_AS_TEXT or not sortable:
            cells.append(str(text))
        else:
            cells.append(f'<span data-v="{_sort_key(value)}">{text}</span>')
    return cells


def _sort_key(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat())[:19]
    return f"{float(value):.6g}" if not isinstance(value, bool | int) else str(int(value))


def _has_cut_months(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    if "is_complete" not in frame.columns:
        return False
    dated = any(frame.schema[column] == pl.Date for column in columns)
    return dated and not frame["is_complete"].fill_null(value=True).all()
