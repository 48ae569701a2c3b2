"""Which encoding a text file is in, and its text as UTF-8.

UTF-8 and UTF-16 tell themselves. Of one byte per character only Windows-1251 is recognised, and
only by text that reads as Russian words: others have to be stated.
"""

from __future__ import annotations

import codecs
import contextlib
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from retention_kit.contracts.temporary import temporary_file
from retention_kit.errors import FileFormatError, bad_parameter

UTF_8 = "utf-8"
"""The encoding that is read where it stands."""
WINDOWS_1251 = "windows-1251"
"""The encoding in which Russian Windows programs write text."""

_CHUNK = 1 << 20
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MOSTLY = 0.8
_COMMON = frozenset("оеаинтсрвл")
_RUN = re.compile("[A-Za-z\u0080-\uffff]+")
_WORD = re.compile("[А-ЯЁҐІЇЄЎ]?[а-яёґіїєў]+|[А-ЯЁҐІЇЄЎ]+")
_LETTER = re.compile("[\u0400-\u04ff]")


def find_encoding(file: Path, *, packed: bool = False) -> str:
    """Tell the encoding of a text file by its bytes.

    Args:
        file: The file.
        packed: Whether it is compressed by gzip.

    Returns:
        `"utf-8"`, `"utf-16"` or `"windows-1251"`.

    Raises:
        FileFormatError: The bytes tell none of these.
    """
    head = b""
    with _open(file, packed=packed) as stream:
        while head.isascii() and (chunk := stream.read(_CHUNK)):
            # Plain ASCII says nothing; the first byte beyond it does.
            head = chunk
    if head.startswith(_UTF_16):
        return "utf-16"
    if _is_utf_8(head):
        return UTF_8
    if _is_windows_1251(head):
        return WINDOWS_1251
    raise FileFormatError(
        str(file),
        reason="it is neither UTF-8 text nor certainly Windows-1251.",
        step="save it as UTF-8 (in Excel: 'CSV UTF-8'), or state what it is: "
        "read_export(path, encoding='cp1252'), for example (--encoding on the command line).",
    )


def check_encoding(encoding: str | None) -> None:
    """Raise where an encoding is not one that Python reads text in.

    Raises:
        DefinitionError: It is not.
    """
    if encoding is None:
        return
    try:
        is_text = codecs.lookup(encoding)._is_text_encoding
    except (LookupError, TypeError, ValueError):
        is_text = False
    if not is_text:
        raise bad_parameter(
            "encoding", got=encoding, allowed="the name of an encoding, such as 'cp1251'"
        )


def as_utf_8(file: Path, encoding: str, *, packed: bool = False) -> Path:
    """Write a text file's text as UTF-8 into the temporary folder, a piece at a time.

    Raises:
        FileFormatError: A byte is none of the encoding.
    """
    to = temporary_file(".csv")
    with _open(file, packed=packed) as source, to.open("wb") as target:
        try:
            for text in _decoded(source, encoding):
                target.write(text.encode())
        except UnicodeError:
            to.unlink()
            raise FileFormatError(
                str(file),
                reason=f"it is not all {encoding} text.",
                step="save it as UTF-8, or state the encoding that it is in.",
            ) from None
    return to


def sample_text(file: Path, encoding: str, *, packed: bool = False, size: int = _CHUNK) -> str:
    """Give the beginning of a file's text, up to the last whole line of the sample."""
    with _open(file, packed=packed) as stream:
        raw = stream.read(size)
        is_whole = not stream.read(1)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    text = decoder.decode(raw, final=is_whole).removeprefix("\ufeff")
    return text if is_whole else text[: text.rfind("\n") + 1] or text


@contextlib.contextmanager
def _open(file: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    unpack: Any = gzip.open if packed else open
    try:
        with unpack(file, "rb") as opened:
            yield opened
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FileFormatError(
            str(file), reason="it cannot be unpacked.", step="pack it again, or unpack it yourself."
        ) from None


def _decoded(stream: IO[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    while chunk := stream.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _is_utf_8(head: bytes) -> bool:
    try:
        # A character may be cut where the piece ends.
        codecs.getincrementaldecoder(UTF_8)().decode(head, final=len(head) < _CHUNK)
    except UnicodeDecodeError:
        return False
    return True


def _is_windows_1251(head: bytes) -> bool:
    """Tell whether what is not ASCII reads as Russian words, and not better so in KOI8-R.

    In other encodings of one byte per character, read as this one, Latin letters stand beside
    Cyrillic ones (Western Europe's), marks stand inside words (DOS's), or capitals do (KOI8-R's).
    """
    words, common = _reading(head, "cp1251")
    if words is None:
        # The no-break space inside numbers is the same byte in all encodings of Windows.
        return set(head) - set(range(128)) == {0xA0}
    other_words, other_common = _reading(head, "koi8-r")
    is_other = (other_words or 0.0) >= _MOSTLY and other_common > common
    return words >= _MOSTLY and not is_other


def _reading(head: bytes, encoding: str) -> tuple[float | None, float]:
    """Give the share of Cyrillic letters in well-formed words, and of those that Russian likes."""
    text = head.decode(encoding, errors="replace")
    letters = _LETTER.findall(text)
    if not letters:
        return None, 0.0
    runs = [run for run in _RUN.findall(text.translate(_TYPOGRAPHY)) if len(run) > 1]
    words = sum(len(run) for run in runs if _WORD.fullmatch(run))
    common = sum(letter.casefold() in _COMMON for letter in letters)
    return words / len(letters), common / len(letters)


_TYPOGRAPHY = dict.fromkeys(map(ord, "\u00a0«»„“”‘’‚–—…№§°·•†‡‰±©®™€¤\u00ad"), " ")
