"""Which cluster is the best, and what each is called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from retention_kit.kmeans.problems import refused

MONETARY, FREQUENCY, RECENCY = "monetary", "frequency", "recency_days"
_BY_RANK = {1: ("all",), 2: ("loyal", "one-off"), 3: ("loyal", "potential", "one-off")}
_FAR = 0.5
"""From how many standard deviations between centres on one is called high or low."""
_LEAST_SPREAD = 0.25
"""What that standard deviation is at least, in scaled units: centres that are nearly level are."""


def order_of_clusters(names: Sequence[str], means: np.ndarray, centers: np.ndarray) -> list[int]:
    """Sort clusters from best to worst.

    Args:
        names: The features' names.
        means: The mean of each feature by cluster, in its own unit.
        centers: The centres, scaled.

    Returns:
        Places of clusters: by mean monetary value, the highest first; of equal ones by frequency,
        then by recency, the most recent first. Where there is no monetary value by the others of
        the three alike, and where there is none of them by centre, the first feature first,
        descending.
    """
    # lexsort sorts by its last key first.
    known = {name: means[:, place] for place, name in enumerate(names)}
    first = [(MONETARY, -1), (FREQUENCY, -1), (RECENCY, 1)]
    keys = [sign * known[name] for name, sign in first if name in known]
    keys += [-column for column in centers.T]
    return [int(place) for place in np.lexsort(keys[::-1])]


def names_of_clusters(names: Sequence[str], centers: np.ndarray) -> list[str]:
    """Name clusters that are in order, by rank or by how their centres stand to each other.

    By rank where there are up to three, and the first of them is known to bring or to buy the most.

    Args:
        names: The features' names.
        centers: The centres, scaled, from best to worst.
    """
    count = len(centers)
    if count == 1 or (count in _BY_RANK and {MONETARY, FREQUENCY} & set(names)):
        return list(_BY_RANK[count])
    middle = centers - centers.mean(axis=0)
    if set(names) <= {MONETARY, FREQUENCY, RECENCY}:
        apart = middle / np.maximum(centers.std(axis=0), _LEAST_SPREAD)
        return _distinct([_in_words(names, row) for row in apart.tolist()])
    # Not by the spread between centres, which is small where these hardly differ, and of two
    # centres makes all features alike.
    return _distinct([_by_feature(names, row) for row in middle.tolist()])


def check_names(names: object, count: int | None) -> list[str]:
    """Take names that somebody gave.

    Args:
        names: What came.
        count: How many clusters there are; None where it is to be found yet.

    Raises:
        FeaturesError: They are no texts, not as many as clusters, or not distinct.
    """
    is_list = isinstance(names, Iterable) and not isinstance(names, str)
    listed: list[Any] = list(names) if is_list else [names]  # type: ignore[call-overload]
    are_texts = all(isinstance(name, str) and name.strip() for name in listed)
    wanted = len(listed) if count is None else count
    if not are_texts or len(listed) != wanted or len(set(listed)) != wanted:
        how_many = "" if count is None else f"{count} "
        raise refused(
            "names",
            got=listed if is_list else names,
            allowed=f"{how_many}distinct names, one per cluster, from best to worst",
        )
    return listed


def _in_words(names: Sequence[str], apart: Sequence[float]) -> str:
    words = {
        MONETARY: ("high value", "middle value", "low value"),
        FREQUENCY: ("frequent", "now and then", "seldom"),
        RECENCY: ("long ago", "a while ago", "recent"),
    }
    at = dict(zip(names, apart, strict=True))
    return ", ".join(_level(at[name], levels) for name, levels in words.items() if name in at)


def _level(apart: float, levels: tuple[str, str, str]) -> str:
    high, middle, low = levels
    return high if apart > _FAR else low if apart < -_FAR else middle


def _by_feature(names: Sequence[str], apart: Sequence[float]) -> str:
    """Name a cluster by the feature in which it lies furthest from the others."""
    place = max(range(len(apart)), key=lambda one: abs(apart[one]))
    return f"{'high' if apart[place] > 0 else 'low'} {names[place]}"


def _distinct(names: list[str]) -> list[str]:
    """Number names that several clusters would have, the second and the further ones."""
    told: list[str] = []
    for name in names:
        tries = (name, *(f"{name} {number}" for number in range(2, len(names) + 2)))
        told.append(next(one for one in tries if one not in told))
    return told
