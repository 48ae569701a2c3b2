"""Conditions that plugins answer themselves."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.errors import DefinitionError, PluginError
from retention_kit.smart_segments.definitions.plugins import spec_of
from retention_kit.smart_segments.frame.answers import Answer, Part
from retention_kit.smart_segments.frame.given import CUSTOMER, Given
from retention_kit.smart_segments.lowered.facts import Fact, OfPlugin

_FOUND = "__found"


def plugins_parts(given: Given, facts: Iterable[Fact]) -> list[Part]:
    """Ask the plugins for what their conditions are.

    Raises:
        PluginError: A plugin is not handed in, or gives no table of `customer_id` and `result`.
        DefinitionError: Its settings are not what it takes, or it needs a table that is not given.
    """
    asked = [fact for fact in facts if isinstance(fact, OfPlugin)]
    return [_asked(given, fact, number) for number, fact in enumerate(asked)]


def _asked(given: Given, fact: OfPlugin, number: int) -> Part:
    spec = spec_of(fact.condition, given.specs)
    settings = spec.read(fact.condition)
    for table in spec.tables:
        if table not in given.whole:
            raise DefinitionError(
                f"The condition {spec.name!r} needs the table {table!r}; given: "
                f"{', '.join(given.whole)}. Next step: hand it in.",
                parameter=table,
            )
    answer = spec.frame(settings, given.whole, given.as_of, given.zone)
    schema = answer.collect_schema() if isinstance(answer, pl.LazyFrame) else pl.Schema()
    if not {CUSTOMER, "result"} <= set(schema) or schema["result"] not in (pl.Boolean, pl.Null):
        raise PluginError(
            f"The condition {spec.name!r} of {spec.distribution!r} gives "
            f"{', '.join(schema) or type(answer).__name__}. Allowed: a lazy table of 'customer_id' "
            "and 'result', true, false or null. Next step: mend the plugin."
        )
    name, found = f"__plugin_{number}", f"{_FOUND}_{number}"
    frame = answer.select(
        pl.col(CUSTOMER).cast(given.schemas["orders"][CUSTOMER]),
        pl.col("result").cast(pl.Boolean).alias(name),
        pl.lit(value=True).alias(found),
    )
    absent = pl.lit(spec.absent, dtype=pl.Boolean)
    value = pl.when(pl.col(found).is_null()).then(absent).otherwise(pl.col(name))
    return Part(frame, {fact: Answer(value, pl.Boolean())})
