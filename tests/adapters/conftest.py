"""A local HTTP server that does what a test tells it to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Asked:
    """A request as it came."""

    def __init__(self, handler):
        self.method = handler.command
        self.target = handler.path
        self.path, _, self.query = handler.path.partition("?")
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.body = _body_of(handler)

    def json(self):
        return json.loads(self.body)


def _body_of(handler):
    if handler.headers.get("transfer-encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("content-length") or 0))
    pieces = []
    while size := int(handler.rfile.readline(), 16):
        pieces.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(pieces)


class ScriptedServer:
    """Answers with what stands in `replies`, in order, and then with 200 and `{}`.

    A reply is `(status, headers, body)`, where a body that is no bytes is sent as JSON; or a
    function that is given the handler and the request and does as it likes.
    """

    def __init__(self):
        self.replies = []
        self.asked = []
        self.answering = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                asked = Asked(self)
                server.asked.append(asked)
                reply = server.replies.pop(0) if server.replies else (200, {}, {})
                if server.answering is not None:
                    reply = server.answering(asked)
                if callable(reply):
                    reply(self, asked)
                else:
                    respond(self, *reply)

            def log_message(self, *args):
                pass

        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def reset(self):
        self.replies, self.asked, self.answering = [], [], None
        return self

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def respond(handler, status, headers, body):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"content-type": "application/json", **headers}.items():
        handler.send_header(name, value)
    if status != 204:
        handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    if status != 204:
        handler.wfile.write(data)


def hang_up(handler, asked):
    """Close the connection with nothing said, the request having been read."""
    handler.close_connection = True


@pytest.fixture(scope="session")
def _scripted_server():
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def scripted(_scripted_server):
    """The server, with nothing told to it yet."""
    return _scripted_server.reset()


@pytest.fixture
def drops():
    """A reply that is none: the connection is closed after the request was read."""
    return hang_up
