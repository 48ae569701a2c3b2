"""What the conditions of a rule on a row may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.smart_segments.definitions.base import Part
from retention_kit.smart_segments.definitions.values import Where


def _a_list(value: Any, about: pydantic.ValidationInfo) -> Any:
    if isinstance(value, Part | str):
        raise bad_parameter(
            about.field_name or "where",
            got=f"one {type(value).__name__}",
            allowed="a list of comparisons, all of which hold",
            step="put it in brackets: [column('amount') >= 1000].",
        )
    return value


Filters = Annotated[tuple[Where, ...], pydantic.BeforeValidator(_a_list)]
"""Comparisons of a row, all of which hold."""


def check_filters(parameter: str, filters: Iterable[Where]) -> None:
    """Raise where a condition on a row asks for a window, which has no "now" in a programme.

    Raises:
        DefinitionError: It does.
    """
    for one in filters:
        if one.operator == "during":
            raise DefinitionError(
                f"{parameter!r} compares {one.column!r} with 'during', and a programme holds for "
                "every instant. Allowed: every other comparison. Next step: valid_from and "
                "valid_until, or a segment.",
                parameter=parameter,
            )
