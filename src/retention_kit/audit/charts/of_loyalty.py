"""The pictures of a simulated loyalty programme: what it gave, what it owes, what it costs.

They take the tables of `loyalty_rules.simulation.Simulation`, and write in English or in Russian.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from retention_kit.audit.charts.frame import Plot
from retention_kit.audit.charts.in_bars import stacked
from retention_kit.audit.charts.over_time import lines
from retention_kit.audit.charts.paired import grouped
from retention_kit.audit.report.drawing import (
    ACCENT,
    PALE,
    SECOND,
    SOFT,
    WARM,
    WIDTH,
    Axis,
    Series,
    Size,
)
from retention_kit.audit.report.numbers import Language, Numbers
from retention_kit.errors import bad_parameter

_COLOURS = (ACCENT, WARM, SECOND, SOFT)
_LADDER = ("#dbe5fa", "#adc4f4", "#7da0ea", "#4b77d8", "#2b59c3", "#1c3f94")
_NO_TIER = "no tier"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "issued": "Issued",
        "redeemed": "Redeemed",
        "expired": "Expired",
        "taken_back": "Taken back",
        "discounts": "Discounts",
        "outstanding": "outstanding",
        "liability": "expected to be claimed",
        "decile": "Tenths of the customers, the highest revenue first",
        _NO_TIER: "No tier",
    },
    "ru": {
        "issued": "Начислено",
        "redeemed": "Потрачено",
        "expired": "Сгорело",
        "taken_back": "Отозвано",
        "discounts": "Скидки",
        "outstanding": "на счетах",
        "liability": "ожидается к оплате",
        "decile": "Десятые доли покупателей по выручке, первая — наибольшая",
        _NO_TIER: "Без уровня",
    },
}


def loyalty_flows(
    by_month: pl.DataFrame,
    program: str,
    *,
    currency: str,
    size: Size = "wide",
    language: Language = "en",
) -> Plot:
    """Draw what a programme issued and took off the price, and what was spent of it or lost.

    Args:
        by_month: `Simulation.by_month`.
        program: Which programme.
        currency: The shop's currency.
        size: For which width.
        language: `en` or `ru`.

    Raises:
        DefinitionError: There is no such programme, size or language.
    """
    own = _of(by_month, program)
    words, numbers = _words(size, language), Numbers(language, currency)
    up = [
        Series(words["issued"], _values(own, "issued"), ACCENT),
        Series(words["discounts"], _values(own, "discounts"), SECOND),
    ]
    spent = own.with_columns((pl.col("redeemed") - pl.col("restored")).alias("redeemed"))
    down = [
        Series(words["redeemed"], _values(spent, "redeemed"), SOFT),
        Series(words["expired"], _values(own, "expired"), WARM),
        Series(words["taken_back"], _values(own, "taken_back"), PALE),
    ]
    return stacked(
        _months(own, numbers),
        [one for one in up if any(one.values)],
        [one for one in down if any(one.values)],
        size=size,
        axis=Axis(numbers.short_money),
        whole=own["is_complete"].to_list(),
    )


def loyalty_liability(
    by_month: pl.DataFrame, *, currency: str, size: Size = "wide", language: Language = "en"
) -> Plot:
    """Draw what customers hold at the end of each month, and how much is expected to be claimed.

    Args:
        by_month: `Simulation.by_month`; two programmes at most are read well.
        currency: The shop's currency.
        size: For which width.
        language: `en` or `ru`.

    Raises:
        DefinitionError: There is no such size or language.
    """
    words, numbers = _words(size, language), Numbers(language, currency)
    series = []
    pairs = ((SOFT, ACCENT), ("#e0a798", WARM), ("#8cc9c3", SECOND))
    for place, name in enumerate(_programs(by_month)):
        own = _of(by_month, name)
        pale, strong = pairs[place % len(pairs)]
        series.append(Series(f"{name}, {words['outstanding']}", _values(own, "outstanding"), pale))
        series.append(Series(f"{name}, {words['liability']}", _values(own, "liability"), strong))
    return lines(
        _months(_of(by_month, _programs(by_month)[0]), numbers),
        series,
        size=size,
        axis=Axis(numbers.short_money),
    )


def loyalty_costs(
    by_month: pl.DataFrame, *, currency: str, size: Size = "wide", language: Language = "en"
) -> Plot:
    """Draw the cost of each programme as a share of the revenue of each month.

    Args:
        by_month: `Simulation.by_month`.
        currency: The shop's currency.
        size: For which width.
        language: `en` or `ru`.

    Raises:
        DefinitionError: There is no such size or language.
    """
    _words(size, language)
    numbers = Numbers(language, currency)
    names = _programs(by_month)
    first = _of(by_month, names[0])
    series = [
        Series(name, _values(_of(by_month, name), "cost_share"), _COLOURS[place % len(_COLOURS)])
        for place, name in enumerate(names)
    ]
    return lines(
        _months(first, numbers),
        series,
        size=size,
        axis=Axis(lambda value: numbers.share(value, digits=1)),
        whole=first["is_complete"].to_list(),
    )


def loyalty_tiers(
    customers_by_tier: pl.DataFrame,
    program: str,
    *,
    currency: str,
    size: Size = "wide",
    language: Language = "en",
) -> Plot:
    """Draw how many customers stand in each tier at the end of each month.

    Args:
        customers_by_tier: `Simulation.customers_by_tier`.
        program: Which programme.
        currency: The shop's currency.
        size: For which width.
        language: `en` or `ru`.

    Raises:
        DefinitionError: There is no such programme, size or language.
    """
    words, numbers = _words(size, language), Numbers(language, currency)
    own = _of(customers_by_tier, program).sort("place", "month")
    names = own["tier"].unique(maintain_order=True).to_list()
    shades = _spread(len(names))
    series = [
        Series(words.get(name, name), _values(own.filter(pl.col("tier") == name), "customers"), hue)
        for name, hue in zip(names, shades, strict=True)
    ]
    months = own.filter(pl.col("tier") == names[0])
    return stacked(_months(months, numbers), series, [], size=size, axis=Axis(numbers.count))


def loyalty_deciles(
    by_decile: pl.DataFrame, *, currency: str, size: Size = "wide", language: Language = "en"
) -> Plot:
    """Draw which share of their revenue each tenth of the customers received.

    Args:
        by_decile: `Simulation.by_decile`.
        currency: The shop's currency.
        size: For which width.
        language: `en` or `ru`.

    Raises:
        DefinitionError: There is no such size or language.
    """
    words, numbers = _words(size, language), Numbers(language, currency)
    names = _programs(by_decile)
    labels = [str(one) for one in sorted(by_decile["decile"].unique())]
    series = [
        Series(
            name,
            _values(_of(by_decile, name).sort("decile"), "received_rate"),
            _COLOURS[place % len(_COLOURS)],
        )
        for place, name in enumerate(names)
    ]
    axis = Axis(lambda value: numbers.share(value, digits=1))
    return grouped(labels, series, size=size, axis=axis, label_title=words["decile"])


def _words(size: str, language: str) -> Mapping[str, str]:
    """Give the words of a language.

    Raises:
        DefinitionError: There is no such language, or no such size.
    """
    for name, got, allowed in (("size", size, WIDTH), ("language", language, _WORDS)):
        if got not in allowed:
            raise bad_parameter(name, got=got, allowed=", ".join(map(repr, allowed)))
    return _WORDS[language]


def _programs(table: pl.DataFrame) -> list[str]:
    return table["program"].unique(maintain_order=True).to_list()


def _of(table: pl.DataFrame, program: str) -> pl.DataFrame:
    own = table.filter(pl.col("program") == program)
    if own.is_empty():
        allowed = ", ".join(map(repr, _programs(table)))
        raise bad_parameter("program", got=program, allowed=allowed)
    return own


def _values(table: pl.DataFrame, column: str) -> list[float | None]:
    return table[column].cast(pl.Float64).to_list()


def _months(table: pl.DataFrame, numbers: Numbers) -> list[str]:
    return [numbers.month(month) for month in table["month"]]


def _spread(count: int) -> Sequence[str]:
    """Give shades from pale to dark for so many steps of a ladder."""
    if count == 1:
        return (ACCENT,)
    last = len(_LADDER) - 1
    return tuple(_LADDER[round(place * last / (count - 1))] for place in range(count))
