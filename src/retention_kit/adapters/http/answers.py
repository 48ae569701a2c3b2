"""What came back, and what its status means where an adapter knows no better."""

from __future__ import annotations

import email.utils
import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    RateLimitedError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)

_NOT_CARRIED_OUT = frozenset({408, 425})
_SLOW_DOWN = frozenset({420, 429})
_NO_ENTRY = frozenset({401, 403, 407})
_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Answer:
    """What an outside system answered.

    Attributes:
        status: The status.
        headers: The headers, names in small letters.
        body: The body, unpacked.
        method: How it was asked.
        url_shown: What was asked, fit to be shown: host and path, no secrets, no query.
        is_read: Whether it was asked by `HttpClient.read`: whether asking again does no harm.
        received_at: When it came, in seconds since 1970-01-01T00:00:00Z.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    method: str
    url_shown: str
    is_read: bool
    received_at: float

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")

    @property
    def is_json(self) -> bool:
        """Whether it says that it is JSON, of whatever kind: `application/hal+json`."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind.endswith(("/json", "+json"))

    def json(self, *, exact: bool = False) -> Any:
        """Read the body as JSON; None where there is no body.

        Args:
            exact: Numbers with a point become `Decimal`, as money should.

        Raises:
            RetryableError: It is none, as a gateway's HTML or half an answer, to a read.
            UnknownOutcomeError: The same to a write: nobody knows whether it was carried out.
        """
        return self._exact if exact else self._plain

    def unreadable(self, what: str) -> ChannelError:
        """Make the error for an answer that cannot be understood.

        Args:
            what: What is wrong with it, as the end of "… answered 200 and ".
        """
        said = f"{self.method} {self.url_shown} answered {self.status} and {what}"
        if self.is_read:
            return RetryableError(f"{said}. Next step: try later.")
        return UnknownOutcomeError(
            f"{said}: nobody knows whether it was carried out. Next step: look it up."
        )

    @property
    def retry_after(self) -> float | None:
        """How many seconds it asks to wait, by `Retry-After` in either form; None if it does not.

        A date in the past is 0. More than a day is a day: one slip of a gateway must not close an
        account for years, and who really means longer says so again.
        """
        said = self.headers.get("retry-after", "").strip()
        if said.isdecimal():
            seconds = float(said)
        else:
            try:
                until = email.utils.parsedate_to_datetime(said).timestamp()
            except (ValueError, TypeError, OverflowError):
                return None
            seconds = until - self.received_at
        return min(max(0.0, seconds), _LONGEST_WAIT) if math.isfinite(seconds) else None

    @functools.cached_property
    def _plain(self) -> Any:
        return self._read_json(float)

    @functools.cached_property
    def _exact(self) -> Any:
        return self._read_json(Decimal)

    def _read_json(self, parse_float: type[float] | type[Decimal]) -> Any:
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body, parse_float=parse_float)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "no content type")
            what = f"{len(self.body):,} bytes ({kind[:60]}) that are no JSON"
            raise self.unreadable(what) from None


def status_error(answer: Answer) -> ChannelError | None:
    """Say by its status alone what an answer means; None where it is a success.

    - 2xx: a success.
    - 429 and 420, and 503 with `Retry-After`: `RateLimitedError`; not carried out.
    - 408 and 425: `RetryableError`; not carried out.
    - 401, 403, 407, and redirects, which are never followed: `AuthenticationError`.
    - 5xx: to a read `RetryableError`, to a write `UnknownOutcomeError`: a gateway that gave up
      does not know what the system behind it did.
    - Any other: `RejectedError` with the status as its code.
    """
    status = answer.status
    said = f"{answer.method} {answer.url_shown} answered {status}"
    if 200 <= status < 300:
        return None
    if status in _SLOW_DOWN or (status == 503 and answer.retry_after is not None):
        return RateLimitedError(
            f"{said}: too many requests. Next step: go on later.", retry_after=answer.retry_after
        )
    if status in _NOT_CARRIED_OUT:
        return RetryableError(f"{said}: not carried out. Next step: try again.")
    if status in _NO_ENTRY:
        return AuthenticationError(
            f"{said}: the credentials are not accepted, or lack a right. Next step: renew them, or "
            "grant the right."
        )
    if 300 <= status < 400:
        return AuthenticationError(
            f"{said}, a redirect, and these are not followed. Next step: give the address that it "
            "leads to; or the credentials, if it leads to a login."
        )
    if status >= 500:
        return answer.unreadable("no more")
    return RejectedError(
        f"{said}: it refuses the request. Next step: mend what is sent.", code=str(status)
    )
