"""The data health as tables for a reader: by table, by rule, and by what each view counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from retention_kit.audit.report.tables import ShownTable, shown
from retention_kit.audit.report.words import Words
from retention_kit.contracts.rules import MEANINGS

if TYPE_CHECKING:
    from retention_kit.audit.model import Findings


def data_health(audit: Findings, words: Words) -> tuple[ShownTable, ...]:
    """Give the tables of the section on data health."""
    health = audit.health.tables
    counts = pl.DataFrame(
        [
            (
                words.get("table_names", name),
                table.read,
                table.accepted,
                sum(table.rejected.values()),
                table.guests,
            )
            for name, table in health.items()
        ],
        schema={
            "table": pl.String,
            "read": pl.Int64,
            "accepted": pl.Int64,
            "rejected": pl.Int64,
            "guests": pl.Int64,
        },
        orient="row",
    )
    reasons = pl.DataFrame(
        [
            (words.get("table_names", name), told, rows)
            for name, table in health.items()
            for told, rows in [
                *(
                    (f"{_sentence(meaning(rule, words))} ({rule})", n)
                    for rule, n in table.rejected.items()
                ),
                *((_sentence(words.get("notes", note)), n) for note, n in table.notes.items()),
            ]
        ],
        schema={"table": pl.String, "meaning": pl.String, "rows": pl.Int64},
        orient="row",
    )
    tables = [shown("data_health", counts, words)]
    if reasons.height:
        tables.append(shown("data_health_reasons", reasons, words))
    if "views" in audit.tables:
        views = audit.tables["views"].with_columns(
            pl.Series(
                "counts",
                [words.get("views_counted", view) for view in audit.tables["views"]["view"]],
                dtype=pl.String,
            )
        )
        tables.append(shown("views", views, words))
    return tuple(tables)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def meaning(rule: str, words: Words) -> str:
    """Say in the reader's language what breaking a rule of the door means.

    Examples:
        >>> meaning("null_order_id", Words.of("en", "GBP"))
        'a value that every row must have is missing'
    """
    if rule in MEANINGS:
        return words.get("meanings", rule)
    for pattern in MEANINGS:
        prefix = pattern.removesuffix("{column}")
        if prefix != pattern and rule.startswith(prefix):
            return words.get("meanings", pattern)
    return words.get("meanings", "own_rule")
