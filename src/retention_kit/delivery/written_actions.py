"""Actions as JSON can hold them, in both directions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from retention_kit.delivery.actions import ACTIONS, Action, PluginAction
from retention_kit.delivery.checked_fields import is_namespaced
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

if TYPE_CHECKING:
    import pydantic


def action_to_dict(action: Action) -> dict[str, Any]:
    """Give an action as what JSON can hold; it contains whatever is known of the customer.

    Amounts become texts, instants ISO 8601.
    """
    written: dict[str, Any] = {"kind": action.kind}
    for field in dataclasses.fields(action):
        value = getattr(action, field.name)
        # A required text may be empty, and is then read back.
        if value not in (None, "", {}) or _is_required(field):
            written[field.name] = _written(value)
    return written


def action_from_dict(written: Mapping[str, Any]) -> Action:
    """Read what `action_to_dict` wrote.

    Raises:
        DefinitionError: It is no action, or has fields that its kind has not.
    """
    import pydantic

    fields = dict(written)
    kind = str(fields.pop("kind", ""))
    made = ACTIONS.get(kind) or (PluginAction if is_namespaced(kind) else None)
    if made is None:
        near = ", ".join(nearest_names(kind, ACTIONS)) or ", ".join(ACTIONS)
        raise bad_parameter("kind", got=kind, allowed=", ".join(ACTIONS), step=f"nearest: {near}.")
    unknown = sorted(fields.keys() - {field.name for field in dataclasses.fields(made)})
    if unknown:
        raise DefinitionError(
            f"An action {kind!r} has no fields {', '.join(map(repr, unknown))}. Next step: leave "
            "them out.",
            parameter=unknown[0],
        )
    try:
        return _reader_of(kind if kind in ACTIONS else None).validate_python(fields)
    except pydantic.ValidationError as problem:
        places = sorted({".".join(map(str, one["loc"])) or "the whole" for one in problem.errors()})
        raise DefinitionError(
            f"An action {kind!r} cannot be read: {', '.join(places)}. Next step: mend the fields.",
            parameter=places[0],
        ) from None


@functools.cache
def _reader_of(kind: str | None) -> pydantic.TypeAdapter[Action]:
    """Make what reads actions of a kind, once: it takes a millisecond. None is for plugins'."""
    import pydantic

    return pydantic.TypeAdapter(PluginAction if kind is None else ACTIONS[kind])


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _written(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_written(one) for one in value]
    return value


def _is_required(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing
