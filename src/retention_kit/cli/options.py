"""What may be chosen on the command line, word by word."""

from __future__ import annotations

from enum import StrEnum


class Grain(StrEnum):
    """What a row of the file is."""

    ORDERS = "orders"
    LINES = "lines"


class System(StrEnum):
    """Who wrote the export."""

    ONE_C = "1c"
    BITRIX24 = "bitrix24"
    AMOCRM = "amocrm"


class Language(StrEnum):
    """The language of the report."""

    EN = "en"
    RU = "ru"


class NegativeAmounts(StrEnum):
    """What an order of no stated kind with a negative amount is."""

    REJECT = "reject"
    RETURN = "return"


class PositiveReturns(StrEnum):
    """What becomes of a return with a positive amount."""

    REJECT = "reject"
    NEGATE = "negate"


class DuplicateLines(StrEnum):
    """What becomes of exact copies of lines."""

    KEEP = "keep"
    REJECT = "reject"
