"""What segments mean at the very boundary, rule by rule as the definitions number them (26 to 33).

The day is cut on the shop's clock, windows are closed on the left and open on the right.
"""

import datetime as dt

import pytest

from retention_kit.errors import DefinitionError
from retention_kit.hashing import stable_hash
from retention_kit.smart_segments import (
    Anniversary,
    Attribute,
    BetweenAges,
    Bucket,
    CalendarPeriod,
    EventCount,
    Last,
    LastEvent,
    Member,
    OfCustomer,
    OfEvent,
    Regularity,
    Rows,
    Segment,
    Sequence,
    Since,
    Step,
    Where,
    Without,
)


def lines(category: str) -> Rows:
    return Rows(source="order_items", where=(Where(column="category", value=category),))


def events(name: str) -> Rows:
    return Rows(source="events", where=(Where(column="name", value=name),))


class TestBoughtAndNotAnother:
    """26: the last A in the window; no B at or after its instant; B in the same order counts."""

    @pytest.fixture
    def condition(self):
        without = Without(rows=lines("cover"))
        return Sequence(
            steps=(Step(rows=lines("mattress"), without=(without,)),),
            window=Last(length="30d"),
            which="last",
        )

    @pytest.mark.parametrize(
        ("cover", "is_member"),
        [
            ("2025-12-09 23:59:59.999999", True),
            ("2025-12-10 00:00", False),
            ("2025-12-30 23:59:59.999999", False),
            ("2025-12-31 00:00", True),
        ],
    )
    def test_from_the_instant_of_the_last_up_to_the_observation(
        self, shop, condition, cover, is_member
    ):
        shop.sale("Ann", "2025-12-10 00:00", "mattress")
        shop.sale("Ann", cover, "cover")
        assert shop.told(condition, "2025-12-31") == {"Ann": is_member}

    def test_only_the_last_one_is_asked(self, shop, condition):
        shop.sale("Ann", "2025-12-10", "mattress")
        shop.sale("Ann", "2025-12-12", "cover")
        assert shop.told(condition, "2025-12-31") == {"Ann": False}
        shop.sale("Ann", "2025-12-14", "mattress")
        assert shop.told(condition, "2025-12-31") == {"Ann": True}

    @pytest.mark.parametrize(
        ("bought", "is_member"), [("2025-12-01 00:00", True), ("2025-11-30 23:59:59.999999", False)]
    )
    def test_thirty_days_begin_on_the_instant(self, shop, condition, bought, is_member):
        shop.sale("Ann", bought, "mattress")
        assert shop.told(condition, "2025-12-31") == {"Ann": is_member}


class TestLeftACart:
    """27: last added at t with as_of − 7 days ≤ t < as_of − 24 h; not removed; no sale since."""

    @pytest.fixture
    def condition(self):
        without = (Without(rows=events("Product Removed"), same="product_id"), Without(rows=Rows()))
        return Sequence(
            steps=(Step(rows=events("Product Added"), without=without),),
            window=BetweenAges(oldest="7d", youngest="24h"),
            which="last",
            among="all",
        )

    @pytest.mark.parametrize(
        ("added", "is_member"),
        [
            ("2025-12-24 00:00", True),
            ("2025-12-23 23:59:59.999999", False),
            ("2025-12-29 23:59:59.999999", True),
            ("2025-12-30 00:00", False),
        ],
    )
    def test_seven_days_and_24_hours_to_the_instant(self, shop, condition, added, is_member):
        shop.customer("Ann")
        shop.did("Ann", added, "Product Added", product_id="tea")
        assert shop.told(condition, "2025-12-31") == {"Ann": is_member}

    def test_the_last_of_all_is_asked_and_not_the_last_in_the_window(self, shop, condition):
        shop.customer("Ann")
        shop.did("Ann", "2025-12-26", "Product Added", product_id="tea")
        shop.did("Ann", "2025-12-30 12:00", "Product Added", product_id="tea")
        assert shop.told(condition, "2025-12-31") == {"Ann": False}
        assert shop.told(condition.with_fields(among="window"), "2025-12-31") == {"Ann": True}

    def test_another_product_removed_leaves_it_there(self, shop, condition):
        for who, product in (("Ann", "cup"), ("Bob", "tea")):
            shop.customer(who)
            shop.did(who, "2025-12-26", "Product Added", product_id="tea")
            shop.did(who, "2025-12-27", "Product Removed", product_id=product)
        assert shop.told(condition, "2025-12-31") == {"Ann": True, "Bob": False}

    def test_a_sale_at_the_same_instant_has_been_one(self, shop, condition):
        for who, sold in (("Ann", "2025-12-26 10:00"), ("Bob", "2025-12-26 09:59")):
            shop.did(who, "2025-12-26 10:00", "Product Added", product_id="tea")
            shop.sale(who, sold, "tea")
        assert shop.told(condition, "2025-12-31") == {"Ann": False, "Bob": True}


class TestElevenMonthsAgo:
    """28: date of the latest purchase + 11 months (clamped) is the shop's date of `as_of`."""

    def asked(self, days: int = 1, after: str = "11mo") -> Anniversary:
        return Anniversary(of=OfEvent(rows=lines("insurance")), after=after, days=days)

    @pytest.mark.parametrize(
        ("as_of", "is_member"),
        [
            ("2025-12-14 23:59", False),
            ("2025-12-15 00:00", True),
            ("2025-12-15 23:59", True),
            ("2025-12-16 00:00", False),
        ],
    )
    def test_it_is_the_whole_day_on_the_shops_clock(self, shop, as_of, is_member):
        shop.sale("Ann", "2025-01-15 23:30", "insurance")
        assert shop.told(self.asked(), as_of) == {"Ann": is_member}

    def test_a_month_clamps_to_its_last_day(self, shop):
        for who, day in {"Ann": 31, "Bob": 30, "Cid": 29}.items():
            shop.sale(who, f"2025-03-{day} 10:00", "insurance")
        assert shop.members(self.asked(), "2026-02-28 10:00") == {"Ann", "Bob", "Cid"}
        assert shop.members(self.asked(after="1mo"), "2025-04-30 10:00") == {"Ann", "Bob"}

    def test_a_range_of_days_begins_today(self, shop):
        for day in (14, 15, 17, 18):
            shop.sale(f"On the {day}th", f"2025-01-{day} 10:00", "insurance")
        assert shop.members(self.asked(days=3), "2025-12-15 10:00") == {
            "On the 15th",
            "On the 17th",
        }

    def test_who_never_bought_it_is_not_unknown(self, shop):
        shop.sale("Ann", "2025-01-15 10:00", "tea")
        assert shop.told(self.asked(), "2025-12-15") == {"Ann": False}


class TestNoPurchaseForThreeMonths:
    """29: at least one earlier sale, and none in [as_of − 3 months, as_of)."""

    @pytest.mark.parametrize(
        ("sold", "is_member"),
        [("2026-02-28 09:59:59.999999", True), ("2026-02-28 10:00", False)],
    )
    @pytest.mark.parametrize("as_of", ["2026-05-28 10:00", "2026-05-31 10:00"])
    def test_exactly_three_months_which_clamp(self, shop, sold, is_member, as_of):
        condition = LastEvent(window=BetweenAges(oldest="100y", youngest="3mo"))
        shop.sale("Ann", sold, "tea")
        assert shop.told(condition, as_of) == {"Ann": is_member}
        silent = EventCount(window=Last(length="3mo"), at_most=0)
        assert shop.told(silent, as_of) == {"Ann": is_member}

    def test_a_return_is_no_purchase(self, shop):
        shop.sale("Ann", "2025-06-01", "tea")
        shop.returned("Ann", "2025-12-01", "tea")
        shop.sale("Ann", "2025-12-02", "tea", status="cancelled")
        condition = LastEvent(window=BetweenAges(oldest="100y", youngest="3mo"))
        assert shop.told(condition, "2025-12-31") == {"Ann": True}


class TestInTheNextDays:
    """30: n dates that begin with the shop's date of `as_of`; it wraps the year."""

    def asked(self, days: int, **more: str) -> Anniversary:
        return Anniversary(of=OfCustomer(column="birthday"), days=days, **more)

    @pytest.mark.parametrize(
        ("birthday", "is_member"),
        [((12, 28), False), ((12, 29), True), ((1, 4), True), ((1, 5), False)],
    )
    def test_it_wraps_the_year(self, shop, birthday, is_member):
        shop.customer("Ann", birthday=dt.date(1990, *birthday))
        assert shop.told(self.asked(7), "2025-12-29 23:59") == {"Ann": is_member}

    def test_the_29th_of_february_is_kept_on_the_28th_or_on_the_1st_of_march(self, shop):
        shop.customer("Ann", birthday=dt.date(1992, 2, 29))
        assert shop.members(self.asked(1), "2025-02-28") == {"Ann"}
        assert shop.members(self.asked(1), "2025-03-01") == set()
        assert shop.members(self.asked(1, leap_day="1_march"), "2025-02-28") == set()
        assert shop.members(self.asked(1, leap_day="1_march"), "2025-03-01") == {"Ann"}
        for leap_day in ("28_february", "1_march"):
            assert shop.members(self.asked(1, leap_day=leap_day), "2024-02-29") == {"Ann"}
            assert shop.members(self.asked(1, leap_day=leap_day), "2024-02-28") == set()
            assert shop.members(self.asked(1, leap_day=leap_day), "2024-03-01") == set()

    def test_the_day_of_birth_is_no_anniversary(self, shop):
        shop.customer("Ann", birthday=dt.date(2025, 6, 1))
        assert shop.members(self.asked(1), "2025-06-01") == set()
        assert shop.members(self.asked(365), "2025-06-01") == set()
        assert shop.members(self.asked(365), "2025-06-02") == {"Ann"}


class TestThen:
    """31: "then" is strictly later; `without` includes the same instant."""

    def test_what_happens_at_the_same_instant_is_not_later(self, shop):
        shop.sale("Ann", "2025-12-01 10:00", "bed")
        shop.sale("Ann", "2025-12-01 10:00", "mattress")
        shop.sale("Bob", "2025-12-01 10:00", "bed")
        shop.sale("Bob", "2025-12-01 10:00:00.000001", "mattress")
        steps = (Step(rows=lines("bed")), Step(rows=lines("mattress")))
        assert shop.members(Sequence(steps=steps), "2025-12-31") == {"Bob"}

    def test_within_a_time_ends_before_it(self, shop):
        shop.sale("Ann", "2025-12-01 10:00", "bed")
        shop.sale("Ann", "2025-12-02 10:00", "mattress")
        shop.sale("Bob", "2025-12-01 10:00", "bed")
        shop.sale("Bob", "2025-12-02 09:59:59.999999", "mattress")
        steps = (Step(rows=lines("bed")), Step(rows=lines("mattress"), within="24h"))
        assert shop.members(Sequence(steps=steps), "2025-12-31") == {"Bob"}

    @pytest.mark.parametrize(
        ("between", "is_member"),
        [
            ("2025-12-01 09:59:59.999999", True),
            ("2025-12-01 10:00", False),
            ("2025-12-03 10:00", False),
            ("2025-12-03 10:00:00.000001", True),
        ],
    )
    def test_nothing_between_includes_both_instants(self, shop, between, is_member):
        shop.sale("Ann", "2025-12-01 10:00", "bed")
        shop.sale("Ann", "2025-12-03 10:00", "mattress")
        shop.sale("Ann", between, "cover")
        steps = (
            Step(rows=lines("bed"), without=(Without(rows=lines("cover")),)),
            Step(rows=lines("mattress")),
        )
        assert shop.told(Sequence(steps=steps), "2025-12-31") == {"Ann": is_member}

    @pytest.mark.parametrize(
        ("as_of", "told"),
        [
            ("2025-12-02 09:59:59.999999", None),
            ("2025-12-02 10:00", True),
            ("2025-12-01 10:00", False),
        ],
    )
    def test_a_time_that_is_not_over_is_unfinished(self, shop, as_of, told):
        shop.customer("Ann")
        shop.did("Ann", "2025-12-01 10:00", "Product Added")
        step = Step(rows=events("Product Added"), without=(Without(rows=Rows()),))
        condition = Sequence(steps=(step,), quiet_for="24h", unfinished="unknown")
        assert shop.told(condition, as_of) == {"Ann": told}


class TestOfWhomItIsAsked:
    """32: customers and customers of orders, guests out; what is returned was bought."""

    def test_whoever_is_registered_or_has_an_order_of_any_status(self, shop):
        shop.sale("Buyer", "2025-12-01", "tea")
        shop.sale("Open", "2025-12-01", "tea", status="open")
        shop.returned("Returner", "2025-12-01", "tea")
        shop.customer("Registered")
        shop.did("Visitor", "2025-12-01", "Product Viewed")
        shop.sale(None, "2025-12-01", "tea")
        told = shop.told(EventCount(at_least=1), "2025-12-31")
        assert told == {"Buyer": True, "Open": False, "Returner": False, "Registered": False}

    def test_a_purchase_returned_whole_counts_unless_it_is_asked_for_net(self, shop):
        order = shop.sale("Whole", "2025-12-01", "tea", "cup")
        shop.returned("Whole", "2025-12-03", "tea", "cup", original_order_id=order)
        order = shop.sale("Part", "2025-12-01", "tea", "cup")
        shop.returned("Part", "2025-12-03", "tea", original_order_id=order)
        shared = shop.sale("Shared", "2025-12-01", "tea")
        shop.returned("Shared", "2025-12-03", "tea", order_id=shared)
        shop.sale("Unnamed", "2025-12-01", "tea")
        shop.returned("Unnamed", "2025-12-03", "tea")
        everybody = {"Whole", "Part", "Shared", "Unnamed"}
        assert shop.members(EventCount(at_least=1), "2025-12-31") == everybody
        orders = EventCount(rows=Rows(net=True), at_least=1)
        assert shop.members(orders, "2025-12-31") == {"Part", "Unnamed"}
        assert shop.members(orders, "2025-12-03") == everybody
        tea = EventCount(rows=lines("tea").with_fields(net=True), at_least=1)
        assert shop.members(tea, "2025-12-31") == {"Unnamed"}
        cup = EventCount(rows=lines("cup").with_fields(net=True), at_least=1)
        assert shop.members(cup, "2025-12-31") == {"Part"}


class TestText:
    """33: NFC and exact; lower case and ё = е by option; `$` is the absolute end; the hash."""

    @pytest.fixture
    def shop(self, shop):
        shop.customer("Composed", city="Orl\u00e9ans")
        shop.customer("Apart", city="Orle\u0301ans")
        shop.customer("Small", city="orl\u00e9ans")
        shop.customer("Lines", city="Tver\n")
        shop.customer("Empty", city="")
        shop.customer("None", city=None)
        return shop

    @pytest.mark.parametrize("accent", ["\u00e9", "e\u0301"])
    def test_is_compared_in_its_normal_form(self, shop, accent):
        orleans = Attribute(column="city", value=f"Orl{accent}ans")
        assert shop.members(orleans, "2025-12-31") == {"Composed", "Apart"}
        fold = orleans.with_fields(fold=True)
        assert shop.members(fold, "2025-12-31") == {"Composed", "Apart", "Small"}

    def test_that_is_empty_is_a_value(self, shop):
        assert shop.members(Attribute(column="city", value=""), "2025-12-31") == {"Empty"}
        unknown = Attribute(column="city", operator="unknown")
        assert shop.members(unknown, "2025-12-31") == {"None"}

    def test_ends_where_it_ends(self, shop):
        at_the_end = Attribute(column="city", operator="matches", value="r$")
        assert shop.members(at_the_end, "2025-12-31") == set()
        then = Attribute(column="city", operator="matches", value="r\\n$")
        assert shop.members(then, "2025-12-31") == {"Lines"}

    def test_hashes_by_what_is_published(self, shop):
        half = Bucket(salt="spring", start=0, end=0.5)
        wanted = {
            who
            for who in ("Composed", "Apart", "Small", "Lines", "Empty", "None")
            if stable_hash(who, salt="spring") < 2**31
        }
        assert shop.members(half, "2025-12-31") == wanted

    def test_snapshots_count_from_the_second_on(self, shop):
        shop.snapshot("Loyal", "2025-10-01", "Small")
        shop.snapshot("Loyal", "2025-11-01")
        shop.snapshot("Loyal", "2025-12-01", "Small", "Lines")
        asked = {when: Member(segment="Loyal", when=when) for when in ("entered", "left")}
        assert shop.members(asked["entered"], "2025-11-30") == set()
        assert shop.members(asked["left"], "2025-11-01") == set()
        assert shop.members(asked["left"], "2025-11-01 00:00:00.000001") == {"Small"}
        assert shop.members(asked["entered"], "2025-12-31") == {"Small", "Lines"}

    def test_entered_needs_to_be_told_when_snapshots_were_taken(self, shop):
        shop.snapshot("Loyal", "2025-10-01", "Small")
        with pytest.raises(DefinitionError, match="taken"):
            shop.told(Member(segment="Loyal", when="entered"), "2025-12-31", taken=None)


class TestTheClock:
    """London: 30 October 2011 has 01:30 twice, and 27 March 2011 has no 01:30."""

    def test_the_first_and_the_second_0130_are_an_hour_apart(self, shop_in):
        shop = shop_in("Europe/London")
        shop.customer("Ann")
        shop.did("Ann", "2011-10-30 01:30+01:00", "Product Viewed")
        shop.did("Ann", "2011-10-30 01:30+00:00", "Product Added")
        steps = (Step(rows=events("Product Viewed")), Step(rows=events("Product Added")))
        assert shop.members(Sequence(steps=steps), "2011-10-31") == {"Ann"}
        assert shop.members(Sequence(steps=steps[::-1]), "2011-10-31") == set()
        for within, found in (("1h", set()), ("61m", {"Ann"})):
            timed = (steps[0], Step(rows=events("Product Added"), within=within))
            assert shop.members(Sequence(steps=timed), "2011-10-31") == found

    def test_a_day_has_25_hours_when_an_hour_comes_twice(self, shop_in):
        shop = shop_in("Europe/London")
        shop.sale("Ann", "2011-10-29 12:00", "tea")
        shop.sale("Bob", "2011-10-29 13:00", "tea")
        of = {text: EventCount(window=Last(length=text), at_least=1) for text in ("1d", "24h")}
        assert shop.members(of["1d"], "2011-10-30 12:00") == {"Ann", "Bob"}
        assert shop.members(of["24h"], "2011-10-30 12:00") == {"Bob"}
        today = EventCount(window=CalendarPeriod(every="1d"), at_least=1)
        shop.sale("Cid", "2011-10-30 01:30+01:00", "tea")
        assert shop.members(today, "2011-10-30 23:30") == {"Cid"}

    def test_an_hour_that_is_left_out_is_read_as_if_it_were_there(self, shop_in):
        """A day after 26 March 01:30 is 02:30 summer time, which is 01:30 winter time."""
        shop = shop_in("Europe/London")
        for who, second in (
            ("Ann", "2011-03-27 01:29:59+00:00"),
            ("Bob", "2011-03-27 01:30+00:00"),
        ):
            shop.sale(who, "2011-03-26 01:30", "bed")
            shop.sale(who, second, "mattress")
        steps = (Step(rows=lines("bed")), Step(rows=lines("mattress"), within="1d"))
        assert shop.members(Sequence(steps=steps), "2011-03-28") == {"Ann"}

    def test_a_week_begins_on_monday_and_a_day_that_never_was_is_in_none(self, shop_in):
        """Apia had no 30 December 2011, a Friday."""
        shop = shop_in("Pacific/Apia")
        shop.sale("Ann", "2011-12-29 23:00", "tea")
        shop.sale("Ann", "2011-12-31 01:00", "tea")
        shop.sale("Bob", "2011-12-25 23:59", "tea")
        this_week = EventCount(window=CalendarPeriod(every="1w"), at_least=1)
        assert shop.members(this_week, "2012-01-01 12:00") == {"Ann"}
        daily = Regularity(every="1d", periods=3, at_least=2, current=True)
        assert shop.members(daily, "2012-01-01 12:00") == set()
        daily = Regularity(every="1d", periods=4, at_least=2, current=True)
        assert shop.members(daily, "2012-01-01 12:00") == {"Ann"}

    def test_since_a_date_begins_with_its_day(self, shop_in):
        """In Santiago the clock went from midnight to one on 21 August 2011."""
        shop = shop_in("America/Santiago")
        shop.sale("Ann", "2011-08-21 03:59:59+00:00", "tea")
        shop.sale("Bob", "2011-08-21 04:00:00+00:00", "tea")
        since = EventCount(window=Since(start=dt.date(2011, 8, 21)), at_least=1)
        assert shop.members(since, "2011-08-22") == {"Bob"}

    def test_the_same_in_whichever_zone_the_observation_is_said(self, shop):
        shop.sale("Ann", "2025-12-31 23:30", "tea")
        segment = Segment(
            name="Yesterday",
            condition=EventCount(window=CalendarPeriod(every="1d", ago=1), at_least=1),
        )
        assert shop.members(segment, "2026-01-01 00:30") == {"Ann"}
        assert shop.members(segment, "2025-12-31 21:30+00:00") == {"Ann"}
