"""All predictions of a customer at once: the columns beside a summary, in one pass over it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
import polars as pl

from retention_kit.clv.columns import FAR
from retention_kit.clv.expectations.gamma_gamma import average_spend
from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.expectations.of_history import (
    expectations_of,
    present_purchases_while_alive,
)
from retention_kit.clv.given import Given, given_in
from retention_kit.clv.histories import need_columns
from retention_kit.clv.interpolated import Known, interpolate, places_of
from retention_kit.clv.lengths import check_share, days_of, discount_per_day, number
from retention_kit.clv.models import GammaGamma, TransactionModel
from retention_kit.clv.summary import HISTORY

NEXT = ("days_to_next_purchase", "days_to_next_purchase_from", "days_to_next_purchase_to")
NEXT_AT = ("next_purchase_at", "next_purchase_from", "next_purchase_to")
PREDICTED = (
    "probability_alive",
    "expected_purchases",
    "expected_average_spend",
    "lifetime_value",
    *NEXT,
)
_VALUES = "__values"
_TYPE = pl.Struct(dict.fromkeys(PREDICTED, pl.Float64))


class Parts(NamedTuple):
    """The models that predictions are made with.

    Attributes:
        transactions: Of purchases.
        alive: Of having left or not.
        spend: Of amounts, or None.
    """

    transactions: TransactionModel
    alive: TransactionModel
    spend: GammaGamma | None


class Terms(NamedTuple):
    """What is asked of the models; checked when it is made by `terms`.

    Attributes:
        horizon: In days.
        discount: The rate of continuous discounting per day.
        margin: The share of spend that counts.
        shares: Of customers, for the wait until the next purchase: middle, low and high.
    """

    horizon: float
    discount: float
    margin: float
    shares: tuple[float, float, float]


def terms(
    *,
    horizon: str,
    discount_rate: float,
    rate_period: str,
    margin: float,
    confidence: float,
) -> Terms:
    """Check what is asked, and put it in days.

    Raises:
        DefinitionError: A length of time is none, a rate or a margin is negative, or `confidence`
            is not between 0 and 1.
    """
    number("margin", margin)
    check_share("confidence", confidence)
    shares = (0.5, (1 - confidence) / 2, (1 + confidence) / 2)
    days = days_of("horizon", horizon)
    return Terms(days, discount_per_day(discount_rate, rate_period), float(margin), shares)


def with_values(
    summary: pl.LazyFrame, parts: Parts, asked: Terms, *, last_day: dt.date | None
) -> pl.LazyFrame:
    """Put the predictions beside a summary, in place of columns of the same names.

    Args:
        summary: What `clv_summary` gives.
        parts: The models.
        asked: What is asked.
        last_day: The day on which what was observed ends, to give dates; None gives days.

    Raises:
        DefinitionError: The summary lacks a column.
    """
    names = [*HISTORY, *(["monetary"] if parts.spend is not None else [])]
    need_columns(summary, names)

    known = _Known()

    def values(block: pl.Series) -> pl.Series:
        return pl.DataFrame(_columns(block, parts, asked, known)).to_struct()

    mapped = pl.struct(names).map_batches(values, return_dtype=_TYPE, is_elementwise=True)
    taken = [name for name in (*PREDICTED, *NEXT_AT) if name in summary.collect_schema()]
    valued = summary.drop(taken).with_columns(mapped.alias(_VALUES)).unnest(_VALUES)
    if last_day is None:
        return valued
    dates = [
        (pl.lit(last_day).cast(pl.Int32) + pl.col(days).ceil().cast(pl.Int32))
        .cast(pl.Date)
        .alias(date)
        for days, date in zip(NEXT, NEXT_AT, strict=True)
    ]
    return valued.with_columns(dates).drop(NEXT)


class _Known:
    """What was computed in earlier blocks of a table, by what it is."""

    def __init__(self) -> None:
        self.expected: Known = {}
        self.worth: Known = {}
        self.waits: tuple[Known, ...] = tuple({} for _ in NEXT)


def _columns(block: pl.Series, parts: Parts, asked: Terms, known: _Known) -> list[pl.Series]:
    given = given_in(block)
    of = expectations_of(parts.alive)
    alive = of.probability_alive(parts.alive, *given.in_units(parts.alive.unit_days))
    found = _purchases(given, parts.transactions, asked, known)
    spent = np.full_like(given.x, np.nan)
    if parts.spend is not None:
        mean = block.struct.field("monetary").cast(pl.Float64).fill_null(np.nan).to_numpy()
        spent = average_spend(parts.spend, given.x, mean[given.rows])
    found["probability_alive"] = alive
    found["expected_average_spend"] = spent
    found["lifetime_value"] = found["lifetime_value"] * spent * asked.margin
    return [given.spread(found[name]).alias(name) for name in PREDICTED]


def _purchases(
    given: Given, model: TransactionModel, asked: Terms, known: _Known
) -> dict[str, Floats]:
    """Give what hangs on the model of purchases; of the value, the purchases as worth today."""
    of = expectations_of(model)
    unit = float(model.unit_days)
    t, discount = asked.horizon / unit, asked.discount * unit
    x, t_x, age = given.in_units(unit)
    places = places_of(x, age, of.origin(model))

    def expected(x: Floats, age: Floats) -> Floats:
        return of.purchases_while_alive(model, np.full_like(age, t), x, age)

    def worth(x: Floats, age: Floats) -> Floats:
        return present_purchases_while_alive(model, t, x, age, discount)

    def wait(share: float, waits: Known) -> Floats:
        days = unit * interpolate(places, lambda x, age: of.wait(model, share, x, age), waits)
        return np.where(days <= FAR, days, np.nan)

    alive = of.probability_alive(model, x, t_x, age)
    waits = zip(NEXT, asked.shares, known.waits, strict=True)
    return {
        "expected_purchases": alive * interpolate(places, expected, known.expected),
        "lifetime_value": alive * interpolate(places, worth, known.worth),
        **{name: wait(share, kept) for name, share, kept in waits},
    }
