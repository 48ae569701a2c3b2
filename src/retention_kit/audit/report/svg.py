"""How a chart becomes an SVG that is small, stands alone and is read aloud as one picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import vl_convert

if TYPE_CHECKING:
    from retention_kit.audit.charts import Plot

FONTS = "Inter, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"
"""What texts are shown in: fonts that have Cyrillic and the sign of the rouble."""


def to_svg(plot: Plot, *, label: str) -> str:
    """Make a self-contained SVG: without scripts, links or marks' own descriptions.

    Args:
        plot: The chart.
        label: What a screen reader says of the whole picture.

    Returns:
        The text of the SVG.
    """
    svg = vl_convert.vegalite_to_svg(plot.to_dict(), allowed_base_urls=[])
    return _lean(svg, label)


_NOISE = re.compile(
    r' (?:aria-[a-z]+|role|class|pointer-events|xmlns:xlink|version|font-family)="[^"]*"'
    r'|(?<=[a-z"]) opacity="1"'
)
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_TAG = re.compile(r"<(?:path|line|rect|g|text)[^>]*>")
_EMPTY = re.compile(
    r'<path(?: [a-z-]+="[^"]*")* d="(?:M0,0h0v0h0Z)?"[^>]*/>|<g[^<>]*/>|<g[^<>]*></g>'
)
_UNSEEN = re.compile(r'<path[^<>]*display="none"[^<>]*/>')


def _lean(svg: str, label: str) -> str:
    """Take out what nobody sees, and round coordinates."""
    start, _, body = svg.partition(">")
    view = re.search(r'viewBox="[^"]*"', start)
    width = re.search(r' width="[^"]*" height="[^"]*"', start)
    body = _UNSEEN.sub("", _NOISE.sub("", body))
    body = _TAG.sub(_rounded, body)
    while (smaller := _EMPTY.sub("", body)) != body:
        body = smaller
    size = f"{view[0] if view else ''}{width[0] if width else ''}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(label)} '
        f"font-family={quoteattr(FONTS)} {size}>{body}"
    )


def _rounded(tag: re.Match[str]) -> str:
    return _NUMBER.sub(lambda number: f"{float(number[0]):.1f}", tag[0])
