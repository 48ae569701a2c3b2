"""Dates and times: in the shop's zone, across daylight saving, and never guessed."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import ColumnTypeError


def instants_of(dataset):
    return dataset.orders.sort("order_id").collect()["ordered_at"].dt.to_string("iso").to_list()


def test_instants_carry_the_shop_s_zone_to_the_microsecond(enter, order):
    dataset = enter([order()])
    assert dataset.orders.collect_schema()["ordered_at"] == pl.Datetime("us", "Europe/London")
    assert dataset.time_zone == "Europe/London"


def test_naive_instants_need_a_stated_zone(order):
    rows = pl.DataFrame([order(ordered_at=dt.datetime(2024, 1, 2, 10))])
    with pytest.raises(ColumnTypeError) as caught:
        Dataset.from_frames(rows, currency="GBP")
    assert str(caught.value) == (
        "Column 'ordered_at' of table 'orders' is Datetime(time_unit='us', time_zone=None), "
        "without a time zone. Allowed: instants with a zone, or a stated shop zone. Next step: "
        "time_zone='Europe/Moscow', for example (--time-zone on the command line)."
    )
    assert (caught.value.table, caught.value.column) == ("orders", "ordered_at")


def test_naive_lines_need_a_stated_zone_too(line):
    with pytest.raises(ColumnTypeError, match="'ordered_at' of table 'lines' is String, without"):
        Dataset.from_lines([line()], currency="GBP", date_format="iso8601")


def test_the_zone_of_the_orders_is_the_shop_s_where_none_is_stated(order):
    rows = pl.DataFrame([order(ordered_at=dt.datetime(2024, 7, 1, 9, tzinfo=dt.UTC))]).with_columns(
        pl.col("ordered_at").dt.convert_time_zone("Europe/Moscow")
    )
    dataset = Dataset.from_frames(rows, currency="RUB")
    assert dataset.time_zone == "Europe/Moscow"
    assert instants_of(dataset) == ["2024-07-01 12:00:00.000000+03:00"]


@pytest.mark.parametrize(
    "instant",
    [
        dt.datetime(2024, 7, 1, 9, tzinfo=dt.UTC),
        dt.datetime(2024, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=3))),
        dt.datetime(2024, 7, 1, 5, tzinfo=ZoneInfo("America/New_York")),
    ],
)
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_instants_with_a_zone_are_the_same_instants_in_the_shop_s(enter, order, instant, unit):
    frame = pl.DataFrame([order(ordered_at=instant)]).with_columns(
        pl.col("ordered_at").dt.cast_time_unit(unit)
    )
    assert instants_of(enter(frame)) == ["2024-07-01 10:00:00.000000+01:00"]


def test_an_instant_of_two_tables_is_converted_in_both(enter, order):
    seen = dt.datetime(2024, 7, 1, 9, tzinfo=dt.UTC)
    events = [{"customer_id": 7, "name": "Cart Viewed", "occurred_at": seen}]
    dataset = enter([order(ordered_at="2024-07-01 10:00")], events=events)
    bought = dataset.orders.collect()["ordered_at"].item()
    assert dataset.events.collect()["occurred_at"].item() == bought == seen


def test_text_dates_need_a_stated_format_and_day_and_month_are_not_guessed(order):
    with pytest.raises(ColumnTypeError) as caught:
        Dataset.from_frames([order(ordered_at="03/04/2024")], time_zone="UTC", currency="GBP")
    assert str(caught.value) == (
        "Column 'ordered_at' of table 'orders' is text, and its date format is not stated. "
        "Allowed: instants, dates, or text with a stated format; day and month are not guessed. "
        "Next step: date_format='%d.%m.%Y %H:%M', or date_format='iso8601' for 2011-12-09 12:50 "
        "(--date-format on the command line)."
    )
    assert "03/04" not in str(caught.value)


@pytest.mark.parametrize(
    ("stated", "day"), [("%d/%m/%Y", "2024-04-03 00"), ("%m/%d/%Y", "2024-03-04 00")]
)
def test_one_text_is_two_dates_as_the_format_says(enter, order, stated, day):
    dataset = enter([order(ordered_at="03/04/2024")], date_format=stated)
    assert instants_of(dataset)[0].startswith(day)


def test_a_date_that_does_not_fit_the_format_is_rejected_and_not_turned_about(
    enter, order, rules_of
):
    rows = [order(1, ordered_at="25/12/2024"), order(2, ordered_at="12/25/2024")]
    dataset = enter(rows, date_format="%m/%d/%Y")
    assert rules_of(dataset) == {"unreadable_ordered_at": 1}
    assert dataset.rejected["orders"].collect()["ordered_at"].to_list() == ["25/12/2024"]


@pytest.mark.parametrize("text", ["soon", "31.02.2024", "2024-01-02", "1.1.1", "02.01.24"])
def test_a_date_that_cannot_be_read_is_rejected(enter, order, rules_of, text):
    dataset = enter(
        [order(ordered_at=text), order(2, ordered_at="02.01.2024")], date_format="%d.%m.%Y"
    )
    assert rules_of(dataset) == {"unreadable_ordered_at": 1}


@pytest.mark.parametrize("text", ["", "  ", None])
def test_an_empty_date_is_missing(enter, order, rules_of, text):
    frame = pl.DataFrame([order(ordered_at=text), order(2)])
    assert rules_of(enter(frame)) == {"null_ordered_at": 1}


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-07-01T12:50:00", "2024-07-01 12:50:00.000000+01:00"),
        ("2024-07-01 12:50:00.25", "2024-07-01 12:50:00.250000+01:00"),
        ("2024-07-01 12:50", "2024-07-01 12:50:00.000000+01:00"),
        ("2024-07-01", "2024-07-01 00:00:00.000000+01:00"),
        ("2024-07-01T12:50:00Z", "2024-07-01 13:50:00.000000+01:00"),
        ("2024-07-01T12:50:00+03:00", "2024-07-01 10:50:00.000000+01:00"),
        (" 2024-07-01 ", "2024-07-01 00:00:00.000000+01:00"),
    ],
)
def test_iso_8601_is_read_with_and_without_time_and_offset(enter, order, text, instant):
    assert instants_of(enter([order(ordered_at=text)], date_format="iso8601")) == [instant]


@pytest.mark.parametrize(
    ("stated", "text", "instant"),
    [
        ("%d.%m.%Y %H:%M", "01.07.2024 12:50", "2024-07-01 12:50:00.000000+01:00"),
        ("%-d.%-m.%Y %-H:%M", "1.7.2024 9:05", "2024-07-01 09:05:00.000000+01:00"),
        ("%m/%d/%y %I:%M %p", "07/01/24 12:50 PM", "2024-07-01 12:50:00.000000+01:00"),
        ("%d.%m.%Y", "01.07.2024", "2024-07-01 00:00:00.000000+01:00"),
        ("%Y%m%d", "20240701", "2024-07-01 00:00:00.000000+01:00"),
        ("%d.%m.%Y %H:%M %z", "01.07.2024 12:50 +0300", "2024-07-01 10:50:00.000000+01:00"),
        ("%s", "1719831000", "2024-07-01 11:50:00.000000+01:00"),
    ],
)
def test_a_stated_format_is_read(enter, order, stated, text, instant):
    assert instants_of(enter([order(ordered_at=text)], date_format=stated)) == [instant]


def test_each_column_may_have_a_format_of_its_own(enter, order):
    dataset = enter(
        [order(ordered_at="02.01.2024 10:00", delivered_at="20240105")],
        date_format={"ordered_at": "%d.%m.%Y %H:%M", "delivered_at": "%Y%m%d"},
    )
    row = dataset.orders.select(pl.col("ordered_at", "delivered_at").dt.to_string("iso")).collect()
    assert row.row(0) == ("2024-01-02 10:00:00.000000+00:00", "2024-01-05 00:00:00.000000+00:00")


def test_a_column_without_a_format_of_its_own_is_not_read_by_another_s(enter, order):
    with pytest.raises(ColumnTypeError, match="'delivered_at' of table 'orders' is text, and its"):
        enter([order(delivered_at="20240105")], date_format={"ordered_at": "iso8601"})


def test_text_dates_may_be_categories(enter, order):
    frame = pl.DataFrame([order()]).cast({"ordered_at": pl.Categorical})
    assert instants_of(enter(frame)) == ["2024-01-02 10:00:00.000000+00:00"]


@pytest.mark.parametrize("as_text", [False, True])
def test_a_wall_clock_that_spring_skipped_is_rejected_and_not_moved(
    enter, order, rules_of, as_text
):
    rows = pl.DataFrame(
        [
            order(1, ordered_at=dt.datetime(2024, 3, 31, 0, 59)),
            order(2, ordered_at=dt.datetime(2024, 3, 31, 1, 30)),
            order(3, ordered_at=dt.datetime(2024, 3, 31, 2, 0)),
        ]
    )
    if as_text:
        rows = rows.with_columns(pl.col("ordered_at").dt.to_string("%Y-%m-%d %H:%M"))
    for options in ({}, {"date_format": "%Y-%m-%d %H:%M"}):
        dataset = enter(rows, **options)
        assert rules_of(dataset) == {"nonexistent_ordered_at": 1}
        assert dataset.rejected["orders"].collect()["order_id"].to_list() == [2]
        assert instants_of(dataset) == [
            "2024-03-31 00:59:00.000000+00:00",
            "2024-03-31 02:00:00.000000+01:00",
        ]


@pytest.mark.parametrize("text", ["2024-10-27 01:30", "2024-10-27T01:30:00"])
def test_a_wall_clock_that_autumn_repeats_is_the_earlier_one(enter, order, rules_of, text):
    dataset = enter([order(ordered_at=text)])
    assert rules_of(dataset) == {}
    assert instants_of(dataset) == ["2024-10-27 01:30:00.000000+01:00"]


def test_an_instant_with_an_offset_tells_the_two_autumn_hours_apart(enter, order):
    rows = [
        order(1, ordered_at="2024-10-27T01:30:00+01:00"),
        order(2, ordered_at="2024-10-27T01:30:00+00:00"),
    ]
    assert instants_of(enter(rows)) == [
        "2024-10-27 01:30:00.000000+01:00",
        "2024-10-27 01:30:00.000000+00:00",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "instant"),
    [
        ("Europe/London", dt.date(2024, 3, 31), "2024-03-31 00:00:00.000000+00:00"),
        ("Europe/London", dt.date(2024, 7, 1), "2024-07-01 00:00:00.000000+01:00"),
        ("America/Sao_Paulo", dt.date(2018, 11, 3), "2018-11-03 00:00:00.000000-03:00"),
        ("America/Sao_Paulo", dt.date(2018, 11, 4), "2018-11-04 01:00:00.000000-02:00"),
        ("Asia/Beirut", dt.date(2024, 3, 31), "2024-03-31 01:00:00.000000+03:00"),
        ("America/Havana", dt.date(2024, 11, 3), "2024-11-03 00:00:00.000000-04:00"),
    ],
)
@pytest.mark.parametrize("stated", [None, "iso8601", "%d.%m.%Y"])
def test_a_date_is_the_shop_s_midnight_or_the_first_instant_of_its_day(
    enter, order, zone, day, instant, stated
):
    written = {None: day, "iso8601": day.isoformat(), "%d.%m.%Y": f"{day:%d.%m.%Y}"}[stated]
    dataset = enter([order(ordered_at=written)], time_zone=zone, date_format=stated)
    assert instants_of(dataset) == [instant]


def test_a_day_that_a_place_never_had_is_rejected_as_such(enter, order, rules_of):
    # Samoa went from 29 to 31 December 2011 when it crossed the date line.
    rows = [order(1, ordered_at=dt.date(2011, 12, 30)), order(2, ordered_at=dt.date(2011, 12, 31))]
    dataset = enter(rows, time_zone="Pacific/Apia")
    assert rules_of(dataset) == {"nonexistent_ordered_at": 1}
    assert instants_of(dataset) == ["2011-12-31 00:00:00.000000+14:00"]


@pytest.mark.parametrize(
    ("birthday", "options"),
    [
        (dt.date(1992, 2, 29), {}),
        ("1992-02-29", {}),
        ("1992-02-29 00:00:00", {}),
        ("29.02.1992", {"date_format": {"ordered_at": "iso8601", "birthday": "%d.%m.%Y"}}),
        ("29.2.1992", {"date_format": {"ordered_at": "iso8601", "birthday": "%-d.%-m.%Y"}}),
        (dt.datetime(1992, 2, 29, 13), {}),
        (dt.datetime(1992, 2, 29, 23, 30, tzinfo=dt.UTC), {}),
    ],
)
def test_a_birthday_is_a_date(enter, order, rules_of, birthday, options):
    customers = [{"customer_id": 7, "birthday": birthday}]
    dataset = enter([order()], customers=customers, **options)
    assert rules_of(dataset, "customers") == {}
    assert dataset.customers.collect()["birthday"].to_list() == [dt.date(1992, 2, 29)]


def test_an_instant_that_stands_for_a_date_is_taken_in_the_shop_s_zone(enter, order):
    late = dt.datetime(1992, 7, 1, 23, 30, tzinfo=dt.UTC)
    dataset = enter([order()], customers=[{"customer_id": 7, "birthday": late}])
    assert dataset.customers.collect()["birthday"].to_list() == [dt.date(1992, 7, 2)]


def test_a_birthday_that_cannot_be_read_rejects_the_customer(enter, order, rules_of):
    customers = [
        {"customer_id": 7, "birthday": "1992-02-30"},
        {"customer_id": 8, "birthday": ""},
        {"customer_id": 9, "birthday": None},
    ]
    dataset = enter([order()], customers=customers)
    assert rules_of(dataset, "customers") == {"unreadable_birthday": 1}
    assert dataset.customers.collect()["birthday"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("month", "options"),
    [
        (dt.date(2024, 2, 1), {}),
        (dt.date(2024, 2, 29), {}),
        (dt.datetime(2024, 2, 10, 12), {}),
        ("2024-02", {}),
        ("2024-02-17", {}),
        ("02.2024", {"date_format": {"ordered_at": "iso8601", "month": "%m.%Y"}}),
        ("17.02.2024", {"date_format": {"ordered_at": "iso8601", "month": "%d.%m.%Y"}}),
        ("Feb 2024", {"date_format": {"ordered_at": "iso8601", "month": "%b %Y"}}),
    ],
)
def test_the_month_of_a_cost_is_its_first_day(enter, order, rules_of, month, options):
    dataset = enter([order()], costs=[{"month": month, "amount": 1}], **options)
    assert rules_of(dataset, "costs") == {}
    assert dataset.costs.collect()["month"].to_list() == [dt.date(2024, 2, 1)]
