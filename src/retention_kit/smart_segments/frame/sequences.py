"""Matches of sequences: one step after another, each joined to the best match before it.

A match up to a step has an instant and a deadline: the next step's row comes later than the one and
before the other. The deadline is the earlier of how long the next step may take and of the next row
that must not come between. Whether a row has a match before it is then one question: is the latest
deadline among the matches that are earlier than it still ahead?
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.contracts.packed import fits_packed
from retention_kit.smart_segments.definitions.lengths import read_length
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Same, Step, Without
from retention_kit.smart_segments.definitions.sequences import Sequence as Pattern
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.bindings import Binding, Bindings, refers
from retention_kit.smart_segments.frame.comparisons import within
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.frame.instants import is_passed, moved
from retention_kit.smart_segments.frame.steps import Role, Roles, earliest, first_role
from retention_kit.smart_segments.frame.turns import following, following_first
from retention_kit.smart_segments.lowered.facts import Fact, Found

AT = "__t"
_BEFORE = "__before"
_DEADLINE = "__deadline"
_STOPPED = "__stopped"
_SCORE = {"no": None, "unknown": 1, "yes": 2}
_FOREVER = 2**62


def sequences_parts(given: Given, facts: Iterable[Fact], prefix: str = "__sequence_") -> list[Part]:
    """Give which sequences are found.

    Args:
        given: The tables.
        facts: Facts, those that are no sequences among them.
        prefix: What the names of their columns begin with.

    Raises:
        DefinitionError: Columns are unknown, or compared with what they are never equal to.
    """
    asked = [fact for fact in facts if isinstance(fact, Found)]
    if not asked:
        return []
    roles = Roles([fact.sequence for fact in asked], given)
    named = {fact: f"{prefix}{number}" for number, fact in enumerate(asked)}
    scores = [
        _Chain(given, fact.sequence, roles).scores().rename({AT: name})
        for fact, name in named.items()
    ]
    # All together, since each table that is joined to everybody moves all columns once more.
    together = scores[0] if len(scores) == 1 else pl.concat(scores, how="diagonal")
    frame = together.group_by(CUSTOMER).agg(pl.col(name).max() for name in named.values())
    return [Part(frame, {fact: _found(name) for fact, name in named.items()})]


def _found(name: str) -> Answer:
    # A complete match is 2, one that is unfinished 1.
    score = pl.col(name).fill_null(0)
    return Answer(pl.when(score != 1).then(score == 2), pl.Boolean())


class _Chain:
    """The matches of one sequence, step by step."""

    def __init__(self, given: Given, pattern: Pattern, roles: Roles) -> None:
        self._given = given
        self._pattern = pattern
        self._bindings = Bindings(pattern, given)
        self._roles = roles
        self._begins = first_role(pattern, given)
        self._since = earliest(pattern, given)
        # Whether of each customer there is one match so far, at most.
        self._one_each = False
        self._id_type = given.schemas["orders"][CUSTOMER]
        self._ids_fit = fits_packed(self._id_type)

    def scores(self) -> pl.LazyFrame:
        """Give `customer_id` and, under `AT`, how complete each match is."""
        steps = self._pattern.steps
        if self._begins_with_first_of_same():
            states, done = self._after_first(), 1
        else:
            states, done = self._first(), 0
        for place in range(done, len(steps) - 1):
            states = self._next(states, place)
        return self._ended(states)

    def _begins_with_first_of_same(self) -> bool:
        """Say whether the second step follows the first of all rows that are its own too."""
        pattern = self._pattern
        if pattern.which != "first" or len(pattern.steps) == 1 or not self._ids_fit:
            return False
        first, second = pattern.steps[:2]
        bounds = pattern.window.bounds(self._given.as_of, self._given.clock)
        return (
            first.rows == second.rows
            and bounds == (None, self._given.now)
            and not (first.without or second.same)
            and not self._bindings.carried(1)
        )

    def _after_first(self) -> pl.LazyFrame:
        """Give the rows of the second step after the first of them all."""
        step = self._pattern.steps[1]
        length = read_length("within", step.within) if step.within is not None else None
        return following_first(
            self._rows(1), length, at=AT, zone=self._given.zone, id_type=self._id_type
        )

    def _first(self) -> pl.LazyFrame:
        """Give the rows that may be the first step's."""
        pattern = self._pattern
        rows = self._rows(0)
        bounds = pattern.window.bounds(self._given.as_of, self._given.clock)
        inside = within(pl.col(AT), bounds, self._given.now)
        if pattern.which == "any":
            return self._known(rows.filter(inside), 0)
        if pattern.among == "window":
            rows = rows.filter(inside)
        at = pl.col(AT)
        end = at.min() if pattern.which == "first" else at.max()
        if self._bindings.carried(0):
            # The end comes first: a row without a value may be it, and then nothing follows.
            rows = self._known(rows.filter(at == end.over(CUSTOMER)), 0)
        else:
            rows = rows.group_by(CUSTOMER).agg(end)
            self._one_each = True
        return rows.filter(inside) if pattern.among == "all" else rows

    def _rows(self, place: int) -> pl.LazyFrame:
        """Give the rows of a step, with what binds them to earlier steps and later ones to them."""
        step = self._pattern.steps[place]
        own = [one for one in self._bindings.carried(place) if one.step == place]
        columns = []
        for one in own:
            key = self._bindings.key(one, step.rows, one.column)
            columns += [
                self._bindings.filled(one, key).alias(one.name),
                key.is_not_null().alias(one.is_known),
            ]
        role = Role(step.rows, self._since) if place else self._begins
        rows = self._roles.of(role).select(
            CUSTOMER,
            self._given.instant(step.rows.table).alias(AT),
            *columns,
            *self._keys(step.rows, step.same).values(),
        )
        rows = _agreeing(rows, step.same)
        return self._known(rows, place) if place else rows

    def _known(self, rows: pl.LazyFrame, place: int) -> pl.LazyFrame:
        """Keep the rows of a step that later ones can follow: those with what they refer to."""
        for one in self._bindings.carried(place):
            if one.step == place and self._bindings.must_be_known(one):
                rows = rows.filter(pl.col(one.is_known))
        return rows

    def _keys(self, rows: Rows, sames: Iterable[Same]) -> dict[str, pl.Expr]:
        """Give what rows have in common with earlier steps; the first of two is the key."""
        keys: dict[str, pl.Expr] = {}
        for number, same in enumerate(sames):
            binding = refers(same)
            name = binding.name if binding.name not in keys else f"{binding.name}_{number}"
            keys[name] = self._bindings.key(binding, rows, same.column).alias(name)
        return keys

    def _next(self, states: pl.LazyFrame, place: int) -> pl.LazyFrame:
        """Give the matches up to the next step."""
        steps = self._pattern.steps
        step = steps[place + 1]
        carried = self._bindings.after(place)
        bound = list(dict.fromkeys(refers(same) for same in step.same))
        free = [one for one in carried if one not in bound]
        groups = [CUSTOMER, *(one.name for one in bound), *_columns(free)]
        if not step.within and not steps[place].without:
            # What began earliest serves every later row.
            states = states.group_by(groups).agg(pl.col(AT).min())
            self._one_each = True
        is_bare = not (steps[place].without or self._bindings.carried(place + 1))
        if is_bare and groups == [CUSTOMER] and self._ids_fit and not self._one_each:
            assert step.within is not None
            return following(
                states,
                self._rows(place + 1),
                read_length("within", step.within),
                at=AT,
                zone=self._given.zone,
                id_type=self._id_type,
            )
        states = self._with_deadline(states, steps[place], step).select(AT, _DEADLINE, *groups)
        rows = self._rows(place + 1).with_columns(
            pl.lit(value=True).alias(one.is_known) for one in bound
        )
        if free:
            # A row goes on with every match whose free bindings differ.
            kinds = states.select(groups).unique()
            rows = rows.join(kinds, on=[CUSTOMER, *(one.name for one in bound)], how="inner")
        kept = [CUSTOMER, AT, *_columns(self._bindings.carried(place + 1))]
        if self._one_each:
            self._one_each = False
            later = rows.join(states.rename({AT: _BEFORE}), on=groups, how="inner")
            at, before = pl.col(AT), pl.col(_BEFORE)
            later = later.filter(at > before, at < pl.col(_DEADLINE))
            if step.within is not None:
                length = read_length("within", step.within)
                later = later.filter(~is_passed(before, length, at, self._given.zone))
            return later.select(kept)
        latest = states.sort(AT).with_columns(pl.col(_DEADLINE).cum_max().over(groups))
        return (
            rows.sort(AT)
            .join_asof(
                latest,
                on=AT,
                by=groups,
                strategy="backward",
                allow_exact_matches=False,
                check_sortedness=False,
            )
            .filter(pl.col(AT) < pl.col(_DEADLINE))
            .select(kept)
        )

    def _with_deadline(self, states: pl.LazyFrame, step: Step, later: Step) -> pl.LazyFrame:
        """Add before when the next step's row comes."""
        states, stopped = self._with_stops(states, step)
        deadlines = [pl.lit(_FOREVER, dtype=pl.Int64), *stopped]
        if later.within is not None and not self._one_each:
            length = read_length("within", later.within)
            deadlines.append(moved(pl.col(AT), length, self._given.zone))
        return states.with_columns(pl.min_horizontal(deadlines).alias(_DEADLINE))

    def _with_stops(self, states: pl.LazyFrame, step: Step) -> tuple[pl.LazyFrame, list[pl.Expr]]:
        """Add when the next row comes that must not come after a step, for each kind of row."""
        stops: list[pl.Expr] = []
        for number, without in enumerate(step.without):
            name = f"{_STOPPED}_{number}"
            keys = [CUSTOMER, *dict.fromkeys(refers(same).name for same in without.same)]
            states = states.sort(AT).join_asof(
                self._stops(without).with_columns(pl.col(AT).alias(name)),
                on=AT,
                by=keys,
                strategy="forward",
                check_sortedness=False,
            )
            known = [pl.col(refers(same).is_known) for same in without.same]
            stop = pl.col(name)
            stops.append(pl.when(pl.all_horizontal(known)).then(stop) if known else stop)
        return states, stops

    def _stops(self, without: Without) -> pl.LazyFrame:
        rows = self._roles.of(Role(without.rows, self._since)).select(
            CUSTOMER,
            self._given.instant(without.rows.table).alias(AT),
            *self._keys(without.rows, without.same).values(),
        )
        return _agreeing(rows, without.same).sort(AT)

    def _ended(self, states: pl.LazyFrame) -> pl.LazyFrame:
        """Say of matches up to the last step how complete they are."""
        pattern = self._pattern
        states, stopped = self._with_stops(states, pattern.steps[-1])
        end, finished = pl.lit(self._given.now, dtype=pl.Int64), pl.lit(value=True)
        if pattern.quiet_for is not None:
            quiet = read_length("quiet_for", pattern.quiet_for)
            end = moved(pl.col(AT), quiet, self._given.zone)
            finished = end <= self._given.now
        # Nothing stands at or after the instant of observation, so a later end stops nothing.
        for stop in stopped:
            states = states.filter((stop >= end).fill_null(value=True))
        unfinished = pl.lit(_SCORE[pattern.unfinished], dtype=pl.Int8)
        score = pl.when(finished).then(pl.lit(2, dtype=pl.Int8)).otherwise(unfinished)
        return states.select(CUSTOMER, score.alias(AT))


def _columns(bindings: Iterable[Binding]) -> list[str]:
    """Name the columns that carry bindings."""
    return [name for one in bindings for name in (one.name, one.is_known)]


def _agreeing(rows: pl.LazyFrame, sames: Iterable[Same]) -> pl.LazyFrame:
    """Keep rows that have a value in every key, and the same in those that are compared alike."""
    seen: set[str] = set()
    for number, same in enumerate(sames):
        name = refers(same).name
        if name not in seen:
            seen.add(name)
            rows = rows.filter(pl.col(name).is_not_null())
        else:
            again = f"{name}_{number}"
            rows = rows.filter(pl.col(name) == pl.col(again)).drop(again)
    return rows
