"""The batch evaluator: the same entries as one event after another, from tables."""

import datetime as dt
from collections import defaultdict
from dataclasses import asdict
from decimal import Decimal

import polars as pl
import pytest

from retention_kit.datasets import make_dataset
from retention_kit.loyalty_rules.batch import histories, reckoning
from retention_kit.loyalty_rules.batch.accruing import (
    accrue,
    ledger_entries,
    loyalty_balances,
    loyalty_lots,
    loyalty_tiers,
    made_of,
    refused_events,
)
from retention_kit.loyalty_rules.batch.histories import spending_where
from retention_kit.loyalty_rules.deriving.all_sources import derive_events
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online import events as on
from retention_kit.loyalty_rules.online.posting import fold
from retention_kit.loyalty_rules.ready import (
    bronze_silver_gold,
    cashback,
    gamified,
    short_points,
)
from retention_kit.metrics.base.observed import observed

AS_OF = dt.datetime(2025, 9, 1, tzinfo=dt.UTC)
PRESETS = (short_points, cashback, bronze_silver_gold, gamified)
MOVES = ("earn", "redeem", "expire", "clawback", "restore", "adjust", "transfer")
SHOP = make_dataset(120, seed=3)


def completed(orders: pl.DataFrame) -> pl.DataFrame:
    return observed(orders.lazy(), as_of=AS_OF).collect()


def units_of(points: Decimal | None, worth: Decimal) -> int:
    units = abs(points or Decimal(0)) / worth
    assert units == int(units)
    return int(units)


def happened(program, derived: pl.DataFrame) -> dict[object, list[object]]:
    """Give the events of each customer, as the checkout would have posted them."""
    worth = next((one for one in program.all_wallets if one.spending is not None), None)
    unit = (
        Decimal(1)
        if worth is None
        else Decimal(worth.unit_worth.numerator) / Decimal(worth.unit_worth.denominator)
    )
    found: dict[object, list[object]] = defaultdict(list)
    orders = completed(SHOP.orders.collect())
    lines = defaultdict(list)
    for row in SHOP.order_items.collect().iter_rows(named=True):
        lines[row["order_id"]].append(
            on.Line(
                product_id=row["product_id"],
                amount=abs(row["amount"]),
                quantity=abs(row["quantity"]),
                category=row["category"],
            )
        )
    for row in orders.iter_rows(named=True):
        paid = units_of(row["points_paid"], unit)
        if row["kind"] == "return":
            event = on.Return(
                order_id=row["order_id"],
                original_order_id=row["original_order_id"] or row["order_id"],
                at=row["ordered_at"],
                amount=abs(row["amount"]),
                points_back=None if row["points_paid"] is None else paid,
                lines=tuple(lines[row["order_id"]]),
            )
        else:
            event = on.Order(
                order_id=row["order_id"],
                at=row["ordered_at"],
                amount=row["amount"],
                points_paid=paid,
                discount=abs(row["discount"] or 0),
                promo_code=row["promo_code"],
                channel=row["channel"],
                lines=tuple(lines[row["order_id"]]),
            )
        found[row["customer_id"]].append(event)
        delivered = row["delivered_at"]
        if row["kind"] != "return" and delivered is not None and delivered < AS_OF:
            at = max(delivered, row["ordered_at"])
            found[row["customer_id"]].append(on.Delivery(order_id=row["order_id"], at=at))
    for row in derived.filter(pl.col("kind") == "activity").iter_rows(named=True):
        event = on.Activity(key=row["key"], name=row["name"], at=row["occurred_at"])
        found[row["customer_id"]].append(event)
    return {who: sorted(those, key=on.place_of) for who, those in found.items()}


def plain(entry: dict[str, object]) -> dict[str, object]:
    return {
        name: value.astimezone(dt.UTC) if isinstance(value, dt.datetime) else value
        for name, value in entry.items()
    }


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.__name__)
def test_the_ledger_is_what_posting_one_event_after_another_writes(preset):
    program = preset(currency=SHOP.currency)
    derived = derive_events(SHOP, program, as_of=AS_OF).collect()
    no_events = SHOP.events.clear()
    made = made_of(
        SHOP.orders, SHOP.order_items, no_events, derived.lazy(), program=program, as_of=AS_OF
    )
    plan = compile_program(program, time_zone=SHOP.time_zone)
    deliveries = plan.needs_deliveries
    seen = 0
    refused = 0
    for who, events in happened(program, derived).items():
        asked = [one for one in events if deliveries or not isinstance(one, on.Delivery)]
        folded = fold(who, asked, plan, as_of=AS_OF)
        own = made["ledger"].filter(pl.col("customer_id") == who).drop("customer_id")
        assert [plain(asdict(one)) for one in folded.entries] == [
            plain(row) for row in own.iter_rows(named=True)
        ]
        balances = folded.account.balances(plan, AS_OF)
        mine = made["balances"].filter(pl.col("customer_id") == who).drop("customer_id")
        assert [plain(asdict(one)) for one in balances] == [
            plain(row) for row in mine.select(*asdict(balances[0])).iter_rows(named=True)
        ]
        seen += own.height
        refused += len(folded.refused)
    assert seen == made["ledger"].height > 0
    assert refused == made["refused"].height


@pytest.mark.parametrize("preset", PRESETS, ids=lambda one: one.__name__)
def test_what_is_held_is_the_sum_of_the_entries_and_of_the_open_lots(preset):
    made = accrue(SHOP, preset(currency=SHOP.currency), as_of=AS_OF)
    keys = ["customer_id", "wallet"]
    moved = (
        made.ledger.filter(pl.col("kind").is_in(MOVES))
        .group_by(keys)
        .agg(pl.col("units").sum().alias("moved"))
    )
    open_ = made.lots.group_by(keys).agg(pl.col("remaining").sum().alias("open"))
    both = made.balances.join(moved, on=keys, how="left").join(open_, on=keys, how="left")
    held = both["held"]
    assert (held == both["moved"].fill_null(0)).all()
    assert (held == both["open"].fill_null(0)).all()
    assert (both["held"] == both["active"] + both["pending"] - both["debt"]).all()
    assert made.discounts.is_empty()


def test_each_table_alone_is_what_accrue_gives():
    program = gamified(currency=SHOP.currency)
    derived = derive_events(SHOP, program, as_of=AS_OF)
    whole = accrue(SHOP, program, as_of=AS_OF, derived=derived)
    for function, wanted in (
        (ledger_entries, whole.ledger),
        (loyalty_balances, whole.balances),
        (loyalty_lots, whole.lots),
        (loyalty_tiers, whole.tiers),
        (refused_events, whole.refused),
    ):
        tables = (SHOP.orders, SHOP.order_items, SHOP.events, derived)
        alone = function(*tables, program=program, as_of=AS_OF)
        assert alone.collect_schema() == wanted.schema
        assert alone.collect().equals(wanted)


def test_an_event_that_is_told_twice_is_taken_once():
    program = gamified(currency=SHOP.currency)
    derived = derive_events(SHOP, program, as_of=AS_OF).collect()
    once = accrue(SHOP, program, as_of=AS_OF, derived=derived)
    twice = accrue(SHOP, program, as_of=AS_OF, derived=pl.concat([derived, derived]))
    assert once.ledger.equals(twice.ledger)


def test_small_chunks_and_a_small_room_change_nothing(monkeypatch):
    program = gamified(currency=SHOP.currency)
    whole = accrue(SHOP, program, as_of=AS_OF)
    monkeypatch.setattr(histories, "MANY_WITH_ENTRIES", 7)
    monkeypatch.setattr(reckoning, "SPARE", 1)
    parts = accrue(SHOP, program, as_of=AS_OF)
    assert whole.ledger.equals(parts.ledger)
    assert whole.lots.equals(parts.lots)


def test_orders_that_may_spend_pay_with_as_much_as_may_be():
    program = short_points(currency=SHOP.currency)
    orders = SHOP.orders.drop("points_paid", "discount").with_columns(
        (pl.col("order_id") % 2 == 0).alias("__spends")
    )
    made = made_of(
        orders,
        None,
        None,
        None,
        program=program,
        as_of=AS_OF,
        applies=True,
        change=spending_where("__spends"),
        carried=("__spends",),
    )
    redeemed = made["ledger"].filter(pl.col("kind") == "redeem")
    assert redeemed.height > 0
    assert set(redeemed["order_id"].to_list()) <= set(
        orders.filter("__spends").collect()["order_id"].to_list()
    )
