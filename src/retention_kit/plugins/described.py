"""The settings of an adapter for people to read: types, defaults, variables, and never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic

from retention_kit.plugins.configured import NESTED, variable_prefix, variables_set

HIDDEN = "********"


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of an adapter.

    Attributes:
        name: Its name; of a model inside, with dots.
        type: Its type, as it is written.
        required: Whether it must be given.
        default: What it is otherwise, as text; hidden where it is a secret.
        variable: The environment variable that gives it.
        is_set: Whether that variable is set; its value is shown to nobody.
        is_secret: Whether it is a secret.
        description: What its model says of it.
    """

    name: str
    type: str
    required: bool
    default: str
    variable: str
    is_set: bool
    is_secret: bool
    description: str


def describe_settings(
    model: type[pydantic.BaseModel],
    name: str,
    instance: str | None = None,
    *,
    env_file: str | Path | None = None,
) -> tuple[SettingField, ...]:
    """Describe the settings of one instance of an adapter.

    Args:
        model: The model of its settings.
        name: The adapter's name.
        instance: Which of several; None for the only one.
        env_file: A file of variables besides the environment.

    Returns:
        Each setting; those of a model inside come by themselves.

    Raises:
        DefinitionError: The instance's name is not what it may be, or the file is not there.
    """
    prefix = variable_prefix(name, instance)
    present = variables_set(prefix, env_file)
    return tuple(_fields(model, (), prefix, set(present)))


def _fields(
    model: type[pydantic.BaseModel], before: tuple[str, ...], prefix: str, present: set[str]
) -> Iterator[SettingField]:
    for name, info in model.model_fields.items():
        path = (*before, name)
        annotation: Any = info.annotation
        inside = isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)
        if inside and annotation is not model:
            yield from _fields(annotation, path, prefix, present)
            continue
        written = _type(annotation)
        is_secret = "Secret" in written
        variable = prefix + NESTED.join(path).upper()
        above = {prefix + NESTED.join(path[:depth]).upper() for depth in range(1, len(path) + 1)}
        yield SettingField(
            name=".".join(path),
            type=written,
            required=info.is_required(),
            default=_default(info, is_secret=is_secret),
            variable=variable,
            is_set=bool(above & present) or any(one.startswith(variable + "__") for one in present),
            is_secret=is_secret,
            description=info.description or "",
        )


def _default(info: Any, *, is_secret: bool) -> str:
    if info.is_required():
        return ""
    if info.default_factory is not None:
        return "made anew"
    if info.default is None:
        return "None"
    return HIDDEN if is_secret else repr(info.default)


def _type(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("pydantic.types.", "")
