"""How routes are called: the path with `{id}` where it has numbers."""

from __future__ import annotations

import re

BASE = "/v1/management/"
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


def route_name(method: str, path: str) -> str:
    """Name a route, as `POST segment/{id}/confirm`."""
    return f"{method} {_NUMBER.sub('{id}', path).removeprefix(BASE).rstrip('/')}"


def numbers_in(path: str) -> list[int]:
    """Give the numbers in a path, in order."""
    return [int(number) for number in _NUMBER.findall(path)]


def is_segment_write(route: str, *, count_confirm: bool) -> bool:
    """Tell whether a route creates or changes a segment, which has quotas of its own.

    Args:
        route: Its name.
        count_confirm: Whether a confirmation counts.
    """
    verb, _, path = route.partition(" ")
    if verb not in {"POST", "PUT"} or not path.startswith("segment") or path.endswith("grant"):
        return False
    return count_confirm or not path.endswith("confirm")
