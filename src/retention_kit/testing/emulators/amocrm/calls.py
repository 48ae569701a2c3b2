"""A request as the API's methods see it: ids from the path, brackets unfolded, limits read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from retention_kit.testing.emulators.amocrm.refusals import Refusal
from retention_kit.testing.emulators.amocrm.world import Row, World

_BRACKETS = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        path: The path below `/api/v4/`.
        ids: The numbers in it, in order.
        pairs: The parameters, in order.
        modified_since: What `If-Modified-Since` says.
        body: The parsed body; None where there is none.
        user_id: In whose name it is made.
        filtered: How filters are taken: `on`, `ignored` or `refused`.
    """

    path: str
    ids: Sequence[int]
    pairs: Sequence[tuple[str, str]]
    modified_since: str
    body: object
    user_id: int
    filtered: str = "on"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list was asked for.

    Attributes:
        page: From 1 on.
        limit: Rows of a page.
        conditions: The filter, brackets unfolded.
        order: Column and whether it descends, as asked; nothing where not asked.
        query: The text to look for.
        extras: What `with` asks for.
        since: Only rows that changed at this second or later.
    """

    page: int
    limit: int
    conditions: Row = field(default_factory=dict)
    order: tuple[tuple[str, bool], ...] = ()
    query: str = ""
    extras: frozenset[str] = frozenset()
    since: int | None = None


def read_listing(call: Call, *, most: int, clamp: bool = True) -> Listing:
    """Read a list's parameters.

    The vendor does not say what a `limit` over the most does; `clamp` decides: less, or a refusal.

    Args:
        call: The request.
        most: The largest `limit`.
        clamp: Whether a larger one is cut, not refused.

    Raises:
        Refusal: A page or limit is no positive number, or filters are not for this account.
    """
    tree = unfold(call.pairs)
    limit = _positive(tree.get("limit", "50"), "limit")
    if limit > most and not clamp:
        raise Refusal(400, f"The limit may be at most {most}.")
    conditions = tree.get("filter")
    if conditions is not None and call.filtered == "refused":
        raise Refusal(403, "Filters are not available in this account.")
    order = tree.get("order")
    since = None
    if call.modified_since:
        try:
            since = int(parsedate_to_datetime(call.modified_since).timestamp())
        except ValueError:
            raise Refusal(400, "If-Modified-Since is not a date.") from None
    return Listing(
        page=_positive(tree.get("page", "1"), "page"),
        limit=min(limit, most),
        conditions=conditions if isinstance(conditions, dict) and call.filtered == "on" else {},
        order=tuple(
            (column, str(way).lower() == "desc")
            for column, way in (order.items() if isinstance(order, dict) else ())
        ),
        query=str(tree.get("query", "")).strip(),
        extras=wanted_extras(call),
        since=since,
    )


def wanted_extras(call: Call) -> frozenset[str]:
    """Give what `with` asks for."""
    text = ",".join(value for name, value in call.pairs if name == "with")
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def unfold(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn `a[b][]=1` into nested dicts; an empty bracket takes the next free number."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        head, bracket, _ = name.partition("[")
        keys = [head, *_BRACKETS.findall(name)] if bracket else [head]
        place = tree
        for key in keys[:-1]:
            inner = place.setdefault(key or str(len(place)), {})
            if not isinstance(inner, dict):
                inner = place[key] = {}
            place = inner
        place[keys[-1] or str(len(place))] = value
    return tree


def page_of(world: World, call: Call, listing: Listing, name: str, rows: list[Row]) -> Row | None:
    """Put a page of a list into its envelope.

    Args:
        world: The account's state.
        call: The request, whose parameters the links repeat.
        listing: What was asked for.
        name: Under which name the rows stand.
        rows: All rows from the page's first on, one more than a page or fewer.

    Returns:
        The envelope, without `next` on the last page; None, which is 204, where no row is left.
    """
    if not rows:
        return None

    def link(page: int) -> Row:
        kept = [(key, value) for key, value in call.pairs if key not in {"page", "limit"}]
        asked = urlencode([*kept, ("limit", str(listing.limit)), ("page", str(page))])
        return world.href(f"{call.path}?{asked}")

    links = {"self": link(listing.page)}
    if len(rows) > listing.limit:
        links["next"] = link(listing.page + 1)
    return {
        "_page": listing.page,
        "_links": links,
        "_embedded": {name: rows[: listing.limit]},
    }


def paged(world: World, call: Call, name: str, rows: list[Row], *, most: int = 250) -> Row | None:
    """Serve a short list page by page, with the totals that the small lists have."""
    listing = read_listing(call, most=most)
    start = (listing.page - 1) * listing.limit
    envelope = page_of(world, call, listing, name, rows[start : start + listing.limit + 1])
    if envelope is not None:
        envelope["_total_items"] = len(rows)
        envelope["_page_count"] = -(-len(rows) // listing.limit)
    return envelope


def _positive(text: object, name: str) -> int:
    if not isinstance(text, str) or not text.isdecimal() or int(text) < 1:
        raise Refusal(400, f"The parameter {name} has to be a positive number.")
    return int(text)
