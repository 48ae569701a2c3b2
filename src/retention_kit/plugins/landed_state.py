"""The folder that a source was landed in: what stands in it, and changing that at one blow.

`state.json` alone says which files are the tables. It is replaced whole, after the files it names
are safe on disk, so whoever is killed leaves either what was or what is to be. What no state names
was left by somebody who was killed, and goes the next time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from retention_kit.errors import (
    DefinitionError,
    FileFormatError,
    MissingDependencyError,
    bad_parameter,
)
from retention_kit.plugins.types import Cursor

VERSION: Final = 1
"""The version of the state file."""
KEPT: Final = 2
"""How many earlier generations of a table stay, for those who are still reading them."""
_STATE: Final = "state.json"
_LOCK: Final = ".lock"
_ROWS: Final = "rows.parquet"
_GENERATION: Final = re.compile(r"\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Landed:
    """What is known of a table that was landed.

    Attributes:
        generation: The name of the folder that holds its rows.
        schema: A mark of its columns and types: where they change, it is read anew.
        start: From where it was first read; None for all of it.
        cursor: From where it is read next; None where it must be read whole.
        rows: How many rows it has.
        read_at: When it was read, in seconds since 1970.
        kept: The generations before, the youngest first.
        columns: Which of its columns are which of a dataset's table, by the latter's name.
    """

    generation: str
    schema: str
    start: Cursor | None
    cursor: Cursor | None
    rows: int
    read_at: float
    kept: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LandingFolder:
    """A folder with the tables of one source.

    Attributes:
        path: Where it is.
        source: The name of the source's instance.
        mark: A mark of how the source was set up: where that changes, all is read anew.
        tables: What was landed, by table.
    """

    path: Path
    source: str
    mark: str = ""
    tables: dict[str, Landed] = field(default_factory=dict)

    def rows_of(self, table: str) -> Path:
        """Give the file with a landed table's rows."""
        return self.path / _folder(table) / self.tables[table].generation / _ROWS

    def begin(self, table: str) -> tuple[str, Path]:
        """Begin a new generation of a table.

        Returns:
            Its name, and the file that its rows are to be written to.
        """
        before = self.tables.get(table)
        number = int(before.generation.partition("-")[0]) + 1 if before else 1
        generation = f"{number:06}-{uuid.uuid4().hex[:8]}"
        # The folder above may be somebody's, open to others; what stands in it is customers'.
        (self.path / _folder(table)).mkdir(mode=0o700, exist_ok=True)
        folder = self.path / _folder(table) / generation
        folder.mkdir(mode=0o700)
        return generation, folder / _ROWS

    def finish(self, table: str, landed: Landed) -> None:
        """Have a table be what was written, from one instant to the next.

        Args:
            table: The table.
            landed: What it is now; its file is written, and not yet safe on disk.
        """
        before = self.tables.get(table)
        if before is None or before.generation != landed.generation:
            rows = self.path / _folder(table) / landed.generation / _ROWS
            for path in (rows, rows.parent, rows.parent.parent, self.path):
                _sync(path)
        self.tables[table] = landed
        self.write()

    def write(self) -> None:
        """Replace the state file."""
        text = json.dumps(
            {
                "version": VERSION,
                "source": self.source,
                "mark": self.mark,
                "tables": {name: _to_json(one) for name, one in self.tables.items()},
            },
            indent=2,
        )
        beside = self.path / f".{_STATE}.{os.getpid()}"
        beside.touch(mode=0o600)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path / _STATE)
        _sync(self.path)

    def sweep(self) -> None:
        """Remove the generations that no state names."""
        living_by_folder = {
            _folder(name): {one.generation, *one.kept} for name, one in self.tables.items()
        }
        for table in self.path.iterdir():
            if not table.is_dir():
                continue
            living = living_by_folder.get(table.name, set())
            for generation in table.iterdir():
                if _GENERATION.fullmatch(generation.name) and generation.name not in living:
                    shutil.rmtree(generation, ignore_errors=True)


@contextlib.contextmanager
def landing_folder(path: Path, source: str, mark: str) -> Iterator[LandingFolder]:
    """Open the folder of a source for one process at a time.

    Args:
        path: Where it is; it is made where it is not there, for nobody but its owner to read.
        source: The name of the source's instance.
        mark: A mark of how the source is set up.

    Raises:
        DefinitionError: It holds something else, or another source.
        FileFormatError: Its state file cannot be read.
        MissingDependencyError: The extra `delivery` is not installed.
    """
    try:
        from filelock import FileLock
    except ImportError:
        raise MissingDependencyError("filelock", "delivery") from None
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path / _LOCK):
        folder = _opened(path, source, mark)
        folder.sweep()
        yield folder


def new_folder(path: Path, source: str) -> LandingFolder:
    """Make a folder that is this process's own, and goes with it."""
    path.mkdir(parents=True, mode=0o700)
    return LandingFolder(path, source)


def _opened(path: Path, source: str, mark: str) -> LandingFolder:
    state = path / _STATE
    if not state.exists():
        if any(not one.name.startswith(".") for one in path.iterdir()):
            raise bad_parameter(
                "folder",
                got=str(path),
                allowed="an empty or a new folder, or one that a source was landed in",
            )
        made = LandingFolder(path, source, mark)
        made.write()
        return made
    try:
        read = json.loads(state.read_text(encoding="utf-8"))
        version = read["version"]
        if isinstance(version, int) and version > VERSION:
            raise DefinitionError(
                f"The folder {str(path)!r} was landed by a later version of this library: its "
                f"state is of version {version}. Allowed: {VERSION}. Next step: upgrade "
                "retention-kit, or name another folder.",
                parameter="folder",
            )
        tables = {name: _from_json(one) for name, one in read["tables"].items()}
        known, marked = str(read["source"]), str(read["mark"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FileFormatError(
            str(state), reason="it is no state of a landing.", step="name another folder."
        ) from None
    if known != source:
        raise bad_parameter(
            "folder",
            got=str(path),
            allowed=f"a folder of {source!r}; this one is of {known!r}",
            step="name a folder for each source.",
        )
    if marked != mark:
        # Read under other settings, its rows may not be those asked for; they stay until then.
        tables = {name: _unmarked(one) for name, one in tables.items()}
    return LandingFolder(path, source, mark, tables)


def _unmarked(landed: Landed) -> Landed:
    return dataclasses.replace(landed, schema="", cursor=None)


def _folder(table: str) -> str:
    """Give the name of a table's folder; no name may lead out of it."""
    return quote(table, safe="").replace(".", "%2E")


def _sync(path: Path) -> None:
    """Have the disk hold what was written; some systems open no folders, and need no such thing."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _to_json(landed: Landed) -> Mapping[str, Any]:
    return {
        "generation": landed.generation,
        "schema": landed.schema,
        "start": _cursor_to_json(landed.start),
        "cursor": _cursor_to_json(landed.cursor),
        "rows": landed.rows,
        "read_at": landed.read_at,
        "kept": list(landed.kept),
        "columns": dict(landed.columns),
        "finished": True,
    }


def _from_json(written: Mapping[str, Any]) -> Landed:
    generation, kept = str(written["generation"]), tuple(map(str, written["kept"]))
    if not all(_GENERATION.fullmatch(one) for one in (generation, *kept)):
        raise ValueError(generation)
    return Landed(
        generation=generation,
        schema=str(written["schema"]),
        start=_cursor_from_json(written["start"]),
        cursor=_cursor_from_json(written["cursor"]),
        rows=int(written["rows"]),
        read_at=float(written["read_at"]),
        kept=kept,
        # An earlier version did not write them.
        columns=_columns_from_json(written.get("columns", {})),
    )


def _columns_from_json(written: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(column) for name, column in written.items()}


def _cursor_to_json(cursor: Cursor | None) -> Any:
    if isinstance(cursor, dt.datetime):
        return {"instant": cursor.isoformat()}
    return cursor


def _cursor_from_json(written: Any) -> Cursor | None:
    if isinstance(written, Mapping):
        return dt.datetime.fromisoformat(written["instant"])
    if written is None or isinstance(written, int | str):
        return written
    raise TypeError(type(written).__name__)
