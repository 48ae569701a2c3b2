"""What to do next: what the rules say of an audit's tables, in order of money at stake."""

from __future__ import annotations

import json

import polars as pl

from retention_kit.audit.advice import Tables, last_year
from retention_kit.audit.rules import RULES

_SCHEMA = {
    "rank": pl.Int64,
    "rule": pl.String,
    "money_at_stake": pl.Float64,
    "customers": pl.Int64,
    "figure": pl.Float64,
    "parameters": pl.String,
}


def actions(tables: Tables) -> pl.DataFrame:
    """Apply all rules.

    Args:
        tables: The tables of an audit; a rule whose tables are absent or empty does not fire.

    Returns:
        One row per rule and thing it fires for, most money at stake first, unknown money last:
        `rank` (`Int64`, from 1), `rule`, `money_at_stake` (`Float64`, shop currency, major units,
        over twelve months), `customers` (`Int64`), `figure` (`Float64`), `parameters` (JSON; of
        each rule also `months`, how many whole months the year has whose money it is: 12, or fewer
        where the data are shorter).
    """
    months = len(last_year(tables, "order_values"))
    found = [action for rule in RULES.values() for action in rule(tables)]
    found.sort(key=lambda one: (one.money_at_stake is None, -(one.money_at_stake or 0.0), one.rule))
    return pl.DataFrame(
        [
            (
                rank,
                one.rule,
                one.money_at_stake,
                one.customers,
                one.figure,
                json.dumps({"months": months, **one.parameters}, ensure_ascii=False),
            )
            for rank, one in enumerate(found, start=1)
        ],
        schema=_SCHEMA,
        orient="row",
    )
