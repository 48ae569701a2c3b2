"""What drawn programmes and drawn customers have in common: names, codes and categories."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from retention_kit.smart_segments.definitions.counting import EventCount
from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.values import Where

REGULARS = Segment(name="Regulars", condition=EventCount(rows=Rows(source="orders"), at_least=2))
"""The segment that rules ask for."""
ACTIVITIES = ("Review Written", "Birthday")
"""The names of what customers do."""
CODE = "TEA"
"""The promotion's code."""
CATEGORIES = ("tea", "coffee", "tobacco")
NOT_TOBACCO = Where(column="category", operator="not_equals", value="tobacco")
TEA = Where(column="category", operator="equals", value="tea")
TOBACCO = Where(column="category", operator="equals", value="tobacco")
FACTORS = ("2", "1.5", "1.25", "0.5", "1")
"""By what tiers and rules multiply."""


def pick(draw: DrawFn, *values: Any) -> Any:
    """Draw one of some values; the first is the simplest."""
    return draw(st.sampled_from(values))
