"""Hypothesis profiles, a PostgreSQL server, and the functions that the law was proven for."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

IN_CI = bool(os.environ.get("CI"))
POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)

# No deadline and no complaint of slow drawing: nothing may fail because a machine is busy.
settings.register_profile(
    "modest",
    max_examples=40,
    deadline=None,
    derandomize=IN_CI,
    database=None if IN_CI else settings.default.database,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("thorough", parent=settings.get_profile("modest"), max_examples=1_000)
settings.register_profile("quick", parent=settings.get_profile("modest"), max_examples=8)
settings.register_profile("glance", parent=settings.get_profile("modest"), max_examples=3)
settings.load_profile("modest")


def pytest_terminal_summary(terminalreporter):
    proven = sorted(
        value
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "law"
    )
    if proven:
        terminalreporter.section(f"the law was proven for {len(proven)} functions")
        for line in proven:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def postgresql():
    """Start a server of PostgreSQL that listens on a socket in a folder of its own."""
    if POSTGRESQL is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs PostgreSQL. Next step: apt-get install postgresql.")
        pytest.skip("PostgreSQL is not installed in /usr/lib/postgresql")
    # The server refuses to be root; and the path of a socket must be short.
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    home = Path(tempfile.mkdtemp(prefix="pg"))
    if owner:
        import pwd

        user = pwd.getpwnam("postgres")
        os.chown(home, user.pw_uid, user.pw_gid)

    def run(name, *arguments):
        command = [POSTGRESQL.with_name(name), "-D", home / "data", *arguments]
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd=home, **owner, **nowhere)

    try:
        run("initdb", "-U", "shop", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        settings = f"-k {home} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "start", "-w", "-l", home / "log", "-o", settings)
        try:
            yield f"postgresql://shop@/postgres?host={home}"
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(home)
