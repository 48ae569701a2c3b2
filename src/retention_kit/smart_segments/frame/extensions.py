"""Conditions that plugins answer themselves."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.errors import PluginError
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, fence, spec_of
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.lowered.facts import Fact, OfPlugin

_FOUND = "__found"


def plugins_parts(given: Given, facts: Iterable[Fact]) -> list[Part]:
    """Ask the plugins for what their conditions are.

    What a plugin raises while it makes its table, or while Polars finds its columns, comes as a
    `PluginError`; what its table raises when it is collected comes as Polars raises it.

    Raises:
        PluginError: A plugin is not handed in, raises something, or gives no table of
            `customer_id` and `result`.
        DefinitionError: Its settings are not what it takes.
    """
    asked = [fact for fact in facts if isinstance(fact, OfPlugin)]
    return [_asked(given, fact, number) for number, fact in enumerate(asked)]


def _asked(given: Given, fact: OfPlugin, number: int) -> Part:
    spec = spec_of(fact.condition, given.specs)
    settings = spec.read(fact.condition)
    # A copy: what a plugin does to it is no other's business.
    answer = spec.frame(settings, dict(given.whole), given.as_of, given.zone)
    _check(answer, spec, given)
    name, found = f"__plugin_{number}", f"{_FOUND}_{number}"
    result = pl.col("result").cast(pl.Boolean)
    customer = pl.col(CUSTOMER).cast(given.schemas["orders"][CUSTOMER], strict=False)
    # A customer in two rows would stand twice in every segment of the plan.
    frame = (
        answer.group_by(customer)
        .agg(
            pl.when(result.sum() == pl.len())
            .then(pl.lit(value=True))
            .when(result.not_().sum() == pl.len())
            .then(pl.lit(value=False))
            .alias(name)
        )
        .with_columns(pl.lit(value=True).alias(found))
    )
    absent = pl.lit(spec.absent, dtype=pl.Boolean)
    value = pl.when(pl.col(found).is_null()).then(absent).otherwise(pl.col(name))
    return Part(frame, {fact: Answer(value, pl.Boolean())})


def _check(answer: object, spec: ConditionSpec, given: Given) -> None:
    """Raise where a plugin gives anything but the table that it should."""
    gives = f"a {type(answer).__name__}"
    if isinstance(answer, pl.LazyFrame):
        with fence(spec, "frame"):
            schema = answer.collect_schema()
        gives = ", ".join(f"{name!r} ({type(dtype).__name__})" for name, dtype in schema.items())
        if _fits(schema, given.schemas["orders"][CUSTOMER]):
            return
    raise PluginError(
        f"The condition {spec.name!r} of {spec.distribution!r} gives {gives or 'no columns'}. "
        "Allowed: a lazy table of 'customer_id', of the type that it has in 'orders', and "
        "'result', true, false or null. Next step: mend the plugin."
    )


def _fits(schema: pl.Schema, id_type: pl.DataType) -> bool:
    if not {CUSTOMER, "result"} <= set(schema):
        return False
    own = schema[CUSTOMER]
    # Texts that are no numbers would fail when they are collected, and be quoted then.
    is_id = own in (id_type, pl.Null) or (own.is_integer() and id_type.is_integer())
    return is_id and schema["result"] in (pl.Boolean, pl.Null)
