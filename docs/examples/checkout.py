"""A minimal checkout service: what an order would earn and may spend, and what became of it."""

import dataclasses
import datetime as dt
import json
import socketserver
from decimal import Decimal
from urllib.parse import unquote
from wsgiref import simple_server

from retention_kit.errors import DataError, DefinitionError
from retention_kit.loyalty_rules import quote
from retention_kit.loyalty_rules.online.written import event_from_dict
from retention_kit.loyalty_rules.store import ConflictError

LARGEST_BODY = 1_000_000


def application(store, program, *, clock=lambda: dt.datetime.now(dt.UTC)):
    """Make the WSGI application over a store, a compiled programme and a clock."""

    def quoted(body):
        order = event_of("order", body)
        answer = quote(store.load(body["customer_id"]), order, program, spend=body.get("spend"))
        return answer.to_dict()

    def posted(kind, body):
        written = store.post(body["customer_id"], event_of(kind, body))
        return {
            "version": written.account.version,
            "entries": [entry.to_dict() for entry in written.entries],
        }

    def account_of(customer_id):
        account, now = store.load(customer_id), clock()
        return {
            "customer_id": customer_id,
            "version": account.version,
            "balances": list(map(dataclasses.asdict, account.balances(program, now))),
            "tier": dataclasses.asdict(account.tier(program, now)),
        }

    def event_of(kind, body):
        # A client that knows when it happened says so, and may then say it later, and again.
        return event_from_dict({"at": clock().isoformat(), **body["event"], "type": kind})

    def answered(method, path, read):
        match method, path.strip("/").split("/"):
            case "POST", ["quote"]:
                return quoted(read())
            case "POST", ["orders"]:
                return posted("order", read())
            case "POST", ["returns"]:
                return posted("return", read())
            case "GET", ["accounts", customer]:
                return account_of(json.loads(unquote(customer)))
        return None

    def serve(environ, start_response):
        path = environ.get("PATH_INFO", "").encode("latin-1").decode()
        headers = [("Content-Type", "application/json; charset=utf-8")]
        try:
            answer = answered(environ["REQUEST_METHOD"], path, lambda: body_of(environ))
            status = "404 Not Found" if answer is None else "200 OK"
        except ConflictError as problem:
            status, answer = "503 Service Unavailable", {"error": str(problem)}
            headers.append(("Retry-After", "0"))
        except (DataError, DefinitionError) as problem:
            status, answer = "422 Unprocessable Content", {"error": str(problem)}
        except (ValueError, KeyError, TypeError):
            status, answer = "400 Bad Request", {"error": "The request cannot be read."}
        text = json.dumps(answer, default=plain, ensure_ascii=False).encode()
        start_response(status, [*headers, ("Content-Length", str(len(text)))])
        return [text]

    return serve


def body_of(environ):
    """Read the JSON of a request, in which numbers with a point are exact."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= LARGEST_BODY:
        raise ValueError
    body = json.loads(environ["wsgi.input"].read(length), parse_float=Decimal)
    if not isinstance(body, dict) or not isinstance(body.get("event"), dict):
        raise TypeError
    return body


def plain(value):
    """Write what JSON has not: instants in ISO 8601, money as a text."""
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    """Answers each request in a thread of its own."""

    daemon_threads = True
    request_queue_size = 128


class QuietHandler(simple_server.WSGIRequestHandler):
    """Writes nothing about each request."""

    def log_message(self, *_):
        """Leave out the line of the log."""


def make_server(store, program, *, port=0, **settings):
    """Make a server on a port of this machine; 0 is any that is free."""
    return simple_server.make_server(
        "127.0.0.1", port, application(store, program, **settings), Server, QuietHandler
    )
