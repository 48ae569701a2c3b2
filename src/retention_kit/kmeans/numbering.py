"""Which cluster is the best, and what each is called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retention_kit.kmeans.problems import refused

MONETARY, FREQUENCY, RECENCY = "monetary", "frequency", "recency_days"
_BY_RANK = {1: ("all",), 2: ("loyal", "one-off"), 3: ("loyal", "potential", "one-off")}
_FAR = 0.5
"""From how many standard deviations between centres on one is called high or low."""


def order_of_clusters(names: Sequence[str], means: np.ndarray, centers: np.ndarray) -> list[int]:
    """Sort clusters from best to worst.

    Args:
        names: The features' names.
        means: The mean of each feature by cluster, in its own unit.
        centers: The centres, scaled.

    Returns:
        Places of clusters: by mean monetary value, the highest first; of equal ones by frequency,
        then by recency, the most recent first. Without monetary value by centre, the first feature
        first, descending.
    """
    # lexsort sorts by its last key first.
    keys = [-column for column in centers.T]
    if MONETARY in names:
        known = {name: means[:, place] for place, name in enumerate(names)}
        more = [(MONETARY, -1), (FREQUENCY, -1), (RECENCY, 1)]
        keys = [sign * known[name] for name, sign in more if name in known] + keys
    return [int(place) for place in np.lexsort(keys[::-1])]


def names_of_clusters(names: Sequence[str], centers: np.ndarray) -> list[str]:
    """Name clusters that are in order, by rank where there are up to three, else by their centres.

    Args:
        names: The features' names.
        centers: The centres, scaled, from best to worst.
    """
    count = len(centers)
    if count == 1 or (count in _BY_RANK and {MONETARY, FREQUENCY} & set(names)):
        return list(_BY_RANK[count])
    spread = centers.std(axis=0)
    apart = (centers - centers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    if {MONETARY, FREQUENCY, RECENCY} & set(names):
        return _distinct([_in_words(names, row) for row in apart.tolist()])
    return _distinct([_by_feature(names, row) for row in apart.tolist()])


def check_names(names: Sequence[str], count: int) -> list[str]:
    """Take names that somebody gave.

    Raises:
        FeaturesError: They are no texts, not as many as clusters, or not distinct.
    """
    listed = [names] if isinstance(names, str) else list(names)
    are_texts = all(isinstance(name, str) and name.strip() for name in listed)
    if not are_texts or len(listed) != count or len(set(listed)) != count:
        raise refused(
            "names",
            got=listed,
            allowed=f"{count} distinct names, one per cluster, from best to worst",
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
