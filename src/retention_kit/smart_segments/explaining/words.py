"""The words of explanations, in English and in Russian."""

from __future__ import annotations

from retention_kit.smart_segments.definitions.base import Language

FACTS: dict[Language, dict[str, str]] = {
    "en": {
        "Count": "how many",
        "Total": "sum of “{column}”",
        "Filled": "how many with “{column}”",
        "Least": "smallest “{column}”",
        "Greatest": "greatest “{column}”",
        "Distinct": "different values of “{column}”",
        "Periods": "periods with at least one",
        "FirstAt": "the first",
        "LastAt": "the last",
        "EndHas": "it is as it should be",
        "Found": "a match was found",
        "OfColumnOfCustomer": "“{column}”",
        "KnownSince": "known since",
        "InPopulation": "of the population",
        "Granted": "consent for “{channel}”, purpose “{purpose}”",
        "Hashed": "hash with salt “{salt}”",
        "Snapshots": "snapshots of “{segment}” {what}",
        "OfPlugin": "“{name}”",
    },
    "ru": {
        "Count": "сколько",
        "Total": "сумма по «{column}»",
        "Filled": "сколько с «{column}»",
        "Least": "наименьшее «{column}»",
        "Greatest": "наибольшее «{column}»",
        "Distinct": "разных значений «{column}»",
        "Periods": "периодов, где есть хотя бы одно",
        "FirstAt": "когда первый раз",
        "LastAt": "когда последний раз",
        "EndHas": "оно такое, как нужно",
        "Found": "совпадение найдено",
        "OfColumnOfCustomer": "«{column}»",
        "KnownSince": "известен с",
        "InPopulation": "из тех, о ком сегмент",
        "Granted": "согласие на «{channel}», цель «{purpose}»",
        "Hashed": "хеш с солью «{salt}»",
        "Snapshots": "снимков «{segment}», {what}",
        "OfPlugin": "«{name}»",
    },
}
"""What each fact is, by its class."""

SOURCES: dict[Language, dict[str, str]] = {
    "en": {
        "orders": "sales",
        "order_items": "lines of sales",
        "returns": "returns",
        "returned_items": "lines of returns",
        "events": "events",
    },
    "ru": {
        "orders": "покупки",
        "order_items": "строки покупок",
        "returns": "возвраты",
        "returned_items": "строки возвратов",
        "events": "события",
    },
}
"""What rows are, by their source."""

POPULATIONS: dict[Language, dict[str, str]] = {
    "en": {
        "everyone": "everyone the shop knows",
        "buyers": "with a completed sale",
        "registered": "among the registered",
    },
    "ru": {
        "everyone": "все, кого магазин знает",
        "buyers": "с завершённой покупкой",
        "registered": "среди зарегистрированных",
    },
}
"""Of whom a segment is asked."""

JOINED: dict[Language, dict[str, str]] = {
    "en": {"all": "All of these:", "any": "At least one of these:", "not": "Not this:"},
    "ru": {"all": "Всё это:", "any": "Хотя бы одно из этого:", "not": "Не это:"},
}
"""What stands for a condition that joins others, which follow it."""

OPERATORS: dict[Language, dict[str, str]] = {
    "en": {
        "equals": "=",
        "not_equals": "≠",
        "less_than": "<",
        "at_most": "≤",
        "more_than": ">",
        "at_least": "≥",
        "in": "one of",
        "not_in": "none of",
        "contains": "contains",
        "starts_with": "starts with",
        "ends_with": "ends with",
        "matches": "matches",
        "known": "there",
        "unknown": "not there",
    },
    "ru": {
        "equals": "=",
        "not_equals": "≠",
        "less_than": "<",
        "at_most": "≤",
        "more_than": ">",
        "at_least": "≥",
        "in": "одно из",
        "not_in": "ни одно из",
        "contains": "содержит",
        "starts_with": "начинается с",
        "ends_with": "кончается на",
        "matches": "подходит под",
        "known": "есть",
        "unknown": "нет",
    },
}
"""How values are compared."""

ASKED: dict[Language, dict[str, str]] = {
    "en": {
        "exactly": "exactly {number}",
        "at_least": "at least {number}",
        "at_most": "at most {number}",
        "range": "{low} to {high}",
        "step": "step {number}, {fact}",
        "not_step": "not after step {number}, {fact}",
        "in_order": "in this order, each within its time",
        "not_after": "none after that step within its time",
        "never": "never",
        "missing": "missing",
        "unknown": "unknown",
        "of_nothing": "unknown, as there are none",
        "mean": "mean of “{column}” over {number}",
        "share": "share: {above} of {number}",
        "net": "not brought back",
        "between": "from {start} to before {end}",
        "empty": "in an empty window, from {start} to before {end}",
        "until": "before {end}",
        "from": "at {start} or later, as the one before was at {earlier}",
        "nothing_before": "one before it, and there is none",
        "none_since": "none at or after {first}",
        "nothing_first": "none after the first thing, and there is no first thing",
        "date_after": "{after} later is a date from {first} to {last}",
        "anniversary": "anniversary from {first} to {last}",
        "true": "yes",
        "known_before": "at or before {start}",
        "snapshots_in": "with the customer in it",
        "snapshots_entered": "that the customer entered",
        "snapshots_left": "that the customer left",
    },
    "ru": {
        "exactly": "ровно {number}",
        "at_least": "не менее {number}",
        "at_most": "не более {number}",
        "range": "от {low} до {high}",
        "step": "шаг {number}, {fact}",
        "not_step": "не после шага {number}, {fact}",
        "in_order": "в этом порядке, каждый в свой срок",
        "not_after": "ни разу после этого шага в свой срок",
        "never": "не было",
        "missing": "не указано",
        "unknown": "неизвестно",
        "of_nothing": "неизвестно, их нет",
        "mean": "среднее «{column}» по {number}",
        "share": "доля: {above} из {number}",
        "net": "кроме возвращённого",
        "between": "с {start} до {end}",
        "empty": "в пустом промежутке, с {start} до {end}",
        "until": "до {end}",
        "from": "{start} или позже, потому что перед этим было {earlier}",
        "nothing_before": "что-то перед этим, а этого нет",
        "none_since": "ни разу начиная с {first}",
        "nothing_first": "ни разу после начала, а начала нет",
        "date_after": "через {after} наступает дата с {first} по {last}",
        "anniversary": "годовщина с {first} по {last}",
        "true": "да",
        "known_before": "{start} или раньше",
        "snapshots_in": "где покупатель есть",
        "snapshots_entered": "где покупатель появился",
        "snapshots_left": "откуда покупатель выбыл",
    },
}
"""What is asked of facts."""
