"""What the rules of "what to do next" give, and the year whose money they reckon with.

The year is the last twelve months that the data cover whole, or as many as there are. What is known
of all time alone is taken for the year in the measure of its orders (`year_share`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

RESPONSE = 0.10
"""The share of customers, or of money, that an action is assumed to move."""
YEAR = 12
Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Action:
    """One piece of advice.

    Attributes:
        rule: Which rule gave it.
        money_at_stake: Shop currency, major units, over twelve months; None where it is unknown.
        customers: How many customers it is about, where it is about customers.
        figure: The figure that made the rule fire.
        parameters: The numbers and names of its sentence.
    """

    rule: str
    money_at_stake: float | None
    customers: int | None
    figure: float | None
    parameters: Mapping[str, int | float | str | None]


def rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    """Give the rows of a table, none where it is absent."""
    return tables[name].to_dicts() if name in tables else []


def last_year(tables: Tables, name: str) -> list[dict[str, Any]]:
    """Give the last twelve months that the data cover whole, of a table with a row per month."""
    return [row for row in rows(tables, name) if row["is_complete"]][-YEAR:]


def year_share(tables: Tables) -> float:
    """Give the share of all orders that lies in the year; 0 where there are none."""
    orders = sum(row["orders"] for row in rows(tables, "order_values"))
    of_year: int = sum(row["orders"] for row in last_year(tables, "order_values"))
    return of_year / orders if orders else 0.0


def repeat_order(tables: Tables) -> float | None:
    """Give the average value of a repeat order in the year."""
    months = last_year(tables, "order_values")
    orders = sum(row["repeat_orders"] for row in months)
    paid = sum((row["repeat_average_order_value"] or 0) * row["repeat_orders"] for row in months)
    return paid / orders if orders else None
