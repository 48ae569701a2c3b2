"""Whole programmes and whole histories of customers, drawn: every way to read them agrees.

How many are drawn is a multiple of the profile's number; the nightly profile draws thousands:
`HYPOTHESIS_PROFILE=nightly pytest tests/loyalty_rules/test_proof.py --hypothesis-show-statistics`.
"""

import datetime as dt
import random
from collections import Counter, defaultdict
from types import SimpleNamespace

import polars as pl
from hypothesis import HealthCheck, event, given, settings, target
from hypothesis import strategies as st

from retention_kit.loyalty_rules.batch.accruing import made_of
from retention_kit.loyalty_rules.definitions.program import LoyaltyProgram, ProgramHistory
from retention_kit.loyalty_rules.ledger import MOVES, Entry
from retention_kit.loyalty_rules.lowered.plan import compile_program
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.events import Order, place_of
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
from retention_kit.testing._loyalty_streams import (
    STARTS,
    LoyaltyCase,
    loyalty_cases,
    loyalty_streams,
)
from retention_kit.testing._loyalty_tables import loyalty_tables

_SPENDS = ("over_balance", "below_minimum", "not_a_step", "above_share", "not_spendable")
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
    return [(type(one.event).__name__, one.event.key, _kind(code(one))) for one in refused]


def _kind(code: str) -> str:
    # In which order the conditions of spending are looked at is not promised.
    return "cannot be spent" if code in (*_SPENDS, "unknown_label") else code


def balances(account, program, as_of) -> dict[str, int]:
    return {one.wallet: one.held for one in account.balances(program, as_of)}


class TestTheFoldOfPosts:
    @times(5)
    @given(case=loyalty_cases())
    def test_writes_what_the_naive_reading_writes(self, case):
        _, made = folded(case)
        reading = case.read()
        note(case, made.entries, made.refused)
        assert rows_of_entries(made.entries) == rows_of_reading(reading)
        assert refusals(made.refused, lambda one: one.refusal) == refusals(
            reading.refused, lambda one: one.code
        )

    @times(2)
    @given(case=loyalty_cases())
    def test_leaves_the_lots_and_the_tier_that_the_naive_reading_leaves(self, case):
        program, made = folded(case)
        reading = case.read()
        account = made.account
        assert lots_of_view(account.lots(program, case.as_of)) == lots_of_reading(reading)
        told = balances(account, program, case.as_of)
        assert told == {name: reading.purse.held(name) for name in told}
        if reading.is_known:
            assert account.tier(program, case.as_of).tier == reading.tier

    @times(1)
    @given(case=loyalty_cases())
    def test_says_what_can_be_spent_as_the_naive_reading_does(self, case):
        program, made = folded(case)
        purse = case.read().purse
        at = case.as_of - MOMENT
        for one in made.account.balances(program, case.as_of):
            assert one.available == purse.available(one.wallet, at)

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
        for one in case.events:
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
        for one in case.events:
            if one.at >= case.as_of:
                break
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


def entries_of(made, customer):
    rows = made["ledger"].filter(customer_id=customer).to_dicts()
    return [SimpleNamespace(**row) for row in rows]


class TestTheWholeHistory:
    @times(2.5)
    @given(case=loyalty_cases())
    def test_gives_what_the_fold_of_posts_gives(self, case):
        program, one_by_one = folded(case)
        made = reckoned({7: case.events}, case)
        entries = entries_of(made, 7)
        note(case, one_by_one.entries, one_by_one.refused)
        assert rows_of_entries(entries) == rows_of_entries(one_by_one.entries)
        assert [(one.number, one.kind, one.units, one.value, one.lot) for one in entries] == [
            (one.number, one.kind, one.units, one.value, one.lot) for one in one_by_one.entries
        ]
        account = one_by_one.account
        told = {row["wallet"]: row for row in made["balances"].to_dicts()}
        if not entries:
            return
        for one in account.balances(program, case.as_of):
            row = told[one.wallet]
            for name in ("held", "active", "pending", "reserved", "available", "debt"):
                assert row[name] == getattr(one, name), name
        lots = [SimpleNamespace(**row) for row in made["lots"].to_dicts()]
        assert lots_of_view(lots) == lots_of_view(account.lots(program, case.as_of))
        tiers = made["tiers"]["tier"].to_list()
        assert (tiers or [None])[0] == account.tier(program, case.as_of).tier
        assert sorted(made["refused"]["reason"]) == sorted(
            one.refusal for one in one_by_one.refused
        )

    @times(1)
    @given(case=loyalty_cases())
    def test_gives_what_the_naive_reading_gives(self, case):
        reading = case.read()
        made = reckoned({7: case.events}, case)
        assert rows_of_entries(entries_of(made, 7)) == rows_of_reading(reading)

    @times(0.5)
    @given(case=loyalty_cases(max_events=8), data=st.data())
    def test_reckons_every_customer_alone(self, case, data):
        days = dict(STARTS)
        others = loyalty_streams(
            case.program,
            time_zone=case.time_zone,
            start=days[case.time_zone],
            max_events=6,
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
        for one in case.events:
            if one.at >= case.as_of:
                break
            posted = try_post(account, one, program)
            account = Account.from_json(posted.account.to_json())
            assert account == posted.account
            entries += posted.entries
        entries += grow_older(account, program, as_of=case.as_of).entries
        assert tuple(entries) == made.entries
        assert [Entry.from_dict(one.to_dict()) for one in entries] == entries


class TestALateEvent:
    @times(1)
    @given(case=loyalty_cases(), data=st.data())
    def test_leads_to_the_balance_that_it_had_led_to_in_time(self, case, data):
        program, made = folded(case)
        known = [one for one in case.events if one.at < case.as_of]
        late = data.draw(st.sampled_from(known)) if known else None
        if late is None:
            return
        others = [one for one in known if one is not late]
        before = fold(7, others, program, as_of=case.as_of)
        since = max((one.at for one in known), default=late.at)
        if before.account.last is None or before.account.last < place_of(late):
            return
        try:
            posted = post_late(Account.new(7), others, late, before.account, program)
        except RefusedError:
            event("late and refused")
            return
        event(f"late, and written: {len(posted.entries)}")
        grown = grow_older(posted.account, program, as_of=case.as_of)
        assert since < case.as_of
        assert balances(grown.account, program, case.as_of) == balances(
            made.account, program, case.as_of
        )
        total: Counter[str] = Counter()
        for one in (*before.entries, *posted.entries, *grown.entries):
            if one.kind in MOVES:
                total[one.wallet] += one.units
        for wallet, held in balances(grown.account, program, case.as_of).items():
            assert total[wallet] == held


class TestAQuote:
    @times(1)
    @given(case=loyalty_cases())
    def test_changes_nothing_and_says_what_posting_the_order_writes(self, case):
        programs = case.program.programs if _has_versions(case) else (case.program,)
        if any(one.discounts or _discounts_of_tiers(one) for one in programs):
            return
        program = compile_program(case.program, time_zone=case.time_zone)
        account = Account.new(7)
        for one in case.events:
            if isinstance(one, Order):
                before = account
                quoted = quote(account, one, program)
                assert account == before
                posted = try_post(account, one, program)
                assert quoted.refusal == posted.refusal
                if posted.refusal is None:
                    event("quoted and posted")
                    of_order = [
                        (entry.rule, entry.units)
                        for entry in posted.entries
                        if entry.kind == "earn" and entry.base is not None and entry.at == one.at
                    ]
                    told = [(entry.rule, entry.units) for entry in quoted.earnings]
                    assert told == of_order[: len(told)]
            account = try_post(account, one, program).account


def _discounts_of_tiers(program: LoyaltyProgram) -> bool:
    tiers = () if program.tiers is None else program.tiers.tiers
    return any(one.benefits.discount for one in tiers)


def test_the_naive_reading_agrees_with_itself_however_the_events_are_told():
    @settings(max_examples=20)
    @given(case=loyalty_cases(), seed=st.integers(0, 99))
    def holds(case, seed):
        events = [*case.events, *case.events[:3]]
        random.Random(seed).shuffle(events)
        other = LoyaltyCase(case.program, case.time_zone, tuple(events), case.as_of)
        assert rows_of_reading(other.read()) == rows_of_reading(case.read())

    holds()
