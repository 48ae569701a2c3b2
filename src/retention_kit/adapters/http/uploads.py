"""Bodies that are made while they are sent, so that a large file never stands in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from retention_kit.errors import bad_parameter

_UNSAFE = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True, kw_only=True)
class Multipart:
    """A form with one file, `multipart/form-data`, sent piece by piece.

    Attributes:
        name: The form field of the file.
        filename: The file's name.
        chunks: Gives the file's content from its beginning, each time it is called; so a request
            that is repeated sends it again.
        size: How many bytes that is; where it is known, the request says its length, which some
            systems insist on.
        content_type: What the file is.
        fields: Further form fields.
        boundary: What stands between the parts.
    """

    name: str
    filename: str
    chunks: Callable[[], Iterable[bytes]] = field(repr=False)
    size: int | None = None
    content_type: str = "application/octet-stream"
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    def __post_init__(self) -> None:
        for parameter in ("content_type", "boundary"):
            if any(mark in getattr(self, parameter) for mark in "\r\n"):
                raise bad_parameter(parameter, got="a text with a line break", allowed="one line")

    @property
    def headers(self) -> dict[str, str]:
        """What the request must say of its body."""
        headers = {"content-type": f"multipart/form-data; boundary={self.boundary}"}
        if self.size is not None:
            edges = len(self._head()) + len(self._tail())
            headers["content-length"] = str(edges + self.size)
        return headers

    def __iter__(self) -> Iterator[bytes]:
        yield self._head()
        yield from self.chunks()
        yield self._tail()

    def _head(self) -> bytes:
        parts = [
            f"--{self.boundary}\r\n"
            f'Content-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
            for name, value in self.fields.items()
        ]
        parts.append(
            f"--{self.boundary}\r\n"
            f'Content-Disposition: form-data; name="{_quoted(self.name)}"; '
            f'filename="{_quoted(self.filename)}"\r\n'
            f"Content-Type: {self.content_type}\r\n\r\n"
        )
        return "".join(parts).encode()

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


def _quoted(name: str) -> str:
    return name.translate(_UNSAFE)
