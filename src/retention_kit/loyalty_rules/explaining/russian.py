"""Entries and quotes in Russian."""

from __future__ import annotations

from retention_kit.loyalty_rules.explaining.speech import Speech
from retention_kit.smart_segments.sentences.russian import text

_NBSP = text.NBSP


def _points(count: int) -> str:
    return f"{text.number(count)}{_NBSP}{text.form(count, 'балл', 'балла', 'баллов')}"


def _orders(count: int) -> str:
    return f"{text.number(count)}{_NBSP}{text.form(count, 'заказ', 'заказа', 'заказов')}"


RUSSIAN = Speech(
    number=text.number,
    date=text.date,
    quoted=text.quoted,
    points=_points,
    orders=_orders,
    listed=lambda items: text.listed(items, "и"),
    said={
        "money": "{number}\u00a0{currency}",
        "some_points": "{number}\u00a0балла",
        "waits": "ими можно платить после доставки заказа",
        "at_once": "сразу",
        "from": "с {day}",
        "until": "срок — по {day} включительно",
        "never": "срок не ограничен",
        "lives": "платить можно {begin}, {end}",
        "fixed": "фиксированно, {amount}",
        "fixed_each": "{amount} за штуку, штук: {count}",
        "proportional": "{amount} за каждые {per} от суммы {base}",
        "full_steps": "{amount} за каждые полные {per} от суммы {base}",
        "step": "{amount} за единицу денег начиная с {begin}",
        "steps_marginal": "{steps}, каждая ставка на свою часть суммы {base}",
        "steps_whole": "{steps}, достигнутая ставка на всю сумму {base}",
        "plugin": "по расчёту дополнения {name}",
        "multiplier": "умножение на {factor}",
        "in_tier": ", умножено на {factor} на уровне {tier}",
        "times": ", умножено на {factor}",
        "raised": ", умножающие правила делают из этого {full}",
        "capped": ", ограничения и другие правила уменьшили это: было бы {full}",
        "raised_capped": ", умножающие правила делают из этого {full}, ограничения и другие "
        "правила это уменьшили",
        "for_order": " за заказ {order}",
        "of_order": " по заказу {order}",
        "by_rule": "правило {rule}, {rate}",
        "earn": "{day} в кошелёк {wallet} начислено{order}: {units}. Основание: {by}; {lives}",
        "issued": "{day} в кошелёк {wallet} зачислено: {units}; {lives}",
        "activate": "{day} в кошельке {wallet} стало доступно{order}: {units}; {end}",
        "reserve": "{day} в кошельке {wallet} отложено для оплаты: {units}",
        "capture": "{day} отложенное в кошельке {wallet} списано в оплату: {units}",
        "release": "{day} отложенное в кошельке {wallet} снова доступно: {units}{reason}",
        "redeem": "{day} из кошелька {wallet} потрачено{order}: {units}; первым тратится то, что "
        "раньше сгорит{lot}",
        "expire": "{day} в кошельке {wallet} сгорело: {units}{reason}{lot}",
        "clawback": "{day} из кошелька {wallet} отозвано из-за возврата{order}: {units}{by}"
        "{reason}",
        "forgiven": "{day} из кошелька {wallet} следовало отозвать: {units}; они потрачены, и это "
        "прощено",
        "restore": "{day} в кошелёк {wallet} возвращено потраченное{order}: {units}{reason}",
        "adjust_up": "{day} в кошелёк {wallet} добавлено: {units}{reason}{by}",
        "adjust_down": "{day} из кошелька {wallet} снято: {units}{reason}{by}",
        "transfer_up": "{day} в кошелёк {wallet} поступило: {units}{reason}",
        "transfer_down": "{day} из кошелька {wallet} ушло: {units}{reason}",
        "discount": "{day} скидка {rule}{order}: {money} от суммы {base}",
        "discount_tier": "{day} скидка уровня {rule}{order}: {money} от суммы {base}",
        "tier_up": "{day} достигнут уровень {tier}, показатель: {figure}; он действует со "
        "следующего заказа{end}",
        "tier_down": "{day} уровень понижен до {tier}, показатель: {figure}",
        "no_tier": "{day} уровень закончился, показатель: {figure}",
        "tier_until": " по {day} включительно",
        "late_by_rule": ", пересчитано начисление по правилу {rule}",
        "late_tier": "с {day} действует уровень {tier}{end}{reason}",
        "late_no_tier": "с {day} уровня нет{reason}",
        "event_order": "заказ {key}",
        "event_return": "возврат {key}",
        "event_activate": "доставка заказа {key}",
        "event_other": "событие {key}",
        "event_unknown": "событие",
        "by_rule_of": " (было начислено по правилу {rule})",
        "lot": " (партия {lot})",
        "quote": "Заказ {order} стоит {goods}.",
        "quote_tier_off": "Скидка уровня {tier}: {money}.",
        "quote_discount": "Скидка {name}: {money} от суммы {base}.",
        "quote_paid": "Из кошелька {wallet} оплачивается {money}: {units}.",
        "quote_payable": "Остаётся заплатить {money}.",
        "quote_refused": "Так оплатить из кошелька нельзя ({code}).",
        "quote_spendable": "Из кошелька {wallet} можно потратить не больше чем {units}: {why}.",
        "quote_nothing": "Из кошелька {wallet} нельзя потратить ничего: {why}.",
        "limit_balance": "больше там нет",
        "limit_share": "большую часть заказа так оплатить нельзя",
        "limit_excluded": "остальные товары так не оплачиваются",
        "limit_empty": "там нечего тратить",
        "limit_minimum": "можно было бы {there}, а за раз тратят не меньше чем {least}",
        "limit_not_spendable": "по программе из него не платят",
        "quote_earns": "За заказ в кошелёк {wallet} начисляется {units}: {by}; {lives}.",
        "quote_capped": ", было бы {full}, но ограничение оставляет {units}",
        "quote_withheld_cap": "Правило {rule} дало бы {units}, но его ограничение исчерпано.",
        "quote_withheld_cooldown": "Правило {rule} дало бы {units}, но снова сработает позже.",
        "quote_withheld_promo": "Правило {rule} дало бы {units} по промокоду.",
        "quote_promo": "Промокод уже использован столько раз, сколько можно.",
        "quote_withheld_stacking": "Правило {rule} дало бы {units}, но платит другое правило его "
        "группы.",
        "quote_earns_nothing": "За заказ ничего не начисляется.",
        "quote_in_tier": "Действует уровень {tier}{privileges}.",
        "privileges": ", с ним: {names}",
        "quote_reaches": "С этим заказом достигается уровень {tier}, он действует со следующего "
        "заказа.",
        "quote_missing": "До этого заказа до уровня {tier} не хватает: {missing}.",
        "quote_missing_1": "До этого заказа до уровня {tier} не хватает: {missing}.",
    },
    reasons={
        "timed_out": ", оплата не пришла вовремя",
        "lost": ": срок уже прошёл",
        "grace": "; срок прошёл, и он продлён",
        "other_lots": "; своя партия потрачена, за неё платят другие",
        "debt_made": "; это потрачено и теперь в долгу",
        "debt_settled": ": этим погашен долг",
        "other_customer": ": от другого покупателя или другому покупателю",
        "by_hand": ": исправлено вручную",
        "late_event": "; причина — поздняя запись ({event})",
        "new_version": ", изменилась программа",
    },
)
