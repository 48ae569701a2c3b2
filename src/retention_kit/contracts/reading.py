"""How a reader's tables are written, in one checked bundle, and what a cast of a column is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from retention_kit.errors import bad_parameter

ISO_8601 = "iso8601"
"""The name that stands for the unambiguous formats of ISO 8601, with or without time and offset."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read foreign tables.

    Attributes:
        time_zone: The shop's zone, in which naive instants and dates are meant.
        currency: The shop's currency.
        date_format: The format of text dates, for all columns or by column.
        decimal_mark: What stands before the fraction in numbers written as text.
        thousands_mark: What groups digits in numbers written as text; a space stands for any.
        values: By `choice` column, what foreign words mean: `{"status": {"Done": "completed"}}`.
        negative_amounts: What an order of no stated kind with a negative amount is.
        positive_returns: What becomes of a return with a positive amount.
        ids_as_text: Whether ids are read as text, whatever they are.
    """

    time_zone: str
    currency: str | None = None
    date_format: str | Mapping[str, str] | None = None
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: str | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    negative_amounts: Literal["reject", "return"] = "reject"
    positive_returns: Literal["reject", "negate"] = "reject"
    ids_as_text: bool = False

    def __post_init__(self) -> None:
        if not _is_zone(self.time_zone):
            raise bad_parameter(
                "time_zone",
                got=self.time_zone,
                allowed="a name of the IANA time zone database",
                step="for example 'Europe/Moscow' or 'UTC'.",
            )
        if self.currency is not None and not re.fullmatch("[A-Z]{3}", str(self.currency)):
            raise bad_parameter(
                "currency",
                got=self.currency,
                allowed="three capital letters of ISO 4217",
                step="for example 'RUB', 'EUR' or 'GBP'.",
            )
        if self.decimal_mark not in (".", ","):
            raise bad_parameter("decimal_mark", got=self.decimal_mark, allowed="'.' or ','")
        if self.thousands_mark == self.decimal_mark:
            raise bad_parameter(
                "thousands_mark", got=self.thousands_mark, allowed="not the decimal mark"
            )
        if self.negative_amounts not in ("reject", "return"):
            raise bad_parameter(
                "negative_amounts", got=self.negative_amounts, allowed="'reject' or 'return'"
            )
        if self.positive_returns not in ("reject", "negate"):
            raise bad_parameter(
                "positive_returns", got=self.positive_returns, allowed="'reject' or 'negate'"
            )

    def format_of(self, column: str) -> str | None:
        """Give the stated format of a column's text dates."""
        if isinstance(self.date_format, Mapping):
            return self.date_format.get(column)
        return self.date_format


@dataclass(frozen=True, slots=True)
class Cast:
    """A column's value as the door wants it, and the checks that it could be read.

    Attributes:
        value: The cast value; null where it could not be read.
        checks: By rule name, an expression over the foreign column, true where the rule is kept.
        steps: Columns to add first, one step after another; `in_steps` is over them.
        in_steps: The same value and checks at less cost, where there is such a way.
    """

    value: pl.Expr
    checks: Mapping[str, pl.Expr] = field(default_factory=dict)
    steps: tuple[Mapping[str, pl.Expr], ...] = ()
    in_steps: Cast | None = None


def _is_zone(name: object) -> bool:
    """Tell whether both Python and Polars know a time zone; each knows names the other does not."""
    try:
        ZoneInfo(str(name))
        pl.Series([0], dtype=pl.Datetime("us")).dt.replace_time_zone(str(name))
    except (KeyError, ValueError, OSError, pl.exceptions.PolarsError):
        return False
    return isinstance(name, str) and name != ""
