"""Events as plain data for JSON, and back: the same event, to the last digit."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from retention_kit.errors import DataError, nearest_names
from retention_kit.loyalty_rules.online import events
from retention_kit.loyalty_rules.online.events import Event, Line
from retention_kit.loyalty_rules.online.exact import refused

_EVENTS: Mapping[str, type[Event]] = {
    kind.TYPE: kind
    for kind in (
        events.Order,
        events.Return,
        events.Activity,
        events.Redemption,
        events.Reservation,
        events.Capture,
        events.Release,
        events.Delivery,
        events.Issue,
        events.Transfer,
        events.Adjustment,
        events.SegmentJoined,
        events.SegmentLeft,
    )
}
_FIELDS = {kind: dataclasses.fields(kind) for kind in (*_EVENTS.values(), Line)}
_INSTANTS = ("at", "until", "recorded_at")
_ALLOWED = {
    "lines": "a list of lines, each an object with the fields of `Line`",
    "columns": "an object of columns, each as event_to_dict(…) writes it",
}


def event_to_dict(event: Event) -> dict[str, Any]:
    """Give an event as plain data that JSON can hold; fields as by default are left out.

    Args:
        event: The event.

    Returns:
        Its `type` and its fields: money as text, instants in ISO 8601.

    Examples:
        >>> order = events.Order(order_id=7, at=dt.datetime(2025, 5, 1, tzinfo=dt.UTC), amount=10)
        >>> event_to_dict(order)
        {'type': 'order', 'order_id': 7, 'at': '2025-05-01T00:00:00+00:00', 'amount': '10'}
    """
    return {"type": event.TYPE, **_fields_of(event)}


def event_from_dict(given: Mapping[str, Any]) -> Event:
    """Read what `event_to_dict` gave.

    Args:
        given: The event's `type` and its fields.

    Returns:
        The event.

    Raises:
        DataError: There is no such type or field, or a field is not what it may be.
    """
    name = given.get("type")
    kind = _EVENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        near = nearest_names(str(name), _EVENTS)
        hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
        raise DataError(
            f"Field 'type' of an event names no kind of event. Allowed: {', '.join(_EVENTS)}.{hint}"
        )
    read: Event = _made(kind, {key: value for key, value in given.items() if key != "type"})
    return read


def _fields_of(one: Any) -> dict[str, Any]:
    return {
        field.name: _written(field.name, value)
        for field in _FIELDS[type(one)]
        if (value := getattr(one, field.name)) != field.default
        and not (field.name == "columns" and not value)
    }


def _written(name: str, value: Any) -> Any:
    if name == "lines":
        return [_fields_of(line) for line in value]
    if name == "columns":
        return {column: _tagged(column, one) for column, one in value.items()}
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _tagged(column: str, value: Any) -> Any:
    """Write a value of a column so that it comes back as what it was."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return {"number": f"{value:f}"}
        case dt.datetime() if value.tzinfo is not None:
            return {"instant": value.astimezone(dt.UTC).isoformat()}
        case dt.date() if not isinstance(value, dt.datetime):
            return {"date": value.isoformat()}
    raise DataError(
        f"Column {column!r} of an event holds {type(value).__name__}. Allowed: numbers, texts, "
        "true and false, dates, and instants with a time zone."
    )


def _made(kind: Any, given: Mapping[str, Any]) -> Any:
    known = {field.name for field in _FIELDS[kind]}
    for name in given:
        if name not in known:
            near = nearest_names(str(name), known)
            hint = f" Nearest: {', '.join(map(repr, near))}." if near else ""
            raise DataError(
                f"An event of this kind has no field {name!r}. It has: "
                f"{', '.join(sorted(known))}.{hint}"
            )
    required = [one.name for one in _FIELDS[kind] if _is_required(one)]
    missing = [name for name in required if name not in given]
    if missing:
        raise DataError(
            f"Fields of an event are missing: {', '.join(missing)}. Required of {kind.__name__}: "
            f"{', '.join(required)}."
        )
    return kind(**{name: _read_field(name, value) for name, value in given.items()})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is field.default_factory is dataclasses.MISSING


def _read_field(name: str, value: Any) -> Any:
    try:
        return _read(name, value)
    except (TypeError, ValueError, AttributeError, InvalidOperation):
        # Python's own words would repeat what stands in the field.
        raise refused(
            name,
            got="a text" if isinstance(value, str) else type(value).__name__,
            allowed=_ALLOWED.get(name, "an instant in ISO 8601, with a time zone"),
        ) from None


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS and isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    if name == "lines":
        return tuple(_made(Line, dict(line)) for line in value)
    if name == "columns":
        return {column: _untagged(one) for column, one in value.items()}
    return value


def _untagged(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    ((kind, text),) = value.items()
    match kind:
        case "number":
            return Decimal(text)
        case "instant":
            return dt.datetime.fromisoformat(text)
        case "date":
            return dt.date.fromisoformat(text)
    raise ValueError(kind)
