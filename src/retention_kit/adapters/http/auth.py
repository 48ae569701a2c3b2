"""How a request says who asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from retention_kit.adapters.http.credentials import Credentials
from retention_kit.adapters.http.redaction import HiddenText
from retention_kit.errors import bad_parameter

if TYPE_CHECKING:
    from retention_kit.adapters.http.client import HttpClient


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
        token = HiddenText(token)
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
        token = HiddenText(token)
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
