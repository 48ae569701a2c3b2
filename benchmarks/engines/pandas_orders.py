"""Reading orders into pandas: the needed columns of the rows that count, as NumPy columns."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.jobs import AS_OF


def observed(path: str, *columns: str, only_sales: bool = False) -> pd.DataFrame:
    """Read the completed orders before the instant of observation as NumPy columns."""
    filters: list[tuple[str, str, Any]] = [
        ("status", "==", "completed"),
        ("ordered_at", "<", AS_OF),
    ]
    if only_sales:
        filters.append(("kind", "==", "sale"))
    read = pd.read_parquet(
        path,
        columns=list(columns),
        filters=filters,
        dtype_backend="pyarrow",
        engine="pyarrow",
        read_dictionary=["kind", "status"],
    )
    orders = {}
    for name in columns:
        column = read.pop(name)
        if name == "amount":
            orders[name] = _ten_thousandths(column)
        elif name == "kind":
            orders["is_sale"] = (column == "sale").to_numpy()
        elif name == "ordered_at":
            orders[name] = pa.array(column).to_pandas()
        else:
            orders[name] = column.to_numpy()
    return pd.DataFrame(orders, copy=False)


def _ten_thousandths(amount: pd.Series) -> np.ndarray:
    values = pa.array(amount).cast(pa.decimal64(18, 4))
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    return np.concatenate([chunk.view(pa.int64()).to_numpy() for chunk in chunks])


def month_numbers(instants: pd.Series) -> np.ndarray:
    """Number the months of the shop's clock, beginning with January 1970."""
    shop_clock = instants.dt.tz_localize(None).to_numpy()
    return shop_clock.astype("datetime64[M]").astype(np.int64)
