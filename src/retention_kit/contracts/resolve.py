"""What the options mean for the tables that came: how to read them, and the reader's own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from retention_kit.contracts.door import Staged
from retention_kit.contracts.opened import Opened
from retention_kit.contracts.reading import Reading
from retention_kit.contracts.tables import DESCRIPTIONS
from retention_kit.errors import ColumnTypeError, DefinitionError, bad_parameter


def reading_for(opened: Mapping[str, Opened], options: Mapping[str, Any]) -> Reading:
    """Say how the tables are to be read.

    Raises:
        ColumnTypeError: No time zone is stated, and the orders' instants have none.
        DefinitionError: An option cannot be.
    """
    main = "lines" if "lines" in opened else "orders"
    zone = options.get("time_zone")
    if zone is None:
        dtype = opened[main].schema.get("ordered_at")
        zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
        if zone is None and dtype is not None:
            raise ColumnTypeError(
                main,
                "ordered_at",
                got=f"{dtype}, without a time zone",
                allowed="instants with a zone, or a stated shop zone",
                step="time_zone='Europe/Moscow', for example (--time-zone on the command line).",
            )
    formats = options.get("date_format")
    for name in formats if isinstance(formats, Mapping) else ():
        if not any(name in source.schema for source in opened.values()):
            raise bad_parameter(
                f"date_format[{name!r}]", got=name, allowed="a column of the tables"
            )
    return Reading(
        time_zone="UTC" if zone is None else zone,
        currency=options["currency"],
        date_format=options.get("date_format"),
        decimal_mark=options.get("decimal_mark", "."),
        thousands_mark=options.get("thousands_mark"),
        values=_values(opened, options.get("values") or {}),
        negative_amounts=options.get("negative_amounts", "reject"),
        positive_returns=options.get("positive_returns", "reject"),
        ids_as_text=bool(options.get("ids_as_text", False)),
    )


def with_own_rules(
    staged: Mapping[str, Staged], rules: Mapping[str, Mapping[str, pl.Expr]]
) -> dict[str, Staged]:
    """Add rules of the reader's own to the door's; a row for which one is null breaks it.

    Raises:
        DefinitionError: A rule is about a table or a column that is not there, is not true or
            false, or has the name of one of the door's.
    """
    stricter = dict(staged)
    for table, own in rules.items():
        if table not in staged:
            raise bad_parameter("rules", got=table, allowed=f"tables given: {', '.join(staged)}")
        for name, rule in own.items():
            if name in staged[table].rules:
                raise bad_parameter(
                    f"rules[{table!r}]", got=name, allowed="a name that no rule has yet"
                )
            _check_rule(staged[table], name, rule)
        kept = {name: rule.fill_null(value=False) for name, rule in own.items()}
        stricter[table] = replace(staged[table], rules={**staged[table].rules, **kept})
    return stricter


def _check_rule(staged: Staged, name: str, rule: pl.Expr) -> None:
    try:
        types = staged.frame.select(rule).collect_schema().dtypes()
    except (pl.exceptions.PolarsError, TypeError) as error:
        got = f"one that cannot be evaluated ({type(error).__name__})"
    else:
        if types == [pl.Boolean]:
            return
        got = f"of type {types[0]}" if len(types) == 1 else f"one that gives {len(types)} columns"
    raise DefinitionError(
        f"The rule {name!r} for table {staged.table!r} is {got}. Allowed: one expression, true "
        f"where a row is kept, over these columns: {', '.join(staged.columns)}. Next step: for "
        "example rules={'orders': {'free': pl.col('amount') > 0}}.",
        parameter="rules",
    )


def _values(
    opened: Mapping[str, Opened], values: Mapping[str, Mapping[str, str]]
) -> Mapping[str, Mapping[str, str]]:
    choices: dict[str, tuple[str, ...]] = {}
    for table in opened:
        for column in DESCRIPTIONS[table].columns.values():
            if column.kind == "choice":
                choices[column.name] = (*choices.get(column.name, ()), *column.choices)
    for name, words in values.items():
        if name not in choices:
            raise bad_parameter("values", got=name, allowed=", ".join(sorted(choices)))
        for meant in words.values():
            if meant not in choices[name]:
                raise bad_parameter(
                    f"values[{name!r}]",
                    got=meant,
                    allowed=", ".join(dict.fromkeys(choices[name])),
                    step="write your word on the left and the library's on the right.",
                )
        if not any(name in source.schema for source in opened.values()):
            raise DefinitionError(
                f"There are words for {name!r} in values, but no table has that column. Next "
                f"step: map it, columns={{{name!r}: …}} (--column {name}=… on the command line).",
                parameter="values",
            )
    return values
