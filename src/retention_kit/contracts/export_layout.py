"""Where the table stands in an export: titles above its header line, totals below and between.

A sheet or a text file is looked at as rows of text cells, before anything is said of their types.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

ROW = "__row__"
"""The column of a raw frame that counts its rows from 0."""

_SAMPLED = 1_000
_LOOKED_AT = 60
_FULL = 0.9
_VALUE = re.compile(r"[(+\-\u2212]?\d[\d\s.,:/\-%'()₽$€]*(?:руб\.?|р\.)?")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d{2}-\d{2}")
_TOTAL = (
    r"(?i)^\s*(?:(?:общий|общие|промежуточный|промежуточные)\s+)?(?:итого|итоги?|всего)(?:\W|$)"
    r"|^\s*(?:grand\s+total|sub-?\s?total|totals?)(?:\W|$)"
    r"|\s(?:итоги?|итого|total):?\s*$"
)

_NUMBER = (
    r"(?i)^[\s\d.,()+\-\u2212\u00a0\u2007\u2009\u202f%₽$€]*(?:руб\.?|р\.|rub|usd|eur|шт\.?)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which rows and columns of a raw frame are the table.

    Attributes:
        header: The row of headings, counted from 0; what stands above are titles.
        headings: By the raw frame's column, its heading, each once.
        totals: The rows of totals and subtotals.
        blanks: The rows below the header in which nothing stands.
        empty_columns: How many columns were left out, having neither heading nor value.
        repeated: Headings that stand more than once; the later ones got a number.
    """

    header: int
    headings: dict[str, str]
    totals: tuple[int, ...] = ()
    blanks: tuple[int, ...] = ()
    empty_columns: int = 0
    repeated: tuple[str, ...] = ()

    @property
    def cut(self) -> tuple[int, ...]:
        """The rows below the header that are no rows of the table."""
        return tuple(sorted((*self.totals, *self.blanks)))


def find_layout(raw: pl.LazyFrame) -> Layout:
    """Find the table in a raw frame.

    The header is the first row that is nearly as wide as the widest and holds names rather than
    values. A row is one of totals when a cell says so, the others are numbers, and one that is
    filled in nearly all rows is blank: a customer called "Total" is none.

    Args:
        raw: Text columns, and `ROW`.

    Returns:
        The layout. Two streaming passes at most.
    """
    columns = [name for name in raw.collect_schema().names() if name != ROW]
    sample = raw.head(_SAMPLED).collect()
    cells = [[_clean(cell) for cell in row] for row in sample.select(columns).head(200).rows()]
    header = header_row(cells)
    names = _headings_of(cells, header)
    named = [column for column, name in zip(columns, names, strict=True) if name]
    full = _full_columns(sample.filter(pl.col(ROW) > header).select(columns)) or named
    below = raw.filter(pl.col(ROW) > header)
    odd = below.filter(pl.any_horizontal([_is_blank(name) for name in full])).collect(
        engine="streaming"
    )
    blank = pl.all_horizontal([_is_blank(name) for name in columns])
    label = pl.any_horizontal([pl.col(name).str.contains(_TOTAL) for name in columns])
    # A sale whose comment begins with "total" has a date and a name; a total has numbers alone.
    numbers = pl.all_horizontal(
        [_is_blank(name) | pl.col(name).str.contains(f"{_TOTAL}|{_NUMBER}") for name in columns]
    )
    total = (label & numbers).fill_null(value=False)
    nameless = [column for column, name in zip(columns, names, strict=True) if not name]
    empty = _empty_columns(below, nameless)
    headings, repeated = _numbered(
        {
            column: name or f"column {place}"
            for place, (column, name) in enumerate(zip(columns, names, strict=True), start=1)
            if column not in empty
        }
    )
    return Layout(
        header=header,
        headings=headings,
        totals=tuple(odd.filter(~blank & total)[ROW].sort().to_list()),
        blanks=tuple(odd.filter(blank)[ROW].sort().to_list()),
        empty_columns=len(empty),
        repeated=repeated,
    )


def header_row(cells: Sequence[Sequence[str]]) -> int:
    """Find the row of headings among the first rows; where none looks like it, the first filled."""
    filled = [sum(map(bool, row)) for row in cells]
    widest = max(filled, default=0)
    first = next((place for place, count in enumerate(filled) if count), 0)
    for place, row in enumerate(cells[:_LOOKED_AT]):
        values = sum(bool(_VALUE.fullmatch(cell) or _DATE.search(cell)) for cell in row if cell)
        is_wide = filled[place] >= max(1, 0.6 * widest)
        # Names may be numbers, such as years; then nothing is a title.
        all_values = place == first and filled[place] == widest == values
        if is_wide and (values <= 0.2 * filled[place] or all_values):
            return place
    return first


def raw_columns(width: int) -> list[str]:
    """Give the names that the columns of a raw frame have."""
    return [f"c{place}" for place in range(width)]


def _clean(cell: str | None) -> str:
    return " ".join((cell or "").replace("\ufeff", "").split())


def _headings_of(cells: Sequence[Sequence[str]], header: int) -> list[str]:
    names = list(cells[header]) if header < len(cells) else []
    above = cells[header - 1] if header else []
    # A heading merged over two lines stands in the upper one.
    if sum(map(bool, above)) > 1:
        names = [name or upper for name, upper in zip(names, above, strict=True)]
    return names


def _is_blank(name: str) -> pl.Expr:
    return pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")


def _full_columns(rows: pl.DataFrame) -> list[str]:
    """Name the columns that are filled in nearly all rows that are not blank themselves."""
    some = rows.filter(~pl.all_horizontal([_is_blank(name) for name in rows.columns]))
    total = pl.any_horizontal([pl.col(name).str.contains(_TOTAL) for name in rows.columns])
    some = some.filter(~total.fill_null(value=False))
    if some.is_empty():
        return []
    shares = some.select((~_is_blank(name)).mean().alias(name) for name in rows.columns).row(0)
    return [name for name, share in zip(rows.columns, shares, strict=True) if share >= _FULL]


def _empty_columns(below: pl.LazyFrame, nameless: list[str]) -> set[str]:
    if not nameless:
        return set()
    some = below.select((~_is_blank(name)).any().alias(name) for name in nameless)
    found = some.collect(engine="streaming").row(0)
    return {name for name, is_there in zip(nameless, found, strict=True) if not is_there}


def _numbered(names: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    taken = set(names.values())
    used: set[str] = set()
    numbered: dict[str, str] = {}
    repeated: list[str] = []
    for column, name in names.items():
        one, number = name, 1
        while one in used or (number > 1 and one in taken):
            number += 1
            one = f"{name} {number}"
        if one != name:
            repeated.append(name)
        used.add(one)
        numbered[column] = one
    return numbered, tuple(dict.fromkeys(repeated))
