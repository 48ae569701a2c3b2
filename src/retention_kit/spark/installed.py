"""Whether the Spark that is needed is there."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from pathlib import Path

from retention_kit.errors import DefinitionError, MissingDependencyError

_OLDEST = 4
"""The first version whose tables come and go as Arrow without pandas."""


def check_spark() -> None:
    """Check that this Python has what tables go to Spark and come back by.

    Raises:
        MissingDependencyError: pyspark or pyarrow is not installed.
        DefinitionError: pyspark is too old.
    """
    for module in ("pyspark", "pyarrow"):
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise MissingDependencyError(module, "spark") from None
        if module == "pyspark":
            _check_version(str(found.__version__))


def finds_java() -> bool:
    """Tell whether Spark would find Java here: in `JAVA_HOME`, and without it on the path."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(str(Path(home, "bin", "java")) if home else "java") is not None


def _check_version(version: str) -> None:
    number = re.match(r"\d+", version)
    if number is None or int(number[0]) < _OLDEST:
        raise DefinitionError(
            f"pyspark is {version}. Allowed: {_OLDEST}.0 or later, whose tables come and go as "
            "Arrow. Next step: pip install 'pyspark>=4.0', and a cluster of that version."
        )
