"""All ready segments by name, what they are called in words, and those that need nothing said."""
# ruff: noqa: RUF001

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from retention_kit.errors import bad_parameter, nearest_names
from retention_kit.smart_segments.definitions.base import Language
from retention_kit.smart_segments.definitions.customers import Score
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.lowered.checks import facts_of
from retention_kit.smart_segments.lowered.facts import InPopulation, tables_of
from retention_kit.smart_segments.lowered.lowering import lower_segment
from retention_kit.smart_segments.ready import baskets, dates, habits, letters, shares, visits
from retention_kit.smart_segments.sentences.speaking import check_language

_FUNCTIONS: tuple[tuple[Callable[..., Segment], str, str], ...] = (
    (dates.new_customers, "New customers", "Новые покупатели"),
    (dates.second_order_due, "Second order due", "Пора сделать второй заказ"),
    (baskets.one_time_buyers, "One-time buyers", "Купили один раз"),
    (baskets.repeat_buyers, "Repeat buyers", "Купили повторно"),
    (habits.regulars, "Regulars", "Постоянные покупатели"),
    (habits.lapsed_regulars, "Lapsed regulars", "Ушедшие постоянные покупатели"),
    (habits.no_purchase_for, "No purchase for a time", "Давно не покупали"),
    (habits.reactivated, "Came back", "Вернулись после перерыва"),
    (baskets.big_spenders, "Big spenders", "Много потратили"),
    (baskets.average_order_between, "Average order in a range", "Средний чек в пределах"),
    (baskets.bought_without, "Bought one without the other", "Купили одно без другого"),
    (baskets.never_bought, "Never bought of a category", "Не покупали категорию"),
    (baskets.discount_seekers, "Discount seekers", "Охотники за скидками"),
    (baskets.returned_often, "Return often", "Часто возвращают"),
    (dates.refill_due, "Refill due", "Пора пополнить запас"),
    (dates.due_after_purchase, "A time after a purchase", "Прошёл срок после покупки"),
    (dates.birthday_within, "Birthday soon", "Скоро день рождения"),
    (
        dates.registered_without_purchase,
        "Registered, not bought yet",
        "Зарегистрировались и не купили",
    ),
    (visits.abandoned_cart, "Left a cart", "Оставили корзину"),
    (visits.abandoned_checkout, "Left the checkout", "Не закончили оформление"),
    (visits.interested_without_purchase, "Interested, not bought", "Интересовались и не купили"),
    (letters.consented, "Consent to messages", "Согласны на сообщения"),
    (letters.win_back, "To win back", "Кого вернуть письмом"),
    (letters.opened_without_purchase, "Opened, not bought", "Открыли письмо и не купили"),
    (letters.ignored_messages, "Ignore messages", "Не открывают письма"),
    (shares.high_value, "High value", "Ценные покупатели"),
    (shares.at_risk, "At risk", "Под угрозой ухода"),
    (shares.in_rfm_segment, "RFM segment", "Сегмент RFM"),
    (shares.control_share, "Control group", "Контрольная группа"),
)
READY: Mapping[str, Callable[..., Segment]] = MappingProxyType(
    {function.__name__: function for function, _, _ in _FUNCTIONS}
)
"""The functions that give ready segments, by name."""
_TITLES: Mapping[str, Mapping[Language, str]] = {
    function.__name__: {"en": english, "ru": russian} for function, english, russian in _FUNCTIONS
}


def ready_title(name: str, language: Language = "en") -> str:
    """Say what a ready segment is called.

    Args:
        name: The name of its function, as in `READY`.
        language: `en` or `ru`.

    Returns:
        A few words, without the parameters.

    Raises:
        DefinitionError: There is no such ready segment or language.

    Examples:
        >>> ready_title("abandoned_cart")
        'Left a cart'
    """
    check_language(language)
    if name not in _TITLES:
        near = nearest_names(str(name), _TITLES) or tuple(_TITLES)
        raise bad_parameter("name", got=name, allowed=f"a name in READY, such as {', '.join(near)}")
    return _TITLES[name][language]


def ready_segments(
    language: Language = "en", tables: Iterable[str] | None = None
) -> tuple[Segment, ...]:
    """Give the ready segments for which nothing needs to be said.

    Those whose every parameter has a default, and whose tables are there.

    Args:
        language: Of their names, `en` or `ru`.
        tables: Names of the tables that are there, `scores` among them where scores are handed
            in; None is all.

    Returns:
        The segments, each of a name of its own.

    Raises:
        DefinitionError: There is no such language.

    Examples:
        >>> [segment.name for segment in ready_segments(tables=["orders", "consents"])][-2:]
        ['Consent to email', 'To win back by email']
    """
    check_language(language)
    given = None if tables is None else set(tables)
    found = []
    for name, function in READY.items():
        parameters = inspect.signature(function).parameters.values()
        if any(one.default is one.empty for one in parameters):
            continue
        segment = function()
        if given is None or needed_tables(segment) <= given:
            named = segment if language == "en" else segment.with_fields(name=_TITLES[name]["ru"])
            found.append(named)
    return tuple(found)


def needed_tables(segment: Segment) -> set[str]:
    """Name the tables that a segment cannot do without.

    Scores are named `scores`, although they may stand in `customers` too.
    """
    facts = tuple(facts_of(lower_segment(segment)))
    needed = {table for fact in facts for table in tables_of(fact)}
    if any(isinstance(fact, InPopulation) and fact.population == "registered" for fact in facts):
        needed.add("customers")
    if any(isinstance(condition, Score) for condition in segment.conditions()):
        needed.add("scores")
    return needed
