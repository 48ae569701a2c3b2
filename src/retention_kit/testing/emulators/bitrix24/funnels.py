"""Funnels and their stages, and the other lists of statuses a portal has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WON, LOST, UNDER_WAY = "S", "F", "P"
_STAGES = (
    ("NEW", "Новая", UNDER_WAY),
    ("PREPARATION", "Подготовка документов", UNDER_WAY),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", UNDER_WAY),
    ("EXECUTING", "Идёт работа", UNDER_WAY),
    ("FINAL_INVOICE", "Финальный счёт", UNDER_WAY),
    ("WON", "Сделка успешна", WON),
    ("LOSE", "Сделка провалена", LOST),
    ("APOLOGY", "Анализ причины провала", LOST),
)
_OTHERS = {
    "SOURCE": (("CALL", "Звонок"), ("EMAIL", "Электронная почта"), ("WEB", "Сайт")),
    "DEAL_TYPE": (("SALE", "Продажа"), ("SERVICES", "Услуги")),
    "CONTACT_TYPE": (("CLIENT", "Клиенты"), ("SUPPLIER", "Поставщики")),
    "COMPANY_TYPE": (("CUSTOMER", "Клиент"), ("SUPPLIER", "Поставщик")),
}


class Funnels:
    """The funnels of deals, each with the same eight stages.

    Args:
        names: The name of each funnel by its number; 0 is the one that every portal has.

    Attributes:
        names: The same, 0 among them.
    """

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = {0: "Общая", **names}
        self._meanings = {
            self.stage(funnel, status): meaning
            for funnel in self.names
            for status, _, meaning in _STAGES
        }

    def stage(self, funnel: int, status: str) -> str:
        """Give the id of a stage: `WON` in the funnel 0, `C3:WON` in the funnel 3."""
        return status if funnel == 0 else f"C{funnel}:{status}"

    def meaning(self, stage: str) -> str | None:
        """Tell what a stage means: won `S`, lost `F`, under way `P`; None where there is none."""
        return self._meanings.get(stage)

    def funnel_of(self, stage: str) -> int:
        """Give the funnel of a stage that exists."""
        return int(stage[1:].partition(":")[0]) if stage.startswith("C") and ":" in stage else 0

    def categories(self) -> list[dict[str, Any]]:
        """List the funnels as `crm.category.list` does."""
        return [
            {
                "id": number,
                "name": name,
                "sort": 100 * (position + 1),
                "entityTypeId": 2,
                "isDefault": "N" if number else "Y",
                "originId": "",
                "originatorId": "",
            }
            for position, (number, name) in enumerate(sorted(self.names.items()))
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """List all statuses as `crm.status.list` does."""
        listed: list[dict[str, Any]] = []
        for funnel in sorted(self.names):
            entity = f"DEAL_STAGE_{funnel}" if funnel else "DEAL_STAGE"
            for status, name, meaning in _STAGES:
                _list(listed, entity, self.stage(funnel, status), name, meaning, funnel)
        for entity, statuses in _OTHERS.items():
            for status, name in statuses:
                _list(listed, entity, status, name, None, 0)
        return listed


def _list(
    listed: list[dict[str, Any]],
    entity: str,
    status: str,
    name: str,
    meaning: str | None,
    funnel: int,
) -> None:
    listed.append(
        {
            "ID": str(len(listed) + 1),
            "ENTITY_ID": entity,
            "STATUS_ID": status,
            "NAME": name,
            "NAME_INIT": name,
            "SORT": str(10 * (len(listed) + 1)),
            "SYSTEM": "Y",
            "CATEGORY_ID": str(funnel) if meaning else None,
            "SEMANTICS": None if meaning == UNDER_WAY else meaning,
        }
    )
