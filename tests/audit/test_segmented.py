"""The ready segments of an audit: which are asked, how many are in them, and in two at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from retention_kit import Dataset, make_dataset
from retention_kit.audit import audit
from retention_kit.audit.report import report_sections, texts
from retention_kit.audit.report.words import Words
from retention_kit.audit.report.workbook import readable
from retention_kit.audit.segmented import segments_asked
from retention_kit.smart_segments import evaluate_many
from retention_kit.smart_segments.ready import READY, ready_title


@pytest.fixture(scope="module")
def shop():
    return make_dataset(customers=300, seed=7)


@pytest.fixture(scope="module")
def result(shop):
    return audit(shop, as_of=shop.orders.select(pl.col("ordered_at").max()).collect().item())


class TestWhichAreAsked:
    def test_are_those_whose_tables_are_given_and_for_which_nothing_must_be_said(self):
        asked = segments_asked({"orders"})
        assert {"one_time_buyers", "no_purchase_for", "reactivated"} <= set(asked)
        assert not {"birthday_within", "abandoned_cart", "big_spenders"} & set(asked)
        assert "birthday_within" in segments_asked({"orders", "customers"})
        assert "abandoned_cart" in segments_asked({"orders", "events"})

    def test_a_control_group_asks_nothing_and_is_left_out(self):
        assert "control_share" not in segments_asked({"orders", "customers", "events"})

    def test_are_named_after_their_functions(self):
        for name, segment in segments_asked({"orders"}).items():
            assert segment.name == name
            assert segment.condition == READY[name]().condition


class TestTheTables:
    def test_count_the_customers_whom_the_evaluator_finds(self, shop, result):
        asked = segments_asked({"orders", "order_items", "customers", "consents", "events"})
        table = evaluate_many(asked.values(), shop, result.as_of).collect()
        sizes = result.tables["ready_segments"]
        assert sizes["ready_segment"].to_list() == list(asked)
        columns = ("ready_segment", "customers", "share_of_customers")
        for name, customers, share in sizes.select(columns).rows():
            assert customers == table[name].sum()
            assert share == pytest.approx(customers / table.height)
        for one, other, both, share in result.tables["ready_overlap"].rows():
            assert both == (table[one] & table[other]).sum()
            assert share == pytest.approx(both / table[one].sum())

    @pytest.mark.filterwarnings("ignore::retention_kit.DataWarning")
    @pytest.mark.parametrize("tables", [("orders",), ("orders", "customers")])
    def test_of_a_shop_in_parts_are_those_of_the_whole(self, tables, monkeypatch):
        made = make_dataset(customers=150, seed=7, tables=tables)
        # Some have only orders that do not count, and some are in one table alone.
        undone = pl.col("customer_id") % 5 == 0
        orders = made.orders.with_columns(
            status=pl.when(undone).then(pl.lit("cancelled")).otherwise("status"),
            promo_code=pl.when(pl.col("order_id").hash(1) % 3 > 0).then(pl.lit("SPRING")),
        )
        frames = {name: getattr(made, name) for name in tables} | {"orders": orders.collect()}
        shop = Dataset.from_frames(**frames, time_zone=made.time_zone, currency=made.currency)
        as_of = shop.orders.select(pl.col("ordered_at").max()).collect().item()
        monkeypatch.setattr("retention_kit.audit.parts._ONE_PART", 50)
        monkeypatch.setattr("retention_kit.audit.parts.PART_ORDERS", 200)
        result = audit(shop, as_of=as_of)
        asked = segments_asked(set(tables))
        whole = evaluate_many(asked.values(), shop, result.as_of).collect()
        sizes = result.tables["ready_segments"]
        assert dict(sizes.select("ready_segment", "customers").rows()) == {
            name: whole[name].sum() for name in asked
        }
        assert sizes["share_of_customers"].to_list() == pytest.approx(
            [whole[name].mean() for name in asked]
        )
        assert whole["discount_seekers"].any()

    def test_sum_what_the_customers_paid_in_the_last_year(self, shop, result):
        since = result.as_of.replace(year=result.as_of.year - 1)
        sales = shop.orders.filter(
            pl.col("kind") == "sale",
            pl.col("status") == "completed",
            pl.col("ordered_at") >= pl.lit(since),
            pl.col("ordered_at") < pl.lit(result.as_of),
        ).collect()
        once = evaluate_many([READY["one_time_buyers"]()], shop, result.as_of).collect()
        theirs = sales.join(once.filter("One-time buyers"), on="customer_id", how="semi")
        row = result.tables["ready_segments"].filter(ready_segment="one_time_buyers").to_dicts()[0]
        assert row["revenue"] == theirs["amount"].sum()
        whole = float(sales["amount"].sum())
        assert row["share_of_revenue"] == pytest.approx(float(theirs["amount"].sum()) / whole)

    def test_of_online_retail_tell_those_who_bought_once_from_the_others(self, real_audit):
        sizes = {row[0]: row[1] for row in real_audit.tables["ready_segments"].rows()}
        # 4,338 customers, of whom 2,845 came back (`repeat_purchase_rate`).
        assert sizes["repeat_buyers"] == 2_845
        assert sizes["one_time_buyers"] == 4_338 - 2_845
        overlap = real_audit.tables["ready_overlap"]
        both = overlap.filter(ready_segment="one_time_buyers", other_segment="repeat_buyers")
        assert both["customers"].item() == 0

    def test_say_in_english_who_is_meant(self, real_audit):
        told = real_audit.tables["ready_segments"].filter(ready_segment="one_time_buyers")
        assert told["meaning"].item() == "Customers who bought exactly once."

    def test_a_shop_whose_orders_were_all_cancelled_has_no_segments(self):
        at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
        order = {"order_id": 1, "customer_id": 1, "ordered_at": at, "amount": Decimal(5)}
        dataset = Dataset.from_frames(
            orders=[{**order, "status": "cancelled"}], time_zone="UTC", currency="EUR"
        )
        found = audit(dataset, as_of=dt.datetime(2025, 2, 1, tzinfo=dt.UTC))
        assert not {"ready_segments", "ready_overlap"} & set(found.tables)
        assert report_sections(found)["segments"].missing


class TestTheReport:
    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_calls_them_what_they_are_called(self, language):
        for column in ("ready_segment", "other_segment"):
            for name, title in texts(language)["values"][column].items():
                assert title == ready_title(name, language)

    def test_shows_those_with_anybody_in_them(self, real_audit):
        (table,) = report_sections(real_audit)["segments"].tables
        assert table.frame["customers"].min() > 0
        assert table.frame.height < real_audit.tables["ready_segments"].height

    def test_says_who_is_meant_in_the_language_of_the_reader(self, real_audit):
        words = Words.of("ru", real_audit.currency)
        (section,) = report_sections(real_audit, language="ru")["segments"].tables
        assert (
            "Покупатели, которые покупали ровно 1\N{NO-BREAK SPACE}раз."
            in section.frame["meaning"].to_list()
        )
        sheet = readable("ready_segments", real_audit, words)
        row = sheet.filter(ready_segment="Купили один раз")
        assert row["meaning"].item() == "Покупатели, которые покупали ровно 1\N{NO-BREAK SPACE}раз."
