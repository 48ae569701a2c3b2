"""A little shop written by hand; and the nightly profile of Hypothesis, chosen by the environment.

`HYPOTHESIS_PROFILE=nightly` draws thousands of cases.
"""

import datetime as dt
import os
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import settings

from retention_kit.contracts import table_schema
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.testing import customer_rows_of

settings.register_profile("nightly", parent=settings.get_profile("modest"), max_examples=400)
if os.environ.get("HYPOTHESIS_PROFILE") == "nightly":
    settings.load_profile("nightly")

ROLES = ("customer_id", "order_id", "product_id", "line_id")
SNAPSHOTS = ("segment", "version", "as_of", "customer_id")


class LittleShop:
    """Tables written row by row, which both evaluators are asked of.

    Instants are texts such as "2025-12-31 10:00" on the shop's clock; one with an offset is exact.
    """

    def __init__(self, zone: str = "Europe/Moscow") -> None:
        self.zone = zone
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("orders", "order_items", "customers", "consents", "events")
        }
        self.scores: dict[str, dict[str, Any]] = {}
        self.snapshots: list[dict[str, Any]] = []
        self.taken: dict[str, list[dt.datetime]] = {}

    def at(self, when: str) -> dt.datetime:
        read = dt.datetime.fromisoformat(when)
        return read if read.tzinfo else read.replace(tzinfo=ZoneInfo(self.zone))

    def sale(self, who: str, when: str, *lines: Any, amount: Any = None, **columns: Any) -> str:
        """Add a sale of lines: each a category (and product) at 100, or with its amount."""
        order_id = columns.pop("order_id", f"{len(self.rows['orders']) + 1:03}")
        kind = columns.get("kind", "sale")
        sign = -1 if kind == "return" else 1
        priced = [line if isinstance(line, tuple) else (line, 100) for line in lines]
        total = sign * sum(Decimal(price) for _, price in priced) if amount is None else amount
        own = {"order_id": order_id, "customer_id": who, "ordered_at": self.at(when), "kind": kind}
        self.rows["orders"].append({**own, "amount": Decimal(total), **columns})
        for category, price in priced:
            line = {"product_id": category, "category": category, "quantity": Decimal(sign)}
            self.rows["order_items"].append({**own, **line, "amount": sign * Decimal(price)})
        return order_id

    def returned(self, who: str, when: str, *lines: Any, **columns: Any) -> str:
        return self.sale(who, when, *lines, kind="return", **columns)

    def customer(self, who: str, **columns: Any) -> None:
        self.rows["customers"].append({"customer_id": who, **columns})

    def did(self, who: str, when: str, name: str, **columns: Any) -> None:
        own = {"customer_id": who, "occurred_at": self.at(when), "name": name}
        self.rows["events"].append({**own, **columns})

    def decided(self, who: str, when: str, channel: str, status: str, **columns: Any) -> None:
        own = {"customer_id": who, "decided_at": self.at(when), "channel": channel}
        self.rows["consents"].append({**own, "status": status, **columns})

    def snapshot(self, segment: str, when: str, *members: str) -> None:
        self.taken.setdefault(segment, []).append(self.at(when))
        self.snapshots += [
            {"segment": segment, "version": 1, "as_of": self.at(when), "customer_id": who}
            for who in members
        ]

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        types = dict.fromkeys(ROLES, pl.String())
        found = {}
        for name, rows in self.rows.items():
            schema: dict[str, Any] = dict(table_schema(name, time_zone=self.zone, id_types=types))
            more = {key for row in rows for key in row} - schema.keys()
            found[name] = _frame(rows, {**schema, **dict.fromkeys(sorted(more))})
        if self.scores:
            found["scores"] = pl.DataFrame(
                [{"customer_id": who, **own} for who, own in self.scores.items()]
            )
        schema = {**dict.fromkeys(SNAPSHOTS, pl.String()), "version": pl.Int64()}
        schema["as_of"] = pl.Datetime("us", self.zone)
        found["snapshots"] = _frame(self.snapshots, schema)
        return found

    def told(self, asked: Any, as_of: str, **more: Any) -> dict[str, bool | None]:
        """What both evaluators say of everybody."""
        from retention_kit.smart_segments.frame.evaluate import segment_members, segment_table
        from retention_kit.smart_segments.person.compiled import compile_segment

        if not isinstance(asked, Segment):
            asked = Segment(name="asked", condition=asked)
        at, besides = self.at(as_of), {"taken": self.taken, **more}
        table = segment_table(**self.tables, segments=[asked], as_of=at, unknown="keep", **besides)
        told = dict(table.rows())
        compiled = compile_segment(asked, unknown="keep", **besides)
        rows = customer_rows_of(self.tables, self.zone)
        assert told == {who: compiled.is_member(rows[who], at) for who in told}
        found = segment_members(**self.tables, segment=asked, as_of=at, **besides)
        assert sorted(found["customer_id"]) == sorted(who for who, one in told.items() if one)
        return told

    def members(self, asked: Any, as_of: str, **more: Any) -> set[str]:
        return {who for who, one in self.told(asked, as_of, **more).items() if one}

    def unknown(self, asked: Any, as_of: str, **more: Any) -> set[str]:
        return {who for who, one in self.told(asked, as_of, **more).items() if one is None}


def _frame(rows: list[dict[str, Any]], schema: dict[str, Any]) -> pl.DataFrame:
    """Make a table; instants go by way of UTC, so that an hour that comes twice is told apart."""
    columns = []
    for name, dtype in schema.items():
        values = [row.get(name) for row in rows]
        if dtype == pl.Datetime:
            values = [None if at is None else at.astimezone(dt.UTC) for at in values]
            utc = pl.Series(name, values, dtype=pl.Datetime("us", "UTC"))
            columns.append(utc.dt.convert_time_zone(dtype.time_zone))
        else:
            columns.append(pl.Series(name, values, dtype=dtype))
    return pl.DataFrame(columns)


@pytest.fixture
def shop() -> LittleShop:
    """A shop in Moscow."""
    return LittleShop()


@pytest.fixture
def shop_in() -> type[LittleShop]:
    """A shop in another zone."""
    return LittleShop
