"""The two addresses of the OAuth server: agreeing in a browser, and asking for tokens."""

from __future__ import annotations

from urllib.parse import urlencode

from retention_kit.testing.emulators.bitrix24.credentials import MEMBER, TokenServer
from retention_kit.testing.emulators.bitrix24.refusals import Refusal
from retention_kit.testing.emulators.messages import Request, Response


def token_page(
    route: str, request: Request, tokens: TokenServer, *, now: float, url: str
) -> Response:
    """Answer a request to the OAuth server, which here has the address of the portal.

    Args:
        route: The path, without slashes at its ends.
        request: What is asked, in the query or as a form.
        tokens: Hands tokens out.
        now: The instant, in seconds since 1970-01-01T00:00:00Z.
        url: Where the portal is.

    Raises:
        Refusal: With the OAuth server's code.
    """
    asked = {**dict(request.query_pairs), **dict(request.form_pairs if request.body else ())}
    if route == "oauth/token":
        return Response.json(tokens.exchange(asked, now, url=url))
    if route != "oauth/authorize":
        raise Refusal(404, "NOT_FOUND", "Not found")
    app = tokens.app
    if asked.get("client_id") != app.client_id:
        raise Refusal(400, "invalid_client", "Client is not known")
    back = {
        "code": tokens.code(now),
        "state": asked.get("state", ""),
        "domain": url.partition("//")[2],
        "member_id": MEMBER,
        "scope": app.scope,
        "server_domain": "oauth.emulator.example",
    }
    return Response(302, headers=(("Location", f"{app.redirect_url}?{urlencode(back)}"),))
