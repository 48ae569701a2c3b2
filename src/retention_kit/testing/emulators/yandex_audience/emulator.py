"""The Yandex Audience emulator: what a request goes through before a method serves it."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, ClassVar

from retention_kit.delivery.clocks import Clock
from retention_kit.errors import bad_parameter
from retention_kit.testing.emulators.base import Emulator
from retention_kit.testing.emulators.messages import Request, Response
from retention_kit.testing.emulators.people import invented_people
from retention_kit.testing.emulators.yandex_audience.desk import Desk
from retention_kit.testing.emulators.yandex_audience.digests import Digests
from retention_kit.testing.emulators.yandex_audience.quotas import Quotas
from retention_kit.testing.emulators.yandex_audience.refusals import Refusal, not_found
from retention_kit.testing.emulators.yandex_audience.routes import (
    BASE,
    is_segment_write,
    route_name,
)
from retention_kit.testing.emulators.yandex_audience.segments import IN_WORK, Segment

GIGABYTE = 1_073_741_824


class YandexAudienceEmulator(Emulator):
    """Yandex Audience on this machine: the management API, version 1.

    Uncertain, and to be chosen: `count_confirm`, `few_data_can_change`. Uncertain and fixed: the
    error types of answers 429 and the texts of refusals; that a segment is listed before it is
    confirmed; that `offset` counts from 0.

    Args:
        clock: By which quotas, dates and processing are counted.
        limits: Whether the quotas hold.
        seed: Of what is picked at random.
        port: Where it listens.
        access_token: The token that may do everything.
        read_only_token: A token without the scope for writes.
        login: The login that both belong to.
        represented: Logins that it may act for, with `ulogin`.
        other_logins: Logins that exist besides, for grants.
        processing_polls: How many lists of segments a segment's work takes: the last one finds it
            done. With 0 it is done at once.
        processing_seconds: How many seconds it takes instead; lists do not count then.
        match_share: Which share of the people is recognised, from 0 to 1.
        few_data_can_change: Whether a segment of too few records takes changes.
        count_confirm: Whether a confirmation counts as a write of a segment.
        most_bytes: The largest file that is taken.
    """

    NAME: ClassVar[str] = "yandex_audience"

    def __init__(  # noqa: PLR0913
        self,
        *,
        clock: Clock | None = None,
        limits: bool = True,
        seed: int = 0,
        port: int = 0,
        access_token: str = "emulated-audience-token",
        read_only_token: str = "emulated-audience-token-for-reading",
        login: str = "emulated-login",
        represented: Iterable[str] = (),
        other_logins: Iterable[str] = ("emulated-guest",),
        processing_polls: int = 2,
        processing_seconds: float | None = None,
        match_share: float = 0.7,
        few_data_can_change: bool = True,
        count_confirm: bool = True,
        most_bytes: int = GIGABYTE,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed, port=port)
        if not 0 <= match_share <= 1:
            raise bad_parameter("match_share", got=match_share, allowed="0 to 1")
        self.access_token = access_token
        self.login = login
        self._read_only_token = read_only_token
        self._revoked: set[str] = set()
        self._represented = frozenset(represented)
        self._count_confirm = count_confirm
        self._quotas = Quotas(self.clock.now, self.requests.counted)
        self._desk = Desk(
            clock=self.clock,
            acts=self.acts,
            logins={login, *self._represented, *other_logins},
            represented=self._represented,
            polls=processing_polls,
            seconds=processing_seconds,
            match_share=match_share,
            few_data_can_change=few_data_can_change,
            most_bytes=most_bytes,
        )

    @property
    def base_url(self) -> str:
        """What the paths of the methods stand below."""
        return f"{self.url}{BASE.rstrip('/')}"

    @property
    def segments(self) -> dict[int, Segment]:
        """Segments by id."""
        return self._desk.segments

    @property
    def pixels(self) -> dict[int, dict[str, Any]]:
        """Pixels by id, deleted ones among them."""
        return self._desk.sharing.pixels

    @property
    def empty_hashes(self) -> int:
        """How many times a file held the hash of nothing.

        The vendor does not tell, and an integration must never send it.
        """
        return self._desk.empty_hashes

    def revoke(self) -> None:
        """Withdraw both tokens."""
        self._revoked |= {self.access_token, self._read_only_token}

    def issue_token(self) -> str:
        """Give a new token that may do everything, in place of the one before."""
        self._revoked.add(self.access_token)
        self.access_token = f"emulated-audience-token-{self._desk.new_id()}"
        return self.access_token

    def fail_processing(self) -> None:
        """Let the next work on a segment that begins end as `processing_failed`."""
        with self.lock:
            self._desk.fail_next = True

    def finish_processing(self) -> None:
        """Bring the work on all segments to its end now."""
        with self.lock:
            for segment in self.segments.values():
                if segment.status in IN_WORK:
                    self._desk.finish(segment)

    def populate(self, *, customers: int = 100, orders: int = 300, seed: int = 0) -> None:
        """Add a processed segment of invented people; nobody's orders are known here."""
        del orders
        people = invented_people(customers, seed=seed)
        values = {
            "phone": [person.phone.removeprefix("+") for person in people],
            "email": [person.email for person in people],
        }
        with self.lock:
            segment = self._desk.new_segment("uploading", self.login, "Invented people")
            segment.source, segment.content_type = "csv", "crm"
            segment.form, segment.hashed, segment.rows = "sha256", True, len(people)
            segment.values = {
                name: Digests(b"".join(sha256(one.encode()).digest() for one in column))
                for name, column in values.items()
            }
            self._desk.finish(segment)

    def credentials(self) -> dict[str, str]:
        """Give what a client needs to speak with it."""
        return {"url": self.url, "base_url": self.base_url, "access_token": self.access_token}

    def route_of(self, request: Request) -> str:
        """Name a route, as `POST segment/{id}/confirm`."""
        return route_name(request.method, request.path)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return Response.json(self._answer(request))
        except Refusal as refusal:
            return Response.json(refusal.body, status=refusal.status, refusal=refusal.error_type)

    def _answer(self, request: Request) -> Any:
        group = "client_read" if request.method == "GET" else "client_write"
        if self.limits:
            self._quotas.check_address(request.client, group)
        self._check_token(request)
        login = self._login_of(request)
        if self.limits:
            self._quotas.check_login(login, group)
        route = self.route_of(request)
        method = self._desk.routes.get(route)
        if method is None or not request.path.startswith(BASE):
            raise not_found("The method")
        if self.limits and is_segment_write(route, count_confirm=self._count_confirm):
            self._quotas.check_segment_write(login)
        return method(request, login)

    def _check_token(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "OAuth" or not token:
            raise Refusal(401, "unauthorized", "The header Authorization: OAuth is needed")
        known = {self.access_token, self._read_only_token} - self._revoked
        if token not in known:
            raise Refusal(403, "invalid_token", "The token is invalid or has expired")
        if token == self._read_only_token and request.method != "GET":
            raise Refusal(403, "access_denied", "The token may only read")

    def _login_of(self, request: Request) -> str:
        login = dict(request.query_pairs).get("ulogin", self.login)
        if login != self.login and login not in self._represented:
            raise Refusal(403, "access_denied", "There is no access to this login")
        return login
