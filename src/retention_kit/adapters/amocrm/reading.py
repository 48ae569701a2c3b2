"""Lists read page by page, with filters where the account has them and without where it has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.fields import has_next, rows_of
from retention_kit.errors import AuthenticationError, RejectedError, RetryableError

MOST: Final = 250
Row = dict[str, Any]


def pages(
    account: Account, path: str, name: str, params: Mapping[str, Any], *, most: int | None = None
) -> Iterator[list[Row]]:
    """Read a list until no page follows.

    Args:
        account: Whom to ask.
        path: The list below `/api/v4`.
        name: Under which name the rows stand.
        params: What is asked besides the page.
        most: How many rows are needed at most.

    Raises:
        RetryableError: A page says that another follows, and has no rows.
    """
    left = most
    number = 1
    limit = MOST if most is None else max(1, min(MOST, most))
    while left is None or left > 0:
        answer = account.get(path, {**params, "limit": limit, "page": number})
        rows = rows_of(answer, name)
        if rows:
            yield rows
        if not has_next(answer):
            return
        if not rows:
            raise RetryableError(
                f"The list {path!r} says that it goes on, and gives nothing. Next step: try later."
            )
        number += 1
        left = None if left is None else left - len(rows)


def changed(
    account: Account, path: str, params: Mapping[str, Any], since: int, *, most: int | None = None
) -> Iterator[list[Row]]:
    """Read the records that were changed at or after an instant.

    By the filter where the account has filters. Elsewhere the newest changes come first, and reading
    stops where they are older; so a record that is changed meanwhile comes twice and none is left
    out.

    Args:
        account: Whom to ask.
        path: The list, which is also the rows' name.
        params: What is asked besides.
        since: The instant in Unix seconds.
        most: How many rows are needed at most.
    """
    filtered = {**params, "filter[updated_at][from]": since, "order[id]": "asc"}
    first = pages(account, path, path, filtered, most=most)
    try:
        start = next(first, [])
    except (AuthenticationError, RejectedError):
        # Accounts without filters refuse them with whatever status; a real lack of rights shows
        # itself again below.
        start = None
    if start is not None and all(_changed_at(row) >= since for row in start):
        if start:
            yield start
            yield from first
        return
    newest = {**params, "order[updated_at]": "desc"}
    for rows in pages(account, path, path, newest):
        fresh = [row for row in rows if _changed_at(row) >= since]
        if fresh:
            yield fresh
        if len(fresh) < len(rows):
            return


def _changed_at(row: Row) -> int:
    return int(row.get("updated_at") or 0)
