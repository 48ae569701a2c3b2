"""How a task reaches a worker, and what is said where the worker cannot run it.

The function that Spark calls knows nothing but bytes. It travels by value, so that it runs, and can
explain itself, where the library is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retention_kit.spark.tasks import Task


def shipped(task: Task) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Pack a task into a function of Arrow batches.

    Args:
        task: What is to be done with a partition.

    Returns:
        A function for `mapInArrow`. A worker that lacks a module says which, and what to install.
    """
    from pyspark import cloudpickle

    pack: Callable[[Any], bytes] = cloudpickle.dumps
    packed = pack(task)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import os
        import pickle

        from pyspark import TaskContext

        context = TaskContext.get()
        if context is not None:
            # One worker per task: more threads than the task's cores would only get in its way.
            os.environ.setdefault("POLARS_MAX_THREADS", str(context.cpus()))
        try:
            unpacked = pickle.loads(packed)
        except ImportError as error:
            raise RuntimeError(
                f"A worker of Spark could not load the task: {error}. Next step: install "
                "retention-kit[spark], of the driver's version, and what the function needs, in "
                "the Python of every worker, or ship an environment with --archives."
            ) from error
        yield from unpacked.run(batches)

    return run
