"""The HTTP server under every emulator: Werkzeug's, with connections that stay open, and faults."""

from __future__ import annotations

import contextlib
import io
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable
from http.client import responses
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from retention_kit.errors import MissingDependencyError, bad_parameter

try:
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
except ModuleNotFoundError:
    raise MissingDependencyError("werkzeug", "testing") from None

from retention_kit.testing.emulators.faults import Fault, Faults
from retention_kit.testing.emulators.messages import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST = "127.0.0.1"
IN_MEMORY = 4 * 2**20
"""Up to how many bytes a body is kept in memory."""
PIECE = 2**16
DRIP_PAUSE = 0.02
"""Seconds between two bytes of a drip, unless a fault says."""

_LOGIN_PAGE = "<!DOCTYPE html><html><title>Sign in</title><form><input name=login></form></html>"
_GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"
_INSTEAD = {
    "error_500": Response.json({"error": "INTERNAL_SERVER_ERROR"}, status=500),
    "error_502_html": Response.html(_GATEWAY_PAGE.format("502 Bad Gateway"), status=502),
    "error_503_html": Response.html(
        _GATEWAY_PAGE.format("503 Service Temporarily Unavailable"), status=503
    ),
    "html_200": Response.html(_LOGIN_PAGE, status=200),
}


class LocalServer:
    """A server on 127.0.0.1 that answers from its own threads, from now until it is stopped.

    Args:
        port: Where it listens; a free port where it is 0.
        respond: Answers a request.
        route_of: Names the route of a request; called once for each, before anything is done.
        faults: What goes wrong.

    Raises:
        DefinitionError: The port is taken.
    """

    def __init__(
        self,
        *,
        port: int,
        respond: Callable[[Request], Response],
        route_of: Callable[[Request], str],
        faults: Faults,
    ) -> None:
        self._respond = respond
        self._route_of = route_of
        self._faults = faults
        self._stopping = threading.Event()
        try:
            listener = socket.create_server((HOST, port), backlog=128)
        except OSError:
            raise bad_parameter(
                "port", got=port, allowed="a free port", step="take another, or 0 for any."
            ) from None
        with listener:
            self._server = _Server(HOST, port, self._application, _Handler, fd=listener.fileno())
        self.port = int(self._server.port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, close those that are open and wait for their threads."""
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.close_connections()

    def _application(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        request = _request(environ)
        fault = self._faults.pick(self._route_of(request))
        if fault is None:
            return _sent(self._respond(request), start_response)
        return self._faulty(fault, request, environ["werkzeug.socket"], start_response)

    def _faulty(
        self,
        fault: Fault,
        request: Request,
        connection: socket.socket,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        kind = fault.kind
        if kind in _INSTEAD:
            return _sent(_INSTEAD[kind], start_response)
        if kind == "stall_before":
            self._hold(connection, fault.seconds)
        if kind in {"drop_before", "stall_before"}:
            raise _HungUpError
        response = self._respond(request)
        if kind == "stall_after":
            self._hold(connection, fault.seconds)
        elif kind == "truncate":
            whole = _written(response)
            connection.sendall(whole[: len(whole) - (len(response.body) + 1) // 2])
        elif kind == "drip":
            pause = DRIP_PAUSE if fault.seconds is None else fault.seconds
            return self._drip(response, connection, pause)
        raise _HungUpError

    def _hold(self, connection: socket.socket, seconds: float | None) -> None:
        """Wait until the client closes its end, the server stops or the seconds have passed."""
        connection.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            if connection.recv(1, socket.MSG_PEEK):
                # The client sent something more and still waits.
                self._stopping.wait(seconds)

    def _drip(self, response: Response, connection: socket.socket, pause: float) -> Iterable[bytes]:
        for byte in _written(response):
            connection.sendall(bytes([byte]))
            if self._stopping.wait(pause):
                break
        raise _HungUpError


class _HungUpError(ConnectionError):
    """The server closes the connection without a word more."""


class _Server(ThreadedWSGIServer):
    """Knows its connections, so that it can close them when it stops."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._open: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()
        self._closed = False
        super().__init__(*arguments, **named)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        thread = threading.current_thread()
        with self._guard:
            closed = self._closed
            self._open[thread] = request
        try:
            if closed:
                self.shutdown_request(request)
            else:
                super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                del self._open[thread]

    def close_connections(self) -> None:
        with self._guard:
            self._closed = True
            threads = list(self._open)
            for connection in self._open.values():
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


class _Handler(WSGIRequestHandler):
    """Keeps a connection open for the next request, which Werkzeug's own handler never does.

    It can, because it reads each body to its end before it answers. An answer leaves in one piece.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = 65_536

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.environ = environ = self.make_environ()
        with _whole_body(environ) as body:
            environ["wsgi.input"] = body
            self._answer(environ)

    def _answer(self, environ: WSGIEnvironment) -> None:
        head: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            head.append(_head(status, headers))
            return self.wfile.write

        try:
            pieces = self.server.app(environ, start_response)
            self.wfile.write(b"".join((*head, *pieces)))
        except ConnectionError:
            self.close_connection = True
        except Exception:
            self.server.handle_error(self.connection, self.client_address)
            self.wfile.write(_written(_INSTEAD["error_500"]))

    def log(self, type: str, message: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing: the log of requests tells what was asked."""


def _whole_body(environ: WSGIEnvironment) -> BinaryIO:
    """Read a body to its end: into memory, or into a temporary file where it is long."""
    body = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        left = None
    else:
        left = int(environ.get("CONTENT_LENGTH") or 0)
        if left <= IN_MEMORY:
            return io.BytesIO(body.read(left) if left else b"")
    kept = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115
    while piece := body.read(PIECE if left is None else min(PIECE, left)):
        kept.write(piece)
        left = None if left is None else left - len(piece)
    kept.seek(0)
    return kept


def _request(environ: WSGIEnvironment) -> Request:
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    if "CONTENT_TYPE" in environ:
        headers["content-type"] = environ["CONTENT_TYPE"]
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin1").decode("utf-8", "replace"),
        query=environ["QUERY_STRING"],
        headers=headers,
        stream=environ["wsgi.input"],
        client=environ["REMOTE_ADDR"],
    )


def _sent(response: Response, start_response: StartResponse) -> Iterable[bytes]:
    status, headers = _status_and_headers(response)
    start_response(status, headers)
    return (response.body,)


def _written(response: Response) -> bytes:
    return _head(*_status_and_headers(response)) + response.body


def _status_and_headers(response: Response) -> tuple[str, list[tuple[str, str]]]:
    headers = [("Content-Type", response.content_type)] if response.content_type else []
    if response.status != 204:
        headers.append(("Content-Length", str(len(response.body))))
    headers.extend(response.headers)
    return str(response.status), headers


def _head(status: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} {responses.get(int(status), 'Status')}"]
    lines.extend(f"{name}: {value}" for name, value in headers)
    return "\r\n".join((*lines, "", "")).encode("latin1")
