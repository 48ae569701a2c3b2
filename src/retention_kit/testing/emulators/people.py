"""Invented people and their orders, for emulators to be filled with."""

from __future__ import annotations

import random
from dataclasses import dataclass

from retention_kit.datasets._contacts import FAMILY_NAMES, FEMALE_NAMES, MALE_NAMES

GOODS = (
    ("Чай зелёный", 45_000),
    ("Чай чёрный", 39_000),
    ("Кофе в зёрнах", 120_000),
    ("Чайник", 249_900),
    ("Чашка", 59_000),
    ("Мёд", 68_050),
)
"""Names and prices, in kopecks."""
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist.

    Attributes:
        number: From 1 on.
        first_name: The given name.
        last_name: The family name.
        phone: `+7 900` and seven digits, without spaces; everybody's own.
        email: At `example.com` or `example.ru`; everybody's own.
    """

    number: int
    first_name: str
    last_name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class InventedOrder:
    """An order of such a person.

    Attributes:
        number: From 1 on, by the instant.
        person: The number of whoever ordered.
        ordered_at: Seconds since 1970-01-01T00:00:00Z.
        lines: Name, price in kopecks and quantity of what was ordered.
        outcome: `won`, `lost` or `open`.
    """

    number: int
    person: int
    ordered_at: int
    lines: tuple[tuple[str, int, int], ...]
    outcome: str

    @property
    def kopecks(self) -> int:
        """What the order comes to."""
        return sum(price * quantity for _, price, quantity in self.lines)


def invented_people(count: int, *, seed: int = 0) -> list[Person]:
    """Invent so many people, up to ten million; the same for the same seed."""
    draw = random.Random(f"people {seed}")
    people = []
    for number in range(1, count + 1):
        woman = draw.random() < 0.5
        first = draw.choice(FEMALE_NAMES if woman else MALE_NAMES)
        last = draw.choice(FAMILY_NAMES) + ("a" if woman else "")
        phone = f"+7900{(number * 7_654_321 + seed * 1_000_003) % 10_000_000:07d}"
        domain = "example.com" if draw.random() < 0.5 else "example.ru"
        people.append(Person(number, first, last, phone, f"customer{number}@{domain}"))
    return people


def invented_orders(
    people: list[Person], count: int, *, before: float, days: int = 730, seed: int = 0
) -> list[InventedOrder]:
    """Invent so many orders of these people, by ascending instant; none where there is nobody.

    Args:
        people: Who orders; some come more often than others, and some never.
        count: How many.
        before: The end of the time they fall into, in seconds since 1970-01-01T00:00:00Z.
        days: How long that time is.
        seed: The same orders for the same seed.
    """
    if not people:
        return []
    draw = random.Random(f"orders {seed}")
    instants = sorted(int(before - draw.random() * days * DAY) - 1 for _ in range(count))
    orders = []
    for number, instant in enumerate(instants, start=1):
        person = people[int(draw.random() ** 2 * len(people))]
        lines = tuple(
            (name, price, draw.randint(1, 3))
            for name, price in draw.sample(GOODS, draw.randint(1, 3))
        )
        outcome = draw.choices(("won", "lost", "open"), (80, 12, 8))[0]
        orders.append(InventedOrder(number, person.number, instant, lines, outcome))
    return orders
