import dataclasses
import datetime as dt
import zipfile

import polars as pl
import pytest

from retention_kit import Dataset
from retention_kit.audit import audit
from retention_kit.audit.plugged import plugged_sections
from retention_kit.errors import DefinitionError, PluginError
from retention_kit.plugins import SectionSpec

AS_OF = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def shop():
    return Dataset.from_frames(
        orders=[
            {
                "order_id": number,
                "customer_id": number % 3,
                "ordered_at": dt.datetime(2025, 1, number, tzinfo=dt.UTC),
                "amount": 10 * number,
            }
            for number in range(1, 9)
        ],
        currency="EUR",
    )


def by_weekday(tables, as_of):
    day = pl.col("ordered_at").dt.weekday().alias("weekday")
    counted = tables["orders"].filter(pl.col("ordered_at") < as_of).group_by(day).len("orders")
    dated = counted.with_columns(
        first_day=pl.lit(dt.date(2025, 1, 6)),
        ratio=pl.lit(float("nan")),
        contact=pl.lit("ann@example.com"),
    )
    return {"По дням: <b>": dated.sort("weekday").collect(), "=None": pl.DataFrame({"n": [1]})}


def says(tables, language):
    assert "ann@example.com" not in str(tables["По дням: <b>"].to_dicts())
    if language == "ru":
        return "Дни недели", "Один абзац."
    return "Days of <the> week", ["First paragraph.", "Second <i>paragraph</i>."]


SPEC = SectionSpec(
    name="acme.days",
    summary="orders by the day of the week",
    api_version=1,
    tables=by_weekday,
    text=says,
)


def failing(*_):
    raise KeyError("ann@example.com")


@pytest.fixture(scope="module")
def result(shop):
    broken = dataclasses.replace(SPEC, name="acme.broken", tables=failing)
    needy = dataclasses.replace(SPEC, name="acme.needy", tables=failing, needs=("reviews",))
    return audit(shop, as_of=AS_OF, sections=[broken, needy, SPEC])


def test_its_tables_stand_among_the_audit_s(result):
    assert result.tables["acme.days.1"]["orders"].sum() == 8
    assert result.to_dict()["acme.days.2"] == [{"n": 1}]
    assert result.to_dict()["acme.days.1"][0]["ratio"] is None
    assert "acme.days.1" in result.to_json()
    assert [one.name for one in result.plugged] == ["acme.days"]


def test_one_that_fails_is_a_note_and_not_a_crash(result):
    (note,) = [one for one in result.notes if one.code == "section_failed"]
    assert dict(note.values) == {"section": "acme.broken", "error": "KeyError"}
    assert any("section acme.broken" in one for one in result.warnings)
    assert "ann@" not in str(result.warnings)
    assert not any(name.startswith(("acme.broken", "acme.needy")) for name in result.tables)


@pytest.fixture(scope="module")
def short(result):
    """The audit without what is not asked here: pictures take long to draw."""
    kept = {"actions", "key_figures", "data_health", "trends"}
    tables = {name: table for name, table in result.tables.items() if name in kept or "." in name}
    return dataclasses.replace(result, tables=tables)


def test_it_stands_in_the_page_in_both_languages_as_plain_text(short):
    page = short.to_html()
    assert "Days of &lt;the&gt; week" in page
    assert "Second &lt;i&gt;paragraph&lt;/i&gt;." in page
    assert "По дням: &lt;b&gt;" in page
    assert "Один абзац." in page
    assert 'href="#acme.days-en"' in page
    assert "The section acme.broken, which a plugin brings, failed with a KeyError" in page
    assert "Раздел acme.broken" in page


def test_it_shows_itself_before_the_advice(short):
    names = list(short.sections(language="ru"))
    assert names.index("acme.days") == names.index("actions") - 1
    assert "Один абзац." in short.sections(language="ru")["acme.days"]._repr_html_()


def test_it_stands_in_the_workbook_and_in_the_folder(short, tmp_path):
    short.to_excel(tmp_path / "report.xlsx")
    with zipfile.ZipFile(tmp_path / "report.xlsx") as book:
        sheets = book.read("xl/workbook.xml").decode()
    assert "По дням" in sheets
    short.to_folder(tmp_path / "folder")
    assert pl.read_parquet(tmp_path / "folder/parquet/fact_acme.days.1.parquet").height == 7


@pytest.mark.parametrize(
    "tables",
    [
        [],
        {"a": pl.LazyFrame({"a": [1]})},
        {"a": pl.DataFrame({"a": [[1]]})},
        {"a": pl.DataFrame({"a": [dt.timedelta(1)]})},
    ],
)
def test_tables_that_no_report_can_hold_are_a_failure(shop, tables):
    spec = dataclasses.replace(SPEC, tables=lambda *_: tables, text=lambda *_: ("a", []))
    assert [one.code for one in asked(shop, spec)[2]] == ["section_failed"]


@pytest.mark.parametrize("text", ["no", ("", []), ("title", [1]), (1, [])])
def test_text_that_is_none_is_a_failure(shop, text):
    spec = dataclasses.replace(SPEC, text=lambda *_: text)
    assert [one.code for one in asked(shop, spec)[2]] == ["section_failed"]


def test_what_is_no_section_is_told_at_once(shop):
    with pytest.raises(DefinitionError, match="list of SectionSpec"):
        asked(shop, "acme.days")
    with pytest.raises(DefinitionError, match="each section once"):
        asked(shop, SPEC, SPEC)
    with pytest.raises(PluginError, match="version 3"):
        asked(shop, dataclasses.replace(SPEC, api_version=3))


def asked(shop, *specs):
    return plugged_sections(shop, specs, as_of=AS_OF, show_contacts=False)
