"""The amoCRM emulator: what a request goes through, and what a test may do to the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, ClassVar, Literal

from retention_kit.delivery.clocks import Clock
from retention_kit.testing.emulators.acts import Act
from retention_kit.testing.emulators.amocrm.account import DEFAULT_PIPELINES
from retention_kit.testing.emulators.amocrm.authority import Authority, Integration
from retention_kit.testing.emulators.amocrm.desk import CustomersMode, Desk, FilterMode
from retention_kit.testing.emulators.amocrm.holdings import Holdings
from retention_kit.testing.emulators.amocrm.populating import populate
from retention_kit.testing.emulators.amocrm.refusals import GatewayRefusal, Refusal
from retention_kit.testing.emulators.amocrm.routes import route_name
from retention_kit.testing.emulators.amocrm.throttle import (
    ACCOUNT_RATE,
    INTEGRATION_RATE,
    Throttle,
)
from retention_kit.testing.emulators.amocrm.world import ADMINISTRATOR, Row, World
from retention_kit.testing.emulators.messages import HTML_TYPE, Request, Response

Payment = Literal["paid", "reads_only", "unpaid"]

HAL, PROBLEM = "application/hal+json", "application/problem+json"
YEAR = 365 * 86_400


class AmoCrmEmulator(Holdings):
    """An account of amoCRM on this machine: REST API v4.

    Uncertain, and to be chosen: `newest_first` (the order of lists that ask for none), `filters`
    (the vendor opens them to some accounts only), `clamp_limit`, `refused_refresh_status`,
    `offences_before_block`. Uncertain and fixed: over 250 items are refused with 400; a missing id
    of a change is a validation error; a phone without an `enum_code` is refused; `query` finds
    parts of words, and phones whatever their formatting.

    Args:
        clock: By which limits, dates and lifetimes are counted.
        limits: Whether the limits of requests a second hold.
        seed: Of the tokens.
        port: Where it listens.
        client_id: The integration's id.
        client_secret: Its secret.
        redirect_uri: Its registered address of return.
        customers_mode: How customers work: `segments`, `periodicity`, `off` (422) or `unavailable`,
            which the tariff lacks (402).
        filters: `on`, `ignored` (lists come unfiltered) or `refused` (403).
        newest_first: Whether lists that ask for no order descend by id.
        clamp_limit: Whether a `limit` over 250 is cut, not refused.
        refused_refresh_status: The status for a dead refresh token, 400 or 401.
        offences_before_block: After how many answers 429 everything is answered 403; None for
            never.
        most_items: How many items one write may hold.
        weight_limit: The number of items and custom fields in one write above which it is answered
            504; None for no such limit.
        heavy_is_done: Whether such a write is nevertheless carried out.
        pipelines: Names of statuses by the name of the pipeline.
        users: Names of users; the first is the administrator.

    Attributes:
        payment: `paid`, `reads_only` (writes are answered 402) or `unpaid` (all are).
        forbidden: Kinds of entity, as `customers`, that are answered 403 for want of rights.
        filters: As above; may be changed at any time.
        weight_limit: As above; may be changed at any time.
    """

    NAME: ClassVar[str] = "amocrm"

    def __init__(  # noqa: PLR0913
        self,
        *,
        clock: Clock | None = None,
        limits: bool = True,
        seed: int = 0,
        port: int = 0,
        client_id: str = "00000000-emulated-integration",
        client_secret: str = "emulated-client-secret",
        redirect_uri: str = "https://app.example.com/callback",
        customers_mode: CustomersMode = "segments",
        filters: FilterMode = "on",
        newest_first: bool = True,
        clamp_limit: bool = True,
        refused_refresh_status: Literal[400, 401] = 401,
        offences_before_block: int | None = 20,
        most_items: int = 250,
        weight_limit: int | None = None,
        heavy_is_done: bool = False,
        pipelines: Mapping[str, Iterable[str]] | None = None,
        users: Iterable[str] = ("Administrator", "Manager"),
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed, port=port)
        now = self.clock.now
        self.payment: Payment = "paid"
        self.forbidden: set[str] = set()
        self.filters: FilterMode = filters
        self.weight_limit = weight_limit
        self._heavy_is_done = heavy_is_done
        self._world = World(now, self._record)
        self._desk = Desk(
            self._world,
            customers_mode=customers_mode,
            newest_first=newest_first,
            clamp=clamp_limit,
            most=most_items,
            pipelines=pipelines or DEFAULT_PIPELINES,
            users=users,
        )
        self._authority = Authority(
            now, Random(f"amocrm {seed}"), refused_refresh_status=refused_refresh_status
        )
        self._throttle = Throttle(now, self.requests.counted, offences=offences_before_block)
        self.integration = self.add_integration(client_id, client_secret, redirect_uri)
        self._tokens = self._authority.issue(client_id)
        self._asked = 0

    @property
    def access_token(self) -> str:
        """The access token that was issued last, by this object or by the token endpoint."""
        return str(self._tokens["access_token"])

    @property
    def refresh_token(self) -> str:
        """The refresh token that was issued last."""
        return str(self._tokens["refresh_token"])

    @property
    def blocked(self) -> bool:
        """Whether everything is answered 403."""
        return self._throttle.blocked

    def add_integration(self, client_id: str, client_secret: str, redirect_uri: str) -> Integration:
        """Install one more integration, which has a limit of its own."""
        integration = Integration(client_id, client_secret, redirect_uri)
        self._authority.integrations[client_id] = integration
        return integration

    def issue_code(self, client_id: str | None = None) -> str:
        """Give a code as the browser brings it back: for 20 minutes and one exchange."""
        with self.lock:
            return self._authority.code(client_id or self.integration.client_id)

    def issue_tokens(self, client_id: str | None = None) -> Row:
        """Give a new pair of tokens, as the token endpoint answers."""
        with self.lock:
            tokens = self._authority.issue(client_id or self.integration.client_id)
            if client_id in {None, self.integration.client_id}:
                self._tokens = tokens
            return dict(tokens)

    def issue_long_lived_token(self, seconds: float = YEAR) -> str:
        """Give a token of long life, which cannot be renewed."""
        with self.lock:
            return self._authority.long_lived(self.integration.client_id, seconds)

    def expire_access_token(self) -> None:
        """Let every access token run out, besides those of long life."""
        with self.lock:
            self._authority.expire()

    def revoke(self) -> None:
        """Withdraw every token, as when the account's administrator removes the integration."""
        with self.lock:
            self._authority.revoke()

    def block(self) -> None:
        """Answer everything with 403 from now on, as after too many offences."""
        self._throttle.blocked = True

    def unblock(self) -> None:
        """Lift the ban, as support does."""
        self._throttle.lift()

    def populate(self, *, customers: int = 100, orders: int = 300, seed: int = 0) -> None:
        """Fill it with invented contacts, customers, leads and purchases; `acts` stays as it is."""
        with self.lock:
            before = len(self.acts)
            populate(
                self._desk, customers=customers, orders=orders, now=self.clock.now(), seed=seed
            )
            del self.acts[before:]

    def credentials(self) -> dict[str, str]:
        """Give what a client needs to speak with it."""
        return {
            "url": self.url,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "client_id": self.integration.client_id,
            "client_secret": self.integration.client_secret,
            "redirect_uri": self.integration.redirect_uri,
        }

    def route_of(self, request: Request) -> str:
        """Name a route, as `GET leads/{id}`."""
        return route_name(request.method, request.path)

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        self._asked += 1
        headers = (("X-Request-Id", f"emulated-{self._asked:08x}"),)
        self._world.base_url = self.url
        try:
            value = self._answer(request)
        except GatewayRefusal as refusal:
            return Response(refusal.status, refusal.body, HTML_TYPE, headers)
        except Refusal as refusal:
            return Response.json(
                refusal.body, status=refusal.status, content_type=PROBLEM, headers=headers
            )
        if value is None:
            return Response(204, headers=headers)
        return Response.json(value, content_type=HAL, headers=headers)

    def _answer(self, request: Request) -> Any:
        self._throttle.check_ban()
        if self.limits:
            self._throttle.pass_through("account", ACCOUNT_RATE)
        if request.path == "/oauth2/access_token" and request.method == "POST":
            self._tokens = self._authority.exchange(_parsed(request))
            return self._tokens
        client_id = self._authority.caller(request.headers.get("authorization", ""))
        if self.limits:
            own = client_id == self.integration.client_id
            group = "integration" if own else f"integration {client_id}"
            self._throttle.pass_through(group, INTEGRATION_RATE)
        if request.path == "/oauth2/account/subdomain":
            return {"subdomain": "emulated", "domain": self.url.partition("//")[2]}
        if self.payment == "unpaid" or (self.payment == "reads_only" and request.method != "GET"):
            raise Refusal(402, "The account is not paid.")
        body = _parsed(request) if request.body else None
        user = request.headers.get("x-context-user-id", "")
        user_id = int(user) if user.isdecimal() else ADMINISTRATOR
        if user_id not in self.users:
            raise Refusal(403, "There is no such user.")
        heavy = (
            self.weight_limit is not None
            and request.method != "GET"
            and _weight(body) > self.weight_limit
        )
        if heavy and not self._heavy_is_done:
            raise GatewayRefusal(504)
        value = self._desk.serve(
            request, body, user_id=user_id, filters=self.filters, forbidden=self.forbidden
        )
        if heavy:
            raise GatewayRefusal(504)
        return value

    def _record(self, verb: str, kind: str, row_id: int, details: Row) -> None:
        self.acts.append(Act(verb, kind, row_id, details))


def _parsed(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise Refusal(400, "The body is not JSON.") from None


def _weight(body: object) -> int:
    items = body if isinstance(body, list) else [body]
    return sum(
        1 + len(item.get("custom_fields_values") or ()) if isinstance(item, dict) else 1
        for item in items
    )
