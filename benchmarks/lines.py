"""The lines of the made-up shop's orders: what was bought, two lines to an order on average.

They come as the door gives them, with the customer, the instant and the kind of their order, and in
the order of the orders' file; the lines of one order stand together.
"""

import numpy as np
import polars as pl

CATEGORIES = tuple(f"category {place}" for place in range(1, 41))
"""A few are bought often, most seldom."""
NAMED = {5: "mattress", 3: "cover"}
"""The categories that segments ask for, by their places: each is of some six lines in a hundred."""
PRODUCTS = 5_000
MORE_LINES = 1.0
"""How many lines an order has on average beyond the first."""


def order_items(orders: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """Give each order its lines, whose amounts add up to the order's."""
    rng = np.random.default_rng(20_250_301 + seed)
    count = 1 + rng.poisson(MORE_LINES, orders.height)
    place = np.repeat(np.arange(orders.height, dtype=np.int64), count)
    is_first = np.ones(place.size, dtype=bool)
    is_first[1:] = place[1:] != place[:-1]
    kopecks = (orders["amount"].to_physical().cast(pl.Int64) // 100).to_numpy()
    share = kopecks // count
    amount = share[place]
    amount[is_first] += kopecks - share * count
    product = (rng.beta(0.8, 3.0, place.size) * PRODUCTS).astype(np.int64)
    names = pl.Series([NAMED.get(place, name) for place, name in enumerate(CATEGORIES)])
    category = names.gather(product * len(CATEGORIES) // PRODUCTS)
    lines = orders.select("order_id", "customer_id", "ordered_at", "kind")[place]
    is_return = pl.col("kind") == "return"
    return lines.with_columns(
        pl.Series("product_id", product + 1),
        pl.when(is_return).then(-1).otherwise(1).cast(pl.Decimal(18, 4)).alias("quantity"),
        (pl.Series(amount) / 100).cast(pl.Decimal(18, 4)).alias("amount"),
        category.alias("category"),
    )
