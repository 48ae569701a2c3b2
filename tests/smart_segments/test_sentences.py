"""Sentences read aloud, in both languages: a table of pairs, and laws over everything drawn."""

import datetime as dt
import re
import subprocess
import sys
from decimal import Decimal

import pydantic
import pytest
from hypothesis import given

from retention_kit.contracts import TABLES
from retention_kit.errors import DefinitionError, PluginError
from retention_kit.smart_segments import (
    All,
    CalendarPeriod,
    ConditionSpec,
    EventCount,
    Not,
    PluginCondition,
    Rows,
    Same,
    Segment,
    Since,
    Where,
    anniversary,
    attribute,
    birthday,
    bought,
    bought_lines,
    bucket,
    column,
    consent,
    did,
    member_of,
    messages,
    returned,
    score,
    was_member_of,
)
from retention_kit.smart_segments.sentences.russian.text import form
from retention_kit.smart_segments.sentences.speaking import (
    length_in_words,
    number_in_words,
    sentence_of,
    sentence_of_segment,
)
from retention_kit.testing.segment_strategies import conditions

TEA = bought(category="tea")
COVER = bought(category="cover")
CUP = bought(category="cup")
OMSK = attribute("city") == "Omsk"
SMS = consent("sms")
QUIET = bought(category="mattress").not_followed_by(COVER, within="30d")
LEFT_CART = (
    did("Product Added")
    .between("7d", "24h")
    .not_followed_by(did("Product Removed"), same="product_id")
    .not_followed_by(bought())
    .starting("last", among="all")
)
VIEWED_BOUGHT_RETURNED = (
    did("Product Viewed")
    .followed_by(bought(), without=did("Product Added"))
    .followed_by(returned(), within="14d", same=Same(column="channel", step=1))
)
DAY = dt.date(2025, 5, 1)
NOON = dt.datetime(2025, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=3)))


def returned_items(**equal):
    where = tuple(Where(column=name, value=value) for name, value in equal.items())
    return EventCount(rows=Rows(source="returned_items", where=where), at_least=1)


def plain(text):
    """A sentence with ordinary spaces, as it reads."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


# fmt: off
PAIRS = [
    (
        bought(),
        "Customers who bought something.",
        "Покупатели, которые что-то купили.",
    ),
    (
        bought().within("3mo").never(),
        "Customers who bought nothing in the last 3 months.",
        "Покупатели, которые ничего не покупали за последние 3 месяца.",
    ),
    (
        bought().exactly(1),
        "Customers who bought exactly once.",
        "Покупатели, которые покупали ровно 1 раз.",
    ),
    (
        bought().at_most(1),
        "Customers who bought at most once.",
        "Покупатели, которые покупали не более 1 раза.",
    ),
    (
        bought().at_least(1).at_most(22),
        "Customers who bought from 1 to 22 times.",
        "Покупатели, которые покупали от 1 до 22 раз.",
    ),
    (
        bought().at_least(1001).within("1y"),
        "Customers who bought at least 1,001 times in the last year.",
        "Покупатели, которые покупали не менее 1 001 раза за последний год.",
    ),
    (
        bought().at_least(0),
        "Customers who bought any number of times, or never.",
        "Покупатели, которые покупали сколько угодно раз или ни разу.",
    ),
    (
        TEA,
        "Customers who bought something with category “tea”.",
        "Покупатели, которые купили что-то из категории «tea».",
    ),
    (
        TEA.at_least(3).within("30d"),
        "Customers who bought something with category “tea” at least 3 times in the last 30 days.",
        "Покупатели, которые покупали что-то из категории «tea» не менее 3 раз за последние 30 "
        "дней.",
    ),
    (
        TEA.kept(),
        "Customers who bought something with category “tea” (not counting what was returned).",
        "Покупатели, которые купили что-то из категории «tea» (без учёта возвращённого).",
    ),
    (
        bought(category=["tea", "coffee"]).within("1w"),
        "Customers who bought something with category “tea” or “coffee” in the last week.",
        "Покупатели, которые купили что-то из категорий «tea» или «coffee» за последнюю неделю.",
    ),
    (
        bought_lines().at_least(2),
        "Customers who bought an item at least 2 times.",
        "Покупатели, которые покупали какой-то товар не менее 2 раз.",
    ),
    (
        bought_lines(column("quantity") >= 2).never(),
        "Customers who bought nothing with quantity of at least 2.",
        "Покупатели, которые не покупали ничего с количеством не меньше 2.",
    ),
    (
        returned().at_least(2).within("1y"),
        "Customers who made a return at least 2 times in the last year.",
        "Покупатели, которые оформляли возврат не менее 2 раз за последний год.",
    ),
    (
        returned_items(category="tea"),
        "Customers who returned something with category “tea”.",
        "Покупатели, которые вернули что-то из категории «tea».",
    ),
    (
        did("Product Added").at_least(5).within("24h"),
        "Customers who put a product into the cart at least 5 times in the last 24 hours.",
        "Покупатели, которые клали товар в корзину не менее 5 раз за последние 24 часа.",
    ),
    (
        did("Product Added").never(),
        "Customers who did not put a product into the cart.",
        "Покупатели, которые не клали товаров в корзину.",
    ),
    (
        did("Quiz Passed").at_least(2),
        "Customers who did “Quiz Passed” at least 2 times.",
        "Покупатели, которые совершали «Quiz Passed» не менее 2 раз.",
    ),
    (
        did("Quiz Passed").never(),
        "Customers who did not do “Quiz Passed”.",
        "Покупатели, которые не совершали «Quiz Passed».",
    ),
    (
        EventCount(rows=Rows(source="events"), at_least=1),
        "Customers who had an event.",
        "Покупатели, которые совершили какое-то событие.",
    ),
    (
        bought(channel="site", promo_code="MAY"),
        "Customers who placed an order with channel “site” and with promo code “MAY”.",
        "Покупатели, которые оформили заказ с каналом «site» и с промокодом «MAY».",
    ),
    (
        bought(column("channel") != "site"),
        "Customers who placed an order with channel other than “site”.",
        "Покупатели, которые оформили заказ с каналом не «site».",
    ),
    (
        bought(column("channel").not_in(["site", "app"])),
        "Customers who placed an order with channel other than “site” or “app”.",
        "Покупатели, которые оформили заказ с каналом не «site» и не «app».",
    ),
    (
        bought(column("channel", fold=True).contains("ap")),
        "Customers who placed an order with “ap” in the channel (ignoring capitals and ё).",
        "Покупатели, которые оформили заказ с «ap» внутри канала (без учёта регистра и ё).",
    ),
    (
        bought(column("channel").starts_with("ap")),
        "Customers who placed an order with “ap” at the start of the channel.",
        "Покупатели, которые оформили заказ с «ap» в начале канала.",
    ),
    (
        bought(column("channel").ends_with("pp")),
        "Customers who placed an order with “pp” at the end of the channel.",
        "Покупатели, которые оформили заказ с «pp» в конце канала.",
    ),
    (
        bought(column("channel").matches("a.+p")),
        "Customers who placed an order with channel matching the pattern “a.+p”.",
        "Покупатели, которые оформили заказ с каналом по шаблону «a.+p».",
    ),
    (
        bought(column("channel") < "m"),
        "Customers who placed an order with channel before “m” in the alphabet.",
        "Покупатели, которые оформили заказ с каналом по алфавиту раньше «m».",
    ),
    (
        bought(column("promo_code").is_known()),
        "Customers who placed an order with a promo code.",
        "Покупатели, которые оформили заказ с промокодом.",
    ),
    (
        bought(column("promo_code").is_missing(), column("amount") > 5000),
        "Customers who placed an order without a promo code and with amount above 5,000.",
        "Покупатели, которые оформили заказ без промокода и с суммой больше 5 000.",
    ),
    (
        bought(column("discount").is_known(), column("margin").is_missing()),
        "Customers who placed an order with a known discount and without a known margin.",
        "Покупатели, которые оформили заказ с известной скидкой и с неизвестной маржой.",
    ),
    (
        bought_lines(column("quantity").is_missing()),
        "Customers who bought something without a known quantity.",
        "Покупатели, которые купили что-то с неизвестным количеством.",
    ),
    (
        bought(column("amount") == 12500.5),
        "Customers who placed an order with amount 12,500.5.",
        "Покупатели, которые оформили заказ с суммой 12 500,5.",
    ),
    (
        bought(column("amount") < 100),
        "Customers who placed an order with amount below 100.",
        "Покупатели, которые оформили заказ с суммой меньше 100.",
    ),
    (
        bought(column("amount") <= 100),
        "Customers who placed an order with amount of at most 100.",
        "Покупатели, которые оформили заказ с суммой не больше 100.",
    ),
    (
        bought(column("referrer_id") == 12500),
        "Customers who placed an order with referrer id 12500.",
        "Покупатели, которые оформили заказ с номером пригласившего 12500.",
    ),
    (
        bought(column("delivered_at") < DAY),
        "Customers who placed an order with delivery date before 1 May 2025.",
        "Покупатели, которые оформили заказ с датой доставки раньше 1 мая 2025 года.",
    ),
    (
        bought(column("delivered_at").within("1w")),
        "Customers who placed an order with delivery date in the last week.",
        "Покупатели, которые оформили заказ с датой доставки в последнюю неделю.",
    ),
    (
        bought(column("gift").is_in([True])),
        "Customers who placed an order with “gift” equal to true.",
        "Покупатели, которые оформили заказ с отметкой «да» в поле «gift».",
    ),
    (
        bought(column("gift") != True),  # noqa: E712
        "Customers who placed an order with “gift” other than true.",
        "Покупатели, которые оформили заказ с отметкой «нет» в поле «gift».",
    ),
    (
        bought(column("gift").not_in([True, False])),
        "Customers who placed an order with “gift” other than true or false.",
        "Покупатели, которые оформили заказ с отметкой не «да» и не «нет» в поле «gift».",
    ),
    (
        bought(column("gift") != "да"),
        "Customers who placed an order with “gift” other than “да”.",
        "Покупатели, которые оформили заказ со значением не «да» в поле «gift».",
    ),
    (
        bought(column("gift").is_missing()),
        "Customers who placed an order without a known “gift”.",
        "Покупатели, которые оформили заказ с незаполненным полем «gift».",
    ),
    (
        bought().between("60d", "21d"),
        "Customers who bought something between 60 days and 21 days ago.",
        "Покупатели, которые что-то купили в период от 60 дней до 21 дня назад.",
    ),
    (
        bought().between("3mo", "24h"),
        "Customers who bought something between 3 months and 24 hours ago.",
        "Покупатели, которые что-то купили в период от 3 месяцев до 24 часов назад.",
    ),
    (
        bought().between("1mo15d", "1w"),
        "Customers who bought something from 1 month and 15 days ago to 1 week ago.",
        "Покупатели, которые что-то купили в период от 1 месяца и 15 дней до 1 недели назад.",
    ),
    (
        bought().within("1mo15d"),
        "Customers who bought something in the last month and 15 days.",
        "Покупатели, которые что-то купили за последний месяц и 15 дней.",
    ),
    (
        bought().within("21d"),
        "Customers who bought something in the last 21 days.",
        "Покупатели, которые что-то купили за последний 21 день.",
    ),
    (
        bought().within("21m"),
        "Customers who bought something in the last 21 minutes.",
        "Покупатели, которые что-то купили за последнюю 21 минуту.",
    ),
    (
        bought().since(DAY),
        "Customers who bought something since 1 May 2025.",
        "Покупатели, которые что-то купили с 1 мая 2025 года.",
    ),
    (
        bought().since(NOON),
        "Customers who bought something since 09:00 UTC on 1 May 2025.",
        "Покупатели, которые что-то купили с 09:00 UTC 1 мая 2025 года.",
    ),
    (
        bought().since(DAY, dt.date(2025, 6, 1)),
        "Customers who bought something from 1 May 2025 to 31 May 2025, both included.",
        "Покупатели, которые что-то купили с 1 мая 2025 года по 31 мая 2025 года включительно.",
    ),
    (
        bought().since(DAY, dt.date(2025, 5, 2)),
        "Customers who bought something on 1 May 2025.",
        "Покупатели, которые что-то купили 1 мая 2025 года.",
    ),
    (
        bought().since(DAY, NOON),
        "Customers who bought something from 1 May 2025 until 09:00 UTC on 1 May 2025.",
        "Покупатели, которые что-то купили с 1 мая 2025 года до 09:00 UTC 1 мая 2025 года.",
    ),
    (
        bought().in_period("1mo", ago=1),
        "Customers who bought something in the previous calendar month.",
        "Покупатели, которые что-то купили в прошлом календарном месяце.",
    ),
    (
        bought().in_period("1w"),
        "Customers who bought something in the current calendar week.",
        "Покупатели, которые что-то купили на текущей календарной неделе.",
    ),
    (
        bought().in_period("1d", ago=1),
        "Customers who bought something yesterday.",
        "Покупатели, которые что-то купили вчера.",
    ),
    (
        bought().in_period("1q", ago=3),
        "Customers who bought something in the calendar quarter 3 quarters ago.",
        "Покупатели, которые что-то купили в календарном квартале 3 квартала назад.",
    ),
    (
        bought().within("1y").if_too_new("unknown"),
        "Customers who bought something in the last year (not known of customers newer than "
        "that).",
        "Покупатели, которые что-то купили за последний год (о тех, кто с магазином меньше "
        "этого срока, это неизвестно).",
    ),
    (
        bought().within("1y").if_too_new("false"),
        "Customers who bought something in the last year (not true of customers newer than that).",
        "Покупатели, которые что-то купили за последний год (кроме тех, кто с магазином меньше "
        "этого срока).",
    ),
    (
        bought().within("1y").never().if_too_new("true"),
        "Customers who bought nothing in the last year (true of all customers newer than that).",
        "Покупатели, которые ничего не покупали за последний год (а также все, кто с магазином "
        "меньше этого срока).",
    ),
    (
        bought().within("3mo").mean("amount").between(500, 1000),
        "Customers whose average order value in the last 3 months is from 500 to 1,000.",
        "Покупатели, у которых средний чек за последние 3 месяца — от 500 до 1 000.",
    ),
    (
        bought(channel="site").total("amount") > 12500.5,
        "Customers who spent more than 12,500.5 on orders with channel “site”.",
        "Покупатели, у которых общая сумма заказов с каналом «site» больше 12 500,5.",
    ),
    (
        bought().within("1y").total("amount").between(500, 1000),
        "Customers who spent from 500 to 1,000 on orders in the last year.",
        "Покупатели, у которых общая сумма заказов за последний год — от 500 до 1 000.",
    ),
    (
        ~(TEA.kept().total("amount") >= 50_000),
        "Customers who spent less than 50,000 on purchased items with category “tea” (not "
        "counting what was returned).",
        "Покупатели, у которых общая сумма купленных позиций из категории «tea» (без учёта "
        "возвращённого) меньше 50 000.",
    ),
    (
        bought().total("amount") != 100,
        "Customers who spent a sum other than 100 on orders.",
        "Покупатели, у которых общая сумма заказов — не 100.",
    ),
    (
        returned().total("amount") <= -500,
        "Customers whose sum of the amounts of returns is at most −500.",
        "Покупатели, у которых общая сумма возвратов не больше −500.",
    ),
    (
        bought(channel="site").within("1y").greatest("amount") >= 500,
        "Customers whose largest amount of a single order with channel “site” in the last year "
        "is at least 500.",
        "Покупатели, у которых наибольшая сумма одного заказа с каналом «site» за последний год "
        "не меньше 500.",
    ),
    (
        bought(channel="site").mean("amount") >= 500,
        "Customers whose average amount per order with channel “site” is at least 500.",
        "Покупатели, у которых средняя сумма заказов с каналом «site» не меньше 500.",
    ),
    (
        did("Quiz Passed").least("value") < 3,
        "Customers whose smallest value of a single “Quiz Passed” event is below 3.",
        "Покупатели, у которых наименьшая величина одного события «Quiz Passed» меньше 3.",
    ),
    (
        bought().total("discount") >= 500,
        "Customers whose total discount of orders is at least 500.",
        "Покупатели, у которых общая скидка заказов не меньше 500.",
    ),
    (
        TEA.distinct("product_id") >= 3,
        "Customers whose number of different products in purchased items with category “tea” "
        "is at least 3.",
        "Покупатели, у которых число разных товаров среди купленных позиций из категории «tea» "
        "не меньше 3.",
    ),
    (
        TEA.greatest("weight") == 5,
        "Customers whose largest “weight” of a single purchased item with category “tea” is 5.",
        "Покупатели, у которых наибольшее значение поля «weight» у одной купленной позиции из "
        "категории «tea» — 5.",
    ),
    (
        bought().share(column("promo_code").is_known()) >= 0.3,
        "Customers whose share of orders with a promo code among all orders is at least 30%.",
        "Покупатели, у которых доля заказов с промокодом среди всех заказов не меньше 30 %.",
    ),
    (
        bought().first().within("30d"),
        "Customers whose first order was in the last 30 days.",
        "Покупатели, у которых первый заказ был в последние 30 дней.",
    ),
    (
        TEA.last().since(DAY).has(column("quantity") >= 2),
        "Customers whose last purchase with category “tea” was on or after 1 May 2025 and was "
        "with quantity of at least 2.",
        "Покупатели, у которых последняя покупка из категории «tea» была не раньше 1 мая 2025 "
        "года и была с количеством не меньше 2.",
    ),
    (
        did("Product Viewed").last().within("1w"),
        "Customers whose last “Product Viewed” event was in the last week.",
        "Покупатели, у которых последнее событие «Product Viewed» было в последнюю неделю.",
    ),
    (
        bought(category="mattress").within("1mo").not_followed_by(COVER),
        "Customers who bought something with category “mattress” in the last month (the last "
        "such time) and bought nothing with category “cover” at or after that.",
        "Покупатели, которые купили что-то из категории «mattress» за последний месяц (считая "
        "с последнего такого раза) и с этого момента не покупали ничего из категории «cover».",
    ),
    (
        bought(category="mattress").within("1mo").not_followed_by(COVER).starting("any"),
        "Customers who bought something with category “mattress” in the last month and bought "
        "nothing with category “cover” at or after that.",
        "Покупатели, которые купили что-то из категории «mattress» за последний месяц и с "
        "этого момента не покупали ничего из категории «cover».",
    ),
    (
        QUIET,
        "Customers who bought something with category “mattress” (the last such time) and "
        "bought nothing with category “cover” within 30 days of that (and that time is over).",
        "Покупатели, которые купили что-то из категории «mattress» (считая с последнего такого "
        "раза) и в течение 30 дней с этого момента не покупали ничего из категории «cover» (и "
        "этот срок прошёл).",
    ),
    (
        QUIET.unfinished("unknown"),
        "Customers who bought something with category “mattress” (the last such time) and "
        "bought nothing with category “cover” within 30 days of that (not known while that "
        "time is not over).",
        "Покупатели, которые купили что-то из категории «mattress» (считая с последнего такого "
        "раза) и в течение 30 дней с этого момента не покупали ничего из категории «cover» "
        "(неизвестно, пока этот срок не прошёл).",
    ),
    (
        QUIET.unfinished("yes").starting("first", among="all"),
        "Customers who bought something with category “mattress” (the first time of all) and "
        "bought nothing with category “cover” within 30 days of that (or have not so far, "
        "while that time is not over).",
        "Покупатели, которые купили что-то из категории «mattress» (это первый раз из всех) и "
        "в течение 30 дней с этого момента не покупали ничего из категории «cover» (или пока "
        "не успели, если этот срок не прошёл).",
    ),
    (
        LEFT_CART,
        "Customers who put a product into the cart between 7 days and 24 hours ago (the last "
        "time of all) and did not take a product out of the cart (with the same product id) "
        "and bought nothing at or after that.",
        "Покупатели, которые положили товар в корзину в период от 7 дней до 24 часов назад "
        "(это последний раз из всех) и с этого момента не убирали товаров из корзины (с тем же "
        "кодом товара) и ничего не покупали.",
    ),
    (
        did("Product Viewed").followed_by(TEA, within="24h", same="product_id"),
        "Customers who viewed a product, then within 24 hours bought something with category "
        "“tea” (with the same product id).",
        "Покупатели, которые посмотрели товар, затем в течение 24 часов купили что-то из "
        "категории «tea» (с тем же кодом товара).",
    ),
    (
        VIEWED_BOUGHT_RETURNED,
        "Customers who viewed a product, from then until the next step did not put a product "
        "into the cart, then bought something, then within 14 days made a return (with the "
        "same channel as in the second step).",
        "Покупатели, которые посмотрели товар, с этого момента до следующего шага не клали "
        "товаров в корзину, затем что-то купили, затем в течение 14 дней оформили возврат (с "
        "тем же каналом, что и на втором шаге).",
    ),
    (
        bought().active_in(4, of_last=6, every="1mo"),
        "Customers who bought something in at least 4 of the last 6 complete calendar months.",
        "Покупатели, которые покупали не менее чем в 4 из последних 6 полных календарных месяцев.",
    ),
    (
        bought().active_in(21, of_last=21, every="1w", current=True),
        "Customers who bought something in each of the last 21 calendar weeks, the current one "
        "included.",
        "Покупатели, которые покупали в каждой из последних 21 календарной недели, считая "
        "текущую.",
    ),
    (
        bought().active_in(1, of_last=1, every="1w"),
        "Customers who bought something in the previous calendar week.",
        "Покупатели, которые покупали на прошлой календарной неделе.",
    ),
    (
        bought().lapsed("3mo", active="1y"),
        "Customers who bought nothing in the last 3 months, but in the year before that bought "
        "at least 3 times.",
        "Покупатели, которые ничего не покупали за последние 3 месяца, но за предшествующий "
        "год покупали не менее 3 раз.",
    ),
    (
        TEA.lapsed("21d", at_least=1),
        "Customers who bought nothing with category “tea” in the last 21 days, but before that "
        "bought something with category “tea”.",
        "Покупатели, которые не покупали ничего из категории «tea» за последний 21 день, но до "
        "этого купили что-то из категории «tea».",
    ),
    (
        bought().reactivated("6mo"),
        "Customers who bought something again in the last 30 days after a break of at least 6 "
        "months.",
        "Покупатели, которые снова что-то купили за последние 30 дней после перерыва не менее "
        "чем в 6 месяцев.",
    ),
    (
        birthday(),
        "Customers whose birthday is today.",
        "Покупатели, у которых день рождения — сегодня.",
    ),
    (
        birthday(days=7),
        "Customers whose birthday is on one of the 7 days beginning with today.",
        "Покупатели, у которых день рождения — в один из 7 дней начиная с сегодняшнего.",
    ),
    (
        birthday(ahead="7d", leap_day="1_march"),
        "Customers whose birthday is on the day 7 days from today (29 February is kept on 1 "
        "March).",
        "Покупатели, у которых день рождения — через 7 дней (29 февраля отмечается 1 марта).",
    ),
    (
        attribute("birthday").within("30d"),
        "Customers whose date of birth is in the last 30 days.",
        "Покупатели, у которых дата рождения — в последние 30 дней.",
    ),
    (
        attribute("birthday").is_missing(),
        "Customers whose date of birth is not known.",
        "Покупатели, у которых дата рождения неизвестна.",
    ),
    (
        anniversary("birthday", after="18y"),
        "Customers whose date of birth was 18 years before today.",
        "Покупатели, у которых дата рождения была за 18 лет до сегодняшнего дня.",
    ),
    (
        anniversary("registered_at", days=3),
        "Customers whose registration date has its anniversary on one of the 3 days beginning "
        "with today.",
        "Покупатели, у которых годовщина даты регистрации — в один из 3 дней начиная с "
        "сегодняшнего.",
    ),
    (
        anniversary("wedding"),
        "Customers whose “wedding” has its anniversary today.",
        "Покупатели, у которых годовщина даты «wedding» — сегодня.",
    ),
    (
        bought(category="insurance").last().anniversary(after="11mo"),
        "Customers whose last purchase with category “insurance” was 11 months before today.",
        "Покупатели, у которых последняя покупка из категории «insurance» была за 11 месяцев "
        "до сегодняшнего дня.",
    ),
    (
        bought().first().anniversary(ahead="1w", days=3),
        "Customers whose first order has its anniversary on one of the 3 days beginning with "
        "the day 1 week from today.",
        "Покупатели, у которых годовщина первого заказа — в один из 3 дней начиная с того, "
        "который будет через 1 неделю.",
    ),
    (
        OMSK,
        "Customers whose city is “Omsk”.",
        "Покупатели, у которых город — «Omsk».",
    ),
    (
        attribute("city") != "Omsk",
        "Customers whose city is not “Omsk”.",
        "Покупатели, у которых город — не «Omsk».",
    ),
    (
        attribute("city", fold=True, missing="true") == "Omsk",
        "Customers whose city is “Omsk” (ignoring capitals and ё) (true also where it is "
        "missing).",
        "Покупатели, у которых город — «Omsk» (без учёта регистра и ё) (верно и тогда, когда "
        "это неизвестно).",
    ),
    (
        attribute("city").is_in(["Omsk", "Tomsk"]),
        "Customers whose city is “Omsk” or “Tomsk”.",
        "Покупатели, у которых город — «Omsk» или «Tomsk».",
    ),
    (
        attribute("city").not_in(["Omsk", "Tomsk"]),
        "Customers whose city is neither “Omsk” nor “Tomsk”.",
        "Покупатели, у которых город — не «Omsk» и не «Tomsk».",
    ),
    (
        attribute("city").starts_with("O"),
        "Customers whose city starts with “O”.",
        "Покупатели, у которых город начинается на «O».",
    ),
    (
        attribute("city", missing="false").contains("ms"),
        "Customers whose city contains “ms” (not true where it is missing).",
        "Покупатели, у которых город содержит «ms» (неверно, если это неизвестно).",
    ),
    (
        attribute("city").is_missing(),
        "Customers whose city is not known.",
        "Покупатели, у которых город неизвестен.",
    ),
    (
        attribute("registered_at").within("30d"),
        "Customers whose registration date is in the last 30 days.",
        "Покупатели, у которых дата регистрации — в последние 30 дней.",
    ),
    (
        attribute("registered_at") >= DAY,
        "Customers whose registration date is not before 1 May 2025.",
        "Покупатели, у которых дата регистрации не раньше 1 мая 2025 года.",
    ),
    (
        attribute("vip").is_in([True]),
        "Customers whose “vip” is true.",
        "Покупатели, у которых поле «vip» — да.",
    ),
    (
        attribute("vip").not_in([True]),
        "Customers whose “vip” is not true.",
        "Покупатели, у которых поле «vip» — нет.",
    ),
    (
        attribute("level") >= 3,
        "Customers whose “level” is at least 3.",
        "Покупатели, у которых поле «level» не меньше 3.",
    ),
    (
        score("segment") == "champions",
        "Customers whose RFM segment is “champions”.",
        "Покупатели, у которых сегмент RFM — «champions».",
    ),
    (
        score("probability_alive") < 0.3,
        "Customers whose probability of still being a customer is below 0.3.",
        "Покупатели, у которых вероятность остаться покупателем меньше 0,3.",
    ),
    (
        score("churn") >= 0.5,
        "Customers whose score “churn” is at least 0.5.",
        "Покупатели, у которых показатель «churn» не меньше 0,5.",
    ),
    (
        member_of("Tea"),
        "Customers who are in the segment “Tea”.",
        "Покупатели, которые входят в сегмент «Tea».",
    ),
    (
        ~member_of("Tea"),
        "Customers who are not in the segment “Tea”.",
        "Покупатели, которые не входят в сегмент «Tea».",
    ),
    (
        was_member_of("Tea", within="1w"),
        "Customers who were in the segment “Tea” in at least one snapshot in the last week.",
        "Покупатели, которые входили в сегмент «Tea» хотя бы на одном снимке за последнюю неделю.",
    ),
    (
        was_member_of("Tea", "never"),
        "Customers who were in the segment “Tea” in no snapshot.",
        "Покупатели, которые не входили в сегмент «Tea» ни на одном снимке.",
    ),
    (
        was_member_of("Tea", "entered", within="1mo"),
        "Customers who entered the segment “Tea” between two snapshots in the last month.",
        "Покупатели, которые вошли в сегмент «Tea» между двумя снимками за последний месяц.",
    ),
    (
        was_member_of("Tea", "left"),
        "Customers who left the segment “Tea” between two snapshots.",
        "Покупатели, которые вышли из сегмента «Tea» между двумя снимками.",
    ),
    (
        consent("email"),
        "Customers who have consented to messages by e-mail.",
        "Покупатели, у которых есть согласие на сообщения по электронной почте.",
    ),
    (
        ~consent("fax", purpose="calls"),
        "Customers who have not consented by “fax” to “calls”.",
        "Покупатели, у которых нет согласия на «calls» по каналу «fax».",
    ),
    (
        messages("opened").at_least(2).within("30d"),
        "Customers who opened an e-mail at least 2 times in the last 30 days.",
        "Покупатели, которые открывали письмо не менее 2 раз за последние 30 дней.",
    ),
    (
        messages("received", channel="sms", campaign="may").at_most(0),
        "Customers who did not receive a text message with campaign “may”.",
        "Покупатели, которые не получали SMS с кампанией «may».",
    ),
    (
        messages("ignored").at_least(3).within("30d"),
        "Customers who received an e-mail at least 3 times in the last 30 days and from the "
        "first one on opened or clicked none.",
        "Покупатели, которые получали письмо не менее 3 раз за последние 30 дней и с первого "
        "раза ни одного не открыли и ни на что в них не нажали.",
    ),
    (
        bucket("spring", 0, 0.125),
        "Customers who are in the random share from 0% to 12.5% of customers drawn for “spring”.",
        "Покупатели, которые попали в случайную долю от 0 % до 12,5 % по жребию «spring».",
    ),
    (
        PluginCondition(name="acme.near", distribution="acme", settings={"km": 5, "sea": True}),
        "Customers who meet the condition “acme.near” with the settings (km = 5 and sea = true).",
        "Покупатели, которые отвечают условию «acme.near» с настройками (km = 5 и sea = да).",
    ),
    (
        TEA & OMSK,
        "Customers who bought something with category “tea” and whose city is “Omsk”.",
        "Покупатели, которые купили что-то из категории «tea» и у которых город — «Omsk».",
    ),
    (
        TEA | OMSK,
        "Customers who bought something with category “tea” or whose city is “Omsk”.",
        "Покупатели, которые купили что-то из категории «tea» или у которых город — «Omsk».",
    ),
    (
        TEA & OMSK & SMS,
        "Customers who bought something with category “tea”, whose city is “Omsk”, and who "
        "have consented to messages by SMS.",
        "Покупатели, которые купили что-то из категории «tea», у которых город — «Omsk» и у "
        "которых есть согласие на сообщения по SMS.",
    ),
    (
        TEA | OMSK | SMS,
        "Customers who bought something with category “tea”, or whose city is “Omsk”, or who "
        "have consented to messages by SMS.",
        "Покупатели, которые купили что-то из категории «tea», или у которых город — «Omsk», "
        "или у которых есть согласие на сообщения по SMS.",
    ),
    (
        OMSK & (TEA | SMS),
        "Customers whose city is “Omsk”, and at least one of these is true: they bought "
        "something with category “tea”; they have consented to messages by SMS.",
        "Покупатели, у которых город — «Omsk», и при этом верно хотя бы одно: они купили что-то "
        "из категории «tea»; у них есть согласие на сообщения по SMS.",
    ),
    (
        (TEA | OMSK) & (TEA | SMS),
        "Customers for whom all of these are true: they bought something with category “tea” or "
        "their city is “Omsk”; they bought something with category “tea” or they have "
        "consented to messages by SMS.",
        "Покупатели, для которых верно всё это: они купили что-то из категории «tea» или у них "
        "город — «Omsk»; они купили что-то из категории «tea» или у них есть согласие на "
        "сообщения по SMS.",
    ),
    (
        (TEA & OMSK) | SMS,
        "Customers for whom at least one of these is true: they bought something with category "
        "“tea” and their city is “Omsk”; they have consented to messages by SMS.",
        "Покупатели, для которых верно хотя бы одно: они купили что-то из категории «tea» и у "
        "них город — «Omsk»; у них есть согласие на сообщения по SMS.",
    ),
    (
        ~(TEA | OMSK),
        "Customers for whom none of these is true: they bought something with category “tea”; "
        "their city is “Omsk”.",
        "Покупатели, для которых не верно ни одно: они купили что-то из категории «tea»; у них "
        "город — «Omsk».",
    ),
    (
        ~(TEA & OMSK),
        "Customers for whom not all of these are true: they bought something with category "
        "“tea”; their city is “Omsk”.",
        "Покупатели, для которых верно не всё это: они купили что-то из категории «tea»; у них "
        "город — «Omsk».",
    ),
    (
        OMSK & ~(TEA | SMS),
        "Customers for whom all of these are true: their city is “Omsk”; none of these is true "
        "(they bought something with category “tea”; they have consented to messages by SMS).",
        "Покупатели, для которых верно всё это: у них город — «Omsk»; не верно ни одно (они "
        "купили что-то из категории «tea»; у них есть согласие на сообщения по SMS).",
    ),
    (
        TEA.not_followed_by(COVER) & OMSK,
        "Customers who bought something with category “tea” (the last such time) and bought "
        "nothing with category “cover” at or after that, and whose city is “Omsk”.",
        "Покупатели, которые купили что-то из категории «tea» (считая с последнего такого "
        "раза) и с этого момента не покупали ничего из категории «cover», а также у которых "
        "город — «Omsk».",
    ),
    (
        ~TEA.at_least(3),
        "Customers who bought something with category “tea” at most 2 times.",
        "Покупатели, которые покупали что-то из категории «tea» не более 2 раз.",
    ),
    (
        ~TEA,
        "Customers who bought nothing with category “tea”.",
        "Покупатели, которые не покупали ничего из категории «tea».",
    ),
    (
        ~attribute("city").contains("ms"),
        "Customers of whom it is not true that their city contains “ms”.",
        "Покупатели, о которых неверно, что у них город содержит «ms».",
    ),
    (
        ~bought().active_in(4, of_last=6, every="1mo"),
        "Customers of whom it is not true that they bought something in at least 4 of the last "
        "6 complete calendar months.",
        "Покупатели, о которых неверно, что они покупали не менее чем в 4 из последних 6 "
        "полных календарных месяцев.",
    ),
]
# fmt: on


IDS = [english for _, english, _ in PAIRS]


@pytest.mark.parametrize(("condition", "english", "russian"), PAIRS, ids=IDS)
def test_conditions_read_aloud_in_both_languages(condition, english, russian):
    assert sentence_of(condition) == english
    assert plain(sentence_of(condition, "ru")) == russian


def test_no_two_of_the_table_say_the_same():
    assert len({english for _, english, _ in PAIRS}) == len(PAIRS)
    assert len({russian for _, _, russian in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "дней"),
        (1, "день"),
        (2, "дня"),
        (4, "дня"),
        (5, "дней"),
        (11, "дней"),
        (12, "дней"),
        (14, "дней"),
        (21, "день"),
        (22, "дня"),
        (25, "дней"),
        (101, "день"),
        (111, "дней"),
        (112, "дней"),
        (1001, "день"),
        (1_000_000, "дней"),
    ],
)
def test_russian_plurals_follow_cldr(count, expected):
    assert form(count, "день", "дня", "дней") == expected


def test_a_russian_number_does_not_break_over_lines():
    said = sentence_of(bought().at_least(12_000).within("30d"), "ru")
    assert "12\N{NO-BREAK SPACE}000\N{NO-BREAK SPACE}раз" in said
    assert "30\N{NO-BREAK SPACE}дней" in said


@pytest.mark.parametrize(
    ("population", "english", "russian"),
    [
        ("everyone", "Customers who", "Покупатели, которые"),
        ("buyers", "Customers with a completed order who", "Покупатели с завершённым заказом, "),
        ("registered", "Registered customers who", "Зарегистрированные покупатели, которые"),
    ],
)
def test_a_segment_says_of_whom_it_is(population, english, russian):
    segment = Segment(name="Tea", condition=TEA, population=population)
    assert segment.sentence().startswith(english)
    assert segment.sentence("ru").startswith(russian)


def test_a_condition_says_itself():
    assert TEA.as_condition().sentence("ru") == sentence_of(TEA, "ru")


def test_one_condition_joined_with_nothing_is_said_as_it_is():
    assert sentence_of(All(conditions=(TEA,))) == sentence_of(TEA)
    assert sentence_of(Not(condition=~TEA)) == sentence_of(TEA)
    nested = All(conditions=(All(conditions=(TEA, OMSK)), SMS))
    assert sentence_of(nested) == sentence_of(TEA & OMSK & SMS)


def test_another_language_is_refused():
    with pytest.raises(DefinitionError, match="'en' or 'ru'"):
        sentence_of(TEA, "de")
    with pytest.raises(DefinitionError, match="'en' or 'ru'"):
        Segment(name="Tea", condition=TEA).sentence("de")


class Near(pydantic.BaseModel):
    km: int


SPEC = ConditionSpec(
    name="acme.near",
    summary="lives near a shop",
    distribution="acme",
    settings=Near,
    frame=lambda *given: given[1]["orders"],
    person=lambda *_: None,
    sentence=lambda settings, language: {
        "en": f"live within {settings.km} km of a shop.",
        "ru": f"живут не дальше {settings.km} км от магазина",
    }[language],
)
NEAR = PluginCondition(name="acme.near", distribution="acme", settings={"km": 5})


def test_a_plugin_says_its_condition():
    segment = Segment(name="Near", condition=NEAR & OMSK)
    assert sentence_of_segment(segment, conditions=[SPEC]) == (
        "Customers who live within 5 km of a shop and whose city is “Omsk”."
    )
    assert sentence_of(~NEAR, "ru", conditions=[SPEC]) == (
        "Покупатели, о которых неверно, что они живут не дальше 5 км от магазина."
    )


def test_a_plugin_that_is_not_handed_in_is_named_or_refused():
    assert "“acme.near” with the settings (km = 5)" in sentence_of(NEAR)
    with pytest.raises(PluginError, match="pip install acme"):
        Segment(name="Near", condition=NEAR).sentence()


def test_settings_of_a_plugin_may_be_nested():
    settings = {"shops": ["Omsk", 2], "none": None, "rest": {"km": 1.5}}
    condition = PluginCondition(name="acme.near", distribution="acme", settings=settings)
    assert sentence_of(condition).endswith(
        "(none = nothing, rest = (km = 1.5) and shops = [“Omsk”, 2])."
    )


# What each of these says differs in meaning from every other: nothing may be left out.
NEAR_TWINS = [
    bought(),
    bought().kept(),
    bought_lines(),
    bought_lines().kept(),
    bought().at_least(2),
    bought().at_most(2),
    bought().exactly(2),
    bought().at_least(2).at_most(3),
    bought().never(),
    bought().at_least(0),
    bought().within("1mo"),
    bought().within("30d"),
    bought().within("1mo").if_too_new("true"),
    bought().within("1mo").if_too_new("false"),
    bought().within("1mo").if_too_new("unknown"),
    bought().in_period("1mo"),
    bought().in_period("1mo", ago=1),
    bought().in_period("1mo", ago=2),
    bought().since(DAY),
    bought().since(NOON),
    bought().since(NOON + dt.timedelta(seconds=1)),
    bought().since(NOON + dt.timedelta(microseconds=1)),
    bought().since(DAY, dt.date(2025, 5, 3)),
    bought().since(DAY, NOON),
    bought(channel="Site"),
    bought(channel="site"),
    bought(column("channel", fold=True) == "site"),
    bought(column("channel") != "site"),
    bought(column("channel").contains("site")),
    bought(column("channel").starts_with("site")),
    bought(column("channel").ends_with("site")),
    bought(column("channel").matches("site")),
    bought(column("channel").is_known()),
    bought(column("channel").is_missing()),
    bought(column("Channel") == "site"),
    bought(column("gift") == 1),
    bought(column("gift") == "1"),
    bought(column("gift") == "true"),
    bought(column("gift").is_in([True])),
    bought(column("gift") == DAY),
    bought(column("gift") == "1 May 2025"),
    bought(channel="site", manager="Eva"),
    bought(column("amount") > 5),
    bought(column("amount") >= 5),
    bought(column("amount") < 5),
    bought(column("amount") <= 5),
    bought(column("amount") <= Decimal("1234567890123456.000000000001")),
    bought(column("amount") <= Decimal("1234567890123456.000000000002")),
    returned(),
    returned_items(),
    did("Product Added"),
    did("Product Removed"),
    did("Product Added", product_id="a"),
    did("product added"),
    TEA.not_followed_by(COVER),
    TEA.not_followed_by(COVER).starting("first"),
    TEA.not_followed_by(COVER).starting("first", among="all"),
    TEA.not_followed_by(COVER).starting("last", among="all"),
    TEA.not_followed_by(COVER).starting("any"),
    TEA.not_followed_by(COVER, same="product_id"),
    TEA.not_followed_by(COVER, within="1d"),
    TEA.not_followed_by(COVER, within="1d").unfinished("yes"),
    TEA.not_followed_by(COVER, within="1d").unfinished("unknown"),
    TEA.not_followed_by(COVER, CUP),
    TEA.followed_by(COVER),
    TEA.followed_by(COVER, within="1d"),
    TEA.followed_by(COVER, same="product_id"),
    TEA.followed_by(COVER, same=Same(column="product_id", of="name")),
    TEA.followed_by(COVER, without=CUP),
    TEA.followed_by(COVER).followed_by(TEA, same=Same(column="product_id", step=0)),
    TEA.followed_by(COVER).followed_by(TEA, same=Same(column="product_id", step=1)),
    bought().active_in(3, of_last=4, every="1w"),
    bought().active_in(3, of_last=4, every="1w", current=True),
    bought().active_in(3, of_last=4, every="1mo"),
    bought().active_in(4, of_last=4, every="1w"),
    bought().if_too_new("false").active_in(3, of_last=4, every="1w"),
    bought().lapsed("1mo"),
    bought().lapsed("1mo", active="1y"),
    bought().lapsed("1mo", at_least=4),
    bought().reactivated("3mo"),
    bought().reactivated("3mo", within="2mo"),
    bought().first().within("1mo"),
    bought().last().within("1mo"),
    bought().last().has(column("delivered_at").within("1mo")),
    bought().first().anniversary(),
    bought().last().anniversary(),
    bought().last().anniversary(after="1y"),
    bought().last().anniversary(days=2),
    bought().last().anniversary(ahead="2d"),
    birthday(),
    birthday(leap_day="1_march"),
    OMSK,
    score("city") == "Omsk",
    attribute("city", missing="true") == "Omsk",
    attribute("city", missing="false") == "Omsk",
    attribute("segment") == "lost",
    score("segment") == "lost",
    consent("sms"),
    consent("sms", purpose="calls"),
    consent("email"),
    messages("opened"),
    messages("opened", channel="push"),
    messages("opened", campaign="may"),
    messages("opened", message_id="may"),
    messages("ignored"),
    member_of("Tea"),
    was_member_of("Tea"),
    was_member_of("Tea", "never"),
    was_member_of("Tea", "entered"),
    was_member_of("Tea", "left"),
    bucket("a", 0, 0.5),
    bucket("a", 0.5, 1),
    bucket("b", 0, 0.5),
    bought(column("discount").is_known()),
    bought(column("discount").is_missing()),
    bought(column("discount") > 0),
    bought(column("gift") != True),  # noqa: E712
    bought(column("gift") != "true"),
    bought().between("1mo15d", "1w"),
    bought().between("1mo", "15d"),
    attribute("birthday").within("1d"),
    anniversary("birthday", after="1y"),
    bought().mean("amount") >= 5,
    TEA.mean("amount") >= 5,
    bought().kept().mean("amount") >= 5,
    bought_lines().total("amount") >= 5,
    bought_lines().mean("amount") >= 5,
    returned().total("amount") >= 5,
    returned().mean("amount") >= 5,
    bought().total("discount") >= 5,
    bought().total("amount") == 5,
    bought().total("amount") != 5,
    bought().total("amount") > 5,
    bought().total("amount") < 5,
    bought().total("amount") <= 5,
    bought().kept().total("amount") >= 5,
    bought().within("1y").total("amount") >= 5,
    bought().within("1y").if_too_new("unknown").total("amount") >= 5,
    bought().total("amount") >= 5,
    bought().least("amount") >= 5,
    bought().greatest("amount") >= 5,
    bought().distinct("amount") >= 5,
    bought().total("amount").between(5, 6),
    bought().share(column("channel") == "a") >= 0.5,
    bought(channel="a").share(column("promo_code") == "a") >= 0.5,
    (TEA & OMSK) | SMS,
    TEA & (OMSK | SMS),
    (TEA | OMSK) & SMS,
    TEA | (OMSK & SMS),
    ~(TEA & OMSK),
    ~TEA & ~OMSK,
    ~(TEA & OMSK) & SMS,
    ~(TEA & OMSK & SMS),
    ~(TEA | OMSK),
    TEA & ~(OMSK | SMS),
]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_near_twins_are_told_apart(language):
    by_sentence = {}
    for place, twin in enumerate(NEAR_TWINS):
        said = sentence_of(twin, language)
        assert by_sentence.setdefault(said, place) == place, said


_NO_WORDS = re.compile(r"[a-z]_[a-z]|\b(None|True|False|Where|Last)\b|[{}<>]|  | [,.;)]|\( ")
_QUOTED = {"en": re.compile("“[^”]*”"), "ru": re.compile("«[^»]*»")}


@pytest.mark.parametrize("language", ["en", "ru"])
@given(condition=conditions())
def test_every_condition_is_said_in_words_alone(language, condition):
    said = sentence_of(condition, language)
    assert said.startswith({"en": "Customers ", "ru": "Покупатели, "}[language])
    words = _QUOTED[language].sub("“”", said)
    assert not _NO_WORDS.search(words), words
    assert words.endswith(".")
    assert not words.endswith("..")
    assert words.count("(") == words.count(")")
    if language == "ru":
        assert not re.search("[a-z]", words), words


@given(condition=conditions())
def test_every_number_in_russian_has_an_ending_that_agrees(condition):
    said = plain(sentence_of(condition, "ru"))
    for number, word in re.findall(r"(?<![\d ,])(\d+) (дней|день|месяцев)\b", said):
        ends_in_one = int(number) % 10 == 1 and int(number) % 100 != 11
        assert (word == "день") <= ends_in_one, said
        assert (word in ("дней", "месяцев")) <= (not ends_in_one), said


def test_an_unknown_event_and_an_unknown_column_stand_as_they_are():
    said = sentence_of(did("Quiz Passed").where(column("Ответ") == "Да"), "ru")
    assert said == "Покупатели, которые совершили «Quiz Passed» со значением «Да» в поле «Ответ»."


def test_a_discount_that_every_order_knows_is_not_said_to_be_had():
    """0 is known: `with a discount` would be read as a discount that is there."""
    said = sentence_of(bought().share(column("discount").is_known()) >= 0.99)
    assert "orders with a known discount" in said
    for table in ("orders", "order_items", "events"):
        for name, described in TABLES[table].columns.items():
            known = Where(column=name, operator="known")
            source = Rows(source=table, where=(known,))
            condition = EventCount(rows=source, at_least=1)
            is_number = described.kind in ("money", "number")
            assert ("with a known" in sentence_of(condition)) == is_number, name
            assert bool(re.search("с известн", sentence_of(condition, "ru"))) == is_number, name


@pytest.mark.parametrize("language", ["en", "ru"])
@given(condition=conditions())
def test_no_or_is_said_that_excludes_both(language, condition):
    words = _QUOTED[language].sub("", sentence_of(condition, language))
    assert not re.search(r"\b(either|либо)\b", words)


def test_numbers_and_lengths_are_said_for_explanations_as_in_sentences():
    assert number_in_words(12_500.5, "en") == "12,500.5"
    assert number_in_words(Decimal("50000.00"), "ru") == "50\N{NO-BREAK SPACE}000"
    assert number_in_words(0.1, "ru") == "0,1"
    assert number_in_words(-3, "en") == "−3"
    assert length_in_words("1mo", "en") == "1 month"
    assert plain(length_in_words("1mo15d", "ru")) == "1 месяц и 15 дней"
    assert plain(length_in_words("1w", "ru")) == "1 неделю"


def test_numbers_and_lengths_that_are_none_and_other_languages_are_refused():
    with pytest.raises(DefinitionError, match="3 months"):
        length_in_words("3 months", "en")
    for say, what in ((number_in_words, 1), (length_in_words, "1mo")):
        with pytest.raises(DefinitionError, match="'en' or 'ru'"):
            say(what, "de")


def test_windows_of_attributes_are_said_as_dates():
    lasting = attribute("registered_at").during(Since(start=DAY))
    assert sentence_of(lasting) == "Customers whose registration date is on or after 1 May 2025."
    week = attribute("registered_at").during(CalendarPeriod(every="1w"))
    assert plain(sentence_of(week, "ru")) == (
        "Покупатели, у которых дата регистрации — на текущей календарной неделе."
    )


def test_sentences_and_ready_segments_are_made_without_polars():
    code = (
        "import sys\n"
        "from retention_kit.smart_segments import ready_segments\n"
        "print(len([one.sentence('ru') for one in ready_segments()]))\n"
        "assert not {'polars', 'numpy'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 10
