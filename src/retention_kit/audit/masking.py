"""Contacts are hidden from reports unless they are asked for."""

from __future__ import annotations

import re

import polars as pl
import polars.selectors as cs

_EMAIL = r"([^\s@,;<>()\"']?)[^\s@,;<>()\"']*@([^\s@,;<>()\"']+)"
_PHONE = r"(?:\+\d[\d\s().-]{4,}|\b[78]?[\s(-]*\d{3}[)\s-]+\d{3}[\s-]*\d{2}[\s-]*)(\d{2})\b"
_PHONE_NAME = re.compile(r"phone|mobile|whatsapp|telegram|(^|[^a-z])tel|телефон|моб", re.IGNORECASE)


def mask_contacts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Hide e-mail addresses and telephone numbers, wherever they stand.

    Of an address the first letter and the domain stay, of a telephone number the last two digits.
    Contacts are looked for in every column of text, whatever it is called; a column whose name is
    that of a telephone number is hidden whole, a number's digits included.

    Args:
        frame: Any table.

    Returns:
        The table with contacts masked.

    Examples:
        >>> people = pl.LazyFrame(
        ...     {"note": ["ask anna@example.com or +1 555 0100"], "phone": [15550123]}
        ... )
        >>> mask_contacts(people).collect().rows()
        [('ask a***@example.com or ***00', '***23')]
    """
    names = frame.collect_schema().names()
    phones = [name for name in names if _PHONE_NAME.search(name)]
    last_digits = r"^.*?(\d?\d?)\D*$"
    return frame.with_columns(
        cs.string()
        .exclude(phones)
        .str.replace_all(_EMAIL, "${1}***@${2}")
        .str.replace_all(_PHONE, "***${1}"),
        *(pl.col(name).cast(pl.String).str.replace(last_digits, "***${1}") for name in phones),
    )
