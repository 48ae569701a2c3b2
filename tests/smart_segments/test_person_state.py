"""A customer's rows that are kept: whatever comes in, in whatever order, asking afresh agrees."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from retention_kit.errors import DataError, DefinitionError, MissingColumnError
from retention_kit.smart_segments import (
    All,
    EventAggregate,
    EventCount,
    LastEvent,
    Rows,
    Segment,
    Since,
    Where,
)
from retention_kit.smart_segments.person.compiled import compile_segment
from retention_kit.smart_segments.person.rows import customer_rows
from retention_kit.smart_segments.person.state import CustomerState
from retention_kit.testing import customer_rows_of, segment_cases

TABLES = ("orders", "order_items", "events", "consents")
DAY = dt.timedelta(days=1)


def day(number, month=1):
    return dt.datetime(2025, month, number, tzinfo=dt.UTC)


def order(number, at, amount=100, **more):
    return {"order_id": number, "ordered_at": at, "amount": amount, **more}


def adding(rows, draw):
    """Put the rows of one customer in an order in which they may come in: orders before lines."""
    waiting = [(table, row) for table in TABLES for row in rows[table]]
    waiting = draw(st.permutations(waiting))
    came = []
    while waiting:
        known = {row["order_id"] for table, row in came if table == "orders"}
        later = []
        for table, row in waiting:
            if table == "order_items" and not _is_ready(row, known, waiting):
                later.append((table, row))
            else:
                came.append((table, row))
                known |= {row["order_id"]} if table == "orders" else set()
        waiting = later
    return came


def _is_ready(line, known, waiting):
    """A line may come once no order of its id is still to come: a return may share it."""
    others = any(t == "orders" and row["order_id"] == line["order_id"] for t, row in waiting)
    return line["order_id"] in known and not others


@st.composite
def stories(draw):
    """Draw a segment, a customer's rows in the order they come in, and when it is asked."""
    case = draw(segment_cases())
    everybody = customer_rows_of(case.tables, case.time_zone)
    if not everybody:
        return case, None, [], []
    rows = max(everybody.values(), key=lambda one: sum(len(one[table]) for table in TABLES))
    came = adding(rows, draw)
    asked = st.sampled_from([case.as_of, *(_at(row) for _, row in came)])
    instants = st.builds(
        lambda at, shift: at.astimezone(dt.UTC) + shift,
        asked,
        st.sampled_from([dt.timedelta(), dt.timedelta(microseconds=1), 31 * DAY, 400 * DAY]),
    )
    return case, rows, came, [draw(st.lists(instants, max_size=2)) for _ in came]


def _at(row):
    return next(row[name] for name in ("ordered_at", "occurred_at", "decided_at") if name in row)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(stories(), st.booleans())
def test_whatever_comes_in_asking_afresh_agrees(story, forward):
    case, rows, came, asked = story
    if rows is None:
        return
    compiled = [compile_segment(one, unknown="keep", **case.besides) for one in case.segments]
    begun = {**rows, **{table: [] for table in TABLES}}
    state = CustomerState(compiled, begun)
    if forward:
        # The usual way: time moves on while rows come in, late ones among them.
        moments = iter(sorted(at for instants in asked for at in instants))
        asked = [[next(moments) for _ in instants] for instants in asked]
    for (table, row), instants in zip(came, asked, strict=True):
        state.add(table, row)
        for at in instants:
            fresh = {one.segment.name: one.is_member(state.rows, at) for one in compiled}
            assert state.memberships(at) == fresh
    event(f"rows: {len(came)}")
    for one in compiled:
        assert state.is_member(case.as_of, one.segment.name) is one.is_member(rows, case.as_of)


def total(operator, value, aggregate="sum", column="amount", window=None):
    return EventAggregate(
        aggregate=aggregate,
        column=column,
        operator=operator,
        value=value,
        window=window or Since(start=dt.date(2025, 1, 2)),
    )


EVERYTHING = Segment(
    name="everything",
    condition=All(
        conditions=(
            total("at_least", 0),
            total("at_least", 0, "distinct"),
            total("equals", 350),
            total("equals", 50, "min"),
            total("equals", 200, "max"),
            total("more_than", Decimal("116.66"), "mean"),
            EventCount(at_least=1),
        )
    ),
)


def test_running_sums_take_late_rows_and_leave_out_rows_to_come():
    state = CustomerState(EVERYTHING, customer_rows(7, time_zone="UTC", orders=[]))
    state.add("orders", order(1, day(5), 50))
    assert state.is_member(day(6)) is False
    state.add("orders", order(2, day(20), 200))
    assert state.is_member(day(10)) is False
    state.add("orders", order(3, day(3), 100))
    assert state.is_member(day(10)) is False
    assert state.is_member(day(20)) is False
    assert state.is_member(day(21)) is True
    state.add("orders", order(4, day(1), 999))
    assert state.is_member(day(21)) is True
    assert state.is_member(day(20)) is False
    assert state.is_member(day(22)) is True
    state.add("orders", order(5, day(21), 1))
    assert state.is_member(day(22)) is False


def test_an_order_that_is_cancelled_takes_its_lines_with_it():
    tea = Rows(source="order_items", where=(Where(column="category", value="tea"),))
    segment = Segment(name="tea", condition=EventCount(rows=tea, at_least=1))
    rows = customer_rows(7, time_zone="UTC", orders=[], order_items=[])
    state = CustomerState(segment, rows)
    back = {"kind": "return", "status": "cancelled"}
    state.add("orders", order(1, day(1)))
    state.add("order_items", {"order_id": 1, "product_id": 1, "quantity": 1, "amount": 5,
                              "category": "tea"})  # fmt: skip
    assert state.is_member(day(2)) is True
    state.add("orders", order(1, day(2), -5, **back))
    assert state.is_member(day(3)) is True
    state.add("orders", order(2, day(3), status="open"))
    state.add("order_items", {"order_id": 2, "product_id": 1, "quantity": 1, "amount": 5,
                              "category": "tea"})  # fmt: skip
    twice = CustomerState(
        Segment(name="two", condition=EventCount(rows=tea, at_least=2)), state.rows
    )
    assert twice.is_member(day(4)) is False


def test_every_table_can_be_added_to_and_one_that_was_not_given_then_is():
    opened = Rows(source="events", where=(Where(column="name", value="Email Opened"),))
    segment = Segment(name="opened", condition=LastEvent(rows=opened, window=Since(start=day(2))))
    state = CustomerState(segment, customer_rows(7, time_zone="UTC", orders=[]))
    with pytest.raises(DefinitionError, match="needs the table 'events'"):
        state.is_member(day(5))
    state.add("customers", {"city": "Tver"})
    state.add("scores", {"p_alive": 0.5})
    state.add("consents", {"channel": "email", "status": "granted", "decided_at": day(1)})
    state.add("snapshots", {"segment": "VIP", "version": 1, "as_of": day(1)})
    state.add("events", {"name": "Email Opened", "occurred_at": day(3)})
    assert state.is_member(day(5)) is True
    assert state.rows["customer"] == {"city": "Tver", "customer_id": 7}
    assert len(state.rows["memberships"]) == len(state.rows["consents"]) == 1


def test_what_cannot_be_added_is_refused():
    state = CustomerState(EVERYTHING, customer_rows(7, time_zone="UTC", orders=[]))
    state.add("orders", order(1, day(1)))
    with pytest.raises(DataError, match="stands on two sales"):
        state.add("orders", order(1, day(2)))
    with pytest.raises(DataError, match="another customer_id"):
        state.add("orders", order(2, day(2), customer_id=8))
    with pytest.raises(MissingColumnError, match="amount"):
        state.add("orders", {"order_id": 3, "ordered_at": day(1)})
    with pytest.raises(DataError, match="not among the orders"):
        state.add("order_items", {"order_id": 9, "product_id": 1, "quantity": 1, "amount": 1})
    with pytest.raises(DefinitionError, match="'reviews'"):
        state.add("reviews", {})
    with pytest.raises(DataError, match="negative amount"):
        state.add("orders", order(4, day(1), -1))
    assert state.is_member(day(2)) is False
    assert len(state.rows["orders"]) == 1


def test_several_segments_share_the_rows():
    many = Segment(name="many", condition=EventCount(at_least=2))
    none = compile_segment(Segment(name="none", condition=EventCount(at_most=0)))
    rows = customer_rows(7, time_zone="UTC", customer={}, orders=[order(1, day(1))])
    state = CustomerState([many, none], rows)
    assert state.memberships(day(2)) == {"many": False, "none": False}
    state.add("orders", order(2, day(1)))
    assert state.memberships(day(2)) == {"many": True, "none": False}
    assert state.is_member(day(2), "many") is True
    assert len(rows["orders"]) == 1
    with pytest.raises(DefinitionError, match="'many', 'none'"):
        state.is_member(day(2))
    for wrong in ([], [many, many]):
        with pytest.raises(DefinitionError, match="segments"):
            CustomerState(wrong, rows)
    with pytest.raises(DefinitionError, match="compile_segment"):
        CustomerState(["many"], rows)


def test_a_moment_that_moves_with_the_clock_keeps_the_shops_days():
    zone = ZoneInfo("Europe/London")
    segment = Segment(
        name="s", condition=total("at_least", 1, window=Since(start=dt.date(2011, 3, 27)))
    )
    state = CustomerState(segment, customer_rows(7, time_zone="Europe/London", orders=[]))
    state.add("orders", order(1, dt.datetime(2011, 3, 26, 23, 59, tzinfo=zone)))
    assert state.is_member(dt.datetime(2011, 3, 28, tzinfo=zone)) is False
    state.add("orders", order(2, dt.datetime(2011, 3, 27, 0, 0, tzinfo=zone)))
    assert state.is_member(dt.datetime(2011, 3, 28, tzinfo=zone)) is True


def test_what_is_no_segment_and_what_is_no_rows_is_refused():
    rows = customer_rows(7, time_zone="UTC", orders=[])
    one = Segment(name="bought", condition=EventCount(at_least=1))
    for wrong in (None, 5, ["x"]):
        with pytest.raises(DefinitionError, match="Segment"):
            CustomerState(wrong, rows)
    for wrong in (None, 5, []):
        with pytest.raises(DefinitionError, match=r"'rows' is .*customer_rows\(…\)"):
            CustomerState(one, wrong)
    assert CustomerState(one, rows).is_member(day(1)) is False
