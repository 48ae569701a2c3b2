"""All plugins together: found by their entry points, once, when they are first asked for."""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from retention_kit._logging import get_logger
from retention_kit.delivery.channels import ChannelSpec, Observer
from retention_kit.errors import PluginError
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.plugins.claims import Claims
from retention_kit.plugins.failures import Failure, PluginWarning
from retention_kit.plugins.gathering import Found, Gathered, Origin, gather
from retention_kit.plugins.installed import distribution_of, entry_points_of, load, normalised
from retention_kit.plugins.markers import PROJECT
from retention_kit.plugins.types import SectionSpec, SourceSpec
from retention_kit.smart_segments.definitions.plugins import ConditionSpec

logger = get_logger(__name__)
DISABLED: Final = "RETENTION_KIT_PLUGINS_DISABLED"
"""The environment variable with distributions, separated by commas, that are left alone."""


class Registry:
    """What all plugins bring; it does not change.

    Make one with `Registry.load` of what is installed, or with `Registry.of` of what is handed in.

    Attributes:
        sources: Sources by name.
        channels: Channels by name.
        conditions: Conditions of smart segments by name.
        earning_rules: Awards of loyalty programmes by name.
        report_sections: Sections of the audit's report by name.
        observers: Those who are told of deliveries, by where they come from: `distribution:plugin`.
            They claim no name, so none is lost. `dispatch` tells those that it is given:
            `observers=[found.spec for found in registry().observers.values()]`.
        failures: Why plugins, or parts of them, are not used.
        blocked: Distributions that have plugins and were left alone.
    """

    def __init__(self, gathered: Iterable[Gathered] = (), blocked: Iterable[str] = ()) -> None:
        self._gathered = tuple(gathered)
        self.blocked = tuple(blocked)
        self.failures: tuple[Failure, ...] = tuple(
            failure for one in self._gathered for failure in one.failures
        )
        self.sources: Claims[SourceSpec] = self._claims("source", "retention_kit_sources")
        self.channels: Claims[ChannelSpec] = self._claims("channel", "retention_kit_channels")
        self.conditions: Claims[ConditionSpec] = self._claims(
            "condition", "retention_kit_conditions"
        )
        self.earning_rules: Claims[EarningRuleSpec] = self._claims(
            "earning rule", "retention_kit_earning_rules"
        )
        self.report_sections: Claims[SectionSpec] = self._claims(
            "report section", "retention_kit_report_sections"
        )
        self.observers: Mapping[str, Found[Observer]] = Claims(
            "observer", self._observers("retention_kit_observers")
        )

    def __repr__(self) -> str:
        return (
            f"Registry(sources={list(self.sources)}, channels={list(self.channels)}, "
            f"failures={len(self.failures)})"
        )

    @classmethod
    def load(cls, *groups: str, block: Iterable[str] = (), strict: bool = False) -> Registry:
        """Load the plugins that are installed, each alone.

        Args:
            *groups: Groups of entry points; `retention_kit` where none is named.
            block: Distributions to leave alone, besides those in the environment variable
                `RETENTION_KIT_PLUGINS_DISABLED`.
            strict: Whether a plugin that fails is an error.

        Returns:
            The registry. What failed is in `failures`, and a `PluginWarning` tells of it.

        Raises:
            PluginError: A plugin failed, and `strict=True`.
        """
        made = cls._loaded(groups or (PROJECT,), block)
        _tell(made.failures, strict=strict)
        return made

    @classmethod
    def of(cls, *plugins: object, strict: bool = False) -> Registry:
        """Make a registry of plugins that are handed in, and of nothing that is installed.

        Args:
            *plugins: Modules, or objects whose methods are marked with `hookimpl`.
            strict: Whether a plugin that fails is an error.

        Raises:
            PluginError: A plugin failed, and `strict=True`.
        """
        made = cls(_gather_given(plugin) for plugin in plugins)
        _tell(made.failures, strict=strict)
        return made

    def including(self, *plugins: object) -> Registry:
        """Give a registry that has further plugins besides."""
        return Registry(
            (*self._gathered, *(_gather_given(plugin) for plugin in plugins)), self.blocked
        )

    @classmethod
    def _loaded(cls, groups: Iterable[str], block: Iterable[str]) -> Registry:
        named = os.environ.get(DISABLED, "").split(",")
        unwanted = {normalised(one) for one in (*named, *block) if one.strip()}
        blocked = set()
        entry_points, gathered = entry_points_of(groups)
        for entry_point in entry_points:
            name, version = distribution_of(entry_point)
            if name is not None and normalised(name) in unwanted:
                blocked.add(name)
                continue
            gathered.append(load(entry_point, Origin(entry_point.name, name, version)))
        logger.info("%d plugins looked at, %d blocked", len(gathered), len(blocked))
        return cls(gathered, sorted(blocked))

    def _claims(self, kind: str, hook: str) -> Claims[Any]:
        found = (found for one in self._gathered for found in one.found.get(hook, ()))
        return Claims(kind, ((one.name, one) for one in found))

    def _observers(self, hook: str) -> Iterator[tuple[str, Found[Observer]]]:
        numbers: Counter[str] = Counter()
        for one in self._gathered:
            for found in one.found.get(hook, ()):
                of = ":".join(filter(None, (found.distribution, found.plugin)))
                numbers[of] += 1
                yield (of if numbers[of] == 1 else f"{of}.{numbers[of]}"), found


def registry() -> Registry:
    """Give the registry of what is installed, built when it is first asked for, by one thread.

    Raises:
        PluginError: A plugin asks for it while it is being loaded itself.
    """
    return _DEFAULT.get()


@contextlib.contextmanager
def temporarily(*plugins: object) -> Iterator[Registry]:
    """Have plugins in the default registry for a while: in a notebook, or in a test.

    All threads see them. A service hands registries of its own in instead.

    Args:
        *plugins: Modules, or objects whose methods are marked with `hookimpl`.

    Raises:
        PluginError: One of them fails.

    Examples:
        >>> from retention_kit.plugins import hookimpl
        >>> class Mine:
        ...     @hookimpl
        ...     def retention_kit_sources(self):
        ...         return []
        >>> with temporarily(Mine()) as known:
        ...     sorted(known.failures)
        []
    """
    given = [_gather_given(plugin) for plugin in plugins]
    _tell([failure for one in given for failure in one.failures], strict=True)
    _DEFAULT.add(given)
    try:
        yield registry()
    finally:
        _DEFAULT.take_away(given)


class _Default:
    """The registry of whoever hands in none."""

    def __init__(self) -> None:
        # A plugin that is being loaded may come back here in the same thread: told, not deadlocked.
        self._lock = threading.RLock()
        self._loading = False
        self._installed: Registry | None = None
        self._added: list[Gathered] = []
        self._current: Registry | None = None

    def get(self) -> Registry:
        current = self._current
        if current is not None:
            return current
        untold: tuple[Failure, ...] = ()
        with self._lock:
            if self._loading:
                raise PluginError(
                    "The registry was asked for by a plugin that is being loaded. Next step: ask "
                    "for it in a function that is called later."
                )
            if self._installed is None:
                self._loading = True
                try:
                    self._installed = Registry._loaded((PROJECT,), ())
                finally:
                    self._loading = False
                untold = self._installed.failures
            if self._current is None:
                self._current = Registry(
                    (*self._installed._gathered, *self._added), self._installed.blocked
                )
            current = self._current
        _tell(untold, strict=False)
        return current

    def add(self, given: list[Gathered]) -> None:
        with self._lock:
            self._added += given
            self._current = None

    def take_away(self, given: list[Gathered]) -> None:
        with self._lock:
            self._added = [one for one in self._added if all(one is not out for out in given)]
            self._current = None

    def forget(self) -> None:
        """Look anew when the registry is next asked for: what is installed has changed."""
        with self._lock:
            self._installed = self._current = None


_DEFAULT = _Default()


def _gather_given(plugin: object) -> Gathered:
    name = getattr(plugin, "__name__", None)
    return gather(plugin, Origin(name if isinstance(name, str) else type(plugin).__name__))


def _tell(failures: Iterable[Failure], *, strict: bool) -> None:
    told = list(failures)
    if not told:
        return
    if strict:
        raise PluginError(" ".join(str(one) for one in told)) from told[0].cause
    for one in told:
        warnings.warn(PluginWarning(str(one)), stacklevel=4)
