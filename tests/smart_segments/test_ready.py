"""Ready segments, each on a small table whose answer is seen by eye, and the whole library said."""

import inspect
import json
from pathlib import Path

import jsonschema
import pytest

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments import (
    READY,
    Segment,
    bought,
    ready_segments,
    ready_title,
    segment_schema,
)
from retention_kit.smart_segments.ready import (
    abandoned_cart,
    abandoned_checkout,
    at_risk,
    average_order_between,
    big_spenders,
    birthday_within,
    bought_without,
    consented,
    control_share,
    discount_seekers,
    due_after_purchase,
    high_value,
    ignored_messages,
    in_rfm_segment,
    interested_without_purchase,
    lapsed_regulars,
    never_bought,
    new_customers,
    no_purchase_for,
    one_time_buyers,
    opened_without_purchase,
    reactivated,
    refill_due,
    registered_without_purchase,
    regulars,
    repeat_buyers,
    returned_often,
    second_order_due,
    win_back,
)

NOW = "2025-12-31"
ARGUMENTS = {
    "average_order_between": {"low": 500, "high": 1000.5},
    "big_spenders": {"total": 50_000},
    "bought_without": {"category": "матрас", "without": "чехол"},
    "control_share": {"salt": "spring"},
    "due_after_purchase": {"category": "insurance"},
    "high_value": {"at_least": 20_000},
    "in_rfm_segment": {"segment": "champions"},
    "never_bought": {"category": "coffee"},
    "refill_due": {"category": "coffee"},
}


class TestByWhatWasBought:
    def test_bought_one_without_the_other(self, shop):
        shop.sale("Ann", "2025-12-10", "mattress")
        shop.sale("Bob", "2025-12-10", "mattress", "cover")
        shop.sale("Cid", "2025-12-10", "mattress")
        shop.sale("Cid", "2025-12-30", "cover")
        shop.sale("Dan", "2025-12-01", "cover")
        shop.sale("Dan", "2025-12-10", "mattress")
        shop.sale("Eve", "2025-11-29", "mattress")
        assert shop.members(bought_without("mattress", "cover"), NOW) == {"Ann", "Dan"}
        assert shop.members(bought_without("mattress", "cover", "1y"), NOW) == {"Ann", "Dan", "Eve"}

    def test_never_bought_asks_buyers_alone(self, shop):
        shop.sale("Ann", "2025-12-10", "tea")
        shop.sale("Bob", "2025-12-10", "tea", "coffee")
        shop.sale("Cid", "2025-12-10", "tea", status="cancelled")
        shop.customer("Dan")
        assert shop.members(never_bought("coffee"), NOW) == {"Ann"}

    def test_an_average_order_in_a_range_with_both_ends(self, shop):
        shop.sale("Ann", "2025-12-10", amount=400)
        shop.sale("Ann", "2025-12-11", amount=600)
        shop.sale("Bob", "2025-12-10", amount="1000.0001")
        shop.sale("Cid", "2025-12-10", amount=1000)
        shop.sale("Dan", "2024-12-30", amount=700)
        segment = average_order_between(500, 1000)
        assert shop.members(segment, NOW) == {"Ann", "Cid"}
        assert shop.unknown(segment, NOW) == {"Dan"}

    def test_big_spenders(self, shop):
        shop.sale("Ann", "2025-12-10", amount=600)
        shop.sale("Ann", "2025-01-10", amount=400)
        shop.sale("Bob", "2025-12-10", amount=999)
        shop.sale("Cid", "2024-12-10", amount=5000)
        assert shop.members(big_spenders(1000), NOW) == {"Ann"}

    def test_one_time_and_repeat_buyers(self, shop):
        shop.sale("Ann", "2025-12-10")
        shop.returned("Ann", "2025-12-11", amount=-10)
        shop.sale("Bob", "2020-12-10")
        shop.sale("Bob", "2025-12-10")
        shop.customer("Cid")
        assert shop.members(one_time_buyers(), NOW) == {"Ann"}
        assert shop.members(repeat_buyers(), NOW) == {"Bob"}

    def test_discount_seekers_have_enough_orders_and_enough_codes(self, shop):
        for who, codes in {"Ann": "x x -", "Bob": "x - -", "Cid": "x x", "Dan": "x - x -"}.items():
            for day, code in enumerate(codes.split(), 10):
                promo_code = None if code == "-" else "MAY"
                shop.sale(who, f"2025-12-{day}", promo_code=promo_code)
        assert shop.members(discount_seekers(), NOW) == {"Ann", "Dan"}
        assert shop.members(discount_seekers(share=1, orders=2), NOW) == {"Cid"}

    def test_returned_often(self, shop):
        for day in (10, 11):
            shop.sale("Ann", f"2025-12-{day}", "tea")
            shop.returned("Ann", f"2025-12-{day + 2}", "tea")
        shop.sale("Bob", "2025-12-10", "tea")
        shop.returned("Bob", "2025-12-12", "tea")
        assert shop.members(returned_often(), NOW) == {"Ann"}
        assert shop.members(returned_often(returns=1), NOW) == {"Ann", "Bob"}


class TestByTheCalendar:
    def test_new_customers(self, shop):
        shop.sale("Ann", "2025-12-01")
        shop.sale("Bob", "2025-11-30 23:59")
        shop.sale("Bob", "2025-12-20")
        assert shop.members(new_customers(), NOW) == {"Ann"}

    def test_second_order_due(self, shop):
        shop.sale("Ann", "2025-11-29")
        shop.sale("Bob", "2025-11-30")
        shop.sale("Cid", "2025-09-30")
        shop.sale("Dan", "2025-09-29")
        shop.sale("Eve", "2025-10-10")
        shop.sale("Eve", "2025-10-20")
        assert shop.members(second_order_due(), NOW) == {"Ann", "Cid"}

    def test_birthday_within_a_week_over_the_new_year(self, shop):
        days = {"Ann": (1990, 12, 31), "Bob": (1990, 1, 6), "Cid": (1990, 1, 7), "Dan": None}
        for who, day in days.items():
            shop.customer(who, birthday=day and shop.at("-".join(f"{n:02}" for n in day)).date())
        assert shop.members(birthday_within(7), NOW) == {"Ann", "Bob"}
        assert shop.unknown(birthday_within(7), NOW) == {"Dan"}

    def test_born_on_29_february_the_day_is_the_28th(self, shop):
        shop.customer("Ann", birthday=shop.at("2000-02-29").date())
        assert shop.members(birthday_within(1), "2026-02-28 12:00") == {"Ann"}
        assert shop.members(birthday_within(1), "2026-03-01") == set()

    def test_due_after_a_purchase_to_the_day(self, shop):
        shop.sale("Ann", "2025-01-31 23:59", "insurance")
        shop.sale("Bob", "2025-01-30", "insurance")
        shop.sale("Cid", "2025-01-31", "insurance")
        shop.sale("Cid", "2025-02-02", "insurance")
        assert shop.members(due_after_purchase("insurance"), NOW) == {"Ann"}
        assert shop.members(due_after_purchase("insurance", days=3), NOW) == {"Ann", "Cid"}
        # 30 January and 11 months is 30 December.
        assert shop.members(due_after_purchase("insurance"), "2025-12-30 09:00") == {"Bob"}

    def test_refill_due(self, shop):
        shop.sale("Ann", "2025-11-20", "coffee")
        shop.sale("Bob", "2025-11-20", "coffee")
        shop.sale("Bob", "2025-12-20", "coffee")
        shop.sale("Cid", "2025-10-30", "coffee")
        shop.sale("Dan", "2025-11-20", "tea")
        shop.sale("Eve", "2025-11-30", "coffee")
        assert shop.members(refill_due("coffee"), NOW) == {"Ann"}

    def test_registered_without_a_purchase(self, shop):
        for who in ("Ann", "Bob"):
            shop.customer(who, registered_at=shop.at("2025-12-10"))
        shop.sale("Bob", "2025-12-11")
        shop.customer("Cid", registered_at=shop.at("2025-11-10"))
        shop.customer("Dan")
        shop.sale("Eve", "2025-12-10", status="cancelled")
        segment = registered_without_purchase()
        assert shop.members(segment, NOW) == {"Ann"}
        assert shop.unknown(segment, NOW) == {"Dan"}


class TestByHabit:
    def test_no_purchase_for_three_months(self, shop):
        shop.sale("Ann", "2025-09-29")
        shop.sale("Bob", "2025-09-30")
        shop.sale("Cid", "2025-05-01")
        shop.sale("Cid", "2025-12-01")
        shop.customer("Dan")
        assert shop.members(no_purchase_for("3mo"), NOW) == {"Ann"}

    def test_regulars(self, shop):
        for month in (6, 8, 9, 11):
            shop.sale("Ann", f"2025-{month:02}-15")
        for month in (7, 9, 12):
            shop.sale("Bob", f"2025-{month:02}-15")
            shop.sale("Bob", f"2025-{month:02}-16")
        for month in (7, 8, 9, 12):
            shop.sale("Cid", f"2025-{month:02}-15")
        assert shop.members(regulars(), NOW) == {"Ann"}

    def test_lapsed_regulars(self, shop):
        for day in (1, 2, 3):
            shop.sale("Ann", f"2025-05-{day:02}")
            shop.sale("Bob", f"2025-05-{day:02}")
            shop.sale("Cid", f"2024-05-{day:02}")
        shop.sale("Bob", "2025-12-01")
        assert shop.members(lapsed_regulars(), NOW) == {"Ann"}

    def test_reactivated(self, shop):
        shop.sale("Ann", "2025-06-10")
        shop.sale("Ann", "2025-12-10")
        shop.sale("Bob", "2025-06-11")
        shop.sale("Bob", "2025-12-10")
        shop.sale("Cid", "2025-12-10")
        assert shop.members(reactivated(), NOW) == {"Ann"}


class TestByVisitsAndMessages:
    @pytest.fixture
    def shop(self, shop):
        for who in ("Ann", "Bob", "Cid", "Dan", "Eve"):
            shop.customer(who)
        return shop

    def test_a_cart_left_more_than_a_day_ago(self, shop):
        for who in ("Ann", "Bob", "Cid", "Dan"):
            shop.did(who, "2025-12-28 10:00", "Product Added", product_id="tea")
        shop.sale("Bob", "2025-12-28 10:00", "coffee")
        shop.did("Cid", "2025-12-28 10:05", "Product Removed", product_id="tea")
        shop.did("Dan", "2025-12-30 10:00", "Product Added", product_id="cup")
        shop.did("Eve", "2025-12-23 23:59", "Product Added", product_id="tea")
        assert shop.members(abandoned_cart(), NOW) == {"Ann"}

    def test_removing_another_product_leaves_the_cart_full(self, shop):
        shop.did("Ann", "2025-12-28 10:00", "Product Added", product_id="tea")
        shop.did("Ann", "2025-12-28 10:05", "Product Removed", product_id="cup")
        assert shop.members(abandoned_cart(), NOW) == {"Ann"}

    def test_a_checkout_left(self, shop):
        shop.did("Ann", "2025-12-30 22:59", "Checkout Started")
        shop.did("Bob", "2025-12-30 23:00", "Checkout Started")
        shop.did("Cid", "2025-12-30 20:00", "Checkout Started")
        shop.sale("Cid", "2025-12-30 20:10", "tea")
        assert shop.members(abandoned_checkout(), NOW) == {"Ann"}

    def test_interested_without_buying(self, shop):
        for who in ("Ann", "Bob", "Cid"):
            shop.did(who, "2025-12-20", "Product Viewed", product_id="sofa")
            shop.did(who, "2025-12-21", "Product Viewed", product_id="sofa")
        shop.did("Dan", "2025-12-20", "Product Viewed", product_id="sofa")
        shop.did("Dan", "2025-12-20", "Product Viewed", product_id="cup")
        shop.sale("Bob", "2025-12-22", "sofa")
        shop.sale("Cid", "2025-12-22", "tea")
        assert shop.members(interested_without_purchase("sofa"), NOW) == {"Ann", "Cid"}
        assert shop.members(interested_without_purchase(), NOW) == {"Ann", "Dan"}

    def test_consent_and_whom_to_win_back(self, shop):
        for who in ("Ann", "Bob", "Cid"):
            shop.decided(who, "2025-01-01", "email", "granted")
        shop.decided("Bob", "2025-02-01", "email", "withdrawn")
        for who in ("Ann", "Bob", "Dan"):
            shop.sale(who, "2025-05-01")
        assert shop.members(consented(), NOW) == {"Ann", "Cid"}
        assert shop.members(consented("sms"), NOW) == set()
        assert shop.members(win_back(), NOW) == {"Ann"}

    def test_opened_without_buying(self, shop):
        for who in ("Ann", "Bob"):
            shop.did(who, "2025-12-28", "Email Opened")
        shop.did("Cid", "2025-12-28", "Push Notification Opened")
        shop.sale("Ann", "2025-12-27")
        shop.sale("Bob", "2025-12-29")
        assert shop.members(opened_without_purchase(), NOW) == {"Ann"}
        assert shop.members(opened_without_purchase(channel="push"), NOW) == {"Cid"}

    def test_messages_ignored(self, shop):
        for who in ("Ann", "Bob"):
            for day in (10, 11, 12):
                shop.did(who, f"2025-12-{day}", "Email Delivered")
        shop.did("Ann", "2025-12-09", "Email Opened")
        shop.did("Bob", "2025-12-13", "Email Link Clicked")
        shop.did("Cid", "2025-12-10", "Email Delivered")
        assert shop.members(ignored_messages(), NOW) == {"Ann"}
        assert shop.members(ignored_messages(at_least=1), NOW) == {"Ann", "Cid"}


class TestByScoresAndLot:
    def test_scores(self, shop):
        for who in ("Ann", "Bob"):
            shop.sale(who, "2025-12-01")
        shop.scores = {
            "Ann": {"predicted_value": 500.0, "probability_alive": 0.9, "segment": "champions"},
            "Bob": {"predicted_value": 100.0, "probability_alive": 0.29, "segment": "lost"},
        }
        assert shop.members(high_value(500), NOW) == {"Ann"}
        assert shop.members(at_risk(), NOW) == {"Bob"}
        assert shop.members(in_rfm_segment("champions"), NOW) == {"Ann"}

    def test_a_control_group_is_of_its_size_and_stays(self, shop):
        for number in range(500):
            shop.customer(f"C{number}")
        drawn = shop.members(control_share("spring"), NOW)
        assert 25 <= len(drawn) <= 75
        assert shop.members(control_share("spring"), "2026-03-01") == drawn
        assert shop.members(control_share("autumn"), NOW) != drawn
        assert drawn <= shop.members(control_share("spring", share=0.3), NOW)


@pytest.fixture(scope="module")
def schema():
    jsonschema.Draft202012Validator.check_schema(segment_schema())
    return jsonschema.Draft202012Validator(segment_schema())


@pytest.mark.parametrize("name", READY)
def test_the_whole_library_goes_round_and_is_said(name, schema):
    """Function → JSON → checked against the published schema → the same segment → sentences."""
    segment = READY[name](**ARGUMENTS.get(name, {}))
    text = segment.to_json()
    schema.validate(json.loads(text))
    back = Segment.from_json(text)
    assert back == segment
    for language, starts in {"en": ("Customers", "Reg"), "ru": ("Покупатели", "Зарег")}.items():
        said = back.sentence(language)
        assert said == segment.sentence(language)
        assert said.startswith(starts)
        assert said.endswith(".")


def test_the_page_for_marketers_shows_every_ready_segment_as_it_is_said():
    page = (Path(__file__).parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
    for name, function in READY.items():
        segment = function(**ARGUMENTS.get(name, {}))
        russian = segment.sentence("ru").replace("\N{NO-BREAK SPACE}", " ")
        assert f"| `{name}(" in page
        assert f"| {segment.sentence()} | {russian} |" in page


def test_the_fluent_words_say_the_same_as_the_ready_segment():
    fluent = (
        bought(category="mattress").within("1mo").not_followed_by(bought(category="cover"))
    ).as_condition()
    assert bought_without("mattress", "cover").condition == fluent


def test_every_ready_segment_has_its_own_name_sentence_and_titles():
    segments = [function(**ARGUMENTS.get(name, {})) for name, function in READY.items()]
    assert len({segment.name for segment in segments}) == len(segments)
    assert len({segment.sentence() for segment in segments}) == len(segments)
    for language in ("en", "ru"):
        assert len({ready_title(name, language) for name in READY}) == len(READY)


def test_ready_segments_are_those_for_which_nothing_needs_to_be_said():
    names = {
        name
        for name, function in READY.items()
        if all(
            one.default is not one.empty for one in inspect.signature(function).parameters.values()
        )
    }
    assert {segment.condition for segment in ready_segments()} == {
        READY[name]().condition for name in names
    }
    assert set(READY) - names == set(ARGUMENTS)


def test_ready_segments_need_no_table_that_is_not_there(shop):
    assert ready_segments(tables=()) == ()
    of_orders = {segment.name for segment in ready_segments(tables=["orders"])}
    assert {"One-time buyers", "No purchase for 3 months"} <= of_orders
    assert not {"Birthday soon", "At risk", "Left a cart", "Consent to email"} & of_orders
    shop.sale("Ann", "2025-12-01")
    for segment in ready_segments(tables=["orders"]):
        only = {"orders": shop.tables["orders"]}
        from retention_kit.smart_segments import members

        assert members(segment, only, shop.at(NOW)).columns == ["customer_id"]


LENGTHS = ("within", "length", "silent", "active", "gap", "after", "until", "waited")
WITH_A_LENGTH = [
    (name, parameter)
    for name, function in READY.items()
    for parameter in inspect.signature(function).parameters
    if parameter in LENGTHS
]


@pytest.mark.parametrize("text", ["3 months", "", "0d"])
@pytest.mark.parametrize(("name", "parameter"), WITH_A_LENGTH)
def test_a_length_that_is_none_is_refused_with_those_allowed(name, parameter, text):
    with pytest.raises(DefinitionError, match="'1mo15d'"):
        READY[name](**{**ARGUMENTS.get(name, {}), parameter: text})


@pytest.mark.parametrize("number", ["lots", None, float("nan"), True])
def test_a_number_that_is_none_is_refused(number):
    for make in (big_spenders, high_value):
        with pytest.raises(DefinitionError, match="number"):
            make(number)
    with pytest.raises(DefinitionError, match="number"):
        average_order_between(1, number)


def test_ready_segments_are_named_in_the_language_asked_for():
    assert "Оставили корзину" in {segment.name for segment in ready_segments("ru")}
    assert ready_title("abandoned_cart", "ru") == "Оставили корзину"
    with pytest.raises(DefinitionError, match="abandoned_cart"):
        ready_title("abandoned_card")
    with pytest.raises(DefinitionError, match="'en' or 'ru'"):
        ready_segments("de")
