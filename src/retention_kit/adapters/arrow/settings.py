"""What a user hands in as tables."""

from __future__ import annotations

from typing import Any

import pydantic

from retention_kit.adapters.declared import DeclaredTable, NaiveZone


class ArrowSettings(pydantic.BaseModel):
    """What the source of whatever holds rows is opened with.

    Attributes:
        data: By table, what holds its rows: a Polars frame, anything with `__arrow_c_stream__`
            (pandas, pyarrow, DuckDB, ibis), a list or an iterable of mappings, or a function
            without parameters that gives one of these anew.
        declared: What is declared of tables, by name; of others nothing is.
        batch_rows: How many mappings are made a frame at a time. The columns and types of the
            first such frame hold for all.
        naive_zone: The time zone in which cursors without one are meant.
    """

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    data: dict[str, Any] = pydantic.Field(repr=False, exclude=True)
    declared: dict[str, DeclaredTable] = {}
    batch_rows: int = pydantic.Field(default=10_000, ge=1)
    naive_zone: NaiveZone = "UTC"

    @pydantic.model_validator(mode="after")
    def _declares_what_is_there(self) -> ArrowSettings:
        unknown = sorted(self.declared.keys() - self.data.keys())
        if unknown:
            raise ValueError(f"declared, and not among data: {', '.join(unknown)}")
        return self
