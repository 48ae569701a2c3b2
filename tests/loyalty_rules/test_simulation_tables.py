"""The tables of a simulation, from ledgers written by hand."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit.contracts.schemas import MONEY, SUM
from retention_kit.loyalty_rules.simulation.breakage import breakage_by_month
from retention_kit.loyalty_rules.simulation.by_customer import by_customer, by_decile
from retention_kit.loyalty_rules.simulation.by_tier import NO_TIER, customers_by_tier, tier_flow
from retention_kit.loyalty_rules.simulation.by_time import by_month, by_wallet, opening_liability
from retention_kit.loyalty_rules.simulation.flows import Window, with_months
from retention_kit.loyalty_rules.simulation.totals import totals

ZONE = ZoneInfo("Europe/London")
SCHEMA = {
    "customer_id": pl.Int64,
    "number": pl.Int64,
    "at": pl.Datetime("us", "Europe/London"),
    "kind": pl.String,
    "wallet": pl.String,
    "lot": pl.Int64,
    "units": pl.Int64,
    "value": MONEY,
    "rule": pl.String,
    "tier": pl.String,
    "expires_at": pl.Datetime("us", "Europe/London"),
}


def clock(*parts):
    return dt.datetime(*parts, tzinfo=ZONE)


WINDOW = Window(clock(2025, 1, 1), clock(2025, 5, 1))


def entries(*rows, window=WINDOW, of=None):
    """Make entries of (customer, at, kind, lot, units[, tier]); a point is worth half a pound.

    `of` says by lot which rule gave it; of lot 9 there is no end.
    """
    frame = pl.DataFrame(
        [
            {
                "customer_id": customer,
                "number": number,
                "at": at,
                "kind": kind,
                "wallet": None if kind in ("discount", "tier_up", "tier_down") else "points",
                "lot": lot,
                "units": units,
                "value": Decimal(units) / 2,
                "rule": (of or {}).get(lot),
                "expires_at": None if lot in (None, 9) else clock(2026, 1, 1),
                "tier": rest[0] if rest else None,
            }
            for number, (customer, at, kind, lot, units, *rest) in enumerate(rows)
        ],
        schema=SCHEMA,
    )
    return with_months(frame.lazy(), window)


STORY = (
    (7, clock(2025, 1, 10), "earn", 1, 100),
    (8, clock(2025, 1, 12), "earn", 1, 60),
    (7, clock(2025, 1, 20), "activate", 1, 100),
    (7, clock(2025, 2, 10), "redeem", 1, -40),
    (7, clock(2025, 2, 10), "earn", 2, 10),
    (7, clock(2025, 2, 11), "discount", None, 500),
    (7, clock(2025, 3, 1), "restore", 1, 10),
    (7, clock(2025, 3, 1), "clawback", 2, -10),
    (8, clock(2025, 3, 5), "transfer", 1, -20),
    (7, clock(2025, 3, 5), "transfer", 3, 20),
    (8, clock(2025, 4, 12), "expire", 1, -40),
    (7, clock(2025, 4, 13), "expire", 1, -70),
    (7, clock(2025, 4, 14), "adjust", 4, 5),
)


def test_each_month_says_what_went_in_and_out_and_what_is_left():
    table = by_wallet(entries(*STORY), WINDOW.months())
    columns = ("issued_units", "redeemed_units", "restored_units", "expired_units")
    more = ("taken_back_units", "adjusted_units", "transferred_units", "outstanding_units")
    assert table.select(*columns, *more).rows() == [
        (160, 0, 0, 0, 0, 0, 0, 160),
        (10, 40, 0, 0, 0, 0, 0, 130),
        (0, 0, 10, 0, 10, 0, 0, 130),
        (0, 0, 0, 110, 0, 5, 0, 25),
    ]
    assert table["outstanding"].to_list() == [80, 65, 65, Decimal("12.5")]


def test_nothing_is_lost_between_in_and_out():
    table = by_wallet(entries(*STORY), WINDOW.months())
    sums = table.select(pl.col("^.*_units$").sum()).to_dicts()[0]
    came = sums["issued_units"] + sums["adjusted_units"] + sums["transferred_units"]
    went = sums["redeemed_units"] - sums["restored_units"]
    went += sums["expired_units"] + sums["taken_back_units"]
    assert came == table["outstanding_units"][-1] + went


def test_breakage_is_known_of_months_of_which_nothing_is_left():
    # What no rule gave, here all of it, is of one sort.
    table = breakage_by_month(entries(*STORY), WINDOW.months()).filter("expires")
    # In March the 10 points of February are gone, taken back and so neither spent nor expired. In
    # April those of January are: 110 expired, 40 - 10 spent, 20 given away.
    assert table.select("month", "settled_units", "expired_settled_units", "breakage").rows() == [
        (dt.date(2025, 1, 1), 0, 0, 0.0),
        (dt.date(2025, 2, 1), 0, 0, 0.0),
        (dt.date(2025, 3, 1), 0, 0, 0.0),
        (dt.date(2025, 4, 1), 140, 110, pytest.approx(110 / 140)),
    ]
    liability = by_wallet(entries(*STORY), WINDOW.months())["liability"]
    assert liability.to_list() == pytest.approx([80, 65, 65, 12.5 * 30 / 140])


def sold(*rows):
    return pl.DataFrame(
        [(dt.date(2025, month, 1), orders, Decimal(revenue)) for month, orders, revenue in rows],
        schema={"month": pl.Date, "orders": pl.Int64, "revenue": SUM},
        orient="row",
    )


def of_months(window=WINDOW, story=STORY):
    found, months = entries(*story, window=window), window.months()
    wallets = by_wallet(found, months)
    return wallets, by_month(wallets, found, sold((1, 2, 1000), (2, 1, 500)), months)


def test_cost_is_what_was_given_away_for_good():
    _, table = of_months()
    assert table.select("month", "discounts", "cost", "cost_share").rows() == [
        (dt.date(2025, 1, 1), 0, 0, 0.0),
        (dt.date(2025, 2, 1), 250, 270, 0.54),
        (dt.date(2025, 3, 1), 0, -5, None),
        (dt.date(2025, 4, 1), 0, 0, None),
    ]
    assert table["breakage"].to_list() == pytest.approx([0, 0, 0, 110 / 140])


def customers(story=STORY, window=WINDOW):
    bought = pl.DataFrame(
        [(7, 2, Decimal(900)), (8, 1, Decimal(600)), (9, 1, Decimal(1))],
        schema={"customer_id": pl.Int64, "orders": pl.Int64, "revenue": SUM},
        orient="row",
    )
    return by_customer(entries(*story, window=window), bought, NO_TIER)


def test_customers_have_what_they_received_and_what_they_hold():
    assert customers().select("customer_id", "decile", "received", "held", "tier").rows() == [
        (7, 1, 265, Decimal("12.5"), NO_TIER),
        (8, 4, 0, 0, NO_TIER),
        (9, 7, 0, 0, NO_TIER),
    ]


def test_tenths_of_the_customers_have_shares_of_the_whole():
    table = by_decile(customers())
    columns = ("decile", "customers", "customers_with_benefit", "received_share", "received_rate")
    assert table.select(columns).rows() == [
        (1, 1, 1, 1.0, pytest.approx(265 / 900)),
        (4, 1, 0, 0.0, 0.0),
        (7, 1, 0, 0.0, 0.0),
    ]
    assert table["revenue_share"].sum() == pytest.approx(1)


def test_a_window_opens_with_what_was_outstanding_to_the_unit():
    window = Window(clock(2025, 2, 11), clock(2025, 5, 1))
    wallets, months = of_months(window)
    row = totals(
        months,
        wallets,
        customers(window=window),
        owed=opening_liability(entries(*STORY, window=window), window.months()),
        refused=3,
    ).to_dicts()[0]
    assert window.months()["is_complete"].to_list() == [False, True, True]
    assert row["opening"] == 65
    assert (row["issued"], row["redeemed"], row["restored"]) == (0, 0, 5)
    assert row["outstanding"] == row["opening"] + 5 - 55 - 5 + Decimal("2.5")
    assert row["cost"] == 250 - 5
    assert row["refused"] == 3
    assert row["cost_with_liability"] == pytest.approx(245 + 12.5 * 30 / 140 - 65)


def test_totals_without_any_wallet_are_of_discounts_alone():
    story = ((7, clock(2025, 2, 11), "discount", None, 500),)
    wallets, months = of_months(story=story)
    row = totals(months, wallets, customers(story), owed=0.0, refused=0).to_dicts()[0]
    assert (row["cost"], row["cost_share"]) == (250, pytest.approx(250 / 1500))
    assert (row["outstanding"], row["breakage"], row["redemption_rate"]) == (0, None, None)


LADDER = (
    (7, clock(2025, 1, 10), "tier_up", None, 0, "Silver"),
    (7, clock(2025, 2, 10), "tier_up", None, 0, "Gold"),
    (8, clock(2025, 2, 12), "tier_up", None, 0, "Silver"),
    (7, clock(2025, 4, 10), "tier_down", None, 0, None),
)


def test_changes_of_tier_say_from_where_to_where():
    table = tier_flow(entries(*LADDER), NO_TIER, WINDOW.months())
    assert table.rows() == [
        (dt.date(2025, 1, 1), NO_TIER, "Silver", 1, 1),
        (dt.date(2025, 2, 1), "Silver", "Gold", 1, 1),
        (dt.date(2025, 2, 1), NO_TIER, "Silver", 1, 1),
        (dt.date(2025, 4, 1), "Gold", NO_TIER, 1, 1),
    ]


def test_customers_stand_in_one_tier_each_at_the_end_of_each_month():
    joined = pl.LazyFrame(
        {
            "customer_id": [7, 8, 9],
            "month": [dt.date(2024, 12, 1), dt.date(2025, 1, 1), dt.date(2025, 3, 1)],
        }
    )
    table = customers_by_tier(
        entries(*LADDER), joined, NO_TIER, ["Silver", "Gold"], WINDOW.months()
    )
    assert table["place"].to_list() == [0, 1, 2] * 4
    assert [tuple(table["customers"][i : i + 3]) for i in (0, 3, 6, 9)] == [
        (1, 1, 0),
        (0, 1, 1),
        (1, 1, 1),
        (2, 1, 0),
    ]


def test_what_never_expires_is_wholly_owed_though_gifts_of_the_same_wallet_lapse():
    story = (
        (7, clock(2025, 1, 10), "earn", 1, 100),
        (7, clock(2025, 1, 10), "earn", 9, 80),
        (7, clock(2025, 2, 10), "expire", 1, -100),
        (7, clock(2025, 2, 10), "earn", 2, 60),
    )
    found, months = entries(*story, of={1: "gift", 2: "gift", 9: "friend"}), WINDOW.months()
    table = breakage_by_month(found, months).filter(pl.col("month") == dt.date(2025, 2, 1))
    assert table.select("rule", "expires", "breakage", "liability").rows() == [
        ("friend", False, 0.0, 40.0),
        ("gift", True, 1.0, 0.0),
    ]
    row = by_wallet(found, months).row(1, named=True)
    assert (row["outstanding"], row["liability"]) == (70, 40.0)
    assert row["breakage"] == pytest.approx(3 / 7)


def test_what_one_rule_gave_says_nothing_of_the_breakage_of_another():
    story = (
        (7, clock(2025, 1, 10), "earn", 1, 100),
        (7, clock(2025, 1, 10), "earn", 2, 100),
        (7, clock(2025, 2, 10), "expire", 1, -100),
    )
    found = entries(*story, of={1: "gift", 2: "orders"})
    table = by_wallet(found, WINDOW.months())
    assert table["liability"].to_list() == [100, 50, 50, 50]


def test_what_was_owed_at_the_opening_is_what_was_expected_to_be_claimed_then():
    window = Window(clock(2025, 4, 1), clock(2025, 5, 1))
    story = (
        (7, clock(2025, 1, 10), "earn", 1, 100),
        (7, clock(2025, 2, 10), "redeem", 1, -40),
        (7, clock(2025, 3, 10), "expire", 1, -60),
        (7, clock(2025, 3, 20), "earn", 2, 100),
    )
    found = entries(*story, window=window)
    owed = opening_liability(found, window.months())
    # 60 of 100 had lapsed by then, so that 40% of the 50 pounds are expected to be claimed.
    assert owed == pytest.approx(20)
    wallets, months = of_months(window, story)
    row = totals(months, wallets, customers(story, window), owed=owed, refused=0).to_dicts()[0]
    assert (row["opening"], row["cost"]) == (50, 0)
    assert row["opening_liability"] == row["liability"] == pytest.approx(20)
    # Nothing has happened in April: nothing is owed more than before.
    assert row["cost_with_liability"] == pytest.approx(0)
