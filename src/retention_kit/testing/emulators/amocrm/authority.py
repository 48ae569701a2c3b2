"""Who may call: the code flow, refresh tokens that serve once, and tokens of long life.

Sure: the flow, the lifetimes, and that a refresh token serves once. Not sure: the status and the
texts with which a dead one is refused; `refused_refresh_status` chooses between 400 and 401.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from retention_kit.testing.emulators.amocrm.refusals import Refusal
from retention_kit.testing.emulators.amocrm.world import ACCOUNT_ID, Row

ACCESS_SECONDS = 86_400
CODE_SECONDS = 1_200
REFRESH_SECONDS = 90 * 86_400
_PROBLEM = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"


@dataclass(frozen=True, slots=True)
class Integration:
    """An integration that the account's administrator installed.

    Attributes:
        client_id: Its id.
        client_secret: Its secret.
        redirect_uri: Its registered address of return.
    """

    client_id: str
    client_secret: str
    redirect_uri: str


class Authority:
    """Issues and checks tokens.

    Args:
        now: Tells the Unix seconds.
        random: Draws what tokens end in.
        refused_refresh_status: The status for a dead refresh token.
    """

    def __init__(
        self, now: Callable[[], float], random: Random, *, refused_refresh_status: int
    ) -> None:
        self._now = now
        self._random = random
        self._refused = refused_refresh_status
        self.integrations: dict[str, Integration] = {}
        self._codes: dict[str, tuple[str, float]] = {}
        self._access: dict[str, tuple[str, float, bool]] = {}
        self._refresh: dict[str, tuple[str, float]] = {}

    def code(self, client_id: str) -> str:
        """Give a code as the browser brings it back: for 20 minutes and one exchange."""
        code = f"emulated-code-{self._ending()}"
        self._codes[code] = (client_id, self._now() + CODE_SECONDS)
        return code

    def issue(self, client_id: str) -> Row:
        """Give a new pair of tokens, as the token endpoint answers."""
        now = self._now()
        access = self._token(client_id, now, now + ACCESS_SECONDS)
        refresh = f"def502-emulated-{self._ending()}"
        self._access[access] = (client_id, now + ACCESS_SECONDS, False)
        self._refresh[refresh] = (client_id, now + REFRESH_SECONDS)
        return {
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "server_time": int(now),
            "access_token": access,
            "refresh_token": refresh,
        }

    def long_lived(self, client_id: str, seconds: float) -> str:
        """Give a token of long life, which nothing renews."""
        now = self._now()
        token = self._token(client_id, now, now + seconds)
        self._access[token] = (client_id, now + seconds, True)
        return token

    def exchange(self, body: object) -> Row:
        """Answer the token endpoint.

        Raises:
            Refusal: Something is missing or wrong, or the code or refresh token is dead.
        """
        given: Mapping[str, Any] = body if isinstance(body, dict) else {}
        names = ("client_id", "client_secret", "grant_type", "redirect_uri")
        for name in names:
            if not isinstance(given.get(name), str) or not given[name]:
                raise _refusal(400, f"Check the `{name}` parameter")
        integration = self.integrations.get(given["client_id"])
        if integration is None or integration.client_secret != given["client_secret"]:
            raise _refusal(401, "Client authentication failed")
        if integration.redirect_uri != given["redirect_uri"]:
            raise _refusal(400, "Redirect URI does not match the registered one")
        client_id = integration.client_id
        if given["grant_type"] == "authorization_code":
            owner, until = self._codes.pop(str(given.get("code")), ("", 0.0))
            if owner != client_id or until <= self._now():
                raise _refusal(400, "Authorization code has expired or was used")
        elif given["grant_type"] == "refresh_token":
            owner, until = self._refresh.pop(str(given.get("refresh_token")), ("", 0.0))
            if owner != client_id or until <= self._now():
                raise _refusal(self._refused, "Token has been revoked")
            self._forget(client_id)
        else:
            raise _refusal(400, "Check the `grant_type` parameter")
        return self.issue(client_id)

    def caller(self, authorization: str) -> str:
        """Give the integration that a header names.

        Raises:
            Refusal: The header is no Bearer, or its token unknown, expired or revoked.
        """
        kind, _, token = authorization.partition(" ")
        client_id, until, _ = self._access.get(token.strip(), ("", 0.0, False))
        if kind.lower() != "bearer" or not client_id or until <= self._now():
            raise Refusal(401, "Invalid or expired access token.")
        return client_id

    def expire(self) -> None:
        """Let every access token that can be renewed run out."""
        now = self._now()
        for token, (client_id, _, long_lived) in list(self._access.items()):
            if not long_lived:
                self._access[token] = (client_id, now, False)

    def revoke(self) -> None:
        """Withdraw every token and code, as when the integration is switched off."""
        for tokens in (self._codes, self._access, self._refresh):
            tokens.clear()

    def _forget(self, client_id: str) -> None:
        """Drop access tokens that ran out, so that a long run does not gather them."""
        for token, (owner, until, _) in list(self._access.items()):
            if owner == client_id and until <= self._now():
                del self._access[token]

    def _token(self, client_id: str, now: float, until: float) -> str:
        payload = {
            "aud": client_id,
            "jti": self._ending(),
            "iat": int(now),
            "exp": int(until),
            "account_id": ACCOUNT_ID,
            "scopes": ["crm"],
        }
        head = {"typ": "JWT", "alg": "none"}
        return ".".join((*(_encoded(part) for part in (head, payload)), "emulated-no-signature"))

    def _ending(self) -> str:
        return f"{self._random.getrandbits(96):024x}"


def _encoded(part: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _refusal(status: int, hint: str) -> Refusal:
    return Refusal(
        status,
        "В запросе отсутствует ряд параметров или параметры невалидны",  # noqa: RUF001
        hint=hint,
        title="Некорректный запрос",
        type=_PROBLEM,
    )
