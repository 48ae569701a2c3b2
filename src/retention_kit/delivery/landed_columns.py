"""What the state of a landing says of the columns of its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_STATE: Final = "state.json"
_ROWS: Final = "rows.parquet"


def landed_columns(file: Path) -> Mapping[str, str] | None:
    """Give which columns of a landed file are which of a dataset's table, by the latter's name.

    Args:
        file: A file of Parquet.

    Returns:
        None where the file was not landed from a source, or its folder's state does not say.
    """
    # A folder of tables has one for each, and in it one for each time that it was read.
    table = file.parent.parent
    state = table.parent / _STATE
    if file.name != _ROWS or not state.is_file():
        return None
    try:
        said = json.loads(state.read_text(encoding="utf-8"))["tables"]
        columns = said[unquote(table.name)]["columns"]
        return {str(name): str(column) for name, column in columns.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
