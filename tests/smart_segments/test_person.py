"""Each condition asked of one customer, with answers that can be checked by eye."""

import datetime as dt
import pickle
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

import pydantic
import pytest

from retention_kit.errors import DataError, DefinitionError, PluginError, UnknownMembershipError
from retention_kit.smart_segments import (
    All,
    AllTime,
    Anniversary,
    Attribute,
    BetweenAges,
    Bucket,
    CalendarPeriod,
    ConditionSpec,
    Consent,
    EventAggregate,
    EventCount,
    FirstEvent,
    Lapsed,
    Last,
    LastEvent,
    Member,
    MessageEngagement,
    Not,
    OfCustomer,
    OfEvent,
    PluginCondition,
    Reactivated,
    Regularity,
    Rows,
    Same,
    Score,
    Segment,
    Sequence,
    Since,
    Step,
    Where,
    Without,
)
from retention_kit.smart_segments.lowered.checks import Both, InRange
from retention_kit.smart_segments.lowered.facts import Count, LastAt, Total
from retention_kit.smart_segments.person.compiled import compile_segment, is_member
from retention_kit.smart_segments.person.rows import customer_rows

MOSCOW = "Europe/Moscow"
ZONE = ZoneInfo(MOSCOW)
AS_OF = dt.datetime(2025, 3, 15, 12, tzinfo=ZONE)


def day(month, number, hour=12, year=2025, minute=0):
    return dt.datetime(year, month, number, hour, minute, tzinfo=ZONE)


def order(number, at, amount=100, **more):
    return {"order_id": number, "ordered_at": at, "amount": amount, **more}


def line(number, category, product=1, quantity=1, amount=100, **more):
    return {
        "order_id": number,
        "product_id": product,
        "quantity": quantity,
        "amount": amount,
        "category": category,
        **more,
    }


def event(name, at, **more):
    return {"name": name, "occurred_at": at, **more}


def made(time_zone=MOSCOW, **tables):
    return customer_rows(7, time_zone=time_zone, **{"customer": {}, "orders": [], **tables})


ONE_SALE = [order(1, day(1, 1))]


def asked(condition, as_of=AS_OF, time_zone=MOSCOW, **tables):
    """Ask a condition of a customer with one sale of the first of January, or with these rows."""
    options = {
        name: tables.pop(name) for name in ("others", "taken", "conditions") if name in tables
    }
    tables.setdefault("orders", ONE_SALE)
    compiled = compile_segment(
        Segment(name="asked", condition=condition), unknown="keep", **options
    )
    return compiled.is_member(made(time_zone, **tables), as_of)


def where(column, value=None, operator="equals", **more):
    return Where(column=column, value=value, operator=operator, **more)


def items(category):
    return Rows(source="order_items", where=(where("category", category),))


def events(name):
    return Rows(source="events", where=(where("name", name),))


THREE = [order(1, day(1, 10), 50), order(2, day(2, 10), 100.5), order(3, day(3, 10), 200)]


@pytest.mark.parametrize(
    ("window", "count"),
    [
        (AllTime(), 3),
        (Last(length="30d"), 1),
        (Last(length="33d"), 2),
        (Last(length="1mo5d"), 2),
        (BetweenAges(oldest="2mo", youngest="1w"), 1),
        (Since(start=dt.date(2025, 2, 10)), 2),
        (Since(start=day(2, 10, 13)), 1),
        (Since(start=dt.date(2025, 1, 1), until=dt.date(2025, 3, 10)), 2),
        (CalendarPeriod(every="1mo"), 1),
        (CalendarPeriod(every="1mo", ago=2), 1),
        (CalendarPeriod(every="1y", ago=1), 0),
    ],
)
def test_orders_are_counted_in_every_window(window, count):
    assert asked(EventCount(window=window, at_least=count, at_most=count), orders=THREE) is True
    assert asked(EventCount(window=window, at_least=count + 1), orders=THREE) is False


def test_windows_are_closed_on_the_left_and_open_on_the_right():
    window = BetweenAges(oldest="2d", youngest="1d")
    for at, inside in ((day(3, 13), True), (day(3, 14), False)):
        assert asked(EventCount(window=window, at_least=1), orders=[order(1, at)]) is inside
    assert asked(EventCount(at_least=1), orders=[order(1, AS_OF)]) is False


def test_cancelled_open_and_returned_orders_are_not_counted():
    orders = [
        order(1, day(1, 1), status="cancelled"),
        order(2, day(1, 2), status="open"),
        order(3, day(1, 3), -5, kind="return"),
    ]
    assert asked(EventCount(at_most=0), orders=orders) is True
    assert asked(EventCount(rows=Rows(source="returns"), at_least=1), orders=orders) is True


def test_lines_of_orders_that_are_not_completed_do_not_exist():
    orders = [order(1, day(1, 1), status="open"), order(2, day(1, 2))]
    lines = [line(1, "tea"), line(2, "cup")]
    assert (
        asked(EventCount(rows=items("tea"), at_least=1), orders=orders, order_items=lines) is False
    )
    assert (
        asked(EventCount(rows=items("cup"), at_least=1), orders=orders, order_items=lines) is True
    )


def test_filters_hold_on_the_same_row():
    rows = Rows(
        source="order_items",
        where=(where("category", "tea"), where("amount", 50, "at_least")),
    )
    orders = [order(1, day(1, 1))]
    apart = [line(1, "tea", amount=10), line(1, "cup", amount=90)]
    assert asked(EventCount(rows=rows, at_least=1), orders=orders, order_items=apart) is False
    together = [line(1, "tea", amount=90)]
    assert asked(EventCount(rows=rows, at_least=1), orders=orders, order_items=together) is True


@pytest.mark.parametrize(
    ("aggregate", "operator", "value"),
    [
        ("sum", "equals", Decimal("350.5")),
        ("mean", "more_than", Decimal("116.8333")),
        ("mean", "less_than", Decimal("116.8334")),
        ("min", "equals", 50),
        ("max", "equals", 200),
        ("distinct", "equals", 3),
    ],
)
def test_columns_are_added_up(aggregate, operator, value):
    condition = EventAggregate(aggregate=aggregate, column="amount", operator=operator, value=value)
    assert asked(condition, orders=THREE) is True


def test_sums_are_exact_whatever_the_threads_decimal_context():
    orders = [order(1, day(1, 1), "99999999999999.9999"), order(2, day(1, 2), "0.0001")]
    condition = EventAggregate(aggregate="sum", column="amount", operator="equals", value=10**14)
    with localcontext() as context:
        context.prec = 5
        assert asked(condition, orders=orders) is True


def test_a_mean_without_rows_is_unknown_and_a_sum_is_0():
    mean = EventAggregate(aggregate="mean", column="amount", value=1)
    total = EventAggregate(aggregate="sum", column="amount", operator="at_most", value=0)
    assert asked(mean, orders=[], customer={"city": "Tver"}) is None
    assert asked(total, orders=[], customer={"city": "Tver"}) is True


def test_a_share_of_rows():
    condition = EventAggregate(
        aggregate="share", of=(where("promo_code", operator="known"),), value=Decimal("0.5")
    )
    orders = [order(1, day(1, 1), promo_code="A"), order(2, day(1, 2))]
    assert asked(condition, orders=orders) is True
    assert asked(condition, orders=[*orders, order(3, day(1, 3))]) is False


def test_too_new_is_who_is_known_since_the_window_began():
    window = Last(length="1mo")
    for choice, answer in (("unknown", None), ("false", False), ("true", True)):
        condition = EventCount(window=window, at_most=0, too_new=choice)
        assert asked(condition, orders=[order(1, day(3, 1))]) is answer
    condition = EventCount(window=window, at_most=0, too_new="unknown")
    assert asked(condition, orders=[order(1, day(2, 15))]) is False
    assert asked(condition, orders=[], customer={"registered_at": day(1, 1)}) is True
    assert asked(condition, orders=[], customer={"city": "Tver"}) is None


def test_first_and_last_orders_at_one_instant_are_told_apart_by_id():
    orders = [order(10, day(1, 1), channel="shop"), order(9, day(1, 1), channel="site")]
    assert asked(FirstEvent(has=(where("channel", "site"),)), orders=orders) is True
    assert asked(LastEvent(has=(where("channel", "shop"),)), orders=orders) is True
    texts = [order("10", day(1, 1), channel="shop"), order("9", day(1, 1), channel="site")]
    assert asked(FirstEvent(has=(where("channel", "shop"),)), orders=texts) is True


def test_any_line_of_the_last_order_and_any_event_of_the_last_instant_will_do():
    orders = [order(1, day(1, 1)), order(2, day(1, 1))]
    lines = [line(1, "tea"), line(2, "cup"), line(2, "pot")]
    rows = Rows(source="order_items")
    for category, found in (("cup", True), ("pot", True), ("tea", False)):
        condition = LastEvent(rows=rows, has=(where("category", category),))
        assert asked(condition, orders=orders, order_items=lines) is found
    at_once = [event("Cart Viewed", day(1, 1)), event("Product Added", day(1, 1))]
    condition = LastEvent(rows=Rows(source="events"), has=(where("name", "Cart Viewed"),))
    assert asked(condition, events=at_once) is True


def test_the_first_order_lies_in_a_window_or_does_not():
    assert asked(FirstEvent(window=CalendarPeriod(every="1mo", ago=2)), orders=THREE) is True
    assert asked(FirstEvent(window=CalendarPeriod(every="1mo", ago=1)), orders=THREE) is False
    assert asked(LastEvent(window=Last(length="4d")), orders=THREE) is False


MATTRESS_NO_COVER = Sequence(
    steps=(Step(rows=items("mattress"), without=(Without(rows=items("cover")),)),),
    window=Last(length="1mo"),
    which="last",
)


@pytest.mark.parametrize(
    ("lines", "is_in"),
    [
        ([(1, "mattress", day(3, 1))], True),
        ([(1, "mattress", day(3, 1)), (2, "cover", day(3, 1))], False),
        ([(1, "mattress", day(3, 1)), (2, "cover", day(2, 28))], True),
        ([(1, "mattress", day(2, 1))], False),
        ([(1, "mattress", day(3, 1)), (2, "cover", day(3, 2)), (3, "mattress", day(3, 3))], True),
    ],
)
def test_a_mattress_and_no_cover_in_the_last_month(lines, is_in):
    orders = [order(number, at) for number, _, at in lines]
    rows = [line(number, category) for number, category, _ in lines]
    assert asked(MATTRESS_NO_COVER, orders=orders, order_items=rows) is is_in


ADDED = events("Product Added")
CART = Sequence(
    steps=(Step(rows=ADDED, without=(Without(rows=Rows()),)),),
    quiet_for="24h",
    unfinished="unknown",
)


@pytest.mark.parametrize(
    ("added", "bought", "answer"),
    [
        (AS_OF - dt.timedelta(hours=24), None, True),
        (AS_OF - dt.timedelta(hours=23), None, None),
        (day(3, 1), day(3, 2, 11), False),
        (day(3, 1), day(3, 2, 12), True),
        (day(3, 1), day(3, 1), False),
    ],
)
def test_a_cart_and_no_order_within_24_hours(added, bought, answer):
    orders = [order(1, bought)] if bought else []
    assert asked(CART, orders=orders, events=[event("Product Added", added)],
                 customer={"city": "Tver"}) is answer  # fmt: skip


def test_a_finished_match_wins_over_an_unfinished_one():
    added = [event("Product Added", day(3, 1)), event("Product Added", day(3, 15, 11))]
    assert asked(CART, orders=[], customer={"city": "x"}, events=added) is True
    for choice, answer in (("no", False), ("yes", True), ("unknown", None)):
        condition = CART.with_fields(unfinished=choice)
        assert asked(condition, orders=[], customer={"city": "x"}, events=added[1:]) is answer


def test_steps_follow_strictly_later_and_within_a_time():
    condition = Sequence(steps=(Step(rows=items("A")), Step(rows=items("B"), within="2d")))
    for at, found in (
        (day(1, 1), False),
        (day(1, 1, 13), True),
        (day(1, 3, 11), True),
        (day(1, 3, 12), False),
    ):
        orders = [order(1, day(1, 1)), order(2, at)]
        lines = [line(1, "A"), line(2, "B")]
        assert asked(condition, orders=orders, order_items=lines) is found


def test_a_later_step_refers_to_the_product_of_an_earlier_one():
    viewed, bought = events("Product Viewed"), Rows(source="order_items")
    condition = Sequence(
        steps=(
            Step(rows=viewed),
            Step(rows=events("Product Added"), same=("product_id",)),
            Step(rows=bought, same=(Same(column="product_id", step=0),)),
        )
    )
    seen = [
        event("Product Viewed", day(1, 1), product_id=1),
        event("Product Viewed", day(1, 1), product_id=2),
        event("Product Added", day(1, 2), product_id=2),
    ]
    for product, found in ((1, False), (2, True)):
        lines = [line(1, "A", product=product)]
        orders = [order(1, day(1, 3))]
        assert asked(condition, orders=orders, order_items=lines, events=seen) is found


def test_nothing_between_two_steps_the_instants_themselves_included():
    condition = Sequence(
        steps=(Step(rows=items("A"), without=(Without(rows=items("X")),)), Step(rows=items("B")))
    )
    for at, found in (
        (day(1, 1), False),
        (day(1, 2), False),
        (day(1, 3), False),
        (day(1, 4), True),
    ):
        orders = [order(1, day(1, 1)), order(2, day(1, 3)), order(3, at)]
        lines = [line(1, "A"), line(2, "B"), line(3, "X")]
        assert asked(condition, orders=orders, order_items=lines) is found


def test_the_first_of_all_must_lie_in_the_window():
    step = Step(rows=Rows(), without=(Without(rows=events("Email Opened")),))
    rows = {"orders": THREE, "events": [event("Email Opened", day(2, 20))]}
    condition = Sequence(steps=(step,), window=Last(length="1mo"), which="first")
    assert asked(condition, **rows) is True
    assert asked(condition.with_fields(among="all"), **rows) is False
    assert asked(condition.with_fields(which="last", among="all"), **rows) is True


def test_many_steps_over_many_rows_take_no_time():
    added = [event("Product Added", day(1, 1) + dt.timedelta(minutes=one)) for one in range(300)]
    condition = Sequence(
        steps=(*(Step(rows=ADDED) for _ in range(9)), Step(rows=events("Never Happens")))
    )
    assert asked(condition, events=added) is False


def test_regular_in_months():
    condition = Regularity(every="1mo", periods=2, at_least=2)
    assert asked(condition, orders=THREE) is True
    assert asked(condition.with_fields(periods=3, at_least=3), orders=THREE) is False
    current = condition.with_fields(periods=3, at_least=3, current=True)
    assert asked(current, orders=THREE) is True


def test_regular_and_stopped_and_back_after_a_gap():
    lapsed = Lapsed(silent="1mo", active="6mo", at_least=2)
    assert asked(lapsed, orders=THREE[:2]) is True
    assert asked(lapsed, orders=THREE) is False
    back = Reactivated(gap="2mo", within="2w")
    assert asked(back, orders=[THREE[0], order(9, day(3, 10))]) is True
    assert asked(back, orders=[order(1, day(1, 11)), order(9, day(3, 10))]) is False
    assert asked(back, orders=[order(9, day(3, 10))]) is False


@pytest.mark.parametrize(
    ("born", "as_of", "days", "is_in"),
    [
        ((3, 15), (2025, 3, 15), 1, True),
        ((3, 21), (2025, 3, 15), 7, True),
        ((3, 22), (2025, 3, 15), 7, False),
        ((1, 2), (2024, 12, 30), 7, True),
        ((2, 29), (2025, 2, 28), 1, True),
        ((2, 29), (2024, 2, 28), 1, False),
    ],
)
def test_birthdays_come_round(born, as_of, days, is_in):
    condition = Anniversary(of=OfCustomer(column="birthday"), days=days)
    customer = {"birthday": dt.date(1988, *born)}
    assert asked(condition, dt.datetime(*as_of, 9, tzinfo=ZONE), customer=customer) is (
        is_in if as_of[0] == 2025 else None if not customer else is_in
    )


def test_a_leap_day_can_be_kept_in_march_and_a_missing_birthday_is_unknown():
    condition = Anniversary(of=OfCustomer(column="birthday"), leap_day="1_march")
    customer = {"birthday": dt.date(1988, 2, 29)}
    assert asked(condition, day(3, 1), customer=customer) is True
    assert asked(condition, day(2, 28), customer=customer) is False
    assert asked(condition, customer={"birthday": None}) is None
    assert asked(condition, customer={}) is None


def test_insurance_bought_11_months_ago():
    condition = Anniversary(of=OfEvent(), after="11mo")
    assert asked(condition, day(12, 10), orders=[order(1, day(1, 10))]) is True
    assert asked(condition, day(12, 11), orders=[order(1, day(1, 10))]) is False
    assert asked(condition, day(1, 1, year=2020), orders=[], customer={"city": "x"}) is False


@pytest.mark.parametrize(
    ("comparison", "answer"),
    [
        ({"value": "Tver"}, True),
        ({"value": "tver"}, False),
        ({"value": "TVER", "fold": True}, True),
        ({"operator": "in", "values": ("Omsk", "Tver")}, True),
        ({"operator": "not_in", "values": ("Omsk",)}, True),
        ({"operator": "starts_with", "value": "Tv"}, True),
        ({"operator": "matches", "value": "^T.+r$"}, True),
        ({"operator": "more_than", "value": "Tula"}, True),
        ({"operator": "known"}, True),
    ],
)
def test_attributes_are_compared(comparison, answer):
    assert asked(Attribute(column="city", **comparison), customer={"city": "Tver"}) is answer


def test_a_missing_attribute_is_what_is_chosen():
    for choice, answer in (("unknown", None), ("false", False), ("true", True)):
        condition = Attribute(column="city", operator="not_equals", value="Omsk", missing=choice)
        assert asked(condition, customer={"city": None}) is answer
        assert asked(condition, customer={}) is answer
    assert asked(Attribute(column="city", operator="unknown"), customer={}) is True


def test_texts_are_equal_in_their_normal_form():
    assert asked(Attribute(column="city", value="e\u0301"), customer={"city": "\u00e9"}) is True
    assert asked(Attribute(column="city", value="\u212a"), customer={"city": "K"}) is True
    folded = Attribute(column="city", value="ОРЁЛ", fold=True)
    assert asked(folded, customer={"city": "орел"}) is True


def test_numbers_are_exact_and_floats_are_compared_as_floats():
    def holds(value, operand, operator="equals"):
        condition = Score(column="score", value=operand, operator=operator)
        return asked(condition, scores={"score": value})

    assert holds(0.1, 0.1) is True
    assert holds(Decimal("0.1"), 0.1) is True
    assert holds(0.1 + 0.2, 0.3) is False
    assert holds(2**53 + 1, 2**53) is False
    assert holds(float("nan"), 0, "at_least") is None
    assert holds(5, 5, "at_most") is True


def test_dates_and_instants_are_compared_on_the_shops_clock():
    late = dt.datetime(2025, 1, 9, 22, tzinfo=dt.UTC)
    on = Attribute(column="registered_at", value=dt.date(2025, 1, 10))
    assert asked(on, customer={"registered_at": late}) is True
    before = Attribute(column="registered_at", operator="less_than", value=late)
    assert asked(before, customer={"registered_at": late}) is False
    during = Attribute(
        column="birthday", operator="during", window=Since(start=dt.date(1990, 1, 1))
    )
    assert asked(during, customer={"birthday": dt.date(1990, 1, 1)}) is True
    assert asked(during, customer={"birthday": dt.date(1989, 12, 31)}) is False


def test_a_score_is_looked_for_in_scores_then_in_customers():
    condition = Score(column="segment", value="loyal")
    assert asked(condition, scores={"segment": "loyal"}, customer={"segment": "new"}) is True
    assert asked(condition, scores={"other": 1}, customer={"segment": "loyal"}) is True
    with pytest.raises(DefinitionError, match=r"Nearest: 'segments'"):
        asked(condition, scores={"segments": 1}, customer={"city": "x"})


WITHDRAWN, GRANTED = "withdrawn", "granted"


@pytest.mark.parametrize(
    ("decisions", "purpose", "stands"),
    [
        ([], "messages", False),
        ([(GRANTED, 1, None)], "messages", True),
        ([(GRANTED, 1, None)], "ads", False),
        ([(GRANTED, 1, "ads")], "ads", True),
        ([(GRANTED, 1, "ads"), (WITHDRAWN, 2, None)], "ads", False),
        ([(GRANTED, 1, "ads"), (WITHDRAWN, 2, "messages")], "ads", True),
        ([(WITHDRAWN, 2, None), (GRANTED, 2, "messages")], "messages", False),
        ([(WITHDRAWN, 1, None), (GRANTED, 2, None)], "messages", True),
        ([(GRANTED, 1, None), (WITHDRAWN, 16, None)], "messages", True),
    ],
)
def test_the_latest_decision_wins(decisions, purpose, stands):
    consents = [
        {"channel": "email", "status": status, "decided_at": day(3, number), "purpose": named}
        for status, number, named in decisions
    ]
    assert asked(Consent(channel="email", purpose=purpose), consents=consents) is stands
    assert asked(Consent(channel="sms", purpose=purpose), consents=consents) is False


def test_messages_that_were_opened_or_ignored():
    received = [event("Email Delivered", day(3, 1), campaign="spring")]
    opened = [*received, event("Email Opened", day(3, 2), campaign="spring")]
    ignored = MessageEngagement(engagement="ignored", campaign="spring")
    assert asked(ignored, events=received) is True
    assert asked(ignored, events=opened) is False
    assert asked(MessageEngagement(engagement="opened"), events=opened) is True
    assert asked(MessageEngagement(engagement="clicked", at_most=0), events=opened) is True


def test_member_of_another_segment_now():
    other = Segment(name="Buyers", condition=EventCount(at_least=1), population="registered")
    condition = Member(segment="Buyers")
    assert asked(condition, others=[other], customer={"city": "x"}) is True
    assert asked(condition, others=[other], customer={}) is False
    with pytest.raises(DefinitionError, match="not handed in"):
        asked(condition)


def test_who_entered_or_left_by_snapshots():
    taken = {"VIP": [day(1, 1), day(2, 1), day(3, 1), day(3, 20)]}
    held = [{"segment": "VIP", "version": "1", "as_of": day(2, 1)}]
    held += [{"segment": "Other", "version": "1", "as_of": day(3, 1)}]

    def is_in(when, window=None):
        condition = Member(segment="VIP", when=when, window=window or AllTime())
        return asked(condition, memberships=held, taken=taken)

    assert [is_in(when) for when in ("ever", "never", "entered", "left")] == [
        True,
        False,
        True,
        True,
    ]
    month = Last(length="1mo")
    assert [is_in(when, month) for when in ("ever", "entered", "left")] == [False, False, True]
    with pytest.raises(DefinitionError, match=r"taken=history\.taken"):
        asked(Member(segment="VIP", when="entered"), memberships=held)


def test_the_first_snapshot_lets_nobody_enter():
    held = [{"segment": "VIP", "as_of": day(2, 1)}]
    condition = Member(segment="VIP", when="entered")
    assert asked(condition, memberships=held, taken={"VIP": [day(2, 1)]}) is False


def test_a_bucket_is_a_share_of_hashes():
    halves = [Bucket(salt="a", end=Decimal("0.5")), Bucket(salt="a", start=Decimal("0.5"))]
    assert sorted(asked(half) for half in halves) == [False, True]


class _Least(pydantic.BaseModel):
    orders: int


def _spec(**fields):
    return ConditionSpec(
        **{
            "name": "acme.many",
            "summary": "has many orders",
            "distribution": "acme",
            "settings": _Least,
            "frame": lambda *_: None,
            "person": lambda settings, rows, *_: len(rows["orders"]) >= settings.orders,
            "sentence": lambda *_: "",
            **fields,
        }
    )


def test_a_plugins_condition_is_asked():
    condition = PluginCondition(name="acme.many", distribution="acme", settings={"orders": 1})
    assert asked(condition, conditions=[_spec()]) is True
    with pytest.raises(PluginError, match="pip install acme"):
        asked(condition)
    with pytest.raises(PluginError, match="gave a str"):
        asked(condition, conditions=[_spec(person=lambda *_: "yes")])
    with pytest.raises(DefinitionError, match=r"'plugin' needs the table 'events'"):
        asked(condition, conditions=[_spec(tables=("events",))])


def test_returned_orders_and_lines_do_not_count_net():
    sale, cheap = order(1, day(1, 1), 100), order(2, day(1, 2), 0)
    net = EventCount(rows=Rows(net=True), at_least=2)
    assert asked(net, orders=[sale, cheap]) is True
    part = order(3, day(2, 1), -60, kind="return", original_order_id=1)
    rest = order(1, day(2, 2), -40, kind="return")
    later = order(1, day(3, 16), -40, kind="return")
    assert asked(net, orders=[sale, cheap, part]) is True
    assert asked(net, orders=[sale, cheap, part, rest]) is False
    assert asked(net, orders=[sale, cheap, part, later]) is True


def test_a_line_is_gone_when_as_many_were_brought_back_as_the_order_holds():
    rows = Rows(source="order_items", where=(where("category", "tea"),), net=True)
    condition = EventCount(rows=rows, at_least=1)
    orders = [order(1, day(1, 1)), order(5, day(2, 1), -50, kind="return", original_order_id=1)]
    sold = [line(1, "tea", quantity=1), line(1, "tea", quantity=1), line(1, "cup", product=2)]
    for back, counts in ((-1, True), (-2, False)):
        lines = [*sold, line(5, None, quantity=back, amount=-50)]
        assert asked(condition, orders=orders, order_items=lines) is counts


def test_three_values_are_joined_as_kleene_says():
    unknown = Attribute(column="city", value="Tver")
    yes, no = EventCount(at_least=1), EventCount(at_most=0)
    nobody = {"customer": {}}
    assert asked(unknown & yes, **nobody) is None
    assert asked(unknown & no, **nobody) is False
    assert asked(unknown | yes, **nobody) is True
    assert asked(unknown | no, **nobody) is None
    assert asked(~unknown, **nobody) is None
    assert asked(~(yes & no), **nobody) is True


def test_populations():
    anything = EventCount(at_least=0)

    def is_in(population, **tables):
        segment = Segment(name="s", condition=anything, population=population)
        return is_member(segment, made(**tables), AS_OF)

    cancelled = [order(1, day(1, 1), status="cancelled")]
    assert is_in("everyone", orders=cancelled) is True
    assert is_in("buyers", orders=cancelled) is False
    assert is_in("registered", orders=THREE) is False
    assert is_in("everyone", customer={"registered_at": day(3, 16)}) is False
    assert is_in("registered", customer={"registered_at": day(3, 14)}) is True
    assert is_in("registered", customer={"city": None}) is True
    assert is_in("everyone", orders=[order(1, AS_OF)]) is False


def test_what_is_unknown_is_what_was_chosen():
    segment = Segment(name="Tver", condition=Attribute(column="city", value="Tver"))
    rows = made(orders=THREE)
    for choice, answer in (("exclude", False), ("include", True), ("keep", None)):
        assert is_member(segment, rows, AS_OF, unknown=choice) is answer
    with pytest.raises(UnknownMembershipError, match="'Tver'") as caught:
        is_member(segment, rows, AS_OF, unknown="raise")
    assert caught.value.segment == "Tver"
    with pytest.raises(DefinitionError, match="'keep'"):
        compile_segment(segment, unknown="perhaps")


def test_the_repeated_hour_is_in_order():
    """In London 01:30 came twice on 30 October 2011, and the first is not after the second."""
    london = ZoneInfo("Europe/London")
    first = dt.datetime(2011, 10, 30, 1, 30, tzinfo=london)
    second = first.replace(fold=1)
    orders = [order(1, second, channel="late"), order(2, first, channel="early")]
    for end, channel in ((FirstEvent, "early"), (LastEvent, "late")):
        condition = end(has=(where("channel", channel),))
        as_of = dt.datetime(2011, 11, 1, tzinfo=london)
        assert asked(condition, as_of, "Europe/London", orders=orders) is True
    raw = {
        "customer_id": 7,
        "time_zone": "Europe/London",
        "customer": None,
        "orders": [order(1, first, Decimal(1))],
    }
    bought = Segment(name="s", condition=EventCount(at_least=1))
    assert is_member(bought, raw, second) is True
    assert is_member(bought, raw, first) is False
    count = Segment(
        name="d", condition=EventAggregate(aggregate="distinct", column="ordered_at", value=2)
    )
    raw["orders"].append(order(2, second, Decimal(1)))
    assert is_member(count, raw, dt.datetime(2012, 1, 1, tzinfo=dt.UTC)) is True


def test_a_day_of_23_hours_is_a_day_and_24_hours_are_24_hours():
    london = ZoneInfo("Europe/London")
    as_of = dt.datetime(2011, 3, 27, 12, tzinfo=london)
    orders = [order(1, dt.datetime(2011, 3, 26, 11, 30, tzinfo=london))]
    for length, inside in (("1d", False), ("24h", True)):
        condition = EventCount(window=Last(length=length), at_least=1)
        assert asked(condition, as_of, "Europe/London", orders=orders) is inside


def test_the_zone_that_as_of_is_given_in_makes_no_difference():
    condition = EventCount(window=CalendarPeriod(every="1d"), at_least=1)
    orders = [order(1, day(3, 15, 0, minute=30))]
    for zone in (dt.UTC, ZoneInfo("Asia/Tokyo"), ZONE):
        assert asked(condition, AS_OF.astimezone(zone), orders=orders) is True


def test_a_table_that_is_not_given_is_named_with_the_condition_that_needs_it():
    opened = EventCount(rows=events("Email Opened"), at_least=1)
    segment = Segment(name="Openers", condition=EventCount(at_least=1) & Not(condition=opened))
    with pytest.raises(DefinitionError) as caught:
        is_member(segment, customer_rows(7, time_zone=MOSCOW, orders=[]), AS_OF)
    assert str(caught.value).startswith(
        "Segment 'Openers': the condition 'event_count' needs the table 'events' "
        f"({opened.sentence()[:-1]}); given: orders."
    )
    others = [Segment(name="Mailed", condition=opened)]
    inside = Segment(name="Inside", condition=Member(segment="Mailed"))
    with pytest.raises(DefinitionError, match=r"'event_count' of segment 'Mailed' needs"):
        is_member(inside, customer_rows(7, time_zone=MOSCOW, orders=[]), AS_OF, others=others)
    registered = Segment(name="R", condition=EventCount(at_least=1), population="registered")
    with pytest.raises(
        DefinitionError, match=r"population 'registered' needs the table 'customers'"
    ):
        is_member(registered, customer_rows(7, time_zone=MOSCOW, orders=[]), AS_OF)
    everyone = Segment(name="E", condition=Bucket(salt="x"))
    with pytest.raises(DefinitionError, match=r"population 'everyone' needs the table 'orders'"):
        is_member(everyone, customer_rows(7, time_zone=MOSCOW), AS_OF)


def test_an_unknown_column_is_named_with_the_nearest():
    rows = Rows(where=(where("chanel", "site"),))
    with pytest.raises(DefinitionError, match=r"'chanel' of table 'orders'.*Nearest: 'channel'"):
        asked(EventCount(rows=rows, at_least=1))
    own = Rows(where=(where("loyalty_card", "gold"),))
    condition = EventCount(rows=own, at_least=1)
    assert asked(condition, orders=[order(1, day(1, 1), loyalty_card="gold")]) is True
    with pytest.raises(DefinitionError, match=r"'favourite' of table 'customers'"):
        asked(Attribute(column="favourite", value="tea"), customer={"city": "x"})


@pytest.mark.parametrize(
    ("column", "comparison"),
    [
        ("amount", {"value": "100"}),
        ("channel", {"value": 1}),
        ("channel", {"value": True}),
        ("ordered_at", {"value": 5, "operator": "at_least"}),
        ("flag", {"value": 1}),
        ("amount", {"operator": "during", "window": AllTime()}),
        ("channel", {"value": dt.date(2025, 1, 1)}),
        ("given_on", {"value": AS_OF}),
    ],
)
def test_types_that_do_not_go_together_are_refused(column, comparison):
    rows = Rows(where=(Where(column=column, **comparison),))
    one = order(1, day(1, 1), channel="site", flag=True, given_on=dt.date(2025, 1, 1))
    with pytest.raises(DefinitionError, match=rf"Column '{column}' of table 'orders' holds"):
        asked(EventCount(rows=rows, at_least=1), orders=[one])


def test_one_and_true_are_not_confused():
    for value, flag in ((1, 1), (True, True)):
        rows = Rows(where=(where("flag", value),))
        condition = EventCount(rows=rows, at_least=1)
        segment = Segment(name="s", condition=condition)
        assert is_member(segment, made(orders=[order(1, day(1, 1), flag=flag)]), AS_OF) is True


@pytest.mark.parametrize(
    ("aggregate", "value"), [("sum", 0.5), ("sum", "a"), ("max", "a"), ("min", True)]
)
def test_what_cannot_be_added_up_is_refused(aggregate, value):
    condition = EventAggregate(aggregate=aggregate, column="extra", value=1)
    with pytest.raises(DefinitionError, match=f"no '{aggregate}' is taken"):
        asked(condition, orders=[order(1, day(1, 1), extra=value)])


def test_instants_without_a_zone_are_refused():
    segment = Segment(name="s", condition=EventCount(at_least=1))
    with pytest.raises(DefinitionError, match="as_of"):
        is_member(segment, made(orders=THREE), dt.datetime(2025, 1, 1))
    raw = {**made(), "orders": [order(1, dt.datetime(2025, 1, 1), Decimal(1))]}
    with pytest.raises(DataError, match="'ordered_at' of table 'orders' holds an instant without"):
        is_member(segment, raw, AS_OF)
    with pytest.raises(DefinitionError, match="IANA"):
        is_member(segment, {**made(orders=THREE), "time_zone": "Mars"}, AS_OF)


TEN = All(
    conditions=(
        EventCount(window=Last(length="1y"), at_least=1),
        EventAggregate(aggregate="sum", column="amount", value=100),
        LastEvent(window=Last(length="1y")),
    )
)


def test_facts_and_checks_can_be_looked_at_one_by_one():
    compiled = compile_segment(Segment(name="ten", condition=TEN))
    rows = made(orders=THREE)
    facts = compiled.facts(rows, AS_OF)
    by_kind = {type(fact): value for fact, value in facts.items()}
    assert by_kind[Count] == 3
    assert by_kind[Total] == Decimal("350.5")
    assert by_kind[LastAt] == day(3, 10)
    assert by_kind[LastAt].tzinfo == ZONE
    assert isinstance(compiled.check, Both)
    for check in compiled.check.checks:
        assert compiled.answer(check, facts, AS_OF, MOSCOW) is True
    count = next(fact for fact in facts if isinstance(fact, Count))
    assert compiled.answer(InRange(count, 4, None), facts, AS_OF, MOSCOW) is False


def test_a_compiled_segment_can_be_pickled_and_shared_by_threads():
    compiled = pickle.loads(pickle.dumps(compile_segment(Segment(name="ten", condition=TEN))))
    rows = made(orders=THREE)
    instants = [AS_OF + dt.timedelta(days=one) for one in range(400)] * 3
    alone = [compiled.is_member(rows, at) for at in instants]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda at: compiled.is_member(rows, at), instants)) == alone
    assert set(alone) == {True, False}
    assert repr(compiled) == "CompiledSegment('ten', unknown='exclude')"


def test_asking_does_not_look_further_than_it_must():
    """A condition that is false spares the ones after it, and what is wrong with their rows."""
    broken = EventAggregate(aggregate="sum", column="extra", value=1)
    orders = [order(1, day(1, 1), extra="no number")]
    assert asked(EventCount(at_most=0) & broken, orders=orders) is False


@pytest.mark.parametrize(
    ("condition", "tables", "column"),
    [
        (EventCount(rows=Rows(net=True), at_least=1), {"orders": [{}]}, "amount"),
        (
            EventCount(rows=Rows(source="order_items", net=True), at_least=1),
            {"order_items": [{"kind": "return"}]},
            "order_id",
        ),
        (FirstEvent(has=(where("channel", "x"),)), {"orders": [{}, {}]}, "order_id"),
        (EventCount(at_least=1), {"orders": [{"ordered_at": None}]}, None),
    ],
)
def test_rows_that_lack_what_every_row_has_are_named(condition, tables, column):
    """Plain rows, which no constructor has looked at."""
    base = {"ordered_at": day(1, 1)}
    given = {name: [{**base, **row} for row in rows] for name, rows in tables.items()}
    if column == "amount":
        given["orders"] = [{**base, "order_id": 1}, {**base, "order_id": 1, "kind": "return"}]
    rows = {"customer_id": 7, "time_zone": MOSCOW, "customer": {"city": "x"}, "orders": [], **given}
    with pytest.raises(DataError) as caught:
        is_member(Segment(name="s", condition=condition), rows, AS_OF)
    assert getattr(caught.value, "column", None) == column


def test_rows_without_the_customers_id_or_the_zone_are_refused():
    segment = Segment(name="s", condition=EventCount(at_least=1))
    for key in ("customer_id", "time_zone"):
        rows = {name: value for name, value in made(orders=THREE).items() if name != key}
        with pytest.raises(DataError, match=key):
            is_member(segment, rows, AS_OF)


def test_columns_that_are_never_equal_are_not_called_the_same():
    condition = Sequence(
        steps=(Step(rows=Rows()), Step(rows=Rows(), same=(Same(column="channel", of="order_id"),)))
    )
    orders = [order(1, day(1, 1), channel="1"), order(2, day(1, 2), channel="1")]
    with pytest.raises(DefinitionError, match="'same' compares"):
        asked(condition, orders=orders)


@pytest.mark.parametrize("wrong", [None, "VIP", EventCount(at_least=1), {"name": "VIP"}])
def test_what_is_no_segment_is_refused(wrong):
    rows = customer_rows(7, time_zone=MOSCOW, orders=[])
    one = Segment(name="Some", condition=EventCount(at_least=1))
    for ask in (lambda: is_member(wrong, rows, AS_OF), lambda: compile_segment(wrong)):
        with pytest.raises(DefinitionError, match=f"'segment' is '{type(wrong).__name__}'"):
            ask()
    for others in ([wrong], wrong, one):
        with pytest.raises(DefinitionError, match="'others' is .*a list of segments"):
            is_member(one, rows, AS_OF, others=others)


@pytest.mark.parametrize("wrong", [None, 7, [], object()])
def test_what_is_no_customers_rows_is_refused(wrong):
    one = Segment(name="Some", condition=EventCount(at_least=1))
    compiled = compile_segment(one)
    for ask in (
        lambda: is_member(one, wrong, AS_OF),
        lambda: compiled.is_member(wrong, AS_OF),
        lambda: compiled.facts(wrong, AS_OF),
    ):
        with pytest.raises(DefinitionError, match=r"'rows' is .*rows_of_customer\(shop"):
            ask()
    with pytest.raises(DataError, match=r"no key 'customer_id'.*customer_rows\(…\) makes"):
        is_member(one, {"orders": []}, AS_OF)


def test_of_two_conditions_of_one_type_the_one_that_lacks_its_table_is_said():
    opened = EventCount(rows=events("Email Opened"), at_least=1)
    segment = Segment(name="Openers", condition=EventCount(at_least=2) & opened)
    said = r"'event_count' needs the table 'events' \(Customers who opened .*\); given: orders"
    with pytest.raises(DefinitionError, match=said):
        is_member(segment, customer_rows(7, time_zone=MOSCOW, orders=[]), AS_OF)


def test_a_score_that_is_not_there_is_told_of_scores():
    alive = Segment(name="Alive", condition=Score(column="alive", operator="more_than", value=0.5))
    customer = customer_rows(7, time_zone=MOSCOW, customer={"city": "Omsk"}, orders=[])
    with pytest.raises(DefinitionError, match=r"'alive' of table 'customers'.*scores={'alive': …}"):
        is_member(alive, customer, AS_OF)
    beside = customer_rows(
        7, time_zone=MOSCOW, customer={"city": "Omsk"}, orders=[], scores={"alife": 1}
    )
    with pytest.raises(DefinitionError, match=r"'alive' of table 'scores'.*Nearest: 'alife'"):
        is_member(alive, beside, AS_OF)
    assert is_member(alive, {**beside, "scores": {"alive": 1}}, AS_OF) is True


def test_a_text_is_not_told_to_become_a_decimal():
    rows = [order(1, day(1, 1), 100, channel="site", weight=1.5)]
    for column, said in (("channel", "a column of numbers"), ("weight", "cast it to Decimal")):
        with pytest.raises(DefinitionError, match=said):
            asked(
                EventAggregate(aggregate="sum", column=column, value=1, operator="at_least"),
                orders=rows,
            )
