import ast
import json
import os
import runpy
import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest

from retention_kit.errors import DefinitionError
from retention_kit.plugins import Registry, write_plugin

nightly = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "nightly", reason="a session of its own runs it"
)


@pytest.fixture
def project(tmp_path):
    return tmp_path, write_plugin("acme_crm", tmp_path / "new")


def test_a_project_has_an_entry_point_that_is_its_module(project):
    root = project[0] / "new"
    read = tomllib.loads((root / "pyproject.toml").read_text())
    assert read["project"]["name"] == "retention-kit-acme-crm"
    points = read["project"]["entry-points"]["retention_kit"]
    assert points == {"acme_crm": "retention_kit_acme_crm.plugin"}
    assert (root / "src/retention_kit_acme_crm/py.typed").is_file()
    assert (root / ".gitignore").is_file()


def test_everything_of_the_template_is_written_and_filled(project):
    _, written = project
    template = files("retention_kit.plugins") / "template"
    there = [path for path in template.rglob("*") if path.is_file()]
    assert all(path.name.endswith(".tmpl") for path in there)
    assert len(written) == len(there)
    for path in written:
        text = path.read_text()
        assert "$" not in text
        assert "__package__" not in str(path)
        if path.suffix == ".py":
            ast.parse(text)


def test_its_plugin_is_found_without_failures(project, monkeypatch):
    monkeypatch.syspath_prepend(str(project[0] / "new" / "src"))
    from importlib import import_module

    known = Registry.of(import_module("retention_kit_acme_crm.plugin"), strict=True)
    assert list(known.sources) == list(known.channels) == ["acme_crm"]
    for name in [name for name in sys.modules if name.startswith("retention_kit_acme_crm")]:
        del sys.modules[name]


def run_the_tests_of(root, *words):
    """Run the tests of a project in a session of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", *words, "tests"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@nightly
def test_its_own_tests_pass(project):
    done = run_the_tests_of(project[0] / "new")
    assert done.returncode == 0, done.stdout + done.stderr


BREAKS = {
    "every_row_is_given": ("source.py", "yield _frame(page)", "yield _frame(page)\n{:16}return"),
    "a_bad_row_stands_alone": ("channel.py", '["refused"]', '.get("refuse", [])'),
    "limits_are_kept": ("client.py", "limiter=limiter,", "limiter=None,"),
    "faults_neither_double_nor_lose": (
        "channel.py",
        "answer = self._client.write(",
        "self._client._attempts = 1\n{:8}answer = self._silent(",
    ),
}
SILENT = """

    def _silent(self, *words, **named):
        try:
            return self._client.write(*words, **named)
        except Exception:
            return type("Nothing", (), {"json": lambda _: {"refused": []}})()
"""


@nightly
@pytest.mark.parametrize("check", BREAKS)
def test_its_own_tests_fail_when_the_adapter_is_broken(project, check):
    root = project[0] / "new"
    name, good, broken = BREAKS[check]
    path = root / "src" / "retention_kit_acme_crm" / name
    text = path.read_text()
    assert text.count(good) == 1
    path.write_text(text.replace(good, broken.format("")) + SILENT * ("_silent" in broken))
    done = run_the_tests_of(root, "-k", check)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"[{check}]" in done.stdout


def test_its_tests_have_an_outside_that_refuses_limits_and_has_several_pages(project, monkeypatch):
    root = project[0] / "new"
    monkeypatch.syspath_prepend(str(root / "src"))
    here = runpy.run_path(str(root / "tests" / "conftest.py"))
    with here["Outside"]() as outside:
        pages = len(outside.orders) / outside.settings["page_rows"]
        refused = outside.take([{"external_id": "1", "email": "a@blocked.example"}])
    assert pages >= 4
    assert json.loads(refused.body) == {"refused": [{"external_id": "1", "code": "blocked"}]}
    case = (root / "tests" / "test_conformance.py").read_text()
    assert case.count("emulator=outside") == 2
    for what in ("rows=", "since=", "bad_action=", "wrong_settings="):
        assert what in case


@pytest.mark.parametrize("name", ["", "Acme", "my-crm", "7crm", "a b", "crm_", "../crm"])
def test_a_name_must_be_one_word(name, tmp_path):
    with pytest.raises(DefinitionError, match="one word"):
        write_plugin(name, tmp_path / "new")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(DefinitionError, match="empty folder"):
        write_plugin("acme", tmp_path)
    with pytest.raises(DefinitionError, match="empty folder"):
        write_plugin("acme", tmp_path / "letters.txt")
    assert [one.name for one in tmp_path.iterdir()] == ["letters.txt"]
