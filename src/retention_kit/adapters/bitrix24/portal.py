"""A portal: one call, or up to fifty in one request, with its errors told apart."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from retention_kit.adapters.bitrix24.encoding import command
from retention_kit.adapters.bitrix24.envelope import code_of, error_of, php_map
from retention_kit.adapters.bitrix24.limits import OPERATING_BLOCK_SECONDS, limits_of
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.http.answers import Answer
from retention_kit.adapters.http.client import HttpClient
from retention_kit.adapters.http.rotation import RotatingTokens
from retention_kit.adapters.http.tokens import FileTokenStore, Tokens
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import AuthenticationError, ChannelError, RejectedError

MOST_COMMANDS: Final = 50
"""How many calls one `batch` may hold."""

_SHORTEST: Final = 6


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
    """

    def __init__(self, settings: Bitrix24Settings, context: AdapterContext) -> None:
        self._settings = settings
        self._clock = context.clock
        self._lock = threading.Lock()
        self._reset_at: dict[str, float] = {}
        self.limiter = context.limiter_for(settings.portal, limits_of(settings))
        secrets = [
            part
            for part in settings.base_url.split("/")[3:]
            if settings.webhook_url is not None and len(part) >= _SHORTEST
        ]
        self._client = HttpClient(
            settings.base_url,
            name="Bitrix24",
            auth=_tokens(settings, context) if settings.webhook_url is None else None,
            limiter=self.limiter,
            clock=context.clock,
            timeout=settings.timeout,
            secrets=secrets,
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
        return self._asked(method, params, changes=False)["result"]

    def read_list(self, method: str, params: Mapping[str, Any]) -> tuple[Any, int | None]:
        """Call a method that lists; give its `result`, and where the next page begins.

        Raises:
            ChannelError: As `HttpClient.read` raises them.
        """
        said = self._asked(method, params, changes=False)
        return said["result"], said.get("next")

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
        said, answer = self._answered("batch", {"halt": 0, "cmd": written}, changes=changes)
        parts = php_map(said["result"])
        values, errors = php_map(parts.get("result")), php_map(parts.get("result_error"))
        totals = php_map(parts.get("result_total"))
        self._note_times(commands, php_map(parts.get("result_time")))
        found = []
        for place, one in enumerate(commands):
            name = f"c{place}"
            if name in errors:
                problem = php_map(errors[name])
                found.append(
                    Result(
                        error=error_of(problem, answer, blocked_for=self._blocked_for(one.method)),
                        code=code_of(problem),
                    )
                )
            elif name in values:
                total = totals.get(name)
                found.append(Result(values[name], total=None if total is None else int(total)))
            else:
                missing = answer.unreadable(f"no result of {one.method}")
                found.append(Result(error=missing, code="no_answer"))
        return found

    def _asked(self, method: str, params: Mapping[str, Any], *, changes: bool) -> dict[str, Any]:
        return self._answered(method, params, changes=changes)[0]

    def _answered(
        self, method: str, params: Mapping[str, Any], *, changes: bool
    ) -> tuple[dict[str, Any], Answer]:
        ask = self._client.write if changes else self._client.read
        answer = ask("POST", method, json=params)
        said = answer.json(exact=True)
        if not isinstance(said, dict) or "result" not in said:
            raise answer.unreadable("no result")
        self._note_time(method, php_map(said.get("time")))
        return said, answer

    def _error_in(self, answer: Answer) -> Exception | None:
        """Find an error in an answer, whatever its status."""
        if answer.status in (301, 302, 303, 307, 308) or not answer.body.strip():
            return None
        if answer.status >= 400 and not answer.is_json:
            return None
        said = answer.json(exact=True)
        if not isinstance(said, dict) or "error" not in said:
            return None
        method = answer.url_shown.rsplit("/", 1)[-1]
        return error_of(said, answer, blocked_for=self._blocked_for(method))

    def _note_times(self, commands: Sequence[Command], times: Mapping[str, Any]) -> None:
        for place, one in enumerate(commands):
            self._note_time(one.method, php_map(times.get(f"c{place}")))

    def _note_time(self, method: str, time: Mapping[str, Any]) -> None:
        """Remember when a method's execution time begins anew, for when it will have run out."""
        if isinstance(at := time.get("operating_reset_at"), int | float):
            with self._lock:
                self._reset_at[method] = float(at)

    def _blocked_for(self, method: str) -> float:
        with self._lock:
            at = self._reset_at.get(method)
        if at is None or at <= self._clock.now():
            return OPERATING_BLOCK_SECONDS
        return at - self._clock.now() + 1.0


def _tokens(settings: Bitrix24Settings, context: AdapterContext) -> RotatingTokens:
    secret, refresh, folder = settings.client_secret, settings.refresh_token, settings.token_folder
    assert secret is not None
    assert refresh is not None
    assert folder is not None

    def renew(client: HttpClient, tokens: Tokens) -> Tokens:
        del client  # It is for the portal; tokens are renewed elsewhere.
        with HttpClient(
            settings.oauth_url,
            name="Bitrix24's OAuth server",
            clock=context.clock,
            timeout=settings.timeout,
            secrets=(secret.get_secret_value(), tokens.refresh, tokens.access),
        ) as server:
            try:
                # A renewal uses the refresh token up, so it is a change, and tried once.
                answer = server.write(
                    "GET",
                    "",
                    params={
                        "grant_type": "refresh_token",
                        "client_id": str(settings.client_id),
                        "client_secret": secret.get_secret_value(),
                        "refresh_token": tokens.refresh,
                    },
                )
            except RejectedError as refusal:
                raise _dead(refusal.code) from None
        said = answer.json()
        if not isinstance(said, dict) or not said.get("access_token"):
            raise _dead("no_tokens")
        lasts = float(said.get("expires_in", 3600))
        return Tokens(
            access=str(said["access_token"]),
            refresh=str(said["refresh_token"]),
            expires_at=context.clock.now() + lasts,
        )

    access = settings.access_token
    return RotatingTokens(
        FileTokenStore(folder),
        settings.portal,
        renew=renew,
        initial=Tokens(
            access="" if access is None else access.get_secret_value(),
            refresh=refresh.get_secret_value(),
        ),
        parameter="auth",
        # The vendor asks not to renew before a token is refused.
        early=0.0,
        clock=context.clock,
    )


def _dead(code: str) -> AuthenticationError:
    return AuthenticationError(
        f"Bitrix24's OAuth server does not renew the tokens ({code}). Next step: authorise the "
        "application anew, and give both tokens."
    )
