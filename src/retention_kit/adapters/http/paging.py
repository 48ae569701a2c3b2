"""The three ways in which lists come in pages. Each gives rows a page at a time, lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from retention_kit.adapters.http.answers import Answer
from retention_kit.adapters.http.client import HttpClient
from retention_kit.adapters.http.wire import Params

Rows = list[Any]


def by_number(
    client: HttpClient,
    path: str,
    *,
    rows_of: Callable[[Answer], Rows],
    params: Mapping[str, Any] | None = None,
    page: str = "page",
    first: int = 1,
    size: tuple[str, int] | None = None,
    group: str | Sequence[str] = "requests",
) -> Iterator[Rows]:
    """Read page 1, 2, 3 … until one is empty, or shorter than it could be.

    Args:
        client: Whom to ask by.
        path: What to ask for.
        rows_of: Finds the rows in an answer.
        params: What each request says besides.
        page: The parameter that holds the page's number.
        first: The first page's number.
        size: The parameter that holds the rows of a page, and how many to ask for; where it is
            None, only an empty page is the last.
        group: What the limiter counts them as.

    Yields:
        The rows of a page; none is empty.
    """
    number = first
    fixed = dict(params or {}) | (dict([size]) if size else {})
    while True:
        rows = rows_of(client.read("GET", path, params=fixed | {page: number}, group=group))
        if rows:
            yield rows
        if not rows or (size and len(rows) < size[1]):
            return
        number += 1


def by_link(
    client: HttpClient,
    path: str,
    *,
    rows_of: Callable[[Answer], Rows],
    next_of: Callable[[Answer], str | None],
    params: Params = None,
    group: str | Sequence[str] = "requests",
) -> Iterator[Rows]:
    """Follow the link to the next page that each answer holds, until one holds none.

    Of the link only the query is followed, on the first page's path: an answer cannot lead the
    credentials elsewhere, and a server behind a proxy may call itself what it likes.

    Args:
        client: Whom to ask by.
        path: What to ask for.
        rows_of: Finds the rows in an answer.
        next_of: Finds the link in an answer; None where it is the last.
        params: What the first request says besides.
        group: What the limiter counts them as.

    Yields:
        The rows of a page; none is empty.

    Raises:
        RetryableError: A link leads to a page that was read before.
    """
    seen = set()
    while True:
        answer = client.read("GET", path, params=params, group=group)
        rows = rows_of(answer)
        if rows:
            yield rows
        link = next_of(answer)
        if not link:
            return
        query = urlsplit(link).query
        if query in seen:
            raise answer.unreadable("links to a page that was read before")
        seen.add(query)
        params = parse_qsl(query, keep_blank_values=True)


def by_last_id(
    client: HttpClient,
    path: str,
    *,
    rows_of: Callable[[Answer], Rows],
    id_of: Callable[[Any], int],
    params_after: Callable[[int], Mapping[str, Any]],
    size: int,
    method: str = "GET",
    after: int = 0,
    group: str | Sequence[str] = "requests",
) -> Iterator[Rows]:
    """Ask for what comes after the last id that was seen, sorted by id, until a page is short.

    It asks for no count and skips nothing, so the last page is as fast as the first.

    Args:
        client: Whom to ask by.
        path: What to ask for.
        rows_of: Finds the rows in an answer.
        id_of: Gives a row's id.
        params_after: Makes what is asked, of the last id: the filter, the order, the size. It is
            sent in the query with GET, else as JSON.
        size: How many rows a full page has.
        method: How to ask.
        after: Where to begin.
        group: What the limiter counts them as.

    Yields:
        The rows of a page; none is empty.

    Raises:
        RetryableError: A page holds ids that do not come after the last one.
    """
    while True:
        asked = params_after(after)
        answer = (
            client.read(method, path, params=asked, group=group)
            if method == "GET"
            else client.read(method, path, json=asked, group=group)
        )
        rows = rows_of(answer)
        if not rows:
            return
        ids = [id_of(row) for row in rows]
        if min(ids) <= after:
            raise answer.unreadable(f"gives rows that do not come after id {after}")
        yield rows
        if len(rows) < size:
            return
        after = max(ids)
