"""What an additive function's sums stand under depends on how it is called."""

import polars as pl

from retention_kit.contracts import additive, kind_of
from retention_kit.contracts.combining import combine


@additive(keys=("slot",), when={"every": "period"})
def sums(orders: pl.LazyFrame, *, every: str | None = None, by: tuple[str, ...] = ()):
    return orders


def test_keys_are_the_dimensions_then_the_fixed_ones_then_those_asked_for():
    kind = kind_of(sums)
    assert kind.keys_with({}) == ("slot",)
    assert kind.keys_with({"every": None, "by": "city"}) == ("city", "slot")
    assert kind.keys_with({"every": "1mo", "by": ("a", "b")}) == ("a", "b", "slot", "period")


def test_a_key_that_is_asked_for_by_default_is_there_unless_the_call_says_otherwise():
    @additive(keys=("slot",), when={"every": "period"})
    def by_default(orders: pl.LazyFrame, *, every: str | None = "1mo", by: str = "city"):
        return orders

    kind = kind_of(by_default)
    assert kind.keys_with({}) == ("city", "slot", "period")
    assert kind.keys_with({"every": None, "by": ()}) == ("slot",)


def test_tables_of_a_module_without_postponed_annotations_are_found():
    assert kind_of(sums).tables == ("orders",)

    @additive(keys=())
    def other(left: pl.LazyFrame, right: pl.LazyFrame | None = None, *, name: str = ""):
        return left

    assert kind_of(other).tables == ("left", "right")


def test_answers_are_summed_by_the_keys_of_the_call():
    one = pl.DataFrame({"slot": [1, 2], "period": [7, 7], "orders": [1, 2]})
    two = pl.DataFrame({"slot": [1, 2], "period": [7, 8], "orders": [10, 20]})
    together = combine([one, two], kind_of(sums), {"every": "1mo"})
    assert sorted(together.rows()) == [(1, 7, 11), (2, 7, 2), (2, 8, 20)]
