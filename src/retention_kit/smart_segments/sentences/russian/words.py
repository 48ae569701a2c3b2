"""The words of Russian: columns in the cases that sentences need, events, units of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Gender = Literal["m", "f", "n"]


class Unit(NamedTuple):
    """A unit of time.

    Attributes:
        one: 1 of them, nominative.
        one_of: 1 of them, accusative.
        few: 2 of them; also 1, genitive.
        many: 5 of them; also 2, genitive.
        gender: Its gender.
        within: 1 of them, prepositional, as calendars have it.
    """

    one: str
    one_of: str
    few: str
    many: str
    gender: Gender
    within: str = ""


class Noun(NamedTuple):
    """What a column is called.

    Attributes:
        name: Nominative.
        of: Genitive.
        by: Instrumental.
        gender: Its gender.
        many: What different values of it are called, genitive.
        is_quoted: Whether it is the column's own name, in quotes.
    """

    name: str
    of: str
    by: str
    gender: Gender
    many: str
    is_quoted: bool = False


class Deed(NamedTuple):
    """What customers did.

    Attributes:
        done: That they did it, perfective.
        repeated: That they did it so many times, imperfective.
        not_done: That they did it not once, without «не».
        usual: That they did it in several periods.
    """

    done: str
    repeated: str
    not_done: str
    usual: str = ""


UNITS: Mapping[str, Unit] = {
    "y": Unit("год", "год", "года", "лет", "m"),
    "q": Unit("квартал", "квартал", "квартала", "кварталов", "m"),
    "mo": Unit("месяц", "месяц", "месяца", "месяцев", "m"),
    "w": Unit("неделя", "неделю", "недели", "недель", "f"),
    "d": Unit("день", "день", "дня", "дней", "m"),
    "h": Unit("час", "час", "часа", "часов", "m"),
    "m": Unit("минута", "минуту", "минуты", "минут", "f"),
    "s": Unit("секунда", "секунду", "секунды", "секунд", "f"),
}
PERIODS: Mapping[str, Unit] = {
    "1d": UNITS["d"]._replace(within="дне"),
    "1w": UNITS["w"]._replace(within="неделе"),
    "1mo": UNITS["mo"]._replace(within="месяце"),
    "1q": UNITS["q"]._replace(within="квартале"),
    "1y": UNITS["y"]._replace(within="году"),
}
MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
    "октября", "ноября", "декабря",
)  # fmt: skip
ORDINALS = (
    "первом", "втором", "третьем", "четвёртом", "пятом", "шестом", "седьмом", "восьмом",
    "девятом", "десятом",
)  # fmt: skip
_AMOUNT = Noun("сумма", "суммы", "суммой", "f", "сумм")
_ORDER_ID = Noun("номер заказа", "номера заказа", "номером заказа", "m", "заказов")
_CUSTOMER_ID = Noun(
    "номер покупателя", "номера покупателя", "номером покупателя", "m", "покупателей"
)
_PRODUCT_ID = Noun("код товара", "кода товара", "кодом товара", "m", "товаров")
_ORDERED_AT = Noun("дата заказа", "даты заказа", "датой заказа", "f", "дат заказа")
_KIND = Noun("вид", "вида", "видом", "m", "видов")
COLUMNS: Mapping[str, Mapping[str, Noun]] = {
    "orders": {
        "order_id": _ORDER_ID,
        "original_order_id": Noun(
            "номер исходного заказа",
            "номера исходного заказа",
            "номером исходного заказа",
            "m",
            "исходных заказов",
        ),
        "customer_id": _CUSTOMER_ID,
        "ordered_at": _ORDERED_AT,
        "amount": _AMOUNT,
        "kind": _KIND,
        "status": Noun("статус", "статуса", "статусом", "m", "статусов"),
        "channel": Noun("канал", "канала", "каналом", "m", "каналов"),
        "manager": Noun("менеджер", "менеджера", "менеджером", "m", "менеджеров"),
        "promo_code": Noun("промокод", "промокода", "промокодом", "m", "промокодов"),
        "referrer_id": Noun(
            "номер пригласившего", "номера пригласившего", "номером пригласившего", "m",
            "пригласивших",
        ),
        "delivered_at": Noun(
            "дата доставки", "даты доставки", "датой доставки", "f", "дат доставки"
        ),
        "discount": Noun("скидка", "скидки", "скидкой", "f", "скидок"),
        "points_paid": Noun(
            "оплата баллами", "оплаты баллами", "оплатой баллами", "f", "оплат баллами"
        ),
        "delivery": Noun(
            "плата за доставку", "платы за доставку", "платой за доставку", "f", "плат за доставку"
        ),
        "margin": Noun("маржа", "маржи", "маржой", "f", "значений маржи"),
        "currency": Noun("валюта", "валюты", "валютой", "f", "валют"),
    },
    "order_items": {
        "order_id": _ORDER_ID,
        "customer_id": _CUSTOMER_ID,
        "ordered_at": _ORDERED_AT,
        "kind": _KIND,
        "amount": _AMOUNT,
        "product_id": _PRODUCT_ID,
        "quantity": Noun("количество", "количества", "количеством", "n", "количеств"),
        "line_id": Noun("номер строки", "номера строки", "номером строки", "m", "строк"),
        "original_line_id": Noun(
            "номер исходной строки", "номера исходной строки", "номером исходной строки", "m",
            "исходных строк",
        ),
        "category": Noun("категория", "категории", "категорией", "f", "категорий"),
        "name": Noun(
            "название товара", "названия товара", "названием товара", "n", "названий товара"
        ),
    },
    "events": {
        "customer_id": _CUSTOMER_ID,
        "name": Noun(
            "название события", "названия события", "названием события", "n", "названий события"
        ),
        "occurred_at": Noun("дата события", "даты события", "датой события", "f", "дат события"),
        "recorded_at": Noun("дата записи", "даты записи", "датой записи", "f", "дат записи"),
        "order_id": _ORDER_ID,
        "product_id": _PRODUCT_ID,
        "value": Noun("величина", "величины", "величиной", "f", "величин"),
        "campaign": Noun("кампания", "кампании", "кампанией", "f", "кампаний"),
        "message_id": Noun(
            "номер сообщения", "номера сообщения", "номером сообщения", "m", "сообщений"
        ),
        "properties": Noun(
            "описание свойств", "описания свойств", "описанием свойств", "n", "описаний свойств"
        ),
    },
    "customers": {
        "customer_id": _CUSTOMER_ID,
        "email": Noun(
            "адрес электронной почты", "адреса электронной почты", "адресом электронной почты", "m",
            "адресов электронной почты",
        ),
        "phone": Noun("телефон", "телефона", "телефоном", "m", "телефонов"),
        "first_name": Noun("имя", "имени", "именем", "n", "имён"),
        "last_name": Noun("фамилия", "фамилии", "фамилией", "f", "фамилий"),
        "birthday": Noun(
            "дата рождения", "даты рождения", "датой рождения", "f", "дат рождения"
        ),
        "registered_at": Noun(
            "дата регистрации", "даты регистрации", "датой регистрации", "f", "дат регистрации"
        ),
        "acquisition_channel": Noun(
            "канал привлечения", "канала привлечения", "каналом привлечения", "m",
            "каналов привлечения",
        ),
        "time_zone": Noun(
            "часовой пояс", "часового пояса", "часовым поясом", "m", "часовых поясов"
        ),
        "city": Noun("город", "города", "городом", "m", "городов"),
        "gender": Noun("пол", "пола", "полом", "m", "полов"),
    },
    "scores": {
        "recency_score": Noun("балл за давность", "балла за давность", "", "m", ""),
        "frequency_score": Noun("балл за частоту", "балла за частоту", "", "m", ""),
        "monetary_score": Noun("балл за деньги", "балла за деньги", "", "m", ""),
        "segment": Noun("сегмент RFM", "сегмента RFM", "", "m", ""),
        "cluster": Noun("кластер", "кластера", "", "m", ""),
        "probability_alive": Noun(
            "вероятность остаться покупателем", "вероятности остаться покупателем", "", "f", ""
        ),
        "expected_purchases": Noun(
            "ожидаемое число покупок", "ожидаемого числа покупок", "", "n", ""
        ),
        "predicted_value": Noun("прогноз ценности", "прогноза ценности", "", "m", ""),
    },
}  # fmt: skip
"""By table, and for scores by themselves; other columns are quoted as they are."""

CHANNELS: Mapping[str, str] = {
    "email": "по электронной почте",
    "sms": "по SMS",
    "push": "в пуш-уведомлениях",
    "phone": "по телефону",
}


def noun_of(column: str, table: str) -> Noun:
    """Give what a column of a table is called."""
    known = COLUMNS[table].get(column)
    if known:
        return known
    name = f"«{column}»"
    return Noun(
        f"поле {name}", f"поля {name}", f"полем {name}", "n", f"значений поля {name}",
        is_quoted=True,
    )  # fmt: skip
