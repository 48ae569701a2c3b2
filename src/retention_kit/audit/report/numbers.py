"""Numbers, money and dates as each language writes them."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import (
    NumberPattern,
    format_compact_decimal,
    format_decimal,
    format_percent,
    get_currency_symbol,
    parse_pattern,
)

Language = Literal["en", "ru"]
Number = int | float | Decimal
LANGUAGES: tuple[Language, ...] = get_args(Language)
NOTHING = "–"
"""What stands where there is no value."""

# English shows these by their codes, though every shop writes the sign.
_SIGNS = {"RUB": "₽", "KZT": "₸", "UAH": "₴", "BYN": "Br"}
_HALF_A_PERCENT = 0.005
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Writes values for a reader of one language.

    Attributes:
        language: The language.
        currency: The code of the currency of money, such as RUB.
    """

    language: Language
    currency: str

    @property
    def sign(self) -> str:
        """The currency's sign, or its code where it has none."""
        symbol = get_currency_symbol(self.currency, locale=self.language)
        return _SIGNS.get(self.currency, symbol) if symbol == self.currency else symbol

    def count(self, value: Number | None) -> str:
        """Write a whole number.

        Examples:
            >>> Numbers("en", "GBP").count(18532)
            '18,532'
        """
        if value is None or not _is_finite(value):
            return NOTHING
        return self._decimal(value, "#,##0")

    def ratio(self, value: Number | None, digits: int = 2) -> str:
        """Write a number with digits behind the point."""
        if value is None or not _is_finite(value):
            return NOTHING
        return self._decimal(value, f"#,##0.{'0' * digits}" if digits else "#,##0")

    def number(self, value: Number | None) -> str:
        """Write a number such as one of days: with a digit behind the point unless it is whole."""
        if value is None or not _is_finite(value):
            return NOTHING
        return self._decimal(value, "#,##0.#")

    def share(self, value: Number | None, digits: int = 1) -> str:
        """Write a share of 0 … 1 in percent.

        Examples:
            >>> Numbers("ru", "RUB").share(0.6558)
            '65,6%'
        """
        if value is None or not _is_finite(value):
            return NOTHING
        pattern = f"#,##0.{'0' * digits}%" if digits else "#,##0%"
        return str(format_percent(Decimal(str(value)), pattern, locale=self.language))

    def part(self, value: Number | None) -> str:
        """Write a share in whole percent; one that is there but small is not nothing.

        Examples:
            >>> Numbers("en", "GBP").part(0.003), Numbers("en", "GBP").part(0.0)
            ('<1%', '0%')
        """
        if value is not None and 0 < value < _HALF_A_PERCENT:
            return f"<{self.share(0.01, digits=0)}"
        return self.share(value, digits=0)

    def tidy_share(self, value: Number) -> str:
        """Write a share in percent, with a digit behind the point only where it needs one.

        Examples:
            >>> Numbers("en", "GBP").tidy_share(0.95), Numbers("ru", "RUB").tidy_share(0.995)
            ('95%', '99,5%')
        """
        return str(format_percent(Decimal(str(value)), "#,##0.##%", locale=self.language))

    def money(self, value: Number | None) -> str:
        """Write money: whole from a thousand on, else to the hundredth.

        Examples:
            >>> Numbers("en", "GBP").money(480.866), Numbers("en", "RUB").money(8911407.9)
            ('£480.87', '₽8,911,408')
        """
        if value is None or not _is_finite(value):
            return NOTHING
        digits = "" if _size(value) >= 1_000 or value == 0 else ".00"
        return self._with_sign(self._decimal(_size(value), f"#,##0{digits}"), is_negative=value < 0)

    def short_money(self, value: Number | None) -> str:
        """Write money in few letters, for headlines and axes.

        Examples:
            >>> Numbers("en", "GBP").short_money(8911407.9)
            '£8.9M'
        """
        if value is None or not _is_finite(value):
            return NOTHING
        size = _size(value)
        # Of hundreds nobody asks for the tenth.
        told = self.short(round(size) if size >= 100 else size)
        return self._with_sign(told, is_negative=value < 0)

    def short(self, value: Number | None) -> str:
        """Write a number in few letters."""
        if value is None or not _is_finite(value):
            return NOTHING
        if _size(value) < 1_000:
            return self.number(value)
        size = Decimal(str(value))
        return str(format_compact_decimal(size, locale=self.language, fraction_digits=1))

    def date(self, value: dt.date | None) -> str:
        """Write a day in full."""
        if value is None:
            return NOTHING
        return str(format_date(value, "d MMMM y", locale=self.language))

    def instant(self, value: dt.datetime | None) -> str:
        """Write a day and a wall-clock time."""
        if value is None:
            return NOTHING
        return str(format_datetime(value, "d MMMM y, HH:mm", locale=self.language))

    def short_date(self, value: dt.date | None) -> str:
        """Write a day in few letters."""
        if value is None:
            return NOTHING
        return str(format_date(value, "d MMM y", locale=self.language))

    def month(self, value: dt.date | None) -> str:
        """Write a month and its year in few letters.

        Examples:
            >>> Numbers("ru", "RUB").month(dt.date(2010, 12, 1))
            'дек. 2010'
        """
        if value is None:
            return NOTHING
        return str(format_date(value, "LLL y", locale=self.language))

    def full_month(self, value: dt.date | None) -> str:
        """Write a month and its year, the month spelled out."""
        if value is None:
            return NOTHING
        return str(format_date(value, "LLLL y", locale=self.language))

    def month_name(self, number: int) -> str:
        """Give the name of a month, 1 … 12."""
        return str(Locale(self.language).months["stand-alone"]["wide"][number])

    def slot(self, unit: str, number: int, *, is_wide: bool = False) -> str:
        """Name a slot of the seasonality: a month, a weekday (Monday is 1) or an hour."""
        names, width = Locale(self.language), "wide" if is_wide else "abbreviated"
        if unit == "month":
            return str(names.months["stand-alone"][width][number]).removesuffix(".")
        if unit == "weekday":
            return str(names.days["stand-alone"][width][number - 1])
        return f"{number:02d}"

    def plural_form(self, count: Number) -> str:
        """Give the name of the form that a word takes after a count, such as `few`."""
        return str(Locale(self.language).plural_form(_size(count)))

    def _decimal(self, value: Number, pattern: str) -> str:
        return str(format_decimal(Decimal(str(value)), pattern, locale=self.language))

    def _with_sign(self, digits: str, *, is_negative: bool) -> str:
        pattern = _pattern(self.language)
        sign = self.sign
        if re.search(r"^\s*¤", pattern):
            gap = _NO_BREAK if sign.isalpha() else ""
            written = f"{sign}{gap}{digits}"
        else:
            written = f"{digits}{_NO_BREAK}{sign}"
        return f"-{written}" if is_negative else written


def _pattern(language: str) -> str:
    standard: NumberPattern = parse_pattern(Locale(language).currency_formats["standard"])
    return str(standard.pattern)


def _is_finite(value: Number) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _size(value: Number) -> Number:
    return value if value >= 0 else -value
