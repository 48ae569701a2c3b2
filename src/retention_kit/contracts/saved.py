"""Small frozen models that a fit gives: kept as JSON, read by every later version of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pydantic

from retention_kit.contracts.misfits import cannot_be_made
from retention_kit.errors import DefinitionError

_FORMAT = "format"
_VERSION = "version"


class SavedModel(pydantic.BaseModel):
    """A model that is fitted once and applied later, elsewhere and to other customers.

    It is frozen, holds numbers and names but no data of customers, and is JSON in both directions;
    floats come back as the very same floats. A subclass names its format, and its version where
    that is no longer 1; `upgrade` then turns what an earlier version wrote into today's fields.
    Where another class holds the model, `SHOWN_AS` is that one's name, which messages then give;
    `AGAIN` is what they advise where the JSON cannot be used.

    Examples:
        >>> class Line(SavedModel):
        ...     FORMAT = "example.line"
        ...     slope: float
        >>> Line.from_json(Line(slope=0.1).to_json())
        Line(slope=0.1)
    """

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )

    FORMAT: ClassVar[str]
    VERSION: ClassVar[int] = 1
    SHOWN_AS: ClassVar[str] = ""
    AGAIN: ClassVar[str] = "fit and save the model again"

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except pydantic.ValidationError as problem:
            raise cannot_be_made(_name_of(type(self)), type(self), problem) from None

    def to_json(self, *, indent: int | None = 2) -> str:
        """Give the model as JSON text, with its format and version."""
        fields = self.model_dump(mode="json")
        whole = {_FORMAT: self.FORMAT, _VERSION: self.VERSION, **fields}
        return json.dumps(whole, indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a model that `to_json` wrote, in this version of the library or an earlier one.

        Raises:
            DefinitionError: The text is no JSON object, or that of another model; or a later
                version wrote it; or a field is missing, unknown, or not what it may be.
        """
        return cls(**cls.upgrade(*_opened(cls, text)))

    @classmethod
    def upgrade(cls, fields: dict[str, Any], version: int) -> dict[str, Any]:  # noqa: ARG003
        """Turn the fields that an earlier version wrote into those of today.

        Args:
            fields: The fields as they were read.
            version: The version that wrote them, from 1 to `VERSION`.
        """
        return fields

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Give the JSON Schema of what `to_json` writes."""
        schema = cls.model_json_schema(mode="serialization")
        own = {_FORMAT: {"const": cls.FORMAT}, _VERSION: {"const": cls.VERSION}}
        return {
            **schema,
            "properties": {**own, **schema.get("properties", {})},
            "required": [*own, *schema.get("required", ())],
        }


def _opened(model: type[SavedModel], text: str | bytes) -> tuple[dict[str, Any], int]:
    """Read JSON and check the format and the version that stand in it."""
    name = _name_of(model)
    try:
        read = json.loads(text)
    except (ValueError, TypeError, RecursionError) as problem:
        raise DefinitionError(
            f"This is no JSON: {problem}. Allowed: what {name}.to_json() writes. Next step: read "
            "the whole file and pass its text."
        ) from None
    if not isinstance(read, Mapping) or read.get(_FORMAT) != model.FORMAT:
        got = read.get(_FORMAT, "without a format") if isinstance(read, Mapping) else "no object"
        raise DefinitionError(
            f"{name}.from_json got JSON of {got!r}. Allowed: {model.FORMAT!r}. Next step: read it "
            "with the class that wrote it.",
            parameter=_FORMAT,
        )
    version = read.get(_VERSION)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DefinitionError(
            f"The version in the JSON of {name} is {version!r}. Allowed: a whole number from 1 to "
            f"{model.VERSION}. Next step: {model.AGAIN}.",
            parameter=_VERSION,
        )
    if version > model.VERSION:
        raise DefinitionError(
            f"The JSON of {name} is of version {version}, and this library reads versions 1 to "
            f"{model.VERSION}. Next step: upgrade retention_kit, or {model.AGAIN}.",
            parameter=_VERSION,
        )
    fields = {key: value for key, value in read.items() if key not in (_FORMAT, _VERSION)}
    return fields, version


def _name_of(model: type[SavedModel]) -> str:
    """Give the name by which a person knows the model."""
    return model.SHOWN_AS or model.__name__
