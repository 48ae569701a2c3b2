"""Texts read in steps mean what they mean when each is read by itself, by every format in turn."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts.casts import cast_column
from retention_kit.contracts.reading import Reading
from retention_kit.contracts.tables import Column

PIECES = (
    st.sampled_from(("2024", "1999", "24", "0024", "0999", "1000", "9999", "٢٠٢٤")),
    st.sampled_from(("-02-29", "-02-30", "-1-3", "-12-31", "0131", "-03", "-03-31")),
    st.sampled_from(("T", " ", "t", "  ", "", "-")),
    st.sampled_from(("12:50", "02:30:00", "23:59:60", "24:00:00", "1:2:3", "", "12", "02:30")),
    st.sampled_from(("", ".5", ".123456", ".123456789", ".1234567891", ".", ",5")),
    st.sampled_from(("", "Z", "z", "+03", "+0300", "+03:00", "-11:30", "+99:00", "+3", " +03:00")),
)
TEXTS = st.one_of(
    st.tuples(*PIECES).map("".join),
    st.tuples(*PIECES).map(lambda pieces: f" {''.join(pieces)}\t"),
    st.sampled_from(("", " ", "T", "yesterday", "2024-03-31T02:30:00Zulu")),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
)
FORMATS = ("iso8601", "%d.%m.%Y %H:%M", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%y")


@pytest.mark.parametrize("stated", FORMATS)
@given(texts=st.lists(st.none() | TEXTS, min_size=1, max_size=30))
def test_steps_give_what_one_expression_gives(stated, texts):
    column = Column("ordered_at", "instant", "when")
    reading = Reading(time_zone="Europe/Berlin", currency="EUR", date_format=stated)
    cast = cast_column("orders", column, pl.String(), reading)
    frame = pl.LazyFrame({"ordered_at": texts}, schema={"ordered_at": pl.String})
    alone = frame.select(value=cast.value, **cast.checks).collect()
    assert cast.in_steps is not None
    stepwise = frame
    for step in cast.steps:
        stepwise = stepwise.with_columns(**step)
    found = stepwise.select(value=cast.in_steps.value, **cast.in_steps.checks).collect()
    assert found.equals(alone)


def test_the_door_parses_each_text_once_for_each_format():
    column = Column("ordered_at", "instant", "when")
    reading = Reading(time_zone="UTC", currency="EUR", date_format="%d.%m.%Y %H:%M")
    cast = cast_column("orders", column, pl.String(), reading)
    frame = pl.LazyFrame({"ordered_at": ["09.12.2011 12:50"]})
    for step in cast.steps:
        frame = frame.with_columns(**step)
    plan = frame.select(value=cast.in_steps.value, **cast.in_steps.checks).explain()
    assert plan.count("strptime") == 1
