"""A small cluster of Spark: a driver and two workers in processes of their own."""

import importlib
import importlib.util
import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest

import retention_kit

CORES = 2
PANDAS = "PySpark does not yet fully support pandas"
WITHOUT = "RETENTION_KIT_WITHOUT_SPARK"
"""Set where Spark's tests may be skipped."""


def pytest_configure(config):
    config.addinivalue_line("markers", "spark: needs pyspark and Java; starts a small cluster")


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(home and Path(home, "bin", "java").exists()) or shutil.which("java") is not None


def _needed() -> str:
    """Say what is missing, and what brings it."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed. Next step: pip install 'retention-kit[spark]'."
    return (
        "" if _java() else "Java is not there. Next step: apt-get install openjdk-17-jre-headless."
    )


def _check():
    missing = _needed()
    if missing and os.environ.get(WITHOUT):
        pytest.skip(missing)
    if missing:
        pytest.fail(f"{missing} Or set {WITHOUT}=1 to skip what needs it.")


@pytest.fixture
def pyspark():
    """Give the library, which a test needs though it starts nothing."""
    _check()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", PANDAS, FutureWarning)
        return importlib.import_module("pyspark")


@pytest.fixture(scope="session")
def session(tmp_path_factory):
    """Start two workers of one core each, which are processes with a Python of their own."""
    _check()
    from pyspark.sql import SparkSession

    home = tmp_path_factory.mktemp("spark")
    source = str(Path(retention_kit.__file__).parents[1])
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": source,
        "spark.executorEnv.NUMBA_CACHE_DIR": str(home / "numba"),
        "spark.executorEnv.SPARK_LOCAL_IP": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(home / "warehouse"),
        "spark.local.dir": str(home / "local"),
        "spark.worker.cleanup.enabled": "true",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        # What fails here fails every time.
        "spark.task.maxFailures": "1",
        # Tables are tiny: compiling a query takes longer than running it.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        # Both workers stay at work however short a job is.
        "spark.locality.wait": "0s",
    }
    with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
        # pyspark says so of the newest pandas, which nothing here uses.
        warnings.filterwarnings("ignore", PANDAS, FutureWarning)
        patched.setenv("PYSPARK_PYTHON", sys.executable)
        patched.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patched.setenv("SPARK_WORKER_DIR", str(home / "work"))
        builder = SparkSession.builder.master(f"local-cluster[{CORES},1,1024]")
        for name, value in settings.items():
            builder = builder.config(name, value)
        started = builder.getOrCreate()
        try:
            yield started
        finally:
            started.stop()
