"""What went wrong with a plugin, in words that hold nothing of what the plugin said."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from pathlib import Path

UNKNOWN = "a plugin that was handed in"


class PluginWarning(UserWarning):
    """A plugin, or a part of it, is not used; or a setting looks misspelt."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a plugin, or a part of it, is not used.

    Attributes:
        distribution: What was installed to have it, with its version; None where the plugin was
            handed in.
        entry_point: Under which name the plugin is known.
        hook: Which of its answers failed; empty where it is the plugin as a whole.
        error: The class of what was raised; empty where nothing was.
        sentence: What is wrong and what to do. No text of the plugin's own, and no secret.
        cause: What was raised, for whoever mends the plugin; its text may hold anything.
    """

    distribution: str | None
    entry_point: str
    hook: str
    error: str
    sentence: str
    cause: BaseException | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        of = f" of {self.distribution}" if self.distribution else ""
        where = f", {self.hook}" if self.hook else ""
        return f"Plugin {self.entry_point!r}{of}{where}: {self.sentence}"


def raised(problem: BaseException) -> str:
    """Say what was raised and where, without its words, which may hold anything."""
    what = f"it raised a {type(problem).__name__}"
    if isinstance(problem, ImportError) and problem.name:
        what += f" about the module {problem.name!r}"
    frames = traceback.extract_tb(problem.__traceback__)
    if not frames:
        return what
    last = frames[-1]
    path = Path(last.filename)
    return f"{what} in {path.parent.name}/{path.name}, line {last.lineno}"
