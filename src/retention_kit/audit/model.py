"""What an audit gives: figures with their definitions, tables, and the same as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal

import polars as pl

from retention_kit.contracts.health import DataHealth

View = Literal["sales", "net", "with_guests"]
Unit = Literal["customers", "orders", "money", "share", "ratio", "days", "months"]
Language = Literal["en", "ru"]
SCHEMA_VERSION = 2
"""The version of what `to_dict` gives; 2 added intervals, benchmarks and all tables."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What the field calls usual or good, and who says so.

    Attributes:
        low: The lower end.
        high: The upper end, or None where there is none.
        source: Who says so, and when.
        note: What it holds for, in a sentence.
    """

    low: float
    high: float | None
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that asks for a look.

    Attributes:
        code: What it is, such as `later_orders`; reports have a sentence for each.
        values: The numbers and names that the sentence holds.
        is_new: Whether the audit found it, and not the door before.
    """

    code: str
    values: Mapping[str, int | float | str]
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure of the audit.

    Attributes:
        name: What it is called, such as `average_order_value`.
        view: Which rows it counts: `sales`, `net` of returns, or sales `with_guests`.
        value: The figure; None where its denominator is 0.
        unit: `customers` and `orders` are counts, `money` is in the shop's currency, a `share` is
            0 … 1, `days` and `months` are lengths of time, a `ratio` is none of these.
        definition: What it means, in a sentence.
        numerator: What was divided, if it is a quotient.
        denominator: By what, if it is a quotient.
        low: The lower end of the interval of confidence, where there is one.
        high: Its upper end.
        benchmark: What the field calls usual or good, where a source can be named.
    """

    name: str
    view: View
    value: int | float | Decimal | None
    unit: Unit
    definition: str
    numerator: int | Decimal | None = None
    denominator: int | Decimal | None = None
    low: float | None = None
    high: float | None = None
    benchmark: Benchmark | None = None


@dataclass(frozen=True, slots=True)
class PluggedSection:
    """A section of the report that a plugin brings.

    Attributes:
        name: `vendor.section`.
        tables: The titles of its tables, by their names in the audit: `vendor.section.1`.
        text: Its title and its paragraphs, by language.
    """

    name: str
    tables: Mapping[str, str]
    text: Mapping[str, tuple[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Findings:
    """What a shop's tables say about its repeat sales, at one instant: the data of an audit.

    `Audit` is the same with the reports that are made of it.

    Attributes:
        as_of: The instant of observation, exclusive, in the shop's zone.
        data_from: The first order's instant.
        data_to: The last order's instant before `as_of`.
        time_zone: The shop's time zone.
        currency: The shop's currency.
        active_within: For how long a purchase makes a customer, in the list of those who stopped.
        gap_days: The usual gap between purchases by which the lifecycle is told; None where it is
            not known.
        confidence: How sure intervals are.
        health: What was read, accepted and rejected.
        key_figures: The figures, in the order of a report.
        tables: Eager tables by name; those that need what was not given are not there. Always:
            `key_figures`, `trends`, `views`, `actions`, `order_values`, `buyers`, `seasonality`,
            `concentration`, `retention`, `cohorts`, `value_trend`, `lifetime_values`, `what_if`,
            `gaps`, `gap_summary`, `gaps_by_order`, `next_purchase`, `order_conversion`,
            `churned_customers`, `churned_totals`, `data_health`. With somebody in one of them:
            `ready_segments`, `ready_overlap`. With a sale: `rfm_segments`,
            `rfm_map`, `rfm_levels`, `rfm_migration`, `worth_a_call`, and `clusters` where customers
            differ. Where somebody bought on two days: `value_models`, `value_parameters`,
            `repeat_frequency`, mostly `purchase_tracking`, and where the models can be trusted
            `predicted_segments` and `alive_matrix`. With repeat customers, or
            `gap_days`: `lifecycle`, `lifecycle_flow`. With costs: `acquisition`, `channels`,
            `payback`, `payback_curve`, `retention_costs`. With lines: `products`, `categories`.
            With managers, delivery dates, events: `managers`, `delivery`, `funnel`. For each table
            with rejected rows, `rejected_…` with the first of them. Of the sections of plugins,
            `vendor.section.1` and so on.
        notes: What asks for a look, as codes with numbers.
        warnings: The same in English sentences.
        plugged: The sections that plugins bring.
    """

    as_of: dt.datetime
    data_from: dt.datetime
    data_to: dt.datetime
    time_zone: str
    currency: str
    active_within: str
    gap_days: float | None
    confidence: float
    health: DataHealth
    key_figures: tuple[KeyFigure, ...]
    tables: Mapping[str, pl.DataFrame]
    notes: tuple[Note, ...] = ()
    warnings: tuple[str, ...] = ()
    plugged: tuple[PluggedSection, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(as_of={self.as_of.isoformat()}, time_zone={self.time_zone!r}, "
            f"currency={self.currency!r}, {len(self.key_figures)} key figures, "
            f"tables: {', '.join(self.tables)})"
        )

    def figure(self, name: str, view: View = "sales") -> KeyFigure:
        """Give one key figure.

        Raises:
            KeyError: There is none of that name in that view.
        """
        for figure in self.key_figures:
            if (figure.name, figure.view) == (name, view):
                return figure
        known = ", ".join(f"{figure.name} ({figure.view})" for figure in self.key_figures)
        raise KeyError(f"no figure {name!r} in view {view!r}; there are: {known}")

    def to_dict(self) -> dict[str, Any]:
        """Give all that JSON can say of the audit; rejected rows are left out.

        Returns:
            `schema_version`, `as_of`, `data_from`, `data_to` (ISO 8601), `time_zone`, `currency`,
            `active_within`, `gap_days`, `confidence`, `warnings`, `notes`, `data_health` (by
            table), `key_figures` (by view and name: value, unit, numerator, denominator, low,
            high, definition, benchmark) and every other table of the audit by its name, as rows.
            Money is a number in major units of the currency.
        """
        figures: dict[str, dict[str, Any]] = {}
        for figure in self.key_figures:
            figures.setdefault(figure.view, {})[figure.name] = {
                "value": _plain(figure.value),
                "unit": figure.unit,
                "numerator": _plain(figure.numerator),
                "denominator": _plain(figure.denominator),
                "low": figure.low,
                "high": figure.high,
                "definition": figure.definition,
                "benchmark": None if figure.benchmark is None else asdict(figure.benchmark),
            }
        return {
            "schema_version": SCHEMA_VERSION,
            "as_of": self.as_of.isoformat(),
            "data_from": self.data_from.isoformat(),
            "data_to": self.data_to.isoformat(),
            "time_zone": self.time_zone,
            "currency": self.currency,
            "active_within": self.active_within,
            "gap_days": self.gap_days,
            "confidence": self.confidence,
            "warnings": list(self.warnings),
            "notes": [{"code": note.code, **note.values} for note in self.notes],
            "data_health": {
                name: {
                    "read": table.read,
                    "accepted": table.accepted,
                    "guests": table.guests,
                    "rejected": dict(table.rejected),
                    "notes": dict(table.notes),
                }
                for name, table in self.health.tables.items()
            },
            "key_figures": figures,
            **{
                name: _rows(frame)
                for name, frame in self.tables.items()
                if name not in _NOT_IN_JSON and not name.startswith("rejected_")
            },
        }

    def to_json(self, *, indent: int | None = 2) -> str:
        """Give `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)


_NOT_IN_JSON = frozenset({"key_figures", "data_health"})
"""Tables that the JSON has in another form."""


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in frame.to_dicts()]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
