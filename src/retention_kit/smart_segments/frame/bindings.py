"""What later rows of a sequence have in common with earlier ones, as keys of a join.

A binding is a column of an earlier step's row that something later refers to. It travels with the
matches so far, in one type for all that compare with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import polars as pl

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Same, Step
from retention_kit.smart_segments.definitions.sequences import Sequence as Pattern
from retention_kit.smart_segments.frame.exact import in_units, is_exact
from retention_kit.smart_segments.frame.given import Column, Given
from retention_kit.smart_segments.frame.texts import as_text, is_text


class Binding(NamedTuple):
    """A column of a step's row that is referred to later.

    Attributes:
        step: Which step's row.
        column: The column.
    """

    step: int
    column: str

    @property
    def name(self) -> str:
        """The name of the column that carries it."""
        return f"__of_{self.step}_{self.column}"

    @property
    def is_known(self) -> str:
        """The name of the column that says whether it has a value."""
        return f"__known_{self.step}_{self.column}"


def refers(same: Same) -> Binding:
    """Give what a reference refers to."""
    return Binding(same.step, same.of_column)


class Bindings:
    """The bindings of a sequence: who needs them, and how they are compared.

    Args:
        pattern: The sequence.
        given: The tables.

    Raises:
        DefinitionError: A column is unknown, or two are compared that are never equal.
    """

    def __init__(self, pattern: Pattern, given: Given) -> None:
        self._steps = pattern.steps
        self._given = given
        self._scales: dict[Binding, int] = {}
        self._large: set[Binding] = set()
        self._kinds: dict[Binding, str | None] = {}
        for binding, rows, column in _references(pattern.steps):
            here = given.column(rows.table, column)
            there = given.column(pattern.steps[binding.step].rows.table, binding.column)
            self._note(binding, there, here)

    def carried(self, step: int) -> list[Binding]:
        """Give what matches up to a step carry on: what later steps, or what must not follow, need.

        Args:
            step: The last step that is matched.
        """
        needed = [
            refers(same)
            for place, later in enumerate(self._steps)
            for same in (
                *(later.same if place > step else ()),
                *(same for without in later.without if place >= step for same in without.same),
            )
        ]
        return list(dict.fromkeys(one for one in needed if one.step <= step))

    def after(self, step: int) -> list[Binding]:
        """Give what matches carry on to the step after one, past what must not come between."""
        later = {refers(same) for one in self._steps[step + 1 :] for same in one.same}
        for one in self._steps[step + 1 :]:
            later |= {refers(same) for without in one.without for same in without.same}
        return [one for one in self.carried(step) if one in later]

    def must_be_known(self, binding: Binding) -> bool:
        """Say whether a step refers to it, so that nothing matches where it has no value."""
        return any(refers(same) == binding for step in self._steps for same in step.same)

    def key(self, binding: Binding, rows: Rows, column: str) -> pl.Expr:
        """Give a column of some rows as it is compared with a binding; null equals nothing."""
        found = self._given.column(rows.table, column)
        kind = self._kinds[binding]
        if found.dtype is None or kind is None:
            return pl.lit(None, dtype=pl.Int64)
        if kind == "text":
            return as_text(found.value, found.dtype)
        if kind == "number":
            units, _, scale = in_units(found.value, found.dtype)
            power = self._scales[binding] - scale
            wide = pl.Int128 if binding in self._large else pl.Int64
            return units.cast(wide) * pl.lit(10**power, dtype=wide)
        if kind == "float":
            # Nought and minus nought are equal.
            return found.present.cast(pl.Float64) + 0.0
        return found.value.dt.epoch("us") if kind == "instant" else found.value

    def filled(self, binding: Binding, key: pl.Expr) -> pl.Expr:
        """Give a key with some value where it has none, so that it can be joined by."""
        some: dict[str | None, object] = {
            "text": "",
            "float": 0.0,
            "truth": False,
            "date": dt.date(1970, 1, 1),
        }
        return key.fill_null(pl.lit(some.get(self._kinds[binding], 0)))

    def _note(self, binding: Binding, there: Column, here: Column) -> None:
        kinds = [_kind(one.dtype) for one in (there, here) if one.dtype is not None]
        if len(kinds) == 2 and (kinds[0] != kinds[1] or kinds[0] is None):
            raise DefinitionError(
                f"Column {here.name!r} of table {here.table!r} is {here.dtype}, and a sequence "
                f"compares it with {there.name!r} of {there.table!r}, which is {there.dtype}. "
                "Allowed: columns of one kind. Next step: mend 'same', or a column's type.",
                parameter="same",
            )
        if kinds and self._kinds.get(binding) is None:
            self._kinds[binding] = kinds[0]
        self._kinds.setdefault(binding, None)
        for one in (there, here):
            scale = getattr(one.dtype, "scale", 0)
            self._scales[binding] = max(self._scales.get(binding, 0), scale)
            if scale or one.dtype in (pl.UInt64, pl.Int128):
                self._large.add(binding)


def _references(steps: Sequence[Step]) -> Iterator[tuple[Binding, Rows, str]]:
    """Give what is referred to, and the rows and the column that refer to it."""
    for step in steps:
        yield from _of(step.rows, step.same)
        for without in step.without:
            yield from _of(without.rows, without.same)


def _of(rows: Rows, sames: Iterable[Same]) -> Iterator[tuple[Binding, Rows, str]]:
    for same in sames:
        yield refers(same), rows, same.column


def _kind(dtype: pl.DataType | None) -> str | None:
    if dtype is None:
        return None
    if is_text(dtype):
        return "text"
    if dtype.is_float():
        return "float"
    if is_exact(dtype):
        return "number"
    if isinstance(dtype, pl.Datetime):
        return "instant"
    return {pl.Boolean: "truth", pl.Date: "date"}.get(type(dtype))
