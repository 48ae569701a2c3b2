"""One plugin alone: registered, asked, and what it gave checked, so that it can hurt no other.

Every plugin has a pluggy manager of its own, so that none can wrap, block or break another's hooks.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Generic, TypeVar

import pluggy

from retention_kit.errors import nearest_names
from retention_kit.plugins import hookspecs
from retention_kit.plugins.failures import Failure, raised
from retention_kit.plugins.markers import PROJECT
from retention_kit.plugins.spec_checks import HOOKS, wrong_with

S = TypeVar("S")
MOST: Final = 1_000
"""More than this no hook gives: one that never ends must not hold up the others."""
LET_THROUGH: Final = (KeyboardInterrupt, GeneratorExit)
"""What is none of a plugin's: somebody ends the program. All else that it raises is caught, also
what is no `Exception`: a module may call `sys.exit`, and one in Rust may panic."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plugin comes from.

    Attributes:
        plugin: Its name: that of its entry point, or of what was handed in.
        distribution: What was installed to have it; None where it was handed in.
        version: The distribution's version.
    """

    plugin: str
    distribution: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        if self.distribution is None:
            return f"the plugin {self.plugin!r}, which was handed in"
        return f"the plugin {self.plugin!r} of {self.distribution} {self.version or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Found(Generic[S]):
    """Something that a plugin brings.

    Attributes:
        spec: What it brings.
        plugin: The plugin's name.
        distribution: What was installed to have it; None where the plugin was handed in.
        version: The distribution's version.
        name: Its own name, as it was when it was checked; empty where it has none.
    """

    spec: S
    plugin: str
    distribution: str | None
    version: str | None
    name: str = ""

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return Origin(self.plugin, self.distribution, self.version)


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that one plugin brings.

    Attributes:
        origin: Where it comes from.
        found: By hook, what it gave and what was right.
        failures: What was not.
    """

    origin: Origin
    found: dict[str, list[Found[Any]]]
    failures: tuple[Failure, ...]


def gather(plugin: object, origin: Origin) -> Gathered:
    """Ask a plugin for all that it brings.

    Args:
        plugin: A module, or any object whose attributes are marked with `hookimpl`.
        origin: Where it comes from.

    Returns:
        What is right of it, and what is not. Nothing that the plugin raises comes out.
    """
    failures: list[Failure] = []
    found: dict[str, list[Found[Any]]] = {hook: [] for hook in HOOKS}
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name=origin.plugin)
        failures.extend(_unknown_hooks(manager, plugin, origin))
    except pluggy.PluginValidationError as problem:
        failures.append(failure_of(origin, "", _refused(problem), problem))
        return Gathered(origin, found, tuple(failures))
    except LET_THROUGH:
        raise
    except BaseException as problem:
        sentence = f"{raised(problem)} while it was looked at. Next step: mend the plugin."
        failures.append(failure_of(origin, "", sentence, problem))
        return Gathered(origin, found, tuple(failures))
    for hook, given in found.items():
        for one in _answers(manager, hook, origin, failures):
            name, wrong = _guarded_check(hook, one)
            if wrong is None:
                whole = Found(one, origin.plugin, origin.distribution, origin.version, name)
                given.append(whole)
            else:
                failures.append(failure_of(origin, hook, wrong))
    if not any(found.values()) and not failures and not manager.get_hookcallers(plugin):
        failures.append(
            failure_of(
                origin,
                "",
                "it answers none of the hooks. Next step: mark its functions with "
                "retention_kit.plugins.hookimpl.",
            )
        )
    return Gathered(origin, found, tuple(failures))


def failure_of(
    origin: Origin, hook: str, sentence: str, cause: BaseException | None = None
) -> Failure:
    """Say what went wrong with a plugin.

    Args:
        origin: Where it comes from.
        hook: Which of its answers; empty where it is the plugin as a whole.
        sentence: What is wrong and what to do, with no words of the plugin's own.
        cause: What was raised.
    """
    told = None
    if origin.distribution is not None:
        told = f"{origin.distribution} {origin.version or ''}".rstrip()
    error = "" if cause is None else type(cause).__name__
    return Failure(told, origin.plugin, hook, error, sentence, cause)


def _answers(
    manager: pluggy.PluginManager, hook: str, origin: Origin, failures: list[Failure]
) -> Iterator[Any]:
    """Call each answer to a hook alone, and take all that it gives before anything else is done."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.wrapper or implementation.hookwrapper:
            failures.append(
                failure_of(origin, hook, "it wraps the hook. Next step: give what it brings.")
            )
            continue
        try:
            given = implementation.function()
            if given is not None and not isinstance(given, Iterable):
                got = type(given).__name__
                failures.append(
                    failure_of(
                        origin, hook, f"it gives a {got}. Allowed: a list. Next step: mend it."
                    )
                )
                continue
            taken = list(islice(given or (), MOST + 1))
        except LET_THROUGH:
            raise
        except BaseException as problem:
            failures.append(
                failure_of(
                    origin,
                    hook,
                    f"{raised(problem)}. Next step: mend the plugin, or block it.",
                    problem,
                )
            )
            continue
        if len(taken) > MOST:
            sentence = f"it gives more than {MOST:,}. Next step: mend the plugin."
            failures.append(failure_of(origin, hook, sentence))
            continue
        yield from taken


def _guarded_check(hook: str, given: Any) -> tuple[str, str | None]:
    """Give the name of what a hook gave, read once for good, and what is wrong with it."""
    try:
        wrong = wrong_with(hook, given)
        names = HOOKS[hook].names
        name = "" if names is None or wrong is not None else str(given.name)
        if name and names is not None and not names.fullmatch(name):
            wrong = "its name is another each time. Next step: mend the plugin."
    except LET_THROUGH:
        raise
    except BaseException as problem:
        wrong = f"{raised(problem)} while what it gave was checked. Next step: mend the plugin."
        return "", wrong
    return name, wrong


def _unknown_hooks(
    manager: pluggy.PluginManager, plugin: object, origin: Origin
) -> Iterator[Failure]:
    """Tell of answers to hooks that are not there, which pluggy would pass over in silence."""
    marked = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            optional = all(one.optionalhook for one in caller.get_hookimpls())
            if not optional:
                yield failure_of(origin, caller.name, _misspelt(caller.name))
    for name in dir(plugin):
        if not name.startswith(f"{PROJECT}_") or name in marked:
            continue
        value = inspect.getattr_static(plugin, name)
        if not callable(value) or inspect.isclass(value):
            continue
        if _is_marked(value):
            # Under `specname` it answers to another hook than its own name.
            continue
        if name in HOOKS:
            yield failure_of(
                origin,
                name,
                "it is not marked, and so never called. Next step: mark it with "
                "retention_kit.plugins.hookimpl.",
            )
        else:
            yield failure_of(origin, name, _misspelt(name))


def _is_marked(value: Any) -> bool:
    return getattr(value, f"{PROJECT}_impl", None) is not None


def _misspelt(name: str) -> str:
    near = ", ".join(nearest_names(name, HOOKS, limit=1)) or ", ".join(HOOKS)
    return f"there is no hook {name!r}. Nearest: {near}. Next step: mend the name."


def _refused(problem: pluggy.PluginValidationError) -> str:
    """Say what pluggy does not like; its own words are of the plugin's code, not of data."""
    said = str(problem).splitlines()
    of = next((line.strip() for line in said if line.strip().startswith("hook ")), "")
    named = next((hook for hook in HOOKS if hook in str(problem)), "")
    where = named or of or "one of its answers"
    return (
        f"{where} takes arguments that the hook does not have, or is no function. Allowed: no "
        "arguments at all. Next step: mend the plugin."
    )
