"""Settings of an adapter: given by hand, else by the environment, else by a file, else defaults."""

from __future__ import annotations

import difflib
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast, get_args

import pydantic
from pydantic_core import core_schema

from retention_kit.errors import (
    DefinitionError,
    MissingDependencyError,
    bad_parameter,
    nearest_names,
)
from retention_kit.plugins.failures import PluginWarning

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

M = TypeVar("M", bound=pydantic.BaseModel)
NESTED: Final = "__"
"""What separates the parts of a setting's name in a variable."""
_INSTANCE: Final = re.compile(r"[a-z][a-z0-9_]*")
_ALIKE: Final = 0.8
_OWN_WORDS: Final = frozenset(get_args(core_schema.ErrorType)) - {"value_error", "assertion_error"}
"""The kinds of errors whose words are pydantic's own, and hold no value."""


class Configurable(Protocol):
    """What has settings: a `SourceSpec` or a `ChannelSpec`."""

    @property
    def name(self) -> str:
        """The name that users open it by."""
        ...

    @property
    def settings(self) -> type[pydantic.BaseModel]:
        """The model of its settings."""
        ...


def instance_name(name: str, instance: str | None) -> str:
    """Give the whole name of an instance: `amocrm`, or `amocrm.msk`.

    Raises:
        DefinitionError: The instance's name is not what it may be.
    """
    if instance is None:
        return name
    if not isinstance(instance, str) or not _INSTANCE.fullmatch(instance):
        raise bad_parameter(
            "instance", got=instance, allowed="one word in small Latin letters, digits and _"
        )
    return f"{name}.{instance}"


def variable_prefix(name: str, instance: str | None = None) -> str:
    """Give how the names of an instance's variables begin: `RETENTION_KIT_AMOCRM_MSK_`."""
    return "_".join(("RETENTION_KIT", instance_name(name, instance).replace(".", "_"), "")).upper()


def settings_for(
    spec: Configurable,
    instance: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    env_file: str | Path | None = None,
    siblings: Iterable[type[pydantic.BaseModel]] = (),
    besides: Iterable[str] = (),
) -> pydantic.BaseModel:
    """Make the settings of one instance of an adapter.

    What is given by hand wins over the environment, and that over the file. Variables are named
    `RETENTION_KIT_<NAME>_<FIELD>`, of an instance `RETENTION_KIT_<NAME>_<INSTANCE>_<FIELD>`; fields
    of a model inside are separated by `__`, and lists and mappings are JSON.

    Args:
        spec: What the plugin says of the adapter.
        instance: Which of several; None for the only one.
        overrides: Settings given by hand.
        env_file: A file of variables, `NAME=value` in each line.
        siblings: Models of settings that share these variables: those of the source of a channel.
        besides: Other names that the caller takes, one of which may have been meant.

    Returns:
        The settings, checked.

    Raises:
        DefinitionError: A setting is missing, unknown or not what it may be. The message names
            fields and variables, and no value.
        MissingDependencyError: Variables are set, and the extra `delivery` is not installed.
    """
    prefix = variable_prefix(spec.name, instance)
    given = dict(overrides or {})
    whole = instance_name(spec.name, instance)
    model = spec.settings
    unknown = sorted(given.keys() - model.model_fields.keys())
    if unknown and model.model_config.get("extra") != "allow":
        near = ", ".join(nearest_names(unknown[0], [*model.model_fields, *besides]))
        there = ", ".join(model.model_fields) or "none"
        raise DefinitionError(
            f"{whole!r} has no setting {unknown[0]!r}. Allowed: {there}. Next step: "
            + (f"nearest: {near}." if near else "leave it out."),
            parameter=unknown[0],
        )
    hints = tuple(_misspelt(prefix, env_file, (model, *siblings)))
    values = _merged(_from_environment(model, prefix, env_file, whole), given)
    try:
        made = model.model_validate(values)
    except pydantic.ValidationError as problem:
        told = "; ".join(_refusals(problem, prefix, given))
        also = "".join(f" {hint}" for hint in hints)
        where = problem.errors(include_url=False, include_input=False)[0]["loc"]
        raise DefinitionError(
            f"The settings of {whole!r} cannot be used: {told}.{also} Next step: set the "
            "variables, or give the settings by name.",
            parameter=".".join(map(str, where)) or None,
        ) from None
    except DefinitionError as problem:
        # The model says itself what is wrong with its fields together.
        told = " ".join((str(problem), *_variables_of(problem, model, prefix), *hints))
        raise DefinitionError(
            f"The settings of {whole!r} cannot be used: {told}", parameter=problem.parameter
        ) from None
    for hint in hints:
        warnings.warn(PluginWarning(hint), stacklevel=4)
    return made


def variables_set(prefix: str, env_file: str | Path | None = None) -> Mapping[str, str]:
    """Give the variables that begin so, by names in capitals: of the file, then the environment.

    Args:
        prefix: How they begin.
        env_file: A file of variables besides.

    Raises:
        DefinitionError: The file is not there.
        MissingDependencyError: A file is named, and the extra `delivery` is not installed.
    """
    found: dict[str, str | None] = {}
    if env_file is not None:
        if not Path(env_file).is_file():
            raise bad_parameter("env_file", got=str(env_file), allowed="a file that is there")
        try:
            from dotenv import dotenv_values
        except ImportError:
            raise MissingDependencyError("dotenv", "delivery") from None
        found |= {name.upper(): value for name, value in dotenv_values(env_file).items()}
    found |= {name.upper(): value for name, value in os.environ.items()}
    return {
        name: value
        for name, value in found.items()
        if name.startswith(prefix) and value is not None
    }


def _from_environment(
    model: type[pydantic.BaseModel], prefix: str, env_file: str | Path | None, whole: str
) -> dict[str, Any]:
    """Read the fields of a model from variables, as pydantic-settings reads them."""
    if not variables_set(prefix, env_file):
        return {}
    try:
        from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource
        from pydantic_settings.exceptions import SettingsError
    except ImportError:
        raise MissingDependencyError("pydantic_settings", "delivery") from None
    # The sources read the fields and the configuration of a class, which every model has.
    of = cast("type[BaseSettings]", model)
    readers: list[Callable[[], dict[str, Any]]] = [
        EnvSettingsSource(of, env_prefix=prefix, env_nested_delimiter=NESTED, case_sensitive=False)
    ]
    if env_file is not None:
        readers.append(
            DotEnvSettingsSource(
                of,
                env_file=env_file,
                env_file_encoding="utf-8",
                env_prefix=prefix,
                env_nested_delimiter=NESTED,
                case_sensitive=False,
            )
        )
    values: dict[str, Any] = {}
    try:
        for read in reversed(readers):
            values = _merged(values, read())
    except SettingsError as problem:
        field = next((name for name in model.model_fields if f'"{name}"' in str(problem)), "")
        raise DefinitionError(
            f"The settings of {whole!r} cannot be read: the variable {prefix}{field.upper()} is no "
            "JSON. Next step: write lists and mappings as JSON.",
            parameter=field or None,
        ) from None
    # A file of variables may hold other programs' too.
    return {name: value for name, value in values.items() if name in model.model_fields}


def _merged(first: Mapping[str, Any], winner: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for name, value in winner.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged


def _refusals(
    problem: pydantic.ValidationError, prefix: str, given: Mapping[str, Any]
) -> Iterator[str]:
    """Say of each field that is refused where it comes from, in pydantic's words alone."""
    for one in problem.errors(include_url=False, include_input=False, include_context=False):
        path = [str(part) for part in one["loc"]]
        said = one["msg"] if one["type"] in _OWN_WORDS else "the adapter refuses it"
        if not path:
            yield f"together: {said}"
            continue
        variable = prefix + NESTED.join(path).upper()
        if one["type"] == "missing":
            yield f"{'.'.join(path)} is missing ({variable}, or {path[0]}=…)"
        elif path[0] in given:
            yield f"{'.'.join(path)}, given by name: {said}"
        else:
            yield f"{'.'.join(path)}, variable {variable}: {said}"


def _variables_of(
    problem: DefinitionError, model: type[pydantic.BaseModel], prefix: str
) -> Iterator[str]:
    """Say in which variables the fields stand that a model's own sentence speaks of."""
    if prefix in str(problem):
        # It names them itself.
        return
    words = {problem.parameter, *re.findall(r"\w+", str(problem))}
    variables = [prefix + name.upper() for name in model.model_fields if name in words]
    if variables:
        yield f"Variables: {', '.join(variables)}."


def _misspelt(
    prefix: str, env_file: str | Path | None, models: tuple[type[pydantic.BaseModel], ...]
) -> Iterator[str]:
    """Tell of variables that are nearly, but not quite, named after a field."""
    fields = {name.upper() for model in models for name in model.model_fields}
    for variable in sorted(variables_set(prefix, env_file)):
        name = variable.removeprefix(prefix).split(NESTED)[0]
        # Those of an instance begin in the same way, and end in a field.
        if name in fields or any(name.endswith(f"_{field}") for field in fields):
            continue
        near = difflib.get_close_matches(name, fields, n=1, cutoff=_ALIKE)
        if near:
            yield (
                f"The variable {variable} is no setting; {prefix}{near[0]} is one that is nearly "
                "named so."
            )
