"""What a user says of the files that are read."""

from __future__ import annotations

from pathlib import Path

import pydantic

from retention_kit.adapters.declared import DeclaredTable, NaiveZone


class DeclaredFiles(DeclaredTable):
    """What is declared of a table that stands in files.

    Attributes:
        path: A file, a folder or a pattern, from `path` of the settings on; by default what there
            has the table's name.
    """

    path: str | None = None


class FilesSettings(pydantic.BaseModel):
    """What the source of files is opened with.

    Attributes:
        path: A folder with a file or a folder for each table, by its name; or one file, which is
            `orders`.
        declared: What is declared of tables, by name. Where none is, those of `path` that bear the
            names of a `Dataset`'s tables are there.
        csv_separator: What separates the columns of CSV files; by default the header line tells.
        naive_zone: The time zone in which cursors without one are meant.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    path: Path
    declared: dict[str, DeclaredFiles] = {}
    csv_separator: str | None = None
    naive_zone: NaiveZone = "UTC"
