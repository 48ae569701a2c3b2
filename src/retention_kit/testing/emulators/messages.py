"""What an emulator is asked and what it answers, apart from how it travels."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(eq=False)
class Request:
    """One request, which has come to its end.

    Attributes:
        method: The verb, in capitals.
        path: The path, decoded, without the query.
        query: The query as it was sent, without the question mark.
        headers: The headers by lower-case name.
        stream: The body as it was sent, from its beginning; long ones lie in a temporary file that
            lives until the answer has left.
        client: The address it came from.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: BinaryIO = field(default_factory=io.BytesIO)
    client: str = "127.0.0.1"

    @cached_property
    def body(self) -> bytes:
        """The whole body, in memory."""
        self.stream.seek(0)
        return self.stream.read()

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The parameters of the query, decoded, in order."""
        return parse_qsl(self.query, keep_blank_values=True)

    @cached_property
    def form_pairs(self) -> list[tuple[str, str]]:
        """The fields of a form that was sent as the body, decoded, in order."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case and without parameters; or nothing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Read the body as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.body)


@dataclass(frozen=True, eq=False)
class Response:
    """One answer.

    Attributes:
        status: The HTTP status.
        body: The body.
        content_type: Its media type; nothing where there is no body.
        headers: Further headers.
        refusal: The vendor's code of an error, by which `RequestLog.refused` counts it.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None

    @classmethod
    def json(
        cls,
        value: Any,
        *,
        status: int = 200,
        content_type: str = JSON_TYPE,
        headers: tuple[tuple[str, str], ...] = (),
        refusal: str | None = None,
    ) -> Response:
        """Answer with a value written as JSON."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return cls(status, body, content_type, headers, refusal)

    @classmethod
    def html(cls, text: str, *, status: int, refusal: str | None = None) -> Response:
        """Answer with a page, as gateways do."""
        return cls(status, text.encode(), HTML_TYPE, (), refusal)

    @classmethod
    def empty(cls, status: int = 204) -> Response:
        """Answer without a body."""
        return cls(status)
