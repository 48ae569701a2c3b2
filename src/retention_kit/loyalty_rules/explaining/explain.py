"""Say an entry of a ledger, or a quote, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.explaining.english import ENGLISH
from retention_kit.loyalty_rules.explaining.of_entries import entry_in_words
from retention_kit.loyalty_rules.explaining.of_quotes import quote_in_words
from retention_kit.loyalty_rules.explaining.russian import RUSSIAN
from retention_kit.loyalty_rules.explaining.speech import Language, Speech, Teller
from retention_kit.loyalty_rules.ledger import Entry
from retention_kit.loyalty_rules.online.checking import check_compiled
from retention_kit.loyalty_rules.online.quotes import Quote

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram

_SPEECHES: Mapping[str, Speech] = {"en": ENGLISH, "ru": RUSSIAN}


def explain(
    what: Entry | Quote | Mapping[str, Any], program: CompiledProgram, language: Language = "en"
) -> str:
    """Say why an entry stands in the ledger, or what makes up a quote.

    It names the rule, what it was reckoned from, the tier, what caps left, and the dates, on the
    shop's calendar.

    Args:
        what: An entry, or a quote; or a row of the table that `accrue` and `ledger_entries` give,
            as a dictionary.
        program: The programme that made it, as `compile_program` gives it.
        language: `en` or `ru`.

    Returns:
        Of an entry a sentence; of a quote a few.

    Raises:
        DefinitionError: There is no such language, or the programme is not compiled, or it is
            none of these.
        DataError: It is a dictionary, and no row of a ledger.
    """
    if language not in get_args(Language):
        raise bad_parameter("language", got=language, allowed="'en' or 'ru'")
    check_compiled(program)
    teller = Teller(program, _SPEECHES[language])
    match what:
        case Entry():
            return entry_in_words(what, teller)
        case Quote():
            return quote_in_words(what, teller)
        case Mapping():
            return entry_in_words(Entry.from_row(what), teller)
    raise bad_parameter(
        "what",
        got=type(what).__name__,
        allowed="an Entry, a Quote, or a row of a ledger as a dictionary",
        step="ledger.row(0, named=True) gives one.",
    )
