"""What the pictures share and altair need not be loaded for: colours, axes, round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Size = Literal["wide", "half", "narrow"]
Row = dict[str, Any]
ACCENT, SOFT, PALE, WARM, SECOND = "#2b59c3", "#8fabe8", "#dbe5fa", "#c4573a", "#0f8a7e"
INK, MUTED, LINE = "#1c2434", "#556070", "#e3e7ee"
WIDTH: Mapping[Size, int] = {"wide": 960, "half": 470, "narrow": 340}
"""Of a picture, in pixels: alone on a screen, two side by side, on a telephone."""
RAMP = ("#f1f5fd", "#d5e1fa", "#adc4f4", "#7da0ea", "#4b77d8", "#2b59c3", "#1c3f94")
DARK_FROM = 4
"""From which step of the ramp on white is read better on it than ink."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How values stand on an axis.

    Attributes:
        write: Writes a value in the reader's language.
        title: What the axis shows, if the title of the picture does not say it.
    """

    write: Callable[[float], str]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Values under the same labels.

    Attributes:
        name: What a reader calls it.
        values: One value per label; None leaves a gap.
        colour: Its colour.
    """

    name: str
    values: Sequence[float | None]
    colour: str = ACCENT


def ticks(low: float, high: float, count: int) -> list[float]:
    """Give round values that cover a range.

    Examples:
        >>> ticks(0, 0.37, 4)
        [0.0, 0.1, 0.2, 0.3, 0.4]
    """
    span = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(span / count))
    step = next(size * f for f in (1, 2, 2.5, 5, 10) if size * f * count >= span * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]


def loose(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Join what is not whole to the nearest that is, before it and behind it."""
    found = []
    for name in names:
        own = [row for row in rows if row["series"] == name]
        places = [i for i, row in enumerate(own) if row["whole"]]
        if not places:
            continue
        head, tail = own[: places[0] + 1], own[places[-1] :]
        found += [
            {**row, "part": f"{name} {end}"}
            for end, part in (("head", head), ("tail", tail))
            for row in (part if len(part) > 1 else ())
        ]
    return found


def shade(value: float, most: float) -> tuple[str, str]:
    """Give the colour of a cell, and the colour of a text that is read on it.

    Examples:
        >>> shade(0.0, 1.0), shade(1.0, 1.0)
        (('#f1f5fd', '#1c2434'), ('#1c3f94', '#ffffff'))
    """
    step = min(int(value / most * len(RAMP)), len(RAMP) - 1) if most > 0 else 0
    return RAMP[max(step, 0)], "#ffffff" if step >= DARK_FROM else INK


def side_by_side(labels: Sequence[str], size: Size) -> list[str]:
    """Choose as many labels as stand side by side, counted from the last."""
    widest = max((len(label) for label in labels), default=1) * 7.5 + 14
    fit = max(1, int((WIDTH[size] - 70) // widest))
    every = math.ceil(len(labels) / fit) if labels else 1
    return [label for i, label in enumerate(reversed(labels)) if i % every == 0][::-1]


def lookup(marks: Sequence[float], write: Callable[[float], str]) -> str:
    """Write the expression by which Vega labels round values as we write them."""
    named = " : ".join(
        f"abs(datum.value - {mark!r}) < 1e-9 ? {_quoted(write(mark))}" for mark in marks
    )
    return f"{named} : ''"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
