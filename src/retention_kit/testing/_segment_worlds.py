"""What a drawn shop holds that segments may ask for: columns, values and instants.

Besides the tables of a shop there are columns that no table describes, of every type that a
definition compares; a table of scores; and snapshots of segments taken before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from retention_kit.smart_segments.definitions.lengths import EPOCH
from retention_kit.smart_segments.definitions.rows import Source
from retention_kit.testing._instants import after_all, to_datetime
from retention_kit.testing._shop import Shop

Kind = Literal["text", "exact", "float", "bool", "date", "instant"]
"""Columns of one kind are compared alike."""
SNAPSHOTS_OF = ("Alpha", "Beta")
"""Of which segments there are snapshots."""
_MICROSECOND = dt.timedelta(microseconds=1)
_HOUR = 3_600_000_000
_DAY = 24 * _HOUR
_LATER = (1, _DAY, 31 * _DAY, 366 * _DAY, 0, 30 * _DAY, _HOUR, 365 * _DAY, -1, _HOUR // 2, -_DAY)
_NOTES = ("tea", None, "é", "e\u0301", "Ёлка", "ёлка", "ЕЛКА", "", "\u212a", "ΣΑΣ", "a\nb", "1.5")
_FLOATS = (0.5, None, float("nan"), 0.1, -0.0, 2.0, float("inf"))
_DATES = (dt.date(2012, 2, 29), None, dt.date(2011, 12, 31), dt.date(2011, 3, 27))
_SEEN = (
    dt.datetime(2011, 10, 30, 0, 30, tzinfo=dt.UTC),
    None,
    dt.datetime(2011, 12, 31, 23, 59, 59, 999_000, tzinfo=dt.UTC),
)
_SCORES: Mapping[str, tuple[Any, ...]] = {
    "p_alive": (pl.Float64(), *_FLOATS),
    "quick": (pl.Float32(), *_FLOATS),
    "rfm": (pl.Int64(), 3, 1, None, 5),
    "cluster": (pl.String(), "A", None, "Б"),
    "predicted": (pl.Decimal(18, 4), Decimal("10.5"), Decimal(0), None, Decimal("0.0001")),
}
_MORE: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "orders": {
        "gift": (pl.Boolean(), True, False, None),
        "rating": (pl.Float64(), *_FLOATS),
        "due": (pl.Date(), *_DATES),
        "note": (pl.String(), *_NOTES),
        "pieces": (pl.Int32(), 2, None, -1, 0),
        "rate": (pl.Decimal(30, 10), Decimal("0.1234567891"), None, Decimal("-7.5")),
        "seen": (pl.Datetime("ms", "UTC"), *_SEEN),
    },
    "order_items": {
        "fresh": (pl.Boolean(), True, None, False),
        "weight": (pl.Float32(), *_FLOATS),
        "note": (pl.String(), *_NOTES),
        "boxes": (pl.UInt8(), 1, None, 200, 255),
    },
    "customers": {
        "vip": (pl.Boolean(), True, None, False),
        "height": (pl.Float64(), *_FLOATS),
        "children": (pl.Int8(), 1, None, 0, -128),
        "number": (pl.UInt64(), 7, None, 2**63 + 5),
        "seen": (pl.Datetime("ms", "Asia/Tokyo"), *_SEEN),
        "wedding": (pl.Date(), *_DATES),
        "note": (pl.String(), *_NOTES),
        "size": (pl.Enum(("small", "medium", "large")), "small", None, "medium", "large"),
    },
    "events": {
        "seconds": (pl.Int16(), 30, None, 0),
        "depth": (pl.Float64(), *_FLOATS),
        "note": (pl.Categorical(), *_NOTES),
    },
}
_EVENT_NAMES: tuple[dict[str, str], ...] = (
    {},
    {"Product Viewed": "Email Delivered", "Cart Viewed": "Email Link Clicked"},
    {"Product Added": "Email Delivered", "Product Removed": "Push Notification Received"},
)


@dataclass(frozen=True, slots=True)
class Done:
    """Something that a customer did.

    Attributes:
        at: When, in microseconds since 1970.
        source: Of which source it is.
        row: The row.
    """

    at: int
    source: Source
    row: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SegmentWorld:
    """A shop whose customers also have scores and snapshots, at an instant of observation.

    Attributes:
        tables: The tables by name, `scores` and `snapshots` among them.
        time_zone: The shop's zone.
        as_of: The instant of observation.
        taken: By segment, when snapshots of it were taken.
        cached: What was read from the tables.
    """

    tables: Mapping[str, pl.DataFrame]
    time_zone: str
    as_of: dt.datetime
    taken: Mapping[str, tuple[dt.datetime, ...]]
    cached: dict[Any, Any] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's zone."""
        return ZoneInfo(self.time_zone)

    @property
    def now(self) -> int:
        """The instant of observation, in microseconds since 1970."""
        return _since_1970(self.as_of)

    def columns(self, table: str, kinds: Sequence[Kind] = ()) -> list[str]:
        """Give the columns of a table that are of one of some kinds."""
        key = ("columns", table, tuple(kinds))
        if key not in self.cached:
            schema = self.tables[table].schema
            self.cached[key] = [
                name for name, dtype in schema.items() if not kinds or kind_of_type(dtype) in kinds
            ]
        found: list[str] = self.cached[key]
        return found

    def kind(self, table: str, column: str) -> Kind:
        """Give the kind of a column."""
        return kind_of_type(self.tables[table].schema[column])

    def values(self, table: str, column: str) -> list[Any]:
        """Give some values that a column has, the most frequent first; missing ones left out."""
        key = ("values", table, column)
        if key not in self.cached:
            series = self.tables[table][column].drop_nulls()
            if series.dtype.is_float():
                series = series.filter(series.is_finite())
            self.cached[key] = list(dict.fromkeys(series.head(8).to_list()))
        found: list[Any] = self.cached[key]
        return found

    @property
    def timelines(self) -> list[list[Done]]:
        """Give what each customer did before the observation, in order, where it is two things."""
        if "timelines" not in self.cached:
            found: dict[Any, list[Done]] = {}
            for done in _done(self.tables):
                if done.row["customer_id"] is not None and done.at < self.now:
                    found.setdefault(done.row["customer_id"], []).append(done)
            ordered = [sorted(one, key=lambda done: done.at) for one in found.values()]
            self.cached["timelines"] = [one for one in ordered if one[0].at < one[-1].at]
        timelines: list[list[Done]] = self.cached["timelines"]
        return timelines

    @property
    def instants(self) -> list[int]:
        """When something happened, in microseconds since 1970; never none."""
        if "instants" not in self.cached:
            self.cached["instants"] = instants_of(self.tables) or [self.now]
        found: list[int] = self.cached["instants"]
        return found


def kind_of_type(dtype: pl.DataType) -> Kind:
    """Give the kind of a type."""
    if dtype.is_float():
        return "float"
    if dtype.is_integer() or dtype.is_decimal():
        return "exact"
    if dtype == pl.Boolean:
        return "bool"
    if dtype == pl.Date:
        return "date"
    return "instant" if dtype == pl.Datetime else "text"


def instants_of(tables: Mapping[str, pl.DataFrame]) -> list[int]:
    """Give the instants that rows of some tables happened at, in microseconds since 1970."""
    named = {
        "orders": "ordered_at",
        "events": "occurred_at",
        "customers": "registered_at",
        "consents": "decided_at",
    }
    found: dict[int, None] = {}
    for table, column in named.items():
        if table in tables:
            known = tables[table][column].drop_nulls().dt.epoch("us")
            found.update(dict.fromkeys(known.to_list()))
    return list(found)


def draw_as_of(draw: DrawFn, shop: Shop) -> dt.datetime:
    """Draw an instant of observation: after all, or at and near what happened."""
    zone = ZoneInfo(shop.time_zone)
    instants = instants_of(shop.tables)
    far = after_all(shop.time_zone)
    if not instants or draw(st.integers(0, 7)) == 0:
        return far
    # Half of the time nearly all has happened.
    which = sorted(instants)[-2:] if draw(st.booleans()) else instants
    near = draw(st.sampled_from(which)) + draw(st.sampled_from(_LATER))
    return to_datetime(near, draw(st.sampled_from((zone, dt.UTC))))


def draw_world(draw: DrawFn, shop: Shop, as_of: dt.datetime) -> SegmentWorld:
    """Draw what a shop's customers have besides, where the shop does not say it itself."""
    tables = dict(shop.tables)
    if draw(st.booleans()):
        start, pace = draw(st.integers(0, 11)), draw(st.integers(0, 4))
        for name, more in _MORE.items():
            if name in tables:
                tables[name] = tables[name].with_columns(
                    _cycled(column, values, tables[name].height, start + place, pace)
                    for place, (column, values) in enumerate(more.items())
                    if column not in tables[name].columns
                )
    if "events" in tables:
        names = draw(st.sampled_from(_EVENT_NAMES))
        tables["events"] = tables["events"].with_columns(pl.col("name").replace(names))
    if "consents" in tables and draw(st.booleans()):
        of_sharing = pl.when(pl.col("evidence").is_null()).then(pl.lit("sharing"))
        tables["consents"] = tables["consents"].with_columns(
            of_sharing.otherwise("purpose").alias("purpose")
        )
    ids = ids_of(shop)
    if "scores" not in tables:
        tables["scores"] = _draw_scores(draw, ids)
    taken: Mapping[str, tuple[dt.datetime, ...]] = {}
    if "snapshots" not in tables:
        tables["snapshots"], taken = _draw_snapshots(draw, shop, ids, as_of)
    return SegmentWorld(tables, shop.time_zone, as_of, taken)


def _done(tables: Mapping[str, pl.DataFrame]) -> Iterator[Done]:
    """Give completed orders, lines and events."""
    sources: Mapping[tuple[str, str | None], Source] = {
        ("orders", "sale"): "orders",
        ("orders", "return"): "returns",
        ("order_items", "sale"): "order_items",
        ("order_items", "return"): "returned_items",
        ("events", None): "events",
    }
    for table in dict.fromkeys(table for table, _ in sources):
        if table in tables:
            for row in tables[table].to_dicts():
                at = row["occurred_at" if table == "events" else "ordered_at"]
                kind = None if table == "events" else row["kind"] or "sale"
                if (row.get("status") or "completed") == "completed":
                    yield Done(_since_1970(at), sources[table, kind], row)


def ids_of(shop: Shop) -> pl.Series:
    """Give the customers of all tables, and one who is nowhere."""
    known = [frame["customer_id"] for frame in shop.tables.values() if "customer_id" in frame]
    stranger = pl.Series("customer_id", ["nobody" if known[0].dtype == pl.String else 404])
    return pl.concat([*known, stranger.cast(known[0].dtype)]).drop_nulls().unique().sort()


def _draw_scores(draw: DrawFn, ids: pl.Series) -> pl.DataFrame:
    left_out, start = draw(st.integers(0, 31)), draw(st.integers(0, 6))
    chosen = ids.filter(pl.Series([not left_out >> place & 1 for place in range(len(ids))]))
    return pl.DataFrame(
        [
            chosen,
            *(
                _cycled(column, values, len(chosen), start + place, 1)
                for place, (column, values) in enumerate(_SCORES.items())
            ),
        ]
    )


def _draw_snapshots(
    draw: DrawFn, shop: Shop, ids: pl.Series, as_of: dt.datetime
) -> tuple[pl.DataFrame, dict[str, tuple[dt.datetime, ...]]]:
    at = _since_1970(as_of)
    possible = [*instants_of(shop.tables), at, at - 1, at - 31 * _DAY, at - 90 * _DAY]
    one = st.tuples(
        st.sampled_from(SNAPSHOTS_OF),
        st.sampled_from(possible),
        st.integers(1, 2),
        st.integers(0, 63),
    )
    drawn = draw(st.lists(one, max_size=6))
    rows = [
        (name, version, instant, who)
        for name, instant, version, members in drawn
        for place, who in enumerate(ids.to_list())
        if members >> place & 1
    ]
    schema = {
        "segment": pl.String(),
        "version": pl.Int64(),
        "as_of": pl.Int64(),
        "customer_id": ids.dtype,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.col("as_of").cast(pl.Datetime("us", shop.time_zone))
    )
    taken = {
        name: tuple(
            to_datetime(instant, ZoneInfo(shop.time_zone))
            for instant in dict.fromkeys(when for of, when, *_ in drawn if of == name)
        )
        for name in SNAPSHOTS_OF
    }
    return frame, taken


def _cycled(name: str, values: tuple[Any, ...], height: int, start: int, pace: int) -> pl.Series:
    """Make a column that goes through some values; the first of them is its type."""
    dtype, *cycle = values
    drawn = [cycle[(start + pace * place) % len(cycle)] for place in range(height)]
    return pl.Series(name, drawn, dtype=dtype)


def _since_1970(at: dt.datetime) -> int:
    return (at - EPOCH) // _MICROSECOND
