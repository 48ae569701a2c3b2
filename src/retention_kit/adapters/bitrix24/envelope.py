"""What a portal's answers mean: results, errors in every disguise, maps that come as lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from retention_kit.adapters.http.answers import Answer
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    RateLimitedError,
    RejectedError,
    RetryableError,
)

_RENEW: Final = "renew the webhook or the tokens"
_NO_ENTRY: Final[Mapping[str, str]] = {
    "access_denied": "let the webhook's user see and change the records, or see that the tariff "
    "includes REST",
    "allowed_only_intranet_user": "make the webhook as an employee, not as a guest",
    "expired_token": _RENEW,
    "insufficient_scope": "tick CRM (crm) among the rights of the webhook or the application",
    "invalid_credentials": f"{_RENEW}: this one is not of this portal, or was deleted",
    "invalid_request": "use https:// in the address of the portal",
    "invalid_token": _RENEW,
    "no_auth_found": _RENEW,
    "overload_limit": "ask the vendor's support: the portal is blocked by hand",
    "payment_required": "see whether the tariff or the application was paid for",
    "portal_deleted": "look up the portal's address: this one was deleted",
    "user_access_error": "let the user of the webhook or the tokens use the application",
    "wrong_client": "look up the application's id and secret",
}
"""Codes after which nothing will succeed until a person has done something, and what."""

_TOO_OFTEN: Final = "query_limit_exceeded"
_TOO_LONG: Final = "operation_time_limit"
_OF_THE_SERVER: Final = frozenset({"internal_server_error", "error_unexpected_answer"})
METHOD_NOT_FOUND: Final = "error_method_not_found"
NOT_FOUND: Final = "not_found"
ACCESS_DENIED: Final = "access_denied"


class MethodBlockedError(ChannelError):
    """A method used up its execution time; all others may go on.

    Attributes:
        seconds: For how long it is blocked.
    """

    def __init__(self, message: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(message)

    def as_limit(self) -> RateLimitedError:
        """Say it as callers know it."""
        return RateLimitedError(str(self), retry_after=self.seconds)


def php_map(value: object) -> dict[str, Any]:
    """Give a map as one: PHP writes an empty one, and one with keys from 0 on, as a list."""
    if isinstance(value, Mapping):
        return {str(name): one for name, one in value.items()}
    if isinstance(value, list):
        return {str(place): one for place, one in enumerate(value)}
    return {}


def php_list(value: object) -> list[Any]:
    """Give a list as one: PHP writes one with a gap as a map."""
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, Mapping) else []


def code_of(error: Mapping[str, Any]) -> str:
    """Give what an error is called, in small letters; methods of the old family leave it empty.

    Where the code is empty, two descriptions are known well enough to stand for one.
    """
    code = str(error.get("error", "")).strip().lower()
    if code:
        return code
    said = str(error.get("error_description", "")).strip().lower().rstrip(".!")
    if said in ("access denied", "доступ запрещен", "доступ запрещён"):
        return ACCESS_DENIED
    return NOT_FOUND if said in ("not found", "не найдено") else "no_code"


def error_of(error: Mapping[str, Any], answer: Answer, *, blocked_for: float) -> ChannelError:
    """Say what an error of one call or one command means.

    Args:
        error: With `error` and `error_description`. The latter is never shown: it may quote what
            was sent.
        answer: In which it stood.
        blocked_for: For how many seconds a method is blocked that ran for too long.
    """
    code = code_of(error)
    said = f"Bitrix24 answered {answer.method} {answer.url_shown} with the error {code!r}"
    if code in _NO_ENTRY:
        return AuthenticationError(f"{said}. Next step: {_NO_ENTRY[code]}.")
    if code == _TOO_OFTEN:
        return RateLimitedError(f"{said}. Next step: go on later.", retry_after=None)
    if code == _TOO_LONG:
        return MethodBlockedError(
            f"{said}: the method used up its execution time. Next step: go on in "
            f"{blocked_for:,.0f} s.",
            blocked_for,
        )
    if code in _OF_THE_SERVER:
        return answer.unreadable(f"the error {code!r}")
    return RejectedError(f"{said}. Next step: mend what is sent.", code=code)


def is_undone(error: ChannelError) -> bool:
    """Say whether the same may be tried again, since it was certainly not carried out."""
    return isinstance(error, RateLimitedError | RetryableError)
