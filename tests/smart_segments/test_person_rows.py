"""A customer's rows made of dicts and ORM rows."""

import dataclasses
import datetime as dt
import enum
import os
import subprocess
import sys
import uuid
from collections import namedtuple
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DataError, DefinitionError, MissingColumnError
from retention_kit.smart_segments.person import rows as typed
from retention_kit.smart_segments.person.rows import customer_rows

AT = dt.datetime(2025, 3, 1, 12, tzinfo=ZoneInfo("Europe/Moscow"))
LINE = {"order_id": 1, "product_id": 5, "quantity": 1, "amount": 10}


def order(number=1, amount=10, **more):
    return {"order_id": number, "ordered_at": AT, "amount": amount, **more}


def made(**tables):
    return customer_rows(7, time_zone="Europe/Moscow", **tables)


def test_the_typed_rows_mirror_the_tables():
    for name, row in (
        ("orders", typed.OrderRow),
        ("order_items", typed.OrderItemRow),
        ("customers", typed.CustomerRow),
        ("consents", typed.ConsentRow),
        ("events", typed.EventRow),
    ):
        columns, hints = TABLES[name].columns, get_type_hints(row)
        added = {"customer_id", "ordered_at", "kind"} if name == "order_items" else set()
        assert set(hints) == set(columns) | added
        required = {name for name, column in columns.items() if column.required}
        assert row.__required_keys__ - {"ordered_at"} == required - {"ordered_at"}


def test_what_is_not_given_is_absent_and_what_is_empty_is_there():
    assert made() == {"customer_id": 7, "time_zone": "Europe/Moscow"}
    given_rows = made(customer={}, orders=[], scores={}, memberships=[])
    assert given_rows["customer"] is None
    assert given_rows["scores"] is None
    assert given_rows["orders"] == given_rows["memberships"] == []


def test_rows_become_what_the_door_makes_of_tables():
    rows = made(
        orders=[order(amount=99.5, margin=None, loyalty_card="gold")],
        events=[{"name": "Cart Viewed", "occurred_at": AT, "value": 3}],
    )
    assert rows["orders"] == [
        {
            "order_id": 1,
            "customer_id": 7,
            "ordered_at": AT,
            "amount": Decimal("99.5000"),
            "margin": None,
            "loyalty_card": "gold",
            "kind": "sale",
            "status": "completed",
        }
    ]
    assert rows["orders"][0]["ordered_at"].tzinfo is dt.UTC
    assert rows["events"][0]["recorded_at"] == AT
    assert isinstance(rows["events"][0]["value"], Decimal)


@given(
    st.one_of(
        st.floats(-1e13, 1e13),
        st.integers(-(10**9), 10**9).map(lambda number: number / 100_000),
        st.decimals(-(10**9), 10**9, places=6),
        st.integers(-(10**13), 10**13),
    )
)
def test_numbers_are_rounded_as_the_door_rounds_them(number):
    event = {"name": "x", "occurred_at": AT, "value": number}
    dtype = pl.Decimal(38, 6) if isinstance(number, Decimal) else None
    by_door = pl.Series([number], dtype=dtype).cast(pl.Decimal(18, 4)).item()
    assert made(events=[event])["events"][0]["value"] == by_door


class Kind(enum.Enum):
    SALE = "sale"
    RETURN = "return"


@dataclasses.dataclass
class Bought:
    order_id: int
    ordered_at: dt.datetime
    amount: Decimal
    kind: Kind = Kind.SALE
    colour: str = "red"


class OfOrm:
    """As SQLAlchemy's objects are: columns on the class, which load when they are asked for."""

    _sa_instance_state = object()
    order_id = 1
    ordered_at = AT
    amount = Decimal(5)

    @property
    def channel(self):
        return "site"

    def __init__(self):
        self.customer = SimpleNamespace()
        self.colour = "red"
        self._secret = "no"


class Slotted:
    __slots__ = ("amount", "order_id", "ordered_at")

    def __init__(self):
        self.order_id, self.ordered_at, self.amount = 1, AT, 5


def test_dataclasses_tuples_and_objects_are_read_by_their_names():
    row = namedtuple("row", "order_id ordered_at amount")
    for one in (
        Bought(1, AT, Decimal(5)),
        OfOrm(),
        Slotted(),
        row(1, AT, 5),
        SimpleNamespace(order_id=1, ordered_at=AT, amount=5),
        SimpleNamespace(_mapping={"order_id": 1, "ordered_at": AT, "amount": 5}),
    ):
        (read,) = made(orders=[one])["orders"]
        assert (read["order_id"], read["amount"], read["kind"]) == (1, Decimal(5), "sale")
        assert read.keys() - TABLES["orders"].columns.keys() <= {"colour"}
    assert made(orders=[OfOrm()])["orders"][0]["channel"] == "site"
    assert made(orders=[Bought(1, AT, Decimal(5))])["orders"][0]["colour"] == "red"


def test_sqlalchemys_objects_and_rows_are_read():
    sqlalchemy = pytest.importorskip("sqlalchemy")
    from sqlalchemy import orm

    base = orm.declarative_base()

    class Order(base):
        __tablename__ = "orders"
        order_id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
        amount = sqlalchemy.Column(sqlalchemy.Numeric(18, 4))
        colour = sqlalchemy.Column(sqlalchemy.String)
        ordered_at = AT

    engine = sqlalchemy.create_engine("sqlite://")
    base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Order(order_id=1, amount=Decimal("2.5"), colour="red"))
        session.commit()
        # After a commit nothing is loaded: the object's own dictionary is empty.
        (read,) = made(orders=[session.get(Order, 1)])["orders"]
        with pytest.raises(DataError, match=r"a whole Order.*scalars"):
            made(orders=session.execute(sqlalchemy.select(Order)).all())
        objects = session.execute(sqlalchemy.select(Order)).scalars().all()
        assert made(orders=objects)["orders"] == [read]
        named = sqlalchemy.select(Order.order_id, Order.amount, Order.colour)
        lacks_the_instant = session.execute(named).all()
        with pytest.raises(MissingColumnError, match="'ordered_at'.*'colour'"):
            made(orders=lacks_the_instant)
    engine.dispose()
    assert (read["amount"], read["colour"], read["ordered_at"]) == (Decimal("2.5"), "red", AT)


def test_lines_take_the_instant_and_the_kind_of_their_order():
    back = {**LINE, "quantity": -1, "amount": -10}
    sale, returned = order(), order(amount=-10, kind="return", ordered_at=AT + dt.timedelta(1))
    lines = made(orders=[sale, returned], order_items=[LINE, back, {**back, "quantity": 0}])
    assert [one["kind"] for one in lines["order_items"]] == ["sale", "return", "return"]
    assert [(one["ordered_at"] - AT).days for one in lines["order_items"]] == [0, 1, 1]
    assert {one["customer_id"] for one in lines["order_items"]} == {7}
    alone = made(orders=[returned], order_items=[back])["order_items"][0]
    assert alone["kind"] == "return"
    own = made(order_items=[{**LINE, "ordered_at": AT}])["order_items"][0]
    assert (own["kind"], own["ordered_at"]) == ("sale", AT)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"orders": [order(ordered_at=AT.replace(tzinfo=None))]}, "without a time zone"),
        ({"orders": [order(ordered_at=AT.date())]}, "'ordered_at' of table 'orders'"),
        ({"orders": [order(ordered_at=None)]}, "missing"),
        ({"orders": [order(amount=None)]}, "missing"),
        ({"orders": [order(amount=float("nan"))]}, "float"),
        ({"orders": [order(amount=10**14)]}, "14 digits"),
        ({"orders": [order(amount="12,5")]}, "str"),
        ({"orders": [order(amount=True)]}, "bool"),
        ({"orders": [order(kind="gift")]}, "'sale', 'return'"),
        ({"orders": [order(status="done")]}, "'completed', 'cancelled', 'open'"),
        ({"orders": [order(number=1.5)]}, "whole numbers or text"),
        ({"orders": [order(channel=5)]}, "text"),
        ({"orders": [order(customer_id=8)]}, "another customer_id"),
        ({"orders": [order(customer_id="7")]}, "another customer_id"),
        ({"orders": [order(customer_id=None)]}, "missing"),
        ({"orders": [order(), order()]}, "two sales"),
        ({"orders": [order(amount=-1)]}, "negative"),
        ({"orders": [order(amount=1, kind="return")]}, "positive"),
        ({"orders": [5]}, "int"),
        ({"orders": [None]}, "NoneType"),
        ({"orders": [["a"]]}, "list"),
        ({"customer": {"birthday": AT}}, "dates"),
        ({"customer": {"customer_id": 8}}, "another customer_id"),
        ({"orders": [order(2)], "order_items": [LINE]}, "not among the orders"),
        (
            {"orders": [order(amount=-1, kind="return")], "order_items": [LINE]},
            "positive quantity",
        ),
        ({"memberships": [{"segment": "VIP", "as_of": dt.datetime(2025, 1, 1)}]}, "without a time"),
    ],
)
def test_what_no_table_can_hold_is_refused_without_showing_it(tables, said):
    with pytest.raises(DataError, match=said) as caught:
        made(**tables)
    assert "Next step:" in str(caught.value)
    assert "2025" not in str(caught.value)


@pytest.mark.parametrize(
    ("tables", "column"),
    [
        ({"orders": [{"order_id": 1, "ordered_at": AT}]}, "amount"),
        ({"order_items": [LINE]}, "ordered_at"),
        ({"events": [{"name": "x"}]}, "occurred_at"),
        ({"consents": [{"channel": "email", "status": "granted"}]}, "decided_at"),
        ({"memberships": [{"segment": "VIP"}]}, "as_of"),
    ],
)
def test_a_column_that_is_required_is_named(tables, column):
    with pytest.raises(MissingColumnError) as caught:
        made(**tables)
    assert caught.value.column == column


def test_ids_may_be_texts_and_uuids_are_texts():
    who = uuid.uuid4()
    read = customer_rows(str(who), time_zone="UTC", orders=[order(customer_id=who)])
    assert read["orders"][0]["customer_id"] == str(who)


def test_an_unknown_zone_is_refused():
    with pytest.raises(DefinitionError, match="IANA"):
        customer_rows(7, time_zone="Europe/Moskva")


WITHOUT_POLARS = """
import datetime as dt, os, sys, threading
from retention_kit.smart_segments import (
    Bucket, CompiledSegment, CustomerState, EventCount, Last, Segment, Where, Rows,
    compile_segment, customer_rows, is_member,
)

at = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
where = (Where(column="channel", operator="matches", value="^s.te$"),)
condition = EventCount(rows=Rows(where=where), window=Last(length="1mo"), at_least=1)
segment = Segment(name="s", condition=condition & Bucket(salt="x"))
order = {"order_id": 1, "ordered_at": at, "amount": 1.5, "channel": "site"}
rows = customer_rows(7, time_zone="Europe/Moscow", orders=[order])
compiled = compile_segment(Segment.from_json(segment.to_json()))
later = at + dt.timedelta(days=1)
assert compiled.is_member(rows, later) is True
assert is_member(segment, rows, later) is True
assert compiled.facts(rows, later)
state = CustomerState(compiled, rows)
assert state.is_member(later) is True
came = {name.partition(".")[0] for name in sys.modules}
print(*sorted(came & {"polars", "numpy", "dataframely", "pandas", "pyarrow", "sqlalchemy"}))
print(threading.active_count())
if hasattr(os, "fork"):
    child = os.fork()
    if not child:
        os._exit(0 if compiled.is_member(rows, later) and state.is_member(later) else 3)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_asking_one_customer_loads_no_polars_starts_no_thread_and_survives_a_fork():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_POLARS],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    loaded, threads, *child = done.stdout.split("\n")
    assert loaded == ""
    assert threads == "1"
    assert child[:1] in ([""], ["0"])


class Base:
    __slots__ = ("amount", "colour")


class SlottedOrder(Base):
    __slots__ = ("_secret", "cards", "order_id", "ordered_at", "size")

    def __init__(self):
        self.order_id, self.ordered_at, self.amount = 1, AT, 5
        self.colour, self._secret, self.cards = "red", "no", ["a"]


class OneSlot:
    __slots__ = "colour"  # noqa: PLC0205 - Python allows a text for one name


def test_objects_with_slots_keep_the_columns_of_their_own():
    (read,) = made(orders=[SlottedOrder()])["orders"]
    assert read["colour"] == "red"
    assert read.keys() & {"_secret", "cards", "size"} == set()
    one = OneSlot()
    one.colour = "red"
    assert made(scores=one)["scores"] == {"colour": "red"}


@pytest.mark.parametrize(
    ("tables", "key", "nearest"),
    [
        ({"orders": [{"order_id": 1, "ordered": AT, "amount": 5}]}, "ordered_at", "'ordered'"),
        ({"events": [{"occurred_at": AT, 5: 6}]}, "name", ""),
        ({"order_items": [LINE]}, "ordered_at", "'order_id'"),
        ({"memberships": [{"segments": "VIP", "as_of": AT}]}, "segment", "'segments'"),
    ],
)
def test_a_key_that_is_missing_is_named_without_a_word_of_files(tables, key, nearest):
    (table,) = tables
    table = {"memberships": "snapshots"}.get(table, table)
    with pytest.raises(MissingColumnError) as caught:
        made(**tables)
    said = str(caught.value)
    assert said.startswith(f"A row of table {table!r} has no key {key!r}, which is required.")
    assert f"give it under that name: {{{key!r}: …}}" in said
    assert not any(word in said for word in ("columns=", "--column", "command line", "separator"))
    assert f"Nearest: {nearest}" in said if nearest else "Nearest" not in said
    assert (caught.value.table, caught.value.column) == (table, key)


def test_a_row_of_a_query_that_holds_a_whole_object_is_told_of_scalars():
    class Order:
        __mapper__ = object()

    class Row(tuple):
        @property
        def _mapping(self):
            return {"Order": self[0]}

    with pytest.raises(DataError, match=r"holds a whole Order.*\.scalars\(\)\.all\(\)"):
        made(orders=[Row((Order(),))])
