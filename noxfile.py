"""The checks. Each session makes its own environment, so that what passes here passes elsewhere."""

import shutil
import tempfile
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = [
    "lint",
    "typing",
    "tests_lowest",
    "doctest",
    "docs",
    "wheel",
    "plugins",
    "spark",
]

ROOT = Path(__file__).parent
WHEEL_LIMIT = 5_000_000
PARALLEL = ("-n", "auto", "--maxprocesses", "4")
BY_FILE = (*PARALLEL, "--dist", "loadfile")
"""A file stays in one process: what its tests share is made once, and the examples of a page
follow on one another."""
PAGES = (*BY_FILE, "--hypothesis-profile=ci")
"""With which no example fails because a machine is busy."""
EXAMPLES = ("src", "docs", "README.md", "README.ru.md", "--ignore=docs/examples")
QUICK = (*BY_FILE, "--hypothesis-profile=quick", "-m", "not spark")
AGAIN = (*BY_FILE, "--hypothesis-profile=glance", "-m", "not once and not spark")
"""For the second run of the same tests: fewer generated examples, and not what hangs on no version
of a dependency. `tests` draws more."""
NIGHTLY = (
    "tests/smart_segments/test_proof.py",
    "tests/loyalty_rules/test_proof.py",
    "tests/delivery",
    "tests/adapters",
)
"""Tests that draw thousands of cases, or kill hundreds of times, where the profile is nightly."""
BESIDE_TESTS = ("README.md", "README.ru.md", "CHANGELOG.md", "pyproject.toml", "docs")
"""What tests may read besides themselves."""


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format, the direction of imports and spelling."""
    session.install("--no-deps", "-e", ".")
    session.install("--group", "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-logo")
    session.run("codespell")


@nox.session
def typing(session: nox.Session) -> None:
    """Types, from inside by mypy and from outside by mypy and pyright."""
    session.install("-e", ".[app,testing]", "--group", "typing")
    session.run("mypy", "--strict")
    session.run("mypy", "--strict", "tests/typing")
    sample = str(ROOT / "tests" / "plugins" / "samples" / "teahouse" / "src")
    session.run("mypy", "--strict", "-p", "retention_kit_teahouse", env={"MYPYPATH": sample})
    session.run("pyright")


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    """The tests, of the sources; `wheel` runs them on what is shipped. Arguments go to pytest."""
    session.install("-e", ".[app,testing]", "--group", "test")
    _keep_bytecode(session)
    session.run("pytest", *(session.posargs or (*BY_FILE, "-m", "not spark")))


@nox.session
def tests_lowest(session: nox.Session) -> None:
    """The tests, against the oldest direct dependencies that are allowed."""
    session.install("--resolution", "lowest-direct", "-e", ".[app,testing]", "--group", "test")
    _keep_bytecode(session)
    session.run("pytest", *(session.posargs or AGAIN))


@nox.session
def doctest(session: nox.Session) -> None:
    """Every example: in docstrings, in the documentation and in both READMEs."""
    session.install("-e", ".[app,testing]", "--group", "test")
    _keep_bytecode(session)
    session.run("pytest", *PAGES, "--doctest-modules", *EXAMPLES)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, where a broken link is an error."""
    session.install("-e", ".", "--group", "docs")
    site = Path(session.create_tmp(), "site")
    # mkdocs-material prints a notice about its successor on every build unless told not to.
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    session.run("mkdocs", "build", "--strict", "--site-dir", str(site), env=quiet)


@nox.session
def wheel(session: nox.Session) -> None:
    """What is shipped: the wheel's contents, and the tests of it, with the newest dependencies."""
    work = Path(session.create_tmp()).resolve()
    shutil.rmtree(work)
    session.run_install("uv", "build", "--quiet", "--wheel", "--out-dir", str(work / "dist"))
    (built,) = (work / "dist").glob("*.whl")
    _check_wheel(session, built)

    session.install(str(built))
    session.chdir(work)
    session.run("python", "-c", "from retention_kit import *")

    checkout = work / "checkout"
    shutil.copytree(
        ROOT / "tests", checkout / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in BESIDE_TESTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, checkout / name)
    session.chdir(checkout)
    session.install(f"retention-kit[app,testing] @ {built.as_uri()}", "--group", "test")
    _keep_bytecode(session)
    session.run("pytest", *(session.posargs or QUICK))


@nox.session
def plugins(session: nox.Session) -> None:
    """Plugins that others might publish, installed as they would be: good ones, a hostile one."""
    session.install("-e", ".[cli,delivery,loyalty,profiles,testing]")
    _keep_bytecode(session)
    # Away from this project's own settings and conftest.py, as an author's project is.
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        shutil.copytree(ROOT / "tests" / "plugins" / "samples", "samples")
        session.install("./samples/teahouse", "./samples/hostile")
        session.run("python", "-m", "retention_kit", "plugins")
        session.run("python", "-m", "retention_kit", "plugins", "show", "teahouse")
        session.run("python", "-m", "retention_kit", "plugins", "new", "coffee_house")
        session.install("./retention-kit-coffee-house")
        for tests in ("retention-kit-coffee-house", "samples"):
            session.run("pytest", "-q", "-p", "no:cacheprovider", tests)


@nox.session
def spark(session: nox.Session) -> None:
    """Every function on a small Spark cluster of two workers, which needs Java."""
    session.install("-e", ".[app,loyalty,spark,testing]", "--group", "test")
    _keep_bytecode(session)
    session.run("pytest", "--hypothesis-profile=quick", "tests/spark", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """The benchmarks; not a test. Arguments go to the runner, which makes room for peers."""
    session.install("-e", ".[app,loyalty]", "--group", "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(default=False)
def nightly(session: nox.Session) -> None:
    """The longer proofs, those of the benchmarks' runner, and a look at speed, which fails nothing.

    Engines that disagree do fail. Arguments go to the proofs.
    """
    extras = ".[app,loyalty,spark,testing]"
    session.install("-e", extras, "--group", "test", "--group", "bench")
    _keep_bytecode(session)
    proofs = session.posargs or NIGHTLY
    longer = {"HYPOTHESIS_PROFILE": "nightly"}
    session.run("pytest", *PARALLEL, *proofs, env=longer)
    if not session.posargs:
        session.run("pytest", "tests/spark", env=longer)
    session.run("python", "-m", "pytest", "benchmarks/tests")
    session.run("python", "-m", "benchmarks", "--smoke")


def _keep_bytecode(session: nox.Session) -> None:
    """Compile each module once, not in each of the many processes that tests start."""
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.env["PYTHONPYCACHEPREFIX"] = str(ROOT / session.virtualenv.location / "bytecode")


def _check_wheel(session: nox.Session, built: Path) -> None:
    size = built.stat().st_size
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
    data = "retention_kit/datasets/data/"
    report = "retention_kit/audit/report/"
    wanted = ("py.typed", "audit/report/languages/en.toml", "audit/report/languages/ru.toml")
    if size >= WHEEL_LIMIT:
        session.error(f"{built.name} has {size:,} bytes. Allowed: below {WHEEL_LIMIT:,}.")
    for name in wanted:
        if f"retention_kit/{name}" not in names:
            session.error(f"{built.name} lacks retention_kit/{name}.")
    templates = {one.name for one in (ROOT / "src" / report / "templates").iterdir()}
    if missing := templates - {Path(name).name for name in names if report in name}:
        session.error(f"{built.name} lacks the templates {', '.join(sorted(missing))}.")
    if not any(name.startswith(data) and name.endswith(".parquet") for name in names):
        session.error(f"{built.name} has no Parquet file in {data}.")
    session.log(f"{built.name}: {size:,} bytes, {len(names)} files")
