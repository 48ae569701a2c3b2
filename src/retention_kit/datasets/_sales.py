"""How each purchase was handled (channel, delivery, points, status), and what came back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from retention_kit.datasets._baskets import Baskets, line_starts
from retention_kit.datasets._behaviour import CHANNELS, Population, Purchases
from retention_kit.datasets._catalogue import Catalogue
from retention_kit.datasets._clock import DAY, Clock
from retention_kit.datasets._columns import NOTHING, Flags, Ints, look_up, ranked
from retention_kit.datasets._settings import Settings, in_chunks

STATUSES = ("completed", "cancelled", "open")
COMPLETED, CANCELLED, OPEN = range(3)
MANAGERS = tuple(f"manager {number:02d}" for number in range(1, 13))

REPEAT_SHARES = (0.12, 0.08, 0.04, 0.06, 0.02, 0.33, 0.05, 0.3)
"""The share of each of `CHANNELS` in purchases after the first."""
STORE = CHANNELS.index("store")
DIRECT = CHANNELS.index("direct")
STORE_LOYALTY = 128
"""How many of 256 later purchases a customer won in the store makes there again."""

CANCELLED_OF_256, LEFT_OPEN_OF_256 = 8, 1
POINTS_OF_256, PHONED_OF_256 = 30, 24
DELIVERY_FEE, FREE_DELIVERY_FROM = 29_900, 300_000
LONGEST_DELIVERY, LONGEST_RETURN = 6, 30
WHOLE_RETURNS = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Sales:
    """How each purchase was handled, in the order of the purchases.

    Attributes:
        status: A position in `STATUSES`.
        channel: A position in `CHANNELS`.
        manager: A position in `MANAGERS`, or `NOTHING`.
        guest: Whether the customer did not say who they are.
        delivered: The second of delivery, or `NOTHING`.
        points: Roubles paid in points.
        delivery: Paid for delivery, in hundredths.
    """

    status: npt.NDArray[np.int8]
    channel: npt.NDArray[np.int8]
    manager: npt.NDArray[np.int8]
    guest: Flags
    delivered: npt.NDArray[np.int64]
    points: npt.NDArray[np.int32]
    delivery: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Returns:
    """What came back, in the order of time; money is positive here.

    Attributes:
        sale: The position of the purchase that each return is of.
        at: The second of the return.
        whole: Whether all of the purchase came back.
        lines: The number of lines of each return.
        amount: Goods after discount, in hundredths.
        discount: The discount that goes back, in hundredths.
        cost: What the goods cost the shop, in hundredths.
        line: Of each returned line, the position of the line that was sold.
        quantity: Of each returned line, the pieces.
        net: Of each returned line, the amount, in hundredths.
    """

    sale: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    whole: Flags
    lines: npt.NDArray[np.int64]
    amount: npt.NDArray[np.int64]
    discount: npt.NDArray[np.int64]
    cost: npt.NDArray[np.int64]
    line: npt.NDArray[np.int64]
    quantity: npt.NDArray[np.int64]
    net: npt.NDArray[np.int64]


def make_sales(
    settings: Settings,
    clock: Clock,
    population: Population,
    purchases: Purchases,
    baskets: Baskets,
) -> Sales:
    """Handle every purchase."""

    def handle(part: int, rows: slice) -> Sales:
        customer, at = purchases.customer[rows], purchases.at[rows]
        return _handle(
            settings,
            part,
            clock.end,
            later=at > population.first[customer],
            won_by=population.channel[customer],
            at=at,
            amount=baskets.amount[rows],
        )

    parts = in_chunks(purchases.at.size, handle)
    return Sales(
        **{
            column.name: np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(Sales)
        }
    )


def make_returns(
    settings: Settings,
    clock: Clock,
    baskets: Baskets,
    sales: Sales,
    catalogue: Catalogue,
) -> Returns:
    """Take goods back, whole or in part, some days after they were delivered."""
    random = settings.random("returns")
    completed = sales.status == COMPLETED
    chosen = np.flatnonzero((random.random(completed.size) < settings.return_share) & completed)
    days = random.integers(1, LONGEST_RETURN, chosen.size, endpoint=True)
    at = sales.delivered[chosen] + days * DAY
    whole = random.random(chosen.size) < WHOLE_RETURNS
    place = random.random(chosen.size)
    in_time = at < clock.end
    at, order = ranked(at[in_time], clock.start)
    sale, whole, place = chosen[in_time][order], whole[in_time][order], place[in_time][order]

    lines = baskets.lines[sale].astype(np.int64)
    first = line_starts(baskets.lines)[sale]
    # What has one line of one piece can only come back whole.
    whole = whole | ((lines == 1) & (baskets.quantity[first] == 1))
    first = np.where(whole, first, first + (place * lines).astype(np.int64))
    lines = np.where(whole, lines, 1)
    starts = line_starts(lines)
    line = np.repeat(first - starts, lines) + np.arange(lines.sum())
    sold = baskets.quantity[line].astype(np.int64)
    quantity = np.where(np.repeat(whole, lines), sold, (sold + 1) // 2)
    net = baskets.net[line] * quantity // sold
    product = baskets.product[line]
    amount = _sums(net, starts)
    return Returns(
        sale=sale,
        at=at,
        whole=whole,
        lines=lines,
        amount=amount,
        discount=_sums(catalogue.price[product] * quantity, starts) - amount,
        cost=_sums(catalogue.cost[product] * quantity, starts),
        line=line,
        quantity=quantity,
        net=net,
    )


def _handle(
    settings: Settings,
    part: int,
    end: int,
    later: Flags,
    won_by: Ints,
    at: Ints,
    amount: Ints,
) -> Sales:
    random = settings.random("sales", part)
    count = at.size
    chances = random.integers(0, 256, (6, count), dtype=np.uint8)
    channel = _channels(later, won_by, chances[0], chances[1])
    in_store = channel == STORE
    phoned = ~in_store & (chances[2] < PHONED_OF_256)
    manager = np.where(in_store | phoned, chances[3] % len(MANAGERS), NOTHING).astype(np.int8)

    days = random.integers(1, LONGEST_DELIVERY, count, dtype=np.int8, endpoint=True)
    minutes = random.integers(0, 120, count, dtype=np.int8)
    delivered = np.where(in_store, at, at + days * np.int64(DAY) + minutes * np.int64(60))
    status = np.where(delivered >= end, OPEN, COMPLETED).astype(np.int8)
    status[~in_store & (chances[4] < LEFT_OPEN_OF_256)] = OPEN
    status[chances[4] >= 256 - CANCELLED_OF_256] = CANCELLED

    uses_points = later & (chances[5] < POINTS_OF_256)
    percent = random.integers(5, 30, count, dtype=np.int8, endpoint=True)
    pays_delivery = ~in_store & (amount < FREE_DELIVERY_FROM)
    return Sales(
        status=status,
        channel=channel,
        manager=manager,
        guest=settings.random("guests", part).random(count) < settings.guest_share,
        delivered=np.where(status == COMPLETED, delivered, NOTHING),
        points=np.where(uses_points, amount * percent // 10_000, 0).astype(np.int32),
        delivery=np.where(pays_delivery, DELIVERY_FEE, 0).astype(np.int32),
    )


def _channels(later: Flags, won_by: Ints, first: Ints, second: Ints) -> npt.NDArray[np.int8]:
    usual = look_up(REPEAT_SHARES).astype(np.int8)[first]
    again = (won_by == STORE) & (second < STORE_LOYALTY)
    channel = np.where(again, STORE, usual)
    known = np.where(won_by == NOTHING, DIRECT, won_by)
    return np.where(later, channel, known).astype(np.int8)


def _sums(values: npt.NDArray[Any], starts: Ints) -> npt.NDArray[np.int64]:
    return np.add.reduceat(values, starts) if starts.size else np.empty(0, np.int64)
