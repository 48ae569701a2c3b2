"""Checks of sources and channels alike: what a plugin says, its settings, its name, its end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pydantic

from retention_kit.plugins.configured import settings_for, variable_prefix
from retention_kit.plugins.spec_checks import wrong_with
from retention_kit.testing.conformance.cases import ChannelCase, SourceCase
from retention_kit.testing.conformance.findings import Check, ConformanceError, always
from retention_kit.testing.conformance.secrets import check_hidden, plain_secrets, secrets_of

Case = SourceCase | ChannelCase
_INSTANCE: Final = "second"


def check_the_spec_is_sound(case: Case) -> None:
    """Check names, the version of the interface and the settings model.

    Raises:
        ConformanceError: One is not what it may be.
    """
    kind = "sources" if isinstance(case, SourceCase) else "channels"
    wrong = wrong_with(f"retention_kit_{kind}", case.spec)
    # What is said of secrets belongs to the check of secrets.
    if wrong is not None and "SecretStr" not in wrong:
        rule = "say of itself what the interface asks"
        raise ConformanceError(case.spec.name, rule, wrong.partition(" Next step:")[0])


def check_secrets_are_secret(case: Case) -> None:
    """Check that settings whose names speak of secrets are of pydantic's secret types.

    Raises:
        ConformanceError: One is not, or a repr shows one.
    """
    spec = case.spec
    rule = "keep secrets in pydantic.SecretStr"
    plain = plain_secrets(spec.settings)
    if plain:
        raise ConformanceError(
            spec.name, rule, f"these settings are plain text: {', '.join(plain)}"
        )
    checked = spec.settings.model_validate(dict(case.settings))
    hidden = (*secrets_of(spec.settings, case.settings), *getattr(case, "secrets", ()))
    with case.opened() as adapter:
        shown = {
            "the repr of the settings": repr(checked) + str(checked),
            "the repr of the adapter": repr(adapter) + str(adapter),
            "the JSON of the settings": checked.model_dump_json(),
        }
    check_hidden(spec.name, rule, hidden, shown)


def check_settings_come_from_variables(case: Case) -> None:
    """Check that its settings can be given as variables of the environment, each as a text.

    Raises:
        ConformanceError: They cannot, or become others on the way.
    """
    rule = "take its settings from variables of the environment"
    given = case.spec.settings.model_validate(dict(case.settings))
    prefix = variable_prefix(case.spec.name, _INSTANCE)
    variables = {prefix + name.upper(): _written(one) for name, one in case.settings.items()}
    with _environment(variables):
        try:
            read = settings_for(case.spec, _INSTANCE)
        except Exception as error:
            raise ConformanceError(
                case.spec.name, rule, f"reading them raised {type(error).__name__}"
            ) from None
    other = [name for name in given.model_fields_set if getattr(read, name) != getattr(given, name)]
    if other:
        raise ConformanceError(
            case.spec.name, rule, f"these became others: {', '.join(sorted(other))}"
        )


def check_it_bears_the_name_it_is_given(case: Case) -> None:
    """Check that its name is its instance's, by which journals and logs tell several apart.

    Raises:
        ConformanceError: It is not.
    """
    rule = "bear the name of its instance"
    name = f"{case.spec.name}.{_INSTANCE}"
    with case.opened(instance=name) as adapter:
        if adapter.name != name:
            raise ConformanceError(
                case.spec.name, rule, f"the instance {name!r} is named {adapter.name!r}"
            )


def check_closing_again_is_harmless(case: Case) -> None:
    """Check that it can be closed twice, used or not.

    Raises:
        ConformanceError: It cannot.
    """
    rule = "let itself be closed twice"
    with case.opened() as adapter:
        try:
            adapter.close()
            adapter.close()
        except Exception as error:
            raise ConformanceError(
                case.spec.name, rule, f"close raised {type(error).__name__}"
            ) from None


def _written(value: Any) -> str:
    if isinstance(value, pydantic.SecretStr | pydantic.SecretBytes):
        value = value.get_secret_value()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if isinstance(value, set | frozenset | tuple):
        value = list(value)
    return json.dumps(value)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _unwritable(case: Case) -> str | None:
    for name, value in case.settings.items():
        try:
            _written(value)
        except (TypeError, ValueError):
            return f"the case's setting {name!r} is nothing that a variable holds"
    return None


SPEC_CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "the_spec_is_sound",
        "say of itself what the interface asks",
        check_the_spec_is_sound,
        always,
    ),
    Check(
        "secrets_are_secret",
        "keep secrets in pydantic.SecretStr, and out of every repr",
        check_secrets_are_secret,
        always,
    ),
    Check(
        "settings_come_from_variables",
        "take its settings from variables of the environment",
        check_settings_come_from_variables,
        _unwritable,
    ),
    Check(
        "it_bears_the_name_it_is_given",
        "bear the name of its instance",
        check_it_bears_the_name_it_is_given,
        always,
    ),
    Check(
        "closing_again_is_harmless",
        "let itself be closed twice",
        check_closing_again_is_harmless,
        always,
    ),
)
