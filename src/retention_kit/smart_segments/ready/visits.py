"""Ready segments by what customers did on the site and left undone."""

from __future__ import annotations

from retention_kit.smart_segments.definitions.base import All
from retention_kit.smart_segments.definitions.counting import EventCount
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Sequence, Step, Without
from retention_kit.smart_segments.definitions.values import Where
from retention_kit.smart_segments.definitions.windows import BetweenAges, Last
from retention_kit.smart_segments.ready.words import ORDERS, events_of


def abandoned_cart(waited: str = "24h", within: str = "7d") -> Segment:
    """Put a product into the cart, waited, and did not buy.

    The last `Product Added` of all lies in [as_of − within, as_of − waited); the same product has
    not been removed at its instant or later, and there is no completed sale at or after it.

    Args:
        waited: How long ago it was at least.
        within: How long ago it was at most.

    Returns:
        The segment. It looks at `orders` and `events`.

    Examples:
        >>> print(abandoned_cart().sentence())
        Customers who put a product into the cart between 7 days and 24 hours ago (the last time \
of all) and did not take a product out of the cart (with the same product id) and bought nothing \
at or after that.
    """
    removed = Without(rows=events_of("Product Removed"), same="product_id")
    step = Step(rows=events_of("Product Added"), without=(removed, Without(rows=ORDERS)))
    return Segment(
        name="Left a cart",
        condition=Sequence(
            steps=(step,),
            window=BetweenAges(oldest=within, youngest=waited),
            which="last",
            among="all",
        ),
    )


def abandoned_checkout(waited: str = "1h", within: str = "7d") -> Segment:
    """Started the checkout, waited, and did not buy: the ones to call.

    The last `Checkout Started` of all lies in [as_of − within, as_of − waited), and there is no
    completed sale at or after it.

    Args:
        waited: How long ago it was at least.
        within: How long ago it was at most.

    Returns:
        The segment. It looks at `orders` and `events`.

    Examples:
        >>> print(abandoned_checkout().sentence())
        Customers who started the checkout between 7 days and 1 hour ago (the last time of all) \
and bought nothing at or after that.
    """
    step = Step(rows=events_of("Checkout Started"), without=(Without(rows=ORDERS),))
    return Segment(
        name="Left the checkout",
        condition=Sequence(
            steps=(step,),
            window=BetweenAges(oldest=within, youngest=waited),
            which="last",
            among="all",
        ),
    )


def interested_without_purchase(
    product_id: int | str | None = None, views: int = 2, within: str = "30d"
) -> Segment:
    """Looked at a product again and again in a time, and did not buy it in that time.

    Args:
        product_id: The product; None is any product, and then no order of any kind.
        views: How often they looked at least.
        within: Within how long.

    Returns:
        The segment. It looks at `orders` and `events`, and with a product at `order_items`.

    Examples:
        >>> print(interested_without_purchase("sofa-3").sentence())
        Customers who viewed a product with product id “sofa-3” at least 2 times in the last 30 \
days and who bought nothing with product id “sofa-3” in the last 30 days.
    """
    window, bought, name = Last(length=within), ORDERS, "Interested, not bought"
    if product_id is not None:
        where = (Where(column="product_id", value=product_id),)
        bought = Rows(source="order_items", where=where)
        name = f"Interested in {product_id}, not bought"
    viewed = events_of("Product Viewed", product_id=product_id)
    return Segment(
        name=name,
        condition=All(
            conditions=(
                EventCount(rows=viewed, window=window, at_least=views),
                EventCount(rows=bought, window=window, at_most=0),
            )
        ),
    )
