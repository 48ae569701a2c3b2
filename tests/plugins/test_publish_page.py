"""The page for authors shows the files of a sample that is installed and tested."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SAMPLE = TESTS / "plugins" / "samples" / "teahouse"
PAGE = TESTS.parent / "docs" / "publish_an_adapter.md"
BLOCK = re.compile(r'^```\w+ title="([^"\n]+\.\w+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHOWN = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
BESIDE = {"__init__.py", "condition.py", "earning_rule.py"}


@pytest.mark.parametrize("name", SHOWN)
def test_a_file_on_the_page_is_the_file_of_the_sample(name):
    assert SHOWN[name] == (SAMPLE / name).read_text(encoding="utf-8")


def test_every_file_that_an_adapter_needs_is_on_the_page():
    files = [*SAMPLE.glob("src/*/*.py"), *SAMPLE.glob("tests/*.py"), SAMPLE / "pyproject.toml"]
    wanted = {str(one.relative_to(SAMPLE)) for one in files if one.name not in BESIDE}
    assert set(SHOWN) == wanted


def test_the_page_links_to_what_a_plugin_can_rely_on():
    assert "(plugins_compatibility.md)" in PAGE.read_text(encoding="utf-8")
