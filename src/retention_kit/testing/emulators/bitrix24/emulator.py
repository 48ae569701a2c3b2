"""The emulator of Bitrix24: which method a request calls, who calls it, and whether it may."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from retention_kit.delivery.clocks import Clock
from retention_kit.errors import bad_parameter
from retention_kit.testing.emulators.base import Emulator
from retention_kit.testing.emulators.bitrix24 import (
    activities,
    directories,
    items,
    old_family,
    populating,
    product_rows,
)
from retention_kit.testing.emulators.bitrix24.assumptions import Bitrix24Assumptions
from retention_kit.testing.emulators.bitrix24.batching import run_batch
from retention_kit.testing.emulators.bitrix24.calls import Call, Method
from retention_kit.testing.emulators.bitrix24.credentials import Bitrix24App, Caller, TokenServer
from retention_kit.testing.emulators.bitrix24.entities import entity_types
from retention_kit.testing.emulators.bitrix24.envelope import Answer, refused, succeeded, times
from retention_kit.testing.emulators.bitrix24.funnels import Funnels
from retention_kit.testing.emulators.bitrix24.limits import LeakyBucket, OperatingTime
from retention_kit.testing.emulators.bitrix24.parameters import Parameters, parameters_of
from retention_kit.testing.emulators.bitrix24.portal import Portal
from retention_kit.testing.emulators.bitrix24.refusals import BLOCKS, Refusal
from retention_kit.testing.emulators.bitrix24.state import PortalState
from retention_kit.testing.emulators.bitrix24.token_pages import token_page
from retention_kit.testing.emulators.bitrix24.users import invented_users
from retention_kit.testing.emulators.messages import Request, Response

METHODS: dict[str, Method] = {
    **old_family.METHODS,
    **items.METHODS,
    **product_rows.METHODS,
    **activities.METHODS,
    **directories.METHODS,
}
SCOPES = frozenset({"crm", "sale", "user"})
PORTAL_LIMIT = "portal"
"""The name of the limit of requests in `requests.instants` and `requests.busiest`."""


class Bitrix24Emulator(PortalState, Emulator):
    """A portal of Bitrix24 with its CRM, an incoming webhook and one application.

    Routes are the names of methods, as `crm.item.list` and `batch`, and `oauth/token` and
    `oauth/authorize`. Commands of a batch are no routes of their own.

    Not everything it does is promised by the vendor: `Bitrix24Assumptions` and the modules say what
    is not. It has no HTTPS, and asks for none.

    Args:
        clock: By which limits, dates and lifetimes are counted; the machine's unless given.
        limits: Whether the limits of the cloud hold.
        seed: Of what is picked at random.
        port: Where it listens; a free port unless given.
        webhook_secret: The secret in the path of the webhook.
        webhook_scopes: What the webhook may call.
        app: The application that may ask for tokens.
        cloud: Whether it is the vendor's cloud. On a server of one's own there are no limits, and
            the block of times says nothing of them.
        enterprise: Whether the tariff allows five requests a second and 250 at once, not two and
            fifty.
        user_fields: The types of the owner's fields by name, by `deal`, `contact`, `company`,
            `lead` or `smart_process_128`: `{"deal": {"UF_CRM_RFM": "string"}}`. Types are `string`,
            `integer`, `double`, `boolean`, `date`, `datetime`, `enumeration` and `money`.
        funnels: The names of funnels by number, besides 0, which every portal has.
        smart_processes: The titles of the owner's types of records by number, from 128 on.
        administrator: Whether calls act as an administrator.
        utc_hours: How many hours the portal's clock is ahead of UTC.
        costs: How many seconds of execution a call of each method counts; 0 unless given.
        assumptions: What it takes for true where the vendor says nothing.

    Attributes:
        costs: The same; may be changed at any time.
        portal: The state; changed by `portal.add`, `portal.change` and `portal.remove` only.

    Examples:
        >>> from urllib.request import urlopen
        >>> with Bitrix24Emulator() as emulator:
        ...     emulator.populate(customers=3, orders=5)
        ...     answer = urlopen(emulator.webhook_url + "crm.contact.list").read()
        >>> b'"total":3' in answer
        True
    """

    NAME: ClassVar[str] = "bitrix24"

    def __init__(  # noqa: PLR0913
        self,
        *,
        clock: Clock | None = None,
        limits: bool = True,
        seed: int = 0,
        port: int = 0,
        webhook_secret: str = "emulatedsecret00",
        webhook_scopes: frozenset[str] = SCOPES,
        app: Bitrix24App | None = None,
        cloud: bool = True,
        enterprise: bool = False,
        user_fields: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        funnels: Mapping[int, str] = MappingProxyType({}),
        smart_processes: Mapping[int, str] = MappingProxyType({}),
        administrator: bool = True,
        utc_hours: float = 3,
        costs: Mapping[str, float] = MappingProxyType({}),
        assumptions: Bitrix24Assumptions | None = None,
    ) -> None:
        super().__init__(clock=clock, limits=limits, seed=seed, port=port)
        zone = dt.timezone(dt.timedelta(hours=utc_hours))
        self.app = app or Bitrix24App()
        self.assumptions = assumptions or Bitrix24Assumptions()
        self.cloud = cloud
        self.costs = dict(costs)
        self.portal = Portal(
            clock=self.clock,
            zone=zone,
            types=entity_types(user_fields, smart_processes, zone),
            funnels=Funnels(funnels),
            users=invented_users(),
            user=1,
            administrator=administrator,
            acts=self.acts,
        )
        self._webhook_secret = webhook_secret
        self._webhook = Caller("webhook", webhook_scopes, oauth=False)
        self._tokens = TokenServer(
            self.app, user=1, old_refresh_token_dies=self.assumptions.old_refresh_token_dies
        )
        self._bucket = LeakyBucket(5, 250) if enterprise else LeakyBucket(2, 50)
        self._blocked: str | None = None
        self._operating = OperatingTime(self.assumptions.operating_seconds)

    @property
    def webhook_url(self) -> str:
        """Where the webhook is called: the method's name follows."""
        return f"{self.url}/rest/{self.portal.user}/{self._webhook_secret}/"

    @property
    def rest_url(self) -> str:
        """Where the application calls, with a token in the parameter `auth`."""
        return f"{self.url}/rest/"

    @property
    def oauth_url(self) -> str:
        """Where tokens are asked for and renewed."""
        return f"{self.url}/oauth/token/"

    def issue_tokens(self) -> dict[str, Any]:
        """Make a pair of tokens as if the application was just installed."""
        with self.lock:
            return self._tokens.issue(self.clock.now(), url=self.url)

    def issue_code(self) -> str:
        """Make a code as if a user had just agreed; it lives thirty seconds."""
        with self.lock:
            return self._tokens.code(self.clock.now())

    def expire_access_token(self) -> None:
        """Let every access token be expired, and every refresh token still good."""
        with self.lock:
            self._tokens.expire()

    def revoke(self) -> None:
        """Refuse every token from now on, as when the application is removed."""
        with self.lock:
            self._tokens.revoke()

    def block(self, code: str | None) -> None:
        """Refuse every call of a method with one of the system's codes, until told otherwise.

        Args:
            code: As `OVERLOAD_LIMIT` or `ACCESS_DENIED`; None to refuse nothing any more.

        Raises:
            DefinitionError: There is no such code.
        """
        if code is not None and code not in BLOCKS:
            raise bad_parameter("code", got=code, allowed=", ".join([*BLOCKS, "None"]))
        self._blocked = code

    def populate(self, *, customers: int = 100, orders: int = 300, seed: int = 0) -> None:
        """Add invented people as contacts, and their orders as deals and orders of the shop."""
        with self.lock:
            populating.populate(self.portal, customers=customers, orders=orders, seed=seed)

    def credentials(self) -> dict[str, str]:
        """Give what a client needs: the webhook, or the application and a pair of tokens."""
        tokens = self.issue_tokens()
        return {
            "url": self.url,
            "webhook_url": self.webhook_url,
            "rest_url": self.rest_url,
            "oauth_url": self.oauth_url,
            "client_id": self.app.client_id,
            "client_secret": self.app.client_secret,
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
        }

    def route_of(self, request: Request) -> str:
        """Name the method that is called."""
        path = request.path.strip("/")
        return path if path.startswith("oauth/") else _method_name(path.rpartition("/")[2])

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            parts = request.path.strip("/").split("/")
            if parts[0] == "oauth":
                return token_page(
                    "/".join(parts), request, self._tokens, now=self.clock.now(), url=self.url
                )
            if parts[0] != "rest" or len(parts) not in {2, 4}:
                raise Refusal(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
            return self._rest(parts, request)
        except Refusal as refusal:
            return refused(refusal)

    def _rest(self, parts: list[str], request: Request) -> Response:
        now = self.clock.now()
        if self.cloud and self.limits:
            self._bucket.take(request.client, now)
        self.requests.counted(PORTAL_LIMIT, now)
        values = parameters_of(request)
        if self._blocked is not None:
            raise Refusal(BLOCKS[self._blocked], self._blocked, "The portal takes no calls")
        caller = self._caller(parts, values)
        method = _method_name(parts[-1])
        if method == "batch":
            asked = Parameters(values, ignore_case=self.assumptions.names_ignore_case)
            answer = run_batch(
                asked.mapping("cmd"),
                lambda name, inner: self._run(_method_name(name), inner, caller, nested=True),
                halt=asked.flag("halt"),
                surplus_refuses=self.assumptions.surplus_refuses_batch,
                missing_is_empty=self.assumptions.missing_reference_is_empty,
            )
            return succeeded(answer, self._times(caller, method, now))
        answer, time = self._run(method, values, caller, nested=False)
        return succeeded(answer, time)

    def _caller(self, parts: list[str], values: Mapping[str, Any]) -> Caller:
        if len(parts) == 4:
            if parts[1:3] != [str(self.portal.user), self._webhook_secret]:
                raise Refusal(403, "INVALID_CREDENTIALS", "Invalid request credentials")
            return self._webhook
        if not values.get("auth"):
            raise Refusal(401, "NO_AUTH_FOUND", "Wrong authorization data")
        return self._tokens.check(str(values["auth"]), self.clock.now())

    def _run(
        self, name: str, values: Mapping[str, Any], caller: Caller, *, nested: bool
    ) -> tuple[Answer, dict[str, Any]]:
        now = self.clock.now()
        if nested and name == "batch":
            raise Refusal(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed in batch")
        method = METHODS.get(name)
        if method is None:
            raise Refusal(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        scope = name.partition(".")[0]
        if scope in SCOPES and scope not in caller.scopes:
            raise Refusal(
                403,
                "insufficient_scope",
                "The request requires higher privileges than provided by the access token",
            )
        if self.cloud and self.limits:
            self._operating.check(caller.name, name, now)
        asked = Parameters(values, ignore_case=self.assumptions.names_ignore_case)
        cost = self.costs.get(name, 0.0)
        if cost:
            self._operating.spend(caller.name, name, now, cost)
        answer = method(Call(self.portal, asked, caller))
        return answer, self._times(caller, name, now)

    def _times(self, caller: Caller, method: str, start: float) -> dict[str, Any]:
        now = self.clock.now()
        spent = self._operating.spent(caller.name, method, now) if self.cloud else None
        return times(start, now, self.portal.zone, spent)


def _method_name(written: str) -> str:
    return written.lower().removesuffix(".json")
