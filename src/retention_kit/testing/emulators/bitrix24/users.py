"""The users of an emulated portal."""

from __future__ import annotations

from typing import Any

_PEOPLE = (("Анна", "Титова"), ("Олег", "Гусев"), ("Иван", "Белов"))


def invented_users() -> dict[int, dict[str, Any]]:
    """Make three managers by id, as `user.get` shows them."""
    return {
        number: {
            "ID": str(number),
            "ACTIVE": True,
            "NAME": first,
            "LAST_NAME": last,
            "EMAIL": f"manager{number}@example.com",
            "WORK_POSITION": "Менеджер",
            "USER_TYPE": "employee",
        }
        for number, (first, last) in enumerate(_PEOPLE, start=1)
    }
