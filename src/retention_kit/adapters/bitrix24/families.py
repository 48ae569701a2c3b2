"""Calls about single records in both families: `crm.item.add`, or `crm.deal.add` and its like.

Fields are spoken of by their names in `crm.item.*`; of the older methods, which know them in
capitals, the names follow by rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from retention_kit.adapters.bitrix24.columns import Family
from retention_kit.adapters.bitrix24.envelope import php_list, php_map
from retention_kit.adapters.bitrix24.portal import Command

DEAL: Final = 2
CONTACT: Final = 3
COMPANY: Final = 4
_NAMES: Final = {DEAL: "deal", CONTACT: "contact", COMPANY: "company"}
_ORIGINAL: Final = {"useOriginalUfNames": "Y"}


@dataclass(frozen=True)
class Calls:
    """Makes calls about records of one type, and reads what they give.

    Attributes:
        family: The family of methods.
        number: The type's `entityTypeId`.
    """

    family: Family
    number: int

    @property
    def is_new(self) -> bool:
        """Whether these are the methods `crm.item.*`."""
        return self.family == "items"

    def name(self, field: str) -> str:
        """Give what a field is called here.

        Examples:
            >>> Calls("classic", DEAL).name("assignedById")
            'ASSIGNED_BY_ID'
        """
        if self.is_new or field.upper() == field:
            return field
        return re.sub(r"(?<!^)(?=[A-Z])", "_", field).upper()

    def named(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Give fields by what they are called here."""
        return {self.name(field): value for field, value in fields.items()}

    def add(self, fields: Mapping[str, Any]) -> Command:
        """Make a record of fields that are called as here."""
        return self._call("add", {"fields": fields}, **_ORIGINAL)

    def change(self, id_: int, fields: Mapping[str, Any]) -> Command:
        """Change a record."""
        return self._call("update", {"id": id_, "fields": fields}, **_ORIGINAL)

    def get(self, id_: int) -> Command:
        """Ask for a whole record."""
        return self._call("get", {"id": id_}, **_ORIGINAL)

    def describe(self) -> Command:
        """Ask for the fields of the type."""
        return self._call("fields", {}, **_ORIGINAL)

    def find(self, fields: Sequence[str], filter_: Mapping[str, Any]) -> Command:
        """Ask for the first fifty records that a filter lets through, the oldest first.

        Args:
            fields: Which of their fields, besides the id.
            filter_: By prefix and field: `{"@originId": ["a", "b"]}`.
        """
        here = {}
        for field, value in filter_.items():
            bare = field.lstrip("=@<>!%")
            here[field[: len(field) - len(bare)] + self.name(bare)] = value
        return self._call(
            "list",
            {
                "select": [self.name(one) for one in ("id", *fields)],
                "filter": here,
                "order": {self.name("id"): "ASC"},
                "start": -1,
            },
        )

    def rows(self, value: Any) -> list[dict[str, Any]]:
        """Give the records that a list gave."""
        return php_list(php_map(value).get("items") if self.is_new else value)

    def row(self, value: Any) -> dict[str, Any]:
        """Give the record that was asked for."""
        return php_map(php_map(value).get("item") if self.is_new else value)

    def described(self, value: Any) -> dict[str, Any]:
        """Give the descriptions of fields by name."""
        return php_map(php_map(value).get("fields") if self.is_new else value)

    def reached(self, row: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Give the telephones and addresses of a record, each with `PHONE` or `EMAIL`."""
        for source in ("fm",) if self.is_new else ("PHONE", "EMAIL"):
            for one in php_list(row.get(source)):
                if isinstance(one, dict):
                    yield (
                        str(one.get("typeId", one.get("TYPE_ID", source))),
                        str(one.get("value", one.get("VALUE", ""))),
                    )

    def reach(self, values: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Write telephones and addresses that are to be added."""
        if self.is_new:
            added = {
                f"n{place}": {"typeId": kind, "valueType": "WORK", "value": value}
                for place, (kind, value) in enumerate(values)
            }
            return {"fm": added} if added else {}
        written: dict[str, list[dict[str, str]]] = {}
        for kind, value in values:
            written.setdefault(kind, []).append({"VALUE": value, "VALUE_TYPE": "WORK"})
        return dict(written)

    def _call(self, verb: str, params: Mapping[str, Any], **of_items: str) -> Command:
        if self.is_new:
            return Command(f"crm.item.{verb}", {"entityTypeId": self.number, **params, **of_items})
        return Command(f"crm.{_NAMES[self.number]}.{verb}", params)
