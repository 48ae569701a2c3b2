"""Tables of days: where lengths end, on whose clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError
from retention_kit.loyalty_rules.definitions.moments import FixedDate, OnDate, Rolling, Sliding
from retention_kit.loyalty_rules.lowered.calendars import (
    LAST_DAY,
    Moment,
    date_of,
    day_of,
    instants,
    midnights,
    number_of,
    periods,
)
from retention_kit.loyalty_rules.lowered.numbering import Numbers, end_of
from retention_kit.smart_segments.definitions.lengths import read_length

MOSCOW = "Europe/Moscow"
BERLIN = "Europe/Berlin"


def shown(at: int, zone: str = MOSCOW) -> str:
    """Give what the clock of a zone shows at an instant."""
    instant = dt.datetime.fromtimestamp(at / 1_000_000, ZoneInfo(zone))
    return instant.strftime("%Y-%m-%d %H:%M")


def day(text: str) -> int:
    return number_of(dt.date.fromisoformat(text))


def led(moment: Moment, text: str, zone: str = MOSCOW) -> str:
    return shown(instants(moment, zone)[day(text)], zone)


class TestEnds:
    def test_earned_on_1_january_30_days_are_over_on_1_february_at_midnight(self):
        assert led(end_of("30d"), "2025-01-01") == "2025-02-01 00:00"

    def test_31_january_and_a_month_is_over_at_the_end_of_february(self):
        assert led(end_of("1mo"), "2025-01-31") == "2025-03-01 00:00"
        assert led(end_of("1mo"), "2024-01-31") == "2024-03-01 00:00"
        assert led(end_of("1mo"), "2024-01-29") == "2024-03-01 00:00"
        assert led(end_of("1mo"), "2024-01-28") == "2024-02-29 00:00"

    def test_29_february_and_a_year_is_over_at_the_end_of_28_february(self):
        assert led(end_of("1y"), "2024-02-29") == "2025-03-01 00:00"

    @pytest.mark.parametrize(
        ("period", "end"),
        [
            ("month", "2025-03-01 00:00"),
            ("quarter", "2025-04-01 00:00"),
            ("year", "2026-01-01 00:00"),
        ],
    )
    def test_a_length_goes_on_to_the_end_of_the_period_in_which_it_ends(self, period, end):
        assert led(end_of("30d", period), "2025-01-05") == end

    def test_what_ends_with_the_last_day_of_a_period_is_not_prolonged(self):
        assert led(end_of("30d", "month"), "2025-01-01") == "2025-02-01 00:00"

    def test_elapsed_time_has_no_table(self):
        assert end_of("24h") == Moment("elapsed", microseconds=86_400_000_000)
        assert instants(end_of("24h"), MOSCOW)[20_000] == 0

    def test_a_yearly_date_is_the_next_one_its_own_day_included(self):
        numbers = Numbers()
        numbers.expiry(FixedDate(month=12, day=31))
        numbers.expiry(FixedDate(month=2, day=29))
        last, leap = numbers.moments.all()[1:]
        assert led(last, "2025-12-31") == "2026-01-01 00:00"
        assert led(last, "2025-03-08") == "2026-01-01 00:00"
        assert led(leap, "2025-01-01") == "2025-03-01 00:00"
        assert led(leap, "2024-02-29") == "2024-03-01 00:00"
        assert led(leap, "2025-03-01") == "2026-03-01 00:00"

    def test_a_date_is_one_date(self):
        numbers = Numbers()
        numbers.expiry(OnDate(date=dt.date(2025, 6, 30)))
        assert led(numbers.moments.all()[1], "2024-01-01") == "2025-07-01 00:00"

    def test_what_slides_has_a_moment_of_its_own(self):
        numbers = Numbers()
        rolling = numbers.expiry(Rolling(length="90d"))
        assert numbers.expiry(Sliding(length="90d")) != rolling
        assert numbers.expiry(Rolling(length="90d")) == rolling

    @given(
        st.integers(0, LAST_DAY),
        st.sampled_from(["1d", "30d", "2w", "1mo", "1q", "13mo", "1y", "1mo15d"]),
        st.sampled_from(["UTC", MOSCOW, BERLIN]),
    )
    def test_an_end_is_the_midnight_after_the_day_that_the_clock_comes_to(self, one, length, zone):
        begin = dt.datetime.combine(date_of(one), dt.time(), ZoneInfo(zone))
        moved = read_length("length", length).after(begin, ZoneInfo(zone))
        last = moved.astimezone(ZoneInfo(zone)).date()
        end = dt.datetime.combine(last + dt.timedelta(1), dt.time(), ZoneInfo(zone))
        assert instants(end_of(length), zone)[one] == int(end.timestamp()) * 1_000_000


class TestClocks:
    def test_a_day_of_23_hours_ends_at_its_midnight(self):
        table = instants(end_of("1d"), BERLIN)
        assert shown(table[day("2025-03-29")], BERLIN) == "2025-03-31 00:00"
        begins = midnights(BERLIN)
        hours = [
            (begins[one + 1] - begins[one]) / 3.6e9
            for one in range(day("2025-03-29"), day("2025-04-01"))
        ]
        assert hours == [24, 23, 24]

    def test_a_midnight_that_the_clock_leaves_out_is_the_first_instant_of_its_day(self):
        begins = midnights("America/Sao_Paulo")
        assert shown(begins[day("2018-11-04")], "America/Sao_Paulo") == "2018-11-04 01:00"

    @given(
        st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2190, 1, 1), timezones=st.just(dt.UTC)),
        st.sampled_from(
            ["UTC", MOSCOW, BERLIN, "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"]
        ),
    )
    def test_the_day_of_an_instant_is_that_of_the_zones_clock(self, at, zone):
        microseconds = (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
        assert date_of(day_of(microseconds, zone)) == at.astimezone(ZoneInfo(zone)).date()

    def test_there_is_no_such_zone(self):
        with pytest.raises(DefinitionError, match="time_zone"):
            midnights("Mars/Olympus")


class TestWindows:
    def test_a_window_of_a_year_starts_on_the_same_day_of_the_year_before(self):
        numbers = Numbers()
        numbers.window("12mo")
        assert led(numbers.moments.all()[1], "2025-03-15") == "2024-03-15 00:00"

    def test_a_calendar_window_starts_with_its_period(self):
        numbers = Numbers()
        for one in ("month", "quarter", "year"):
            numbers.window(one)
        month, quarter, year = numbers.moments.all()[1:]
        assert led(month, "2025-05-15") == "2025-05-01 00:00"
        assert led(quarter, "2025-05-15") == "2025-04-01 00:00"
        assert led(year, "2025-05-15") == "2025-01-01 00:00"
        assert numbers.window("lifetime") == -1

    def test_a_cooldown_of_a_day_ends_at_the_next_midnight(self):
        numbers = Numbers()
        numbers.begin("1d")
        assert led(numbers.moments.all()[1], "2025-05-15") == "2025-05-16 00:00"


class TestPeriods:
    def test_weeks_begin_on_mondays(self):
        weeks = periods(1)
        monday = day("2025-06-02")
        assert weeks[monday - 1] + 1 == weeks[monday] == weeks[monday + 6] == weeks[monday + 7] - 1

    @given(st.integers(0, LAST_DAY - 1))
    def test_periods_change_exactly_where_the_calendar_says(self, one):
        today, tomorrow = date_of(one), date_of(one + 1)
        changes = [periods(number)[one] != periods(number)[one + 1] for number in range(5)]
        assert changes == [
            True,
            tomorrow.weekday() == 0,
            tomorrow.day == 1,
            tomorrow.day == 1 and tomorrow.month % 3 == 1,
            tomorrow.year != today.year,
        ]


class TestTables:
    def test_a_table_reads_like_a_list(self):
        begins = midnights("UTC")
        assert begins.slice(0, 2) == [0, 86_400_000_000, 172_800_000_000]
        assert len(begins) == LAST_DAY + 2
        assert len(periods(0)) == LAST_DAY + 1
        assert bool(begins)
        assert "DayTable" in repr(begins)

    def test_a_length_beyond_the_table_is_reckoned_all_the_same(self):
        assert led(end_of("200y"), "2190-01-01", "UTC").startswith("2390-01-02")
