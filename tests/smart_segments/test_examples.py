"""The examples of what segments are for, each on a small table whose answer is seen by eye.

Both evaluators are asked (`shop.told` asserts that they agree), and where the fluent words say the
same, that they are the same condition. The instant of observation is the last midnight of 2025.
"""

import datetime as dt

import pytest

from retention_kit.smart_segments import (
    All,
    AnyOf,
    Attribute,
    BetweenAges,
    CalendarPeriod,
    Consent,
    EventAggregate,
    EventCount,
    FirstEvent,
    Last,
    LastEvent,
    Member,
    MessageEngagement,
    Not,
    Regularity,
    Rows,
    Score,
    Segment,
    Sequence,
    Since,
    Step,
    Where,
    Without,
    anniversary,
    attribute,
    birthday,
    bought,
    bucket,
    column,
    consent,
    did,
    member_of,
    messages,
    score,
    was_member_of,
)

NOW = "2025-12-31"


def lines(category: str) -> Rows:
    return Rows(source="order_items", where=(Where(column="category", value=category),))


def events(name: str, **columns: str) -> Rows:
    named = {"name": name, **columns}
    return Rows(
        source="events", where=tuple(Where(column=key, value=one) for key, one in named.items())
    )


class TestAskedForByTheShop:
    def test_a_mattress_and_no_cover_for_it_in_the_last_month(self, shop):
        shop.sale("Ann", "2025-12-10", "mattress")
        shop.sale("Bob", "2025-12-10", "mattress", "cover")
        shop.sale("Cid", "2025-12-10", "mattress")
        shop.sale("Cid", "2025-12-20", "cover")
        shop.sale("Dan", "2025-12-05", "cover")
        shop.sale("Dan", "2025-12-10", "mattress")
        shop.sale("Eve", "2025-11-29 23:59", "mattress")
        condition = Sequence(
            steps=(Step(rows=lines("mattress"), without=(Without(rows=lines("cover")),)),),
            window=Last(length="1mo"),
            which="last",
        )
        assert shop.members(condition, NOW) == {"Ann", "Dan"}
        fluent = bought(category="mattress").within("1mo").not_followed_by(bought(category="cover"))
        assert fluent.as_condition() == condition

    def test_two_windows_side_by_side_are_another_segment(self, shop):
        """Dan bought the cover before the mattress: a sequence finds him, two windows do not."""
        shop.sale("Ann", "2025-12-10", "mattress")
        shop.sale("Dan", "2025-12-05", "cover")
        shop.sale("Dan", "2025-12-10", "mattress")
        both = bought(category="mattress").within("1mo") & bought(category="cover").within(
            "1mo"
        ).at_most(0)
        assert shop.members(both.as_condition(), NOW) == {"Ann"}

    def test_an_average_order_in_a_range(self, shop):
        for amount in (1000, 2000):
            shop.sale("Ann", "2025-12-10", amount=amount)
        shop.sale("Bob", "2025-12-10", amount=999)
        shop.sale("Cid", "2025-12-10", amount=2000)
        shop.sale("Dan", "2025-12-10", amount="2000.0001")
        shop.sale("Eve", "2025-06-01", amount=1500)
        shop.returned("Ann", "2025-12-11", amount=-3000)
        condition = EventAggregate(
            aggregate="mean", column="amount", window=Last(length="90d"), value=1000, to=2000
        )
        assert shop.members(condition, NOW) == {"Ann", "Cid"}
        assert shop.unknown(condition, NOW) == {"Eve"}
        assert bought().within("90d").mean("amount").between(1000, 2000) == condition

    def test_insurance_bought_eleven_months_ago(self, shop):
        shop.sale("Ann", "2025-01-31 23:59", "insurance")
        shop.sale("Bob", "2025-01-30", "insurance")
        shop.sale("Cid", "2025-01-31", "insurance")
        shop.sale("Cid", "2025-02-10", "insurance")
        shop.sale("Dan", "2025-01-31", "tea")
        due = bought(category="insurance").last().anniversary(after="11mo")
        assert shop.members(due, "2025-12-31 12:00") == {"Ann"}
        range_of_three = bought(category="insurance").last().anniversary(after="11mo", days=11)
        assert shop.members(range_of_three, "2025-12-31 12:00") == {"Ann", "Cid"}

    def test_put_in_a_cart_and_did_not_buy_within_24_hours(self, shop):
        shop.did("Ann", "2025-12-29 10:00", "Product Added", product_id="tea")
        shop.did("Bob", "2025-12-29 10:00", "Product Added", product_id="tea")
        shop.sale("Bob", "2025-12-30 09:59", "tea")
        shop.did("Cid", "2025-12-29 10:00", "Product Added", product_id="tea")
        shop.sale("Cid", "2025-12-30 10:00", "tea")
        shop.did("Dan", "2025-12-30 10:00", "Product Added", product_id="tea")
        for who in ("Ann", "Bob", "Cid", "Dan"):
            shop.customer(who)
        condition = Sequence(
            steps=(Step(rows=events("Product Added"), without=(Without(rows=Rows()),)),),
            quiet_for="24h",
        )
        assert shop.members(condition, NOW) == {"Ann", "Cid"}
        waiting = condition.with_fields(unfinished="unknown")
        assert shop.unknown(waiting, NOW) == {"Dan"}

    def test_interested_in_a_product_without_buying_it(self, shop):
        for who in ("Ann", "Bob", "Cid"):
            shop.customer(who)
            shop.did(who, "2025-12-20 10:00", "Product Viewed", product_id="sofa")
            shop.did(who, "2025-12-21 10:00", "Product Viewed", product_id="sofa")
        shop.sale("Bob", "2025-12-22", "sofa")
        shop.sale("Cid", "2025-12-22", "tea")
        viewed = did("Product Viewed", product_id="sofa").within("30d").at_least(2)
        condition = viewed & bought(product_id="sofa").within("30d").at_most(0)
        assert shop.members(condition, NOW) == {"Ann", "Cid"}

    def test_the_same_product_whichever_it_is(self, shop):
        """Ann viewed a sofa and bought a chair; Bob bought what he viewed."""
        for who in ("Ann", "Bob"):
            shop.customer(who)
            shop.did(who, "2025-12-20 10:00", "Product Viewed", product_id="sofa")
        shop.sale("Ann", "2025-12-22", "chair")
        shop.sale("Bob", "2025-12-22", "sofa")
        any_line = Rows(source="order_items")
        viewed = Step(
            rows=events("Product Viewed"), without=(Without(rows=any_line, same="product_id"),)
        )
        assert shop.members(Sequence(steps=(viewed,)), NOW) == {"Ann"}
        then = (Step(rows=events("Product Viewed")), Step(rows=any_line, same="product_id"))
        assert shop.members(Sequence(steps=then), NOW) == {"Bob"}

    def test_no_purchase_for_three_months(self, shop):
        shop.sale("Ann", "2025-09-29", "tea")
        shop.sale("Bob", "2025-09-29", "tea")
        shop.sale("Bob", "2025-12-01", "tea")
        shop.sale("Cid", "2025-12-01", "tea")
        shop.customer("Dan")
        condition = LastEvent(rows=Rows(), window=BetweenAges(oldest="100y", youngest="3mo"))
        assert shop.members(condition, NOW) == {"Ann"}
        silent = bought() & bought().within("3mo").at_most(0)
        assert shop.members(silent, NOW) == {"Ann"}

    def test_a_birthday_in_the_coming_days(self, shop):
        for who, birthday_of in {
            "Ann": dt.date(1990, 12, 31),
            "Bob": dt.date(1990, 1, 6),
            "Cid": dt.date(1990, 1, 7),
            "Dan": dt.date(1990, 12, 30),
            "Eve": None,
        }.items():
            shop.customer(who, birthday=birthday_of)
        assert shop.members(birthday(days=7), NOW) == {"Ann", "Bob"}
        assert shop.unknown(birthday(days=7), NOW) == {"Eve"}

    def test_coffee_bought_a_month_ago_is_due_again(self, shop):
        shop.sale("Ann", "2025-11-30 18:00", "coffee")
        shop.sale("Bob", "2025-11-30 18:00", "coffee")
        shop.sale("Bob", "2025-12-15", "coffee")
        shop.sale("Cid", "2025-11-29", "coffee")
        refill = bought(category="coffee").last().anniversary(after="1mo")
        assert shop.members(refill, "2025-12-30 09:00") == {"Ann"}


class TestCounts:
    @pytest.fixture
    def shop(self, shop):
        for who, times in {"None": 0, "One": 1, "Two": 2, "Three": 3}.items():
            shop.customer(who)
            for day in range(times):
                shop.sale(who, f"2025-12-0{day + 1}", "tea")
        shop.sale("Two", "2025-12-20", "tea", status="cancelled")
        shop.sale("Two", "2025-12-20", "tea", status="open")
        shop.returned("Two", "2025-12-21", "tea")
        return shop

    @pytest.mark.parametrize(
        ("bounds", "members"),
        [
            ({"at_least": 0}, {"None", "One", "Two", "Three"}),
            ({"at_least": 1}, {"One", "Two", "Three"}),
            ({"at_least": 3}, {"Three"}),
            ({"at_most": 0}, {"None"}),
            ({"at_most": 2}, {"None", "One", "Two"}),
            ({"at_least": 2, "at_most": 2}, {"Two"}),
            ({"at_least": 0, "at_most": 0}, {"None"}),
            ({"at_least": 1, "at_most": 2}, {"One", "Two"}),
        ],
    )
    @pytest.mark.parametrize("rows", [Rows(), lines("tea")])
    def test_at_least_at_most_and_exactly(self, shop, rows, bounds, members):
        assert shop.members(EventCount(rows=rows, **bounds), NOW) == members

    def test_filters_are_met_by_one_row_together(self, shop):
        shop.sale("Ann", "2025-12-01", ("tea", 10), ("mattress", 500))
        shop.sale("Bob", "2025-12-01", ("tea", 500))
        dear = lines("tea").also(Where(column="amount", operator="at_least", value=500))
        assert shop.members(EventCount(rows=dear, at_least=1), NOW) == {"Bob"}
        assert bought(column("amount") >= 500, category="tea").as_condition() == EventCount(
            rows=dear, at_least=1
        )

    def test_what_is_returned_counts_unless_it_is_asked_for_net(self, shop):
        order = shop.sale("Ann", "2025-12-01", "sofa")
        shop.returned("Ann", "2025-12-05", "sofa", original_order_id=order)
        assert shop.members(bought(category="sofa"), NOW) == {"Ann"}
        assert shop.members(bought(category="sofa").kept(), NOW) == set()
        assert shop.members(bought(category="sofa").kept(), "2025-12-05") == {"Ann"}


class TestFigures:
    @pytest.fixture
    def shop(self, shop):
        shop.sale("Ann", "2025-12-01", amount=100, promo_code="SPRING")
        shop.sale("Ann", "2025-12-02", amount=300)
        shop.sale("Bob", "2025-12-01", amount=250, promo_code="SPRING")
        shop.customer("Cid")
        return shop

    def test_sums(self, shop):
        assert shop.members(bought().total("amount") >= 400, NOW) == {"Ann"}
        assert shop.members(bought().total("amount") == 0, NOW) == {"Cid"}

    def test_means(self, shop):
        assert shop.members(bought().mean("amount") == 200, NOW) == {"Ann"}
        assert shop.unknown(bought().mean("amount") == 200, NOW) == {"Cid"}

    def test_the_least_and_the_greatest(self, shop):
        assert shop.members(bought().least("amount") <= 100, NOW) == {"Ann"}
        assert shop.members(bought().greatest("amount") < 300, NOW) == {"Bob"}

    def test_a_share_of_discounted_orders(self, shop):
        discounted = bought().share(column("promo_code").is_known())
        assert shop.members(discounted >= 0.5, NOW) == {"Ann", "Bob"}
        assert shop.members(discounted > 0.5, NOW) == {"Bob"}
        assert shop.unknown(discounted > 0.5, NOW) == {"Cid"}

    def test_a_distinct_count(self, shop):
        shop.sale("Dan", "2025-12-01", "tea", "tea", "cover")
        products = bought(column("product_id").is_known(), category=("tea", "cover"))
        assert shop.members(products.distinct("product_id") == 2, NOW) == {"Dan"}


class TestFirstAndLast:
    @pytest.fixture
    def shop(self, shop):
        shop.sale("Ann", "2025-11-30 23:59", "tea", channel="site")
        shop.sale("Ann", "2025-12-20", "tea", channel="shop")
        shop.sale("Bob", "2025-12-01", "tea", channel="shop")
        shop.customer("Cid")
        return shop

    def test_when_the_first_was(self, shop):
        december = CalendarPeriod(every="1mo")
        assert shop.members(FirstEvent(window=december), NOW) == {"Bob"}
        assert shop.members(LastEvent(window=december), NOW) == {"Ann", "Bob"}

    def test_what_the_first_had(self, shop):
        site = (Where(column="channel", value="site"),)
        assert shop.members(FirstEvent(has=site), NOW) == {"Ann"}
        assert shop.members(LastEvent(has=site), NOW) == set()
        assert shop.members(Not(condition=LastEvent(has=site)), NOW) == {"Ann", "Bob", "Cid"}


class TestSequences:
    def test_one_thing_then_another_then_not_a_third_within_a_time(self, shop):
        shop.sale("Ann", "2025-12-01 10:00", "bed")
        shop.sale("Ann", "2025-12-08 10:00", "mattress")
        shop.sale("Bob", "2025-12-01 10:00", "bed")
        shop.sale("Bob", "2025-12-08 09:59", "mattress")
        shop.sale("Cid", "2025-12-01 10:00", "bed")
        shop.sale("Cid", "2025-12-05 10:00", "mattress")
        shop.sale("Cid", "2025-12-06 10:00", "cover")
        shop.sale("Dan", "2025-12-01 10:00", "bed", "mattress")
        then = bought(category="bed").followed_by(bought(category="mattress"), within="7d")
        assert shop.members(then, NOW) == {"Bob", "Cid"}
        assert shop.members(then.not_followed_by(bought(category="cover")), NOW) == {"Bob"}

    def test_nothing_of_a_kind_between(self, shop):
        for who in ("Ann", "Bob"):
            shop.customer(who)
            shop.did(who, "2025-12-01 10:00", "Product Viewed")
            shop.did(who, "2025-12-03 10:00", "Product Added")
        shop.did("Bob", "2025-12-02 10:00", "Email Opened")
        steps = (
            Step(rows=events("Product Viewed"), without=(Without(rows=events("Email Opened")),)),
            Step(rows=events("Product Added")),
        )
        assert shop.members(Sequence(steps=steps), NOW) == {"Ann"}


class TestHabits:
    @pytest.fixture
    def shop(self, shop):
        for month in range(1, 13):
            shop.sale("Ann", f"2025-{month:02}-15", "tea")
            if month <= 6:
                shop.sale("Bob", f"2025-{month:02}-15", "tea")
        shop.sale("Cid", "2025-01-15", "tea")
        shop.sale("Cid", "2025-12-15", "tea")
        return shop

    def test_regular(self, shop):
        monthly = Regularity(every="1mo", periods=6, at_least=6)
        assert shop.members(monthly, "2025-12-31") == {"Ann"}
        assert shop.members(monthly, "2025-07-01") == {"Ann", "Bob"}
        assert bought().active_in(6, of_last=6, every="1mo") == monthly

    def test_was_regular_and_stopped(self, shop):
        assert shop.members(bought().lapsed("3mo", active="6mo", at_least=3), NOW) == {"Bob"}

    def test_came_back_after_a_gap(self, shop):
        assert shop.members(bought().reactivated("6mo", within="30d"), NOW) == {"Cid"}
        assert shop.members(bought().reactivated("12mo", within="30d"), NOW) == set()


class TestWhatIsKnownOfTheCustomer:
    @pytest.fixture
    def shop(self, shop):
        shop.customer("Ann", city="Tver", gender="f", registered_at=shop.at("2025-01-01"))
        shop.customer("Bob", city="tver", registered_at=shop.at("2025-12-15"))
        shop.customer("Cid", city="Орёл")
        shop.customer("Dan")
        shop.scores = {
            "Ann": {"rfm": "555", "cluster": 1, "value": 120.5, "alive": 0.91},
            "Bob": {"rfm": "111", "cluster": 3, "value": 3.0, "alive": 0.1},
            "Cid": {"rfm": None, "cluster": 1, "value": float("nan"), "alive": None},
        }
        return shop

    def test_attributes(self, shop):
        assert shop.members(attribute("city") == "Tver", NOW) == {"Ann"}
        assert shop.members(attribute("city", fold=True) == "TVER", NOW) == {"Ann", "Bob"}
        assert shop.members(attribute("city", fold=True) == "орел", NOW) == {"Cid"}
        assert shop.members(attribute("city") != "Tver", NOW) == {"Bob", "Cid"}
        assert shop.unknown(attribute("city") != "Tver", NOW) == {"Dan"}
        assert shop.members(attribute("city", missing="true") != "Tver", NOW) == {
            "Bob",
            "Cid",
            "Dan",
        }
        assert shop.members(attribute("city").is_in(["Tver", "tver"]), NOW) == {"Ann", "Bob"}
        assert shop.members(attribute("city").is_missing(), NOW) == {"Dan"}
        assert shop.members(attribute("city").contains("ver"), NOW) == {"Ann", "Bob"}
        assert shop.members(attribute("registered_at").within("30d"), NOW) == {"Bob"}

    def test_nested_all_any_and_not(self, shop):
        tver, known = attribute("city") == "Tver", attribute("gender").is_known()
        assert shop.members((tver & known) | ~(attribute("city").is_known()), NOW) == {"Ann", "Dan"}
        condition = All(
            conditions=(
                AnyOf(conditions=(tver, Attribute(column="city", value="tver"))),
                Not(condition=known),
            )
        )
        assert shop.members(condition, NOW) == {"Bob"}

    def test_scores_clusters_and_predicted_values(self, shop):
        assert shop.members(score("rfm").starts_with("5"), NOW) == {"Ann"}
        assert shop.members(score("cluster") == 1, NOW) == {"Ann", "Cid"}
        assert shop.members(score("value") > 100, NOW) == {"Ann"}
        assert shop.unknown(score("value") > 100, NOW) == {"Cid", "Dan"}
        assert shop.members(Score(column="alive", operator="less_than", value=0.5), NOW) == {"Bob"}
        assert shop.members(score("city") == "Tver", NOW) == {"Ann"}

    def test_consent(self, shop):
        shop.decided("Ann", "2025-01-01", "email", "granted")
        shop.decided("Bob", "2025-01-01", "email", "granted")
        shop.decided("Bob", "2025-12-20", "email", "withdrawn")
        shop.decided("Cid", "2025-01-01", "email", "granted", purpose="sharing")
        assert shop.members(consent("email"), NOW) == {"Ann"}
        assert shop.members(consent("email"), "2025-12-20") == {"Ann", "Bob"}
        assert shop.members(Consent(channel="email", purpose="sharing"), NOW) == {"Cid"}

    def test_messages(self, shop):
        for who in ("Ann", "Bob", "Cid"):
            shop.did(who, "2025-12-10 10:00", "Email Delivered", campaign="winter")
        shop.did("Ann", "2025-12-10 10:00", "Email Opened", campaign="winter")
        shop.did("Bob", "2025-12-09 10:00", "Email Opened", campaign="autumn")
        shop.did("Cid", "2025-12-11 10:00", "Email Link Clicked", campaign="winter")
        assert shop.members(messages("opened").within("30d"), NOW) == {"Ann", "Bob"}
        assert shop.members(messages("ignored", campaign="winter"), NOW) == {"Bob"}
        never = MessageEngagement(engagement="received", at_most=0)
        assert shop.members(never, NOW) == {"Dan"}

    def test_of_another_segment(self, shop):
        of_tver = Segment(name="Of Tver", condition=attribute("city", fold=True) == "tver")
        women = member_of(of_tver) & (attribute("gender") == "f")
        assert shop.members(women, NOW, others=[of_tver]) == {"Ann"}
        assert shop.members(Not(condition=Member(segment="Of Tver")), NOW, others=[of_tver]) == {
            "Cid"
        }

    def test_entered_or_left_between_two_dates(self, shop):
        shop.snapshot("Loyal", "2025-10-01", "Ann", "Bob")
        shop.snapshot("Loyal", "2025-11-01", "Ann", "Cid")
        shop.snapshot("Loyal", "2025-12-01", "Cid", "Bob")
        autumn = Since(start=dt.date(2025, 10, 15), until=dt.date(2025, 11, 15))
        assert shop.members(was_member_of("Loyal", "entered", within=autumn), NOW) == {"Cid"}
        assert shop.members(was_member_of("Loyal", "left", within=autumn), NOW) == {"Bob"}
        assert shop.members(was_member_of("Loyal", "ever"), NOW) == {"Ann", "Bob", "Cid"}
        assert shop.members(was_member_of("Loyal", "never"), NOW) == {"Dan"}
        assert shop.members(was_member_of("Loyal", "entered"), "2025-10-20") == set()

    def test_a_share_at_random(self, shop):
        one, other = bucket("spring", 0, 0.5), bucket("spring", 0.5, 1)
        everybody = {"Ann", "Bob", "Cid", "Dan"}
        half = shop.members(one, NOW)
        assert shop.members(other, NOW) == everybody - half
        assert shop.members(bucket("spring", 0, 1), NOW) == everybody

    def test_a_wedding_day(self, shop):
        shop.customer("Eve", wedding=dt.date(2020, 1, 2))
        assert shop.members(anniversary("wedding", ahead="2d"), NOW) == {"Eve"}
        assert shop.members(anniversary("wedding", ahead="1d"), NOW) == set()


class TestTheInstantOfObservation:
    def test_is_always_said_and_excluded(self, shop):
        shop.sale("Ann", "2025-12-01 10:00", "tea")
        assert shop.told(bought(), "2025-12-01 10:00") == {}
        assert shop.members(bought(), "2025-12-01 10:00:00.000001") == {"Ann"}

    def test_too_new_to_know_is_a_choice(self, shop):
        shop.sale("Old", "2025-01-01", "tea")
        shop.sale("New", "2025-12-20", "tea")
        shop.customer("Who")
        seldom = bought().within("90d").at_most(1)
        assert shop.members(seldom, NOW) == {"Old", "New", "Who"}
        assert shop.members(seldom.if_too_new("false"), NOW) == {"Old"}
        assert shop.unknown(seldom.if_too_new("unknown"), NOW) == {"New", "Who"}

    def test_everyone_buyers_and_who_is_registered(self, shop):
        shop.sale("Buyer", "2025-12-01", "tea")
        shop.sale("Canceller", "2025-12-01", "tea", status="cancelled")
        shop.customer("Registered", registered_at=shop.at("2025-12-01"))
        shop.customer("Later", registered_at=shop.at("2025-12-31"))
        always = bucket("all", 0, 1)
        everyone, buyers, registered = (
            shop.told(Segment(name="s", condition=always, population=population), NOW)
            for population in ("everyone", "buyers", "registered")
        )
        assert everyone == {"Buyer": True, "Canceller": True, "Registered": True}
        assert buyers == {"Buyer": True, "Canceller": False, "Registered": False}
        assert registered == {"Buyer": False, "Canceller": False, "Registered": True}

    def test_a_hundred_segments_in_one_pass(self, shop):
        from retention_kit.smart_segments.frame.evaluate import segment_table

        for times in range(10):
            for day in range(times):
                shop.sale(f"{times} times", f"2025-12-{day + 1:02}", "tea")
        asked = [
            Segment(name=f"{n}", condition=EventCount(at_least=n % 10, at_most=n // 10 + n % 10))
            for n in range(100)
        ]
        table = segment_table(**shop.tables, segments=asked, as_of=shop.at(NOW))
        assert table.width == 101
        for who, *told in table.rows():
            times = int(who.partition(" ")[0])
            assert told == [n % 10 <= times <= n // 10 + n % 10 for n in range(100)]
