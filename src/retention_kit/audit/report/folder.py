"""The audit as a folder: a star schema as CSV and Parquet, and every picture as SVG."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from retention_kit.audit.report.cards import figure_key
from retention_kit.audit.report.contents import report_sections
from retention_kit.audit.report.numbers import Language
from retention_kit.audit.report.safe import escape_formulas
from retention_kit.audit.report.words import Words

if TYPE_CHECKING:
    from retention_kit.audit.model import Findings

UNKNOWN = 0
"""The key of what has no name, in every dimension."""
_KEYED = ("channel", "manager", "category", "state", "step")
_OF_A_CUSTOMER = ("customer_id", "first_name", "last_name", "email", "phone", "city")


@dataclass(frozen=True, slots=True)
class Star:
    """A star schema: facts with keys into dimensions.

    Attributes:
        tables: Dimensions (`dim_…`), facts (`fact_…`) and rejected rows, by name.
        relationships: From which column of a fact to which of a dimension, many to one.
    """

    tables: dict[str, pl.DataFrame]
    relationships: tuple[tuple[str, str], ...]


def write_folder(
    audit: Findings, folder: str | os.PathLike[str], *, language: Language = "en"
) -> None:
    """Write every table and picture of an audit into a folder.

    Args:
        audit: The audit.
        folder: Where to write; it is made if need be, and files there are replaced.
        language: Of titles, pictures and month names. Names of files and columns do not change
            with it, so that a Power BI report can be refreshed.

    Raises:
        DefinitionError: There is no such language.

    Notes:
        `csv/` and `parquet/` hold the same tables, `pictures/` the SVGs, `model.json` the columns
        and relationships. In CSV, text that a spreadsheet would run as a formula begins with an
        apostrophe; Parquet holds it as it is.
    """
    root = Path(folder)
    made = star(audit, language=language)
    for name in ("csv", "parquet", "pictures"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, frame in made.tables.items():
        frame.write_parquet(root / "parquet" / f"{name}.parquet")
        # The mark at the start tells Excel that the text is UTF-8.
        escape_formulas(_flat(frame)).write_csv(root / "csv" / f"{name}.csv", include_bom=True)
    for section in report_sections(audit, language=language).values():
        for picture in section.pictures:
            path = root / "pictures" / f"{section.name}-{picture.name}.svg"
            path.write_text(picture.svg(), encoding="utf-8")
    model = {
        "tables": {
            name: {column: str(dtype) for column, dtype in frame.schema.items()}
            for name, frame in made.tables.items()
        },
        "relationships": [
            {"from": fact, "to": dimension, "cardinality": "many to one"}
            for fact, dimension in made.relationships
        ],
    }
    text = json.dumps(model, indent=2, ensure_ascii=False)
    (root / "model.json").write_text(text + "\n", encoding="utf-8")
    readme = Words.of(language, audit.currency).get("files", "readme")
    (root / "README.txt").write_text(readme + "\n", encoding="utf-8")


def star(audit: Findings, *, language: Language = "en") -> Star:
    """Divide the tables of an audit into dimensions and facts.

    Args:
        audit: The audit.
        language: Of titles and of the names of months.

    Returns:
        `dim_date` and `dim_figure` always; `dim_channel`, `dim_manager`, `dim_category`,
        `dim_state`, `dim_step`, `dim_product` and `dim_customer` where a table names them; one
        `fact_…` per table of the audit. The key 0 stands for what has no name.
    """
    words = Words.of(language, audit.currency)
    facts = {
        name: frame for name, frame in audit.tables.items() if not name.startswith("rejected_")
    }
    dimensions: dict[str, pl.DataFrame] = {
        "dim_date": _dates(audit, words),
        "dim_figure": _figures(audit, words),
    }
    links: list[tuple[str, str]] = []
    for column in _KEYED:
        _take_out(column, facts, dimensions, links, words)
    _take_out_products(facts, dimensions, links)
    _take_out_customers(facts, dimensions, links)
    for name, frame in facts.items():
        dated = [column for column, dtype in frame.schema.items() if dtype == pl.Date]
        links.extend((f"fact_{name}.{column}", "dim_date.date") for column in dated)
    if "trends" in facts:
        links.append(("fact_trends.name", "dim_figure.name"))
    rejected = {name: frame for name, frame in audit.tables.items() if name.startswith("rejected_")}
    tables = {
        **dimensions,
        **{f"fact_{name}": frame for name, frame in facts.items()},
        **rejected,
    }
    return Star(tables, tuple(links))


def _take_out(
    column: str,
    facts: dict[str, pl.DataFrame],
    dimensions: dict[str, pl.DataFrame],
    links: list[tuple[str, str]],
    words: Words,
) -> None:
    """Move the names in a column into a dimension, and leave their keys."""
    columns = (column, f"{column}_before")
    homes = [(name, own) for name in facts for own in columns if own in facts[name].columns]
    if not homes:
        return
    key = f"{column}_key"
    values = pl.concat([facts[name][own].cast(pl.String).alias(column) for name, own in homes])
    known = values.drop_nulls().unique().sort()
    codes = [None, *known]
    dimensions[f"dim_{column}"] = pl.DataFrame(
        {
            key: range(len(codes)),
            column: codes,
            "title": [words.named(column, code) for code in codes],
        },
        schema={key: pl.Int64, column: pl.String, "title": pl.String},
    )
    lookup = dict(zip(known, range(1, len(codes)), strict=True))
    for name, own in homes:
        own_key = f"{own}_key"
        facts[name] = (
            facts[name]
            .with_columns(
                pl.col(own)
                .cast(pl.String)
                .replace_strict(lookup, default=UNKNOWN, return_dtype=pl.Int64)
            )
            .rename({own: own_key})
        )
        links.append((f"fact_{name}.{own_key}", f"dim_{column}.{key}"))


def _take_out_products(
    facts: dict[str, pl.DataFrame],
    dimensions: dict[str, pl.DataFrame],
    links: list[tuple[str, str]],
) -> None:
    if "products" not in facts:
        return
    described = [name for name in ("product_id", "name") if name in facts["products"].columns]
    numbered = facts["products"].with_row_index("product_key", offset=1)
    key = pl.when(pl.col("product_id").is_null()).then(UNKNOWN).otherwise("product_key")
    numbered = numbered.with_columns(key.cast(pl.Int64).alias("product_key"))
    dimensions["dim_product"] = numbered.select("product_key", *described)
    facts["products"] = numbered.drop(described)
    links.append(("fact_products.product_key", "dim_product.product_key"))


def _take_out_customers(
    facts: dict[str, pl.DataFrame],
    dimensions: dict[str, pl.DataFrame],
    links: list[tuple[str, str]],
) -> None:
    if "churned_customers" not in facts:
        return
    frame = facts["churned_customers"].with_row_index("customer_key", offset=1)
    described = [name for name in _OF_A_CUSTOMER if name in frame.columns]
    frame = frame.with_columns(pl.col("customer_key").cast(pl.Int64))
    dimensions["dim_customer"] = frame.select("customer_key", *described)
    if "last_order_at" in frame.columns:
        frame = frame.with_columns(last_order_on=pl.col("last_order_at").dt.date())
    facts["churned_customers"] = frame.drop(described)
    links.append(("fact_churned_customers.customer_key", "dim_customer.customer_key"))


def _dates(audit: Findings, words: Words) -> pl.DataFrame:
    first = min([audit.data_from.date(), *_dates_in(audit)]).replace(day=1)
    last = max([audit.as_of.date(), *_dates_in(audit)])
    days = pl.date_range(first, last, "1d", eager=True).alias("date")
    day = pl.col("date")
    names = {number: words.numbers.month_name(number) for number in range(1, 13)}
    weekdays = {number: words.numbers.slot("weekday", number) for number in range(1, 8)}
    return (
        days.to_frame()
        .with_columns(
            year=day.dt.year().cast(pl.Int64),
            quarter=day.dt.quarter().cast(pl.Int64),
            month=day.dt.month().cast(pl.Int64),
            month_start=day.dt.month_start(),
            iso_year=day.dt.iso_year().cast(pl.Int64),
            week=day.dt.week().cast(pl.Int64),
            weekday=day.dt.weekday().cast(pl.Int64),
        )
        .with_columns(
            month_name=pl.col("month").replace_strict(names, return_dtype=pl.String),
            weekday_name=pl.col("weekday").replace_strict(weekdays, return_dtype=pl.String),
        )
    )


def _dates_in(audit: Findings) -> list[dt.date]:
    found: list[dt.date] = []
    for frame in audit.tables.values():
        for column, dtype in frame.schema.items():
            if dtype == pl.Date:
                known = frame[column].drop_nulls()
                found.extend([known.min(), known.max()] if known.len() else [])  # type: ignore[list-item]
    return found


def _figures(audit: Findings, words: Words) -> pl.DataFrame:
    """Describe the key figures, once by name, as they are counted in sales where they are."""
    rows: dict[str, tuple[str, str, str, str]] = {}
    for figure in sorted(audit.key_figures, key=lambda one: one.view != "sales"):
        key = figure_key(figure, words)
        title = words.get("figures", key, "title")
        told = words.get("figures", key, "definition", default=figure.definition)
        rows.setdefault(figure.name, (figure.name, title, figure.unit, told))
    if "trends" in audit.tables:
        for name in audit.tables["trends"]["name"].unique().sort():
            key = name if words.has("figures", name, "title") else f"{name}_net"
            title = words.get("figures", key, "title", default=name)
            told = words.get("figures", key, "definition", default="")
            rows.setdefault(name, (name, title, "", told))
    names = ("name", "title", "unit", "definition")
    return pl.DataFrame(list(rows.values()), schema=dict.fromkeys(names, pl.String), orient="row")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Write what CSV has no form for as text."""
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    if not nested:
        return frame
    return frame.with_columns(
        pl.Series(name, [str(value) for value in frame[name]], dtype=pl.String) for name in nested
    )
