"""What the service's refusals mean for the one who asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from retention_kit.adapters.http.answers import Answer
from retention_kit.errors import (
    ChannelError,
    RateLimitedError,
    RejectedError,
)

_MOSCOW: Final = dt.timezone(dt.timedelta(hours=3))
_WAITS: Final = (("minute", 60.0), ("hour", 3_600.0))


def refusal(answer: Answer) -> ChannelError | None:
    """Say what an answer means where its status alone does not tell.

    - 429 of any request: not carried out; how long to wait follows from the quota that it names.
    - 5xx of a write: nobody knows. The service has no keys by which a repeated call is known.
    - 400, 404 and the like: refused, with the service's word for the reason as the code.
    """
    if answer.status == 429:
        return RateLimitedError(
            f"{answer.method} {answer.url_shown} answered 429: a quota of Yandex Audience is used "
            f"up ({reason_of(answer) or 'it does not say which'}). Next step: go on later.",
            retry_after=_wait(answer),
        )
    if answer.status >= 500 and not answer.is_read:
        return answer.unreadable("no more")
    if 400 <= answer.status < 500 and answer.status not in (401, 403, 407, 408, 425):
        code = reason_of(answer)
        where = _said(answer).get("location")
        return RejectedError(
            f"{answer.method} {answer.url_shown} answered {answer.status}: Yandex Audience refuses "
            f"the request ({code or 'without a reason'}"
            f"{f', at {where}' if isinstance(where, str) and where else ''}). Next step: mend what "
            "is asked.",
            code=code or str(answer.status),
        )
    return None


def reason_of(answer: Answer) -> str:
    """Give the service's word for why it refuses: `invalid_parameter`; empty where it gives none.

    Its sentence is left out: it may quote what was sent.
    """
    return str(_said(answer).get("error_type") or "")[:80]


def _wait(answer: Answer) -> float | None:
    """Give the seconds to wait, by the header, or by the quota's name."""
    if answer.retry_after is not None:
        return answer.retry_after
    said = answer.text.lower()
    for word, seconds in _WAITS:
        if word in said:
            return seconds
    if any(word in said for word in ("day", "daily", "uid", "login")):
        now = dt.datetime.fromtimestamp(answer.received_at, _MOSCOW)
        midnight = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), _MOSCOW)
        return (midnight - now).total_seconds()
    return None


def _said(answer: Answer) -> Mapping[str, Any]:
    """Give the first of the errors that an answer lists."""
    try:
        errors = answer.json()["errors"]
        return errors[0] if isinstance(errors[0], dict) else {}
    except (ChannelError, KeyError, TypeError, IndexError):
        return {}
