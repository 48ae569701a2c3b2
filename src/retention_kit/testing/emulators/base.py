"""What all emulators are: a local server, a clock, a log of requests and faults on demand."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import ClassVar, Self

from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import DefinitionError
from retention_kit.testing.emulators.acts import Act
from retention_kit.testing.emulators.faults import Faults
from retention_kit.testing.emulators.messages import Request, Response
from retention_kit.testing.emulators.request_log import RequestLog
from retention_kit.testing.emulators.serving import LocalServer


class Emulator:
    """A local HTTP server that keeps state and behaves as a vendor documents.

    A subclass says what it answers in `answer`, and how its routes are called in `route_of`. It
    serves from `start` to `stop`, or inside of a `with`. What it holds outlives a stop: started
    again, it has the same port, state and log.

    Args:
        clock: By which limits, dates and lifetimes are counted; the machine's unless given.
        limits: Whether the vendor's limits hold.
        seed: Of what is picked at random, as the requests that a fault meets.
        port: Where it listens on 127.0.0.1; a free one unless given.

    Attributes:
        NAME: What the command line calls it.
        clock: Its clock.
        limits: Whether the vendor's limits hold; may be changed at any time.
        lock: Held while it answers: hold it to read several things of its state as of one moment.
        requests: What it was asked.
        faults: What goes wrong.
        acts: What was really done, in order: one entry for each write that changed its state.
    """

    NAME: ClassVar[str] = ""

    def __init__(
        self, *, clock: Clock | None = None, limits: bool = True, seed: int = 0, port: int = 0
    ) -> None:
        self.clock: Clock = clock or SYSTEM_CLOCK
        self.limits = limits
        self.lock = threading.RLock()
        self.requests = RequestLog()
        self.faults = Faults(seed)
        self.acts: list[Act] = []
        self._port = port
        self._server: LocalServer | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end.

        Raises:
            DefinitionError: It was given no port and was never started.
        """
        if not self._port:
            raise DefinitionError(
                f"The emulator {self.NAME!r} has no address before it is started. "
                "Next step: call start(), or use it in a with statement."
            )
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Serve from now on; nothing happens if it does already.

        Raises:
            DefinitionError: The port is taken.
        """
        if self._server is None:
            self._server = LocalServer(
                port=self._port, respond=self._respond, route_of=self._named, faults=self.faults
            )
            self._port = self._server.port
        return self

    def stop(self) -> None:
        """Serve no more: connections are closed, and those that a fault holds are let go."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Response:
        """Answer one request; called with `lock` held. A subclass replaces it.

        What it raises comes to the client as a status 500 and is written to standard error.
        """
        return Response.json(
            {"error": "not_found", "path": request.path}, status=404, refusal="not_found"
        )

    def route_of(self, request: Request) -> str:
        """Name the route of a request, for the log and for faults; a subclass may replace it."""
        return f"{request.method} {request.path}"

    def populate(self, *, customers: int = 100, orders: int = 300, seed: int = 0) -> None:
        """Fill it with invented people and orders; a subclass that keeps any replaces it."""
        del customers, orders, seed

    def credentials(self) -> dict[str, str]:
        """Give what a client needs to speak with it, by the names of settings."""
        return {"url": self.url}

    def _named(self, request: Request) -> str:
        route = self.route_of(request)
        self.requests.asked(route)
        return route

    def _respond(self, request: Request) -> Response:
        with self.lock:
            response = self.answer(request)
        self.requests.answered(response.status, response.refusal)
        return response
