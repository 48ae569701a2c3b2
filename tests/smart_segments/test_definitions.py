"""Definitions say what they mean, refuse what means nothing, and come back from JSON the same."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from retention_kit.errors import DefinitionError, PluginError
from retention_kit.smart_segments import (
    All,
    AllTime,
    Anniversary,
    Attribute,
    BetweenAges,
    Bucket,
    CalendarPeriod,
    EventAggregate,
    EventCount,
    FirstEvent,
    Lapsed,
    Last,
    Member,
    MessageEngagement,
    Not,
    OfCustomer,
    OfEvent,
    PluginCondition,
    Reactivated,
    Regularity,
    Rows,
    Same,
    Score,
    Segment,
    Sequence,
    Since,
    Step,
    Where,
    Without,
    segment_schema,
)
from retention_kit.smart_segments.definitions.lengths import Length, read_length
from retention_kit.smart_segments.definitions.plugins import spec_of
from retention_kit.smart_segments.lowered.lowering import lower_segment

TEA = Rows(source="order_items", where=(Where(column="category", value="tea"),))
BERLIN = ZoneInfo("Europe/Berlin")
ONCE = EventCount(at_least=1)


def at(*parts, zone=BERLIN, fold=0):
    return dt.datetime(*parts, tzinfo=zone, fold=fold)


def microseconds(moment):
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (EventCount, "at_least, at_most or both"),
            (lambda: EventCount(at_least=-1), "greater than or equal to 0"),
            (lambda: EventCount(at_least=3, at_most=2), "at_least=3 or more"),
            (lambda: EventCount(at_least=1.5), "valid integer"),
            (lambda: EventCount(at_least=True), "valid integer"),
            (lambda: Last(length="0d"), "Allowed: whole numbers"),
            (lambda: Last(length="30 days"), "'30d'"),
            (lambda: Last(length="-30d"), "'30d'"),
            (lambda: Last(length="500y"), "200 years"),
            (lambda: BetweenAges(oldest="30d", youngest="90d"), "ends after it starts"),
            (lambda: BetweenAges(oldest="1mo", youngest="30d"), "surely shorter"),
            (lambda: Since(start=dt.date(2025, 2, 1), until=dt.date(2025, 1, 1)), "after 2025-02"),
            (lambda: Since(start=dt.datetime(2025, 2, 1)), "with a time zone"),
            (lambda: Since(start="yesterday"), "ISO 8601"),
            (lambda: Since(start=1_700_000_000), "a date, or an instant"),
            (lambda: Last(length="٣d"), "'30d'"),
            (lambda: Last(length="201y"), "200 years"),
            (lambda: Where(column="a", value={"number": "1e-999999999"}), "12 digits"),
            (lambda: Where(column="a", value={"number": f"1.{'0' * 43}1"}), "12 digits"),
            (lambda: Lapsed(silent=None), "'silent'"),
            (lambda: CalendarPeriod(every="2d"), "1mo"),
            (lambda: Where(column="a", operator="in", values=(1, "a")), "number, text"),
            (lambda: Where(column="a", operator="in", values="abc"), "a list of values"),
            (lambda: Where(column="a", operator="in"), "at least one value"),
            (lambda: Where(column="a", operator="equals", values=(1,)), "none with another"),
            (lambda: Where(column="a"), "one value with a comparison"),
            (lambda: Where(column="a", operator="known", value=1), "none with 'in'"),
            (lambda: Where(column="a", operator="during"), "a window with 'during'"),
            (lambda: Where(column="a", operator="contains", value=1), "a text"),
            (lambda: Where(column="a", operator="contains", value=""), "at least one character"),
            (lambda: Where(column="a", operator="at_least", value=True), "what has an order"),
            (lambda: Where(column="a", value=float("nan")), "a finite number"),
            (lambda: Where(column="a", value=1e30), "below 10**18"),
            (lambda: Where(column="a", value=dt.datetime(2025, 1, 1)), "with a time zone"),
            (lambda: Where(column="a", value=object()), "a text, a number"),
            (lambda: Where(column="a", value={"date": "soon"}), '{"date": "2025-12-31"}'),
            (lambda: Where(column="a", value=3, fold=True), "fold=True is for texts"),
            (lambda: Where(column="a", operator="matches", value="(a"), "a group is open"),
            (lambda: Where(column="a", operator="matches", value="a(?=b)"), "groups are ( )"),
            (lambda: Rows(source="events", net=True), "True with orders"),
            (lambda: EventAggregate(aggregate="sum", value=1), "a column with sum"),
            (lambda: EventAggregate(aggregate="share", value=0.5), "at least one filter"),
            (
                lambda: EventAggregate(
                    aggregate="share", of=(Where(column="channel", value="x"),), value=2
                ),
                "a share from 0 to 1",
            ),
            (
                lambda: EventAggregate(aggregate="sum", column="amount", value=5, to=4),
                "at least 5",
            ),
            (lambda: Regularity(every="1mo", periods=3, at_least=4), "at most periods=3"),
            (lambda: Reactivated(gap="30d", within="1mo"), "surely no longer"),
            (FirstEvent, "a window, or what the row has"),
            (lambda: Anniversary(of=OfCustomer(column="birthday"), days=0), "greater than or"),
            (
                lambda: Anniversary(of=OfCustomer(column="birthday"), ahead="24h"),
                "months and days",
            ),
            (
                lambda: Anniversary(of=OfEvent(), after="1y", leap_day="1_march"),
                "nothing with 'after'",
            ),
            (lambda: Sequence(steps=(Step(rows=TEA),)), "two steps"),
            (lambda: Sequence(steps=()), "at least 1"),
            (lambda: Sequence(steps=(Step(rows=TEA, within="1d"),) * 2), "None on the first"),
            (
                lambda: Sequence(
                    steps=(Step(rows=TEA), Step(rows=TEA, same=Same(column="a", step=1)))
                ),
                "an earlier step",
            ),
            (lambda: Sequence(steps=(Step(rows=TEA),) * 2, quiet_for="1d"), "no 'without'"),
            (lambda: Sequence(steps=(Step(rows=TEA),) * 2, among="all"), "which='first'"),
            (lambda: Bucket(salt="a", start=0.5, end=0.5), "0 <= start < end <= 1"),
            (lambda: Bucket(salt="a", start=0, end=1.5), "0 <= start < end <= 1"),
            (lambda: Member(segment="a", when="now", window=Last(length="1d")), "none with 'now'"),
            (lambda: MessageEngagement(engagement="ignored", at_most=1), "only at_least from 1"),
            (lambda: Attribute(column="", value=1), "at least 1 character"),
            (lambda: All(conditions=()), "at least 1"),
            (lambda: Segment(name="", condition=ONCE), "at least 1 character"),
            (lambda: Segment(name="a", condition=ONCE, population="all"), "'everyone'"),
            (lambda: Segment(name="a", condition="bought"), "condition"),
            (lambda: EventCount(at_least=1, surprise=2), "surprise"),
        ],
    )
    def test_a_definition_that_means_nothing_is_refused_with_what_is_allowed(self, make, said):
        with pytest.raises(DefinitionError) as caught:
            make()
        assert said in str(caught.value)
        assert "Traceback" not in str(caught.value)

    def test_a_definition_cannot_be_changed(self):
        with pytest.raises(DefinitionError, match="frozen"):
            ONCE.at_least = 2

    def test_a_condition_is_neither_true_nor_false_by_itself(self):
        with pytest.raises(DefinitionError, match="Python has 'and'"):
            bool(ONCE)

    def test_sixty_one_levels_are_too_deep_and_sixty_are_not(self):
        condition = ONCE
        for _ in range(59):
            condition = Not(condition=condition)
        assert condition.depth == 60
        with pytest.raises(DefinitionError, match="61 levels deep"):
            Not(condition=condition)

    def test_an_error_does_not_show_what_stands_in_a_field(self):
        with pytest.raises(DefinitionError) as caught:
            EventCount(at_least="ann@example.com")
        assert "ann@" not in str(caught.value)


class TestJson:
    def test_values_come_back_exactly_as_they_were(self):
        values = ("é", "e\u0301", 3, Decimal("0.1"), Decimal("12345678901234567.1234"), True)
        moments = (dt.date(2025, 2, 28), at(2025, 10, 26, 2, 30, fold=1))
        segment = Segment(
            name="«ёлка»",
            condition=All(
                conditions=[Attribute(column="a", value=one) for one in (*values, *moments)]
            ),
        )
        again = Segment.from_json(segment.to_json())
        assert again == segment
        assert [type(one.value) for one in again.condition.conditions] == [
            type(one.value) for one in segment.condition.conditions
        ]
        assert hash(again) == hash(segment)

    def test_true_and_one_are_two_values(self):
        assert Attribute(column="a", value=True) != Attribute(column="a", value=1)
        assert Attribute(column="a", value=1.0) == Attribute(column="a", value=1)

    def test_the_hour_that_comes_twice_is_two_starts(self):
        first, second = (Since(start=at(2025, 10, 26, 2, 30, fold=fold)) for fold in (0, 1))
        assert first != second
        assert Since(start="2025-10-26T00:30:00+00:00") == first

    def test_numbers_of_thirty_digits_are_kept(self):
        value = Decimal("123456789012345678.000000000001")
        segment = Segment(name="a", condition=Attribute(column="a", value=value))
        assert Segment.from_json(segment.to_json()).condition.value == value

    def test_a_newer_version_is_refused_by_name(self):
        text = Segment(name="a", condition=ONCE).to_json().replace('"version": 1', '"version": 2')
        with pytest.raises(DefinitionError, match="version 2.*reads versions 1 to 1"):
            Segment.from_json(text)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"surprise": 1}, "surprise"),
            ({"condition": {"type": "evnt_count"}}, "nearest: event_count"),
            ({"condition": {"type": "event_count", "at_least": 1, "more": 2}}, "more"),
            ({"condition": None}, "condition"),
            ({"format": "something"}, "something"),
            ({"version": "1"}, "whole number"),
        ],
    )
    def test_json_with_what_is_not_known_is_refused(self, change, said):
        read = json.loads(Segment(name="a", condition=ONCE).to_json())
        with pytest.raises(DefinitionError) as caught:
            Segment.from_json(json.dumps({**read, **change}))
        assert said in str(caught.value)

    @pytest.mark.parametrize("mark", ["[", '{"condition":', '{"conditions":['])
    def test_ten_thousand_levels_are_refused_before_they_are_read(self, mark):
        with pytest.raises(DefinitionError, match="nested deeper"):
            Segment.from_json(mark * 10_000)

    def test_plain_data_of_ten_thousand_levels_are_refused_too(self):
        condition = {"type": "event_count", "at_least": 1}
        for _ in range(10_000):
            condition = {"type": "not", "condition": condition}
        with pytest.raises(DefinitionError, match="nested deeper"):
            Segment(name="a", condition=condition)

    def test_a_condition_without_a_type_that_there_is_is_told_the_nearest(self):
        with pytest.raises(DefinitionError, match="'evnt_count'.*nearest: event_count"):
            Segment(name="a", condition={"type": "evnt_count", "at_least": 1})
        with pytest.raises(DefinitionError, match="'type' is None"):
            Segment(name="a", condition={"at_least": 1})

    def test_conditions_sixty_levels_deep_come_back(self):
        condition = ONCE
        for number in range(59):
            condition = All(conditions=[condition]) if number % 2 else Not(condition=condition)
        segment = Segment(name="deep", condition=condition)
        assert Segment.from_json(segment.to_json()) == segment

    def test_brackets_inside_a_text_are_no_levels(self):
        segment = Segment(name='"' + "[" * 199, condition=ONCE)
        assert Segment.from_json(segment.to_json()) == segment

    @pytest.mark.parametrize("text", ["", "{", "null", "3", b"\xff", None])
    def test_what_is_no_json_is_refused(self, text):
        with pytest.raises(DefinitionError):
            Segment.from_json(text)

    def test_the_schema_takes_what_is_written_and_refuses_what_is_not(self):
        schema = segment_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        written = json.loads(
            Segment(name="a", condition=ONCE & Score(column="s", value=0.1)).to_json()
        )
        jsonschema.validate(written, schema)
        for broken in (
            {**written, "population": "all"},
            {**written, "condition": {"type": "nothing"}},
            {**written, "version": 2},
            {**written, "more": 1},
            {**written, "condition": {"at_least": 1}},
        ):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(broken, schema)

    def test_the_published_schema_is_the_one_of_this_version(self):
        page = Path(__file__).parents[2] / "docs" / "segment.schema.json"
        assert json.loads(page.read_text(encoding="utf-8")) == segment_schema()

    def test_a_segment_of_the_first_version_is_read(self):
        kept = Path(__file__).parents[1] / "data" / "segment_1.json"
        segment = Segment.from_json(kept.read_text(encoding="utf-8"))
        assert segment == Segment(
            name="Mattress, no cover",
            condition=Sequence(
                steps=(Step(rows=TEA, without=(Without(rows=Rows(), same="product_id"),)),),
                window=Last(length="1mo"),
                which="last",
            )
            & ~EventCount(window=AllTime(), at_most=2),
            population="buyers",
        )


class TestLengths:
    @pytest.mark.parametrize(
        ("text", "start", "length"),
        [
            (at(2025, 3, 31), "1mo", at(2025, 2, 28)),
            (at(2024, 3, 31), "1mo", at(2024, 2, 29)),
            (at(2024, 2, 29), "1y", at(2023, 2, 28)),
            (at(2025, 3, 31), "1d", at(2025, 3, 30)),
            # The clock goes on by an hour on 30 March and back on 26 October.
            (at(2025, 3, 30, 12), "24h", at(2025, 3, 29, 11)),
            (at(2025, 3, 30, 12), "1d", at(2025, 3, 29, 12)),
            (at(2025, 10, 26, 12), "24h", at(2025, 10, 25, 13)),
            (at(2025, 10, 27, 2, 30), "1d", at(2025, 10, 26, 2, 30, fold=0)),
            # 02:30 of that day is left out: it is read as if it were not, and so is 03:30.
            (at(2025, 3, 31, 2, 30), "1d", at(2025, 3, 30, 3, 30)),
            (at(2025, 12, 31), "1mo1d", at(2025, 11, 29)),
            (at(2025, 12, 31), "1q", at(2025, 9, 30)),
        ],
    )
    def test_lengths_go_back_on_the_clock_of_the_shop(self, text, start, length):
        assert read_length("x", start).before(text, BERLIN) == length.astimezone(dt.UTC)

    def test_a_length_of_several_units_is_read(self):
        assert read_length("x", "1y2mo3w4d5h6m7s") == Length(14, 25, 5 * 3600 + 367)

    def test_two_hundred_years_are_a_length_and_the_first_day_has_an_instant(self):
        assert read_length("x", "200y").months == 2400
        moscow = ZoneInfo("Europe/Moscow")
        start, _ = Since(start=dt.date(1, 1, 1)).bounds(at(2025, 1, 1), moscow)
        assert start < 0

    def test_beyond_the_calendar_there_is_its_end(self):
        early = dt.datetime(2, 1, 1, tzinfo=dt.UTC)
        assert read_length("x", "100y").before(early, BERLIN).year <= 2


class TestWindows:
    NOW = at(2025, 11, 19, 15, 30)  # a Wednesday

    @pytest.mark.parametrize(
        ("window", "start", "end"),
        [
            (AllTime(), None, NOW),
            (Last(length="24h"), at(2025, 11, 18, 15, 30), NOW),
            (
                BetweenAges(oldest="2w", youngest="1w"),
                at(2025, 11, 5, 15, 30),
                at(2025, 11, 12, 15, 30),
            ),
            (Since(start=dt.date(2025, 11, 1)), at(2025, 11, 1), NOW),
            (
                Since(start=dt.date(2025, 11, 1), until=dt.date(2025, 11, 3)),
                at(2025, 11, 1),
                at(2025, 11, 3),
            ),
            (Since(start=dt.date(2025, 11, 1), until=dt.date(2026, 1, 1)), at(2025, 11, 1), NOW),
            (CalendarPeriod(every="1d"), at(2025, 11, 19), NOW),
            (CalendarPeriod(every="1w"), at(2025, 11, 17), NOW),
            (CalendarPeriod(every="1w", ago=1), at(2025, 11, 10), at(2025, 11, 17)),
            (CalendarPeriod(every="1mo", ago=1), at(2025, 10, 1), at(2025, 11, 1)),
            (CalendarPeriod(every="1q"), at(2025, 10, 1), NOW),
            (CalendarPeriod(every="1q", ago=3), at(2025, 1, 1), at(2025, 4, 1)),
            (CalendarPeriod(every="1y", ago=1), at(2024, 1, 1), at(2025, 1, 1)),
        ],
    )
    def test_a_window_has_its_bounds_in_the_zone_of_the_shop(self, window, start, end):
        found = window.bounds(self.NOW, BERLIN)
        assert found == (None if start is None else microseconds(start), microseconds(end))
        assert window.bounds(self.NOW.astimezone(dt.UTC), BERLIN) == found


class TestOtherSegments:
    def test_a_circle_of_members_is_named(self):
        first = Segment(name="first", condition=Member(segment="second"))
        second = Segment(name="second", condition=~Member(segment="third"))
        third = Segment(name="third", condition=Member(segment="first"))
        with pytest.raises(DefinitionError, match="first → second → third → first"):
            lower_segment(first, (second, third))

    def test_a_segment_that_is_its_own_member_is_a_circle(self):
        with pytest.raises(DefinitionError, match="circle: a → a"):
            lower_segment(Segment(name="a", condition=Member(segment="a")))

    def test_a_segment_that_is_not_handed_in_is_named_with_the_nearest(self):
        asking = Segment(name="a", condition=Member(segment="Regular"))
        with pytest.raises(DefinitionError, match="'Regular' is asked for.*Nearest: 'Regulars'"):
            lower_segment(asking, [Segment(name="Regulars", condition=ONCE)])

    def test_two_segments_of_one_name_are_refused(self):
        with pytest.raises(DefinitionError, match="Two segments are named 'a'"):
            lower_segment(Segment(name="a", condition=ONCE), [Segment(name="a", condition=~ONCE)])


def test_a_condition_of_a_plugin_that_is_not_installed_is_named_with_its_distribution():
    condition = PluginCondition(name="weather.rainy", distribution="retention-kit-weather")
    with pytest.raises(PluginError, match=r"weather\.rainy.*pip install retention-kit-weather"):
        spec_of(condition, ())


@pytest.mark.parametrize("name", [" ", "\t\n", "\u00a0\u2003"])
def test_a_name_of_blanks_is_no_name(name):
    with pytest.raises(DefinitionError, match="not blank"):
        Segment(name=name, condition=EventCount(at_least=1))
    made = Segment(name=" VIP ", condition=EventCount(at_least=1))
    assert Segment.from_json(made.to_json()) == made


def test_a_comparison_of_rows_is_no_condition():
    with pytest.raises(DefinitionError, match="'condition' is 'Where'.*stands inside one"):
        Segment(name="Dear", condition=Where(column="amount", value=1))
