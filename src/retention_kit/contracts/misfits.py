"""What is wrong with the fields of a definition, said in one shape: what came, what may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pydantic

from retention_kit.errors import DefinitionError, nearest_names

_LONGEST = 60
_NO_MODEL = ("model_type", "model_attributes_type")


def cannot_be_made(
    name: str, model: type[pydantic.BaseModel], problem: pydantic.ValidationError
) -> DefinitionError:
    """Make the error for fields that are not what they may be.

    What stands in a field is shown only where it should have been one of a few words.

    Args:
        name: The name by which a person knows the model.
        model: The model.
        problem: What pydantic has found.
    """
    errors = problem.errors(include_url=False)
    first = errors[0]["loc"]
    return DefinitionError(
        f"{name} cannot be made: {'; '.join(_said(one, model) for one in errors)}. Next step: "
        "mend the fields.",
        parameter=str(first[0]) if first else None,
    )


def _said(one: Mapping[str, Any], model: type[pydantic.BaseModel]) -> str:
    place = one["loc"]
    where = ".".join(map(str, place)) or "the whole"
    if one["type"] == "extra_forbidden" and len(place) == 1:
        return f"{where}: Extra field. {_offer(str(place[0]), model)}"
    if one["type"] in _NO_MODEL and len(place) == 1:
        names = ", ".join(_models(model.model_fields[str(place[0])].annotation))
        return f"{where}: it is a {type(one['input']).__name__}. Allowed: {names}"
    if one["type"] == "literal_error":
        return f"{where}: {_got(one['input'])}. Allowed: {one['ctx']['expected']}"
    return f"{where}: {one['msg']}"


def _offer(wrong: str, model: type[pydantic.BaseModel]) -> str:
    """Give the fields that there are, and those whose names come nearest."""
    # The type tells in JSON which is which; nobody writes it by hand.
    known = [name for name in model.model_fields if name != "type"]
    if not known:
        return "It has none"
    near = nearest_names(wrong, known)
    hint = f" (nearest: {', '.join(map(repr, near))})" if near else ""
    return f"Allowed: {', '.join(known)}{hint}"


def _models(annotation: Any) -> list[str]:
    """Give the names of the models that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return [annotation.__name__]
    return [name for inner in get_args(annotation) for name in _models(inner)]


def _got(value: object) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST:
        return f"it is {value!r}"
    return f"it is a {type(value).__name__}"
