"""The file of a multipart request, read as it comes: never the whole of it at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from retention_kit.testing.emulators.yandex_audience.refusals import Refusal, missing, wrong

PIECE = 262_144


def uploaded_lines(stream: BinaryIO, content_type: str, *, most_bytes: int) -> Iterator[str]:
    """Give the lines of the one file of a request, without their ends.

    The text is UTF-8, with or without a byte order mark, or Windows-1251.

    Args:
        stream: The request's body.
        content_type: Its header, which names the boundary.
        most_bytes: The largest file that is taken.

    Raises:
        Refusal: The body is no form, holds no part `file` or another besides, or is too large.
    """
    rest, first = b"", True
    for piece in _file_pieces(stream, content_type, most_bytes):
        lines, newline, tail = piece.rpartition(b"\n")
        if not newline:
            rest += piece
            continue
        text = _decoded(rest + lines)
        rest = tail
        yield from (text.removeprefix("\ufeff") if first else text).split("\n")
        first = False
    if rest:
        text = _decoded(rest)
        yield text.removeprefix("\ufeff") if first else text


def _file_pieces(stream: BinaryIO, content_type: str, most_bytes: int) -> Iterator[bytes]:
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise wrong("The request must be multipart/form-data")
    decoder = MultipartDecoder(options["boundary"].encode("latin1", "replace"))
    files, size, in_file = 0, 0, False
    while True:
        try:
            event = decoder.next_event()
            if isinstance(event, NeedData):
                decoder.receive_data(stream.read(PIECE) or None)
                continue
        except ValueError:
            raise wrong("The form is broken off or malformed") from None
        if isinstance(event, Epilogue):
            break
        if isinstance(event, File | Field):
            in_file = event.name == "file"
            files += in_file
            if files > 1:
                raise wrong("The form must hold one file", location="file")
        elif isinstance(event, Data) and in_file:
            size += len(event.data)
            if size > most_bytes:
                raise Refusal(413, "invalid_parameter", "The file is too large", location="file")
            yield event.data
    if not files:
        raise missing("file")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")
