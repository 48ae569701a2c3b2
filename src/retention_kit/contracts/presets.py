"""What 1C, Bitrix24 and amoCRM write into their exports: headings and words.

Both can be renamed in each of the three, and stages of deals nearly always are. So a preset says
only which heading is looked for first, and what the words of an untouched system mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from retention_kit.contracts.headings import Headings, keys
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

PresetName = Literal["1c", "bitrix24", "amocrm"]
"""The systems whose exports are known."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What one system writes.

    Attributes:
        name: Its name.
        headings: By table and column, in the order in which they are looked for.
    """

    name: str
    headings: Headings


def preset_of(name: str | None) -> Preset | None:
    """Give a preset by its name.

    Raises:
        DefinitionError: There is none of that name.
    """
    if name is None:
        return None
    if name not in PRESETS:
        nearest = nearest_names(str(name), get_args(PresetName))
        hint = f"for example {nearest[0]!r}, or None." if nearest else "None knows all headings."
        error: DefinitionError = bad_parameter(
            "preset", got=name, allowed=", ".join(map(repr, get_args(PresetName))), step=hint
        )
        raise error
    return PRESETS[name]


def _table(**columns: str) -> dict[str, tuple[str, ...]]:
    return {column: keys(text) for column, text in columns.items()}


_DOCUMENT = _table(
    order_id="номер; номер документа; ссылка; документ; регистратор; документ продажи",
    customer_id="контрагент; клиент; покупатель; партнер",
    ordered_at="дата; дата документа; период",
    amount="сумма документа; сумма; выручка; сумма продажи; стоимость продажи",
    kind="вид операции; тип документа; вид документа",
    status="статус; состояние; проведен",
    manager="менеджер; ответственный",
    channel="подразделение; магазин; склад",
    currency="валюта; валюта документа",
    margin="валовая прибыль; прибыль",
)
_DEAL = _table(
    order_id="id; id сделки; номер сделки; deal id",
    ordered_at="дата создания; дата начала; дата закрытия; created on; created; begin date",
    manager="ответственный; responsible; responsible person",
)

PRESETS: Mapping[str, Preset] = {
    "1c": Preset(
        "1c",
        {
            "orders": _DOCUMENT,
            "lines": {
                **_DOCUMENT,
                **_table(
                    product_id="код номенклатуры; артикул; номенклатура; код; товар",
                    quantity="количество; кол во",
                    price="цена; цена со скидкой",
                    amount="сумма; выручка; стоимость продажи; сумма документа",
                    category="номенклатурная группа; вид номенклатуры; группа",
                    name="наименование; номенклатура",
                ),
            },
            "customers": _table(
                customer_id="контрагент; клиент; наименование; код; партнер",
                phone="телефон; контактный телефон",
                email="адрес электронной почты; e mail; email",
            ),
        },
    ),
    "bitrix24": Preset(
        "bitrix24",
        {
            "orders": {
                **_DEAL,
                **_table(
                    customer_id="контакт id; id контакта; контакт; компания id; компания; "
                    "contact id; contact; company",
                    amount="сумма; сумма сделки; total; amount; income; opportunity",
                    status="стадия сделки; стадия; stage; deal stage; pipeline stage",
                    channel="источник; source",
                    currency="валюта; currency",
                ),
            },
            "customers": _table(
                customer_id="id; контакт",
                phone="рабочий телефон; мобильный телефон; телефон; work phone; mobile",
                email="рабочий e mail; частный e mail; e mail; work e mail; home e mail",
                registered_at="дата создания; created on; created",
                acquisition_channel="источник; source",
            ),
        },
    ),
    "amocrm": Preset(
        "amocrm",
        {
            "orders": {
                **_DEAL,
                **_table(
                    customer_id="id контакта; основной контакт; контакт; компания; main contact; "
                    "company",
                    amount="бюджет; бюджет сделки; бюджет руб; sale; budget; price",
                    status="этап сделки; этап; статус сделки; lead stage; stage; status",
                    channel="источник; источник сделки; utm source; source",
                ),
            },
            "customers": _table(
                customer_id="id; id контакта; имя; полное имя; основной контакт",
                phone="рабочий телефон; мобильный телефон; телефон; work phone",
                email="рабочий email; личный email; email; work email",
                registered_at="дата создания; дата создания контакта; created at",
            ),
        },
    ),
}
"""The presets by name."""


def _words(**meanings: str) -> dict[str, str]:
    return {key: meaning.rstrip("_") for meaning, text in meanings.items() for key in keys(text)}


WORDS: Mapping[str, Mapping[str, str]] = {
    "status": _words(
        completed="сделка успешна; успешна; успешно; успешно реализовано; успех; сделка заключена; "
        "выполнен; выполнено; завершен; завершена; завершено; закрыт; закрыта; закрыто; оплачен; "
        "оплачена; оплачено; доставлен; доставлено; получен; выдан; отгружен; отгружено; "
        "проведен; проведено; реализован; реализовано; продано; продан; вручен; вручено; вручена; "
        "вручен клиенту; вручено клиенту; вручен получателю; выдано; выдана; выдан клиенту; "
        "выдан покупателю; доставлена; доставлен клиенту; получено; получена; получен клиентом; "
        "отгружена; отгружен полностью; выполнена; исполнен; исполнено; продажа; да; "
        "completed; complete; done; paid; delivered; picked up; collected; received; "
        "fulfilled; shipped; closed won; won; deal won; success; successful; closed; yes; true",
        cancelled="сделка провалена; провалена; провал; анализ причины провала; "
        "закрыто и не реализовано; не реализовано; отменен; отменена; отменено; отмена; отказ; "
        "отклонен; отклонено; проиграна; помечен на удаление; аннулирован; аннулировано; возврат; "
        "возвращен; возвращено; не доставлен; не вручен; не выкуплен; невыкуп; удален; "
        "cancelled; canceled; refunded; returned; "
        "closed lost; lost; deal lost; rejected; refused; void; voided; failed; analyze failure",
        open="новая; новый; новое; в работе; подготовка документов; счет на предоплату; "
        "предоплатный счет; финальный счет; неразобранное; первичный контакт; переговоры; "
        "принимают решение; согласование договора; не проведен; не проведено; не оплачен; "
        "не оплачено; не завершен; не завершена; ожидает оплаты; ожидает отгрузки; в обработке; "
        "к выполнению; к обеспечению; черновик; нет; принят; подтвержден; собирается; "
        "комплектуется; доставляется; в пути; передан в доставку; ожидает выдачи; готов к выдаче; "
        "new; open; in progress; pending; on hold; confirmed; "
        "processing; draft; unpaid; no; false; initial contact; negotiation; prepare documents; "
        "prepayment invoice; final invoice; executing",
    ),
    "kind": _words(
        sale="реализация товаров; реализация товаров и услуг; реализация акт накладная; "
        "реализация; реализация акт; реализация накладная; реализация товаров услуг; "
        "отчет о розничных продажах; розничная продажа; чек ккм; чек; кассовый чек; продажа; "
        "заказ; заказ клиента; заказ покупателя; приход; sale; order; purchase",
        return_="возврат товаров от покупателя; возврат товаров от клиента; возврат от покупателя; "
        "возврат; чек ккм на возврат; чек ккм возврат; возврат прихода; return; refund; "
        "credit note",
    ),
    "category": _words(
        advertising="реклама; маркетинг; рекламные расходы; расходы на рекламу; продвижение; "
        "таргет; контекст; advertising; ads; marketing",
        salaries="зарплата; зарплаты; заработная плата; фот; оплата труда; salaries; salary; "
        "payroll; wages",
        software="софт; программы; программное обеспечение; по; сервисы; подписки; crm; software; "
        "tools; subscriptions",
        rent="аренда; аренда помещения; rent",
        other="прочее; прочие; другое; иное; other; misc",
    ),
    "purpose": _words(
        acquisition="привлечение; привлечение клиентов; новые; новые клиенты; acquisition",
        retention="удержание; удержание клиентов; повторные; повторные продажи; постоянные; "
        "постоянные клиенты; лояльность; retention; loyalty",
    ),
}
"""By column, what the words of others mean, as `heading_key` writes them."""

GUESTS = frozenset(
    keys(
        "розничный покупатель; розничный клиент; розничные покупатели; розница; частное лицо; "
        "физическое лицо; физлицо; физ лицо; гость; не указан; без контрагента; аноним; "
        "retail customer; walk in customer; guest; anonymous; unknown"
    )
)
"""Names in place of a customer that stand for nobody in particular."""

MONTH_STEMS = (
    "январ", "феврал", "март", "апрел", "ма[йя]", "июн", "июл", "август", "сентябр", "октябр",
    "ноябр", "декабр",
)  # fmt: skip
"""How the names of the months begin, as regular expressions."""

_CODES = (
    "RUB", "USD", "EUR", "GBP", "BYN", "KZT", "UAH", "AMD", "AZN", "GEL", "KGS", "TJS", "UZS",
    "CNY", "TRY", "AED", "ILS", "PLN", "CZK", "CHF", "JPY", "INR", "CAD", "AUD",
)  # fmt: skip
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD")
_ROUBLES = ("RUB", "BYN")
CURRENCIES: Mapping[str, tuple[str, ...]] = {
    **{code.lower(): (code,) for code in _CODES},
    "rur": ("RUB",),
    "₽": ("RUB",),
    **dict.fromkeys(("рублей", "рубля", "рубль", "руб.", "руб", "р.", "р"), _ROUBLES),
    "$": _DOLLARS,
    "€": ("EUR",),
    "£": ("GBP",),
    "₴": ("UAH",),
    "грн": ("UAH",),
    "₸": ("KZT",),
    "тенге": ("KZT",),
}
"""What stands beside numbers for a currency, in small letters, and the codes it may stand for."""
