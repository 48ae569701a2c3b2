"""All conditions in one type, so that JSON and Python know which is which by `type`."""

from __future__ import annotations

from typing import Annotated

import pydantic

from retention_kit.smart_segments.definitions.base import All, AnyOf, Not
from retention_kit.smart_segments.definitions.counting import (
    EventAggregate,
    EventCount,
    Lapsed,
    Reactivated,
    Regularity,
)
from retention_kit.smart_segments.definitions.customers import (
    Attribute,
    Bucket,
    Consent,
    Member,
    MessageEngagement,
    Score,
)
from retention_kit.smart_segments.definitions.moments import Anniversary, FirstEvent, LastEvent
from retention_kit.smart_segments.definitions.plugins import PluginCondition
from retention_kit.smart_segments.definitions.sequences import Sequence

AnyCondition = Annotated[
    All
    | AnyOf
    | Not
    | Attribute
    | EventCount
    | EventAggregate
    | FirstEvent
    | LastEvent
    | Sequence
    | Regularity
    | Lapsed
    | Reactivated
    | Anniversary
    | Score
    | Member
    | Consent
    | MessageEngagement
    | Bucket
    | PluginCondition,
    pydantic.Field(discriminator="type"),
]
"""Any condition."""

for _kind in (All, AnyOf, Not):
    _kind.model_rebuild(_types_namespace={"AnyCondition": AnyCondition})
