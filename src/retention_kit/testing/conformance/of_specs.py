"""Checks of what a plugin says, which need nothing outside."""

from __future__ import annotations

import re
from typing import Any, Final

import pydantic

from retention_kit.delivery.actions import ACTIONS
from retention_kit.delivery.channels import CHANNEL_API_VERSION, Capabilities
from retention_kit.plugins.types import SOURCE_API_VERSION
from retention_kit.testing.conformance.cases import ChannelCase, SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceError
from retention_kit.testing.conformance.secrets import check_hidden, secrets_of

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NAMESPACED = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
_SECRET = re.compile(r"secret|token|password|api_key|webhook(_url)?$")


def check_the_spec_is_sound(case: SourceCase | ChannelCase) -> None:
    """Check names, the version of the interface and the settings model.

    Raises:
        ConformanceError: One is not what it may be.
    """
    spec = case.spec
    rule = "say of itself what the interface asks"
    version = SOURCE_API_VERSION if isinstance(case, SourceCase) else CHANNEL_API_VERSION
    if not _NAME.fullmatch(spec.name):
        raise ConformanceError(spec.name, rule, "its name is not small Latin letters, digits and _")
    if not spec.summary.strip() or "\n" in spec.summary:
        raise ConformanceError(spec.name, rule, "its summary is not one line of words")
    if spec.api_version != version:
        raise ConformanceError(
            spec.name, rule, f"it is written to version {spec.api_version}, not {version}"
        )
    if not issubclass(spec.settings, pydantic.BaseModel):
        raise ConformanceError(spec.name, rule, "its settings are no pydantic model")


def check_secrets_are_secret(case: SourceCase | ChannelCase) -> None:
    """Check that settings whose names speak of secrets are of pydantic's secret types.

    Raises:
        ConformanceError: One is not, or a repr shows one.
    """
    spec = case.spec
    rule = "keep secrets in pydantic.SecretStr"
    for name, one in spec.settings.model_fields.items():
        if _SECRET.search(name) and not _is_secret(one.annotation):
            kind = getattr(one.annotation, "__name__", str(one.annotation))
            if kind not in ("bool", "Path", "float", "int") and "Path" not in str(one.annotation):
                raise ConformanceError(spec.name, rule, f"the setting {name!r} is {kind}")
    checked = spec.settings.model_validate(dict(case.settings))
    hidden = (*secrets_of(spec.settings, case.settings), *getattr(case, "secrets", ()))
    with case.opened() as adapter:
        shown = {
            "the repr of the settings": repr(checked) + str(checked),
            "the repr of the adapter": repr(adapter) + str(adapter),
            "the JSON of the settings": checked.model_dump_json(),
        }
    check_hidden(spec.name, rule, hidden, shown)


def check_capabilities_agree(case: ChannelCase) -> None:
    """Check that what a channel declares agrees with itself and with its methods.

    Raises:
        ConformanceError: It does not.
    """
    rule = "declare what it has, and have what it declares"
    with case.opened() as channel:
        can = channel.capabilities
        for finding in _disagreements(can):
            raise ConformanceError(case.spec.name, rule, finding)
        for method in ("lookup", "receive"):
            has = callable(getattr(channel, method, None))
            if getattr(can, method) and not has:
                raise ConformanceError(
                    case.spec.name, rule, f"it declares {method!r} and has no such method"
                )
        if can.limits and channel.limiter is None:
            raise ConformanceError(
                case.spec.name, rule, "it declares limits and has no limiter that keeps them"
            )


def _disagreements(can: Capabilities) -> list[str]:
    found = []
    if not can.actions:
        found.append("it carries no action")
    unknown = sorted(
        one for one in can.actions if one not in ACTIONS and not _NAMESPACED.fullmatch(one)
    )
    if unknown:
        found.append(
            f"the actions {', '.join(unknown)} are neither the library's nor vendor.action"
        )
    if can.max_rows < 1 or can.parallel < 1:
        found.append("max_rows or parallel is below 1")
    if can.max_bytes is not None and can.max_bytes < 1:
        found.append("max_bytes is below 1")
    if can.idempotency_seconds is not None and can.idempotent != "batch":
        found.append("idempotency_seconds means something for batches alone")
    speaks = {"add_to_audience": "add", "remove_from_audience": "remove"}
    for kind, mode in speaks.items():
        if kind in can.actions and mode not in can.audience_modes:
            found.append(f"it carries {kind!r} without the audience mode {mode!r}")
    return found


def _is_secret(annotation: Any) -> bool:
    text = str(annotation)
    return annotation in (pydantic.SecretStr, pydantic.SecretBytes) or "Secret" in text


def _never(case: Any) -> str | None:
    del case
    return None


SPEC_CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "the_spec_is_sound",
        "say of itself what the interface asks",
        check_the_spec_is_sound,
        _never,
    ),
    Check(
        "secrets_are_secret",
        "keep secrets in pydantic.SecretStr, and out of every repr",
        check_secrets_are_secret,
        _never,
    ),
)
CAPABILITY_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check(
        "capabilities_agree",
        "declare what it has, and have what it declares",
        check_capabilities_agree,
        _never,
    ),
)
