"""One thing after another: steps in order, each within a time, with nothing of a kind between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pydantic

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Condition, Part
from retention_kit.smart_segments.definitions.lengths import LengthText
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.windows import AllTime, Window

_MOST_STEPS = 10


class Same(Part):
    """A column of this row equals a column of an earlier step's row; missing values equal nothing.

    Attributes:
        column: The column of this row.
        of: The column of the earlier row; None is the same name.
        step: Which step's row, counted from 0.
    """

    column: str = pydantic.Field(min_length=1)
    of: str | None = None
    step: int = pydantic.Field(default=0, ge=0, strict=True)

    @property
    def of_column(self) -> str:
        """The column of the earlier row."""
        return self.of or self.column


SameAs = str | Same | Iterable[str | Same]
"""What rows have in common: names of columns, or `Same` where it is not the first step's."""


def _same_of(value: Any) -> Any:
    """Let a name stand for the column of that name of the first step's row."""
    if isinstance(value, str | Same):
        value = (value,)
    if isinstance(value, Iterable) and not isinstance(value, dict):
        return tuple(Same(column=one) if isinstance(one, str) else one for one in value)
    return value


class Without(Part):
    """Rows of which there must be none after a step.

    Attributes:
        rows: Which rows.
        same: What they have in common with earlier steps, the one they follow included.
    """

    if TYPE_CHECKING:

        def __init__(self, *, rows: Rows, same: SameAs = ()) -> None: ...

    rows: Rows
    same: tuple[Same, ...] = ()

    _names = pydantic.field_validator("same", mode="before")(_same_of)


class Step(Part):
    """One step of a sequence.

    Attributes:
        rows: Which rows can be the step.
        within: How long after the step before it at most: earlier than that step's instant moved
            by this length. None is any time. None on the first step.
        same: What the row has in common with earlier steps.
        without: What there is none of after this step's instant, that instant included, up to the
            next step's instant, that included too; after the last step, up to `quiet_for`.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            rows: Rows,
            within: str | None = None,
            same: SameAs = (),
            without: Iterable[Without] = (),
        ) -> None: ...

    rows: Rows
    within: LengthText | None = None
    same: tuple[Same, ...] = ()
    without: tuple[Without, ...] = ()

    _names = pydantic.field_validator("same", mode="before")(_same_of)


class Sequence(Condition):
    """Steps in order: there are rows, one for each step, each strictly later than the one before.

    The first step's row lies in `window`; `which` says whether any such row may begin, or only the
    first or the last of them by instant (of several at one instant, any). With `among="all"` the
    first or last is looked for among all rows before the instant of observation, and must then lie
    in the window. After the last step there is none of its `without` from its instant (included)
    up to `quiet_for` later, or up to the instant of observation. Where `quiet_for` is not over at
    the instant of observation and there has been none so far, `unfinished` says what that is:
    `no` is no match, `yes` is one, `unknown` makes the condition unknown unless another match is
    complete.

    Attributes:
        steps: One to ten steps.
        window: When the first step was.
        which: Which of its rows may begin.
        among: Whether first and last are looked for in the window or among all.
        quiet_for: For how long after the last step there is none of its `without`; None is up to
            the instant of observation.
        unfinished: What it is while that time is not over.
    """

    TYPE: ClassVar[str] = "sequence"

    type: Literal["sequence"] = "sequence"
    steps: tuple[Step, ...] = pydantic.Field(min_length=1, max_length=_MOST_STEPS)
    window: Window = AllTime()
    which: Literal["any", "first", "last"] = "any"
    among: Literal["window", "all"] = "window"
    quiet_for: LengthText | None = None
    unfinished: Literal["no", "yes", "unknown"] = "no"

    @pydantic.model_validator(mode="after")
    def _refers_back(self) -> Self:
        if self.steps[0].within is not None:
            raise bad_parameter(
                "within", got=self.steps[0].within, allowed="None on the first step"
            )
        for place, step in enumerate(self.steps):
            for same in step.same:
                _check_step(same, below=place)
            for without in step.without:
                for same in without.same:
                    _check_step(same, below=place + 1)
        for step in self.steps:
            for without in step.without:
                _check_own(step.rows, without)
        if self.quiet_for is not None and not self.steps[-1].without:
            raise bad_parameter(
                "quiet_for", got=self.quiet_for, allowed="None where the last step has no 'without'"
            )
        if len(self.steps) == 1 and not self.steps[0].without:
            raise bad_parameter(
                "steps",
                got="one step without 'without'",
                allowed="two steps, or one with what does not follow it",
                step="EventCount(rows=…, at_least=1) asks whether there is a row.",
            )
        if self.among == "all" and self.which == "any":
            raise bad_parameter("among", got="all", allowed="'all' with which='first' or 'last'")
        return self


_SURELY_WITH = {"order_items": "orders", "returned_items": "returns"}
"""What surely stands at the instant of a line: its order."""


def _check_own(rows: Rows, without: Without) -> None:
    """Raise where a step's own row, or the order of its line, is what must not follow it.

    What must not follow is looked for from the step's own instant on, that instant included.
    """
    other = without.rows
    same_row = other.source == rows.source and set(other.where) <= set(rows.where)
    own_order = other.source == _SURELY_WITH.get(rows.source) and not other.where
    if without.same or (other.net and not rows.net) or not (same_row or own_order):
        return
    raise bad_parameter(
        "without",
        got="rows that the step itself is one of",
        allowed="what the step is not: nothing would ever match, as its own instant counts",
        step="LastEvent says when the last one was: bought().last().between('1y', '30d'); "
        "Lapsed says that there was none since.",
    )


def _check_step(same: Same, *, below: int) -> None:
    if same.step >= below:
        raise bad_parameter(
            "step",
            got=same.step,
            allowed=f"an earlier step: 0 to {below - 1}" if below else "no reference: it is first",
        )
