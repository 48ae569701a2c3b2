"""Tokens that are renewed with a token that is used up by it."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.http.credentials import Credentials
from retention_kit.adapters.http.tokens import Tokens, TokenStore
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.errors import AuthenticationError, RetryableError, UnknownOutcomeError

if TYPE_CHECKING:
    from retention_kit.adapters.http.client import HttpClient


class RotatingTokens:
    """A pair of tokens that processes share, renewed by one of them at a time.

    Whoever finds the access token run out, or hears 401, takes the account's lock, looks whether
    another has renewed it meanwhile, and only then asks for a new pair. The new pair is in the
    store, on the disk, before it is used the first time. So a refresh token that may be used once
    is used once. Nothing is renewed while the store cannot be written; where it fails at the very
    moment, the new pair stays in memory, and keeping it is what the next call begins with.

    Args:
        store: Where the pair is kept.
        account: Whose it is, as the store shall call it; no secret.
        renew: Gets a new pair: takes a client that carries no credentials, for the same address,
            and the present pair. What it raises comes out: `AuthenticationError` where the outside
            system wants a person to authorise anew.
        initial: The pair that a person got, for a store that has none. Another than the one the
            stored pair came from takes its place: somebody authorised anew.
        scheme: What stands before the token in the header; nothing where empty.
        header: The header's name.
        parameter: The query parameter that holds the token, in place of a header.
        early: How many seconds before its end an access token is renewed.
        clock: The time.
    """

    def __init__(
        self,
        store: TokenStore,
        account: str,
        *,
        renew: Callable[[HttpClient, Tokens], Tokens],
        initial: Tokens | None = None,
        scheme: str = "Bearer",
        header: str = "Authorization",
        parameter: str | None = None,
        early: float = 60.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._store = store
        self._account = account
        self._renew = renew
        self._initial = _with_origin(initial)
        self._scheme = scheme
        self._header = header
        self._parameter = parameter
        self._early = early
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Tokens | None = None
        self._unkept: tuple[Tokens, Tokens] | None = None
        self._shown_once: set[str] = set()

    @property
    def tokens(self) -> Tokens:
        """The present pair, as the store has it.

        Raises:
            AuthenticationError: There is none.
            DataError: The store cannot be written, and a new pair waits for it.
        """
        with self._lock:
            self._keep_late()
            return self._loaded()

    def credentials(self, client: HttpClient) -> Credentials:
        """Give what the next request carries; renewed first where it has run out.

        Raises:
            AuthenticationError: There is no pair, or it cannot be renewed.
            DataError: The store cannot be read or written.
            RetryableError: It cannot be renewed now.
        """
        with self._lock:
            self._keep_late()
            tokens = self._known or self._loaded()
            if self._has_run_out(tokens) and tokens.refresh:
                tokens = self._renewed(client, tokens)
            return self._written(tokens)

    def refused(self, client: HttpClient, credentials: Credentials) -> Credentials | None:
        """Give what another process got meanwhile, or renew what was refused.

        Raises:
            AuthenticationError: It cannot be renewed.
            DataError: The store cannot be read or written.
            RetryableError: It cannot be renewed now.
        """
        with self._lock:
            self._keep_late()
            tokens = self._loaded()
            if self._written(tokens) != credentials:
                return self._written(tokens)
            if credentials.is_fresh or not tokens.refresh:
                return None
            new = self._renewed(client, tokens)
            return dataclasses.replace(self._written(new), is_fresh=True)

    def secrets(self) -> Iterable[str]:
        """Give both tokens, and those before them."""
        given = (self._initial.access, self._initial.refresh) if self._initial else ()
        return {one for one in (*self._shown_once, *given) if one}

    def _loaded(self) -> Tokens:
        kept = self._store.load(self._account)
        initial = self._initial
        if initial is not None and (kept is None or kept.origin != initial.origin):
            kept = initial
        if kept is None:
            raise AuthenticationError(
                f"There are no tokens of {self._account!r}. Next step: authorise the account once, "
                "and give the pair in the settings."
            )
        return self._remembered(kept)

    def _renewed(self, client: HttpClient, before: Tokens) -> Tokens:
        with self._store.locked(self._account):
            now = self._loaded()
            if now.access != before.access and not self._has_run_out(now):
                return now
            # A full disk must be known before the only refresh token is spent.
            self._store.save(self._account, now)
            try:
                new = self._renew(client, now)
            except UnknownOutcomeError:
                raise RetryableError(
                    f"The tokens of {self._account!r} were to be renewed, and no answer came. Next "
                    "step: try again; if the old pair is then refused, authorise anew."
                ) from None
            new = dataclasses.replace(new, refresh=new.refresh or now.refresh, origin=now.origin)
            self._unkept = (now, new)
            # What may not be shown is known though the pair may not be used yet.
            self._shown_once = self._shown_once | {new.access, new.refresh}
            self._store.save(self._account, new)
            self._unkept = None
            return self._remembered(new)

    def _keep_late(self) -> None:
        """Keep a new pair that could not be kept when it came, unless it is outdated by now."""
        if self._unkept is None:
            return
        before, new = self._unkept
        with self._store.locked(self._account):
            if self._loaded() == before:
                self._store.save(self._account, new)
                self._remembered(new)
            self._unkept = None

    def _remembered(self, tokens: Tokens) -> Tokens:
        self._known = tokens
        # A new set, because others may be reading the old one.
        self._shown_once = self._shown_once | {tokens.access, tokens.refresh}
        return tokens

    def _has_run_out(self, tokens: Tokens) -> bool:
        end = tokens.expires_at
        return end is not None and self._clock.now() >= end - self._early

    def _written(self, tokens: Tokens) -> Credentials:
        if self._parameter is not None:
            return Credentials(params={self._parameter: tokens.access})
        return Credentials(headers={self._header: f"{self._scheme} {tokens.access}".strip()})


def _with_origin(initial: Tokens | None) -> Tokens | None:
    if initial is None:
        return None
    made_from = initial.refresh or initial.access
    digest = hashlib.blake2b(made_from.encode(), digest_size=16).hexdigest()
    return dataclasses.replace(initial, origin=digest)
