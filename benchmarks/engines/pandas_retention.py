"""Retention, lifecycle, gaps and economics with pandas and NumPy, written by hand for speed.

Sorting one array of whole numbers is what NumPy does best, so customers are numbered first, and
a customer with a month, or with a place in time, lies in one number.
"""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.engines.pandas_orders import month_numbers, observed
from benchmarks.jobs import AS_OF, GAP_DAYS, SINCE
from benchmarks.settings import beside

_DAY = 86_400_000_000
_GAP = round(GAP_DAYS * _DAY)
_MONTHS = 1 << 16
"""More months than there are, so that a customer and a month lie in one number."""


def retention_totals(path: str) -> pd.DataFrame:
    sales = observed(path, "customer_id", "ordered_at", "amount", only_sales=True)
    month = month_numbers(sales["ordered_at"])
    customer = pd.factorize(sales["customer_id"])[0]
    first, last = int(month.min()), int(month_numbers(pd.Series([AS_OF]))[0])
    months = np.arange(first, last)

    def count(of: np.ndarray) -> np.ndarray:
        return np.bincount(of - first, minlength=months.size)[: months.size]

    pairs = np.sort(pd.unique(customer * _MONTHS + month))
    at = pairs % _MONTHS
    same = np.concatenate([[False], pairs[1:] // _MONTHS == pairs[:-1] // _MONTHS])
    since_last = np.diff(at, prepend=at[:1])
    buyers = count(at)
    retained = count(at[same & (since_last == 1)])
    new_customers = count(at[~same])
    start_customers = np.concatenate([[0], buyers[:-1]])
    revenue = np.zeros(months.size, dtype=np.int64)
    np.add.at(revenue, month - first, sales["amount"].to_numpy())
    return pd.DataFrame(
        {
            "period": months.astype("datetime64[M]").astype("datetime64[s]"),
            "start_customers": start_customers,
            "end_customers": buyers,
            "retained": retained,
            "new_customers": new_customers,
            "reactivated": buyers - retained - new_customers,
            "lost": start_customers - retained,
            "buyers": buyers,
            "orders": count(month),
            "revenue": revenue,
        }
    )


def lifecycle_totals(path: str) -> pd.DataFrame:
    orders = observed(path, "customer_id", "ordered_at", "amount", "kind")
    customer, ids = pd.factorize(orders["customer_id"])
    is_sale = orders["is_sale"].to_numpy()
    net = pd.Series(orders["amount"].to_numpy()).groupby(customer).sum().to_numpy()
    sold_by, sold_at = _sorted(customer[is_sale], _microseconds(orders["ordered_at"])[is_sale])
    state = _states(sold_by, sold_at, len(ids), round(AS_OF.timestamp() * 1_000_000))
    return (
        pd.DataFrame({"state": state, "net_revenue": net})
        .dropna(subset="state")
        .groupby("state")["net_revenue"]
        .agg(customers="size", net_revenue="sum")
        .reset_index()
    )


def lifecycle_flow(path: str) -> pd.DataFrame:
    sales = observed(path, "customer_id", "ordered_at", only_sales=True)
    customer, ids = pd.factorize(sales["customer_id"])
    sold_by, sold_at = _sorted(customer, _microseconds(sales["ordered_at"]))
    since, as_of = (round(at.timestamp() * 1_000_000) for at in (SINCE, AS_OF))
    early = sold_at < since
    flow = pd.DataFrame(
        {
            "state_before": _states(sold_by[early], sold_at[early], len(ids), since),
            "state": _states(sold_by, sold_at, len(ids), as_of),
        }
    )
    by_states = flow.groupby(["state_before", "state"], dropna=False)
    return by_states.size().rename("customers").reset_index()


def gap_summary(path: str) -> pd.DataFrame:
    sales = observed(path, "customer_id", "ordered_at", only_sales=True)
    customer, instant = _sorted(
        pd.factorize(sales["customer_id"])[0], _microseconds(sales["ordered_at"])
    )
    same = customer[1:] == customer[:-1]
    gap = np.diff(instant)[same]
    customer, in_order = _sorted(customer[1:][same], gap)
    starts = np.flatnonzero(np.concatenate([[True], customer[1:] != customer[:-1]]))
    sizes = np.diff(starts, append=customer.size)
    medians = (in_order[starts + (sizes - 1) // 2] + in_order[starts + sizes // 2]) / 2
    lower, median, upper, ninetieth = np.quantile(gap, [0.25, 0.5, 0.75, 0.9]) / _DAY
    return pd.DataFrame(
        {
            "gaps": [gap.size],
            "zero_gaps": [int((gap == 0).sum())],
            "customers": [starts.size],
            "mean_days": [_sum(gap) / gap.size / _DAY],
            "median_days": [median],
            "lower_quartile_days": [lower],
            "upper_quartile_days": [upper],
            "ninetieth_percentile_days": [ninetieth],
            "median_of_customer_medians_days": [np.median(medians) / _DAY],
        }
    )


def economics(path: str) -> dict[str, pd.DataFrame]:
    orders = observed(path, "customer_id", "ordered_at", "amount", "kind")
    by_customer = orders.assign(sold_at=orders["ordered_at"].where(orders["is_sale"])).groupby(
        "customer_id", sort=False
    )
    buyers = by_customer.agg(
        orders=("is_sale", "sum"), net_revenue=("amount", "sum"), first_at=("sold_at", "min")
    )
    buyers = buyers[buyers["first_at"].notna()]
    channels = pd.read_parquet(
        beside(path, "customers"), columns=["customer_id", "acquisition_channel"]
    ).set_index("customer_id")["acquisition_channel"]
    buyers["channel"] = channels.reindex(buyers.index)
    buyers["period"] = month_numbers(buyers["first_at"])
    won = buyers.groupby(["period", "channel"], dropna=False).agg(
        new_customers=("orders", "size"), orders=("orders", "sum"), net=("net_revenue", "sum")
    )
    won = won.reset_index()
    value = won.groupby("channel", dropna=False)[["new_customers", "net"]].sum().reset_index()
    value["lifetime_value"] = value["net"] / 10_000 / value["new_customers"]
    value = value.rename(columns={"new_customers": "customers"}).drop(columns="net")
    return {"acquisition": _acquisition(won, path), "lifetime_value": value}


def _acquisition(won: pd.DataFrame, path: str) -> pd.DataFrame:
    costs = pd.read_parquet(beside(path, "costs"))
    costs["period"] = month_numbers(pd.to_datetime(costs["month"]))
    end = int(month_numbers(pd.Series([AS_OF]))[0])
    costs = costs[(costs["purpose"] == "acquisition") & (costs["period"] < end)]
    costs["loaded"] = costs["amount"].astype("float64")
    costs["paid"] = costs["loaded"].where(costs["category"] == "advertising")
    of_channels = costs.groupby(["period", "channel"], dropna=False)[["paid", "loaded"]]
    spent = of_channels.sum(min_count=1).reset_index()
    shared = spent[spent["channel"].isna()].drop(columns="channel")
    cells = won.drop(columns="net").merge(
        spent[spent["channel"].notna()], on=["period", "channel"], how="outer"
    )
    cells = cells.fillna({"new_customers": 0, "orders": 0})
    cells = cells.merge(shared, on="period", how="left", suffixes=("", "_shared"))
    new, orders = (cells[name].astype("int64") for name in ("new_customers", "orders"))
    share = new / new.groupby(cells["period"]).transform("sum")
    paid, loaded = (
        cells[name].add((cells[f"{name}_shared"] * share).where(share > 0), fill_value=0)
        for name in ("paid", "loaded")
    )
    return pd.DataFrame(
        {
            "period": cells["period"].to_numpy().astype("datetime64[M]").astype("datetime64[s]"),
            "channel": cells["channel"],
            "new_customers": new,
            "orders": orders,
            "paid_cost": paid.fillna(0),
            "fully_loaded_cost": loaded.fillna(0),
            "paid_cac": (paid / new).where(new > 0),
            "fully_loaded_cac": (loaded / new).where(new > 0),
            "cost_per_order": (loaded / orders).where(orders > 0),
        }
    )


def _microseconds(instants: pd.Series) -> np.ndarray:
    clock = instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return clock.astype("datetime64[us]").astype(np.int64)


def _sum(numbers: np.ndarray) -> int:
    """Sum exactly, in two halves, since all gaps are more microseconds than 64 bits hold."""
    return (int((numbers >> 32).sum()) << 32) + int((numbers & (2**32 - 1)).sum())


def _sorted(customer: np.ndarray, number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort numbers by customer: a customer and a place among all numbers fit 63 bits."""
    in_order = np.argsort(number)
    places = np.arange(number.size)
    width = int(number.size).bit_length()
    together = np.sort((customer[in_order].astype(np.int64) << width) | places)
    return together >> width, number[in_order][together & ((1 << width) - 1)]


def _states(sold_by: np.ndarray, sold_at: np.ndarray, customers: int, at: int) -> Any:
    """Give each customer's state at an instant, from their sales before it in order."""
    orders = np.bincount(sold_by, minlength=customers)
    last = np.cumsum(orders) - 1
    has = orders > 0
    quiet = np.where(has, at - sold_at[last], 0)
    gap = np.where(orders > 1, sold_at[last] - sold_at[np.maximum(last - 1, 0)], 0)
    codes = np.select(
        [~has, quiet > 4 * _GAP, quiet > 2 * _GAP, gap > 4 * _GAP, orders == 1, orders == 2],
        [-1, 0, 1, 2, 3, 4],
        default=5,
    )
    names = ["lost", "sleeping", "returned", "new", "active", "loyal"]
    return pd.Categorical.from_codes(codes, categories=names).astype("str")
