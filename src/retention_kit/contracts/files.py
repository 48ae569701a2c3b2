"""Files, folders and patterns become lazy frames; what cannot be read is told before it is."""

from __future__ import annotations

import codecs
import contextlib
import glob as globbing
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from retention_kit.contracts.exported import SEPARATORS, Exported, must_convert, open_export
from retention_kit.contracts.opened import Opened, naming, unlike_files
from retention_kit.contracts.workbooks import WORKBOOKS
from retention_kit.errors import FileFormatError, bad_parameter

_SNIFFED = 1 << 20
_PARQUET = (".parquet", ".pq")
_TEXT = (".csv", ".tsv", ".txt")
_KINDS = (".parquet", ".csv", ".xlsx")
_OFFICE = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_PACKED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}


def open_path(path: str | Path, *, separator: str | None = None) -> Opened:
    """Open a Parquet file, a text file or a workbook, a folder of such files, or a pattern of them.

    What cannot be scanned as it stands is converted first; see `open_export`.

    Raises:
        FileFormatError: Nothing readable is there, or a file is not what its ending says.
    """
    name = str(path)
    with _told_why(name):
        files = _files(name)
    endings = {_ending(file) for file in files}
    if len(endings) > 1:
        raise FileFormatError(
            name,
            reason=f"it holds files of several kinds ({', '.join(sorted(endings))}).",
            step="name a pattern that picks one kind, such as 'folder/*.parquet'.",
        )
    ending = endings.pop()
    for file in files:
        _check_content(file, ending)
    with naming(name):
        if ending == ".parquet":
            frame = pl.scan_parquet(files)
        elif any(must_convert(file, separator) for file in files):
            return _converted(name, [open_export(file, separator=separator) for file in files])
        else:
            frame = _scan_text(files, separator or _separator(files[0]))
        return Opened(frame, frame.collect_schema(), origin=name)


def is_one_export(path: str | Path) -> bool:
    """Tell whether a path is that of one workbook or text file."""
    file = Path(path)
    return file.is_file() and _ending(file) in (".csv", ".xlsx") and not _is_zstandard(file)


def check_export(path: str | Path, *, separator: str | None = None) -> Path:
    """Give the file of an export.

    Raises:
        FileFormatError: It is not there, or is of another kind.
        DefinitionError: The separator is not one character.
    """
    check_separator(separator)
    name, file = str(path), Path(path)
    if not file.exists():
        raise FileFormatError(name, reason="it is not there.", step="check the path.")
    if file.is_dir() or _ending(file) == ".parquet":
        raise FileFormatError(
            name,
            reason="it is no export, but Parquet or a folder.",
            step="pass the path itself to Dataset.from_frames.",
        )
    if _is_zstandard(file):
        raise FileFormatError(
            name, reason="exports packed by Zstandard are not read.", step="unpack it."
        )
    _check_content(file, _ending(file))
    return file


def tables_in(path: str | Path, names: Iterable[str]) -> dict[str, Path] | None:
    """Find tables by the names of files and folders.

    Args:
        path: A folder.
        names: The names of tables.

    Returns:
        Where each table is that is there; None where `path` is not a folder.

    Raises:
        FileFormatError: The folder cannot be read, or holds a table more than once.
    """
    folder = Path(path)
    with _told_why(str(path)):
        if not folder.is_dir():
            return None
        places = sorted(folder.iterdir())
        found: dict[str, list[Path]] = {name: [] for name in names}
        for place in places:
            is_known = place.is_dir() or _ending(place) in _KINDS
            if is_known and _table_name(place) in found:
                found[_table_name(place)].append(place)
    for name, several in found.items():
        if len(several) > 1:
            raise FileFormatError(
                str(path),
                reason=f"it holds table {name!r} more than once.",
                step=f"keep one of: {', '.join(place.name for place in several)}.",
            )
    return {name: there[0] for name, there in found.items() if there}


def check_separator(separator: str | None) -> None:
    """Raise where a separator is not one byte.

    Raises:
        DefinitionError: It is longer, or empty.
    """
    if separator is not None and len(separator.encode()) != 1:
        raise bad_parameter("separator", got=separator, allowed="one character")


@contextlib.contextmanager
def _told_why(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileFormatError(
            name, reason=f"{error.strerror or error}.", step="check its permissions."
        ) from None


def _files(name: str) -> list[Path]:
    path = Path(name)
    is_folder = path.is_dir()
    if is_folder:
        found = _inside(path)
    elif path.is_file():
        found = [path]
    else:
        found = [Path(file) for file in globbing.glob(name, recursive=True)]
        found = sorted(file for file in found if file.is_file())
    if not found:
        what = "a folder without .parquet or .csv files" if is_folder else "not there"
        raise FileFormatError(name, reason=f"it is {what}.", step="check the path.")
    return found


def _inside(folder: Path) -> list[Path]:
    """Give the tables' files in a folder, hidden ones apart; a part that is closed raises."""

    def stop(error: OSError) -> None:
        raise error

    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        files = [Path(place, name) for name in names if not name.startswith((".", "_"))]
        found += [file for file in files if _ending(file) in _KINDS]
    return sorted(found)


def _table_name(place: Path) -> str:
    name = place.name
    if place.is_dir():
        return name
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return Path(name).stem


def _converted(name: str, exports: list[Exported]) -> Opened:
    """Put the tables of several files under one another, by the names of their columns."""
    first = exports[0].frame.collect_schema()
    for one in exports:
        if set(one.frame.collect_schema()) != set(first):
            raise unlike_files(name)
    frame = pl.concat([one.frame.select(first.names()) for one in exports], how="vertical_relaxed")
    notes = Counter[str]()
    for one in exports:
        notes.update(one.notes)
    return Opened(frame, frame.collect_schema(), origin=name, notes=dict(notes))


def _is_zstandard(file: Path) -> bool:
    return file.suffix.lower() == ".zst"


def _ending(file: Path) -> str:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    ending = suffixes[-1] if suffixes else ""
    kinds = {".csv": _TEXT, ".parquet": _PARQUET, ".xlsx": WORKBOOKS}
    return next((kind for kind, endings in kinds.items() if ending in endings), ending)


def _check_content(file: Path, ending: str) -> None:
    name = str(file)
    with _told_why(name), file.open("rb") as stream:
        head = stream.read(_SNIFFED)
    if ending not in _KINDS:
        raise FileFormatError(
            name,
            reason=f"files ending in {ending!r} are not read.",
            step="export it as Parquet, CSV or Excel, or pass a frame that you read yourself.",
        )
    if not head:
        raise FileFormatError(name, reason="it is empty.", step="export it again.")
    is_parquet = head.startswith(b"PAR1")
    if ending == ".parquet":
        if not is_parquet:
            raise _another_kind(name, "Parquet")
        return
    packed = file.suffix.lower()
    if packed in _PACKED:
        if not head.startswith(_PACKED[packed]):
            raise _another_kind(name, packed)
        return
    is_utf_16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    is_text = ending == ".csv" and not is_utf_16
    if is_parquet or (is_text and (head.startswith(_OFFICE) or b"\x00" in head)):
        raise _another_kind(name, "CSV" if ending == ".csv" else "Excel")


def _another_kind(name: str, said: str) -> FileFormatError:
    return FileFormatError(
        name,
        reason=f"its ending says {said}, its content is that of another kind of file.",
        step="export it again, or give it the ending it should have.",
    )


def _scan_text(files: list[Path], separator: str) -> pl.LazyFrame:
    def scan(source: Path | list[Path]) -> pl.LazyFrame:
        return pl.scan_csv(source, separator=separator, infer_schema=False)

    headers = [scan(file).collect_schema().names() for file in files]
    first = headers[0]
    if all(header == first for header in headers):
        return scan(files)
    for file, header in zip(files, headers, strict=True):
        if set(header) != set(first):
            raise unlike_files(str(file))
    return pl.concat([scan(file).select(first) for file in files])


def _separator(file: Path) -> str:
    line = pl.scan_csv(
        file,
        has_header=False,
        n_rows=1,
        separator="\x1f",
        quote_char=None,
        infer_schema=False,
        encoding="utf8-lossy",
    )
    # What stands in quotes is a name, whatever marks it holds.
    header = re.sub('"[^"]*"', "", str(line.collect().item()))
    return max(SEPARATORS, key=header.count)
