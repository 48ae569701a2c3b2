"""What is found of a foreign table beside its headings: how cells are written, and returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl

from retention_kit.contracts.casts import cast_column
from retention_kit.contracts.cells import (
    Rewrite,
    date_rewrite,
    number_rewrite,
    plain,
    plain_numbers,
)
from retention_kit.contracts.matching import Cells
from retention_kit.contracts.meanings import Words
from retention_kit.contracts.reading import ISO_8601, Reading
from retention_kit.contracts.tables import DESCRIPTIONS, Column
from retention_kit.contracts.written import Marks, date_formats, unread

DATED = ("instant", "date", "month")
"""The kinds of columns that hold dates."""
NUMERIC = ("money", "number")
"""The kinds of columns that hold numbers."""


def alike_note(alike: int, heading: str) -> str:
    """Say that customers' ids differ in capitals and spaces alone."""
    return (
        f"{alike:,} ids under {heading!r} differ from another one in capitals and spaces alone, "
        "and are different customers. Make them alike, or name a column of ids."
    )


def find_rewrites(
    described: Mapping[str, Column],
    found: Mapping[str, str],
    sample: pl.DataFrame,
    cells: Cells,
    notes: list[str],
) -> dict[str, Rewrite]:
    """Say which columns of an export are made plain, now that it is known what they are."""
    rewrites: dict[str, Rewrite] = {}
    if not cells.of_export:
        return rewrites
    for name, heading in found.items():
        how = None
        if described[name].kind in NUMERIC:
            how = number_rewrite(sample[heading])
        elif described[name].kind in DATED:
            how = date_rewrite(sample[heading], described[name], typed=cells.typed)
        if how is not None:
            rewrites[name] = how
    told = {
        "numbers": "Currencies, brackets and minus signs at the end are taken off the numbers",
        "dates": "Cell by cell, Excel's numbers of days and dates in text are read as dates",
    }
    for kind, words in told.items():
        headings = [one.heading for one in rewrites.values() if one.kind == kind]
        if headings:
            notes.append(f"{words} under {', '.join(map(repr, headings))}.")
    return rewrites


def as_plain_numbers(sample: pl.DataFrame, heading: str, is_rewritten: bool) -> pl.Series:
    """Give a column of a sample as it is read, made plain where that is due."""
    if not is_rewritten:
        return sample[heading]
    return sample.select(plain_numbers(heading)).to_series()


def find_positive_returns(
    sample: pl.DataFrame,
    found: Mapping[str, str],
    words: Words,
    marks: Marks,
    rewrites: Mapping[str, Rewrite],
    notes: list[str],
) -> Literal["reject", "negate"]:
    """Tell whether no return has a negative amount, and some have one above zero."""
    kind, amount = found.get("kind"), found.get("amount")
    if kind is None or amount is None or "kind" in words.dropped:
        return "reject"
    meanings = words.meanings.get("kind", {})
    meant = {word for word, meaning in meanings.items() if meaning == "return"} or {"return"}
    returns = sample.filter(pl.col(kind).cast(pl.String).is_in(sorted(meant)))
    reading = Reading(time_zone="UTC", decimal_mark=marks.decimal, thousands_mark=marks.thousands)
    as_amount = as_plain_numbers(returns, amount, "amount" in rewrites).alias("amount").to_frame()
    column = DESCRIPTIONS["orders"].columns["amount"]
    read = cast_column("orders", column, as_amount.schema["amount"], reading)
    there = as_amount.select(read.value).to_series().drop_nulls()
    if there.is_empty() or (there < 0).any() or not (there > 0).any():
        return "reject"
    notes.append("All returns have positive amounts, and are taken as negative.")
    return "negate"


def find_format(
    column: Column,
    frame: pl.LazyFrame,
    heading: str,
    values: pl.Series,
    notes: list[str],
    rewrite: Rewrite | None,
) -> str | None:
    """Give the one format in which all dates of a column are written, once made plain."""
    if rewrite is not None and rewrite.kind == "dates":
        return ISO_8601
    if rewrite is not None:
        made = plain(heading, column, values.dtype, rewrite).alias(heading)
        frame, values = frame.with_columns(made), values.to_frame().select(made).to_series()
    likely = date_formats(values, column)
    if len(likely) > 1:
        notes.append(
            f"The dates of {column.name!r}, under {heading!r}, could be read in several ways: "
            f"{', '.join(map(repr, likely))}. State date_format."
        )
        return None
    for one in likely:
        wrong = frame.select(unread(heading, column, one)).collect(engine="streaming").item()
        if not wrong:
            return one
        notes.append(
            f"The dates of {column.name!r}, under {heading!r}, look like {one!r}, but {wrong:,} "
            "of them are not read by it. State date_format to have them rejected."
        )
    if not likely:
        notes.append(
            f"The dates of {column.name!r}, under {heading!r}, are not all written in one known "
            "way. State date_format."
        )
    return None
