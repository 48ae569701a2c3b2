"""Named segments as data: rules over scores that leave no gap and do not overlap."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import polars as pl
import pydantic

from retention_kit.contracts.law import Frame
from retention_kit.contracts.saved import SavedModel
from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.rfm.presets import (
    FIVE_LEVELS,
    FIVE_LEVELS_PLAYS,
    THREE_LEVELS,
    THREE_LEVELS_PLAYS,
)
from retention_kit.rfm.scorers import SCORES, Best, RFMScorer, check_kind, check_scorer, check_table

NO_PURCHASES = "no purchases"
"""The segment of who has no purchase in the window, and so no scores."""
SEGMENT = "segment"
_MOST_LEVELS = 20
_SHOWN = 12
_DIMENSIONS = ("recency", "frequency", "monetary")
Span = tuple[pydantic.StrictInt, pydantic.StrictInt]


class RFMRule(SavedModel):
    """Scores that make a segment; a segment may have several rules.

    Attributes:
        segment: The segment's name.
        recency: The recency scores it takes: one, or the first and the last; None takes any.
        frequency: The frequency scores.
        monetary: The monetary scores.
        play: What to do with the segment's customers; of several rules, one need say it.
    """

    FORMAT: ClassVar[str] = "retention_kit.rfm_rule"

    segment: str = pydantic.Field(min_length=1)
    recency: Span | None = None
    frequency: Span | None = None
    monetary: Span | None = None
    play: str | None = None

    @pydantic.field_validator(*_DIMENSIONS, mode="before")
    @classmethod
    def _one_is_a_span(cls, value: object) -> object:
        is_one = isinstance(value, int) and not isinstance(value, bool)
        return (value, value) if is_one else value

    @pydantic.model_validator(mode="after")
    def _is_in_order(self) -> RFMRule:
        if not self.segment.strip():
            raise bad_parameter("segment", got=self.segment, allowed="a name, not spaces alone")
        if self.segment == NO_PURCHASES:
            raise bad_parameter(
                "segment", got=NO_PURCHASES, allowed="another name; who has no scores is in it"
            )
        for name, span in zip(_DIMENSIONS, self.spans, strict=True):
            if span is not None and not 1 <= span[0] <= span[1]:
                raise bad_parameter(
                    name, got=span, allowed="a score, or the first and the last, from 1 on"
                )
        return self

    @property
    def spans(self) -> tuple[Span | None, Span | None, Span | None]:
        """The scores of recency, frequency and monetary value that it takes."""
        return self.recency, self.frequency, self.monetary

    def takes(self, ending: str = "") -> pl.Expr:
        """Say of scores, whose columns may have an ending, whether the rule takes them."""
        tests = [
            pl.col(score + ending).is_between(*span)
            for score, span in zip(SCORES, self.spans, strict=True)
            if span is not None
        ]
        return pl.all_horizontal(tests) if tests else pl.lit(value=True)


class RFMSegments(SavedModel):
    """Segments by scores, checked when built: each combination of scores is in exactly one.

    Attributes:
        best: The direction of the scores, as the scorer's.
        levels: How many levels recency, frequency and monetary value have; None where it is not
            looked at.
        rules: The rules; segments stand in the order in which they first name them, best first.

    Raises:
        DefinitionError: A combination of scores is in no segment or in several, which the message
            names; or a rule takes scores that there are not.

    Examples:
        >>> segments = RFMSegments(
        ...     best="low",
        ...     levels=(3, None, None),
        ...     rules=[
        ...         RFMRule(segment="here", recency=1),
        ...         RFMRule(segment="gone", recency=(2, 3), play="Write to them."),
        ...     ],
        ... )
        >>> segments.codes
        {'here': ('1**',), 'gone': ('2**', '3**')}
    """

    FORMAT: ClassVar[str] = "retention_kit.rfm_segments"

    best: Best
    levels: tuple[pydantic.StrictInt | None, pydantic.StrictInt | None, pydantic.StrictInt | None]
    rules: tuple[RFMRule, ...]

    @pydantic.model_validator(mode="after")
    def _is_a_partition(self) -> RFMSegments:
        if not self._looked_at:
            raise bad_parameter("levels", got=self.levels, allowed="at least one that is not None")
        for levels in self.levels:
            if levels is not None and not 2 <= levels <= _MOST_LEVELS:
                raise bad_parameter(
                    "levels", got=self.levels, allowed=f"2 to {_MOST_LEVELS}, or None, for each"
                )
        for rule in self.rules:
            self._check_rule(rule)
            if rule.play is not None and rule.play != self.plays[rule.segment]:
                raise bad_parameter(
                    "play", got=rule.play, allowed=f"one play for all rules of {rule.segment!r}"
                )
        self._check_every_code()
        return self

    @classmethod
    def three_levels(cls) -> RFMSegments:
        """Give the segments of 3 × 3 × 3 scores, 1 the best: 111 are the best customers.

        Examples:
            >>> RFMSegments.three_levels().names[:3]
            ('best', 'loyal', 'big spenders')
        """
        return cls(best="low", levels=(3, 3, 3), rules=_rules(THREE_LEVELS, THREE_LEVELS_PLAYS))

    @classmethod
    def five_levels(cls) -> RFMSegments:
        """Give the eleven segments of 5 × 5 scores of recency and frequency, 5 the best.

        Monetary value is not looked at, and may have any number of levels.

        Examples:
            >>> RFMSegments.five_levels().names[:3]
            ('champions', 'loyal', 'potential loyal')
        """
        return cls(best="high", levels=(5, 5, None), rules=_rules(FIVE_LEVELS, FIVE_LEVELS_PLAYS))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the segments, in their order."""
        return tuple(dict.fromkeys(rule.segment for rule in self.rules))

    @property
    def plays(self) -> dict[str, str]:
        """By segment, what to do with its customers, of those that say it."""
        return {rule.segment: rule.play for rule in self.rules if rule.play is not None}

    @property
    def codes(self) -> dict[str, tuple[str, ...]]:
        """By segment, the codes of the scores that are in it; `*` stands for any."""
        found: dict[str, list[str]] = {name: [] for name in self.names}
        for code, takers in self._takers():
            found[takers[0]].append(code)
        return {name: tuple(codes) for name, codes in found.items()}

    def check(self, scorer: RFMScorer) -> None:
        """Raise where a scorer's scores are not those that the segments are made of.

        Raises:
            DefinitionError: It is no scorer, or the direction or the number of levels is another.
        """
        check_scorer(scorer)
        if scorer.best != self.best:
            raise bad_parameter(
                "scorer",
                got=f"best={scorer.best!r}",
                allowed=f"a scorer with best={self.best!r}, as the segments have it",
                step="fit one in that direction, or take other segments.",
            )
        for name, wanted, levels in zip(_DIMENSIONS, self.levels, scorer.levels, strict=True):
            if wanted is not None and wanted != levels:
                raise bad_parameter(
                    "scorer",
                    got=f"{levels} levels of {name}",
                    allowed=f"{wanted}, as the segments have them",
                    step=f"fit one whose levels are {self.levels}, or take other segments.",
                )

    def assign(self, scored: Frame, *, scorer: RFMScorer | None = None) -> Frame:
        """Put each customer into their segment.

        Args:
            scored: What a scorer's `score` gives, or a table with its three scores.
            scorer: The scorer that gave them, to check that it fits; without it the scores are
                taken for those that the segments are made of.

        Returns:
            All rows and columns of `scored`, and after them:

            - `segment` (`String`): the segment; `no purchases` where a score is null; null
                where one is none of the segments' levels.

        Raises:
            DefinitionError: The scorer does not fit, `scored` is no Polars table, or a score is
                absent.

        Examples:
            >>> scored = pl.DataFrame(
            ...     {"recency_score": [1, None], "frequency_score": [1, None],
            ...      "monetary_score": [1, None]}
            ... )
            >>> RFMSegments.three_levels().assign(scored)["segment"].to_list()
            ['best', 'no purchases']
        """
        if scorer is not None:
            self.check(scorer)
        check_table("scored", scored, step="pass what scorer.score(rfm) gives.")
        names = scored.collect_schema().names()
        for score in self._looked_at:
            if score not in names:
                raise DefinitionError(
                    f"The scored table has no column {score!r}; it has: {', '.join(names)}. Next "
                    "step: pass what scorer.score(rfm) gives.",
                    parameter="scored",
                )
        return scored.with_columns(self.segment_of().alias(SEGMENT))

    def segment_of(self, ending: str = "") -> pl.Expr:
        """Give the segment of the scores, whose columns may have an ending."""
        scores = [pl.col(score + ending) for score in self._looked_at]
        chain: Any = pl.when(pl.any_horizontal(score.is_null() for score in scores)).then(
            pl.lit(NO_PURCHASES)
        )
        for rule in self.rules:
            chain = chain.when(rule.takes(ending)).then(pl.lit(rule.segment))
        segment: pl.Expr = chain.otherwise(pl.lit(None, dtype=pl.String))
        return segment

    @property
    def _looked_at(self) -> list[str]:
        return [name for name, count in zip(SCORES, self.levels, strict=True) if count is not None]

    def _check_rule(self, rule: RFMRule) -> None:
        for name, span, levels in zip(_DIMENSIONS, rule.spans, self.levels, strict=True):
            if span is None:
                continue
            if levels is None:
                raise bad_parameter(
                    name, got=span, allowed=f"None, since the segments do not look at {name}"
                )
            if span[1] > levels:
                raise bad_parameter(name, got=span, allowed=f"scores of 1 to {levels}")

    def _check_every_code(self) -> None:
        without, several = [], []
        for code, takers in self._takers():
            if not takers:
                without.append(code)
            elif len(takers) > 1:
                several.append(f"{code} ({', '.join(takers)})")
        problems = []
        if without:
            problems.append(f"No rule takes the scores {_listed(without)}.")
        if several:
            problems.append(f"Several rules take the scores {_listed(several)}.")
        if problems:
            raise DefinitionError(
                f"{' '.join(problems)} Allowed: rules of which exactly one takes each combination "
                "of recency, frequency and monetary scores. Next step: mend the rules of these.",
                parameter="rules",
            )

    def _takers(self) -> Iterator[tuple[str, list[str]]]:
        """Give each combination of scores as a code, with the segments whose rules take it."""
        grid = [range(1, count + 1) if count else (None,) for count in self.levels]
        separator = "-" if max(count or 0 for count in self.levels) > 9 else ""
        for scores in itertools.product(*grid):
            code = separator.join("*" if score is None else str(score) for score in scores)
            yield code, [rule.segment for rule in self.rules if _takes(rule, scores)]


def check_segments(segments: object) -> None:
    """Raise where segments are none.

    Raises:
        DefinitionError: They are.
    """
    check_kind(
        "segments",
        segments,
        RFMSegments,
        allowed="RFMSegments",
        step="RFMSegments.three_levels(), RFMSegments.five_levels() or rules of your own.",
    )


def _rules(found: Iterable[dict[str, Any]], plays: Mapping[str, str]) -> tuple[RFMRule, ...]:
    return tuple(RFMRule(**rule, play=plays[rule["segment"]]) for rule in found)


def _takes(rule: RFMRule, scores: tuple[int | None, ...]) -> bool:
    return all(
        span is None or score is None or span[0] <= score <= span[1]
        for span, score in zip(rule.spans, scores, strict=True)
    )


def _listed(codes: list[str]) -> str:
    more = f" and {len(codes) - _SHOWN} more" if len(codes) > _SHOWN else ""
    return ", ".join(codes[:_SHOWN]) + more
