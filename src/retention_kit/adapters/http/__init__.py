"""The HTTP plumbing of adapters, for authors of others as well.

One client that retries what certainly did not happen, tokens that are renewed by one process at a
time, paging, streamed uploads, and no secret in any log or message.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.adapters.http.addresses import AddressGuard as AddressGuard
    from retention_kit.adapters.http.answers import Answer as Answer
    from retention_kit.adapters.http.answers import status_error as status_error
    from retention_kit.adapters.http.auth import QueryToken as QueryToken
    from retention_kit.adapters.http.auth import StaticToken as StaticToken
    from retention_kit.adapters.http.client import Auth as Auth
    from retention_kit.adapters.http.client import HttpClient as HttpClient
    from retention_kit.adapters.http.credentials import Credentials as Credentials
    from retention_kit.adapters.http.paging import by_last_id as by_last_id
    from retention_kit.adapters.http.paging import by_link as by_link
    from retention_kit.adapters.http.paging import by_number as by_number
    from retention_kit.adapters.http.redaction import redact as redact
    from retention_kit.adapters.http.rotation import RotatingTokens as RotatingTokens
    from retention_kit.adapters.http.tokens import FileTokenStore as FileTokenStore
    from retention_kit.adapters.http.tokens import MemoryTokenStore as MemoryTokenStore
    from retention_kit.adapters.http.tokens import Tokens as Tokens
    from retention_kit.adapters.http.tokens import TokenStore as TokenStore
    from retention_kit.adapters.http.uploads import Multipart as Multipart

_HERE = "retention_kit.adapters.http"
_MODULES = {
    "AddressGuard": f"{_HERE}.addresses",
    "Answer": f"{_HERE}.answers",
    "Auth": f"{_HERE}.client",
    "Credentials": f"{_HERE}.credentials",
    "FileTokenStore": f"{_HERE}.tokens",
    "HttpClient": f"{_HERE}.client",
    "MemoryTokenStore": f"{_HERE}.tokens",
    "Multipart": f"{_HERE}.uploads",
    "QueryToken": f"{_HERE}.auth",
    "RotatingTokens": f"{_HERE}.rotation",
    "StaticToken": f"{_HERE}.auth",
    "TokenStore": f"{_HERE}.tokens",
    "Tokens": f"{_HERE}.tokens",
    "by_last_id": f"{_HERE}.paging",
    "by_link": f"{_HERE}.paging",
    "by_number": f"{_HERE}.paging",
    "redact": f"{_HERE}.redaction",
    "status_error": f"{_HERE}.answers",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
