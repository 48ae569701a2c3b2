"""The tables beside the orders: the library's own invented customers and costs, under their ids."""

import datetime as dt

import polars as pl

from retention_kit.datasets import make_frames

_KEPT = ("customer_id", "registered_at", "acquisition_channel", "city", "gender")


def companions(
    customer_ids: pl.Series, first_day: dt.date, last_day: dt.date, *, seed: int
) -> dict[str, pl.DataFrame]:
    """Give each customer a row, in random order, and the shop its costs by month and channel.

    The costs are those of the generator's own shop of as many customers: they are of the right
    size, but nobody should read anything into the costs of one customer.
    """
    frames = make_frames(
        len(customer_ids),
        seed=seed,
        start=first_day,
        end=last_day,
        tables=("customers", "costs"),
    )
    customers = frames["customers"].select(_KEPT)
    return {
        "customers": customers.with_columns(customer_ids.shuffle(seed=seed).alias("customer_id")),
        "costs": frames["costs"],
    }
