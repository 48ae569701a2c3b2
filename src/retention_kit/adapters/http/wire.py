"""One request and its answer, and what is known where no answer came."""

from __future__ import annotations

import contextlib
import functools
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from retention_kit._logging import get_logger
from retention_kit.adapters.http.addresses import AddressGuard
from retention_kit.adapters.http.answers import Answer
from retention_kit.adapters.http.credentials import Credentials
from retention_kit.adapters.http.quiet import quiet
from retention_kit.adapters.http.redaction import Hidden
from retention_kit.adapters.http.uploads import Multipart
from retention_kit.delivery.clocks import Clock
from retention_kit.errors import (
    MissingDependencyError,
    RetryableError,
    UnknownOutcomeError,
    bad_parameter,
)

try:
    import httpx2
except ModuleNotFoundError:
    raise MissingDependencyError("httpx2", "delivery") from None

Params = Mapping[str, Any] | Sequence[tuple[str, Any]] | None
"""Of a query. A list as a value is repeated; None leaves the name out."""
Content = bytes | Callable[[], Iterable[bytes]]
"""A body: as it is, or as what gives it from its beginning each time it is called."""

_LARGEST: Final = 256 * 2**20
"""The most bytes of an answer, unpacked."""
_BEFORE_SENDING = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
_log = get_logger("retention_kit.adapters.http")


@dataclass(frozen=True, kw_only=True, repr=False)
class Ask:
    """What is asked; see `HttpClient.read` and `HttpClient.write`."""

    method: str
    path: str
    params: Params = None
    json: Any = None
    data: Mapping[str, str] | None = None
    content: Content | None = None
    files: Multipart | None = None
    headers: Mapping[str, str]
    timeout: float | None = None
    is_read: bool


class Wire:
    """Connections to one outside system.

    Args:
        base_url: Where everything lies.
        name: What messages call it.
        timeout: Seconds for each step.
        headers: What each request carries.
        guard: Says where it may connect to.
        clock: The time, for stamping answers.
        show: Strikes secrets out of a text.

    Raises:
        DefinitionError: The address is none.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        timeout: float,
        headers: Mapping[str, str],
        guard: AddressGuard | None,
        clock: Clock,
        show: Callable[[str], str],
    ) -> None:
        self._base = _split(base_url)
        self._name = name
        self._timeout = timeout
        self._headers = Hidden(_small(headers))
        self._guard = guard
        self._clock = clock
        self._show = show
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None

    def shown(self, path: str) -> str:
        """Give an address without the base's path and without any query."""
        base = self._base
        host = base.netloc.rpartition("@")[2]
        hidden = "/…" if base.path.strip("/") or base.query else ""
        return self._show(f"{base.scheme}://{host}{hidden}/{path.partition('?')[0].lstrip('/')}")

    def exchange(self, ask: Ask, credentials: Credentials) -> Answer:
        """Send a request and read its answer, whatever its status.

        Raises:
            DefinitionError: The guard refuses the address.
            RetryableError: No byte of it left; or it was a read, and no whole answer came.
            UnknownOutcomeError: It was a write, and no whole answer came.
        """
        shown = self.shown(ask.path)
        began = time.monotonic()
        answer = None
        try:
            answer = self._exchange(ask, credentials, shown)
        finally:
            _log.debug(
                "%s %s %s in %d ms",
                ask.method,
                shown,
                answer.status if answer else "without an answer",
                (time.monotonic() - began) * 1_000,
            )
        return answer

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            with quiet():
                client.close()

    def _exchange(self, ask: Ask, credentials: Credentials, shown: str) -> Answer:
        # Tracebacks may print local variables, so nothing of this lies about by itself.
        request = Hidden(
            url=httpx2.URL(self._url(ask, credentials)),
            headers={**self._headers, **_small(ask.headers), **_small(credentials.headers)},
            extensions={},
        )
        if self._guard is None:
            return self._sent(ask, request, shown)
        # The address that was looked at is the one to connect to, under the name that was given.
        host = request["url"].host
        port = request["url"].port or (443 if request["url"].scheme == "https" else 80)
        request["headers"]["host"] = request["url"].netloc.decode("ascii")
        request["extensions"]["sni_hostname"] = host
        *others, last = self._guard.addresses_of(host, port)
        for address in others:
            with contextlib.suppress(_NotConnectedError):
                return self._sent(ask, _at(request, address), shown)
        return self._sent(ask, _at(request, last), shown)

    def _sent(self, ask: Ask, request: Hidden, shown: str) -> Answer:
        steps: set[str] = set()
        timeout = self._timeout if ask.timeout is None else ask.timeout
        sent = _body(ask)
        try:
            with (
                quiet(),
                self._connected().stream(
                    ask.method,
                    request["url"],
                    content=sent["content"],
                    headers={**sent["headers"], **request["headers"]},
                    timeout=timeout,
                    extensions={
                        **request["extensions"],
                        "trace": lambda step, _: steps.add(step),
                    },
                ) as response,
            ):
                return Answer(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=_read_whole(response, timeout),
                    method=ask.method,
                    url_shown=shown,
                    is_read=ask.is_read,
                    received_at=self._clock.now(),
                )
        except httpx2.RequestError as problem:
            # "No byte left" is read off what really happened, not guessed from the error's kind.
            has_left = any(step.endswith("send_request_headers.started") for step in steps)
            raise self._error(ask, shown, problem, has_left) from None

    def _error(
        self, ask: Ask, shown: str, problem: httpx2.RequestError, has_left: bool
    ) -> RetryableError | UnknownOutcomeError:
        what = f"{ask.method} {shown}: {type(problem).__name__}"
        if isinstance(problem, _BEFORE_SENDING) or not has_left:
            why = self._show(str(problem))[:200]
            return _NotConnectedError(
                f"{what} ({why}): {self._name} cannot be reached, nothing was sent. Next step: "
                "check the address and the network, or try later."
            )
        if ask.is_read:
            return RetryableError(f"{what}: no whole answer came. Next step: try again.")
        return UnknownOutcomeError(
            f"{what}: no whole answer came, and nobody knows whether {self._name} carried it out. "
            "Next step: look it up."
        )

    def _connected(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                # Who is asked is known by tokens: a cookie could only mix accounts up.
                no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
                self._client = httpx2.Client(
                    verify=_certificates(),
                    cookies=no_cookies,
                    follow_redirects=False,
                    trust_env=self._guard is None,
                )
            return self._client

    def _url(self, ask: Ask, credentials: Credentials) -> str:
        base = self._base
        path, _, inline = ask.path.partition("?")
        whole = f"{base.path.rstrip('/')}/{path.lstrip('/')}" if path else base.path
        pairs = urlencode([*_pairs(ask.params), *_pairs(credentials.params)])
        query = "&".join(part for part in (base.query, inline, pairs) if part)
        return urlunsplit((base.scheme, base.netloc, whole, query, ""))


class _NotConnectedError(RetryableError):
    """No connection came about."""


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Read the trusted certificates once for all clients: it takes a tenth of a second."""
    return httpx2.create_ssl_context()


def _split(base_url: str) -> SplitResult:
    if not _is_address(base_url):
        raise bad_parameter(
            "base_url",
            got="a text that is no address",  # It may hold a secret.
            allowed="http:// or https:// with a host, and a path where the system has one",
            step="copy the address again, the scheme included.",
        )
    return urlsplit(base_url)


def _is_address(base_url: str) -> bool:
    try:
        split = urlsplit(base_url)
        fits = split.scheme in ("http", "https") and bool(split.hostname)
        return fits and (split.port is None or split.port > 0) and bool(httpx2.URL(base_url))
    except (ValueError, httpx2.InvalidURL):
        return False


def _small(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _pairs(params: Params) -> Iterator[tuple[str, str]]:
    for name, value in params.items() if isinstance(params, Mapping) else params or ():
        for one in value if isinstance(value, list | tuple | set | frozenset) else (value,):
            if one is not None:
                yield name, str(one).lower() if isinstance(one, bool) else str(one)


def _at(request: Hidden, address: str) -> Hidden:
    return Hidden({**request, "url": request["url"].copy_with(host=address)})


def _body(ask: Ask) -> Hidden:
    if ask.files is not None:
        return Hidden(content=iter(ask.files), headers=ask.files.headers)
    if ask.content is not None:
        content = ask.content if isinstance(ask.content, bytes) else iter(ask.content())
        return Hidden(content=content, headers={})
    if ask.data is not None:
        form = urlencode(list(_pairs(ask.data))).encode()
        kind = "application/x-www-form-urlencoded"
        return Hidden(content=form, headers={"content-type": kind})
    if ask.json is not None:
        text = json.dumps(ask.json, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return Hidden(content=text.encode(), headers={"content-type": "application/json"})
    return Hidden(content=None, headers={})


def _read_whole(response: httpx2.Response, timeout: float) -> bytes:
    """Read the body, within the time; a server that drips would else hold us for ever."""
    until = time.monotonic() + timeout
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_bytes():
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST:
            raise httpx2.DecodingError(f"an answer of more than {_LARGEST:,} bytes")
        if time.monotonic() > until:
            raise httpx2.ReadTimeout("the answer takes too long")
    return b"".join(pieces)
