"""The checks of a table of orders with pandas and NumPy, written by hand for speed."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from benchmarks.engines.sunk import COMPRESSION, answer_file
from benchmarks.rules import AMOUNT_LIMIT, HEAVY_SHARE
from benchmarks.settings import SHOP_ZONE

COLUMNS = ["order_id", "customer_id", "ordered_at", "amount", "kind", "status"]
_PARTS = 4096


def validation(path: str) -> dict[str, int]:
    """Count in one reading; only rows whose id repeats are compared whole."""
    orders = pd.read_parquet(
        path,
        columns=COLUMNS,
        dtype_backend="pyarrow",
        engine="pyarrow",
        read_dictionary=["kind", "status"],
    )
    return _checked(orders)[0]


def reading(path: str) -> dict[str, Any]:
    """Read a CSV file, check and cast it, and keep as Parquet what passed."""
    orders = pd.read_csv(path, engine="pyarrow", dtype_backend="pyarrow")
    instants = pd.to_datetime(orders["ordered_at"], utc=True, format="ISO8601")
    orders["ordered_at"] = instants.dt.tz_convert(SHOP_ZONE).astype(
        pd.ArrowDtype(pa.timestamp("us", SHOP_ZONE))
    )
    health, kept = _checked(orders)
    passed = orders[kept & orders["customer_id"].notna().to_numpy()]
    units = np.rint(passed["amount"].to_numpy(dtype="float64") * 10_000).astype("int64")
    money = pa.array(units).cast(pa.decimal128(23, 0)).view(pa.decimal128(23, 4))
    passed = passed.assign(amount=pd.arrays.ArrowExtensionArray(money.cast(pa.decimal128(18, 4))))
    passed.to_parquet(answer_file(), engine="pyarrow", compression=COMPRESSION, index=False)
    return {"health": health, "orders": pl.scan_parquet(answer_file()).select(COLUMNS[:4])}


def _checked(orders: pd.DataFrame) -> tuple[dict[str, int], np.ndarray]:
    """Give the counts of the door, and which rows it lets in."""
    is_sale = _equal(orders["kind"], "sale")
    is_return = _equal(orders["kind"], "return")
    known_status = sum(
        _equal(orders["status"], name) for name in ("completed", "cancelled", "open")
    )
    amount = orders["amount"].to_numpy(dtype="float64", na_value=np.nan)
    no_amount = orders["amount"].isna().to_numpy()
    broken = {
        "not_finite_amount": ~np.isfinite(amount) & ~no_amount,
        "out_of_range_amount": np.abs(amount) >= AMOUNT_LIMIT,
        "unknown_kind": ~(is_sale | is_return),
        "unknown_status": known_status == 0,
        "null_order_id": orders["order_id"].isna().to_numpy(),
        "null_ordered_at": orders["ordered_at"].isna().to_numpy(),
        "null_amount": no_amount,
        "negative_sale": is_sale & (amount < 0),
        "positive_return": is_return & (amount > 0),
    }
    kept = np.ones(len(orders), dtype=bool)
    rejected = {}
    for rule, breaks in broken.items():
        rejected[rule] = int((breaks & kept).sum())
        kept &= ~breaks
    copies, again = _repeats(orders, kept, is_sale)
    rejected |= {"duplicate_row": len(copies), "repeated_order_id": len(again)}
    kept[copies] = False
    kept[again] = False
    guests = orders["customer_id"].isna().to_numpy()
    counts = {
        "read": len(orders),
        "accepted": int(kept.sum()),
        "guests": int((guests & kept).sum()),
        "heavy_customers": _heavy_customers(orders["customer_id"], kept & is_sale & ~guests),
        **{rule: count for rule, count in rejected.items() if count},
    }
    return counts, kept


def _equal(column: pd.Series, value: str) -> np.ndarray:
    return (column == value).to_numpy(dtype=bool, na_value=False)


def _repeats(
    orders: pd.DataFrame, kept: np.ndarray, is_sale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the places of exact copies, and of other sales under an id already used."""
    ids = orders["order_id"].to_numpy(dtype="int64", na_value=-1)
    ordered = ids[kept]
    if not (ordered[1:] >= ordered[:-1]).all():
        ordered = np.sort(ordered)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    if repeated.size == 0:
        return repeated, repeated
    places = np.flatnonzero(pd.Series(ids).isin(repeated).to_numpy() & kept)
    suspects = orders.iloc[places]
    is_copy = suspects.duplicated().to_numpy()
    is_again = pd.DataFrame({"id": ids[places], "sale": is_sale[places]}).duplicated().to_numpy()
    return places[is_copy], places[is_again & ~is_copy & is_sale[places]]


def _heavy_customers(customer_id: pd.Series, of_sales: np.ndarray) -> int:
    """Count exactly only where a coarse part of the customers could hide a heavy one."""
    customers = customer_id.to_numpy(dtype="int64", na_value=-1)[of_sales]
    least = int(customers.size * HEAVY_SHARE) + 1
    parts = customers % _PARTS
    full = np.bincount(parts, minlength=_PARTS) >= least
    if not full.any():
        return 0
    return int((pd.Series(customers[full[parts]]).value_counts() >= least).sum())
