"""What was made for an action, found again by the action's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.adapters.amocrm.fields import CustomField, rows_of, values_of
from retention_kit.adapters.amocrm.reading import MOST, pages
from retention_kit.errors import AuthenticationError, RejectedError

_AT_ONCE: Final = 50
"""How many ids a filter names: more would make an address that gateways cut."""


def mark(action_id: str) -> str:
    """Give the words by which a task or a purchase is known again."""
    return f"[retention_kit {action_id}]"


def leads_of(
    account: Account, field: CustomField, ids: Iterable[str], *, sure: bool
) -> dict[str, int]:
    """Find leads by the actions' ids in their field: the oldest, where one was copied.

    Together where the account has filters, else one by one by search.

    Args:
        account: Where.
        field: The field that keeps the ids.
        ids: Which.
        sure: Whether those that a filter does not find must be known not to be there. The vendor
            promises filters to some accounts only, and does not say what they do in others: so
            the filter has to find a lead that is known to be there as well, or each is searched
            for.

    Returns:
        The lead's id by the action's; those that there are.

    Raises:
        ChannelError: The account cannot be asked.
    """
    wanted = sorted(set(ids))
    found: dict[str, int] = {}
    known = _one_that_is_there(account, field) if sure and len(wanted) > 1 else None
    for at in range(0, len(wanted), _AT_ONCE):
        some = wanted[at : at + _AT_ONCE]
        asked = some if known is None or known in some else [*some, known]
        rows = _filtered(account, field, asked) if len(asked) > 1 else None
        there = {external for external, _ in _kept(rows or [], field)}
        if rows is None:
            rows = [row for one in some for row in _searched(account, one)]
        elif sure and known not in there:
            rows += [row for one in some if one not in there for row in _searched(account, one)]
        for external, lead in _kept(rows, field):
            if external in some:
                found[external] = min(lead, found.get(external, lead))
    return found


def marked(
    account: Account,
    path: str,
    name: str,
    ids: Iterable[str],
    *,
    column: str,
    params: Mapping[str, Any],
    pages_at_most: int,
) -> tuple[dict[str, int], bool]:
    """Find records by the mark in one of their texts.

    Args:
        account: Where.
        path: The list to look through.
        name: Under which name its rows stand.
        ids: The actions' ids.
        column: The text that holds the mark.
        params: The order, the newest first.
        pages_at_most: How many pages to look through.

    Returns:
        The record's id by the action's, and whether the list was looked through to its end: only
        then those that were not found are not there.

    Raises:
        ChannelError: The account cannot be asked.
    """
    missing = set(ids)
    found: dict[str, int] = {}
    most = pages_at_most * MOST
    seen = 0
    for rows in pages(account, path, name, params, most=most):
        seen += len(rows)
        for row in rows:
            text = str(row.get(column) or "")
            for one in [one for one in missing if mark(one) in text]:
                found[one] = int(row["id"])
                missing.discard(one)
        if not missing:
            break
    return found, seen < most


def _filtered(account: Account, field: CustomField, ids: list[str]) -> list[dict[str, Any]] | None:
    """Ask for leads by filter; None where the account has no filters."""
    asked = {f"filter[custom_fields_values][{field.id}][]": ids, "limit": MOST}
    try:
        rows = rows_of(account.get("leads", asked), "leads")
    except (AuthenticationError, RejectedError):
        return None
    ours = {external for external, _ in _kept(rows, field)}
    return rows if ours <= set(ids) and len(ours) >= bool(rows) and _all(rows, field) else None


def _one_that_is_there(account: Account, field: CustomField) -> str | None:
    """Give the action's id of a lead among the newest ones; None where none of them has one."""
    newest = account.get("leads", {"order[created_at]": "desc", "limit": _AT_ONCE})
    return next((external for external, _ in _kept(rows_of(newest, "leads"), field)), None)


def _searched(account: Account, action_id: str) -> list[dict[str, Any]]:
    return rows_of(account.get("leads", {"query": action_id, "limit": MOST}), "leads")


def _kept(rows: Iterable[Mapping[str, Any]], field: CustomField) -> Iterator[tuple[str, int]]:
    for row in rows:
        for one, values in values_of(row):
            if one.get("field_id") == field.id and values:
                yield str(values[0]), int(row["id"])


def _all(rows: list[dict[str, Any]], field: CustomField) -> bool:
    """Tell whether all rows have the field; a filter that is ignored gives any."""
    return len({lead for _, lead in _kept(rows, field)}) == len({row["id"] for row in rows})
