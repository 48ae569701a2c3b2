"""Tables in Markdown, and figures in them. Standard library only."""

from collections.abc import Sequence

NONE = "–"


def table(head: Sequence[str], lines: Sequence[Sequence[str]], *, texts: int) -> str:
    """Write a table whose first `texts` columns are text and the others numbers."""
    rule = ["---" if place < texts else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def size(rows: int) -> str:
    """Give a row count as people say it: 200 M."""
    millions, rest = divmod(rows, 1_000_000)
    return f"{rows:,}" if rest or not millions else f"{millions:,} M"


def ratio(value: float, base: float | None) -> str:
    return f"{value / base:.2f}" if base else NONE


def spread(values: Sequence[float], *, scale: float = 1, digits: int = 3) -> str:
    return f"{min(values) * scale:.{digits}f}–{max(values) * scale:.{digits}f}"


def at_most(limit: float | None) -> str:
    """Say what a figure is held to."""
    return "" if limit is None else f" (≤ {limit:g})"
