"""Columns compared over tables: exact numbers, texts in NFC, days of the shop's zone."""

import datetime as dt
import unicodedata
from decimal import Decimal
from itertools import product
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.values import Comparison
from retention_kit.smart_segments.definitions.windows import Last, Since
from retention_kit.smart_segments.frame.comparisons import answered
from retention_kit.smart_segments.frame.exact import COMPARED, compared, in_decimal, ratio_compared
from retention_kit.smart_segments.frame.given import Column, Given, given_tables
from retention_kit.smart_segments.frame.texts import (
    folded,
    is_one_of,
    normalised,
    spellings_of,
)

AS_OF = dt.datetime(2025, 12, 31, tzinfo=ZoneInfo("Europe/Moscow"))
NUMBERS = ("equals", "not_equals", "less_than", "at_most", "more_than", "at_least")
ODD = "aKk;`é\u0301eЁёй\u0306и Å\u212b\u2126Ω\u0958가\u1100\u1161ß\u0323\u0307s\U0001d15e"


def shop(zone: str = "Europe/Moscow") -> Given:
    orders = pl.LazyFrame(
        schema={
            "order_id": pl.Int64,
            "customer_id": pl.Int64,
            "ordered_at": pl.Datetime("us", zone),
        }
    )
    return given_tables({"orders": orders}, as_of=AS_OF, taken=None, conditions=())


def told(column, dtype=None, /, *, zone="Europe/Moscow", **how):
    series = pl.Series("x", column, dtype=dtype)
    comparison = Comparison(column="x", **how)
    answer = answered(Column("customers", "x", series.dtype), comparison, shop(zone))
    return series.to_frame().select(answer.alias("told"))["told"].to_list()


class TestNumbers:
    @given(
        st.lists(st.decimals(-1000, 1000, places=4) | st.none(), min_size=1, max_size=5),
        st.decimals(-1000, 1000, places=6),
        st.sampled_from(NUMBERS),
    )
    def test_a_decimal_is_compared_as_it_stands(self, values, operand, operator):
        series = pl.Series("x", values, dtype=pl.Decimal(18, 4))
        got = series.to_frame().select(compared(pl.col("x"), series.dtype, operator, operand))
        wanted = [None if one is None else bool(COMPARED[operator](one, operand)) for one in values]
        assert got.to_series().to_list() == wanted

    def test_a_whole_number_beside_a_fraction_is_not_rounded(self):
        assert told([2, 3, None], operator="at_least", value=2.5) == [False, True, None]
        assert told([2, 3, None], operator="equals", value=2.5) == [False, False, None]
        assert told([2, 3, None], operator="not_equals", value=2.5) == [True, True, None]

    def test_whole_numbers_that_a_float_cannot_tell_apart_are_told_apart(self):
        ids = [9_007_199_254_740_993, 9_007_199_254_740_992]
        assert told(ids, operator="equals", value=ids[0]) == [True, False]

    def test_small_types_are_compared_with_large_numbers(self):
        assert told([255], pl.UInt8, operator="less_than", value=10**17) == [True]
        assert told([0], pl.UInt64, operator="more_than", value=-5) == [True]

    def test_a_float_is_compared_with_the_nearest_float_and_nan_is_missing(self):
        values = [0.1, float("nan"), None]
        assert told(values, operator="equals", value=0.1) == [True, None, None]
        assert told(values, operator="known") == [True, False, False]
        assert told(values, operator="unknown") == [False, True, True]

    @given(
        st.integers(-(10**9), 10**9),
        st.integers(0, 50),
        st.decimals(-1000, 1000, places=5),
        st.sampled_from(NUMBERS),
    )
    def test_a_ratio_is_compared_without_dividing(self, above, below, operand, operator):
        frame = pl.DataFrame(
            {"above": [Decimal(above).scaleb(-4)], "below": [below]},
            schema={"above": pl.Decimal(38, 4), "below": pl.Int64},
        )
        answer = ratio_compared(
            pl.col("above"), frame.schema["above"], pl.col("below"), operator, operand
        )
        exact = Decimal(above).scaleb(-4)
        wanted = bool(COMPARED[operator](exact, operand * below)) if below else None
        assert frame.select(answer).item() is wanted

    @given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 12))
    def test_units_become_the_decimal_that_they_were_of(self, units, scale):
        dtype = pl.Decimal(18, scale)
        frame = pl.DataFrame({"units": [units]})
        assert frame.select(in_decimal(pl.col("units"), dtype)).item() == Decimal(units).scaleb(
            -scale
        )


class TestTexts:
    @given(st.lists(st.text(ODD, max_size=6), max_size=6), st.text(ODD, max_size=5))
    def test_texts_are_the_same_where_their_nfc_is(self, texts, wanted):
        column = pl.DataFrame({"x": [*texts, wanted, unicodedata.normalize("NFD", wanted)]})
        got = column.select(is_one_of(pl.col("x"), (wanted,))).to_series().to_list()
        nfc = unicodedata.normalize("NFC", wanted)
        assert got == [unicodedata.normalize("NFC", one) == nfc for one in column["x"]]

    @given(st.lists(st.text(ODD, max_size=8) | st.text(max_size=8), max_size=6))
    def test_a_column_is_normalised_where_it_must_be(self, texts):
        got = pl.DataFrame({"x": texts}, schema={"x": pl.String}).select(normalised(pl.col("x")))
        assert got["x"].to_list() == [unicodedata.normalize("NFC", one) for one in texts]

    def test_the_spellings_of_a_text_are_few_and_listed(self):
        assert spellings_of("tea") == ("tea",)
        assert set(spellings_of("чай")) == {"чай", "чаи\u0306"}
        assert set(spellings_of("K")) == {"K", "\u212a"}
        assert spellings_of("ṩ" * 3) is None  # marks follow marks, and may change places
        assert spellings_of("é" * 20) is None  # more than a million

    def test_all_texts_of_a_list_are_asked_for_at_once(self):
        got = told(["a", "и\u0306", "c", None], operator="in", values=["a", "й"])
        assert got == [True, True, False, None]
        got = told(["a", "ṩ", "s\u0307\u0323", None], operator="not_in", values=["a", "ṩ"])
        assert got == [False, False, False, None]

    def test_capitals_and_yo_make_no_difference_where_that_is_said(self):
        assert told(["ЁЛКА", "елка", "Елки"], operator="equals", value="Ёлка", fold=True) == [
            True,
            True,
            False,
        ]
        assert told(["ЁЛКА", "иней"], operator="in", values=["елка"], fold=True) == [True, False]
        assert folded("Ё") == "\u0435"

    @pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["tea", "чай", ""])])
    def test_all_types_of_text_are_texts(self, dtype):
        values = ["tea", "чай", "", None]
        assert told(values, dtype, operator="equals", value="чай") == [False, True, False, None]
        assert told(values, dtype, operator="not_equals", value="nothing") == [
            True,
            True,
            True,
            None,
        ]
        assert told(values, dtype, operator="starts_with", value="te") == [True, False, False, None]

    def test_texts_are_ordered_by_their_characters(self):
        values = ["a", "Z", "\uffff", "\U0001f6d2", "e\u0301"]
        assert told(values, operator="less_than", value="\U0001f6d2") == [
            True,
            True,
            True,
            False,
            True,
        ]
        assert told(["e\u0301"], operator="at_most", value="é") == [True]

    def test_parts_of_texts_are_literal(self):
        assert told(["a.b", "axb"], operator="contains", value=".") == [True, False]
        assert told(["a.b", "axb"], operator="ends_with", value="xb") == [False, True]
        assert told(["a.b", "axb", "ab"], operator="matches", value="a.b") == [True, True, False]


class TestDaysAndInstants:
    def test_a_date_beside_instants_is_a_day_of_the_shop(self):
        late = dt.datetime(2025, 1, 1, 21, 30, tzinfo=dt.UTC)  # 00:30 of the next day in Moscow
        column = pl.Series([late]).cast(pl.Datetime("us", "UTC"))
        assert told(column, operator="equals", value=dt.date(2025, 1, 2)) == [True]
        assert told(column, operator="less_than", value=dt.date(2025, 1, 2)) == [False]

    def test_instants_are_compared_to_the_microsecond(self):
        at = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
        column = pl.Series([at, at + dt.timedelta(microseconds=1)]).cast(pl.Datetime("us", "UTC"))
        assert told(column, operator="more_than", value=at) == [False, True]

    def test_a_date_lies_in_a_window_by_its_first_instant(self):
        days = [dt.date(2025, 12, 23), dt.date(2025, 12, 24), dt.date(2025, 12, 31), None]
        assert told(days, operator="during", window=Last(length="1w")) == [False, True, False, None]

    def test_a_day_without_midnight_begins_when_the_clock_starts_again(self):
        # In Santiago the clocks go from 24:00 of 1 September 2012 to 01:00 of the 2nd.
        begins = dt.datetime(2012, 9, 2, 4, tzinfo=dt.UTC)
        days = [dt.date(2012, 9, 1), dt.date(2012, 9, 2)]
        how = {"operator": "during", "zone": "America/Santiago"}
        assert told(days, window=Since(start=begins), **how) == [False, True]
        later = begins + dt.timedelta(microseconds=1)
        assert told(days, window=Since(start=later), **how) == [False, False]

    def test_instants_lie_in_a_window_that_is_open_on_the_right(self):
        start, end = AS_OF - dt.timedelta(days=2), AS_OF - dt.timedelta(days=1)
        column = pl.Series([start, end]).dt.convert_time_zone("Europe/Moscow")
        got = told(column, operator="during", window=Since(start=start, until=end))
        assert got == [True, False]


class TestWhatCannotBeCompared:
    @pytest.mark.parametrize(
        ("values", "how"),
        [
            (["a"], {"value": 1}),
            ([1], {"value": "a"}),
            ([1], {"value": True}),
            ([True], {"value": 1}),
            ([True], {"operator": "in", "values": ["yes"]}),
            ([1], {"operator": "contains", "value": "1"}),
            ([dt.date(2025, 1, 1)], {"value": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)}),
            ([dt.date(2025, 1, 1)], {"value": "2025-01-01"}),
            (["2025-01-01"], {"operator": "during", "window": Last(length="1d")}),
            ([dt.datetime(2025, 1, 1)], {"value": dt.date(2025, 1, 1)}),
            ([dt.timedelta(1)], {"value": 1}),
            ([[1]], {"operator": "in", "values": [1]}),
        ],
    )
    def test_other_kinds_are_refused_before_anything_runs(self, values, how):
        with pytest.raises(DefinitionError, match=r"Column 'x' of table 'customers' is .*Allowed"):
            told(values, **how)

    def test_true_and_false_have_no_order(self):
        with pytest.raises(DefinitionError, match="equals, not_equals, in and not_in"):
            told([True], operator="matches", value="t")

    def test_what_has_no_value_at_all_is_compared_with_anything(self):
        column = Column("customers", "city", None)
        for operator, value in product(("equals", "not_equals"), ("a", 1, True)):
            comparison = Comparison(column="city", operator=operator, value=value)
            assert pl.select(answered(column, comparison, shop())).item() is None
        comparison = Comparison(column="city", operator="unknown")
        assert pl.select(answered(column, comparison, shop())).item() is True
