"""The project of a new plugin, written from a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from retention_kit.errors import bad_parameter

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ENDING = ".tmpl"
_PACKAGE = "__package__"


def write_plugin(name: str, folder: str | Path | None = None) -> tuple[Path, ...]:
    """Write the project of a new plugin: a package with a source and a channel, and its tests.

    Args:
        name: What its users will open it by: one word in small Latin letters, digits and `_`.
        folder: Where to write it, empty or not there yet; None for `retention-kit-<name>` here.

    Returns:
        The files that were written.

    Raises:
        DefinitionError: The name is not what it may be, or the folder holds something.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith("_"):
        raise bad_parameter(
            "name", got=name, allowed="one word in small Latin letters, digits and _"
        )
    distribution = f"retention-kit-{name.replace('_', '-')}"
    root = Path(distribution if folder is None else folder)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise bad_parameter(
            "folder", got=str(root), allowed="an empty folder, or one that is not there yet"
        )
    package = f"retention_kit_{name}"
    words = {
        "name": name,
        "package": package,
        "distribution": distribution,
        "title": "".join(word.capitalize() for word in name.split("_")),
        "variables": f"RETENTION_KIT_{name.upper()}_",
    }
    written = []
    template = files("retention_kit.plugins") / "template"
    for parts, one in sorted(_files(template, ()), key=lambda found: found[0]):
        path = root.joinpath(*(part.replace(_PACKAGE, package) for part in parts))
        path = path.with_name(path.name.removesuffix(_ENDING))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(one.read_text(encoding="utf-8")).substitute(words), "utf-8")
        written.append(path)
    return tuple(written)


def _files(
    folder: Traversable, before: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    for one in folder.iterdir():
        path = (*before, one.name)
        if one.is_dir():
            yield from _files(one, path)
        elif one.name.endswith(_ENDING):
            yield path, one
