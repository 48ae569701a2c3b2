"""Up to fifty commands in one request, each of which may use what earlier ones gave."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from retention_kit.testing.emulators.bitrix24.envelope import Answer, php_map
from retention_kit.testing.emulators.bitrix24.parameters import as_mapping, unquery
from retention_kit.testing.emulators.bitrix24.refusals import Refusal

MOST_COMMANDS = 50
Run = Callable[[str, dict[str, Any]], tuple[Answer, dict[str, Any]]]
"""Runs a method with parameters; gives its answer and its block of times, or refuses it."""

_REFERENCE = re.compile(r"\$result((?:\[[^\[\]]*\])+)")
_KEYS = re.compile(r"\[([^\[\]]*)\]")


def run_batch(
    commands: Mapping[str, Any],
    run: Run,
    *,
    halt: bool,
    surplus_refuses: bool,
    missing_is_empty: bool,
) -> Answer:
    """Run commands in their order; what is refused stands in the answer, which is a success.

    Args:
        commands: The commands by key, each `method?query`.
        run: Runs one.
        halt: Whether the first refusal ends it.
        surplus_refuses: Whether more than fifty commands refuse it as a whole.
        missing_is_empty: Whether a reference to what is not there is replaced by nothing.

    Raises:
        Refusal: There are too many commands, and that refuses it as a whole.
    """
    surplus = Refusal(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
    if surplus_refuses and len(commands) > MOST_COMMANDS:
        raise surplus
    parts: dict[str, dict[str, Any]] = {
        name: {} for name in ("result", "result_error", "result_total", "result_next")
    }
    spent: dict[str, Any] = {}
    for position, (key, command) in enumerate(commands.items()):
        try:
            if position >= MOST_COMMANDS:
                raise surplus
            method, _, query = str(command).partition("?")
            asked = _filled(unquery(query), parts["result"], missing_is_empty)
            answer, time = run(method.strip("/"), asked)
        except Refusal as refusal:
            parts["result_error"][key] = refusal.body()
            if halt:
                break
            continue
        parts["result"][key] = answer.result
        spent[key] = time
        if answer.total is not None:
            parts["result_total"][key] = answer.total
        if answer.next is not None:
            parts["result_next"][key] = answer.next
    parts["result_time"] = spent
    return Answer({name: php_map(part) for name, part in parts.items()})


def _filled(value: Any, results: Mapping[str, Any], missing_is_empty: bool) -> Any:
    """Put results where a text refers to them; one that is only a reference becomes the value."""
    if isinstance(value, dict):
        return {key: _filled(item, results, missing_is_empty) for key, item in value.items()}
    if "$result" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        found = _followed(whole.group(1), results)
        return found if found is not None else _missing(value, missing_is_empty)

    def text(match: re.Match[str]) -> str:
        found = _followed(match.group(1), results)
        return _missing(match.group(0), missing_is_empty) if found is None else str(found)

    return _REFERENCE.sub(text, value)


def _followed(path: str, results: Mapping[str, Any]) -> Any:
    found: Any = results
    for key in _KEYS.findall(path):
        found = as_mapping(found).get(key)
    return found


def _missing(reference: str, missing_is_empty: bool) -> str:
    return "" if missing_is_empty else reference
