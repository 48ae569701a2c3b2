"""What a simulation assumes of customers: who redeems, and whether they buy more."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from retention_kit.errors import bad_parameter
from retention_kit.hashing import stable_hash_expression
from retention_kit.smart_segments.definitions.lengths import read_length

_HASHES = 2**32


@dataclass(frozen=True, slots=True)
class Redemption:
    """Who spends what they hold, and when.

    A customer who redeems does so on the chosen ones of their orders, each time as much as the
    programme lets them. Chance is the stable hash of the customer, the order and `salt`: the same
    assumption chooses the same orders again, whoever else is in the data.

    Attributes:
        share_of_customers: The share of customers who ever redeem, 0 to 1.
        share_of_orders: On which share of their orders they do, 0 to 1.
        least: They do not bother to spend less than this amount of the wallet, where the programme
            asks for no more.
        salt: What the choice is drawn by.

    Raises:
        DefinitionError: A share is below 0 or above 1, or `least` is below 0 or a float.

    Examples:
        >>> Redemption(share_of_customers=0.4).sentence()
        '40% of customers redeem, on 100% of their orders, as much as the programme lets them.'
    """

    share_of_customers: float = 0.5
    share_of_orders: float = 1.0
    least: int | Decimal = 0
    salt: str = "redemption"

    def __post_init__(self) -> None:
        for name in ("share_of_customers", "share_of_orders"):
            _check_share(name, getattr(self, name))
        is_exact = isinstance(self.least, int | Decimal) and not isinstance(self.least, bool)
        if not is_exact or self.least < 0:
            raise bad_parameter(
                "least", got=self.least, allowed="a whole number or a Decimal from 0"
            )

    def chosen(self) -> pl.Expr:
        """Give an expression that is true of the orders on which the customer redeems."""
        of_order = pl.concat_str(
            pl.col("customer_id").cast(pl.String),
            pl.lit(":"),
            pl.col("order_id").cast(pl.String),
        )
        return _is_in(
            pl.col("customer_id"), f"{self.salt}:customer", self.share_of_customers
        ) & _is_in(of_order, f"{self.salt}:order", self.share_of_orders)

    def sentence(self) -> str:
        """Say the assumption."""
        least = f" and never less than {self.least}" if self.least else ""
        return (
            f"{_percent(self.share_of_customers)} of customers redeem, on "
            f"{_percent(self.share_of_orders)} of their orders, as much as the programme lets "
            f"them{least}."
        )


@dataclass(frozen=True, slots=True)
class Response:
    """That customers buy more because of the programme.

    The response is a guess, or what a test with a control group measured; the simulation does not
    find it. Chosen sales are repeated some time later, at the same price, and not returned.

    Attributes:
        more_orders: How many more sales there are, as a share of those in the data, 0 to 1.
        after: How long after the sale it is repeated.
        salt: What the choice is drawn by.

    Raises:
        DefinitionError: The share is below 0 or above 1, or `after` is no length of
            days or less.
    """

    more_orders: float
    after: str = "14d"
    salt: str = "response"

    def __post_init__(self) -> None:
        _check_share("more_orders", self.more_orders)
        if read_length("after", self.after).months:
            raise bad_parameter("after", got=self.after, allowed="days, weeks or hours: '14d'")

    def chosen(self) -> pl.Expr:
        """Give an expression that is true of the sales that are repeated."""
        return _is_in(pl.col("order_id"), self.salt, self.more_orders)

    def sentence(self) -> str:
        """Say the assumption."""
        return (
            f"Customers answer the programme with {_percent(self.more_orders)} more orders: that "
            f"share of the sales in the data is repeated {self.after} later. This is assumed, not "
            "found."
        )


UNCHANGED = (
    "Customers buy what they bought, when they bought it: nobody answers the programme with more "
    "orders, and nobody waits for a discount."
)
"""What is assumed where no response is given."""


def _is_in(identifier: pl.Expr, salt: str, share: float) -> pl.Expr:
    hashed = stable_hash_expression(identifier, salt=salt).cast(pl.Int64)
    return (hashed < round(share * _HASHES)).fill_null(value=False)


def _check_share(name: str, share: object) -> None:
    if isinstance(share, bool) or not isinstance(share, int | float | Decimal):
        raise bad_parameter(name, got=type(share).__name__, allowed="a number from 0 to 1")
    if not 0 <= share <= 1:
        raise bad_parameter(name, got=share, allowed="0 to 1")


def _percent(share: float) -> str:
    return f"{100 * float(share):.4g}%"
