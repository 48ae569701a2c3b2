"""Conditions that somebody else publishes: what stands in a definition, and what a plugin gives."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import pydantic
from pydantic_core import core_schema

from retention_kit.errors import DefinitionError, PluginError, bad_parameter
from retention_kit.smart_segments.definitions.base import Condition, Language

if TYPE_CHECKING:
    import polars as pl

API_VERSION = 1
Table = Literal["orders", "order_items", "customers", "consents", "events", "scores", "snapshots"]
"""What a condition of a plugin may look at."""
_NAME = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
_KEYS: Mapping[object, Table] = {
    **{table: table for table in get_args(Table)},
    # How two of them are named among one customer's rows.
    "customer": "customers",
    "memberships": "snapshots",
}


class PluginCondition(Condition):
    """A condition of a plugin: what it means is said by the `ConditionSpec` of that name.

    Attributes:
        name: The condition's name, `vendor.condition`.
        distribution: What to install for it, as the package index has it.
        settings: Its settings, as JSON.
    """

    TYPE: ClassVar[str] = "plugin"

    type: Literal["plugin"] = "plugin"
    name: str = pydantic.Field(pattern=_NAME)
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

    What its functions and its settings raise while they are called comes as a `PluginError` that
    names the condition and the distribution, with the plugin's own error as its cause and none of
    its words, which may hold customers' data. What the table of `frame` raises only when it is
    collected cannot be told from any other error of the plan, and comes as Polars raises it.

    Attributes:
        name: The condition's name, `vendor.condition`.
        summary: What it asks, in a few words.
        distribution: What one installs to have it.
        settings: The pydantic model of its settings, which checks them and gives their schema.
        frame: Answers it for everybody: takes the settings, the tables by name (lazy, whole, as
            they came through the door), the instant of observation and the shop's zone; gives a
            lazy table `customer_id`, `result` (`Boolean`, null where unknown). Customer-local;
            customers who are not in it are `absent`. Of a customer in several rows it is true
            where all of them are true, false where all are false, and else unknown.
        person: Answers it for one customer: takes the settings, the `CustomerRows`, the instant
            and the zone; gives True, False or None where unknown.
        sentence: Says it: takes the settings and the language `en` or `ru`, and gives what goes
            on after "customers who" or «покупатели, которые»: "live near a shop".
        tables: The tables it needs, of `orders`, `order_items`, `customers`, `consents`, `events`,
            `scores` and `snapshots`.
        absent: What it is for customers whom `frame` does not give.
        api_version: The version of this interface that the plugin was written to.

    Raises:
        DefinitionError: A field is not what it may be.
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

    def __post_init__(self) -> None:
        # What another version of the interface allows is not known here; `spec_of` refuses it.
        if self.api_version == API_VERSION:
            _check_fields(self)

    def read(self, condition: PluginCondition) -> Any:
        """Give the settings of a condition, checked.

        Raises:
            DefinitionError: They are not what the plugin takes.
            PluginError: The plugin cannot check them.
        """
        try:
            with fence(self, "settings", DefinitionError, pydantic.ValidationError):
                return self.settings.model_validate(condition.settings)
        except pydantic.ValidationError as problem:
            said, cause = _refusal(problem)
        except DefinitionError as problem:
            said, cause = "they are refused", problem
        raise DefinitionError(
            f"The settings of condition {self.name!r} are not what {self.distribution} takes: "
            f"{said}. Next step: mend them.",
            parameter="settings",
        ) from cause


@contextmanager
def fence(spec: ConditionSpec, part: str, *but: type[Exception]) -> Iterator[None]:
    """Let what a plugin raises out as an error that names the plugin, and says nothing it says.

    Args:
        spec: What the plugin gives.
        part: Which part of it is called.
        *but: What comes out as it is.

    Raises:
        PluginError: The plugin raised something; the cause is what.
    """
    try:
        yield
    except but:
        raise
    except Exception as problem:
        looked_for = _KEYS.get(problem.args[0]) if _names_a_key(problem) else None
        hint = ""
        if looked_for is not None and looked_for not in spec.tables:
            hint = f" The table {looked_for!r} is not among the tables that it says it needs."
        raise PluginError(
            f"The condition {spec.name!r} of {spec.distribution!r} raised a "
            f"{type(problem).__name__} in its {part!r}.{hint} Next step: look at the cause of this "
            "error, whose text may hold customers' data, and mend the plugin."
        ) from problem


def spec_of(condition: PluginCondition, specs: Iterable[ConditionSpec]) -> ConditionSpec:
    """Find what a plugin says of a condition.

    Returns:
        It, with its functions inside a `fence`.

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
    return _fenced(found[0])


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


def _fenced(spec: ConditionSpec) -> ConditionSpec:
    def within(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any) -> Any:
            with fence(spec, part):
                return function(*given)

        return called

    say = within("sentence", spec.sentence)

    def said(settings: Any, language: Language) -> str:
        words = say(settings, language)
        if not isinstance(words, str) or not words.strip(" ."):
            got = "an empty text" if isinstance(words, str) else f"a {type(words).__name__}"
            raise PluginError(
                f"The condition {spec.name!r} of {spec.distribution!r} gave {got} for its "
                f"sentence in {language!r}. Allowed: what goes on after 'customers who'. Next "
                "step: mend the plugin."
            )
        return words

    return replace(
        spec,
        frame=within("frame", spec.frame),
        person=within("person", spec.person),
        sentence=said,
    )


def _names_a_key(problem: Exception) -> bool:
    return isinstance(problem, KeyError) and len(problem.args) == 1 and _is_text(problem.args[0])


def _refusal(problem: pydantic.ValidationError) -> tuple[str, BaseException | None]:
    """Say why settings are refused, in pydantic's words alone; and what of the plugin's did so."""
    said: list[str] = []
    cause: BaseException | None = None
    for one in problem.errors(include_url=False, include_input=False):
        error = one.get("ctx", {}).get("error")
        if isinstance(error, BaseException):
            cause = cause or error
        is_pydantics = one["type"] in _PYDANTICS
        why = one["msg"] if is_pydantics else "the plugin refuses it"
        said.append(f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {why}")
    return "; ".join(said), cause


_PYDANTICS = frozenset(get_args(core_schema.ErrorType)) - {
    "value_error",
    "assertion_error",
}
"""The kinds of errors whose words are pydantic's own."""


def _check_fields(spec: ConditionSpec) -> None:
    if not isinstance(spec.name, str) or not re.fullmatch(_NAME, spec.name):
        raise bad_parameter(
            "name", got=spec.name, allowed="vendor.condition, in small Latin letters, digits and _"
        )
    for parameter in ("summary", "distribution"):
        text = getattr(spec, parameter)
        if not _is_text(text):
            raise bad_parameter(parameter, got=text, allowed="a text that is not blank")
    settings: object = spec.settings
    if not (isinstance(settings, type) and issubclass(settings, pydantic.BaseModel)):
        got = getattr(settings, "__name__", type(settings).__name__)
        raise bad_parameter("settings", got=got, allowed="a class made of pydantic.BaseModel")
    for parameter in ("frame", "person", "sentence"):
        if not callable(getattr(spec, parameter)):
            got = type(getattr(spec, parameter)).__name__
            raise bad_parameter(
                parameter,
                got=got,
                allowed="a function",
                step="ConditionSpec says what it takes and gives.",
            )
    tables = get_args(Table)
    if not isinstance(spec.tables, tuple) or not all(one in tables for one in spec.tables):
        raise bad_parameter(
            "tables",
            got=spec.tables,
            allowed=f"a tuple of {', '.join(map(repr, tables))}",
            step="other tables reach a condition as columns of these, or as scores=….",
        )
    if not any(spec.absent is one for one in (True, False, None)):
        raise bad_parameter("absent", got=spec.absent, allowed="True, False or None")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
