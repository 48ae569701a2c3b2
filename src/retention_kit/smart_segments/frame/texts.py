"""Text compared in the normal form NFC, without normalising what is in it already.

Text of common letters is in NFC by itself; only the rest is normalised. For equality not even that
is looked at: there are few texts whose NFC is a given one, and they are listed.
"""

# ruff: noqa: RUF001, RUF002
from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable, Mapping

import polars as pl

_MOST_SPELLINGS = 64
# Letters and signs that stand in NFC by themselves, whatever is beside them: Latin, Cyrillic,
# quotation marks and dashes, № and ₽.
_SAFE = "\\x00-\\x{02ff}\\x{0400}-\\x{0482}\\x{048a}-\\x{052f}\\x{2010}-\\x{2027}\\x{20bd}\\x{2116}"
_LAST_DECOMPOSED = 0x2FA20


def nfc(text: str) -> str:
    """Give a text in NFC."""
    return unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Give a text in NFC and lower case, with ё as е."""
    return nfc(text).lower().replace("ё", "е")


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Give a column of any type of text as `String`."""
    return value if dtype == pl.String else value.cast(pl.String)


def is_text(dtype: pl.DataType | None) -> bool:
    """Say whether a type holds text."""
    return isinstance(dtype, pl.String | pl.Enum | pl.Categorical)


def normalised(text: pl.Expr) -> pl.Expr:
    """Give a column of text in NFC."""
    odd = pl.when(text.str.contains(f"[^{_SAFE}]")).then(text)
    return pl.coalesce(odd.str.normalize("NFC"), text)


def folded_column(text: pl.Expr) -> pl.Expr:
    """Give a column of text in NFC and lower case, with ё as е."""
    return normalised(text).str.to_lowercase().str.replace_all("ё", "е", literal=True)


def is_one_of(text: pl.Expr, values: Iterable[str]) -> pl.Expr:
    """Say which texts are, in NFC, one of some texts; null where there is none."""
    wanted = sorted({nfc(value) for value in values})
    spellings = [spellings_of(value) for value in wanted]
    if any(one is None for one in spellings):
        return normalised(text).is_in(wanted)
    found = sorted({text for one in spellings for text in one or ()})
    return text == found[0] if len(found) == 1 else text.is_in(found)


@functools.lru_cache(maxsize=1024)
def spellings_of(text: str) -> tuple[str, ...] | None:
    """List all texts that are the same in NFC; None where they are too many.

    Each is made of characters whose decompositions, one after another, give that of the text. Where
    marks follow marks they could also stand in another order, and the list is not tried.
    """
    whole = unicodedata.normalize("NFD", text)
    is_mark = [unicodedata.combining(one) != 0 for one in whole]
    if any(a and b for a, b in itertools.pairwise(is_mark)):
        return None
    by_decomposition = _characters()
    # By place, all ways to write what comes before it.
    ways: list[list[str]] = [[""], *([] for _ in whole)]
    for place in range(len(whole)):
        for end in range(place + 1, min(place + 4, len(whole)) + 1):
            part = whole[place:end]
            same = by_decomposition.get(part, ())
            composed = nfc(part)
            characters = {*same, *([part] if end == place + 1 else [])}
            if len(composed) == 1 and unicodedata.normalize("NFD", composed) == part:
                characters.add(composed)
            ways[end].extend(way + one for way in ways[place] for one in sorted(characters))
            if len(ways[end]) > _MOST_SPELLINGS:
                return None
    return tuple(ways[-1])


@functools.cache
def _characters() -> Mapping[str, tuple[str, ...]]:
    """Give the characters by what they are decomposed to, Hangul left out, which is composed."""
    found: dict[str, list[str]] = {}
    for code in range(0xC0, _LAST_DECOMPOSED):
        character = chr(code)
        if 0xAC00 <= code < 0xD7A4 or unicodedata.is_normalized("NFD", character):
            continue
        found.setdefault(unicodedata.normalize("NFD", character), []).append(character)
    return {part: tuple(characters) for part, characters in found.items()}
