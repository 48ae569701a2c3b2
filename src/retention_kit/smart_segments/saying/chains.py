"""One thing after another, said in order: what followed, within which time, and what did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Joins
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import SameAs, Sequence, Step, Without
from retention_kit.smart_segments.definitions.windows import Window, window_of


class GivesRows(Protocol):
    """What says which rows are meant, and nothing else yet."""

    def rows_alone(self) -> Rows:
        """Give the rows.

        Raises:
            DefinitionError: It says more than which rows.
        """
        ...


@dataclass(frozen=True, slots=True)
class Chain(Joins):
    """Steps in order; stands for a `Sequence`.

    Attributes:
        steps: The steps so far.
        window: When the first step was.
        which: Which of the first step's rows may begin.
        among: Whether first and last are looked for in the window or among all.
        quiet_for: For how long nothing of a kind follows the last step.
        if_unfinished: What it is while that time is not over.
    """

    steps: tuple[Step, ...]
    window: Window
    which: Literal["any", "first", "last"] = "any"
    among: Literal["window", "all"] = "window"
    quiet_for: str | None = None
    if_unfinished: Literal["no", "yes", "unknown"] = "no"

    def as_condition(self) -> Sequence:
        """Give the condition that this stands for."""
        return Sequence(
            steps=self.steps,
            window=self.window,
            which=self.which,
            among=self.among,
            quiet_for=self.quiet_for,
            unfinished=self.if_unfinished,
        )

    def followed_by(
        self,
        then: GivesRows,
        *,
        within: str | None = None,
        same: SameAs = (),
        without: GivesRows | Iterable[GivesRows] = (),
    ) -> Chain:
        """Add a step, strictly later than the one before.

        Args:
            then: What happened.
            within: How long after the step before at most.
            same: What it has in common with the first step: `"product_id"`.
            without: What there was none of between the two.
        """
        if self.quiet_for is not None or self.steps[-1].without:
            raise bad_parameter(
                "followed_by",
                got="a step after not_followed_by",
                allowed="not_followed_by last",
                step="followed_by(…, without=…) says what there was none of in between.",
            )
        between = tuple(Without(rows=one.rows_alone()) for one in _several(without))
        before = self.steps[-1].with_fields(without=between)
        step = Step(rows=then.rows_alone(), within=within, same=same)
        return replace(self, steps=(*self.steps[:-1], before, step))

    def not_followed_by(
        self, *what: GivesRows, within: str | None = None, same: SameAs = ()
    ) -> Chain:
        """Say what there was none of from the last step's instant on.

        Args:
            *what: Of which there was none; saying it again adds to it.
            within: For how long after the step; None is up to the instant of observation.
            same: What it would have in common with the first step.
        """
        if not what:
            raise bad_parameter("what", got="nothing", allowed="at least one: bought(), did(…)")
        before = self.steps[-1]
        if before.without and within != self.quiet_for:
            raise bad_parameter(
                "within", got=within, allowed=f"{self.quiet_for!r}, as what was said before"
            )
        more = tuple(Without(rows=one.rows_alone(), same=same) for one in what)
        step = before.with_fields(without=(*before.without, *more))
        return replace(self, steps=(*self.steps[:-1], step), quiet_for=within)

    def within(self, window: str | Window) -> Chain:
        """Say when the first step was: within the last `"30d"`, or in a window."""
        return replace(self, window=window_of(window))

    def starting(
        self,
        which: Literal["any", "first", "last"],
        *,
        among: Literal["window", "all"] = "window",
    ) -> Chain:
        """Say which of the first step's rows may begin; see `Sequence`."""
        return replace(self, which=which, among=among)

    def unfinished(self, answer: Literal["no", "yes", "unknown"]) -> Chain:
        """Say what it is while the time for what must not follow is not over; see `Sequence`."""
        return replace(self, if_unfinished=answer)


def _several(given: GivesRows | Iterable[GivesRows]) -> tuple[GivesRows, ...]:
    return tuple(given) if isinstance(given, Iterable) else (given,)
