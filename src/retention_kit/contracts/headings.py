"""Headings that people give the columns of their tables, in Russian and in English.

Pure data and one function. The first of a column's headings is the one it is most surely meant by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Headings = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By table and column, headings as `heading_key` writes them, the surest first."""

_CURRENCY = {"руб", "рублей", "рубли", "р", "rub", "rur", "₽", "usd", "eur", "gbp"}


def heading_key(heading: str) -> str:
    """Give what counts in a heading: lower-case words, without punctuation and currency.

    Examples:
        >>> heading_key(" Сумма, руб. "), heading_key("InvoiceDate"), heading_key("Кол-во")
        ('сумма', 'invoice date', 'кол во')
    """
    text = re.sub(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])", " ", heading).casefold()
    words = re.findall(r"№|₽|[^\W_]+", text.replace("ё", "е"))
    if len(words) > 1 and words[-1] in _CURRENCY:
        words.pop()
    return " ".join(words)


def keys(text: str) -> tuple[str, ...]:
    """Read headings written between semicolons."""
    return tuple(heading_key(heading) for heading in text.split(";"))


def _table(**columns: str) -> dict[str, tuple[str, ...]]:
    return {column: keys(text) for column, text in columns.items()}


_ORDERS = _table(
    order_id="номер заказа; id заказа; код заказа; № заказа; заказ; номер документа; номер чека; "
    "чек; номер; №; номер сделки; id сделки; документ; регистратор; ссылка; id; order id; "
    "order number; order no; number; order; invoice; invoice no; invoice number; receipt; deal id; "
    "transaction id",
    customer_id="id клиента; код клиента; id покупателя; номер клиента; номер карты; "
    "карта лояльности; клиент; покупатель; контрагент; заказчик; основной контакт; контакт; "
    "фио клиента; customer id; client id; user id; buyer id; contact id; customer; client; "
    "buyer; contact",
    ordered_at="дата заказа; дата и время заказа; дата продажи; дата покупки; дата чека; "
    "дата документа; дата оформления; дата; дата и время; дата создания; создан; "
    "order date; ordered at; purchase date; sale date; invoice date; date; datetime; created at; "
    "created on; created; date created; timestamp",
    amount="сумма заказа; сумма продажи; сумма документа; сумма чека; сумма сделки; "
    "сумма со скидкой; сумма; бюджет; бюджет сделки; выручка; сумма оплаты; оплачено; "
    "order total; order amount; amount; total; total price; revenue; sales; net amount; "
    "sum; opportunity",
    kind="вид операции; тип операции; вид документа; тип документа; kind; operation; type",
    status="статус заказа; статус; стадия сделки; стадия; этап сделки; этап; состояние; "
    "проведен; оплачен; order status; status; stage; deal stage; pipeline stage; state",
    original_order_id="документ основание; основание; заказ основание; original order id",
    channel="канал продаж; канал; источник заказа; источник сделки; источник; магазин; "
    "торговая точка; channel; source; utm source; store; shop",
    manager="ответственный; менеджер; продавец; ответственный менеджер; manager; responsible; "
    "responsible person; owner; assigned to; salesperson",
    promo_code="промокод; купон; promo code; coupon; coupon code; discount code",
    delivered_at="дата доставки; дата вручения; дата получения; delivered at; delivery date",
    discount="сумма скидки; скидка; discount; discount amount; total discount",
    points_paid="оплачено баллами; оплачено бонусами; списано баллов; списано бонусов; points paid",
    delivery="стоимость доставки; доставка; shipping; delivery; shipping cost; delivery cost",
    margin="валовая прибыль; маржа; прибыль; gross profit; margin; profit",
    currency="валюта; валюта документа; currency; currency code",
)

_ITEMS = _table(
    order_id="номер заказа; id заказа; заказ; номер документа; номер чека; чек; номер; документ; "
    "регистратор; ссылка; id; order id; order; order number; invoice; invoice no; receipt",
    product_id="артикул; код товара; id товара; код номенклатуры; sku; номенклатура; товар; "
    "наименование товара; название товара; код; product id; product code; stock code; item id; "
    "product; item",
    quantity="количество; кол во; количество товара; quantity; qty; count; units",
    amount="сумма со скидкой; сумма строки; стоимость; сумма; всего; amount; line total; total; "
    "revenue; sum",
    line_id="номер строки; № строки; line id; line number",
    category="категория товара; категория; группа товаров; номенклатурная группа; товарная группа; "
    "вид номенклатуры; category; product category; product group",
    name="наименование; название; номенклатура; описание; name; product name; description; title",
)

_CUSTOMERS = _table(
    customer_id="id клиента; код клиента; id контакта; код контрагента; номер клиента; код; id; "
    "клиент; покупатель; контрагент; контакт; имя клиента; наименование; фио; "
    "customer id; client id; contact id; user id; customer; client; contact",
    email="e mail; email; эл почта; электронная почта; почта; рабочий e mail; рабочий email; "
    "email рабочий; адрес электронной почты; mail; e mail address; email address",
    phone="телефон; номер телефона; мобильный телефон; рабочий телефон; телефон рабочий; "
    "контактный телефон; мобильный; phone; phone number; mobile; mobile phone; telephone",
    first_name="имя; first name; given name; name",
    last_name="фамилия; last name; surname; family name",
    birthday="дата рождения; день рождения; birthday; birth date; date of birth",
    registered_at="дата регистрации; дата создания; дата добавления; создан; registered at; "
    "created at; registration date; signup date; created",
    acquisition_channel="канал привлечения; источник; рекламный источник; откуда узнали; "
    "acquisition channel; source; channel; utm source",
    time_zone="часовой пояс; time zone; timezone",
    city="город; населенный пункт; city; town",
    gender="пол; gender; sex",
)

_COSTS = _table(
    month="месяц; период; дата; month; period; date",
    amount="сумма; расход; расходы; затраты; бюджет; потрачено; стоимость; amount; cost; costs; "
    "spend; expense; sum",
    channel="канал; рекламный канал; источник; площадка; channel; source; medium; platform",
    category="категория; статья расходов; статья затрат; статья; вид расходов; вид затрат; "
    "тип расходов; category; expense category; item; type",
    purpose="цель; назначение; на что; purpose; goal",
)

_EVENTS = _table(
    customer_id="id клиента; код клиента; клиент; покупатель; контакт; customer id; client id; "
    "user id; customer; user",
    name="событие; название события; действие; event; event name; name; action",
    occurred_at="дата события; дата и время; дата; время; occurred at; timestamp; time; date; "
    "event time; created at",
    order_id="номер заказа; id заказа; заказ; order id; order",
    product_id="артикул; код товара; товар; sku; product id; product",
    value="значение; сумма; value; amount",
    campaign="кампания; рекламная кампания; рассылка; campaign; utm campaign",
    message_id="id сообщения; сообщение; message id; message",
)

HEADINGS: Headings = {
    "orders": _ORDERS,
    "order_items": _ITEMS,
    "lines": {
        **_ORDERS,
        **_ITEMS,
        **_table(price="цена со скидкой; цена; цена за единицу; цена за шт; price; unit price"),
    },
    "customers": _CUSTOMERS,
    "costs": _COSTS,
    "events": _EVENTS,
}
"""The headings that are known without a preset."""

WEAK: Headings = {
    "orders": _table(
        customer_id="телефон; номер телефона; рабочий телефон; e mail; email; компания; фио; имя; "
        "phone; phone number; e mail address; email address; company; name",
        order_id="название сделки; сделка; deal; deal name",
        ordered_at="период; дата закрытия; дата завершения; дата оплаты; дата отгрузки; closed at; "
        "close date; end date; period; time",
        amount="стоимость; итого; всего; цена; price; value",
    ),
    "lines": _table(
        customer_id="телефон; номер телефона; e mail; email; компания; фио; phone; company",
        ordered_at="период; дата оплаты; дата отгрузки; period; time",
        product_id="наименование; название; name; description",
    ),
    "order_items": _table(product_id="наименование; название; name; description"),
    "customers": _table(customer_id="телефон; e mail; email; компания; phone; company"),
}
"""Headings that may mean a column, and may mean something else."""
