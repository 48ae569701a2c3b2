"""Tables of HTML, which some systems write into files that they call .xls."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import polars as pl

from retention_kit.contracts.export_layout import ROW, raw_columns

_CELLS = ("td", "th")
_MOST = 1_000


def read_html(file: Path) -> pl.DataFrame:
    """Give all cells of the tables in a file of HTML in UTF-8 as text, with `ROW`."""
    parser = _Rows()
    with file.open(encoding="utf-8-sig") as stream:
        while text := stream.read(1 << 20):
            parser.feed(text)
    parser.close()
    rows = parser.rows
    width = max(map(len, rows), default=0)
    columns = [
        pl.Series(name, [row[place] if place < len(row) else None for row in rows], pl.String)
        for place, name in enumerate(raw_columns(width))
    ]
    return pl.DataFrame(columns).with_row_index(ROW)


class _Rows(HTMLParser):
    """Gathers the cells of each row; a cell that spans columns leaves the further ones blank."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str | None]] = []
        self._cell: list[str] | None = None
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in (*_CELLS, "tr"):
            self._end_cell()
        if tag == "tr":
            self.rows.append([])
        elif tag in _CELLS and self.rows:
            span = dict(attrs).get("colspan") or "1"
            self._cell, self._span = [], min(int(span), _MOST) if span.isdecimal() else 1
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in (*_CELLS, "tr", "table"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text = "".join(self._cell).strip()
        self.rows[-1] += [text or None, *[None] * (self._span - 1)]
        self._cell, self._span = None, 1
