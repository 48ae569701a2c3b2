"""Small models as JSON: they come back the same, and what cannot be read says why."""

from __future__ import annotations

import json
from typing import ClassVar

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.contracts import SavedModel
from retention_kit.errors import DefinitionError


class Line(SavedModel):
    FORMAT: ClassVar[str] = "example.line"
    VERSION: ClassVar[int] = 2
    slope: float
    unit: str = "1d"

    @classmethod
    def upgrade(cls, fields, version):
        return {"slope": fields["steepness"]} if version == 1 else fields


class Other(SavedModel):
    FORMAT: ClassVar[str] = "example.other"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_as_the_very_same(slope):
    assert Line.from_json(Line(slope=slope).to_json()).slope == slope


def test_what_an_earlier_version_wrote_is_upgraded():
    old = json.dumps({"format": "example.line", "version": 1, "steepness": 2.5})
    assert Line.from_json(old) == Line(slope=2.5)


def test_the_json_keeps_its_own_schema():
    jsonschema.validate(json.loads(Line(slope=1.0).to_json()), Line.json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"slope": 1.0}, Line.json_schema())


def test_a_model_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Line(slope=1.0).slope = 2.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[" * 200_000, "no JSON"),
        ('{"format": "example.line", "version": 2, "slope": 1, "self": 1}', "self: Extra"),
        ('{"format": "example.line", "version": 2, "slope": 1, "": 1}', "Extra"),
        ("[1]", "no object"),
        (Other().to_json(), r"'example\.other'.*Allowed: 'example\.line'"),
        ('{"format": "example.line", "slope": 1}', "version.*None.*from 1 to 2"),
        ('{"format": "example.line", "version": true}', "version.*True"),
        ('{"format": "example.line", "version": 3}', "version 3.*versions 1 to 2.*upgrade"),
        ('{"format": "example.line", "version": 2}', "slope: Field required"),
        ('{"format": "example.line", "version": 2, "slope": 1, "bend": 2}', "bend: Extra"),
        ('{"format": "example.line", "version": 2, "slope": NaN}', "slope.*finite"),
    ],
)
def test_what_cannot_be_read_says_what_and_what_to_do(text, says):
    with pytest.raises(DefinitionError, match=says) as caught:
        Line.from_json(text)
    assert "Next step:" in str(caught.value)


def test_a_message_does_not_show_what_stands_in_the_file():
    with pytest.raises(DefinitionError) as caught:
        Line(slope="secret")
    assert "secret" not in str(caught.value)


class Held(SavedModel):
    FORMAT: ClassVar[str] = "example.held"
    SHOWN_AS: ClassVar[str] = "Holder"
    slope: float


@pytest.mark.parametrize(
    "text",
    ["{", "{}", '{"format": "example.held"}', '{"format": "example.held", "version": 1}'],
)
def test_a_model_is_named_as_the_class_that_holds_it(text):
    with pytest.raises(DefinitionError, match="Holder") as caught:
        Held.from_json(text)
    assert "Held" not in str(caught.value)


def test_a_model_that_was_never_fitted_is_not_to_be_fitted_again():
    with pytest.raises(DefinitionError, match=r"Next step: mend the fields\.$"):
        Line(slope="steep")
