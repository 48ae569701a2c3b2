"""What files of actions are configured by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import Field

from retention_kit.delivery.actions import ACTIONS


class ActionsFileSettings(pydantic.BaseModel):
    """What files of actions are configured by.

    Attributes:
        folder: Where they are written; it is made if it does not exist.
        format: `jsonl` has each action as one line of JSON, whole; `csv` and `parquet` have
            columns, and what a kind of action has for itself as JSON in `fields`. All of them are
            for programs, and hold every text as it is: a spreadsheet may take what begins with
            `=`, `+`, `-` or `@` for a formula, so import a CSV file there as text.
        batch_rows: How many actions a file holds at most.
        plugin_actions: Kinds of actions of plugins (`vendor.action`) that are written as well.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    folder: Path
    format: Literal["jsonl", "csv", "parquet"] = "jsonl"
    batch_rows: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    plugin_actions: frozenset[str] = frozenset()

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of actions that are written."""
        return frozenset(ACTIONS) | self.plugin_actions
