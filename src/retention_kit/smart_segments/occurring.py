"""Which values a segment asks for, and whether the columns of a shop have them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from retention_kit.errors import DefinitionError, nearest_names
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.counting import EventAggregate
from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Consent,
    MessageEngagement,
    Score,
)
from retention_kit.smart_segments.definitions.moments import Anniversary, EndEvent, OfEvent
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Sequence
from retention_kit.smart_segments.definitions.values import Comparison, Where

_EXACTLY = ("equals", "in", "not_equals", "not_in")


def asked_by(condition: Condition) -> Iterator[tuple[str, Comparison]]:
    """Give the comparisons that a condition itself makes, each with the table of its column."""
    match condition:
        case Attribute():
            yield "customers", condition
        case Score():
            yield "scores", condition
        case Consent():
            yield "consents", Where(column="channel", value=condition.channel)
            if condition.purpose != "messages":
                yield "consents", Where(column="purpose", value=condition.purpose)
        case MessageEngagement():
            named = {"campaign": condition.campaign, "message_id": condition.message_id}
            for name, value in named.items():
                if value is not None:
                    yield "events", Where(column=name, value=value)
        case Sequence():
            for step in condition.steps:
                yield from _of_rows(step.rows)
        case Anniversary(of=OfEvent() as of):
            yield from _of_rows(of.rows)
        case _:
            rows = getattr(condition, "rows", None)
            if isinstance(rows, Rows):
                yield from _of_rows(rows)
                if isinstance(condition, EndEvent):
                    yield from ((rows.table, one) for one in condition.has)
                if isinstance(condition, EventAggregate):
                    yield from ((rows.table, one) for one in condition.of)


def _of_rows(rows: Rows) -> Iterator[tuple[str, Comparison]]:
    yield from ((rows.table, one) for one in rows.where)


@dataclass(slots=True)
class Known:
    """The values that columns have, each column read when it is first asked of.

    Attributes:
        segment: The segment's name, for messages.
        tables: The tables by name, each in parts.
        values: By table and column, the values read so far.
    """

    segment: str
    tables: Mapping[str, list[pl.LazyFrame]]
    values: dict[tuple[str, str], set[str | int] | None] = field(default_factory=dict)

    def check(self, table: str, comparison: Comparison) -> None:
        """Raise where a column never has what it is compared with.

        Raises:
            DefinitionError: It has not.
        """
        if comparison.operator not in _EXACTLY:
            return
        if table == "scores" and not self._has(table, comparison.column):
            table = "customers"
        known = self._values_of(table, comparison.column)
        operands = comparison.values or (comparison.value,)
        kinds = {type(one) for one in known or ()} | {type(one) for one in operands}
        if known is None or len(kinds) > 1:
            return  # what cannot be compared at all is told where it is evaluated
        alike = {_alike(one, comparison.fold) for one in known}
        missing = [one for one in operands if _alike(one, comparison.fold) not in alike]
        if missing:
            self._raise(table, comparison.column, missing[0], known)

    def _raise(self, table: str, column: str, value: object, known: set[str | int]) -> None:
        near = nearest_names(str(value), (str(one) for one in known))
        hint = f" Nearest that do: {', '.join(map(repr, near))}." if near else ""
        raise DefinitionError(
            f"Segment {self.segment!r} asks for {value!r} in column {column!r} of table "
            f"{table!r}, where it never occurs.{hint} Next step: mend the value, or check=False "
            "where it is yet to come.",
            parameter=column,
        )

    def _has(self, table: str, column: str) -> bool:
        return any(column in part.collect_schema() for part in self.tables.get(table, ()))

    def _values_of(self, table: str, column: str) -> set[str | int] | None:
        if (table, column) not in self.values:
            self.values[table, column] = self._read(table, column)
        return self.values[table, column]

    def _read(self, table: str, column: str) -> set[str | int] | None:
        """Read the values of a column of texts or ids; None where it is neither, or not there."""
        parts = [part for part in self.tables.get(table, ()) if column in part.collect_schema()]
        if not parts:
            return None
        dtype = parts[0].collect_schema()[column]
        is_text = dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum)
        if not is_text and not (dtype == pl.Int64 and column.endswith("_id")):
            return None
        value = pl.col(column).cast(pl.String) if is_text else pl.col(column)
        found = pl.concat([part.select(value.unique()) for part in parts])
        values = found.select(pl.col(column).unique()).collect(engine="streaming").to_series()
        return set(values.drop_nulls().to_list())


def _alike(value: object, fold: bool) -> object:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value)
    return text.lower().replace("ё", "е") if fold else text
