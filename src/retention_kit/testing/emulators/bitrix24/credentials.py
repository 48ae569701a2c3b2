"""Who may call: an incoming webhook by its path, or an application by OAuth tokens that rotate."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from retention_kit.testing.emulators.bitrix24.refusals import Refusal

CODE_SECONDS = 30
ACCESS_SECONDS = 3_600
REFRESH_SECONDS = 180 * 86_400
MEMBER = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Bitrix24App:
    """A local application that was registered on the portal.

    Attributes:
        client_id: Its public name.
        client_secret: Its secret.
        redirect_url: Where the browser is sent with a code.
        scope: What it may call, separated by commas.
    """

    client_id: str = "local.emulated.app"
    client_secret: str = "not-a-real-client-secret"
    redirect_url: str = "https://app.example.com/bitrix24"
    scope: str = "crm,sale,user"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls.

    Attributes:
        name: By whom execution time is counted.
        scopes: What the caller may call.
        oauth: Whether an application calls, and no webhook.
    """

    name: str
    scopes: frozenset[str]
    oauth: bool


class TokenServer:
    """Hands out tokens, renews them and says whose they are.

    Each renewal gives a new refresh token. Whether the old one dies at once is not documented: here
    it does, unless `old_refresh_token_dies` is false.

    Args:
        app: The application.
        user: As whom it acts.
        old_refresh_token_dies: Whether a refresh token can be used only once.
    """

    def __init__(self, app: Bitrix24App, *, user: int, old_refresh_token_dies: bool) -> None:
        self.app = app
        self._user = user
        self._dies = old_refresh_token_dies
        self._made = 0
        self._codes: dict[str, float] = {}
        self._access: dict[str, float] = {}
        self._refresh: dict[str, float] = {}

    def code(self, now: float) -> str:
        """Make a code that a browser brings back, good for thirty seconds and one use."""
        code = self._invent("code")
        self._codes[code] = now + CODE_SECONDS
        return code

    def issue(self, now: float, *, url: str) -> dict[str, Any]:
        """Make a pair of tokens and give the answer that carries them.

        Args:
            now: The instant, in seconds since 1970-01-01T00:00:00Z.
            url: Where the portal is.
        """
        access, refresh = self._invent("access"), self._invent("refresh")
        self._access[access] = now + ACCESS_SECONDS
        self._refresh[refresh] = now + REFRESH_SECONDS
        return {
            "access_token": access,
            "expires": int(now) + ACCESS_SECONDS,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": refresh,
            "client_endpoint": f"{url}/rest/",
            "server_endpoint": f"{url}/oauth/rest/",
            "domain": "oauth.emulator.example",
            "member_id": MEMBER,
            "scope": self.app.scope,
            "status": "L",
            "user_id": self._user,
        }

    def exchange(self, asked: dict[str, Any], now: float, *, url: str) -> dict[str, Any]:
        """Answer a request for tokens.

        The codes are documented; their statuses are not, and 400 and 401 are a guess.

        Raises:
            Refusal: With the OAuth server's code.
        """
        if (asked.get("client_id"), asked.get("client_secret")) != (
            self.app.client_id,
            self.app.client_secret,
        ):
            raise Refusal(401, "invalid_client", "Client is not known or its secret is wrong")
        grant = asked.get("grant_type")
        if grant == "authorization_code":
            until = self._codes.pop(str(asked.get("code")), 0.0)
        elif grant == "refresh_token":
            token = str(asked.get("refresh_token"))
            until = self._refresh.get(token, 0.0)
            if self._dies:
                self._refresh.pop(token, None)
        else:
            raise Refusal(400, "invalid_request", "Grant type is missing or not known")
        if now >= until:
            raise Refusal(400, "invalid_grant", "The code or the refresh token is not valid")
        return self.issue(now, url=url)

    def check(self, token: str, now: float) -> Caller:
        """Tell whose an access token is, or refuse it as expired or unknown."""
        until = self._access.get(token)
        if until is None:
            raise Refusal(401, "invalid_token", "Unable to get application by token")
        if now >= until:
            raise Refusal(401, "expired_token", "The access token provided has expired.")
        return Caller(self.app.client_id, frozenset(self.app.scope.split(",")), oauth=True)

    def expire(self) -> None:
        """Let every access token be expired; refresh tokens stay good."""
        self._access = dict.fromkeys(self._access, 0.0)

    def revoke(self) -> None:
        """Forget every code and token, as when the application is removed."""
        for kept in (self._codes, self._access, self._refresh):
            kept.clear()

    def _invent(self, kind: str) -> str:
        self._made += 1
        noise = hashlib.sha256(f"{self.app.client_id} {kind} {self._made}".encode()).hexdigest()
        return f"emulated-{kind}-{self._made}-{noise[:16]}"
