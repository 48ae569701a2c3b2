"""Sequences in Russian."""

from __future__ import annotations

from retention_kit.smart_segments.definitions.rows import Rows
from retention_kit.smart_segments.definitions.sequences import Sequence, Without
from retention_kit.smart_segments.sentences.russian.filters import deed, same_as
from retention_kit.smart_segments.sentences.russian.text import length_of, listed, spaced, when

_UNFINISHED = {
    "no": "(и этот срок прошёл)",
    "yes": "(или пока не успели, если этот срок не прошёл)",
    "unknown": "(неизвестно, пока этот срок не прошёл)",
}
_WHICH = {
    ("first", "window"): "считая с первого такого раза",
    ("last", "window"): "считая с последнего такого раза",
    ("first", "all"): "это первый раз из всех",
    ("last", "all"): "это последний раз из всех",
}


def of_sequence(condition: Sequence) -> tuple[str, str]:
    """Say a sequence: what was done first, what then, and what was not done."""
    rows = tuple(step.rows for step in condition.steps)
    said = [_first(condition)]
    last = len(condition.steps) - 1
    for place, step in enumerate(condition.steps):
        if place:
            within = f"в течение {length_of(step.within)}" if step.within else ""
            same = same_as(step.same, step.rows.table, rows, is_one_step=place == 1)
            said.append(spaced("затем", within, deed(step.rows).done, same))
        if step.without and place < last:
            none = _none(step.without, rows, place)
            said.append(f"с этого момента до следующего шага {none}")
    text = ", ".join(said)
    after = condition.steps[last].without
    if not after:
        return "who", text
    none = _none(after, rows, last)
    if condition.quiet_for is None:
        end = f"с этого момента {none}"
    else:
        quiet = f"в течение {length_of(condition.quiet_for)} с этого момента"
        end = f"{quiet} {none} {_UNFINISHED[condition.unfinished]}"
    return "who", f"{text} и {end}" if last == 0 else f"{text}, и {end}"


def _first(condition: Sequence) -> str:
    did, at = deed(condition.steps[0].rows).done, when(condition.window)
    if condition.which == "any":
        return spaced(did, at)
    return spaced(did, at, f"({_WHICH[condition.which, condition.among]})")


def _none(without: tuple[Without, ...], rows: tuple[Rows, ...], place: int) -> str:
    return listed(
        (
            spaced(
                deed(one.rows).not_done,
                same_as(one.same, one.rows.table, rows, is_one_step=place == 0),
            )
            for one in without
        ),
        "и",
    )
