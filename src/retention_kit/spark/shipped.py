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
        A function for `mapInArrow`. A worker that lacks a module says which, and what to install,
        whether it is asked for at once or in the midst of the work.
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

        def lacking(error: Exception) -> RuntimeError:
            return RuntimeError(
                f"A worker of Spark could not load the task: {str(error).rstrip('.')}. Next step: "
                "install retention-kit[spark], of the driver's version, and what the function "
                "needs, in the Python of every worker, or ship an environment with --archives."
            )

        try:
            unpacked = pickle.loads(packed)
        except (ImportError, AttributeError) as error:
            # A module of another version has not all the names.
            raise lacking(error) from error
        try:
            yield from unpacked.run(batches)
        except ImportError as error:
            raise lacking(error) from error

    return run
