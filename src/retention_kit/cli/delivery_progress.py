"""How far a delivery has come, as a bar on the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from retention_kit.delivery.progress import OnProgress, Progress


@contextlib.contextmanager
def delivery_bar(console: Console, channel: str) -> Iterator[OnProgress]:
    """Show a bar as long as a delivery takes; give what `dispatch` takes as `on_progress`.

    Args:
        console: Where to; nothing is shown where it is no terminal.
        channel: The channel's name.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[states]}"),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(channel, total=None, states="")

        def told(progress: Progress) -> None:
            states = ", ".join(f"{count:,} {state}" for state, count in progress.states.items())
            bar.update(task, completed=progress.done, total=progress.total, states=states)

        yield told
