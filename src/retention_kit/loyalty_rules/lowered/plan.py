"""A programme, or a history of one, made ready for both evaluators: numbers, names and filters."""

from __future__ import annotations

import datetime as dt
import functools
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.awards import PluginAward
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec, spec_of
from retention_kit.loyalty_rules.definitions.program import (
    LoyaltyProgram,
    ProgramHistory,
    digest_of,
)
from retention_kit.loyalty_rules.definitions.wallets import Wallet
from retention_kit.loyalty_rules.kernel.layout import LONG_AGO, Rules
from retention_kit.loyalty_rules.lowered import calendars
from retention_kit.loyalty_rules.lowered.calendars import midnights, number_of
from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
from retention_kit.loyalty_rules.lowered.numbering import NONE, Numbers
from retention_kit.loyalty_rules.lowered.of_rules import Columns, add_rule, filter_of
from retention_kit.loyalty_rules.lowered.of_settings import (
    add_discount,
    add_ladder,
    add_version,
    settings_of,
    slid_by,
)
from retention_kit.loyalty_rules.lowered.parts import Filter
from retention_kit.smart_segments.definitions.lengths import zone_named

_NOT_THERE = -2


def compile_program(
    program: LoyaltyProgram | ProgramHistory,
    *,
    time_zone: str,
    specs: Iterable[EarningRuleSpec] = (),
) -> CompiledProgram:
    """Make a programme ready for both evaluators; twice the same gives the same object.

    Args:
        program: The programme, or its history.
        time_zone: The shop's zone.
        specs: What plug-ins give for their awards.

    Raises:
        DefinitionError: It is no programme, or there is no such zone.
        PluginError: An award of a plug-in is not handed in.
    """
    if isinstance(program, LoyaltyProgram):
        program = _alone(program)
    if not isinstance(program, ProgramHistory):
        raise bad_parameter(
            "program",
            got=type(program).__name__,
            allowed="a LoyaltyProgram or a ProgramHistory",
        )
    return _compiled(program, time_zone, tuple(specs))


@functools.lru_cache(maxsize=256)
def _alone(program: LoyaltyProgram) -> ProgramHistory:
    return ProgramHistory(versions=((dt.date(1970, 1, 1), program),))


@functools.lru_cache(maxsize=64)
def _compiled(
    history: ProgramHistory, time_zone: str, specs: tuple[EarningRuleSpec, ...]
) -> CompiledProgram:
    zone_named(time_zone)
    numbers, columns = Numbers(), defaultdict[str, list[int]](list)
    settings: list[dict[int, dict[str, int]]] = []
    slides: list[dict[int, frozenset[int]]] = []
    names: list[dict[str, int]] = []
    filters: list[Filter] = []
    discount_filters: list[Filter] = []
    for version, program in enumerate(history.programs):
        own = {numbers.wallets.number(one.name): one for one in program.all_wallets}
        settings.append({number: settings_of(one, numbers) for number, one in own.items()})
        slides.append({number: slid_by(one, numbers) for number, one in own.items()})
        tiers = add_ladder(program, columns, numbers)
        names.append(tiers)
        for rule in program.rules:
            filters.append(filter_of(rule, len(filters), version))
            if rule.trigger.activity is not None:
                numbers.activities.number(rule.trigger.activity)
            add_rule(rule, program, columns, numbers, tiers)
        for discount in program.discounts:
            discount_filters.append(filter_of(discount, len(discount_filters), version))
            add_discount(discount, columns, numbers, tiers)
        add_version(program, columns, numbers)
    wallets, worth = _add_wallets(history, settings, columns, numbers)
    programs = history.programs
    ladders = [one.tiers for one in programs if one.tiers is not None]
    return CompiledProgram(
        history=history,
        time_zone=time_zone,
        rules=_rules(history, time_zone, columns, numbers, _slides(slides, numbers), names),
        moments=numbers.moments.all(),
        bases=numbers.bases.all(),
        rule_filters=tuple(filters),
        discount_filters=tuple(discount_filters),
        wallets=wallets,
        rules_by_number=tuple(rule for one in programs for rule in one.rules),
        tiers_by_number=tuple(tier for ladder in ladders for tier in ladder.tiers),
        benefits=tuple(
            ladder.benefits_of(tier.name) for ladder in ladders for tier in ladder.tiers
        ),
        discounts_by_number=tuple(discount for one in programs for discount in one.discounts),
        segments=numbers.segments.all(),
        activities={name: place for place, name in enumerate(numbers.activities.all())},
        paying=tuple(_paying(one, numbers) for one in programs),
        unit_worth=worth,
        fingerprint=_fingerprint(history, time_zone),
        specs=_specs(history, specs),
    )


def _add_wallets(
    history: ProgramHistory,
    settings: list[dict[int, dict[str, int]]],
    columns: Columns,
    numbers: Numbers,
) -> tuple[tuple[Wallet, ...], tuple[Fraction, ...]]:
    """Add the settings of all wallets in all versions; what a version lacks cannot be spent."""
    names = numbers.wallets.all()
    last: dict[str, Wallet] = {}
    worth: list[Fraction] = []
    for version, program in enumerate(history.programs):
        last |= {wallet.name: wallet for wallet in program.all_wallets}
        for number in range(len(names)):
            found = settings[version].get(number)
            if found is None:
                found = {**_nearest(settings, version, number), "spends": 0}
            for column, value in found.items():
                columns[f"wallet_{column}"].append(value)
            worth.append(Fraction(found["top"], found["bottom"] * 10_000))
    return tuple(last[name] for name in names), tuple(worth)


def _nearest(settings: list[dict[int, Any]], version: int, number: int) -> Any:
    """Give what the last earlier version says of a wallet, or else the first later one."""
    earlier = [one[number] for one in settings[:version] if number in one]
    return earlier[-1] if earlier else next(one[number] for one in settings if number in one)


def _slides(slides: list[dict[int, frozenset[int]]], numbers: Numbers) -> list[list[int]]:
    """Give by version and wallet, then by activity, whether it moves the expiry."""
    activities = range(max(1, len(numbers.activities.all())))
    rows: list[list[int]] = []
    for version in range(len(slides)):
        for number in range(len(numbers.wallets.all())):
            moving = slides[version].get(number)
            if moving is None:
                moving = _nearest(slides, version, number)
            rows.append([int(one in moving) for one in activities])
    return rows


def _rules(
    history: ProgramHistory,
    time_zone: str,
    columns: Columns,
    numbers: Numbers,
    slides: list[list[int]],
    tiers: list[dict[str, int]],
) -> Rules:
    """Put the columns together; what nothing was added to is empty."""
    moments, begins = numbers.moments.all(), midnights(time_zone)
    days = [number_of(day) for day, _ in history.versions]
    names = [name for one in tiers for name in one]
    given: dict[str, Any] = {
        "wallets": len(numbers.wallets.all()),
        "versions": len(days),
        "bases": len(numbers.bases.all()),
        "first_day": 0,
        "midnights": begins,
        "instants": [calendars.instants(one, time_zone) for one in moments],
        "periods": [calendars.periods(number) for number in range(len(calendars.PERIODS))],
        "moment_elapsed": [one.microseconds if one.how == "elapsed" else -1 for one in moments],
        "version_from": [LONG_AGO, *(begins[day] for day in days[1:])],
        "base_flags": [one.flags for one in numbers.bases.all()],
        "slide_activity": slides,
        "tier_same": [[NONE, *(one.get(name, _NOT_THERE) for name in names)] for one in tiers],
    }
    return Rules(**{name: given.get(name, columns.get(name, [])) for name in Rules._fields})


def _paying(program: LoyaltyProgram, numbers: Numbers) -> int:
    for wallet in program.all_wallets:
        if wallet.spending is not None:
            return numbers.wallets.number(wallet.name)
    return NONE


def _fingerprint(history: ProgramHistory, time_zone: str) -> tuple[str, ...]:
    # The first version holds since ever, whatever day it names.
    days = [None, *(day.isoformat() for day, _ in history.versions[1:])]
    return tuple(
        digest_of([time_zone, day, program.digest])
        for day, program in zip(days, history.programs, strict=True)
    )


def _specs(
    history: ProgramHistory, specs: tuple[EarningRuleSpec, ...]
) -> dict[PluginAward, tuple[EarningRuleSpec, Any]]:
    """Give what plug-ins say of the awards that are asked for, with their settings read."""
    if not all(isinstance(one, EarningRuleSpec) for one in specs):
        raise DefinitionError("Parameter 'specs' is not a list of EarningRuleSpec.")
    found: dict[PluginAward, tuple[EarningRuleSpec, Any]] = {}
    for program in history.programs:
        for rule in program.rules:
            if isinstance(rule.award, PluginAward):
                spec = spec_of(rule.award, specs)
                found[rule.award] = (spec, spec.read(rule.award))
    return found


__all__ = ["CompiledProgram", "compile_program"]
