"""Segments made of what the system knows itself: look-alikes, counters, apps, pixels and places.

What each needs is the vendor's; whether a counter or an app exists is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from retention_kit.testing.emulators.yandex_audience.refusals import (
    Refusal,
    missing,
    text,
    whole,
    wrong,
)
from retention_kit.testing.emulators.yandex_audience.segments import Segment

Details = dict[str, Any]
METRIKA_KINDS = ("counter_id", "goal_id", "segment_id")
APP_METRICA_KINDS = ("api_key", "segment_id")
CLOSED = 4
"""Points of the smallest closed outline, its first one twice."""


def lookalike(given: Details, segments: Mapping[int, Segment], owner: str) -> Details:
    """Check people like those of another segment, from 1 (most alike) to 5 (most people)."""
    text(given)
    link = whole(given, "lookalike_link", low=1)
    value = whole(given, "lookalike_value", low=1, high=5)
    source = segments.get(link)
    if source is None or source.owner != owner:
        raise wrong("There is no such segment", location="segment.lookalike_link")
    if source.status != "processed":
        raise wrong("The segment is not processed", location="segment.lookalike_link")
    details: Details = {"lookalike_link": link, "lookalike_value": value}
    for name in ("maintain_device_distribution", "maintain_geo_distribution"):
        if name in given and not isinstance(given[name], bool):
            raise wrong(f"{name} must be a boolean", location=f"segment.{name}")
        details[name] = given.get(name, False)
    return details


def metrika(given: Details) -> Details:
    """Check a counter, goal or segment of Metrica."""
    text(given)
    kind = given.get("metrika_segment_type", "counter_id")
    if kind not in METRIKA_KINDS:
        raise wrong("Unknown metrika_segment_type", location="segment.metrika_segment_type")
    number = whole(given, "metrika_segment_id", low=1)
    return {"metrika_segment_type": kind, "metrika_segment_id": number}


def appmetrica(given: Details) -> Details:
    """Check an app or segment of AppMetrica."""
    text(given)
    kind = given.get("app_metrica_segment_type", "api_key")
    if kind not in APP_METRICA_KINDS:
        raise wrong("Unknown app_metrica_segment_type", location="segment.app_metrica_segment_type")
    number = whole(given, "app_metrica_segment_id", low=1)
    return {"app_metrica_segment_type": kind, "app_metrica_segment_id": number}


def pixel(given: Details, pixels: Mapping[int, Details]) -> Details:
    """Check people who saw a pixel during the last 1 to 90 days."""
    text(given)
    pixel_id = whole(given, "pixel_id", low=1)
    if pixel_id not in pixels or pixels[pixel_id]["is_deleted"]:
        raise wrong("There is no such pixel", location="segment.pixel_id")
    details = {"pixel_id": pixel_id, "period_length": whole(given, "period_length", low=1, high=90)}
    if "times_quantity" in given:
        details["times_quantity"] = whole(given, "times_quantity", low=0)
    return details


def geo(given: Details) -> Details:
    """Check people near points, each with the radius in metres."""
    text(given)
    points = given.get("points")
    if not isinstance(points, list) or not points:
        raise missing("segment.points")
    _check_points(points, "segment.points")
    return {
        "geo_segment_type": given.get("geo_segment_type", "last"),
        "radius": whole(given, "radius", low=500, high=10_000),
        "points": points,
    }


def geo_polygon(given: Details) -> Details:
    """Check people inside outlines that are closed."""
    text(given)
    polygons = given.get("polygons")
    if not isinstance(polygons, list) or not polygons:
        raise missing("segment.polygons")
    for place, polygon in enumerate(polygons):
        where = f"segment.polygons[{place}]"
        points = polygon.get("points") if isinstance(polygon, dict) else None
        if not isinstance(points, list) or len(points) < CLOSED or points[0] != points[-1]:
            raise wrong("An outline must be closed", location=where)
        _check_points(points, where)
    return {"geo_segment_type": given.get("geo_segment_type", "last"), "polygons": polygons}


BY_THEMSELVES: Mapping[str, tuple[str, Callable[[Details], Details]]] = {
    "metrika": ("metrika", metrika),
    "appmetrica": ("appmetrica", appmetrica),
    "geo": ("geo", geo),
    "geo_polygon": ("geo", geo_polygon),
}
"""Type and check of those that need nothing else to be checked."""


def _check_points(points: list[Any], where: str) -> None:
    for point in points:
        fine = isinstance(point, dict) and all(
            isinstance(point.get(name), int | float) and abs(point[name]) <= limit
            for name, limit in (("latitude", 90), ("longitude", 180))
        )
        if not fine:
            raise Refusal(400, "invalid_parameter", "A point is wrong", location=where)
