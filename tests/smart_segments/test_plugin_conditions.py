"""Conditions of plugins: what breaks in one stays in it, and says so without customers' data."""

import datetime as dt
import traceback

import polars as pl
import pydantic
import pytest
from pydantic_core import PydanticCustomError

from retention_kit.errors import DefinitionError, PluginError
from retention_kit.smart_segments import ConditionSpec, EventCount, PluginCondition, Segment
from retention_kit.smart_segments.frame.evaluate import segment_members, segment_table
from retention_kit.smart_segments.person.compiled import is_member
from retention_kit.smart_segments.sentences.speaking import sentence_of

AT = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
ORDERS = pl.LazyFrame(
    {
        "order_id": [1, 2, 3],
        "customer_id": [1, 2, 3],
        "ordered_at": [AT - dt.timedelta(1)] * 3,
        "amount": [1, 1, 1],
    },
    schema_overrides={"ordered_at": pl.Datetime("us", "UTC")},
)
ROWS = {
    "customer_id": 1,
    "time_zone": "UTC",
    "orders": [{"order_id": 1, "customer_id": 1, "ordered_at": AT - dt.timedelta(1), "amount": 1}],
}
SECRET = "anna@example.com"


class Near(pydantic.BaseModel):
    km: int = 5

    @pydantic.field_validator("km")
    @classmethod
    def _is_walked(cls, km):
        if km == 666:
            raise RuntimeError(SECRET)
        if km == 777:
            raise PydanticCustomError("far", SECRET)
        if km > 100:
            raise ValueError(f"too far for {SECRET}")
        return km


def near(**settings):
    return PluginCondition(name="acme.near", distribution="acme-near", settings=settings)


def spec(**fields):
    return ConditionSpec(
        **{
            "name": "acme.near",
            "summary": "lives near a shop",
            "distribution": "acme-near",
            "settings": Near,
            "frame": lambda settings, tables, *_: tables["orders"].select(
                "customer_id", result=pl.col("customer_id") < settings.km
            ),
            "person": lambda settings, rows, *_: rows["customer_id"] < settings.km,
            "sentence": lambda settings, _: f"live within {settings.km} km",
            **fields,
        }
    )


def segment(condition=None):
    return Segment(name="Near", condition=near() if condition is None else condition)


def table(one, **options):
    return segment_table(
        ORDERS, segments=[segment()], as_of=AT, unknown="keep", conditions=[one], **options
    )


def asked(one, condition=None):
    return is_member(segment(condition), ROWS, AT, conditions=[one])


def boom(*_):
    raise RuntimeError(f"boom for {SECRET}")


def gives(**columns):
    return spec(frame=lambda *_: pl.LazyFrame(columns))


@pytest.mark.parametrize(
    ("part", "ask"),
    [
        ("frame", table),
        ("person", asked),
        ("sentence", lambda one: segment().sentence(conditions=[one])),
        ("sentence", lambda one: sentence_of(near(), "ru", conditions=[one])),
    ],
)
def test_what_a_plugin_raises_names_it_and_not_what_it_says(part, ask):
    with pytest.raises(PluginError) as caught:
        ask(spec(**{part: boom}))
    said = str(caught.value)
    assert said.startswith(
        f"The condition 'acme.near' of 'acme-near' raised a RuntimeError in its {part!r}."
    )
    assert SECRET not in said
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert SECRET in "".join(traceback.format_exception(caught.value))


def test_what_polars_says_of_a_plugins_columns_is_its_plugins():
    broken = spec(frame=lambda _, tables, *__: tables["orders"].select("customer_id", "result"))
    with pytest.raises(PluginError, match="ColumnNotFoundError in its 'frame'") as caught:
        table(broken)
    assert isinstance(caught.value.__cause__, pl.exceptions.ColumnNotFoundError)


def test_what_a_plugins_table_raises_when_it_is_collected_comes_as_it_is():
    def late(settings, tables, *_):
        return tables["orders"].select(
            "customer_id", result=pl.lit("x").str.to_date() == pl.date(1, 1, 1)
        )

    with pytest.raises(pl.exceptions.PolarsError):
        table(spec(frame=late)).collect()


def test_a_table_that_a_plugin_does_not_name_is_named():
    for part, key, ask in (("frame", "events", table), ("person", "customer", asked)):
        named = "customers" if key == "customer" else key
        broken = spec(**{part: lambda _, tables, *__, key=key: tables[key]})
        with pytest.raises(PluginError, match=f"KeyError.*The table '{named}' is not among"):
            ask(broken)
    with pytest.raises(PluginError) as caught:
        asked(spec(person=lambda _, rows, *__: rows[SECRET]))
    assert SECRET not in str(caught.value)


def test_a_plugin_does_not_change_the_tables_of_others():
    def takes(settings, tables, *_):
        return tables.pop("orders").select("customer_id", result=pl.lit(value=True))

    both = segment(near() & near(km=6))
    found = segment_members(ORDERS, segment=both, as_of=AT, conditions=[spec(frame=takes)])
    assert found.collect().height == 3


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"km": 101}, DefinitionError, "km: the plugin refuses it"),
        ({"km": 777}, DefinitionError, "km: the plugin refuses it"),
        ({"km": "x"}, DefinitionError, "km: Input should be a valid integer"),
        ({"km": 666}, PluginError, "RuntimeError in its 'settings'"),
    ],
)
@pytest.mark.parametrize(
    "ask", [asked, lambda one, condition: sentence_of(condition, conditions=[one])]
)
def test_settings_are_refused_in_words_of_the_library(settings, error, said, ask):
    with pytest.raises(error, match=said) as caught:
        ask(spec(), near(**settings))
    assert "'acme.near'" in str(caught.value)
    assert "acme-near" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_refused_settings_is_kept_as_the_cause():
    with pytest.raises(DefinitionError) as caught:
        asked(spec(), near(km=101))
    assert isinstance(caught.value.__cause__, ValueError)
    assert SECRET in str(caught.value.__cause__)


def test_a_customer_whom_a_plugin_gives_twice_is_one_customer():
    twice = spec(frame=lambda settings, tables, *_: pl.concat([spec().frame(settings, tables)] * 2))
    assert sorted(table(twice).collect().rows()) == [(1, True), (2, True), (3, True)]
    found = segment_members(ORDERS, segment=segment(), as_of=AT, conditions=[twice])
    assert found.collect().height == 3


def test_rows_of_a_plugin_that_contradict_each_other_are_unknown():
    rows = gives(
        customer_id=[1, 1, 2, 2, 3, 3, 4, None],
        result=[True, False, None, True, False, False, True, True],
    )
    assert sorted(table(rows).collect().rows()) == [(1, None), (2, None), (3, False)]
    alone = gives(customer_id=[1, 2], result=[None, True])
    assert sorted(table(alone).collect().rows()) == [(1, None), (2, True), (3, False)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (spec(frame=lambda *_: None), "gives a NoneType"),
        (spec(frame=lambda *_: pl.DataFrame({"customer_id": [1]})), "gives a DataFrame"),
        (gives(), "gives no columns"),
        (gives(customer_id=[1]), r"gives 'customer_id' \(Int64\)"),
        (gives(customer_id=[1], result=["yes"]), r"'result' \(String\)"),
        (gives(customer_id=[SECRET], result=[True]), r"'customer_id' \(String\)"),
    ],
)
def test_a_plugin_that_gives_another_table_is_refused(given, said):
    with pytest.raises(PluginError, match=f"'acme.near' of 'acme-near' {said}|{said}") as caught:
        table(given)
    assert SECRET not in str(caught.value)


def test_ids_of_another_length_are_the_same_ids():
    short = gives(customer_id=pl.Series([1, 2], dtype=pl.UInt8), result=[True, None])
    assert sorted(table(short).collect().rows()) == [(1, True), (2, None), (3, False)]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [(None, "a NoneType"), ("", "an empty text"), (" . ", "an empty text"), (5, "a int")],
)
def test_a_plugin_that_says_nothing_is_refused(sentence, said):
    silent = spec(sentence=lambda *_: sentence)
    for language in ("en", "ru"):
        with pytest.raises(
            PluginError, match=f"'acme-near' gave {said} for its sentence in '{language}'"
        ):
            segment().sentence(language, conditions=[silent])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Near Me"}, "'name' is 'Near Me'.*vendor.condition"),
        ({"name": "acme.near\n"}, "'name'"),
        ({"name": None}, "'name' is None"),
        ({"summary": ""}, "'summary' is ''"),
        ({"distribution": " "}, "'distribution'"),
        ({"settings": dict}, "'settings' is 'dict'.*pydantic.BaseModel"),
        ({"settings": Near()}, "'settings' is 'Near'"),
        ({"frame": None}, "'frame' is 'NoneType'.*a function"),
        ({"person": None}, "'person'"),
        ({"sentence": "live near"}, "'sentence' is 'str'"),
        (
            {"tables": ("reviews",)},
            "'tables' is .*'orders', 'order_items', 'customers'.*'snapshots'",
        ),
        ({"tables": ("costs",)}, "'tables'"),
        ({"tables": "orders"}, "'tables' is 'orders'.*a tuple of"),
        ({"tables": ["orders"]}, "'tables'"),
        ({"absent": "no"}, "'absent' is 'no'.*True, False or None"),
        ({"absent": 0}, "'absent'"),
    ],
)
def test_a_spec_that_can_never_work_is_refused_when_it_is_made(fields, said):
    with pytest.raises(DefinitionError, match=said):
        spec(**fields)


def test_a_spec_of_another_interface_is_refused_where_it_is_used():
    later = spec(api_version=2, tables=("reviews",))
    with pytest.raises(PluginError, match="written to version 2"):
        asked(later)


def test_a_table_that_a_plugin_needs_and_is_not_given_is_named_without_settings():
    needs = spec(tables=("orders", "events", "scores", "snapshots"))
    condition = near(km=7)
    said = r"'plugin' \('acme.near' of 'acme-near'\); given: orders"
    with pytest.raises(DefinitionError, match=f"'Near' needs the table 'events'.*{said}"):
        segment_members(ORDERS, segment=segment(condition), as_of=AT, conditions=[needs])
    said = r"needs the table 'events' \('acme.near' of 'acme-near'\); given: orders"
    with pytest.raises(DefinitionError, match=f"'plugin' {said}"):
        asked(needs, condition)
    scores = pl.LazyFrame({"customer_id": [1], "p": [0.5]})
    by_score = spec(
        tables=("scores",),
        frame=lambda _, tables, *__: tables["scores"].select(
            "customer_id", result=pl.col("p") > 0.1
        ),
    )
    assert sorted(table(by_score, scores=scores).collect().rows()) == [
        (1, True),
        (2, False),
        (3, False),
    ]


def test_one_spec_is_no_list_of_specs():
    for conditions in (spec(), None, [near()], 5):
        with pytest.raises(DefinitionError, match="a list of ConditionSpec"):
            is_member(segment(), ROWS, AT, conditions=conditions)
        with pytest.raises(DefinitionError, match="a list of ConditionSpec"):
            segment_members(ORDERS, segment=segment(), as_of=AT, conditions=conditions)


def test_a_plugin_stands_beside_other_conditions_on_both_paths():
    both = segment(near(km=3) & EventCount(at_least=1))
    found = segment_members(ORDERS, segment=both, as_of=AT, conditions=[spec()])
    assert sorted(found.collect().rows()) == [(1,), (2,)]
    assert is_member(both, ROWS, AT, conditions=[spec()]) is True
