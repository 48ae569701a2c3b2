"""How a programme that runs is used."""

import datetime as dt
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit.contracts.schemas import MONEY
from retention_kit.errors import DefinitionError
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram
from retention_kit.loyalty_rules.definitions.wallets import Spending, Wallet
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.measured.first_rewards import first_rewards, least_units
from retention_kit.loyalty_rules.measured.matching import difference
from retention_kit.loyalty_rules.measured.running import program_activity

ZONE = ZoneInfo("Europe/London")
INSTANT = pl.Datetime("us", "Europe/London")
AS_OF = dt.datetime(2025, 7, 1, tzinfo=ZONE)
LEDGER = {
    "customer_id": pl.Int64,
    "at": INSTANT,
    "kind": pl.String,
    "wallet": pl.String,
    "lot": pl.Int64,
    "units": pl.Int64,
    "value": MONEY,
    "active_at": INSTANT,
}


def clock(*parts):
    return dt.datetime(*parts, tzinfo=ZONE)


def ledger(*rows):
    """Make entries of (customer, at, kind, lot, units[, active_at]); a point is worth 1."""
    return pl.DataFrame(
        [
            (who, at, kind, "points", lot, units, Decimal(units), rest[0] if rest else None)
            for who, at, kind, lot, units, *rest in rows
        ],
        schema=LEDGER,
        orient="row",
    )


def orders(*rows):
    """Make orders of (customer, at[, amount])."""
    return pl.DataFrame(
        [
            (number, who, at, Decimal(rest[0] if rest else 100))
            for number, (who, at, *rest) in enumerate(rows)
        ],
        schema={
            "order_id": pl.Int64,
            "customer_id": pl.Int64,
            "ordered_at": INSTANT,
            "amount": MONEY,
        },
        orient="row",
    )


def club(minimum=0, step=None):
    wallet = Wallet(name="points", spending=Spending(minimum=minimum, step=step))
    return LoyaltyProgram(name="Club", currency="GBP", rounding="down", wallets=[wallet])


ENTRIES = ledger(
    (7, clock(2025, 1, 1), "earn", 1, 40, clock(2025, 1, 1)),
    (7, clock(2025, 1, 11), "earn", 2, 60, clock(2025, 1, 21)),
    (7, clock(2025, 2, 1), "redeem", 1, -40),
    (7, clock(2025, 6, 1), "restore", 1, 10),
    (8, clock(2025, 6, 1), "earn", 1, 100, None),
    (9, clock(2025, 7, 1), "earn", 1, 100, clock(2025, 7, 1)),
)
BOUGHT = orders(*((who, clock(2025, 1, 1)) for who in (6, 7, 8, 9)))


def test_members_are_counted_and_what_they_did_is_summed():
    row = program_activity(ENTRIES, BOUGHT, program=club(), as_of=AS_OF).use.to_dicts()[0]
    assert (row["customers"], row["members"], row["active_members"], row["redeemers"]) == (
        4,
        2,
        1,
        1,
    )
    assert (row["issued"], row["redeemed"], row["restored"]) == (200, 40, 10)
    assert row["redemption_rate"] == 30 / 200
    assert (row["member_share"], row["active_share"], row["redeemer_share"]) == (0.5, 0.5, 0.5)


def test_a_ledger_may_keep_its_instants_in_another_zone():
    elsewhere = ENTRIES.with_columns(pl.col("at", "active_at").dt.convert_time_zone("UTC"))
    here = program_activity(ENTRIES, BOUGHT, program=club(), as_of=AS_OF, joined=SPAN)
    there = program_activity(elsewhere, BOUGHT, program=club(), as_of=AS_OF, joined=SPAN)
    assert there.use.equals(here.use)
    assert there.first_reward.equals(here.first_reward)


def test_nothing_has_happened_to_nobody():
    found = program_activity(ENTRIES.clear(), BOUGHT.clear(), program=club(), as_of=AS_OF)
    row = found.use.to_dicts()[0]
    assert (row["members"], row["redemption_rate"], row["member_share"]) == (0, None, None)
    assert found.first_reward["never_share"].item() is None
    assert found.members_against_others is None


@pytest.mark.parametrize(
    ("minimum", "step", "at"),
    [(0, None, clock(2025, 1, 1)), (100, None, clock(2025, 1, 21)), (0, 50, clock(2025, 1, 21))],
)
def test_the_first_reward_is_there_when_enough_is_active(minimum, step, at):
    least = least_units(club(minimum, step))
    found = first_rewards(ENTRIES.lazy(), least, as_of=AS_OF).sort("customer_id").collect()
    assert found["rewarded_at"].to_list() == [at, None]
    assert found["days"].to_list()[0] == pytest.approx((at - clock(2025, 1, 1)).days)


def test_what_waits_for_its_delivery_counts_from_then_on():
    delivered = pl.concat(
        [ENTRIES, ledger((8, clock(2025, 6, 5), "activate", 1, 100, clock(2025, 6, 5)))]
    )
    found = program_activity(delivered, BOUGHT, program=club(), as_of=AS_OF).first_reward
    assert found.rows() == [(2, 2, 0.0, 1.0, 2.0, 3.0)]


def test_points_that_are_gone_before_there_are_enough_are_no_reward():
    entries = ledger(
        (7, clock(2025, 1, 1), "earn", 1, 60, clock(2025, 1, 1)),
        (7, clock(2025, 2, 1), "expire", 1, -60),
        (7, clock(2025, 3, 1), "earn", 2, 60, clock(2025, 3, 1)),
    )
    found = program_activity(entries, BOUGHT, program=club(100), as_of=AS_OF).first_reward
    assert found["never_share"].item() == 1.0


SPAN = (clock(2025, 3, 1), clock(2025, 4, 1))


def test_members_are_compared_with_who_bought_alike_before():
    entries = ledger((1, clock(2025, 3, 5), "earn", 1, 1, None))
    sold = orders(
        *((who, clock(2025, 2, 20)) for who in (1, 2, 3)),
        (4, clock(2024, 2, 20)),
        (1, clock(2025, 5, 1)),
        (1, clock(2025, 5, 2), 50),
        (2, clock(2025, 5, 1)),
        (1, clock(2025, 3, 5)),
    )
    found = program_activity(entries, sold, program=club(), as_of=AS_OF, joined=SPAN)
    assert found.strata.select("recency", "frequency", "members", "others").rows() == [
        ("up to 30 days", "1", 1, 2)
    ]
    table = found.members_against_others.drop("standard_error")
    assert table.rows() == [
        ("orders", 1, 2, 0, 2.0, 0.5, 1.5),
        ("revenue", 1, 2, 0, 150.0, 50.0, 100.0),
    ]
    assert "control group" in found.caution


def test_members_without_their_like_are_counted_and_left_out():
    entries = ledger((1, clock(2025, 3, 5), "earn", 1, 1, None))
    sold = orders((1, clock(2025, 2, 20)), (2, clock(2024, 2, 20)))
    found = program_activity(entries, sold, program=club(), as_of=AS_OF, joined=SPAN)
    table = found.members_against_others
    assert table["unmatched_members"].to_list() == [1, 1]
    assert table["difference"].to_list() == [None, None]


def test_who_joined_at_another_time_is_on_neither_side():
    entries = ledger(
        (1, clock(2025, 2, 28), "earn", 1, 1, None), (2, clock(2025, 4, 1), "earn", 1, 1, None)
    )
    sold = orders(*((who, clock(2025, 2, 20)) for who in (1, 2, 3)))
    found = program_activity(entries, sold, program=club(), as_of=AS_OF, joined=SPAN)
    assert found.strata.is_empty()


def test_a_difference_that_is_there_by_design_is_found_within_its_error():
    dice = random.Random(5)
    rows, entries = [], []
    for who in range(2000):
        keen = dice.random() < 0.5
        before = 5 if keen else 1
        rows += [(who, clock(2025, 2, 1 + place)) for place in range(before)]
        joins = dice.random() < (0.8 if keen else 0.2)
        if joins:
            entries.append((who, clock(2025, 3, 5), "earn", 1, 1, None))
        after = (4 if keen else 1) + joins + dice.randrange(3)
        rows += [(who, clock(2025, 5, 1 + place)) for place in range(after)]
    found = program_activity(
        ledger(*entries), orders(*rows), program=club(), as_of=AS_OF, joined=SPAN
    ).members_against_others.row(0, named=True)
    # The keen join more, so that a bare comparison would show far more than the one order.
    assert found["difference"] == pytest.approx(1, abs=4 * found["standard_error"])
    assert 0.01 < found["standard_error"] < 0.1


def test_the_difference_is_weighed_by_members():
    strata = pl.DataFrame(
        {
            "members": [3, 1],
            "others": [1, 5],
            "member_orders": [2.0, 4.0],
            "other_orders": [1.0, 0.0],
            "member_revenue": [0.0, 0.0],
            "other_revenue": [0.0, 0.0],
            "orders_variance": [0.16, None],
            "revenue_variance": [0.16, 0.0],
        }
    )
    table = difference(strata)
    assert table["difference"].to_list() == [0.75 * 1 + 0.25 * 4, 0.0]
    assert table["standard_error"].to_list() == [None, pytest.approx(0.75 * 0.4)]


@pytest.mark.parametrize("joined", [SPAN[::-1], (SPAN[0], AS_OF)])
def test_a_span_that_does_not_ascend_is_refused(joined):
    with pytest.raises(DefinitionError, match="joined"):
        program_activity(ENTRIES, BOUGHT, program=club(), as_of=AS_OF, joined=joined)


def test_a_compiled_programme_is_refused_with_what_to_pass():
    compiled = compile_program(club(), time_zone=str(ZONE))
    with pytest.raises(DefinitionError, match="pass what it was made of"):
        program_activity(ENTRIES, BOUGHT, program=compiled, as_of=AS_OF)
