"""What a user hands in of dlt's."""

from __future__ import annotations

from typing import Any

import pydantic

from retention_kit.adapters.declared import DeclaredTable, NaiveZone


class DeclaredResource(DeclaredTable):
    """What is declared of a table that dlt reads.

    Attributes:
        resource: The resource of a source, or the table of a dataset; by default the one of the
            table's own name.
    """

    resource: str | None = None


class DltSettings(pydantic.BaseModel):
    """What the source of what dlt reads is opened with.

    Attributes:
        data: A dlt source or resource, a dataset (`pipeline.dataset()`), or a pipeline. None where
            `destination` and `dataset` name one that was loaded.
        destination: The destination of a loaded dataset, as `dlt.dataset` takes it: `duckdb`.
            Credentials are read by dlt, from its own configuration.
        dataset: The dataset's name there.
        declared: What is declared of tables, by name. Where none is, all are there; of a dataset,
            those of dlt's own and those of nested lists are not.
        batch_rows: How many rows are fetched at a time.
        naive_zone: The time zone in which cursors without one are meant.
    """

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    data: Any = pydantic.Field(default=None, repr=False, exclude=True)
    destination: str | None = None
    dataset: str | None = None
    declared: dict[str, DeclaredResource] = {}
    batch_rows: int = pydantic.Field(default=50_000, ge=1)
    naive_zone: NaiveZone = "UTC"

    @pydantic.model_validator(mode="after")
    def _says_what(self) -> DltSettings:
        is_named = self.destination is not None and self.dataset is not None
        if (self.data is not None) == is_named or (self.destination is None) != (
            self.dataset is None
        ):
            raise ValueError("allowed: data, or destination and dataset together")
        return self
