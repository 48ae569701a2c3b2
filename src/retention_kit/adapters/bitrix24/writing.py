"""Records made and changed in batches, and what became of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from retention_kit.adapters.bitrix24.envelope import NOT_FOUND, is_undone, php_list, php_map
from retention_kit.adapters.bitrix24.portal import MOST_COMMANDS, Command, Portal, Result
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.delivery.outcomes import Outcome
from retention_kit.errors import AuthenticationError, ChannelError, RejectedError

_MULTIFIELDS: Final = (("phone", "PHONE", "phone"), ("email", "EMAIL", "email"))


def made(portal: Portal, rows: Sequence[tuple[str, Command]]) -> dict[str, Outcome]:
    """Make calls that change something, at most fifty, and say what became of each row.

    Args:
        portal: The portal.
        rows: The ids of actions, and the call for each.

    Raises:
        ChannelError: The request failed whole.
    """
    assert len(rows) <= MOST_COMMANDS
    if not rows:
        return {}
    results = portal.batch([command for _, command in rows], changes=True)
    return {id_: _outcome(id_, result) for (id_, _), result in zip(rows, results, strict=True)}


def accepted(id_: str, external_id: object) -> Outcome:
    """Say that a row is there."""
    return Outcome(id_, "accepted", external_id=str(external_id))


def refused(id_: str, code: str, detail: str) -> Outcome:
    """Say that a row will not be sent."""
    return Outcome(id_, "rejected", code=code, detail=detail)


def new_multifields(who: Mapping[str, Any]) -> dict[str, Any]:
    """Write telephone and address of a contact that is being made."""
    values: dict[str, Any] = {}
    for name, kind, _ in _MULTIFIELDS:
        if name in who:
            values[f"n{len(values)}"] = {"valueType": "WORK", "value": who[name], "typeId": kind}
    return {"fm": values} if values else {}


def missing_multifields(
    who: Mapping[str, Any], there: Mapping[str, Any], same: Any
) -> dict[str, Any]:
    """Write those of telephone and address that a contact has not: what is written is appended.

    Args:
        who: What the payload says of the customer.
        there: The contact, as `crm.item.get` gives it.
        same: Brings a kind's values to one form, to be compared.
    """
    known = {
        (str(one.get("typeId")), same(str(one.get("typeId")), one.get("value")))
        for one in php_list(there.get("fm"))
        if isinstance(one, dict)
    }
    values: dict[str, Any] = {}
    for name, kind, _ in _MULTIFIELDS:
        if name in who and (kind, same(kind, who[name])) not in known:
            values[f"n{len(values)}"] = {"valueType": "WORK", "value": who[name], "typeId": kind}
    return {"fm": values} if values else {}


def items_by_id(reader: Reader, number: int, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Read whole records; those that are not there are left out.

    Raises:
        ChannelError: The portal does not give them.
    """
    commands = [
        Command("crm.item.get", {"entityTypeId": number, "id": one, "useOriginalUfNames": "Y"})
        for one in ids
    ]
    found = {}
    results = reader.listed(commands, tolerated=NOT_FOUND)
    for one, result in zip(ids, results, strict=True):
        if result.error is None:
            found[one] = php_map(php_map(result.value).get("item"))
    return found


def id_in(result: Any) -> str | None:
    """Find the id of what was made: `{"item": {"id": 7}}`, `{"id": 7}` or 7."""
    said = php_map(result)
    inner = php_map(said.get("item")) or said
    value = inner.get("id") if inner else result
    return None if value in (None, True, "") else str(value)


def _outcome(id_: str, result: Result) -> Outcome:
    error = result.error
    if error is None:
        return Outcome(id_, "accepted", external_id=id_in(result.value))
    # Rights may be lacking for this one record alone.
    if isinstance(error, RejectedError) or result.code == "access_denied":
        return refused(id_, result.code, "Bitrix24 refused it.")
    if isinstance(error, AuthenticationError) or is_undone(error):
        return Outcome(id_, "planned", code=result.code)
    return _unknown(id_, error, result.code)


def _unknown(id_: str, error: ChannelError, code: str) -> Outcome:
    return Outcome(id_, "unknown", code=code, detail=type(error).__name__)
