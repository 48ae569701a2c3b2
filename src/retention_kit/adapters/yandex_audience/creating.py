"""Segments that Yandex Audience makes of what it has itself: what is asked for, as data.

Each function gives the two arguments of `YandexAudienceApi.create`. The fields are those of the
service's reference; only those of look-alikes were seen described in full.

Examples:
    >>> kind, segment = of_metrica("Left the cart", "goal_id", 17)
    >>> kind, segment["metrika_segment_type"]
    ('metrika', 'goal_id')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from retention_kit.errors import bad_parameter

Asked = tuple[str, dict[str, Any]]
"""The kind of a segment and what it is to be."""
Point = tuple[float, float]
"""Latitude and longitude in degrees."""
GeoKind = Literal["last", "regular", "home", "work", "condition"]
"""Who is meant by a place: who is there now, who is often, who lives or works there, or who was
there so many times."""

_MOST_POINTS: Final = 1_000
_NAME_LENGTH: Final = 250


def lookalike(
    name: str,
    source: int,
    *,
    likeness: int = 3,
    keep_devices: bool = True,
    keep_places: bool = True,
) -> Asked:
    """Ask for people who are like those of another segment.

    Args:
        name: What the segment is to be called.
        source: The other segment.
        likeness: From 1, the most alike and the fewest, to 5, the most people.
        keep_devices: Whether devices are spread as in the other segment.
        keep_places: Whether cities are.

    Raises:
        DefinitionError: `likeness` is not 1 to 5, or the name is blank or too long.
    """
    if likeness not in range(1, 6):
        raise bad_parameter("likeness", got=likeness, allowed="1, the most alike, to 5")
    return "lookalike", {
        "name": _name(name),
        "lookalike_link": source,
        "lookalike_value": likeness,
        "maintain_device_distribution": keep_devices,
        "maintain_geo_distribution": keep_places,
    }


def of_metrica(
    name: str, what: Literal["counter_id", "goal_id", "segment_id"], number: int
) -> Asked:
    """Ask for visitors by Yandex Metrica: of a counter, of a goal, of a segment there."""
    return "metrika", {
        "name": _name(name),
        "metrika_segment_type": what,
        "metrika_segment_id": number,
    }


def of_appmetrica(name: str, what: Literal["api_key", "segment_id"], number: int) -> Asked:
    """Ask for an application's users by AppMetrica: all of them, or of a segment there."""
    return "appmetrica", {
        "name": _name(name),
        "app_metrica_segment_type": what,
        "app_metrica_segment_id": number,
    }


def of_pixel(
    name: str,
    pixel: int,
    *,
    days: int = 30,
    times: int = 1,
    compared: Literal["lt", "eq", "gt"] = "gt",
) -> Asked:
    """Ask for those who saw an advertisement with a pixel.

    Args:
        name: What the segment is to be called.
        pixel: The pixel.
        days: In how many last days.
        times: How often.
        compared: Whether less often, exactly so often, or more often.

    Raises:
        DefinitionError: The name is blank or too long.
    """
    return "pixel", {
        "name": _name(name),
        "pixel_id": pixel,
        "period_length": days,
        "times_quantity": times,
        "times_quantity_operation": compared,
    }


def of_places(
    name: str,
    points: Sequence[Point],
    *,
    metres: int,
    kind: GeoKind = "regular",
    times: int | None = None,
    days: int | None = None,
) -> Asked:
    """Ask for people by circles on the map.

    Args:
        name: What the segment is to be called.
        points: The middles of the circles.
        metres: Their radius.
        kind: Who is meant.
        times: With `condition`: how often they were there.
        days: With `condition`: in how many last days.

    Raises:
        DefinitionError: There are no points or too many, or a point is none.
    """
    said: dict[str, Any] = {
        "name": _name(name),
        "geo_segment_type": kind,
        "radius": metres,
        "points": _points(points),
    }
    return "geo", said | _times(kind, times, days)


def of_areas(
    name: str,
    areas: Sequence[Sequence[Point]],
    *,
    kind: GeoKind = "regular",
    times: int | None = None,
    days: int | None = None,
) -> Asked:
    """Ask for people by areas on the map, each given by its corners in order.

    Args:
        name: What the segment is to be called.
        areas: The areas.
        kind: Who is meant.
        times: With `condition`: how often they were there.
        days: With `condition`: in how many last days.

    Raises:
        DefinitionError: There are no areas, or a corner is none.
    """
    if not areas:
        raise bad_parameter("areas", got="none", allowed="at least one")
    said: dict[str, Any] = {
        "name": _name(name),
        "geo_segment_type": kind,
        "polygons": [{"points": _points(_closed(corners))} for corners in areas],
    }
    return "geo_polygon", said | _times(kind, times, days)


def _times(kind: GeoKind, times: int | None, days: int | None) -> dict[str, int]:
    if (kind == "condition") != (times is not None and days is not None):
        raise bad_parameter(
            "kind", got=kind, allowed="'condition' with times= and days=, others without both"
        )
    return {"times_quantity": times, "period_length": days} if times and days else {}


def _points(points: Sequence[Point]) -> list[dict[str, float]]:
    if not 0 < len(points) <= _MOST_POINTS:
        raise bad_parameter("points", got=f"{len(points)} points", allowed=f"1 to {_MOST_POINTS:,}")
    for latitude, longitude in points:
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise bad_parameter(
                "points",
                got=(latitude, longitude),
                allowed="latitude, -90 to 90, and longitude, -180 to 180",
            )
    return [{"latitude": latitude, "longitude": longitude} for latitude, longitude in points]


def _closed(corners: Sequence[Point]) -> Sequence[Point]:
    """Let an outline end where it begins."""
    return [*corners, corners[0]] if corners and corners[0] != corners[-1] else corners


def _name(name: str) -> str:
    if not name.strip() or len(name) > _NAME_LENGTH:
        raise bad_parameter(
            "name", got=f"a text of {len(name)} characters", allowed=f"1 to {_NAME_LENGTH}"
        )
    return name.strip()
