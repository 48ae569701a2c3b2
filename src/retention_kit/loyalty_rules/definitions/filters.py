"""What the conditions of a rule on a row may be."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.values import Where


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
