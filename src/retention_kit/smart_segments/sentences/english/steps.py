"""Sequences in English."""

from __future__ import annotations

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Sequence, Without
from retention_kit.smart_segments.sentences.english.filters import deed, same_as
from retention_kit.smart_segments.sentences.english.text import length, listed, spaced, when

_UNFINISHED = {
    "no": "(and that time is over)",
    "yes": "(or have not so far, while that time is not over)",
    "unknown": "(not known while that time is not over)",
}


def of_sequence(condition: Sequence) -> tuple[str, str]:
    """Say a sequence: what was done first, what then, and what was not done."""
    rows = tuple(step.rows for step in condition.steps)
    said = [_first(condition)]
    last = len(condition.steps) - 1
    for place, step in enumerate(condition.steps):
        if place:
            within = f"within {length(step.within)}" if step.within else ""
            same = same_as(step.same, step.rows.table, rows, is_one_step=place == 1)
            words = deed(step.rows)
            said.append(spaced("then", within, words.some or words.done, same))
        if step.without and place < last:
            said.append(f"from then until the next step {_none(step.without, rows, place)}")
    text = ", ".join(said)
    after = condition.steps[last].without
    if not after:
        return "who", text
    none = _none(after, rows, last)
    if condition.quiet_for is None:
        end = f"{none} at or after that"
    else:
        quiet = f"within {length(condition.quiet_for)} of that"
        end = f"{none} {quiet} {_UNFINISHED[condition.unfinished]}"
    return "who", f"{text} and {end}" if last == 0 else f"{text}, and {end}"


def _first(condition: Sequence) -> str:
    words = deed(condition.steps[0].rows)
    did, at = words.some or words.done, when(condition.window)
    if condition.which == "any":
        return spaced(did, at)
    which = "such time" if condition.among == "window" else "time of all"
    return spaced(did, at, f"(the {condition.which} {which})")


def _none(without: tuple[Without, ...], rows: tuple[Rows, ...], place: int) -> str:
    return listed(
        (
            spaced(
                deed(one.rows).not_done,
                same_as(one.same, one.rows.table, rows, is_one_step=place == 0),
            )
            for one in without
        ),
        "and",
    )
