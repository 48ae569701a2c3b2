"""The page for authors shows the files of a sample that is installed and tested."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SAMPLE = TESTS / "plugins" / "samples" / "teahouse"
PAGE = TESTS.parent / "docs" / "publish_an_adapter.md"
BLOCK = re.compile(r'^```\w+ title="([^"\n]+\.\w+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHOWN = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_on_the_page_is_the_file_of_the_sample(name):
    assert SHOWN[name] == (SAMPLE / name).read_text(encoding="utf-8")


def test_every_file_of_the_sample_is_on_the_page():
    there = [*SAMPLE.glob("src/*/*.py"), *SAMPLE.glob("tests/*.py"), SAMPLE / "pyproject.toml"]
    assert set(SHOWN) == {str(one.relative_to(SAMPLE)) for one in there}


def test_the_sample_and_the_template_ask_for_the_same_library():
    template = files("retention_kit.plugins") / "template" / "pyproject.toml.tmpl"
    read = [
        tomllib.loads(one.read_text("utf-8").replace("$", ""))
        for one in (template, SAMPLE / "pyproject.toml")
    ]
    asked, shown = (one["project"] for one in read)
    assert shown["optional-dependencies"] == asked["optional-dependencies"]
    bounds = [one["dependencies"][0].partition("]")[2] for one in (asked, shown)]
    assert bounds[0] == bounds[1]
    assert re.fullmatch(r">=[\d.]+", bounds[0])


def test_the_page_links_to_what_a_plugin_can_rely_on():
    assert "(plugins_compatibility.md)" in PAGE.read_text(encoding="utf-8")
