"""The invented shop: exact, repeatable, plausible, and nobody in it can be reached."""

import datetime as dt
import json
from dataclasses import fields

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retention_kit.contracts.tables import TABLES
from retention_kit.datasets import _settings
from retention_kit.datasets.generate import ShopOptions, make_dataset, make_frames
from retention_kit.errors import DefinitionError

LONDON = "Europe/London"


@pytest.fixture(scope="module")
def shop():
    return make_frames(3_000, seed=7, time_zone=LONDON, return_share=0.2, event_share=0.3)


@pytest.fixture(scope="module")
def sales(shop):
    return shop["orders"].filter(pl.col("kind") == "sale")


@pytest.fixture(scope="module")
def returns(shop):
    orders = shop["orders"]
    return orders.filter(pl.col("kind") == "return").join(
        orders, left_on="original_order_id", right_on="order_id", suffix="_of_sale"
    )


def purchase_counts(**options):
    frames = make_frames(
        20_000, seed=3, tables=("orders",), guest_share=0, return_share=0, **options
    )
    return frames["orders"].group_by("customer_id").len()["len"]


# The tables


def test_every_table_has_the_columns_of_the_contract(shop):
    assert {name: frame.columns for name, frame in shop.items()} == {
        name: list(table.columns) for name, table in TABLES.items()
    }


def test_types_are_those_that_come_out_of_the_door(shop):
    of_kind = {
        "id": pl.Int64(),
        "instant": pl.Datetime("us", LONDON),
        "date": pl.Date(),
        "month": pl.Date(),
        "money": pl.Decimal(18, 4),
        "number": pl.Decimal(18, 4),
        "text": pl.String(),
        "choice": pl.String(),
    }
    for name, frame in shop.items():
        expected = {key: of_kind[column.kind] for key, column in TABLES[name].columns.items()}
        assert dict(frame.schema) == expected


def test_the_door_rejects_nothing():
    dataset = make_dataset(500, seed=2, return_share=0.2, event_share=0.5)
    for health in dataset.health.tables.values():
        assert health.read == health.accepted > 0
        assert not health.rejected


def test_ids_are_unique_and_ascend_with_time(shop):
    for table, key, instant in (
        ("orders", "order_id", "ordered_at"),
        ("customers", "customer_id", "registered_at"),
        ("reviews", "review_id", "published_at"),
    ):
        frame = shop[table]
        assert frame[key].to_list() == list(range(1, frame.height + 1))
        assert frame[instant].is_sorted()
    lines = shop["order_items"]
    assert lines["line_id"].to_list() == list(range(1, lines.height + 1))
    assert lines["order_id"].is_sorted()


def test_an_orders_amount_is_exactly_the_sum_of_its_lines(shop):
    lines = shop["order_items"].group_by("order_id").agg(lines=pl.col("amount").sum())
    both = shop["orders"].join(lines, on="order_id", how="full")
    assert both.filter(pl.col("amount").ne_missing(pl.col("lines"))).is_empty()


def test_only_columns_that_may_be_null_are(shop):
    for name, frame in shop.items():
        for key, column in TABLES[name].columns.items():
            assert column.may_be_null or not frame[key].has_nulls(), (name, key)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("orders", "customer_id"),
        ("orders", "manager"),
        ("orders", "promo_code"),
        ("orders", "referrer_id"),
        ("orders", "delivered_at"),
        ("order_items", "category"),
        ("customers", "email"),
        ("customers", "phone"),
        ("customers", "birthday"),
        ("customers", "acquisition_channel"),
        ("customers", "city"),
        ("consents", "evidence"),
        ("events", "recorded_at"),
        ("costs", "channel"),
        ("reviews", "customer_id"),
        ("reviews", "rating"),
    ],
)
def test_optional_columns_are_null_in_some_rows_and_filled_in_others(shop, table, column):
    assert 0 < shop[table][column].null_count() < shop[table].height


# Returns


def test_returns_are_negative_and_come_after_the_delivery_of_a_completed_sale(returns):
    assert returns.height > 100
    assert returns["amount"].max() < 0
    for column in ("discount", "points_paid", "delivery"):
        assert returns[column].max() <= 0
    assert (returns["ordered_at"] > returns["delivered_at_of_sale"]).all()
    assert set(returns["kind_of_sale"]) == {"sale"}
    assert set(returns["status_of_sale"]) == {"completed"}
    assert returns["customer_id"].eq_missing(returns["customer_id_of_sale"]).all()


def test_no_more_comes_back_than_was_sold(returns):
    for column in ("amount", "discount", "points_paid", "delivery"):
        assert (-returns[column] <= returns[f"{column}_of_sale"]).all()


def test_some_returns_are_whole_and_some_are_not(returns):
    whole = returns.filter(-pl.col("amount") == pl.col("amount_of_sale"))
    assert 0 < whole.height < returns.height
    for column in ("discount", "points_paid", "delivery", "margin"):
        assert (-whole[column] == whole[f"{column}_of_sale"]).all()


def test_a_returned_line_names_the_line_that_was_sold(shop, returns):
    lines = shop["order_items"]
    back = lines.filter(pl.col("original_line_id").is_not_null()).join(
        lines, left_on="original_line_id", right_on="line_id", suffix="_sold"
    )
    assert set(back["order_id"]) == set(returns["order_id"])
    assert back["original_line_id"].is_unique().all()
    assert (back["product_id"] == back["product_id_sold"]).all()
    assert (back["quantity"] < 0).all()
    assert (-back["quantity"] <= back["quantity_sold"]).all()
    assert (-back["amount"] <= back["amount_sold"]).all()
    sale_of = dict(returns.select("order_id", "original_order_id").iter_rows())
    assert [sale_of[order] for order in back["order_id"]] == back["order_id_sold"].to_list()


# The same seed


def test_the_same_arguments_give_the_same_frames_and_another_seed_does_not():
    first, again, other = (make_frames(200, seed=seed) for seed in (5, 5, 6))
    for name, frame in first.items():
        assert_frame_equal(frame, again[name])
        assert not frame.equals(other[name])


def test_a_table_does_not_depend_on_which_others_are_made():
    whole = make_frames(200, seed=1)
    for name, frame in whole.items():
        assert_frame_equal(make_frames(200, seed=1, tables=(name,))[name], frame)
    assert list(make_frames(50, tables=("costs", "orders"))) == ["orders", "costs"]
    assert list(make_frames(50, tables="orders")) == ["orders"]


def test_the_number_of_threads_changes_nothing(monkeypatch):
    monkeypatch.setattr(_settings, "CHUNK", 300)
    monkeypatch.setattr(_settings, "MOST_THREADS", 1)
    alone = make_frames(500, seed=4)
    monkeypatch.setattr(_settings, "MOST_THREADS", 4)
    for name, frame in make_frames(500, seed=4).items():
        assert_frame_equal(frame, alone[name])


def test_a_shop_made_in_many_pieces_is_as_exact_as_one_made_in_one(monkeypatch):
    monkeypatch.setattr(_settings, "CHUNK", 100)
    shop = make_frames(500, seed=4, return_share=0.3)
    orders, lines = shop["orders"], shop["order_items"]
    assert orders["order_id"].to_list() == list(range(1, orders.height + 1))
    assert lines["line_id"].to_list() == list(range(1, lines.height + 1))
    assert orders["ordered_at"].is_sorted()
    sums = lines.group_by("order_id", maintain_order=True).agg(pl.col("amount").sum())
    assert sums["amount"].to_list() == orders["amount"].to_list()


# Behaviour


def test_a_constant_hazard_shop_has_the_mean_and_the_variance_of_its_model():
    """Without dropout, repeat purchases in time t are NBD (Ehrenberg 1959): rate · t on average.

    Arrivals grow linearly from 1 to 2, so that customers are seen for 4/9 of three years.
    """
    repeats = purchase_counts(dropout=0) - 1
    expected = 6 * 3 * 4 / 9
    assert repeats.mean() == pytest.approx(expected, rel=0.04)
    assert repeats.var() > 5 * repeats.mean()


def test_without_survivors_everybody_buys_once():
    assert set(purchase_counts(dropout=1)) == {1}


def test_purchases_are_over_dispersed_and_a_plausible_share_buys_once():
    counts = purchase_counts()
    assert counts.var() > 3 * counts.mean()
    assert 0.25 < (counts == 1).mean() < 0.5


def test_some_customers_never_order_and_nobody_orders_before_registering(shop, sales):
    first = sales.group_by("customer_id").agg(first=pl.col("ordered_at").min())
    joined = shop["customers"].join(first, on="customer_id", how="left")
    assert 0.05 < joined["first"].is_null().mean() < 0.15
    assert joined.filter(pl.col("registered_at") > pl.col("first")).is_empty()


def test_a_referrer_is_a_customer_who_bought_earlier():
    sales = make_frames(3_000, tables=("orders",), guest_share=0)["orders"]
    first = sales.group_by("customer_id").agg(first=pl.col("ordered_at").min())
    referred = sales.filter(pl.col("referrer_id").is_not_null()).join(
        first, left_on="referrer_id", right_on="customer_id"
    )
    assert referred.height > 50
    assert (referred["first"] < referred["ordered_at"]).all()
    assert set(referred["channel"]) == {"referral"}


def test_december_is_the_busiest_month_and_more_customers_come_every_year(shop, sales):
    months = sales.group_by(pl.col("ordered_at").dt.month()).len().sort("len", descending=True)
    assert months["ordered_at"][0] == 12
    years = (
        shop["customers"].group_by(pl.col("registered_at").dt.year()).len().sort("registered_at")
    )
    assert years["len"].is_sorted()


@pytest.mark.parametrize("time_zone", ["Asia/Vladivostok", "America/New_York", "Asia/Kathmandu"])
def test_the_shops_evening_is_busy_and_its_night_is_not(time_zone):
    orders = make_frames(2_000, time_zone=time_zone, tables=("orders",))["orders"]
    hour = orders["ordered_at"].dt.hour()
    assert hour.is_between(18, 21).mean() > 0.2
    assert hour.is_between(1, 5).mean() < 0.05


def test_popularity_within_a_category_follows_zipf():
    lines = make_frames(10_000, tables=("order_items",), return_share=0)["order_items"]
    toys = lines.filter(pl.col("category") == "toys")
    sold = toys.group_by("product_id").len().sort("product_id")["len"]
    assert sold[0] / sold[1] == pytest.approx(2, rel=0.15)
    assert sold[0] / sold[3] == pytest.approx(4, rel=0.2)


def test_accessories_are_bought_with_and_after_the_product_they_belong_to():
    frames = make_frames(5_000, tables=("orders", "order_items"), guest_share=0, return_share=0)
    baskets = (
        frames["order_items"]
        .join(frames["orders"].select("order_id", "customer_id"), on="order_id")
        .group_by("customer_id", "order_id")
        .agg(
            filter=(pl.col("category") == "water filters").fill_null(False).any(),
            cartridge=(pl.col("category") == "cartridges").fill_null(False).any(),
        )
        .sort("customer_id", "order_id")
        .with_columns(owns=pl.col("filter").cum_max().shift(1).over("customer_id"))
    )
    assert baskets.filter("filter")["cartridge"].mean() > 2 * baskets["cartridge"].mean()
    later = baskets.filter(pl.col("owns").is_not_null(), ~pl.col("filter"))
    after, otherwise = later.filter("owns")["cartridge"], later.filter(~pl.col("owns"))["cartridge"]
    assert after.mean() > 1.7 * otherwise.mean()


def test_most_sales_are_completed_and_the_newest_are_open(sales):
    share = dict(sales["status"].value_counts(normalize=True).iter_rows())
    assert share["completed"] > 0.9
    assert share["cancelled"] > 0.01
    open_sales = sales.filter(pl.col("status") == "open")
    assert open_sales["ordered_at"].median() > sales["ordered_at"].quantile(0.95)
    delivered = sales["delivered_at"].is_not_null()
    assert (delivered == (sales["status"] == "completed")).all()


# Time


def instant_columns(frames):
    for frame in frames.values():
        for name, kind in frame.schema.items():
            if isinstance(kind, pl.Datetime):
                yield frame[name].drop_nulls()


def test_nothing_happens_outside_the_window(shop):
    start, end = dt.date(2023, 1, 1), dt.date(2025, 12, 31)
    for column in instant_columns(shop):
        assert column.dt.date().is_between(start, end).all()


def test_no_instant_falls_into_the_hour_that_daylight_saving_skips(shop):
    skipped = [dt.date(2023, 3, 26), dt.date(2024, 3, 31), dt.date(2025, 3, 30)]
    for column in instant_columns(shop):
        wall = column.dt.replace_time_zone(None)
        # Polars raises on a wall-clock time that the zone does not have.
        wall.dt.replace_time_zone(LONDON, ambiguous="earliest", non_existent="raise")
        assert not (column.dt.date().is_in(skipped) & (column.dt.hour() == 1)).any()


def test_a_day_of_23_hours_has_23_and_the_hour_lived_twice_has_orders_twice():
    def hours(day):
        frames = make_frames(
            30_000,
            start=day,
            end=day + dt.timedelta(days=1),
            time_zone=LONDON,
            tables=("orders",),
        )
        ordered = frames["orders"].filter(pl.col("kind") == "sale")["ordered_at"]
        return ordered.dt.hour(), ordered.dt.base_utc_offset() + ordered.dt.dst_offset()

    spring, _ = hours(dt.date(2024, 3, 31))
    assert set(spring) == set(range(24)) - {1}
    autumn, offset = hours(dt.date(2024, 10, 27))
    assert set(autumn) == set(range(24))
    assert set(offset.filter(autumn == 1)) == {dt.timedelta(0), dt.timedelta(hours=1)}


@pytest.mark.parametrize("customers", [1, 2, 3])
def test_the_smallest_shop_over_a_single_day_has_every_table(customers):
    for seed in range(10):
        frames = make_frames(
            customers, seed=seed, start=dt.date(2024, 2, 29), end=dt.date(2024, 3, 1)
        )
        assert list(frames) == list(TABLES)
        assert frames["customers"].height == customers


# People


def test_addresses_are_in_reserved_domains_and_numbers_in_the_range_kept_for_fiction(shop):
    email = shop["customers"]["email"].drop_nulls()
    phone = shop["customers"]["phone"].drop_nulls()
    reserved = r"^[a-z]+\.[a-z]+\d+@(example\.(com|org|net)|mail\.(example|test|invalid))$"
    assert email.str.contains(reserved).all()
    assert phone.str.contains(r"^\+1[2-9][0-8][0-9]55501[0-9]{2}$").all()
    assert email.is_unique().all()
    assert phone.is_unique().all()


def test_customers_beyond_the_reserved_numbers_have_none():
    phone = make_frames(40_000, tables=("customers",))["customers"]["phone"].drop_nulls()
    assert phone.len() == phone.n_unique() == 26_400


def test_some_were_born_on_29_february(shop):
    birthday = shop["customers"]["birthday"].drop_nulls()
    assert ((birthday.dt.month() == 2) & (birthday.dt.day() == 29)).sum() > 5
    assert birthday.dt.year().is_between(1940, 2010).all()


def test_consent_is_withdrawn_after_it_was_granted_and_only_for_contacts_there_are(shop):
    consents = shop["consents"]
    assert set(consents["purpose"]) == {"messages", "advertising"}
    by_channel = consents.group_by("customer_id", "channel").agg(
        pl.col("status").sort_by("decided_at"), pl.col("decided_at").is_unique().all()
    )
    assert by_channel["decided_at"].all()
    assert {tuple(status) for status in by_channel["status"]} == {
        ("granted",),
        ("withdrawn",),
        ("granted", "withdrawn"),
    }
    joined = consents.join(shop["customers"], on="customer_id")
    for channel, contact in (("email", "email"), ("sms", "phone")):
        assert not joined.filter(pl.col("channel") == channel)[contact].has_nulls()


# Events, costs, reviews


def test_letters_go_only_to_those_whose_consent_stands(shop):
    letters = shop["events"].filter(pl.col("name") == "Email Delivered")
    decisions = shop["consents"].filter(pl.col("channel") == "email").sort("decided_at")
    standing = letters.sort("occurred_at").join_asof(
        decisions, left_on="occurred_at", right_on="decided_at", by="customer_id"
    )
    assert standing.height > 100
    assert set(standing["status"]) == {"granted"}


def test_letters_are_opened_after_they_arrive_and_clicked_after_they_are_opened(shop):
    letters = shop["events"].filter(pl.col("message_id").is_not_null())
    steps = (
        letters.group_by("message_id")
        .agg(pl.col("name").sort_by("occurred_at"), pl.col("customer_id").n_unique())
        .group_by("name", "customer_id")
        .len()
    )
    names = ["Email Delivered", "Email Opened", "Email Link Clicked"]
    assert {tuple(name) for name in steps["name"]} == {tuple(names[:n]) for n in (1, 2, 3)}
    assert set(steps["customer_id"]) == {1}


def test_an_order_completed_is_that_customers_order(shop):
    events = shop["events"].filter(pl.col("name") == "Order Completed")
    joined = events.join(shop["orders"], on="order_id", suffix="_order")
    assert joined.height == events.height > 100
    assert (joined["occurred_at"] == joined["ordered_at"]).all()
    assert (joined["value"] == joined["amount"]).all()
    assert (joined["customer_id"] == joined["customer_id_order"]).all()


def test_some_carts_are_left_and_events_are_recorded_no_earlier_than_they_happen(shop):
    events = shop["events"]
    counts = dict(events["name"].value_counts().iter_rows())
    assert counts["Product Viewed"] > counts["Product Added"] > counts["Order Completed"]
    assert counts["Product Removed"] > 0
    assert (events["recorded_at"] >= events["occurred_at"]).all()
    for text in events["properties"].drop_nulls().unique():
        assert isinstance(json.loads(text), dict)


def test_costs_cover_every_month_and_some_have_no_channel(shop):
    costs = shop["costs"]
    assert costs["month"].n_unique() == 36
    assert set(costs["month"].dt.day()) == {1}
    for column in ("category", "purpose"):
        assert set(costs[column]) == set(TABLES["costs"].columns[column].choices)
    assert costs["amount"].min() >= 0


def test_channels_that_cost_money_are_channels_that_bring_customers(shop):
    paid = shop["costs"].filter(pl.col("purpose") == "acquisition")["channel"].drop_nulls()
    assert set(paid) <= set(shop["customers"]["acquisition_channel"])


def test_reviews_come_from_those_who_had_bought_the_product(shop):
    reviews = shop["reviews"].filter(pl.col("customer_id").is_not_null())
    lines = shop["order_items"].join(shop["orders"], on="order_id")
    bought = reviews.join(lines, on=["customer_id", "product_id"]).filter(
        pl.col("delivered_at") < pl.col("published_at")
    )
    assert set(bought["review_id"]) == set(reviews["review_id"])
    assert set(shop["reviews"]["rating"].drop_nulls().cast(pl.Int64)) == {1, 2, 3, 4, 5}


# Options


def rows(table):
    return lambda frames: frames[table].height


def share_of_returns(frames):
    return (frames["orders"]["kind"] == "return").mean()


def share_of_guests(frames):
    return frames["orders"]["customer_id"].is_null().mean()


def spread_of_counts(frames):
    counts = frames["orders"].drop_nulls("customer_id").group_by("customer_id").len()["len"]
    return counts.var() / counts.mean()


@pytest.mark.parametrize(
    ("option", "small", "large", "measure"),
    [
        ("customers", 1_000, 2_000, rows("customers")),
        ("orders_per_year", 1.0, 12.0, rows("orders")),
        ("rate_shape", 20.0, 0.3, spread_of_counts),
        ("dropout", 0.6, 0.1, rows("orders")),
        ("return_share", 0.0, 0.3, share_of_returns),
        ("guest_share", 0.0, 0.3, share_of_guests),
        ("event_share", 0.0, 0.5, rows("events")),
        ("start", dt.date(2025, 1, 1), dt.date(2020, 1, 1), rows("costs")),
        ("end", dt.date(2023, 7, 1), dt.date(2027, 1, 1), rows("orders")),
    ],
)
def test_every_option_acts(option, small, large, measure):
    less, more = (
        measure(make_frames(**{"customers": 1_000, option: value})) for value in (small, large)
    )
    assert less < more


@pytest.mark.parametrize(
    ("option", "table"), [("return_share", "orders"), ("event_share", "events")]
)
def test_a_share_of_nothing_gives_nothing(option, table):
    none = make_frames(300, **{option: 0})
    kind = none["orders"]["kind"] if table == "orders" else none["events"]["name"]
    assert "return" not in kind
    assert table == "orders" or none["events"].is_empty()


def test_every_option_is_documented_and_has_a_default():
    settings = {field.name for field in fields(_settings.Settings)}
    assert settings - {"customers", "seed"} == set(ShopOptions.__annotations__)
    for name in ShopOptions.__annotations__:
        assert f"    {name}: " in ShopOptions.__doc__


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("customers", 0),
        ("customers", 2.5),
        ("customers", True),
        ("customers", 10**12),
        ("seed", -1),
        ("seed", "1"),
        ("start", "2023-01-01"),
        ("start", dt.datetime(2023, 1, 1)),
        ("end", dt.date(2023, 1, 1)),
        ("end", dt.date(2199, 1, 1)),
        ("time_zone", "Europe/Nowhere"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", ""),
        ("time_zone", None),
        ("tables", ()),
        ("tables", ("orders", "invoices")),
        ("tables", "invoices"),
        ("orders_per_year", 0),
        ("orders_per_year", float("nan")),
        ("rate_shape", -1.0),
        ("rate_shape", "wide"),
        ("dropout", 1.01),
        ("return_share", -0.01),
        ("guest_share", float("inf")),
        ("event_share", True),
    ],
)
def test_a_bad_argument_is_named_with_what_is_allowed(argument, value):
    with pytest.raises(DefinitionError, match=f"'{argument}'.*Allowed: ") as caught:
        make_frames(**{argument: value})
    assert caught.value.parameter == argument


def test_an_unknown_option_is_named_with_the_nearest():
    with pytest.raises(DefinitionError, match="'return_rate'.*Nearest: return_share"):
        make_frames(100, return_rate=0.1)


def test_a_dataset_needs_orders():
    with pytest.raises(DefinitionError, match="'orders' among them"):
        make_dataset(100, tables=("customers",))


def test_a_dataset_may_be_orders_alone():
    dataset = make_dataset(100, seed=1, tables=("orders",))
    assert dataset.currency == "RUB"
    assert dataset.time_zone == "Europe/Moscow"
    assert dataset.order_items.collect().is_empty()
