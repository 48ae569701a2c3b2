"""Awards that somebody else publishes: what a plug-in says of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pydantic

from retention_kit.errors import DefinitionError, PluginError, bad_parameter
from retention_kit.loyalty_rules.definitions.awards import PLUGIN_NAME, PluginAward

if TYPE_CHECKING:
    import polars as pl

API_VERSION = 1


@dataclass(frozen=True, slots=True)
class EarningRuleSpec:
    """What a plug-in says of one award: how many units a row earns, in both ways.

    What its functions raise comes as a `PluginError` that names the award, with the plug-in's own
    error as its cause.

    Attributes:
        name: The award's name, `vendor.award`.
        summary: What it gives for what, in a few words.
        distribution: What one installs to have it.
        settings: The pydantic model of its settings, which checks them.
        frame: Takes the settings and the lazy table `orders`, or `events` where the rule waits for
            one; gives a lazy table of `order_id`, or of `customer_id` and `occurred_at`, and
            `units` (`Int64`), in the wallet's smallest units; a row that is not there earns 0.
        units: Takes the settings and one row as a mapping; gives the same number.
        api_version: The version of this interface that the plug-in was written to.

    Raises:
        DefinitionError: A field is not what it may be.
    """

    name: str
    summary: str
    distribution: str
    settings: type[pydantic.BaseModel]
    frame: Callable[[Any, pl.LazyFrame], pl.LazyFrame]
    units: Callable[[Any, Mapping[str, Any]], int]
    api_version: int = API_VERSION

    def __post_init__(self) -> None:
        if self.api_version == API_VERSION:
            _check_fields(self)

    def read(self, award: PluginAward) -> Any:
        """Give the settings of an award, checked.

        Raises:
            DefinitionError: They are not what the plug-in takes.
        """
        try:
            return self.settings.model_validate(award.settings)
        except pydantic.ValidationError as problem:
            places = sorted(
                {".".join(map(str, one["loc"])) or "the whole" for one in problem.errors()}
            )
            raise DefinitionError(
                f"The settings of the award {self.name!r} are not what {self.distribution} takes: "
                f"{', '.join(places)}. Next step: mend them.",
                parameter="settings",
            ) from problem

    def units_of(self, settings: Any, row: Mapping[str, Any]) -> int:
        """Give how many units a row earns.

        Raises:
            PluginError: The plug-in raised something, or gave no whole number of 0 or more.
        """
        with fence(self, "units"):
            units = self.units(settings, row)
        if isinstance(units, bool) or not isinstance(units, int) or units < 0:
            raise PluginError(
                f"The award {self.name!r} of {self.distribution!r} gave a {type(units).__name__} "
                "for its units. Allowed: a whole number, 0 or more. Next step: mend the plug-in."
            )
        return units


@contextmanager
def fence(spec: EarningRuleSpec, part: str) -> Iterator[None]:
    """Let what a plug-in raises out as an error that names the plug-in, and says nothing it says.

    Raises:
        PluginError: The plug-in raised something; the cause is what.
    """
    try:
        yield
    except Exception as problem:
        raise PluginError(
            f"The award {spec.name!r} of {spec.distribution!r} raised a {type(problem).__name__} "
            f"in its {part!r}. Next step: look at the cause of this error, whose text may hold "
            "customers' data, and mend the plug-in."
        ) from problem


def spec_of(award: PluginAward, specs: Iterable[EarningRuleSpec]) -> EarningRuleSpec:
    """Find what a plug-in says of an award.

    Raises:
        PluginError: It is not handed in, twice there, or written to another interface.
    """
    found = [spec for spec in specs if spec.name == award.name]
    if not found:
        raise PluginError(
            f"The award {award.name!r} is not installed. It comes with the distribution "
            f"{award.distribution!r}. Next step: pip install {award.distribution}, and hand in "
            "what it gives: specs=[…]."
        )
    if len(found) > 1:
        names = ", ".join(repr(spec.distribution) for spec in found)
        raise PluginError(
            f"{len(found)} plug-ins give the award {award.name!r}: {names}. Next step: hand in one "
            "of them."
        )
    if found[0].api_version != API_VERSION:
        raise PluginError(
            f"The award {award.name!r} of {found[0].distribution!r} is written to version "
            f"{found[0].api_version} of the interface. Allowed: {API_VERSION}. Next step: another "
            "version of the plug-in."
        )
    return found[0]


def _check_fields(spec: EarningRuleSpec) -> None:
    if not isinstance(spec.name, str) or not re.fullmatch(PLUGIN_NAME, spec.name):
        raise bad_parameter(
            "name", got=spec.name, allowed="vendor.award, in small Latin letters, digits and _"
        )
    for parameter in ("summary", "distribution"):
        text = getattr(spec, parameter)
        if not isinstance(text, str) or not text.strip():
            raise bad_parameter(parameter, got=text, allowed="a text that is not blank")
    settings: object = spec.settings
    if not (isinstance(settings, type) and issubclass(settings, pydantic.BaseModel)):
        raise bad_parameter(
            "settings", got=type(settings).__name__, allowed="a class made of pydantic.BaseModel"
        )
    for parameter in ("frame", "units"):
        if not callable(getattr(spec, parameter)):
            raise bad_parameter(
                parameter, got=type(getattr(spec, parameter)).__name__, allowed="a function"
            )
