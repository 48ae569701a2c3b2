"""What authors of awards test both functions of an `EarningRuleSpec` with, against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl

from retention_kit.loyalty_rules.batch.plugged import (
    OF_EVENTS,
    OF_ORDERS,
    checked_units,
    events_shown,
    sales_shown,
    told_once,
    units_given,
)
from retention_kit.loyalty_rules.definitions.awards import PluginAward
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec, spec_of
from retention_kit.testing.law import LawBroken


def check_earning_rule(
    spec: EarningRuleSpec,
    settings: Mapping[str, Any],
    rows: pl.LazyFrame | pl.DataFrame,
    *,
    table: Literal["orders", "events"] = "orders",
    currency: str = "EUR",
) -> None:
    """Show that an award gives the same for a table as for one row after another.

    Args:
        spec: What the plug-in says of the award.
        settings: Settings of it, as a programme would have them.
        rows: Rows of a shop, with the columns that the award looks at.
        table: Which rows they are.
        currency: The programme's currency.

    Raises:
        LawBroken: `frame` and `units` differ; or what `frame` gives for a row depends on others.
        PluginError: One of them raised something, or gave no number of units.
        DefinitionError: The settings are not what the award takes.

    Examples:
        >>> from retention_kit.datasets import make_dataset
        >>> import pydantic
        >>> class PerOrder(pydantic.BaseModel):
        ...     points: int = 1
        >>> spec = EarningRuleSpec(
        ...     name="teahouse.per_order", summary="points for each order",
        ...     distribution="teahouse-loyalty", settings=PerOrder,
        ...     frame=lambda settings, orders: orders.select("order_id", units=settings.points),
        ...     units=lambda settings, row: settings.points,
        ... )
        >>> check_earning_rule(spec, {}, make_dataset(20, seed=1).orders)
    """
    award = PluginAward(name=spec.name, distribution=spec.distribution, settings=settings)
    read = spec_of(award, [spec]).read(award)
    known = rows.lazy().filter(pl.col("customer_id").is_not_null())
    is_orders = table == "orders"
    lazy = sales_shown(known, currency) if is_orders else told_once(events_shown(known))
    shown, keys = lazy.collect(), OF_ORDERS if is_orders else OF_EVENTS
    found = _asked(spec, read, shown, keys)
    # No event of a checkout has the key by which rows of a table are told apart.
    alone = shown if is_orders else shown.drop("key")
    units = [spec.units_of(read, row) for row in alone.iter_rows(named=True)]
    differ = int((found != np.array(units, dtype=np.int64)).sum())
    if differ:
        raise LawBroken(
            spec.name, "'frame' gives what 'units' gives", f"{differ} of {len(units)} rows differ"
        )
    for part in (slice(0, None, 2), slice(1, None, 2)):
        differ = int((_asked(spec, read, shown[part], keys) != found[part]).sum())
        if differ:
            raise LawBroken(
                spec.name,
                "a row earns what it earns among other rows",
                f"{differ} rows earn something else without every second row",
            )


def _asked(spec: EarningRuleSpec, settings: Any, rows: pl.DataFrame, keys: tuple[str, ...]) -> Any:
    """Ask about a table, and give units in the order of its rows."""
    made = units_given(spec, settings, rows.lazy(), keys).collect(engine="streaming")
    units = rows.join(made, on=list(keys), how="left", maintain_order="left")["units"]
    everywhere = np.ones(rows.height, dtype=np.bool_)
    return checked_units(units.fill_null(0).to_numpy(), everywhere, spec)
