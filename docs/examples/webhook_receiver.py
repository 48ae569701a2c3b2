"""A web hook of an outside system, for any WSGI or ASGI server: it answers when all is kept."""

import asyncio

from retention_kit.delivery import JournalError, receive
from retention_kit.errors import AuthenticationError, DataError

LARGEST_BODY = 1_000_000


def status_of(channel, journal, headers, body):
    """Keep what was told, and give the HTTP status to answer with."""
    if len(body) > LARGEST_BODY:
        return 413
    try:
        receive(channel, journal, headers, body)
    except AuthenticationError:
        return 401
    except JournalError:
        # Whoever called is to call again.
        return 503
    except DataError:
        return 400
    return 204


def wsgi_application(channel, journal):
    """Make a WSGI application over a channel and a journal."""
    phrases = {
        204: "No Content",
        400: "Bad Request",
        401: "Unauthorized",
        413: "Content Too Large",
        503: "Service Unavailable",
    }

    def application(environ, start_response):
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith(("HTTP_", "CONTENT_")) and isinstance(value, str)
        }
        length = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_BODY + 1)
        status = status_of(channel, journal, headers, environ["wsgi.input"].read(length))
        kind = [] if status == 204 else [("Content-Type", "text/plain")]
        start_response(f"{status} {phrases[status]}", kind)
        return []

    return application


def asgi_application(channel, journal):
    """Make an ASGI application over a channel and a journal."""

    async def application(scope, receive_event, send):
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        body, more = b"", True
        while more and len(body) <= LARGEST_BODY:
            event = await receive_event()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        # The journal waits for the disk, and the server shall not wait for the journal.
        status = await asyncio.to_thread(status_of, channel, journal, headers, body)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return application
