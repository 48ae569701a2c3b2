"""What customers did, said so that it reads aloud: `bought(category="tea").within("30d")`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Joins
from retention_kit.smart_segments.definitions.counting import (
    EventCount,
    Lapsed,
    Reactivated,
    Regularity,
    TooNew,
)
from retention_kit.smart_segments.definitions.rows import Rows, Source
from retention_kit.smart_segments.definitions.sequences import SameAs, Step
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import (
    ALL_TIME,
    AllTime,
    BetweenAges,
    CalendarPeriod,
    Every,
    Since,
    Window,
    window_of,
)
from retention_kit.smart_segments.saying.chains import Chain, GivesRows
from retention_kit.smart_segments.saying.comparing import Given, equal_to
from retention_kit.smart_segments.saying.figures import Ending, Figure

OneOrMore = Given | Iterable[Given]
"""A value that a column equals, or several of which it equals one."""


@dataclass(frozen=True, slots=True)
class Happened(Joins):
    """Something a customer did; alone it stands for an `EventCount`, at least once in all time.

    Attributes:
        rows: Which rows.
        window: Within which time.
        fewest: At least how often.
        most: At most how often.
        too_new: What it is for a customer younger than the window.
    """

    rows: Rows
    window: Window = ALL_TIME
    fewest: int | None = None
    most: int | None = None
    too_new: TooNew = "evaluate"

    def as_condition(self) -> EventCount:
        """Give the condition that this stands for."""
        fewest = 1 if self.fewest is self.most is None else self.fewest
        return EventCount(
            rows=self.rows,
            window=self.window,
            at_least=fewest,
            at_most=self.most,
            too_new=self.too_new,
        )

    def rows_alone(self) -> Rows:
        """Give the rows, where nothing else is said.

        Raises:
            DefinitionError: A window or a count is said, which a step or an end does not have.
        """
        if replace(self, rows=Rows()) != Happened(Rows()):
            raise bad_parameter(
                "step",
                got="a window or a count",
                allowed="what happened alone: bought(category='tea'), did('Product Added')",
                step="followed_by(…, within='30d') says when; the first step has the window.",
            )
        return self.rows

    def where(self, *filters: Where) -> Happened:
        """Say more of the same row: `.where(column("amount") >= 1000)`."""
        return replace(self, rows=self.rows.also(*filters))

    def kept(self) -> Happened:
        """Leave out what was returned; see `Rows`."""
        return replace(self, rows=self.rows.with_fields(net=True))

    def within(self, window: str | Window) -> Happened:
        """Say when: within the last `"30d"`, or in a window."""
        return self._when(window_of(window))

    def between(self, oldest: str, youngest: str) -> Happened:
        """Say when: between two ages, such as `"90d"` and `"30d"` ago."""
        return self._when(BetweenAges(oldest=oldest, youngest=youngest))

    def since(
        self, start: dt.date | dt.datetime, until: dt.date | dt.datetime | None = None
    ) -> Happened:
        """Say when: from a date or an instant on, up to before another."""
        return self._when(Since(start=start, until=until))

    def in_period(self, every: Every, *, ago: int = 0) -> Happened:
        """Say when: in this calendar period, or so many before it."""
        return self._when(CalendarPeriod(every=every, ago=ago))

    def at_least(self, times: int) -> Happened:
        """Say how often at least, from 0."""
        return self._how_often(fewest=times)

    def at_most(self, times: int) -> Happened:
        """Say how often at most, from 0; those with none are included."""
        return self._how_often(most=times)

    def exactly(self, times: int) -> Happened:
        """Say how often, from 0."""
        return self._how_often(fewest=times, most=times)

    def never(self) -> Happened:
        """Not once in the window."""
        return self._how_often(most=0)

    def if_too_new(self, answer: TooNew) -> Happened:
        """Say what it is for a customer younger than the window; see `TooNew`."""
        return replace(self, too_new=answer)

    def total(self, column: str) -> Figure:
        """Take the sum of a column, to compare it."""
        return self._figure("sum", column)

    def mean(self, column: str) -> Figure:
        """Take the mean of a column, to compare it."""
        return self._figure("mean", column)

    def least(self, column: str) -> Figure:
        """Take the smallest value of a column, to compare it."""
        return self._figure("min", column)

    def greatest(self, column: str) -> Figure:
        """Take the greatest value of a column, to compare it."""
        return self._figure("max", column)

    def distinct(self, column: str) -> Figure:
        """Take how many different values a column has, to compare it."""
        return self._figure("distinct", column)

    def share(self, *of: Where) -> Figure:
        """Take the share of these that match further filters, 0 to 1, to compare it."""
        return self._figure("share", None, of)

    def followed_by(
        self,
        then: GivesRows,
        *,
        within: str | None = None,
        same: SameAs = (),
        without: GivesRows | Iterable[GivesRows] = (),
    ) -> Chain:
        """Say what came after it; see `Chain.followed_by`."""
        return self._chain().followed_by(then, within=within, same=same, without=without)

    def not_followed_by(
        self, *what: GivesRows, within: str | None = None, same: SameAs = ()
    ) -> Chain:
        """Say what did not come after the last of it; see `Chain.not_followed_by`.

        It is asked of the last one in the window; `.starting("any")` asks whether there is any.
        """
        chain = self._chain().not_followed_by(*what, within=within, same=same)
        return chain.starting("last")

    def first(self) -> Ending:
        """Take the first of all, to say when it was or what it was."""
        return Ending(self.rows_alone(), "first")

    def last(self) -> Ending:
        """Take the last of all, to say when it was or what it was."""
        return Ending(self.rows_alone(), "last")

    def active_in(
        self, at_least: int, *, of_last: int, every: Every, current: bool = False
    ) -> Regularity:
        """In at least so many of the last calendar periods; see `Regularity`."""
        return Regularity(
            rows=self._alone_but_too_new(),
            every=every,
            periods=of_last,
            at_least=at_least,
            current=current,
            too_new=self.too_new,
        )

    def lapsed(self, silent: str, *, at_least: int = 3, active: str | None = None) -> Lapsed:
        """Was regular and stopped; see `Lapsed`."""
        return Lapsed(rows=self.rows_alone(), silent=silent, active=active, at_least=at_least)

    def reactivated(self, gap: str, *, within: str = "30d") -> Reactivated:
        """Came back after a gap; see `Reactivated`."""
        return Reactivated(rows=self.rows_alone(), gap=gap, within=within)

    def _when(self, window: Window) -> Happened:
        if not isinstance(self.window, AllTime):
            raise bad_parameter(
                "window",
                got="a second window",
                allowed="one: the second would take the place of the first",
                step="join two with &: bought().within('1y') & bought().since(…).",
            )
        return replace(self, window=window)

    def _how_often(self, fewest: int | None = None, most: int | None = None) -> Happened:
        pairs = ((self.fewest, fewest), (self.most, most))
        if any(had is not None and now is not None for had, now in pairs):
            raise bad_parameter(
                "at_least",
                got="a second count",
                allowed="one lower and one upper bound: at_least(2).at_most(5)",
            )
        return replace(
            self,
            fewest=self.fewest if fewest is None else fewest,
            most=self.most if most is None else most,
        )

    def _alone_but_too_new(self) -> Rows:
        return replace(self, too_new="evaluate").rows_alone()

    def _figure(
        self,
        aggregate: Literal["sum", "mean", "min", "max", "distinct", "share"],
        column: str | None,
        of: tuple[Where, ...] = (),
    ) -> Figure:
        if self.fewest is not None or self.most is not None:
            raise bad_parameter(
                "at_least",
                got="a count and a figure",
                allowed="one of them",
                step="join two conditions with &.",
            )
        return Figure(self.rows, self.window, aggregate, column, of, self.too_new)

    def _chain(self) -> Chain:
        rows = replace(self, window=AllTime()).rows_alone()
        return Chain((Step(rows=rows),), self.window)


def bought(
    *where: Where,
    product_id: OneOrMore | None = None,
    category: OneOrMore | None = None,
    name: OneOrMore | None = None,
    channel: OneOrMore | None = None,
    manager: OneOrMore | None = None,
    promo_code: OneOrMore | None = None,
) -> Happened:
    """Take completed sales, or with a product, a category or a name their lines.

    Args:
        *where: Further filters of the same row: `column("amount") >= 1000`.
        product_id: The product, or several.
        category: The product's category, or several.
        name: The product's name, or several.
        channel: Where the order was made.
        manager: Who looks after the order.
        promo_code: The promotion used.

    Returns:
        What stands for "at least once in all time", until more is said.

    Raises:
        DefinitionError: Columns of orders and of lines together: they are not of one row.

    Examples:
        >>> cover = bought(category="cover")
        >>> condition = bought(category="mattress").within("1mo").not_followed_by(cover)
        >>> print(condition.as_condition().sentence())
        Customers who bought something with category “mattress” in the last month (the last such \
time) and bought nothing with category “cover” at or after that.
    """
    of_lines = {"product_id": product_id, "category": category, "name": name}
    of_orders = {"channel": channel, "manager": manager, "promo_code": promo_code}
    return Happened(_sales(where, of_lines, of_orders, "orders", "order_items"))


def bought_lines(*where: Where) -> Happened:
    """Take lines of completed sales by any filters: `bought_lines(column("amount") >= 1000)`."""
    return Happened(Rows(source="order_items", where=where))


def returned(
    *where: Where,
    product_id: OneOrMore | None = None,
    category: OneOrMore | None = None,
    name: OneOrMore | None = None,
    channel: OneOrMore | None = None,
) -> Happened:
    """Take completed returns, or with a product, a category or a name their lines.

    Args:
        *where: Further filters of the same row; amounts are negative.
        product_id: The product, or several.
        category: The product's category, or several.
        name: The product's name, or several.
        channel: Where the return was made.

    Raises:
        DefinitionError: Columns of orders and of lines together: they are not of one row.
    """
    of_lines = {"product_id": product_id, "category": category, "name": name}
    return Happened(_sales(where, of_lines, {"channel": channel}, "returns", "returned_items"))


def did(
    event: str,
    *where: Where,
    product_id: OneOrMore | None = None,
    campaign: OneOrMore | None = None,
    message_id: OneOrMore | None = None,
) -> Happened:
    """Take events of a name, such as `did("Product Added")`.

    Args:
        event: The event's name, as `events` has it.
        *where: Further filters of the same row.
        product_id: The product it is about, or several.
        campaign: The campaign it answers.
        message_id: The message it answers.
    """
    named = {"product_id": product_id, "campaign": campaign, "message_id": message_id}
    filters = [equal_to(name, given) for name, given in named.items() if given is not None]
    return Happened(
        Rows(source="events", where=(Where(column="name", value=event), *filters, *where))
    )


def _sales(
    where: tuple[Where, ...],
    of_lines: dict[str, OneOrMore | None],
    of_orders: dict[str, OneOrMore | None],
    orders: Source,
    lines: Source,
) -> Rows:
    in_lines = [equal_to(name, given) for name, given in of_lines.items() if given is not None]
    in_orders = [equal_to(name, given) for name, given in of_orders.items() if given is not None]
    if in_lines and in_orders:
        raise bad_parameter(
            "where",
            got=", ".join(one.column for one in (*in_lines, *in_orders)),
            allowed="columns of lines (product_id, category, name) or of orders (channel, "
            "manager, promo_code), since a filter is on one row",
            step="join two with &: bought(category=…) & bought(channel=…).",
        )
    source = lines if in_lines else orders
    return Rows(source=source, where=(*in_lines, *in_orders, *where))
