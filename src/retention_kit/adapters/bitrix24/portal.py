"""A portal: one call, or up to fifty in one request, with its errors told apart."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from retention_kit.adapters.bitrix24.encoding import command
from retention_kit.adapters.bitrix24.envelope import (
    MethodBlockedError,
    code_of,
    error_of,
    php_map,
)
from retention_kit.adapters.bitrix24.limits import OPERATING_BLOCK_SECONDS, limits_of
from retention_kit.adapters.bitrix24.oauth import tokens_of
from retention_kit.adapters.bitrix24.pace import Pace
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.http.answers import Answer
from retention_kit.adapters.http.client import HttpClient
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import AuthenticationError, ChannelError

_NOT_OURS: Final = frozenset({400, 404, 405, 406, 410, 415})
"""Statuses that, without a word of Bitrix24's, come from a server that is no portal."""


@dataclass(frozen=True)
class Command:
    """One call of a batch.

    Attributes:
        method: The method.
        params: What it is called with; may speak of earlier results of the batch: `$result[0][id]`.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Result:
    """What became of one call of a batch.

    Attributes:
        value: What it gave; None where it failed.
        error: Why it failed; None where it did not.
        code: What the portal calls the error, in small letters.
        total: How many rows there are in all, where it is a list that counts.
    """

    value: Any = field(default=None, repr=False)
    error: ChannelError | None = None
    code: str = ""
    total: int | None = None


class Portal:
    """Calls the methods of one portal. May be shared by threads; close it.

    Args:
        settings: How it is reached.
        context: The clock, and what its requests wait for.

    Attributes:
        limiter: What its requests wait for.
        pace: How many calls that change something go in one request.
    """

    def __init__(self, settings: Bitrix24Settings, context: AdapterContext) -> None:
        self._settings = settings
        self._clock = context.clock
        self._lock = threading.Lock()
        self.pace = Pace()
        self._reset_at: dict[str, float] = {}
        self.limiter = context.limiter_for(settings.portal, limits_of(settings))
        is_webhook = settings.webhook_url is not None
        self._client = HttpClient(
            settings.base_url,
            name=f"the portal of the setting {settings.way_in!r}",
            auth=None if is_webhook else tokens_of(settings, context),
            limiter=self.limiter,
            clock=context.clock,
            timeout=settings.timeout,
            secrets=[settings.base_url.rstrip("/").rpartition("/")[2]] if is_webhook else (),
            read_answer=self._error_in,
        )

    def __repr__(self) -> str:
        return f"Portal({self._settings.portal!r})"

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def read(self, method: str, params: Mapping[str, Any]) -> Any:
        """Call a method that changes nothing, and give its `result`.

        Raises:
            ChannelError: As `HttpClient.read` raises them.
        """
        return self._answered(method, params, changes=False)[0]["result"]

    def batch(self, commands: Sequence[Command], *, changes: bool) -> list[Result]:
        """Make up to fifty calls in one request.

        Args:
            commands: The calls, in order.
            changes: Whether any of them changes something.

        Returns:
            What became of each, in order. A call of which the portal says nothing failed with
            the code `no_answer`.

        Raises:
            ChannelError: The request as a whole failed.
        """
        written = {
            f"c{place}": command(one.method, one.params) for place, one in enumerate(commands)
        }
        began = self._clock.now()
        try:
            said, answer = self._answered("batch", {"halt": 0, "cmd": written}, changes=changes)
        finally:
            if changes:
                self.pace.took(len(commands), self._clock.now() - began)
        parts = php_map(said["result"])
        values, errors = php_map(parts.get("result")), php_map(parts.get("result_error"))
        totals = php_map(parts.get("result_total"))
        self._note_times(commands, php_map(parts.get("result_time")))
        found = []
        for place, one in enumerate(commands):
            name = f"c{place}"
            if name in errors:
                problem = php_map(errors[name])
                error = error_of(problem, answer, blocked_for=self._blocked_for(one.method))
                if isinstance(error, MethodBlockedError):
                    error = error.as_limit()
                found.append(Result(error=error, code=code_of(problem)))
            elif name in values:
                total = totals.get(name)
                found.append(Result(values[name], total=None if total is None else int(total)))
            else:
                missing = answer.unreadable(f"no result of {one.method}")
                found.append(Result(error=missing, code="no_answer"))
        return found

    def _answered(
        self, method: str, params: Mapping[str, Any], *, changes: bool
    ) -> tuple[dict[str, Any], Answer]:
        ask = self._client.write if changes else self._client.read
        try:
            answer = ask("POST", method, json=params)
        except MethodBlockedError as blocked:
            raise blocked.as_limit() from None
        said = answer.json(exact=True)
        if not isinstance(said, dict) or "result" not in said:
            raise answer.unreadable("no result")
        self._note_time(method, php_map(said.get("time")))
        return said, answer

    def _error_in(self, answer: Answer) -> Exception | None:
        """Find an error in an answer, whatever its status."""
        text = answer.body.lstrip()
        if answer.status >= 300 and not text.startswith(b"{"):
            return self._not_ours(answer) if answer.status in _NOT_OURS else None
        if not text:
            return None
        said = answer.json(exact=True)
        if not isinstance(said, dict) or "error" not in said:
            return None
        method = answer.url_shown.rsplit("/", 1)[-1]
        return error_of(said, answer, blocked_for=self._blocked_for(method))

    def _not_ours(self, answer: Answer) -> AuthenticationError:
        """Say that somebody else answers there: no row of a batch is to blame for that."""
        return AuthenticationError(
            f"{answer.method} {answer.url_shown} answered {answer.status} without a word of "
            f"Bitrix24's. Next step: look up {self._settings.way_in}: this is no portal, or its "
            "REST is switched off."
        )

    def _note_times(self, commands: Sequence[Command], times: Mapping[str, Any]) -> None:
        for place, one in enumerate(commands):
            self._note_time(one.method, php_map(times.get(f"c{place}")))

    def _note_time(self, method: str, time: Mapping[str, Any]) -> None:
        """Remember when a method's execution time begins anew, for when it will have run out."""
        if isinstance(at := time.get("operating_reset_at"), int | float | Decimal):
            with self._lock:
                self._reset_at[method] = float(at)

    def _blocked_for(self, method: str) -> float:
        with self._lock:
            at = self._reset_at.get(method)
        if at is None or at <= self._clock.now():
            return OPERATING_BLOCK_SECONDS
        return at - self._clock.now() + 1.0
