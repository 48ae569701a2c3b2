"""How a request says who asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from retention_kit.errors import bad_parameter

if TYPE_CHECKING:
    from retention_kit.adapters.http.client import HttpClient

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, repr=False)
class Credentials:
    """What is added to a request. Its `repr` says nothing.

    Attributes:
        headers: Headers by name.
        params: Parameters of the query by name.
        is_fresh: Whether they were got for this very call; to hear 401 for such is final.
    """

    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    params: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    is_fresh: bool = field(default=False, compare=False)


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


class StaticToken:
    """A token that does not change.

    Args:
        token: The token.
        scheme: What stands before it: `Bearer`, `OAuth`; nothing where empty.
        header: The header's name.

    Raises:
        DefinitionError: The token cannot stand in a header.
    """

    def __init__(
        self, token: str, *, scheme: str = "Bearer", header: str = "Authorization"
    ) -> None:
        check_token(token)
        self._token = token
        self._credentials = Credentials(headers={header: f"{scheme} {token}".strip()})

    def credentials(self, client: HttpClient) -> Credentials:
        """Give the header."""
        del client
        return self._credentials

    def refused(self, client: HttpClient, credentials: Credentials) -> Credentials | None:
        """Give nothing: there is no other."""
        del client, credentials
        return None

    def secrets(self) -> Iterable[str]:
        """Give the token."""
        return (self._token,)


class QueryToken:
    """A token among the parameters of the query.

    Args:
        token: The token.
        name: The parameter's name.

    Raises:
        DefinitionError: The token is empty.
    """

    def __init__(self, token: str, *, name: str = "token") -> None:
        check_token(token)
        self._token = token
        self._credentials = Credentials(params={name: token})

    def credentials(self, client: HttpClient) -> Credentials:
        """Give the parameter."""
        del client
        return self._credentials

    def refused(self, client: HttpClient, credentials: Credentials) -> Credentials | None:
        """Give nothing: there is no other."""
        del client, credentials
        return None

    def secrets(self) -> Iterable[str]:
        """Give the token."""
        return (self._token,)


def check_token(token: str) -> None:
    """Refuse a token that no request can carry, without showing it.

    Raises:
        DefinitionError: It is empty, or holds blanks or what is not ASCII.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise bad_parameter(
            "token",
            got=f"a text of {len(token)} characters",
            allowed="visible ASCII characters, at least one, no blanks",
            step="copy it again; line breaks and quotation marks slip in easily.",
        )
