"""Lists read page by page, with filters where the account has them and without where it has not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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

    By the filter where the account has filters. Elsewhere the newest changes come first, and
    reading stops where they are older; so a record that is changed meanwhile comes twice and none
    is left out.

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
    if start is not None and len(_since(start, since)) == len(start):
        yield from (fresh for rows in ([start], first) for fresh in _kept(rows, since))
        return
    for rows in pages(account, path, path, {**params, "order[updated_at]": "desc"}):
        fresh = _since(rows, since)
        if fresh:
            yield fresh
        if len(fresh) < len(rows):
            return


def by_ids(
    account: Account, path: str, ids: Iterable[int], params: Mapping[str, Any]
) -> dict[int, Row]:
    """Read records by their ids: together where the account has filters, else one by one.

    Args:
        account: Whom to ask.
        path: The list, which is also the rows' name.
        ids: Which.
        params: What is asked besides.

    Returns:
        Those that there are, by id.
    """
    wanted = set(ids)
    if len(wanted) > 1:
        asked = {**params, "filter[id][]": sorted(wanted), "limit": MOST}
        try:
            found = {int(row["id"]): row for row in rows_of(account.get(path, asked), path)}
        except (AuthenticationError, RejectedError):
            found = {0: {}}
        # A filter that is ignored gives others, or not all of them on the first page.
        if found.keys() <= wanted:
            return found
    singles = ((one, account.get(f"{path}/{one}", params)) for one in sorted(wanted))
    return {one: row for one, row in singles if isinstance(row, dict) and row.get("id") == one}


def _kept(pages_: Iterable[list[Row]], since: int) -> Iterator[list[Row]]:
    for rows in pages_:
        if fresh := _since(rows, since):
            yield fresh


def _since(rows: list[Row], since: int) -> list[Row]:
    return [row for row in rows if int(row.get("updated_at") or 0) >= since]
