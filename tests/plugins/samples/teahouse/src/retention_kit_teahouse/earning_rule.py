"""An award for loyalty programmes: so many points for each bill."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pydantic

from retention_kit.loyalty_rules import EarningRuleSpec


class PerBill(pydantic.BaseModel):
    """Settings: how many points."""

    model_config = pydantic.ConfigDict(extra="forbid")

    points: int = pydantic.Field(default=1, ge=0, le=1000)


def frame(settings: PerBill, orders: pl.LazyFrame) -> pl.LazyFrame:
    """Answer for a table."""
    return orders.select("order_id", units=pl.lit(settings.points, pl.Int64))


def units(settings: PerBill, row: Mapping[str, Any]) -> int:
    """Answer for one bill."""
    return settings.points


EARNING_RULE = EarningRuleSpec(
    name="teahouse.per_bill",
    summary="points for each bill",
    distribution="retention-kit-teahouse",
    settings=PerBill,
    frame=frame,
    units=units,
    api_version=1,
)
