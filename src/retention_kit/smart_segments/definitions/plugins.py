"""Conditions that somebody else publishes: what stands in a definition, and what a plugin gives."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pydantic

from retention_kit.errors import DefinitionError, PluginError, bad_parameter
from retention_kit.smart_segments.definitions.base import Condition, Language

if TYPE_CHECKING:
    import polars as pl

API_VERSION = 1


class PluginCondition(Condition):
    """A condition of a plugin: what it means is said by the `ConditionSpec` of that name.

    Attributes:
        name: The condition's name, `vendor.condition`.
        distribution: What to install for it, as the package index has it.
        settings: Its settings, as JSON.
    """

    TYPE: ClassVar[str] = "plugin"

    type: Literal["plugin"] = "plugin"
    name: str = pydantic.Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    distribution: str = pydantic.Field(min_length=1)
    settings: dict[str, pydantic.JsonValue] = pydantic.Field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.distribution, self.settings_text))

    @property
    def settings_text(self) -> str:
        """The settings as JSON text, the same for equal settings."""
        return json.dumps(self.settings, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ConditionSpec:
    """What a plugin says of one condition: both ways to answer it, and how to say it.

    Attributes:
        name: The condition's name, `vendor.condition`.
        summary: What it asks, in a few words.
        distribution: What one installs to have it.
        settings: The pydantic model of its settings, which checks them and gives their schema.
        frame: Answers it for everybody: takes the settings, the tables by name (lazy, whole, as
            they came through the door), the instant of observation and the shop's zone; gives a
            lazy table `customer_id`, `result` (`Boolean`, null where unknown). Customer-local;
            customers who are not in it are `absent`.
        person: Answers it for one customer: takes the settings, the `CustomerRows`, the instant
            and the zone; gives True, False or None where unknown.
        sentence: Says it: takes the settings and the language `en` or `ru`, and gives what goes
            on after "customers who" or «покупатели, которые»: "live near a shop".
        tables: The tables it needs.
        absent: What it is for customers whom `frame` does not give.
        api_version: The version of this interface that the plugin was written to.
    """

    name: str
    summary: str
    distribution: str
    settings: type[pydantic.BaseModel]
    frame: Callable[[Any, Mapping[str, pl.LazyFrame], dt.datetime, str], pl.LazyFrame]
    person: Callable[[Any, Mapping[str, Any], dt.datetime, str], bool | None]
    sentence: Callable[[Any, Language], str]
    tables: tuple[str, ...] = ("orders",)
    absent: bool | None = False
    api_version: int = API_VERSION

    def read(self, condition: PluginCondition) -> Any:
        """Give the settings of a condition, checked.

        Raises:
            DefinitionError: They are not what the plugin takes.
        """
        try:
            return self.settings.model_validate(condition.settings)
        except pydantic.ValidationError as problem:
            said = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
                for one in problem.errors(include_url=False, include_input=False)
            )
            raise DefinitionError(
                f"The settings of condition {self.name!r} are not what {self.distribution} takes: "
                f"{said}. Next step: mend them.",
                parameter="settings",
            ) from None


def spec_of(condition: PluginCondition, specs: Iterable[ConditionSpec]) -> ConditionSpec:
    """Find what a plugin says of a condition.

    Raises:
        PluginError: It is not handed in, twice there, or written to another interface.
    """
    found = [spec for spec in specs if spec.name == condition.name]
    if not found:
        raise PluginError(
            f"The condition {condition.name!r} is not installed. It comes with the distribution "
            f"{condition.distribution!r}. Next step: pip install {condition.distribution}, and "
            "hand in what it gives: conditions=[…]."
        )
    if len(found) > 1:
        names = ", ".join(repr(spec.distribution) for spec in found)
        raise PluginError(
            f"{len(found)} plugins give the condition {condition.name!r}: {names}. Next step: hand "
            "in one of them."
        )
    if found[0].api_version != API_VERSION:
        raise PluginError(
            f"The condition {condition.name!r} of {found[0].distribution!r} is written to version "
            f"{found[0].api_version} of the interface. Allowed: {API_VERSION}. Next step: another "
            "version of the plugin."
        )
    return found[0]


def check_specs(specs: object) -> tuple[ConditionSpec, ...]:
    """Take the specs that were handed in.

    Raises:
        DefinitionError: They are none.
    """
    found = tuple(specs) if isinstance(specs, Iterable) else ()
    if not all(isinstance(one, ConditionSpec) for one in found) or not isinstance(specs, Iterable):
        raise bad_parameter(
            "conditions", got=type(specs).__name__, allowed="a list of ConditionSpec"
        )
    return found
