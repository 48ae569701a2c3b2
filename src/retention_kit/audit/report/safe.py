"""Text that a spreadsheet would run as a formula is made plain."""

from __future__ import annotations

import re

import polars as pl
import polars.selectors as cs

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How text begins that a spreadsheet may take for a formula."""

_NUMBER = r"^[+-][\d\s.,\u00A0]+$"


def is_dangerous(text: str) -> bool:
    """Tell whether a spreadsheet may take a text for a formula.

    Examples:
        >>> is_dangerous("=1+1"), is_dangerous("a=1"), is_dangerous("-12.50")
        (True, False, False)
    """
    return text.startswith(DANGEROUS) and not re.match(_NUMBER, text)


def escape_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before every text and heading that a spreadsheet may take for a formula.

    Examples:
        >>> escape_formulas(pl.DataFrame({"name": ["=1+1", "tea"]})).rows()
        [("'=1+1",), ('tea',)]
    """
    names = {name: f"'{name}" if is_dangerous(name) else name for name in frame.columns}
    text = cs.string()
    # A number with its sign is a number, and harmless.
    runs = text.str.slice(0, 1).is_in(DANGEROUS) & ~text.str.contains(_NUMBER)
    return frame.with_columns(pl.when(runs).then("'" + text).otherwise(text).name.keep()).rename(
        names
    )
