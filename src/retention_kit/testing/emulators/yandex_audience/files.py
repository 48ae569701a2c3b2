"""What a file holds: identifiers, hashed or plain, and how many rows are of use.

Sure: SHA-256 of each value in lower-case hexadecimal, MD5 refused, the columns of a CSV file, what
plain phones and e-mails look like. Not sure: what becomes of a row of which one value is malformed;
here its other value counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import md5, sha256
from typing import Final

from retention_kit.testing.emulators.yandex_audience.digests import Digests
from retention_kit.testing.emulators.yandex_audience.refusals import wrong

EMPTY: Final = frozenset({sha256(b"").hexdigest(), md5(b"", usedforsecurity=False).hexdigest()})
"""The hashes of nothing, which stand for nobody."""
CONTACTS = ("phone", "email")

_HEX = re.compile(r"[0-9a-fA-F]+")
_PHONE = re.compile(r"[0-9]{10,15}")
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_DEVICE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAC = re.compile(r"([0-9a-fA-F]{2}[:-]?){5}[0-9a-fA-F]{2}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_SEPARATORS = re.compile(r"[,\t\r\n]+")
PLAIN = {
    "phone": (_PHONE,),
    "email": (_EMAIL,),
    "id": (_PHONE, _EMAIL, _DEVICE, _MAC, _NUMBER),
}
"""What a plain value of a column may look like."""


@dataclass(slots=True)
class Contents:
    """What was read from a file.

    Attributes:
        columns: The columns that hold identifiers, in their order.
        rows: Rows that hold at least one well-formed identifier.
        invalid: Rows that hold none.
        forms: How values were written: `plain`, `sha256`, `md5`.
        values: By column, the digests; of plain values those that their SHA-256 gives.
        empty_hashes: How many values were the hash of nothing.
    """

    columns: tuple[str, ...]
    rows: int = 0
    invalid: int = 0
    forms: set[str] = field(default_factory=set)
    values: dict[str, Digests] = field(default_factory=dict)
    empty_hashes: int = 0


def read_table(lines: Iterable[str]) -> Contents:
    """Read a CSV file whose first row names the columns.

    Raises:
        Refusal: It has neither a column `phone` nor `email`, or a quoted field does not end.
    """
    table = csv.reader(_without_carriage_returns(lines), strict=True)
    try:
        header = [name.strip().lower() for name in next(table, [])]
        places = [(name, header.index(name)) for name in CONTACTS if name in header]
        if not places:
            raise wrong("The file must have a column phone or email", location="file")
        return _read(((name for name, _ in places), _cells(table, [at for _, at in places])))
    except csv.Error:
        raise wrong("The file is not CSV", location="file") from None


def read_list(lines: Iterable[str]) -> Contents:
    """Read a file of identifiers, parted by new lines, commas or tabs.

    A first line that only names what follows, as `email`, is passed over.
    """
    return _read((("id",), _listed(lines)))


def _read(source: tuple[Iterable[str], Iterator[list[str]]]) -> Contents:
    names, rows = source
    contents = Contents(tuple(names))
    packed = [bytearray() for _ in contents.columns]
    plain = [PLAIN[name] for name in contents.columns]
    forms = contents.forms
    useful = invalid = 0
    for row in rows:
        good = False
        for place, cell in enumerate(row):
            value = cell.strip()
            if not value:
                continue
            size = len(value)
            if size in {32, 64} and _HEX.fullmatch(value):
                if value.lower() in EMPTY:
                    contents.empty_hashes += 1
                if size == 32:
                    forms.add("md5")
                    continue
                forms.add("sha256")
                if value == value.lower():
                    packed[place] += bytes.fromhex(value)
                    good = True
                continue
            forms.add("plain")
            if any(pattern.fullmatch(value) for pattern in plain[place]):
                packed[place] += sha256(value.encode()).digest()
                good = True
        useful += good
        invalid += not good
    contents.rows, contents.invalid = useful, invalid
    contents.values = {
        name: Digests(digests) for name, digests in zip(contents.columns, packed, strict=True)
    }
    return contents


def _cells(table: Iterable[list[str]], places: list[int]) -> Iterator[list[str]]:
    for row in table:
        if row:
            yield [row[place] if place < len(row) else "" for place in places]


def _listed(lines: Iterable[str]) -> Iterator[list[str]]:
    first = True
    for line in lines:
        if not (first and line.strip().lower() in {*CONTACTS, "id"}):
            for value in _SEPARATORS.split(line):
                if value.strip():
                    yield [value]
        first = False


def _without_carriage_returns(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line.removesuffix("\r")
