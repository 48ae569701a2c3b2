"""Consent: the latest decision, purposes that are not named, and whom a shop may write to."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit import ColumnTypeError, Dataset, DefinitionError, MissingColumnError
from retention_kit.metrics import measure
from retention_kit.profiles import (
    consent_status,
    consents_granted,
    contactable_share,
    contactable_totals,
)
from retention_kit.profiles.consent import granted
from retention_kit.testing import consents as drawn_consents
from retention_kit.testing import instants

LONDON = "Europe/London"
SHARING = "sharing with advertising platforms"


def at(text: str, fold: int = 0) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(LONDON), fold=fold)


AS_OF = at("2025-03-01")


def decisions(*rows: tuple) -> pl.LazyFrame:
    """Decisions of (customer_id, channel, status, instant, purpose)."""
    return pl.LazyFrame(
        rows,
        schema={
            "customer_id": pl.Int64,
            "channel": pl.String,
            "status": pl.Enum(("granted", "withdrawn")),
            "decided_at": pl.Datetime("us", LONDON),
            "purpose": pl.String,
        },
        orient="row",
    )


def standing(table: pl.LazyFrame, as_of: dt.datetime = AS_OF) -> dict[tuple, bool]:
    rows = consent_status(table, as_of=as_of).collect().rows()
    return {row[:3]: row[3] for row in rows}


def email(*rows: tuple[str, str, str | None]) -> pl.LazyFrame:
    """Decisions of customer 1 about e-mail, of (status, instant, purpose)."""
    return decisions(*((1, "email", status, at(when), purpose) for status, when, purpose in rows))


class TestWhichDecisionStands:
    def test_it_is_the_latest_one_before_the_instant_of_observation(self):
        table = email(
            ("granted", "2025-01-01", "messages"),
            ("withdrawn", "2025-02-01", "messages"),
            ("granted", "2025-03-01", "messages"),
        )
        key = (1, "email", "messages")
        assert standing(table) == {key: False}
        assert standing(table, at("2025-02-01")) == {key: True}
        assert standing(table, at("2025-03-01 00:00:00.000001")) == {key: True}
        assert standing(table, at("2025-01-01")) == {}

    def test_of_a_grant_and_a_withdrawal_at_one_instant_the_withdrawal_stands(self):
        table = email(
            ("withdrawn", "2025-02-01", "messages"), ("granted", "2025-02-01", "messages")
        )
        assert standing(table) == {(1, "email", "messages"): False}

    def test_channels_are_decided_on_apart(self):
        table = decisions(
            (1, "email", "withdrawn", at("2025-02-01"), None),
            (1, "sms", "granted", at("2025-01-01"), None),
        )
        assert standing(table) == {(1, "email", "messages"): False, (1, "sms", "messages"): True}

    def test_the_hour_that_comes_twice_has_two_halves(self):
        first, second = (at("2024-10-27 01:30", fold) for fold in (0, 1))
        table = decisions(
            (1, "email", "granted", second, None), (1, "email", "withdrawn", first, None)
        )
        assert standing(table) == {(1, "email", "messages"): True}
        assert standing(table, second) == {(1, "email", "messages"): False}

    def test_the_instant_of_the_latest_decision_stands_beside_it(self):
        table = email(("withdrawn", "2025-01-01", SHARING), ("withdrawn", "2025-02-01", None))
        rows = consent_status(table, as_of=AS_OF).collect().sort("purpose")
        assert rows["decided_at"].to_list() == [at("2025-02-01")] * 2


class TestPurposes:
    def test_a_grant_that_names_none_is_for_messages_alone(self):
        table = email(("granted", "2025-01-01", None), ("withdrawn", "2024-12-01", SHARING))
        assert standing(table) == {(1, "email", "messages"): True, (1, "email", SHARING): False}

    def test_a_withdrawal_that_names_none_is_for_all_of_the_channel(self):
        table = email(
            ("granted", "2025-01-01", SHARING),
            ("withdrawn", "2025-02-01", None),
            ("granted", "2025-02-02", "messages"),
        )
        assert standing(table) == {(1, "email", "messages"): True, (1, "email", SHARING): False}

    def test_a_withdrawal_of_one_purpose_leaves_the_others(self):
        table = email(
            ("granted", "2025-01-01", SHARING),
            ("granted", "2025-01-01", None),
            ("withdrawn", "2025-02-01", SHARING),
        )
        assert standing(table) == {(1, "email", "messages"): True, (1, "email", SHARING): False}

    def test_a_table_without_purposes_is_about_messages(self):
        table = email(("granted", "2025-01-01", SHARING)).drop("purpose")
        assert standing(table) == {(1, "email", "messages"): True}
        rows = consents_granted(table, channel="email", purpose=SHARING, as_of=AS_OF).collect()
        assert rows.rows() == []


class TestOneChannelAndPurpose:
    TABLE = decisions(
        (1, "email", "granted", at("2025-01-01"), None),
        (2, "email", "granted", at("2025-01-01"), SHARING),
        (3, "email", "withdrawn", at("2025-01-01"), None),
        (4, "sms", "granted", at("2025-01-01"), None),
        (5, "email", "granted", at("2025-03-01"), None),
        (None, "email", "granted", at("2025-01-01"), None),
    )

    def rows(self, **asked: str) -> list[tuple]:
        table = consents_granted(self.TABLE, **asked, as_of=AS_OF)
        return table.sort("customer_id").collect().rows()

    def test_customers_without_a_decision_that_concerns_it_are_not_there(self):
        assert self.rows(channel="email") == [(1, True), (3, False)]
        assert self.rows(channel="email", purpose=SHARING) == [(2, True), (3, False)]
        assert self.rows(channel="sms") == [(4, True)]
        assert self.rows(channel="post") == []

    def test_several_are_found_in_one_pass(self):
        seen = self.TABLE.drop_nulls("customer_id").filter(pl.col("decided_at") < AS_OF)
        found = seen.group_by("customer_id").agg(
            granted(seen, channel="email").alias("email"),
            granted(seen, channel="email", purpose=SHARING).alias("sharing"),
            granted(seen, channel="sms").alias("sms"),
        )
        assert found.sort("customer_id").collect().rows() == [
            (1, True, False, False),
            (2, False, True, False),
            (3, False, False, False),
            (4, False, False, True),
        ]

    @pytest.mark.parametrize("asked", [{"channel": ""}, {"channel": "sms", "purpose": None}])
    def test_what_is_no_text_is_an_error(self, asked):
        with pytest.raises(DefinitionError, match="Allowed: a text"):
            consents_granted(self.TABLE, **asked, as_of=AS_OF)


class TestContactable:
    def test_customers_are_counted_by_channel_and_purpose(self):
        totals = contactable_totals(TestOneChannelAndPurpose.TABLE, as_of=AS_OF).collect()
        assert totals.sort("channel", "purpose").rows() == [
            ("email", "messages", 1, 2),
            ("email", SHARING, 1, 1),
            ("sms", "messages", 1, 1),
        ]

    def test_the_share_is_of_those_who_decided_or_of_a_given_number(self):
        totals = contactable_totals(TestOneChannelAndPurpose.TABLE, as_of=AS_OF).collect()
        assert contactable_share(totals)["share_contactable"].to_list() == [0.5, 1.0, 1.0]
        shares = contactable_share(totals, population=4)["share_contactable"]
        assert shares.to_list() == [0.25, 0.25, 0.25]

    def test_sums_of_parts_are_put_together(self):
        totals = contactable_totals(TestOneChannelAndPurpose.TABLE, as_of=AS_OF).collect()
        doubled = contactable_share(pl.concat([totals, totals]))
        assert doubled["contactable_customers"].to_list() == [2, 2, 2]
        assert doubled["share_contactable"].to_list() == [0.5, 1.0, 1.0]

    @pytest.mark.parametrize("population", [0, -1, 1.5, True, "all"])
    def test_a_population_is_a_whole_number_above_0(self, population):
        totals = contactable_totals(TestOneChannelAndPurpose.TABLE, as_of=AS_OF)
        with pytest.raises(DefinitionError, match="whole number above 0"):
            contactable_share(totals, population=population)

    def test_it_is_measured_of_a_dataset_at_once(self):
        shop = Dataset.from_frames(
            orders=[{"order_id": 1, "customer_id": 1, "ordered_at": at("2025-01-01"), "amount": 1}],
            consents=TestOneChannelAndPurpose.TABLE.drop_nulls("customer_id").collect(),
            time_zone=LONDON,
            currency="GBP",
        )
        shares = measure(contactable_share, shop, as_of=AS_OF, population=10)
        assert shares.collect()["share_contactable"].to_list() == [0.1, 0.1, 0.1]


class TestBadInput:
    def test_a_missing_column_is_named(self):
        table = TestOneChannelAndPurpose.TABLE.drop("status")
        with pytest.raises(MissingColumnError, match="'status'"):
            consent_status(table, as_of=AS_OF)

    def test_instants_must_have_a_zone(self):
        table = TestOneChannelAndPurpose.TABLE
        naive = table.with_columns(pl.col("decided_at").dt.replace_time_zone(None))
        with pytest.raises(ColumnTypeError, match="time zone"):
            consent_status(naive, as_of=AS_OF)
        with pytest.raises(DefinitionError, match="time zone"):
            consents_granted(table, channel="email", as_of=AS_OF.replace(tzinfo=None))


def by_hand(rows: list[dict], channel: str, purpose: str, as_of: dt.datetime) -> dict:
    """Go through the decisions in turn, and keep the one that stands."""
    found: dict = {}
    in_turn = sorted(rows, key=lambda row: (row["decided_at"], row["status"] == "withdrawn"))
    for row in in_turn:
        who, grants = row["customer_id"], row["status"] == "granted"
        if who is None or row["channel"] != channel or row["decided_at"] >= as_of:
            continue
        of = row["purpose"] or ("messages" if grants else purpose)
        if of == purpose:
            found[who] = grants
    return found


class TestBesideDecisionsInTurn:
    @given(
        drawn_consents(max_rows=12),
        instants(time_zone="Europe/London"),
        st.sampled_from(("messages", "advertising")),
        st.lists(st.sampled_from((None, "messages", "advertising")), min_size=12, max_size=12),
    )
    def test_both_functions_say_what_one_finds_by_hand(self, table, as_of, purpose, purposes):
        named = pl.Series("purpose", purposes[: table.height], dtype=pl.String)
        table = table.with_columns(named)
        utc = table.with_columns(pl.col("decided_at").dt.convert_time_zone("UTC"))
        as_of = as_of.astimezone(dt.UTC)
        for channel in ("email", "sms"):
            wanted = by_hand(utc.to_dicts(), channel, purpose, as_of)
            got = consents_granted(table, channel=channel, purpose=purpose, as_of=as_of)
            assert dict(got.rows()) == wanted
            status = consent_status(table, as_of=as_of).filter(
                pl.col("channel") == channel, pl.col("purpose") == purpose
            )
            # Who has withdrawn everything, and never decided on this purpose, has no row for it.
            rows = dict(status.select("customer_id", "granted").rows())
            assert rows.items() <= wanted.items()
            assert not any(is_granted for who, is_granted in wanted.items() if who not in rows)
