"""The plugins that are installed: their entry points, each read and loaded alone."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable, Iterator

from retention_kit._logging import get_logger
from retention_kit.plugins.failures import raised
from retention_kit.plugins.gathering import LET_THROUGH, Gathered, Origin, failure_of, gather

logger = get_logger(__name__)


def entry_points_of(
    groups: Iterable[str],
) -> tuple[list[importlib.metadata.EntryPoint], list[Gathered]]:
    """Give the entry points of groups, in an order that does not hang on the path of search.

    Returns:
        They, and the failures of distributions whose entry points cannot be read.
    """
    broken: list[Gathered] = []
    try:
        found = [one for group in groups for one in importlib.metadata.entry_points(group=group)]
    except LET_THROUGH:
        raise
    except BaseException:
        # Somebody's metadata are damaged; those of the others are read one by one.
        found = list(_one_by_one(tuple(groups), broken))
    found.sort(key=lambda one: (one.group, distribution_of(one)[0] or "", one.name))
    return found, broken


def distribution_of(
    entry_point: importlib.metadata.EntryPoint,
) -> tuple[str | None, str | None]:
    """Give the name and version of what was installed to have an entry point."""
    try:
        distribution = entry_point.dist
        return (None, None) if distribution is None else (distribution.name, distribution.version)
    except LET_THROUGH:
        raise
    except BaseException:
        # A folder of metadata without metadata; its plugin may be whole all the same.
        logger.warning("the metadata of the distribution of %r cannot be read", entry_point.name)
        return None, None


def load(entry_point: importlib.metadata.EntryPoint, origin: Origin) -> Gathered:
    """Load a plugin and ask it for all that it brings; nothing that it raises comes out."""
    try:
        plugin = entry_point.load()
    except LET_THROUGH:
        raise
    except BaseException as problem:
        sentence = f"{raised(problem)} while it was loaded. Next step: mend or block the plugin."
        return Gathered(origin, {}, (failure_of(origin, "", sentence, problem),))
    return gather(plugin, origin)


def normalised(distribution: str) -> str:
    """Give the name of a distribution as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()


def _one_by_one(
    groups: tuple[str, ...], broken: list[Gathered]
) -> Iterator[importlib.metadata.EntryPoint]:
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        name = "a distribution without a name"
        try:
            name = distribution.name or name
            points = [one for one in distribution.entry_points if one.group in groups]
        except LET_THROUGH:
            raise
        except BaseException as problem:
            origin = Origin("entry_points.txt", name)
            sentence = f"{raised(problem)} where its entry points were read. Next step: reinstall."
            broken.append(Gathered(origin, {}, (failure_of(origin, "", sentence, problem),)))
            continue
        # Of a distribution that lies there twice, the one that is found first is imported.
        if normalised(name) not in seen:
            seen.add(normalised(name))
            yield from points
