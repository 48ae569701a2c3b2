"""The catalogue of the report's words: one file per language, with the same keys in each."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from retention_kit.audit.report.numbers import LANGUAGES, NOTHING, Language, Numbers
from retention_kit.errors import bad_parameter

Catalogue = Mapping[str, Any]


def texts(language: Language) -> Catalogue:
    """Give all words of the report in one language.

    Args:
        language: `en` or `ru`.

    Returns:
        Nested read-only mappings, as in `languages/en.toml`. A key figure's definition stands at
        `["figures"][name]["definition"]`; in another view than sales its name is followed by the
        view's, as in `revenue_net`.

    Raises:
        DefinitionError: There is no such language.

    Examples:
        >>> texts("en")["figures"]["average_order_value"]["definition"]
        'Revenue / orders.'
    """
    if language not in LANGUAGES:
        raise bad_parameter("language", got=language, allowed=" or ".join(LANGUAGES))
    return _read(language)


@cache
def _read(language: str) -> Catalogue:
    path = files("retention_kit.audit.report") / "languages" / f"{language}.toml"
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType(read)


@dataclass(frozen=True, slots=True)
class Words:
    """The catalogue and the numbers of one language together: what turns values into words.

    Attributes:
        language: The language.
        numbers: How it writes values.
        confidence: How sure intervals are, 0 … 1.
    """

    language: Language
    numbers: Numbers
    confidence: float = 0.95

    @classmethod
    def of(cls, language: Language, currency: str, *, confidence: float = 0.95) -> Words:
        """Make the words of a language for a shop's currency and how sure its intervals are."""
        texts(language)
        return cls(language, Numbers(language, currency), confidence)

    def get(self, *path: str, default: str | None = None) -> str:
        """Give one text by its keys; a default, or its last key with spaces, where there is none.

        Examples:
            >>> Words.of("en", "GBP").get("sections", "no_such", "title", default="")
            ''
        """
        found: Any = texts(self.language)
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, str):
            sure = self.numbers.tidy_share(self.confidence)
            return found.replace("{confidence}", sure).replace("1 − ", _ONE_LESS)
        return path[-1].replace("_", " ") if default is None else default

    def has(self, *path: str) -> bool:
        """Tell whether there is a text under these keys."""
        return bool(self.get(*path, default=""))

    def say(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill a template: `{name:kind}` is the value of that name, written as its kind.

        Kinds are `money`, `short_money`, `share`, `part`, `percent` (10 or 0.1), `count`,
        `ratio`, `number`, `date`, `month`, `month_name`, `step`, `step_noun`, `table`, and every
        word with plural forms, such as `customers`; `points` are percentage points (5 or 0.05).
        What is missing becomes a dash.

        Examples:
            >>> Words.of("en", "GBP").say("{n:customers} in all", {"n": 1})
            '1 customer in all'
        """
        said = _Formatter(self).vformat(template, (), _Missing(values))
        return said[:1].upper() + said[1:]

    def sentence(self, *path: str, **values: Any) -> str:
        """Give the text under these keys, filled."""
        return self.say(self.get(*path), values)

    def counted(self, word: str, count: Any) -> str:
        """Write a count with its word in the right form."""
        forms = texts(self.language)["plurals"][word]
        form = forms.get(self.numbers.plural_form(count), forms["other"])
        return str(form).replace("{n}", self.numbers.number(count))

    def of_column(self, column: str) -> tuple[str, ...]:
        """Give the codes that a column may hold, in order of telling."""
        return tuple(texts(self.language)["values"][column])

    def span(self, duration: str) -> str:
        """Write a length of time such as `3mo`.

        Examples:
            >>> Words.of("en", "GBP").span("3mo")
            '3 months'
        """
        found = _DURATION.fullmatch(duration)
        if found is None:
            return duration
        return self.counted(_SPANS[found[2]], int(found[1]))

    def stopped(self, window: str) -> str:
        """Say when those bought who have stopped: in the window before the last, and not since.

        Examples:
            >>> Words.of("en", "GBP").stopped("3mo")
            'between 3 and 6 months ago, and not since'
        """
        found = _DURATION.fullmatch(window)
        if found is None or found[2] not in _MONTHS:
            return self.get("stopped", "other").format(window=self.span(window))
        first = int(found[1]) * _MONTHS[found[2]]
        return self.get("stopped", "months").format(first=first, second=2 * first)

    def named(self, column: str, value: Any) -> str:
        """Give the words for a code that stands in a column, such as a lifecycle state."""
        if value is None:
            return self.get("none", column, default=NOTHING)
        return self.get("values", column, str(value), default=str(value))

    def write(self, value: Any, kind: str) -> str:
        """Write a value of a kind."""
        if value is None:
            return NOTHING
        numbers = self.numbers
        if kind == "points":
            value = round(value * 100, 1) if abs(value) < 1 else value
        if kind in texts(self.language)["plurals"]:
            return self.counted(kind, value)
        match kind:
            case "percent":
                return numbers.share(value if abs(value) < 1 else value / 100, digits=0)
            case "month_name":
                return numbers.month_name(int(value))
            case "step" | "step_noun":
                return self.named(kind, value)
            case "table":
                return self.get("table_names", str(value), default=str(value))
            case "" | "text":
                return str(value)
            case _:
                return str(getattr(numbers, kind)(value))


_SPANS = {"d": "day_words", "w": "weeks", "mo": "months", "y": "years"}
_MONTHS = {"mo": 1, "y": 12}
_ONE_LESS = "1\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}"
_DURATION = re.compile(r"(\d+)(d|w|mo|y)")


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> None:
        return None


class _Formatter(string.Formatter):
    def __init__(self, words: Words) -> None:
        self._words = words

    def get_value(self, key: int | str, _: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[str(key)]

    def format_field(self, value: Any, format_spec: str) -> str:
        return self._words.write(value, format_spec)
