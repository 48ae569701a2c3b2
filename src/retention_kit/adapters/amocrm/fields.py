"""Custom fields: found by id, code or name, read into texts, and written as each type wants it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from retention_kit.adapters.amocrm.account import Account
from retention_kit.errors import nearest_names

_CHOICES: Final = frozenset({"select", "multiselect", "radiobutton"})
_INSTANTS: Final = frozenset({"date", "date_time", "birthday"})
_PAGE: Final = 50


class UnknownFieldError(Exception):
    """A record cannot be written as it is; says so of one row.

    Attributes:
        code: One word for counting.
    """

    def __init__(self, message: str, *, code: str = "unknown_field") -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class CustomField:
    """One custom field.

    Attributes:
        id: Its id.
        name: What people see.
        code: Its code, where it has one.
        type: Its type.
        choices: What may be chosen, for fields of choices.
    """

    id: int
    name: str
    code: str
    type: str
    choices: tuple[str, ...] = ()

    def written(self, value: Any) -> dict[str, Any]:
        """Give the field with a value, or several, as it is sent; None clears it.

        Raises:
            UnknownFieldError: It is none of the choices, or nothing that the type takes.
        """
        if value is None:
            return {"field_id": self.id, "values": None}
        several = value if isinstance(value, list | tuple) else [value]
        return {"field_id": self.id, "values": [self._one(one) for one in several]}

    def _one(self, value: Any) -> dict[str, Any]:
        if self.type in _CHOICES:
            if str(value) not in self.choices:
                raise UnknownFieldError(
                    f"The field {self.name!r} has no such choice. It has: "
                    f"{', '.join(self.choices[:20])}.",
                    code="unknown_choice",
                )
            return {"value": str(value)}
        if self.type == "multitext":
            return {"value": str(value), "enum_code": "WORK"}
        if self.type in _INSTANTS:
            return {"value": self._instant(value)}
        if self.type == "checkbox":
            return {"value": bool(value)}
        if isinstance(value, Mapping):
            raise UnknownFieldError(
                f"The field {self.name!r} takes no such value.", code="wrong_value"
            )
        return {"value": str(value)}

    def _instant(self, value: Any) -> int:
        if isinstance(value, str):
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                value = None
        if isinstance(value, dt.datetime):
            return int((value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp())
        if isinstance(value, dt.date):
            # Noon is that day in all zones but the farthest.
            return int(
                dt.datetime(value.year, value.month, value.day, 12, tzinfo=dt.UTC).timestamp()
            )
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return int(value)
        raise UnknownFieldError(
            f"The field {self.name!r} takes a day or an instant.", code="wrong_value"
        )


class CustomFields:
    """An account's custom fields, read once for each kind of record, when somebody asks.

    Args:
        account: Whose.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[str, list[CustomField]] = {}
        self._lock = threading.Lock()

    def find(self, entity: str, name: str | int) -> CustomField:
        """Find a field by its id, its code or its name; capitals do not matter.

        Args:
            entity: `leads`, `contacts`, `customers`.
            name: What it is called.

        Raises:
            UnknownFieldError: There is none.
            ChannelError: The account cannot be asked.
        """
        fields = self._of(entity)
        wanted = str(name).strip().casefold()
        for label in ("id", "code", "name"):
            for field in fields:
                if str(getattr(field, label)).casefold() == wanted:
                    return field
        near = nearest_names(str(name), [field.name for field in fields]) or tuple(
            field.name for field in fields[:20]
        )
        raise UnknownFieldError(
            f"The account's {entity} have no field {name!r}. Nearest: {', '.join(near) or 'none'}."
        )

    def written(self, entity: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Give values by field as they are sent.

        Raises:
            UnknownFieldError: There is no such field, or it takes no such value.
            ChannelError: The account cannot be asked.
        """
        return [self.find(entity, name).written(value) for name, value in values.items()]

    def _of(self, entity: str) -> list[CustomField]:
        with self._lock:
            if entity not in self._known:
                self._known[entity] = list(self._read(entity))
            return self._known[entity]

    def _read(self, entity: str) -> Iterator[CustomField]:
        page = 1
        while True:
            asked = {"limit": _PAGE, "page": page}
            answer = self._account.get(f"{entity}/custom_fields", asked) or {}
            for one in rows_of(answer, "custom_fields"):
                yield CustomField(
                    id=int(one["id"]),
                    name=str(one.get("name") or ""),
                    code=str(one.get("code") or ""),
                    type=str(one.get("type") or "text"),
                    choices=tuple(str(choice.get("value")) for choice in one.get("enums") or ()),
                )
            if not has_next(answer):
                return
            page += 1


def values_of(record: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], list[Any]]]:
    """Give a record's custom fields, each with its values."""
    for one in record.get("custom_fields_values") or ():
        yield one, [value.get("value") for value in one.get("values") or ()]


def is_called(field: Mapping[str, Any], name: str) -> bool:
    """Tell whether a field of a record has this id, code or name."""
    wanted = name.strip().casefold()
    labels = (field.get("field_id"), field.get("field_code"), field.get("field_name"))
    return any(str(label or "").casefold() == wanted for label in labels)


def text_of(values: Iterable[Any]) -> str | None:
    """Give the values of a field as one text."""
    said = [str(one) for one in values if one not in (None, "")]
    return ", ".join(said) or None


def rows_of(answer: Any, name: str) -> list[dict[str, Any]]:
    """Give the records in an answer; none where there is no answer."""
    embedded = answer.get("_embedded") if isinstance(answer, Mapping) else None
    rows = embedded.get(name) if isinstance(embedded, Mapping) else None
    return [one for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []


def has_next(answer: Any) -> bool:
    """Tell whether a list goes on."""
    links = answer.get("_links") if isinstance(answer, Mapping) else None
    return isinstance(links, Mapping) and bool(links.get("next"))
