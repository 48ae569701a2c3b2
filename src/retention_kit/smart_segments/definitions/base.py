"""What every condition is, and how conditions are joined: all of them, any of them, not one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import pydantic

from retention_kit._lazy import late
from retention_kit.contracts.misfits import cannot_be_made
from retention_kit.errors import DefinitionError, bad_parameter, nearest_names

if TYPE_CHECKING:
    AnyCondition: TypeAlias = "Condition"  # union.py names them all, for pydantic

_SPEAKING = "retention_kit.smart_segments.sentences.speaking"
Language = Literal["en", "ru"]
DEEPEST = 60
"""How many conditions may stand inside each other."""


@runtime_checkable
class GivesCondition(Protocol):
    """What stands for a condition: a condition itself, or what the fluent builder gives."""

    def as_condition(self) -> Condition:
        """Give the condition."""


def _require_type(schema: dict[str, Any]) -> None:
    """Say in a schema that the type is always written, since it tells which is which."""
    required = schema.setdefault("required", [])
    if "type" in schema.get("properties", {}) and "type" not in required:
        required.insert(0, "type")
    if not required:
        del schema["required"]


class Part(pydantic.BaseModel):
    """A frozen piece of a definition, which says in one shape what is wrong with it."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        protected_namespaces=(),
        # Defaults are part of the meaning, and a later version may have others.
        validate_default=True,
        json_schema_extra=_require_type,
    )

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except pydantic.ValidationError as problem:
            raise cannot_be_made(type(self).__name__, type(self), problem) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise DefinitionError(
            f"{type(self).__name__} is frozen. Next step: make another with "
            f"{type(self).__name__}(…) or .with_fields({name}=…).",
            parameter=name,
        )

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name != "type" and (field.is_required() or value != field.get_default()):
                yield name, value

    def __str__(self) -> str:
        return repr(self)

    def with_fields(self, **fields: Any) -> Any:
        """Give the same with other values in some fields, checked again."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**own, **fields})


def taken(value: object) -> object:
    """Give the condition that a builder stands for, and leave anything else as it is.

    Raises:
        DefinitionError: It becomes a condition only when it is compared, or is a part of one.
    """
    if isinstance(value, dict):
        _check_written(value)
        return value
    if isinstance(value, Condition):
        return value
    if isinstance(value, Part):
        raise bad_parameter(
            "condition",
            got=type(value).__name__,
            allowed="a condition",
            step="a comparison of rows stands inside one: bought(column('amount') >= 1000); one "
            "of the customer is attribute('city') == 'Omsk'.",
        )
    # A column or a figure of the fluent builder, which are made above this module.
    not_yet = getattr(value, "not_yet", None)
    if callable(not_yet):
        raise not_yet()
    return value.as_condition() if isinstance(value, GivesCondition) else value


def _check_written(value: dict[str, Any]) -> None:
    """Raise where a condition written as plain data has no type that there is, or is too deep.

    Raises:
        DefinitionError: It has not, or is.
    """
    known = sorted(kind.TYPE for kind in _kinds(Condition) if kind.TYPE)
    if value.get("type") not in known:
        near = nearest_names(str(value.get("type", "")), known)
        raise bad_parameter(
            "type",
            got=value.get("type"),
            allowed=", ".join(known),
            step=f"nearest: {', '.join(near)}." if near else "",
        )
    level: list[Any] = [value]
    for _ in range(4 * DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list | tuple)
        ]
        if not level:
            return
    raise DefinitionError(
        f"The condition is nested deeper than {DEEPEST} conditions. Next step: put what is joined "
        "in one list."
    )


def _kinds(kind: type[Condition]) -> Iterator[type[Condition]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _taken_all(value: object) -> object:
    return tuple(taken(one) for one in value) if isinstance(value, list | tuple) else value


class Joins:
    """`&`, `|` and `~` on whatever stands for a condition."""

    def as_condition(self) -> Condition:
        """Give the condition that this stands for."""
        raise TypeError(f"{type(self).__name__} stands for no condition.")

    def __and__(self, other: GivesCondition) -> All:
        return All(conditions=(*_arms(self, All), *_arms(other, All)))

    def __or__(self, other: GivesCondition) -> AnyOf:
        return AnyOf(conditions=(*_arms(self, AnyOf), *_arms(other, AnyOf)))

    def __invert__(self) -> Not:
        return Not(condition=self.as_condition())

    def __bool__(self) -> bool:
        raise DefinitionError(
            "A condition is neither true nor false by itself. Allowed: &, | and ~ where Python "
            "has 'and', 'or' and 'not'; and each comparison in brackets."
        )


class Condition(Joins, Part):
    """One condition on a customer: true, false or unknown at an instant.

    Conditions are data. They are joined with `&`, `|` and `~`, compare equal when they say the
    same, and are JSON in both directions inside a `Segment`.
    """

    TYPE: ClassVar[str] = ""

    def as_condition(self) -> Condition:
        """Give the condition itself."""
        return self

    def sentence(self, language: Language = "en") -> str:
        """Say the condition in words; see `Segment.sentence`."""
        said: str = late(_SPEAKING, "sentence_of")(self, language)
        return said

    @property
    def children(self) -> tuple[Condition, ...]:
        """The conditions inside it."""
        return ()

    @functools.cached_property
    def depth(self) -> int:
        """How many conditions stand inside each other, this one included."""
        return 1 + max((child.depth for child in self.children), default=0)


class All(Condition):
    """All of the conditions hold.

    False as soon as one is false, else unknown as soon as one is unknown, else true (Kleene's
    three-valued logic).

    Attributes:
        conditions: At least one.
    """

    TYPE: ClassVar[str] = "all"

    if TYPE_CHECKING:

        def __init__(self, *, conditions: Iterable[GivesCondition]) -> None: ...

    type: Literal["all"] = "all"
    conditions: tuple[AnyCondition, ...] = pydantic.Field(min_length=1)

    _taken = pydantic.field_validator("conditions", mode="before")(_taken_all)

    @pydantic.model_validator(mode="after")
    def _is_not_too_deep(self) -> All:
        check_depth(self)
        return self

    @property
    def children(self) -> tuple[Condition, ...]:
        """The conditions joined."""
        return tuple(self.conditions)


class AnyOf(Condition):
    """At least one of the conditions holds.

    True as soon as one is true, else unknown as soon as one is unknown, else false.

    Attributes:
        conditions: At least one.
    """

    TYPE: ClassVar[str] = "any"

    if TYPE_CHECKING:

        def __init__(self, *, conditions: Iterable[GivesCondition]) -> None: ...

    type: Literal["any"] = "any"
    conditions: tuple[AnyCondition, ...] = pydantic.Field(min_length=1)

    _taken = pydantic.field_validator("conditions", mode="before")(_taken_all)

    @pydantic.model_validator(mode="after")
    def _is_not_too_deep(self) -> AnyOf:
        check_depth(self)
        return self

    @property
    def children(self) -> tuple[Condition, ...]:
        """The conditions joined."""
        return tuple(self.conditions)


class Not(Condition):
    """The condition does not hold; unknown stays unknown.

    Attributes:
        condition: What must be false.
    """

    TYPE: ClassVar[str] = "not"

    if TYPE_CHECKING:

        def __init__(self, *, condition: GivesCondition) -> None: ...

    type: Literal["not"] = "not"
    condition: AnyCondition

    _taken = pydantic.field_validator("condition", mode="before")(taken)

    @pydantic.model_validator(mode="after")
    def _is_not_too_deep(self) -> Not:
        check_depth(self)
        return self

    @property
    def children(self) -> tuple[Condition, ...]:
        """The condition that must be false."""
        return (self.condition,)

    def __invert__(self) -> Condition:  # type: ignore[override]
        return self.condition


def check_depth(condition: Condition) -> None:
    """Raise where conditions stand too deep inside each other.

    Raises:
        DefinitionError: They do.
    """
    if condition.depth > DEEPEST:
        raise DefinitionError(
            f"The condition is {condition.depth} levels deep. Allowed: {DEEPEST}. Next step: put "
            "what is joined in one list, or make a segment of a part and ask for its members."
        )


def _arms(given: object, kind: type[All] | type[AnyOf]) -> tuple[Condition, ...]:
    """Give what is joined: the arms of the same kind, so that `a & b & c` is one list of three."""
    if not isinstance(given, GivesCondition):
        raise bad_parameter(
            "condition",
            got=type(given).__name__,
            allowed="conditions, joined with &, | and ~",
            step="put comparisons in brackets: (attribute('city') == 'Omsk') & bought().",
        )
    condition = given.as_condition()
    return condition.children if isinstance(condition, kind) else (condition,)
