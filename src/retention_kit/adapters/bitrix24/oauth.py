"""Tokens of an application: renewed where the portal refuses them, kept before they are used."""

from __future__ import annotations

from typing import Any

from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.adapters.http.answers import Answer
from retention_kit.adapters.http.client import HttpClient
from retention_kit.adapters.http.rotation import RotatingTokens
from retention_kit.adapters.http.tokens import FileTokenStore, Tokens
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import AuthenticationError


def tokens_of(settings: Bitrix24Settings, context: AdapterContext) -> RotatingTokens:
    """Give what the requests of an application carry.

    The vendor asks not to renew by the clock, so a pair is renewed only where a request was refused
    for it.

    Args:
        settings: With `rest_url`, which has all of an application.
        context: The clock.
    """
    secret, refresh, folder = settings.client_secret, settings.refresh_token, settings.token_folder
    assert secret is not None
    assert refresh is not None
    assert folder is not None

    def renew(client: HttpClient, tokens: Tokens) -> Tokens:
        del client  # It is for the portal; tokens are renewed elsewhere.
        with HttpClient(
            settings.oauth_url,
            name="the OAuth server of the setting 'oauth_url'",
            clock=context.clock,
            timeout=settings.timeout,
            secrets=(secret.get_secret_value(), tokens.refresh, tokens.access),
            read_answer=_refusal_in,
        ) as server:
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
        said = answer.json()
        if not isinstance(said, dict) or not said.get("access_token"):
            raise _dead("no tokens in its answer")
        # Without the instant of their end: whether they hold is for the portal to say.
        return Tokens(
            access=str(said["access_token"]), refresh=str(said.get("refresh_token") or "")
        )

    access = settings.access_token
    return RotatingTokens(
        FileTokenStore(folder),
        # One folder may hold the tokens of several applications of a portal.
        f"{settings.portal} {settings.client_id}",
        renew=renew,
        initial=Tokens(
            access="" if access is None else access.get_secret_value(),
            refresh=refresh.get_secret_value(),
        ),
        parameter="auth",
        clock=context.clock,
    )


def _refusal_in(answer: Answer) -> Exception | None:
    """Find why tokens are not renewed; only a refusal in so many words means that they are dead."""
    if answer.status >= 500 or not answer.body.lstrip().startswith(b"{"):
        return None
    said: Any = answer.json()
    code = said.get("error") if isinstance(said, dict) else None
    if not code and answer.status < 400:
        return None
    return _dead(str(code or answer.status).lower()[:60])


def _dead(code: str) -> AuthenticationError:
    return AuthenticationError(
        f"Bitrix24's OAuth server does not renew the tokens ({code}). Next step: authorise the "
        "application anew and give both tokens; or see that client_id and client_secret are right."
    )
