"""Whether what a plugin's hook gave is what the hook asks for."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pydantic

from retention_kit.delivery.channels import (
    CHANNEL_API_VERSION,
    Capabilities,
    ChannelSpec,
    Observer,
)
from retention_kit.loyalty_rules.definitions.plugins import API_VERSION as RULE_API_VERSION
from retention_kit.loyalty_rules.definitions.plugins import EarningRuleSpec
from retention_kit.plugins.types import (
    SECTION_API_VERSION,
    SOURCE_API_VERSION,
    SectionSpec,
    SourceSpec,
)
from retention_kit.smart_segments.definitions.plugins import API_VERSION as CONDITION_API_VERSION
from retention_kit.smart_segments.definitions.plugins import ConditionSpec

_PLAIN: Final = re.compile(r"[a-z][a-z0-9_]*")
_NAMESPACED: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_SECRET: Final = re.compile(
    r"(^|_)(token|secret|password|passphrase|credentials?)$"
    r"|(^|_)(api|access|private|secret|signing|client)_?key$"
)
RESERVED: Final = frozenset({"clock", "env_file", "instance", "name", "registry"})
"""What `open_source` and `open_channel` take themselves: no setting's name."""


@dataclass(frozen=True)
class Asked:
    """What a hook asks for.

    Attributes:
        kind: What it gives, for messages.
        type: The class of it.
        version: The version of the interface that this library speaks; None where there is none.
        names: How they are named; None where they are not.
    """

    kind: str
    type: type
    version: int | None
    names: re.Pattern[str] | None


HOOKS: Final[Mapping[str, Asked]] = {
    "retention_kit_sources": Asked("source", SourceSpec, SOURCE_API_VERSION, _PLAIN),
    "retention_kit_channels": Asked("channel", ChannelSpec, CHANNEL_API_VERSION, _PLAIN),
    "retention_kit_conditions": Asked(
        "condition", ConditionSpec, CONDITION_API_VERSION, _NAMESPACED
    ),
    "retention_kit_earning_rules": Asked(
        "earning rule", EarningRuleSpec, RULE_API_VERSION, _NAMESPACED
    ),
    "retention_kit_report_sections": Asked(
        "report section", SectionSpec, SECTION_API_VERSION, _NAMESPACED
    ),
    "retention_kit_observers": Asked("observer", Observer, None, None),
}
"""The hooks by name."""


def wrong_with(hook: str, given: object) -> str | None:
    """Say what is wrong with one thing that a hook gave; None where it is right.

    Args:
        hook: The hook's name.
        given: What it gave.
    """
    asked = HOOKS[hook]
    if not isinstance(given, asked.type):
        return (
            f"it gave a {type(given).__name__}. Allowed: {asked.type.__name__}. Next step: mend "
            "the plugin."
        )
    if asked.version is None or asked.names is None:
        return None
    return next(_wrongs(asked, asked.names, given), None)


def _wrongs(asked: Asked, names: re.Pattern[str], spec: Any) -> Iterator[str]:
    called = f"the {asked.kind} {spec.name!r}" if isinstance(spec.name, str) else asked.kind
    # True and 1.0 are equal to 1, and are no versions.
    if type(spec.api_version) is not int or spec.api_version != asked.version:
        yield (
            f"{called} is written to version {spec.api_version!r} of the interface, and this "
            f"library speaks version {asked.version}. Next step: install a version of the plugin, "
            "or of retention-kit, that agrees with the other."
        )
        return
    if not isinstance(spec.name, str) or not names.fullmatch(spec.name):
        form = "vendor.name" if names is _NAMESPACED else "one word"
        yield (
            f"a {asked.kind} is named {spec.name!r}. Allowed: {form}, in small Latin letters, "
            "digits and _. Next step: mend the plugin."
        )
    if not isinstance(spec.summary, str) or not spec.summary.strip():
        yield f"{called} has no summary. Next step: say in a few words what it does."
    if isinstance(spec, SourceSpec | ChannelSpec):
        yield from _wrongs_of_adapters(called, spec)
    functions = (spec.tables, spec.text) if asked.type is SectionSpec else ()
    if not all(callable(one) for one in functions):
        yield f"{called} has tables or text that cannot be called. Next step: give functions."


def _wrongs_of_adapters(called: str, spec: SourceSpec | ChannelSpec) -> Iterator[str]:
    given: Any = spec
    if not callable(given.factory):
        yield f"{called} has a factory that cannot be called. Next step: give a function."
    model: object = given.settings
    if not (isinstance(model, type) and issubclass(model, pydantic.BaseModel)):
        yield (
            f"{called} has settings that are no class made of pydantic.BaseModel. Next step: mend "
            "the plugin."
        )
        return
    if isinstance(spec, ChannelSpec) and not isinstance(given.capabilities, Capabilities):
        yield f"{called} has no Capabilities. Next step: mend the plugin."
    for name, info in model.model_fields.items():
        if name in RESERVED:
            yield (
                f"{called} has a setting {name!r}, which open_source and open_channel take "
                "themselves. Next step: name it otherwise."
            )
        if info.alias is not None or info.validation_alias is not None:
            yield (
                f"{called} has a setting {name!r} with an alias, which variables of the "
                "environment do not follow. Next step: leave the alias out."
            )
    for name in _open_secrets(model):
        yield (
            f"{called} has a setting {name!r} that is plain text. Allowed for what looks like a "
            "secret: pydantic.SecretStr. Next step: make it one; or, where it is none, say so: "
            'Field(json_schema_extra={"secret": False}).'
        )


def _open_secrets(
    model: type[pydantic.BaseModel], before: str = "", seen: frozenset[type] = frozenset()
) -> Iterator[str]:
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        stated = isinstance(extra, Mapping) and extra.get("secret") is False
        if _SECRET.search(name) and str in _parts(info.annotation) and not stated:
            yield before + name
        for part in _parts(info.annotation):
            is_model = isinstance(part, type) and issubclass(part, pydantic.BaseModel)
            if is_model and part not in seen:
                yield from _open_secrets(part, f"{before}{name}.", seen | {model})


def _parts(annotation: Any) -> list[Any]:
    """Give the types that an annotation is made of."""
    inner = typing.get_args(annotation)
    return [part for one in inner for part in _parts(one)] if inner else [annotation]
