"""The audit as an Excel workbook: one sheet per table, in the reader's language."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.audit.report.cards import figure_key
from retention_kit.audit.report.kinds import Kind, kind_of
from retention_kit.audit.report.numbers import Language
from retention_kit.audit.report.safe import is_dangerous
from retention_kit.audit.report.segments import segments_told
from retention_kit.audit.report.tables import heading
from retention_kit.audit.report.words import Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

    from retention_kit.audit.model import Findings

LONGEST_NAME = 31
"""Of a sheet, in Excel."""
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_WIDEST = 60
_LOOKED_AT = 200
_MOST_ROWS = 1_048_575
_TOO_LONG = 10**15
_LAST = ("trends", "gaps", "next_purchase")


def write_excel(
    audit: Findings, path: str | os.PathLike[str], *, language: Language = "en"
) -> None:
    """Write every table of an audit as a sheet of an Excel workbook.

    Args:
        audit: The audit.
        path: Where to write; a file there is replaced.
        language: Of sheets, headings and codes.

    Raises:
        DefinitionError: There is no such language.

    Notes:
        Text that begins with `=`, `+`, `-`, `@`, a tab or a line break is written as text that
        stays text when the cell is edited. Shares are shown in percent, money with the shop's
        currency sign; the values keep all their digits. Ids, and whole numbers of more than 15
        digits, of which Excel would drop the rest, are text.
    """
    from xlsxwriter import Workbook

    words = Words.of(language, audit.currency, confidence=audit.confidence)
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
    }
    with Workbook(str(Path(path)), options) as book:
        looks = _Looks(book, words)
        names: set[str] = set()
        plugged = {name: title for one in audit.plugged for name, title in one.tables.items()}
        for table in _order(audit):
            title = plugged.get(table) or table_title(table, words)
            sheet = book.add_worksheet(_sheet_name(title, names))
            _fill(sheet, table, readable(table, audit, words), looks, words)


def readable(table: str, audit: Findings, words: Words) -> pl.DataFrame:
    """Give a table of an audit with its codes and advice in the reader's words.

    Args:
        table: Its name.
        audit: The audit.
        words: The language.
    """
    frame = audit.tables[table]
    if table == "key_figures":
        return _figures(frame, audit, words)
    if table == "actions":
        return _steps(frame, audit, words)
    if table == "data_health":
        from retention_kit.audit.report.health import meaning

        told = [None if rule is None else meaning(rule, words) for rule in frame["rule"]]
        return frame.with_columns(
            pl.Series("meaning", told, dtype=pl.String),
            table=_named(frame["table"], "table_names", words),
            outcome=_coded(frame, "outcome", words),
        )
    if table == "ready_segments":
        frame = segments_told(frame, words)
    if table == "views":
        frame = frame.with_columns(counts=_named(frame["view"], "views_counted", words))
    return frame.with_columns(
        _coded(frame, column, words)
        for column in frame.columns
        if kind_of(table, column, frame.schema[column]) == "code"
    )


class _Looks:
    """The formats of a workbook's cells."""

    def __init__(self, book: Workbook, words: Words) -> None:
        sign = words.numbers.sign
        patterns: dict[Kind, str] = {
            "money": f'#,##0.00 "{sign}"',
            "share": "0.0%",
            "count": "#,##0",
            "number": "#,##0.0",
            "ratio": "#,##0.00",
            "month": "yyyy-mm",
            "date": "yyyy-mm-dd",
        }
        self.heading = book.add_format(
            {"bold": True, "bg_color": "#E9EFFC", "text_wrap": True, "valign": "vcenter"}
        )
        self.text = book.add_format()
        # The mark that Excel itself sets when an apostrophe is typed before a text.
        self.quoted = book.add_format({"quote_prefix": True})
        self.by_kind = {
            kind: book.add_format({"num_format": pattern}) for kind, pattern in patterns.items()
        }


def _fill(sheet: Worksheet, table: str, frame: pl.DataFrame, looks: _Looks, words: Words) -> None:
    rows = min(frame.height, _MOST_ROWS)
    for place, column in enumerate(frame.columns):
        kind = kind_of(table, column, frame.schema[column])
        name = heading(column, words, table)
        look = looks.by_kind.get(kind, looks.text)
        sheet.write_string(0, place, name, looks.heading)
        values = [_plain(value) for value in frame[column].head(rows)]
        if column.endswith("_id"):
            # Excel keeps 15 digits of a number, and nobody sums ids.
            values = [None if value is None else str(value) for value in values]
        for number, value in enumerate(values, start=1):
            _write(sheet, number, place, value, look=look, looks=looks)
        sheet.set_column(place, place, _width(name, values))
    sheet.freeze_panes(1, 1 if frame.width > 1 else 0)
    if frame.width:
        sheet.autofilter(0, 0, rows, frame.width - 1)


def _write(
    sheet: Worksheet, row: int, column: int, value: Any, *, look: Any, looks: _Looks
) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value, looks.quoted if is_dangerous(value) else looks.text)
    elif isinstance(value, int) and abs(value) >= _TOO_LONG:
        sheet.write_string(row, column, str(value), looks.text)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, look)
    else:
        sheet.write_number(row, column, value, look)


def _plain(value: Any) -> Any:
    """Make of a value what Excel knows: text, a number, a truth or a date without a zone."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.timedelta):
        return value.total_seconds() / 86_400
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bool | int | float | str | dt.date) or value is None:
        return value
    return str(value)


def _width(name: str, values: list[Any]) -> int:
    longest = max(
        (len(str(value)) for value in values[:_LOOKED_AT] if value is not None), default=0
    )
    return min(max(longest, min(len(name), 18)) + 3, _WIDEST)


def _sheet_name(title: str, taken: set[str]) -> str:
    """Name a sheet: without the letters that Excel forbids, not too long, and once only."""
    name = title.translate(_FORBIDDEN).strip(" '") or "-"
    short = name[:LONGEST_NAME]
    number = 2
    while short.lower() in taken:
        end = f" {number}"
        short = name[: LONGEST_NAME - len(end)] + end
        number += 1
    taken.add(short.lower())
    return short


def table_title(table: str, words: Words) -> str:
    """Give the title of a table of an audit."""
    if table.startswith("rejected_"):
        of = table.removeprefix("rejected_")
        return words.get("tables", "rejected").format(table=words.get("table_names", of))
    return words.get("tables", table)


def _order(audit: Findings) -> list[str]:
    """Put first what is read first, and last what is long or was left out."""
    first = ["key_figures", "actions", "churned_customers"]
    head = [name for name in first if name in audit.tables]
    tail = [name for name in audit.tables if name in _LAST or name.startswith("rejected_")]
    middle = [name for name in audit.tables if name not in (*head, *tail)]
    return [*head, *middle, *tail]


def _figures(frame: pl.DataFrame, audit: Findings, words: Words) -> pl.DataFrame:
    keys = [figure_key(figure, words) for figure in audit.key_figures]
    told = [
        words.get("figures", key, "definition", default=figure.definition)
        for key, figure in zip(keys, audit.key_figures, strict=True)
    ]
    named = frame.with_columns(
        pl.Series("name", [words.get("figures", key, "title") for key in keys]),
        pl.Series("definition", told),
    )
    codes = [column for column in ("view", "unit") if column in frame.columns]
    return named.with_columns(_coded(frame, column, words) for column in codes)


def _steps(frame: pl.DataFrame, audit: Findings, words: Words) -> pl.DataFrame:
    from retention_kit.audit.report.contents import steps

    told = steps(frame, words, within=audit.active_within)
    return frame.sort("rank").select(
        "rank",
        pl.Series("title", [step.title for step in told], dtype=pl.String),
        pl.Series("sentence", [step.sentence for step in told], dtype=pl.String),
        pl.Series("how", [step.how for step in told], dtype=pl.String),
        "money_at_stake",
        "customers",
    )


def _coded(frame: pl.DataFrame, column: str, words: Words) -> pl.Series:
    told = [None if code is None else words.named(column, code) for code in frame[column]]
    if words.has("none", column):
        told = [words.named(column, None) if text is None else text for text in told]
    return pl.Series(column, told, dtype=pl.String)


def _named(codes: pl.Series, texts: str, words: Words) -> pl.Series:
    return pl.Series([words.get(texts, code) for code in codes], dtype=pl.String)
