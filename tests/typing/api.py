"""The public API as its users type it; checked by mypy and pyright, never run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import assert_type
from zoneinfo import ZoneInfo

import polars as pl
import pydantic

import retention_kit
from retention_kit import (
    Buckets,
    DataHealth,
    Dataset,
    DeliveryReport,
    Journal,
    MissingColumnError,
    RetentionKitError,
    TableHealth,
    average_order_value,
    churned_customers,
    cohort_retention,
    cohort_totals,
    customer_summary,
    dispatch,
    dry_run,
    make_dataset,
    online_retail,
    open_channel,
    open_source,
    order_totals,
    purchase_frequency,
    read_export,
    read_source,
    repeat_purchase_rate,
    repeat_purchase_totals,
    retention_rates,
    retention_totals,
    suggest_mapping,
    sync,
)
from retention_kit.audit import Audit, KeyFigure, Note, Section, audit
from retention_kit.contracts import (
    Export,
    Frame,
    Kind,
    MappingSuggestion,
    additive,
    changed_customers,
    customer_local,
    finisher,
    kind_of,
    report,
)
from retention_kit.delivery import (
    Action,
    AdapterContext,
    AddToAudience,
    Batch,
    Capabilities,
    Channel,
    ChannelSpec,
    CreateDeal,
    CreateTask,
    DryRun,
    Limiter,
    Outcome,
    Payload,
    PluginAction,
    Progress,
    Receipt,
    Received,
    Recorded,
    Rejection,
    SendMessage,
    SyncReport,
    Window,
    action_from_dict,
    forget,
    receive,
    settle,
)
from retention_kit.hashing import stable_hash
from retention_kit.loyalty_rules import (
    Accrual,
    CompiledProgram,
    EachOrder,
    EarningRule,
    Entry,
    LoyaltyProgram,
    Proportional,
    Rolling,
    Simulation,
    Spending,
    Wallet,
    accrue,
    compile_program,
    loyalty_balances,
    online,
    simulate,
)
from retention_kit.loyalty_rules import explain as explain_entry
from retention_kit.metrics import (
    Interval,
    LtvToCac,
    UsualGap,
    gap_totals,
    ltv_to_cac,
    usual_gap,
    wilson_interval,
)
from retention_kit.plugins import (
    ChannelsHook,
    Cursor,
    OpenChannel,
    OpenSource,
    Registry,
    Source,
    SourcesHook,
    SourceSpec,
    SourceTable,
    hookimpl,
    land_source,
    lazy_source,
    registry,
    temporarily,
)
from retention_kit.recommend import product_affinity, product_pairs
from retention_kit.smart_segments import (
    Attribute,
    CustomerRows,
    Happened,
    Not,
    Segment,
    SnapshotHistory,
    Where,
    attribute,
    bought,
    column,
    compile_segment,
    customer_rows,
    evaluate_many,
    explain,
    is_member,
    members,
    rows_of_customer,
    score,
    segment_members,
    sizes,
    take_snapshot,
)

AS_OF = dt.datetime(2025, 6, 1, tzinfo=ZoneInfo("Europe/Moscow"))

shop = Dataset.from_frames(
    orders=[{"order_id": 1}],
    customers=pl.DataFrame(),
    columns={"orders": {"customer_id": "Client"}},
    time_zone="Europe/Moscow",
    currency="RUB",
    guest_ids=[0],
    negative_amounts="return",
)
assert_type(shop, Dataset)
assert_type(Dataset.from_lines("lines.csv", currency="RUB"), Dataset)
assert_type(Dataset.scan(Path("folder"), currency="RUB", date_format="iso8601"), Dataset)
assert_type(online_retail(), Dataset)
assert_type(make_dataset(customers=10, seed=1), Dataset)
assert_type(shop.orders, pl.LazyFrame)
assert_type(shop.rejected, Mapping[str, pl.LazyFrame])
assert_type(shop.health, DataHealth)
assert_type(shop.health.tables["orders"], TableHealth)
assert_type(shop.health.to_frame(), pl.DataFrame)
assert_type(shop.bucket("folder", buckets=4), Buckets)

lazy = shop.orders
eager = lazy.collect()
assert_type(customer_summary(lazy, as_of=AS_OF), pl.LazyFrame)
assert_type(customer_summary(eager, as_of=AS_OF), pl.DataFrame)
assert_type(order_totals(orders=lazy, as_of=AS_OF), pl.LazyFrame)
assert_type(average_order_value(order_totals(eager, as_of=AS_OF)), pl.DataFrame)
assert_type(purchase_frequency(order_totals(lazy, as_of=AS_OF)), pl.LazyFrame)
pairs = product_pairs(shop.order_items, lazy, as_of=AS_OF)
assert_type(pairs, pl.LazyFrame)
assert_type(product_affinity(pairs.collect(), top=3), pl.DataFrame)
assert_type(changed_customers({"orders": lazy}, {"orders": lazy}), pl.LazyFrame)
assert_type(repeat_purchase_totals(lazy, as_of=AS_OF, unit="day"), pl.LazyFrame)
assert_type(repeat_purchase_rate(repeat_purchase_totals(eager, as_of=AS_OF)), pl.DataFrame)
assert_type(cohort_totals(lazy, as_of=AS_OF, every="1w"), pl.LazyFrame)
assert_type(
    cohort_retention(cohort_totals(eager, as_of=AS_OF), as_of=AS_OF, time_zone="UTC"), pl.DataFrame
)

result = audit(shop, as_of=AS_OF)
assert_type(result, Audit)
assert_type(result.figure("revenue", "net"), KeyFigure)
assert_type(result.figure("revenue").value, int | float | Decimal | None)
assert_type(result.tables["cohorts"], pl.DataFrame)
assert_type(result.to_json(), str)
assert_type(result.to_html(language="ru"), str)
assert_type(result.to_excel("audit.xlsx"), None)
assert_type(result.sections()["retention"], Section)
assert_type(result.notes[0], Note)

rates = retention_rates(
    retention_totals(eager, as_of=AS_OF, active_within="3mo", by=["channel"]),
    as_of=AS_OF,
    time_zone="UTC",
    confidence=0.95,
)
assert_type(rates, pl.DataFrame)
assert_type(churned_customers(lazy, as_of=AS_OF, active_within="90d"), pl.LazyFrame)
assert_type(usual_gap(gap_totals(lazy, as_of=AS_OF)), UsualGap)
assert_type(ltv_to_cac(3000, 3077), LtvToCac | None)
assert_type(wilson_interval(81, 263), Interval | None)

export = read_export("выгрузка.xlsx", preset="1c")
assert_type(export, Export)
assert_type(suggest_mapping(export), MappingSuggestion)
assert_type(Dataset.from_frames(orders=export, currency="RUB"), Dataset)

assert_type(stable_hash("17850", salt="x"), int)


segment = Segment(
    name="Mattress, no cover",
    condition=bought(category="mattress").within("1mo").not_followed_by(bought(category="cover"))
    & (attribute("city") == "Omsk")
    & ~(bought().within("1y").mean("amount") >= Decimal("40.5"))
    & (score("probability_alive") < 0.5),
)
assert_type(segment.condition.sentence("ru"), str)
assert_type(segment.with_fields(name="x"), Segment)
assert_type(Segment.from_json(segment.to_json()), Segment)
assert_type(attribute("city").is_in(["Omsk", "Tver"]), Attribute)
assert_type(column("amount") >= 100, Where)
assert_type(bought().at_least(3), Happened)
assert_type(~bought(), Not)
assert_type(members(segment, shop, AS_OF), pl.LazyFrame)
assert_type(members(segment, {"orders": eager}, AS_OF, values=True), pl.DataFrame)
assert_type(evaluate_many([segment], Buckets.open("buckets"), AS_OF), pl.DataFrame)
assert_type(segment_members(lazy, customers=lazy, segment=segment, as_of=AS_OF), pl.LazyFrame)
assert_type(sizes([segment], shop, AS_OF), pl.DataFrame)
history = SnapshotHistory().add(take_snapshot(segment, shop, AS_OF, scores=eager))
assert_type(history, SnapshotHistory)
rows = customer_rows(
    17, time_zone="UTC", orders=[{"order_id": 1, "amount": 1, "ordered_at": AS_OF}]
)
assert_type(rows, CustomerRows)
compiled = compile_segment(segment, others=[segment], unknown="raise")
assert_type(compiled.is_member(rows, AS_OF), bool | None)
assert_type(is_member(segment, rows, AS_OF), bool | None)
assert_type(explain(segment, rows_of_customer(shop, 17), AS_OF).text(), str)

program = LoyaltyProgram(
    name="points",
    currency="RUB",
    rounding="down",
    wallets=[Wallet(name="points", expiry=Rolling(length="90d"), spending=Spending())],
    rules=[
        EarningRule(
            name="each",
            wallet="points",
            trigger=EachOrder(),
            award=Proportional(amount=5, per=100),
        )
    ],
)
assert_type(LoyaltyProgram.from_json(program.to_json()), LoyaltyProgram)
assert_type(accrue(shop, program, as_of=AS_OF), Accrual)
assert_type(accrue(shop, program, as_of=AS_OF).ledger, pl.DataFrame)
assert_type(loyalty_balances(lazy, program=program, as_of=AS_OF), pl.LazyFrame)
assert_type(loyalty_balances(eager, program=program, as_of=AS_OF), pl.DataFrame)
assert_type(simulate(shop, {"points": program}, as_of=AS_OF), Simulation)
checkout = compile_program(program, time_zone="UTC")
assert_type(checkout, CompiledProgram)
order = online.Order(order_id=1, at=AS_OF, amount=Decimal(100))
account = online.Account.new(17)
assert_type(online.quote(account, order, checkout, spend="most"), online.Quote)
posted = online.post(account, order, checkout)
assert_type(posted.account, online.Account)
assert_type(posted.entries, tuple[Entry, ...])
assert_type(explain_entry(posted.entries[0], checkout, language="ru"), str)


@customer_local
def my_table(orders: Frame, *, as_of: dt.datetime) -> Frame:
    return orders.filter(pl.col("ordered_at") < as_of)


@additive(keys=("channel",))
def my_totals(orders: Frame) -> Frame:
    return orders.group_by("channel").agg(pl.len().cast(pl.Int64).alias("orders"))


@finisher(of=my_totals)
def my_shares(totals: Frame) -> Frame:
    return totals.with_columns(pl.col("orders") / pl.col("orders").sum())


@report
def my_report(dataset: Dataset) -> str:
    return repr(dataset)


assert_type(my_table(eager, as_of=AS_OF), pl.DataFrame)
assert_type(my_totals(lazy), pl.LazyFrame)
assert_type(my_shares(my_totals(lazy)), pl.LazyFrame)
assert_type(my_report(shop), str)
assert_type(kind_of(my_table), Kind | None)

try:
    my_totals(lazy)
except MissingColumnError as error:
    assert_type(error.nearest, tuple[str, ...])
except RetentionKitError:
    pass


class PluginSettings(pydantic.BaseModel):
    token: pydantic.SecretStr


class MyChannel:
    """A channel as an author writes it: the protocol, without a base class."""

    def __init__(self, settings: PluginSettings, context: AdapterContext) -> None:
        self.name = context.instance
        self.capabilities = Capabilities(actions=frozenset({"send_message"}), max_rows=50)
        self.limiter: Limiter | None = context.limiter_for("acme", [Window(7, 1.0)])
        self._token = settings.token

    def prepare(self, action: Action) -> Payload | Rejection:
        if isinstance(action, SendMessage) and action.email:
            return Payload(action.id, {"to": action.email, "text": action.text})
        return Rejection(action.id, "no_email")

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        return Receipt({row.id: Outcome(row.id, "accepted") for row in batch})

    def poll(self, receipt: Receipt) -> Receipt:
        return receipt

    def close(self) -> None: ...


class MySource:
    """A source as an author writes it."""

    def __init__(self, settings: PluginSettings, context: AdapterContext) -> None:
        self.name = context.instance
        self.tables = {"orders": SourceTable(name="orders", becomes="orders", key=("order_id",))}

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        return lazy_source({"order_id": pl.Int64}, lambda _, __: iter(()), name=table)

    def close(self) -> None: ...


@hookimpl
def retention_kit_sources() -> Iterable[SourceSpec]:
    return [
        SourceSpec(
            name="acme",
            summary="orders of Acme",
            api_version=1,
            settings=PluginSettings,
            factory=MySource,
        )
    ]


@hookimpl
def retention_kit_channels() -> Iterable[ChannelSpec]:
    return [
        ChannelSpec(
            name="acme",
            summary="letters by Acme",
            api_version=1,
            settings=PluginSettings,
            capabilities=Capabilities(actions=frozenset({"send_message"})),
            factory=MyChannel,
        )
    ]


as_sources: SourcesHook = retention_kit_sources
as_channels: ChannelsHook = retention_kit_channels
assert_type(registry(), Registry)
assert_type(Registry.of(object()).sources.find("acme").spec, SourceSpec)
assert_type(Registry.load(block=["acme"], strict=True).channels["acme"].spec, ChannelSpec)
assert_type(open_source("files", path="x"), OpenSource)
with open_source("files", path="x") as files:
    as_source: Source = files
with open_channel("file", folder="x") as opened:
    as_channel: Channel = opened
    assert_type(opened, OpenChannel)
assert_type(read_source("files", currency="RUB", path="x", date_format="iso8601"), Dataset)
assert_type(land_source(open_source("files")).tables["orders"].scan(), pl.LazyFrame)
with temporarily(object()) as known:
    assert_type(known, Registry)

context = AdapterContext(instance="acme")
mine: Channel = MyChannel(PluginSettings(token=pydantic.SecretStr("t")), context)
my_source: Source = MySource(PluginSettings(token=pydantic.SecretStr("t")), context)
channel = open_channel("amocrm", instance="msk", token="t")
assert_type(channel, OpenChannel)
deal = CreateDeal(campaign="win back", customer_id=7, title="Call", amount=Decimal(1500))
assert_type(deal.id, str)
assert_type(action_from_dict({"kind": "create_deal"}), Action)
actions: list[Action] = [
    deal,
    CreateTask(campaign="win back", customer_id="A", title="Call", due_at=AS_OF, deal=deal.id),
    AddToAudience(campaign="win back", customer_id=7, audience="quiet", mode="replace"),
    PluginAction(campaign="win back", customer_id=7, name="acme.poke", data={"times": 2}),
]


def told(progress: Progress) -> None:
    assert_type(progress.share, float | None)


def not_on_sundays(action: Action) -> str | None:
    return "sunday" if action.customer_id == 7 else None


with Journal("journal.db") as journal:
    assert_type(journal, Journal)
    delivered = dispatch(actions, channel, journal, on_progress=told, allow=not_on_sundays)
    assert_type(delivered, DeliveryReport)
    assert_type(delivered.states, Mapping[str, int])
    assert_type(delivered.stopped, str | None)
    assert_type(delivered.to_frame(), pl.DataFrame)
    assert_type(dispatch((one for one in actions), mine, journal), DeliveryReport)
    assert_type(dry_run(actions, channel).table, pl.DataFrame)
    assert_type(dry_run(actions, channel, journal), DryRun)
    assert_type(settle(channel, journal), DeliveryReport)
    assert_type(receive(channel, journal, {"x-secret": "s"}, b"[]"), Received)
    assert_type(journal.record("amocrm", [Outcome("id", "delivered")]), Recorded)
    assert_type(journal.resolve("amocrm", ["id"], "planned"), int)
    assert_type(journal.actions("amocrm", states=["unknown"]), pl.DataFrame)
    assert_type(journal.counts(), dict[str, int])
    assert_type(forget(7, journal=journal).journal, Mapping[str, int])
    synced = sync(lazy, channel, "quiet", journal, consents=None, mode="add_only")
    assert_type(synced, SyncReport)
    assert_type(synced.is_complete, bool)
    assert_type(sync(eager, channel, "quiet", journal, consents=lazy, as_of=AS_OF), SyncReport)
    dispatch(["letter"], channel, journal)  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    journal.resolve("amocrm", "id", "delivered")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    sync(lazy, channel, "quiet", journal)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    sync(lazy, channel, "quiet", journal, consents=None, mode="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Mistakes that a checker must find.
SendMessage("win back", 7)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CreateDeal(campaign="win back", customer_id=7)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Outcome("id", "done")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
not_a_channel: Channel = object()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
Segment(name="a", condition="bought")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
bought(categori="tea")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
bought().in_period("2mo")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
segment.sentence("de")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
members(segment, shop, AS_OF, unknown="maybe")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
Dataset.from_frames(orders=eager)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Dataset.from_frames(orders=eager, currency="RUB", stict=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
cohort_totals(lazy, as_of=AS_OF, every="2mo")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
customer_summary(lazy)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
_ = retention_kit.no_such_name  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
