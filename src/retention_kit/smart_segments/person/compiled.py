"""A segment compiled for one customer: asked in pure Python, many times."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from typing import Any

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.plugins import ConditionSpec, check_specs
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.person.compiled_segment import (
    CompiledSegment,
    Taken,
    WhatIfUnknown,
)
from retention_kit.smart_segments.person.typed_rows import CustomerRows

__all__ = ["CompiledSegment", "Taken", "WhatIfUnknown", "compile_segment", "is_member"]


def compile_segment(
    segment: Segment,
    *,
    others: Iterable[Segment] = (),
    taken: Taken | None = None,
    conditions: Iterable[ConditionSpec] = (),
    unknown: WhatIfUnknown = "exclude",
) -> CompiledSegment:
    """Compile a segment once, to ask it of one customer after another.

    Args:
        segment: The segment.
        others: Segments that `Member` may name.
        taken: When snapshots were taken, by segment; needed for who entered or left.
        conditions: What plugins give for their conditions.
        unknown: What `is_member` gives where it is unknown: `exclude` False, `include` True, `keep`
            None, `raise` an error.

    Returns:
        The compiled segment.

    Raises:
        DefinitionError: A segment that is named is not handed in, segments ask for each other in a
            circle, or an instant in `taken` has no time zone.
        PluginError: A condition of a plugin is not handed in.

    Examples:
        >>> import datetime as dt
        >>> from decimal import Decimal
        >>> from retention_kit.smart_segments import EventCount, Last, Segment
        >>> from retention_kit.smart_segments.person.rows import customer_rows
        >>> bought = EventCount(window=Last(length="30d"), at_least=1)
        >>> compiled = compile_segment(Segment(name="Bought lately", condition=bought))
        >>> at = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
        >>> order = {"order_id": 1, "customer_id": 7, "ordered_at": at, "amount": 100}
        >>> rows = customer_rows(7, time_zone="Europe/Moscow", orders=[order])
        >>> compiled.is_member(rows, at + dt.timedelta(days=1))
        True
        >>> compiled.is_member(rows, at + dt.timedelta(days=31))
        False
    """
    segment, others = _checked(segment, others)
    if unknown not in ("exclude", "include", "keep", "raise"):
        raise bad_parameter(
            "unknown", got=unknown, allowed="'exclude', 'include', 'keep' or 'raise'"
        )
    instants = None
    if taken is not None:
        instants = {name: tuple(instants) for name, instants in taken.items()}
    return CompiledSegment(
        segment,
        others=others,
        taken=instants,
        conditions=check_specs(conditions),
        unknown=unknown,
    )


def is_member(
    segment: Segment,
    rows: CustomerRows,
    as_of: dt.datetime,
    *,
    others: Iterable[Segment] = (),
    taken: Taken | None = None,
    conditions: Iterable[ConditionSpec] = (),
    unknown: WhatIfUnknown = "exclude",
) -> bool | None:
    """Say whether one customer is a member of a segment.

    The last segments that were asked stay compiled; a service that asks one segment often
    compiles it itself, with `compile_segment`.

    Args:
        segment: The segment.
        rows: The customer's rows, as `CustomerRows` describes them.
        as_of: The instant of observation, with a time zone; rows at or after it do not exist.
        others: Segments that `Member` may name.
        taken: When snapshots were taken, by segment; needed for who entered or left.
        conditions: What plugins give for their conditions.
        unknown: What it is where it is unknown: `exclude` False, `include` True, `keep` None,
            `raise` an error.

    Returns:
        True or False; None where it is unknown, with `keep`.

    Raises:
        DefinitionError: See `compile_segment` and `CompiledSegment.is_member`.
        DataError: An instant has no time zone.
        PluginError: A condition of a plugin is not handed in.
        UnknownMembershipError: It is unknown, and `unknown` is `raise`.
    """
    segment, others = _checked(segment, others)
    specs = check_specs(conditions)
    if taken or specs:
        compiled = compile_segment(
            segment, others=others, taken=taken, conditions=specs, unknown=unknown
        )
    else:
        compiled = _kept(_Said(segment, others), unknown)
    return compiled.is_member(rows, as_of)


def _checked(segment: object, others: Any) -> tuple[Segment, tuple[Segment, ...]]:
    """Take segments as they were handed in.

    Raises:
        DefinitionError: They are none.
    """
    step = "Segment(name='…', condition=…) makes one of a condition."
    if not isinstance(segment, Segment):
        raise bad_parameter("segment", got=type(segment).__name__, allowed="a Segment", step=step)
    # A Segment can be iterated too, and gives its fields.
    is_list = isinstance(others, Iterable) and not isinstance(others, Segment)
    found = tuple(others) if is_list else (others,)
    for one in found:
        if not (is_list and isinstance(one, Segment)):
            raise bad_parameter(
                "others", got=type(one).__name__, allowed="a list of segments", step=step
            )
    return segment, found


class _Said:
    """Segments by what they say: of two that are equal, one may ask for 1 and one for true."""

    __slots__ = ("others", "segment", "text")

    def __init__(self, segment: Segment, others: tuple[Segment, ...]) -> None:
        self.segment = segment
        self.others = others
        self.text = tuple(one.model_dump_json() for one in (segment, *others))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Said) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@functools.lru_cache(maxsize=256)
def _kept(said: _Said, unknown: WhatIfUnknown) -> CompiledSegment:
    return compile_segment(said.segment, others=said.others, unknown=unknown)
