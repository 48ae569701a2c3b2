"""Where the table stands in an export: titles above its header line, totals below and between.

A sheet or a text file is looked at as rows of text cells, before anything is said of their types.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

ROW = "__row__"
"""The column of a raw frame that counts its rows from 0."""

_SAMPLED = 1_000
_LOOKED_AT = 60
_TAIL = 50
_FULL = 0.9
_POOR = 0.6
_MANY_BLANK = 0.3
_CENT = 0.005
_MANY = 10
_HALF = 0.5
_VALUE = re.compile(r"[(+\-\u2212]?\d[\d\s.,:/\-%'()₽$€]*(?:руб\.?|р\.)?")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d{2}-\d{2}")
_CONTACT = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|\+?(?:[\s()-]*\d){10,15}")
_INSTANT = re.compile(rf"(?:{_DATE.pattern})(?:[\sT,]+[\d:.+]+)?(?:\s*г\.?)?")
_YEAR = re.compile(r"(?:19|20)\d\d|\d{1,2}")
_TOTAL = (
    r"(?i)^\s*(?:(?:общий|общие|промежуточный|промежуточные)\s+)?(?:итого|итоги?|всего)(?:\W|$)"
    r"|^\s*(?:grand\s+total|sub-?\s?total|totals?)(?:\W|$)"
    r"|\s(?:итоги?|итого|total):?\s*$"
)
_NOTHING_ELSE = r"(?i)^\s*(?:(?:общий|общие)\s+)?(?:итого|итоги?|всего|(?:grand\s+)?total):?\s*$"
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
        footers: Rows with a single cell below the table, such as who made the report.
        groups: Rows that name the group of those below them.
        filled: The column whose groups are filled in on the rows that are in them.
        problem: Why it cannot be read as a list: it has no `headings`, or is `grouped` in a way
            that is not certain.
    """

    header: int
    headings: dict[str, str]
    totals: tuple[int, ...] = ()
    blanks: tuple[int, ...] = ()
    empty_columns: int = 0
    repeated: tuple[str, ...] = ()
    footers: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    filled: str | None = None
    problem: Literal["headings", "grouped"] | None = None

    @property
    def cut(self) -> tuple[int, ...]:
        """The rows below the header that are no rows of the table."""
        return tuple(sorted((*self.totals, *self.blanks, *self.footers, *self.groups)))

    def with_groups(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Fill in the groups on the rows that are in them.

        Args:
            rows: All rows, in order, with the columns of the raw frame and `ROW`.
        """
        if self.filled is None:
            return rows
        others = sorted({*self.cut} - {*self.groups})
        name = pl.when(~_is_blank(self.filled) & ~pl.col(ROW).is_in(others)).then(self.filled)
        return rows.with_columns(name.forward_fill().alias(self.filled))


def find_layout(raw: pl.LazyFrame) -> Layout:
    """Find the table in a raw frame.

    The header is the first row that is nearly as wide as the widest and holds names rather than
    values. A row is one of totals when a cell says so, the others are numbers, and one that is
    filled in nearly all rows is blank: a customer called "Total" is none. Near the end, it is one
    also when one of its numbers is the sum of those above, or when a cell says nothing else and a
    number is more than half of the sum of many.

    Args:
        raw: Text columns, and `ROW`.

    Returns:
        The layout. Three streaming passes at most.
    """
    columns = [name for name in raw.collect_schema().names() if name != ROW]
    sample = raw.head(_SAMPLED).collect()
    cells = [[_clean(cell) for cell in row] for row in sample.select(columns).head(200).rows()]
    header = header_row(cells)
    names = _headings_of(cells, header)
    named = [column for column, name in zip(columns, names, strict=True) if name]
    full = _full_columns(sample.filter(pl.col(ROW) > header), columns) or named
    below = raw.filter(pl.col(ROW) > header)
    odd, tail = pl.collect_all(
        [below.filter(pl.any_horizontal([_is_blank(name) for name in full])), below.tail(_TAIL)],
        engine="streaming",
    )
    blank = pl.all_horizontal([_is_blank(name) for name in columns])
    label, numbers = _is_label(columns), _is_numbers(columns)
    blanks = set(odd.filter(blank)[ROW])
    totals = set(odd.filter(~blank & label & numbers)[ROW])
    totals |= _dated_totals(below, tail.filter(label, ~pl.col(ROW).is_in(sorted(totals))), columns)
    footers = _footers(odd, tail, totals | blanks, columns) if len(named) > 2 else set()
    body = sample.filter(
        pl.col(ROW) > header, ~pl.col(ROW).is_in(sorted(totals | blanks | footers))
    )
    grouping = _grouping(body, named, full)
    groups: list[int] = []
    if grouping == "certain":
        heads = odd.filter(_is_group(named, full))
        groups = [row for row in heads[ROW].sort() if row not in totals | footers]
    problem: Literal["headings", "grouped"] | None = None
    if grouping == "uncertain":
        problem = "grouped"
    elif header < len(cells) and not is_headed(cells[header]):
        problem = "headings"
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
        totals=tuple(sorted(totals)),
        blanks=tuple(sorted(blanks)),
        empty_columns=len(empty),
        repeated=repeated,
        footers=tuple(sorted(footers)),
        groups=tuple(groups),
        filled=named[0] if groups else None,
        problem=problem,
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


def is_headed(row: Sequence[str]) -> bool:
    """Tell whether a row may be one of headings: no dates, contacts or amounts stand in it."""
    filled = [cell for cell in row if cell]
    if any(_CONTACT.fullmatch(cell) or _INSTANT.fullmatch(cell) for cell in filled):
        return False
    values = sum(bool(_VALUE.fullmatch(cell) and not _YEAR.fullmatch(cell)) for cell in filled)
    return values <= 0.2 * len(filled)


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
    return pl.col(name).is_null() | (pl.col(name).cast(pl.String).str.strip_chars() == "")


def _is_label(columns: Sequence[str]) -> pl.Expr:
    label = pl.any_horizontal([pl.col(name).str.contains(_TOTAL) for name in columns])
    return label.fill_null(value=False)


def _is_numbers(columns: Sequence[str]) -> pl.Expr:
    # A sale whose comment begins with "total" has a date and a name; a total has numbers alone.
    return pl.all_horizontal(
        [_is_blank(name) | pl.col(name).str.contains(f"{_TOTAL}|{_NUMBER}") for name in columns]
    ).fill_null(value=False)


def _full_columns(rows: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Name the columns that are filled in nearly all rows.

    Rows that hold much less than others, such as titles of groups, and totals do not count.
    """
    filled = pl.sum_horizontal([~_is_blank(name) for name in columns])
    some = rows.filter(filled > 0, ~_is_label(columns))
    if some.is_empty():
        return []
    some = some.filter(filled >= _POOR * filled.quantile(0.75, "nearest"))
    shares = some.select((~_is_blank(name)).mean().alias(name) for name in columns).row(0)
    return [name for name, share in zip(columns, shares, strict=True) if share >= _FULL]


def _footers(
    odd: pl.DataFrame, tail: pl.DataFrame, cut: set[int], columns: Sequence[str]
) -> set[int]:
    """Give the rows with a single cell below the last row of the table."""
    filled = pl.sum_horizontal([~_is_blank(name) for name in columns])
    single = set(pl.concat([odd, tail]).filter(filled == 1)[ROW])
    footers: set[int] = set()
    for row in sorted(tail[ROW], reverse=True):
        if row not in cut and row not in single:
            return footers
        if row in single and row not in cut:
            footers.add(row)
    # A table of nothing but single cells has no end that could be told.
    return set()


def _dated_totals(below: pl.LazyFrame, labelled: pl.DataFrame, columns: Sequence[str]) -> set[int]:
    """Give those of the rows that say "total" of which a number is the sum of those above."""
    totals: set[int] = set()
    if labelled.is_empty():
        return totals
    rest = below.filter(~_is_label(columns))
    is_alone = pl.any_horizontal([pl.col(name).str.contains(_NOTHING_ELSE) for name in columns])
    sums = rest.select(
        *(_plain(name).sum().alias(name) for name in columns),
        *((~_is_blank(name)).sum().alias(f"{name} there") for name in columns),
    ).collect(engine="streaming")
    for name in columns:
        whole, there = float(sums[name].item() or 0.0), int(sums[f"{name} there"].item())
        if whole == 0.0 or there < 2:
            continue
        is_sum = (_plain(name) - whole).abs() < _CENT
        if there >= _MANY:
            is_sum |= is_alone & (_plain(name).abs() > _HALF * abs(whole))
        totals |= set(labelled.filter(is_sum)[ROW])
    return totals


def _plain(name: str) -> pl.Expr:
    """Read a number whose last mark, with one or two digits behind it, is the decimal one."""
    bare = pl.col(name).str.replace_all(r"[^\d.,\-\u2212]", "").str.replace("\u2212", "-")
    is_number = pl.col(name).str.contains(_NUMBER) & pl.col(name).str.contains(r"\d")
    pointed = bare.str.replace(r"[.,](\d{1,2})$", "_$1")
    digits = pointed.str.replace_all("[.,]", "").str.replace("_", ".", literal=True)
    return pl.when(is_number).then(digits.cast(pl.Float64, strict=False))


def _is_group(named: Sequence[str], full: Sequence[str]) -> pl.Expr:
    """Tell a row that names a group: a name, sums, and most of what other rows hold is blank."""
    blank = pl.sum_horizontal([_is_blank(name) for name in full])
    return ~_is_blank(named[0]) & _is_numbers(named[1:]) & (blank >= len(full) * _HALF)


def _grouping(
    body: pl.DataFrame, named: Sequence[str], full: Sequence[str]
) -> Literal["certain", "uncertain"] | None:
    """Tell whether the rows stand below rows that name their group in the first column."""
    if len(named) < 3 or body.is_empty() or named[0] in full:
        return None
    is_detail = _is_blank(named[0])
    looks = body.sort(ROW).select(
        _is_group(named, full).alias("head"),
        is_detail.alias("detail"),
        (is_detail & pl.all_horizontal([~_is_blank(name) for name in full])).alias("whole"),
    )
    followed = looks.filter(pl.col("head") & pl.col("detail").shift(-1).fill_null(value=False))
    if followed.is_empty() or float(str(looks["detail"].mean())) < _MANY_BLANK:
        return None
    is_certain = (
        looks["head"][0]
        and followed.height == looks["head"].sum()
        and looks.select((pl.col("head") | pl.col("whole")).all()).item()
    )
    return "certain" if is_certain else "uncertain"


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
