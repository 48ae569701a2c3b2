"""How an account is asked: who asks, how often, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from retention_kit.adapters.amocrm.settings import WINDOW, AmoCrmSettings
from retention_kit.adapters.http import (
    Answer,
    FileTokenStore,
    HttpClient,
    RotatingTokens,
    StaticToken,
    Tokens,
)
from retention_kit.adapters.http.client import Auth
from retention_kit.adapters.http.redaction import Hidden
from retention_kit.delivery.channels import AdapterContext
from retention_kit.delivery.limits import Limiter, MemoryLimitLedger, Window
from retention_kit.errors import (
    AuthenticationError,
    RateLimitedError,
    RejectedError,
    UnknownOutcomeError,
)

API: Final = "api/v4"
PAUSE: Final = 2.0
"""Seconds without any request after the answer that there were too many."""


_COUNTS: Final = MemoryLimitLedger()
"""What this process asks, by account: its sources and channels count together."""


class Account:
    """One account: asks it, and never again once it has banned us.

    Args:
        settings: How it is reached.
        context: The instance's name and the clock.
    """

    def __init__(self, settings: AmoCrmSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._clock = context.clock
        self._banned: AuthenticationError | None = None
        name, limits = f"amocrm {settings.host}", [Window(settings.requests_per_second, WINDOW)]
        self.limiter: Limiter = context.limiter_for(name, limits)
        here = Limiter(name, limits, clock=context.clock, ledger=_COUNTS)
        self._client = HttpClient(
            settings.base_url,
            name=context.instance,
            auth=self._auth(),
            limiter=_Both(here, self.limiter),
            clock=context.clock,
            timeout=settings.timeout,
            read_answer=self._read,
        )

    def get(self, path: str, params: Any = None) -> Any:
        """Read below `/api/v4`; None where there is nothing."""
        return self._asked(self._client.read, "GET", path, params=params)

    def post(self, path: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Make records; see `HttpClient.write` for what comes out."""
        return self._object(self._asked(self._client.write, "POST", path, json=items))

    def patch(self, path: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        """Change records to what they then are, however often."""
        return self._object(
            self._asked(self._client.write, "PATCH", path, json=items, repeatable=True)
        )

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _asked(self, call: Any, method: str, path: str, **given: Any) -> Any:
        if self._banned is not None:
            raise self._banned
        try:
            return call(method, f"{API}/{path}", **given).json()
        except AuthenticationError as problem:
            if isinstance(problem, _BannedError):
                self._banned = problem
            raise

    def _object(self, value: Any) -> dict[str, Any]:
        return value if isinstance(value, dict) else {}

    def _auth(self) -> Auth:
        settings = self._settings
        access = settings.access_token.get_secret_value() if settings.access_token else ""
        if settings.refresh_token is None or settings.token_folder is None:
            return StaticToken(access)
        return RotatingTokens(
            FileTokenStore(settings.token_folder),
            f"amocrm {settings.host} {settings.client_id}",
            renew=self._renewed,
            # Without an access token the first request would only be refused.
            initial=Tokens(
                access=access or "none",
                refresh=settings.refresh_token.get_secret_value(),
                expires_at=None if access else 0.0,
            ),
            clock=self._clock,
        )

    def _renewed(self, client: HttpClient, tokens: Tokens) -> Tokens:
        settings = self._settings
        secret = settings.client_secret
        # Hidden, since tracebacks may print local variables.
        asked = Hidden(
            client_id=settings.client_id,
            client_secret=secret.get_secret_value() if secret else "",
            grant_type="refresh_token",
            refresh_token=tokens.refresh,
            redirect_uri=settings.redirect_uri,
        )
        try:
            answer = client.write("POST", "oauth2/access_token", json=asked)
        except _BannedError:
            raise
        except (RejectedError, AuthenticationError):
            raise AuthenticationError(
                f"{settings.host} does not take the refresh token: it was used up, withdrawn, or "
                "not used for three months. Next step: authorise the integration anew, and give "
                "the new pair in the settings."
            ) from None
        told = answer.json()
        pair = Hidden(told if isinstance(told, dict) else {})
        del told
        if not pair.get("access_token"):
            raise answer.unreadable("no tokens")
        lasts = pair.get("expires_in")
        return Tokens(
            access=str(pair["access_token"]),
            refresh=str(pair.get("refresh_token") or ""),
            expires_at=answer.received_at + float(lasts) if lasts else None,
        )

    def _read(self, answer: Answer) -> Exception | None:
        said = f"{answer.method} {answer.url_shown} answered {answer.status}"
        if answer.status == 429:
            # No answer says how long; after too many of these the whole account is banned.
            wait = max(PAUSE, answer.retry_after or 0.0)
            return RateLimitedError(
                f"{said}: too many requests. Next step: go on later.", retry_after=wait
            )
        if answer.status == 403 and not answer.is_json:
            return _BannedError(
                f"{said}: {self._settings.host} has banned the integration or this machine. Next "
                "step: ask nothing more, and write to the vendor's support; nothing was done."
            )
        if answer.status == 402:
            return AuthenticationError(
                f"{said}: the account is not paid, or its tariff lacks this. Next step: pay, or "
                "leave it out."
            )
        if answer.status == 422 and f"{API}/customers" in answer.url_shown:
            return AuthenticationError(
                f"{said}: customers are switched off in the account. Next step: switch them on in "
                "its settings, or leave purchases out."
            )
        if answer.status == 504 and not answer.is_read:
            return TooHeavyError(
                f"{said}: the gateway gave up, and nobody knows whether it was carried out. Next "
                "step: look it up, and send less at once."
            )
        if answer.status == 400:
            return _refusal(said, answer)
        if 200 <= answer.status < 300:
            answer.json()
        return None


class TooHeavyError(UnknownOutcomeError):
    """A write was too much at once for the gateway."""


class _Both:
    """Waits for this process's count and for the journal's, which a channel's is moved to."""

    def __init__(self, *limiters: Limiter) -> None:
        self._limiters = limiters

    def acquire(self, group: str = "requests", *, cost: int = 1) -> None:
        for one in self._limiters:
            one.acquire(group, cost=cost)

    def hold(self, seconds: float, group: str = "requests") -> None:
        for one in self._limiters:
            one.hold(seconds, group)


class _BannedError(AuthenticationError):
    """Everything is refused until support lifts it."""


def _refusal(said: str, answer: Answer) -> RejectedError:
    """Read which items of an array are wrong, and how; the texts of values are left out."""
    told = answer.json() if answer.is_json else None
    found = told.get("validation-errors") if isinstance(told, Mapping) else None
    named: dict[str, str] = {}
    for one in found if isinstance(found, list) else ():
        if isinstance(one, Mapping) and one.get("request_id") is not None:
            named[str(one["request_id"])] = _reason(one.get("errors"))
    return RejectedError(
        f"{said}: it refuses the records. Next step: mend what the codes say.",
        code="validation" if named else "400",
        rejected=named,
    )


def _reason(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, Mapping):
        return "validation"
    return f"{first.get('code', 'validation')} {first.get('path', '')}".strip()[:200]
