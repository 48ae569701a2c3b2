"""What the command was told, by its flags and by a file of settings, in one bundle."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from retention_kit.contracts.presets import PresetName
from retention_kit.errors import DefinitionError, FileFormatError, bad_parameter, nearest_names

TABLES = {
    "orders": "orders",
    "items": "order_items",
    "customers": "customers",
    "events": "events",
    "costs": "costs",
}
"""The names under which files are given, and the tables that they hold."""

DOOR = (
    "time_zone",
    "currency",
    "columns",
    "date_format",
    "decimal_mark",
    "thousands_mark",
    "values",
    "guest_ids",
    "negative_amounts",
    "positive_returns",
    "duplicate_lines",
    "ids_as_text",
    "separator",
    "strict",
)
"""What is handed to the door as it stands."""

EXPORT = ("grain", "preset", "sheet", "encoding")
"""What says how a file is opened."""

REPORT = ("language", "gap_days", "active_within", "show_contacts")
"""What says how the audit is made and written."""

_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys((*TABLES, *DOOR, *EXPORT, *REPORT), (str,)),
    "columns": (dict,),
    "values": (dict,),
    "date_format": (str, dict),
    "guest_ids": (list,),
    "ids_as_text": (bool,),
    "strict": (bool,),
    "show_contacts": (bool,),
    "sheet": (str, int),
    "gap_days": (int, float),
    "as_of": (str, dt.date),
}
_ALLOWED = {
    "grain": ("orders", "lines"),
    "preset": get_args(PresetName),
    "language": ("en", "ru"),
    "negative_amounts": ("reject", "return"),
    "positive_returns": ("reject", "negate"),
    "duplicate_lines": ("keep", "reject"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command was told.

    Attributes:
        files: By the names of `TABLES`, where each is.
        stated: All else that was stated, by name; what was not is absent.
        demo: Whether the shop that comes with the library is meant.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    stated: Mapping[str, Any] = field(default_factory=dict)
    demo: bool = False

    @property
    def door(self) -> dict[str, Any]:
        """The options of the door."""
        return {name: self.stated[name] for name in DOOR if name in self.stated}

    @property
    def grain(self) -> str | None:
        """What a row of the file is, if that was said."""
        return self.stated.get("grain")


def combine(flags: Mapping[str, Any], config: Path | None, *, demo: bool = False) -> Settings:
    """Put the flags over what a file of settings says.

    Args:
        flags: By name; None, False and nothing at all are not stated.
        config: The file, if there is one.
        demo: Whether the shop that comes with the library is meant.

    Returns:
        The settings.

    Raises:
        DefinitionError: The file holds what is not known.
        FileFormatError: The file cannot be read.
    """
    written = {} if config is None else read_config(config)
    told = {name: one for name, one in flags.items() if one not in (None, False, {}, [], ())}
    stated = {**written, **told}
    table = "lines" if stated.get("grain") == "lines" else "orders"
    columns = merge_columns(written.get("columns", {}), told.get("columns", {}), table)
    values = {**written.get("values", {}), **told.get("values", {})}
    for name, one in (("columns", columns), ("values", values)):
        if one:
            stated[name] = one
    files = {name: stated.pop(name) for name in TABLES if name in stated}
    return Settings(files=files, stated=stated, demo=demo)


def merge_columns(
    written: Mapping[str, Any], told: Mapping[str, str], table: str
) -> dict[str, Any]:
    """Put the columns of flags over those of a file; a flag means the orders' own column first."""
    merged: dict[str, Any] = {}
    for name, one in written.items():
        if isinstance(one, Mapping):
            kept = {
                column: heading
                for column, heading in one.items()
                if name != table or column not in told
            }
            merged[name] = kept
        else:
            merged[name] = one
    for name, heading in told.items():
        of_table, mark, column = name.partition(".")
        if mark:
            merged[of_table] = {**merged.get(of_table, {}), column: heading}
        else:
            merged[name] = heading
    return {name: one for name, one in merged.items() if one}


def read_config(path: Path) -> dict[str, Any]:
    """Read a file of settings.

    Paths in it are meant from the folder it stands in.

    Raises:
        FileFormatError: It cannot be read.
        DefinitionError: A name in it is not known, or its value is of another kind.
    """
    try:
        with path.open("rb") as stream:
            written = tomllib.load(stream)
    except OSError as error:
        raise FileFormatError(
            str(path), reason=f"{error.strerror or error}.", step="check the path."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileFormatError(
            str(path), reason=f"it is not TOML ({error}).", step="mend that line."
        ) from None
    for name, one in written.items():
        _check(path, name, one)
    if "as_of" in written:
        as_of = written["as_of"]
        written["as_of"] = as_of if isinstance(as_of, str) else as_of.isoformat()
    for name in TABLES:
        if name in written:
            written[name] = os.path.normpath(path.parent / written[name])
    return written


def instant_of(text: str, zone: str) -> dt.datetime:
    """Read the instant of observation.

    Raises:
        DefinitionError: It is none, or the zone is none.
    """
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError:
        raise bad_parameter(
            "--as-of", got=text, allowed="a day or an instant, as 2011-12-10 or 2011-12-10T18:00"
        ) from None
    if instant.tzinfo is not None:
        return instant
    try:
        return instant.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        raise bad_parameter(
            "--time-zone", got=zone, allowed="a name of the IANA time zone database"
        ) from None


def pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """Read NAME=COLUMN.

    Raises:
        DefinitionError: One of them is written otherwise.
    """
    read = {}
    for text in texts or ():
        name, mark, foreign = text.partition("=")
        if not (name and mark and foreign):
            raise bad_parameter(f"--{option}", got=text, allowed="NAME=COLUMN")
        read[name] = foreign
    return read


def words(texts: list[str] | None) -> dict[str, dict[str, str]]:
    """Read COLUMN:WORD=VALUE.

    Raises:
        DefinitionError: One of them is written otherwise.
    """
    values: dict[str, dict[str, str]] = {}
    for text in texts or ():
        column, mark, rest = text.partition(":")
        word, equals, meaning = rest.rpartition("=")
        if not (column and mark and word and equals and meaning):
            raise bad_parameter("--value", got=text, allowed="COLUMN:WORD=VALUE")
        values.setdefault(column, {})[word] = meaning
    return values


def _check(path: Path, name: str, one: object) -> None:
    if name not in _TYPES:
        nearest = nearest_names(name, _TYPES)
        hint = f" Nearest: {', '.join(map(repr, nearest))}." if nearest else ""
        raise DefinitionError(
            f"The settings in {str(path)!r} name {name!r}, which is not known. Allowed: "
            f"{', '.join(_TYPES)}.{hint} Next step: mend the name, or take it out.",
            parameter=name,
        )
    right = _TYPES[name]
    is_number = isinstance(one, bool) and bool not in right
    if not isinstance(one, right) or is_number:
        raise bad_parameter(
            name,
            got=type(one).__name__,
            allowed=" or ".join(_WORDS[kind] for kind in right),
            step=f"mend it in {str(path)!r}.",
        )
    if name in _ALLOWED and one not in _ALLOWED[name]:
        raise bad_parameter(name, got=one, allowed=", ".join(map(repr, _ALLOWED[name])))


_WORDS: dict[type, str] = {
    str: "text",
    dict: "a table, [name]",
    list: "a list",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dt.date: "a date",
}
