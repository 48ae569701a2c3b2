"""Lists read page by page, with filters where the account has them and without where it has not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.fields import has_next, rows_of
from retention_kit.errors import AuthenticationError, RejectedError, RetryableError

MOST: Final = 250
_FEWEST: Final = 200
_FIRST_STEP: Final = 100
_MOST_BACKWARDS: Final = 1_000
Row = dict[str, Any]


def pages(
    account: Account,
    path: str,
    name: str,
    params: Mapping[str, Any],
    *,
    most: int | None = None,
    number: int = 1,
    limit: int = MOST,
) -> Iterator[list[Row]]:
    """Read a list until no page follows, as the account gives it.

    A record that is deleted meanwhile may hide others; see `in_order`.

    Args:
        account: Whom to ask.
        path: The list below `/api/v4`.
        name: Under which name the rows stand.
        params: What is asked besides the page.
        most: How many rows are needed at most.
        number: The page to begin with.
        limit: How many rows a page has at most.

    Raises:
        RetryableError: A page says that another follows, and has no rows.
    """
    left = most
    limit = limit if most is None or number > 1 else max(1, min(limit, most))
    while left is None or left > 0:
        answer = account.get(path, {**params, "limit": limit, "page": number})
        rows = rows_of(answer, name)
        if rows:
            yield rows
        if not has_next(answer):
            return
        if not rows:
            raise _unending(path)
        number += 1
        left = None if left is None else left - len(rows)


def in_order(
    account: Account,
    path: str,
    params: Mapping[str, Any],
    *,
    by: str,
    most: int | None = None,
) -> Iterator[list[Row]]:
    """Read a list in its order, so that records deleted meanwhile hide no others.

    Pages are counted, and what is deleted moves all that comes after it forward, past the place
    where the next page begins. So each page here begins before the last one's end: if it begins
    with a record that is known, nothing lies between; if not, reading goes back until it does.

    Args:
        account: Whom to ask.
        path: The list, which is also the rows' name.
        params: What is asked besides the page.
        by: `id`, upwards; or `updated_at`, the newest first.
        most: How many rows are needed at most.

    Raises:
        RetryableError: The list moves faster than it can be read.
    """
    asked = {**params, f"order[{by}]": "asc" if by == "id" else "desc"}
    sign = 1 if by == "id" else -1
    largest = MOST if most is None else max(1, min(MOST, most))
    last: tuple[int, frozenset[int]] | None = None
    end, left, backwards, step = 0, most, 0, _FIRST_STEP

    def place(row: Row) -> int:
        return sign * int(row.get(by) or 0)

    while left is None or left > 0:
        limit = _limit(end, largest)
        number = max(0, end - 1) // limit + 1
        answer = account.get(path, {**asked, "limit": limit, "page": number})
        rows = rows_of(answer, path)
        places = [place(row) for row in rows]
        start, more = (number - 1) * limit, has_next(answer)
        if not rows and more:
            raise _unending(path)
        if last is None and more and (places != sorted(places) or len(rows) < limit):
            # The account has an order or a size of pages of its own: these are all there is.
            yield rows
            rest = None if left is None else left - len(rows)
            yield from pages(account, path, path, asked, most=rest, number=2, limit=limit)
            return
        if start and last is not None and not (rows and _is_known(rows[0], places[0], last)):
            backwards += 1
            if backwards > _MOST_BACKWARDS:
                raise RetryableError(
                    f"Records of the list {path!r} are deleted faster than it can be read. Next "
                    "step: try later."
                )
            end, step = max(0, start - step), 2 * step
            continue
        step = _FIRST_STEP
        fresh = [
            row
            for row, one in zip(rows, places, strict=True)
            if last is None or not _is_known(row, one, last)
        ]
        if fresh:
            yield fresh
            last = max(places), frozenset(int(row["id"]) for row in rows)
            left = None if left is None else left - len(fresh)
        if not more:
            return
        end = start + limit


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
    filtered = {**params, "filter[updated_at][from]": since}
    first = in_order(account, path, filtered, by="id", most=most)
    try:
        start = next(first, [])
    except (AuthenticationError, RejectedError):
        # Accounts without filters refuse them with whatever status; a real lack of rights shows
        # itself again below.
        start = None
    if start is not None and len(_since(start, since)) == len(start):
        yield from (fresh for rows in ([start], first) for fresh in _kept(rows, since))
        return
    for rows in in_order(account, path, params, by="updated_at"):
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


def _limit(end: int, largest: int) -> int:
    """Choose the size of pages by which one begins before `end` and reaches the farthest."""
    if end == 0:
        return largest
    sizes = range(MOST, _FEWEST - 1, -1) if end > _FEWEST else range(end, MOST + 1)
    return max(sizes, key=lambda size: size * ((end - 1) // size + 1))


def _is_known(row: Row, place: int, last: tuple[int, frozenset[int]]) -> bool:
    """Tell whether a row stands before the last one that was read, or is one of those."""
    return place < last[0] or int(row["id"]) in last[1]


def _unending(path: str) -> RetryableError:
    return RetryableError(
        f"The list {path!r} says that it goes on, and gives nothing. Next step: try later."
    )


def _kept(pages_: Iterable[list[Row]], since: int) -> Iterator[list[Row]]:
    for rows in pages_:
        if fresh := _since(rows, since):
            yield fresh


def _since(rows: list[Row], since: int) -> list[Row]:
    return [row for row in rows if int(row.get("updated_at") or 0) >= since]
