"""The client that adapters ask by: it retries what certainly did not happen, and nothing else."""

from __future__ import annotations

import copy
import importlib.metadata
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from retention_kit._logging import get_logger
from retention_kit.adapters.http.addresses import AddressGuard
from retention_kit.adapters.http.answers import Answer, status_error
from retention_kit.adapters.http.credentials import Credentials
from retention_kit.adapters.http.redaction import HiddenText, redact
from retention_kit.adapters.http.retrying import Waits, retrying
from retention_kit.adapters.http.uploads import Multipart
from retention_kit.adapters.http.wire import Ask, Content, Params, Wire
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import (
    AuthenticationError,
    RateLimitedError,
    RetryableError,
    UnknownOutcomeError,
)

_NOBODY: Final = Credentials()
_MOST_CREDENTIALS: Final = 10
"""How often others may renew the tokens under a call's hands."""
_log = get_logger(__name__)


class Auth(Protocol):
    """Gives what a request must carry, and gets something new where that is refused."""

    def credentials(self, client: HttpClient) -> Credentials:
        """Give what the next request carries.

        Args:
            client: One for the same address that carries no credentials itself, for asking.

        Raises:
            AuthenticationError: There is nothing to show any more.
        """
        ...

    def refused(self, client: HttpClient, credentials: Credentials) -> Credentials | None:
        """Hear that an answer was 401; give what to show instead, or None for nothing.

        Args:
            client: As above.
            credentials: What the request carried.
        """
        ...

    def secrets(self) -> Iterable[str]:
        """Give what must never be shown."""
        ...


class HttpClient:
    """Asks one outside system. May be shared by threads; close it.

    What comes out of `read` and `write` is an `Answer` that means success, or one of the channel
    errors. Retried with growing pauses, or the server's own, are only calls that certainly were
    not carried out, and those that may be.

    Args:
        base_url: Scheme, host, and the path under which everything lies. It is never shown beyond
            its host, so it may hold a secret.
        name: What messages call the outside system.
        auth: Who asks.
        limiter: What requests wait for.
        clock: The time.
        timeout: Seconds for each step: connecting, sending a piece, waiting for a piece of the
            answer's head; and for the whole of its body. A server that drips its headers may take
            longer than that.
        attempts: How often a call is tried at most.
        patience: How many seconds a call may wait between its tries, all in all. `dispatch` waits
            between batches with a patience of its own: the two add up.
        secrets: What else must not be shown.
        read_answer: Looks at each answer before it is taken for a success, and gives the error
            that it is, or None. Where it gives None, the status still counts
            (`status_error`). `RateLimitedError` and `RetryableError` mean that a write was not
            carried out. A `read` is retried as well where it raises what `Answer.json` raises.
        headers: What each request carries besides; `user-agent` for another name than ours.
        guard: Says where it may connect to; anywhere where None.

    Raises:
        DefinitionError: The address is none.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        auth: Auth | None = None,
        limiter: Waits | None = None,
        clock: Clock = SYSTEM_CLOCK,
        timeout: float = 30.0,
        attempts: int = 5,
        patience: float = 120.0,
        secrets: Iterable[str] = (),
        read_answer: Callable[[Answer], Exception | None] | None = None,
        headers: Mapping[str, str] | None = None,
        guard: AddressGuard | None = None,
    ) -> None:
        base_url = HiddenText(base_url)
        self.name = name
        self._auth = auth
        self._limiter = limiter
        self._clock = clock
        self._attempts = attempts
        self._patience = patience
        self._secrets = tuple(secrets)
        self._read_answer = read_answer
        self._wire = Wire(
            base_url,
            name=name,
            timeout=timeout,
            headers={"user-agent": _user_agent(), **(headers or {})},
            guard=guard,
            clock=clock,
            show=self._show,
        )

    def __repr__(self) -> str:
        # Where the address is refused there is no wire, and a debugger may look all the same.
        wire: Wire | None = vars(self).get("_wire")
        shown = self._show(wire.shown("")) if wire else None
        return f"HttpClient({shown!r}, name={self.name!r})"

    def read(
        self,
        method: str,
        path: str,
        *,
        params: Params = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        group: str | Sequence[str] = "requests",
        cost: int = 1,
        timeout: float | None = None,
    ) -> Answer:
        """Ask for something that changes nothing there.

        Retried are lost connections, 408, 420, 425, 429, 5xx, and answers that are no JSON where
        `read_answer` looks.

        Args:
            method: `GET`; `POST` where the outside system asks so.
            path: Below the base address.
            params: The query.
            json: A body as JSON.
            data: A body as a form.
            headers: What it carries besides.
            group: What the limiter counts it as; several where several limits hold.
            cost: How many it is counted as.
            timeout: In place of the client's.

        Raises:
            RetryableError: It failed each time, in a way that may pass.
            RateLimitedError: Fewer calls are asked for, for longer than the patience.
            AuthenticationError: The credentials are not accepted.
            RejectedError: It is refused.
        """
        return self._call(
            Ask(
                method=method,
                path=path,
                params=params,
                json=json,
                data=data,
                headers=headers or {},
                timeout=timeout,
                is_read=True,
            ),
            groups=_groups(group),
            cost=cost,
            repeatable=True,
        )

    def write(
        self,
        method: str,
        path: str,
        *,
        params: Params = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        content: Content | None = None,
        files: Multipart | None = None,
        headers: Mapping[str, str] | None = None,
        group: str | Sequence[str] = "requests",
        cost: int = 1,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """Ask for a change.

        Tried once, unless it certainly was not carried out: no connection came about, or the
        answer says so. What is `repeatable` is tried again too where nobody knows.

        Args:
            method: `POST`, `PATCH`, `PUT`, `DELETE`.
            path: Below the base address.
            params: The query.
            json: A body as JSON.
            data: A body as a form.
            content: A body as bytes.
            files: A body as a form with a file.
            headers: What it carries besides.
            group: What the limiter counts it as; several where several limits hold.
            cost: How many it is counted as.
            repeatable: Whether the same call a second time changes nothing more.
            timeout: In place of the client's.

        Raises:
            RetryableError: It was not carried out, each time.
            RateLimitedError: Fewer calls are asked for, for longer than the patience; it was not
                carried out.
            AuthenticationError: The credentials are not accepted; it was not carried out.
            RejectedError: It is refused, and was not carried out.
            UnknownOutcomeError: It left, and nobody knows what became of it.
        """
        return self._call(
            Ask(
                method=method,
                path=path,
                params=params,
                json=json,
                data=data,
                content=content,
                files=files,
                headers=headers or {},
                timeout=timeout,
                is_read=False,
            ),
            groups=_groups(group),
            cost=cost,
            repeatable=repeatable,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, ask: Ask, *, groups: tuple[str, ...], cost: int, repeatable: bool) -> Answer:
        doubtful = False

        def once() -> Answer:
            nonlocal doubtful
            try:
                return self._authenticated(ask, groups, cost)
            except UnknownOutcomeError:
                doubtful = True
                raise

        again = (RetryableError, RateLimitedError)
        try:
            return retrying(
                (*again, UnknownOutcomeError) if repeatable else again,
                clock=self._clock,
                attempts=self._attempts,
                patience=self._patience,
            )(once)
        except (*again, AuthenticationError) as problem:
            if not doubtful:
                raise
            # That the last try was not carried out says nothing of those before.
            raise UnknownOutcomeError(
                f"{problem} An earlier try of the same call may have been carried out."
            ) from None

    def _authenticated(self, ask: Ask, groups: tuple[str, ...], cost: int) -> Answer:
        if self._auth is None:
            return self._checked(self._sent(ask, _NOBODY, groups, cost), groups)
        bare = copy.copy(self)
        bare._auth = None
        shown: Credentials | None = self._auth.credentials(bare)
        for _ in range(_MOST_CREDENTIALS):
            answer = self._sent(ask, shown or _NOBODY, groups, cost)
            try:
                return self._checked(answer, groups)
            except AuthenticationError as problem:
                refusal = problem
            shown = self._auth.refused(bare, shown or _NOBODY) if answer.status == 401 else None
            if shown is None:
                break
        raise refusal

    def _sent(
        self, ask: Ask, credentials: Credentials, groups: tuple[str, ...], cost: int
    ) -> Answer:
        if self._limiter is not None:
            for group in groups:
                self._limiter.acquire(group, cost=cost)
        return self._wire.exchange(ask, credentials)

    def _checked(self, answer: Answer, groups: tuple[str, ...]) -> Answer:
        error = self._read_answer(answer) if self._read_answer else None
        error = error or status_error(answer)
        if error is None:
            return answer
        if isinstance(error, RateLimitedError) and error.retry_after and self._limiter is not None:
            for group in groups:
                self._limiter.hold(error.retry_after, group)
        _log.debug("%s: %s", self.name, self._show(f"{type(error).__name__}: {error}"))
        raise error

    def _show(self, text: str) -> str:
        told = self._auth.secrets() if self._auth else ()
        return redact(text, (*self._secrets, *told))


def _groups(group: str | Sequence[str]) -> tuple[str, ...]:
    return (group,) if isinstance(group, str) else tuple(group)


def _user_agent() -> str:
    try:
        return f"retention-kit/{importlib.metadata.version('retention-kit')}"
    except importlib.metadata.PackageNotFoundError:
        return "retention-kit"
