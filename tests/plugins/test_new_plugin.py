import ast
import os
import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest

from retention_kit.errors import DefinitionError
from retention_kit.plugins import Registry, write_plugin


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


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "nightly", reason="a session of its own runs it"
)
def test_its_own_tests_pass(project):
    root = project[0] / "new"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


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
