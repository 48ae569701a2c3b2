"""Whole programmes and whole histories of customers, drawn: every way to read them agrees.

How many are drawn is a multiple of the profile's number; the nightly profile draws thousands:
`HYPOTHESIS_PROFILE=nightly pytest tests/loyalty_rules/test_proof.py --hypothesis-show-statistics`.
"""

import dataclasses
import datetime as dt
import random
from collections import Counter, defaultdict
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from retention_kit.loyalty_rules.batch.accruing import made_of
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.ledger import MOVES, Entry
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Order, place_of, source_of
from retention_kit.loyalty_rules.online.posting import fold, grow_older, try_post
from retention_kit.loyalty_rules.online.quoting import quote
from retention_kit.loyalty_rules.online.refusing import RefusedError
from retention_kit.loyalty_rules.online.replaying import post_late
from retention_kit.loyalty_rules.online.written import event_from_dict, event_to_dict
from retention_kit.testing._loyalty_comparing import (
    lots_of_reading,
    lots_of_view,
    rows_of_entries,
    rows_of_reading,
)
from retention_kit.testing._loyalty_moments import utc
from retention_kit.testing._loyalty_reference import Reading, in_turn
from retention_kit.testing._loyalty_tables import loyalty_tables
from retention_kit.testing.loyalty_strategies import LoyaltyCase, loyalty_cases, loyalty_streams

pytestmark = pytest.mark.once

MOMENT = dt.timedelta(microseconds=1)


def times(share: float) -> settings:
    """Draw so many times the number of examples that the profile says."""
    return settings(
        max_examples=max(2, round(settings.default.max_examples * share)),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def folded(case: LoyaltyCase, events=None):
    program = compile_program(case.program, time_zone=case.time_zone)
    given_events = case.events if events is None else events
    return program, fold(7, given_events, program, as_of=case.as_of)


def seen(case: LoyaltyCase):
    """Give the events before the instant of observation, as they are taken."""
    return in_turn(one for one in case.events if one.at < case.as_of)


def note(case: LoyaltyCase, entries, refused) -> None:
    """Count for the statistics what happened, and lead on to where more does."""
    kinds = Counter(one.kind for one in entries)
    for kind in kinds:
        event(f"written: {kind}")
    for reason in {one.reason for one in entries if one.reason}:
        event(f"reason: {reason}")
    if any(one.uncapped is not None and one.uncapped > one.units for one in entries):
        event("a cap, or another rule of the group, was met")
    for code in {one.refusal for one in refused}:
        event(f"refused: {code}")
    if isinstance(case.program, ProgramHistory):
        event("the programme has versions")
    if len({one.at for one in case.events}) < len(case.events):
        event("some events are of one instant")
    target(float(len(kinds)), label="kinds of entries")


def refusals(refused, code):
    return [(type(one.event).__name__, one.event.key, code(one)) for one in refused]


def balances(account, program, as_of) -> dict[str, int]:
    return {one.wallet: one.held for one in account.balances(program, as_of)}


class TestTheFoldOfPosts:
    @times(5)
    @given(case=loyalty_cases())
    def test_gives_what_the_naive_reading_gives(self, case):
        program, made = folded(case)
        reading = case.read()
        note(case, made.entries, made.refused)
        assert rows_of_entries(made.entries) == rows_of_reading(reading)
        assert refusals(made.refused, lambda one: one.refusal) == refusals(
            reading.refused, lambda one: one.code
        )
        account = made.account
        assert lots_of_view(account.lots(program, case.as_of)) == lots_of_reading(reading)
        told = account.balances(program, case.as_of)
        assert [one.held for one in told] == [reading.purse.held(one.wallet) for one in told]
        at = case.as_of - MOMENT
        assert [one.available for one in told] == [
            reading.purse.available(one.wallet, at) for one in told
        ]
        if reading.is_known:
            assert account.tier(program, case.as_of).tier == reading.tier

    @times(1)
    @given(case=loyalty_cases(), seed=st.integers(0, 99))
    def test_does_not_change_with_duplicates_or_with_the_order_of_telling(self, case, seed):
        program, made = folded(case)
        events = [*case.events, *case.events[: seed % 5]]
        random.Random(seed).shuffle(events)
        again = fold(7, events, program, as_of=case.as_of)
        assert again.entries == made.entries
        assert again.account.state == made.account.state

    @times(1)
    @given(case=loyalty_cases())
    def test_stays_the_same_where_each_event_is_posted_twice(self, case):
        program, _ = folded(case)
        account = Account.new(7)
        for one in in_turn(case.events):
            posted = try_post(account, one, program)
            if posted.refusal is None:
                again = try_post(posted.account, one, program)
                assert again.account == posted.account
                assert not again.entries
            account = posted.account

    @times(1)
    @given(case=loyalty_cases())
    def test_does_not_depend_on_whether_anybody_looked_in_between(self, case):
        program, made = folded(case)
        account, entries = Account.new(7), []
        for one in seen(case):
            older = grow_older(account, program, as_of=one.at)
            posted = try_post(older.account, one, program)
            account = posted.account
            entries += [*older.entries, *posted.entries]
        older = grow_older(account, program, as_of=case.as_of)
        entries += older.entries
        assert rows_of_entries(entries) == rows_of_entries(made.entries)
        told = balances(older.account, program, case.as_of)
        assert told == balances(made.account, program, case.as_of)


def reckoned(people, case, **changed) -> dict[str, pl.DataFrame]:
    """Give what the evaluator of whole histories makes of the same events as tables."""
    tables = loyalty_tables(people, case.program, case.time_zone)
    asked = {"program": case.program, "as_of": case.as_of}
    given_tables = (tables["orders"], tables["order_items"], None, tables["loyalty_events"])
    made = made_of(
        *(None if one is None else one.lazy() for one in given_tables),
        **asked,
        specs=(),
        tables=("ledger", "balances", "lots", "tiers", "refused"),
        **changed,
    )
    return {name: frame.lazy().collect() for name, frame in made.items()}


def said(entry):
    """Give what is the same in an entry, whichever evaluator wrote it."""
    names = ("number", "at", "kind", "wallet", "lot", "units", "value", "rule", "tier", "reason")
    return tuple(_in_utc(getattr(entry, name)) for name in names)


def _in_utc(value):
    # An hour that comes twice equals no instant of another zone.
    return utc(value) if isinstance(value, dt.datetime) else value


def row_of_table(row):
    """Give a row of the table of balances, without whose it is."""
    return {name: _in_utc(value) for name, value in row.items() if name != "customer_id"}


def row_of_view(balance):
    """Give what an account says of a wallet, as the table does."""
    fields = dataclasses.asdict(balance)
    return {name: _in_utc(value) for name, value in fields.items()}


def entries_of(made, customer):
    rows = made["ledger"].filter(customer_id=customer).to_dicts()
    return [SimpleNamespace(**row) for row in rows]


class TestTheWholeHistory:
    @times(2.5)
    @given(case=loyalty_cases(as_tables=True))
    def test_gives_what_the_fold_of_posts_and_the_naive_reading_give(self, case):
        program, one_by_one = folded(case)
        made = reckoned({7: case.events}, case)
        entries = entries_of(made, 7)
        assert rows_of_entries(entries) == rows_of_reading(case.read())
        assert [said(one) for one in entries] == [said(one) for one in one_by_one.entries]
        account = one_by_one.account
        told = {row["wallet"]: row for row in made["balances"].to_dicts()}
        for one in account.balances(program, case.as_of) if entries else ():
            assert row_of_view(one) == row_of_table(told[one.wallet])
        lots = [SimpleNamespace(**row) for row in made["lots"].to_dicts()]
        assert lots_of_view(lots) == lots_of_view(account.lots(program, case.as_of))
        tiers = made["tiers"]["tier"].to_list()
        if tiers:
            assert tiers == [account.tier(program, case.as_of).tier]
        assert sorted(made["refused"]["reason"]) == sorted(
            one.refusal for one in one_by_one.refused
        )

    @times(0.5)
    @given(case=loyalty_cases(max_events=8, as_tables=True), data=st.data())
    def test_reckons_every_customer_alone(self, case, data):
        others = loyalty_streams(
            case.program,
            time_zone=case.time_zone,
            start=case.events[0].at.date() if case.events else case.as_of.date(),
            max_events=6,
            as_tables=True,
        )
        people = {7: case.events, 3: data.draw(others), 12: data.draw(others)}
        together = reckoned(people, case)
        for customer, events in people.items():
            alone = reckoned({customer: events}, case)
            for name, frame in alone.items():
                own = together[name].filter(customer_id=customer)
                assert own.sort(own.columns).equals(frame.sort(frame.columns)), name


class TestWhatIsHeld:
    @times(2)
    @given(case=loyalty_cases())
    def test_is_the_sum_of_the_entries_and_of_the_open_lots(self, case):
        program, made = folded(case)
        of_entries: Counter[str] = Counter()
        for one in made.entries:
            if one.kind in MOVES:
                of_entries[one.wallet] += one.units
        of_lots: Counter[str] = Counter()
        for one in made.account.lots(program, case.as_of):
            of_lots[one.wallet] += one.remaining
        for wallet, held in balances(made.account, program, case.as_of).items():
            assert of_entries[wallet] == of_lots[wallet] == held

    @times(2)
    @given(case=loyalty_cases())
    def test_is_what_came_less_what_went(self, case):
        program, made = folded(case)
        sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        for one in made.entries:
            if one.kind in MOVES:
                sums[one.wallet, one.kind] += one.units
        for wallet, held in balances(made.account, program, case.as_of).items():
            issued, adjusted, moved, redeemed, restored, expired, taken_back = (
                sums[wallet, kind]
                for kind in (
                    "earn",
                    "adjust",
                    "transfer",
                    "redeem",
                    "restore",
                    "expire",
                    "clawback",
                )
            )
            came = issued + adjusted + moved
            assert came == held + (-redeemed - restored) - expired - taken_back
            assert issued >= 0
            assert restored >= 0
            assert max(redeemed, expired, taken_back) <= 0

    @times(2)
    @given(case=loyalty_cases())
    def test_is_spent_only_while_it_is_active_and_has_not_expired(self, case):
        _, made = folded(case)
        captured = {one.at for one in made.entries if one.kind == "capture"}
        for one in made.entries:
            if one.kind == "redeem" and one.at not in captured:
                assert one.active_at <= one.at
                assert one.expires_at is None or one.at < one.expires_at

    @times(1)
    @given(case=loyalty_cases())
    def test_never_falls_below_zero_where_debts_are_forgiven(self, case):
        program, made = folded(case)
        programs = case.program.programs if _has_versions(case) else (case.program,)
        took = {one.wallet for one in made.entries if one.reason == "debt_made"}
        owes = {one.wallet for one in made.account.balances(program, case.as_of) if one.debt}
        assert owes <= took
        for wallet in took:
            policies = {one.wallet(wallet).negative_balance for one in programs}
            by_transfer = any(
                one.kind == "transfer" and one.reason == "debt_made" for one in made.entries
            )
            assert "debt" in policies or by_transfer


def _has_versions(case: LoyaltyCase) -> bool:
    return isinstance(case.program, ProgramHistory)


class TestWhatIsKeptAsJson:
    @times(1)
    @given(case=loyalty_cases())
    def test_are_programmes_and_events(self, case):
        kind = ProgramHistory if _has_versions(case) else LoyaltyProgram
        assert kind.from_json(case.program.to_json()) == case.program
        for one in case.events:
            assert event_from_dict(event_to_dict(one)) == one

    @times(1)
    @given(case=loyalty_cases())
    def test_are_accounts_between_every_two_posts_and_their_entries(self, case):
        program, made = folded(case)
        account, entries = Account.new(7), []
        for one in seen(case):
            posted = try_post(account, one, program)
            account = Account.from_json(posted.account.to_json())
            assert account == posted.account
            entries += posted.entries
        entries += grow_older(account, program, as_of=case.as_of).entries
        assert tuple(entries) == made.entries
        assert [Entry.from_dict(one.to_dict()) for one in entries] == entries


class TestALateEvent:
    @times(1)
    @given(case=loyalty_cases(as_tables=True), data=st.data())
    def test_leads_to_the_balance_that_it_had_led_to_in_time(self, case, data):
        if not case.events:
            return
        program = compile_program(case.program, time_zone=case.time_zone)
        late = data.draw(st.sampled_from(case.events))
        recorded = case.events[-1].at + dt.timedelta(days=data.draw(st.integers(1, 9)))
        until = recorded + MOMENT
        # What was refused when it was told is not among what was posted.
        told = [one for one in case.events if one is not late]
        refused = [source_of(one.event) for one in fold(7, told, program, as_of=until).refused]
        others = [one for one in told if source_of(one) not in refused]
        late = dataclasses.replace(late, recorded_at=recorded)
        before = fold(7, others, program, as_of=until)
        turn = in_turn((*others, late))
        place = [source_of(one) for one in turn].index(source_of(late))
        if before.account.last is None or before.account.last < place_of(turn[place]):
            return
        kept = data.draw(st.integers(0, place))
        checkpoint = Account.new(7)
        for one in turn[:kept]:
            checkpoint = try_post(checkpoint, one, program).account
        since = [one for one in turn[kept:] if source_of(one) != source_of(late)]
        try:
            posted = post_late(checkpoint, since, late, before.account, program)
        except RefusedError:
            event("late and refused")
            return
        event(f"late, and written: {len(posted.entries)}")
        assert {one.at for one in posted.entries} <= {recorded}
        older = grow_older(posted.account, program, as_of=until)
        account = older.account
        held = {one.wallet: one for one in account.balances(program, until)}
        in_time = LoyaltyCase(case.program, case.time_zone, (*others, late), until)
        made = reckoned({7: in_time.events}, in_time)["balances"].to_dicts()
        for row in made:
            assert row_of_table(row) == row_of_view(held[row["wallet"]])
        total: Counter[str] = Counter()
        for one in (*before.entries, *posted.entries, *older.entries):
            if one.kind in MOVES:
                total[one.wallet] += one.units
        assert all(total[wallet] == one.held for wallet, one in held.items())


class TestAQuote:
    @times(1)
    @given(case=loyalty_cases(), data=st.data())
    def test_changes_nothing_and_says_what_the_naive_reading_says(self, case, data):
        program = compile_program(case.program, time_zone=case.time_zone)
        reading = Reading(case.program, ZoneInfo(case.time_zone))
        account = Account.new(7)
        for one in in_turn(case.events):
            if isinstance(one, Order):
                spends_most = data.draw(st.booleans())
                before = account.to_json()
                quoted = quote(account, one, program, spend="most" if spends_most else None)
                assert account.to_json() == before
                wanted = reading.quote(one, spends_most=spends_most)
                note_quote(quoted)
                assert prices(quoted) == [(off.name, off.amount) for off in wanted.discounts]
                assert quoted.discount == sum(amount for _, amount in prices(quoted))
                assert quoted.refusal == wanted.refusal
                assert (quoted.spendable.units, quoted.points) == (wanted.most, wanted.spent)
                assert quoted.reaches == wanted.reaches
                assert quoted_earnings(quoted) == earnings(wanted.lines)
                if quoted.refusal is None and _looks_at_amounts_alone(case):
                    posted = try_post(account, as_quoted(one, quoted), program)
                    assert posted.refusal is None
                    assert quoted_earnings(quoted) == earnings(posted.entries, one.at)
            account = try_post(account, one, program).account
            reading.take(one)


def note_quote(quoted) -> None:
    event(f"quoted with discounts: {len(quoted.discounts)}")
    if quoted.points:
        event("quoted and paid with units")
    if quoted.refusal is not None:
        event(f"quoted and refused: {quoted.refusal}")


def prices(quoted) -> list[tuple[str | None, Decimal]]:
    return [(one.name, one.amount) for one in quoted.discounts]


def earnings(lines, at=None) -> Counter[tuple[str, str, int]]:
    return Counter(
        (one.rule, one.wallet, one.units)
        for one in lines
        if one.kind == "earn" and at in (None, one.at)
    )


def quoted_earnings(quoted) -> Counter[tuple[str, str, int]]:
    return Counter((one.rule, one.wallet, one.units) for one in quoted.earnings)


def as_quoted(order, quoted):
    """Give the order that is placed after a quote: its price is net of the discounts."""
    return dataclasses.replace(
        order,
        amount=quoted.goods - quoted.discount,
        discount=order.discount + quoted.discount,
        points_paid=quoted.points,
    )


def _looks_at_amounts_alone(case: LoyaltyCase) -> bool:
    """Say whether no filter can tell a price before discounts from one after."""
    programs = case.program.programs if _has_versions(case) else (case.program,)
    rules = [one for program in programs for one in program.rules]
    wallets = [one for program in programs for one in program.wallets]
    return not (
        any(one.where or one.lines or one.trigger.type == "each_line" for one in rules)
        or any(one.spending is not None and one.spending.excluded for one in wallets)
    )


def test_the_naive_reading_agrees_with_itself_however_the_events_are_told():
    @settings(max_examples=min(20, settings.default.max_examples))
    @given(case=loyalty_cases(), seed=st.integers(0, 99))
    def holds(case, seed):
        events = [*case.events, *case.events[:3]]
        random.Random(seed).shuffle(events)
        other = LoyaltyCase(case.program, case.time_zone, tuple(events), case.as_of)
        assert rows_of_reading(other.read()) == rows_of_reading(case.read())

    holds()
