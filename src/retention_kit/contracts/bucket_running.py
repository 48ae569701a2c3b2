"""How functions run over buckets: one after another, or shared among processes."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from retention_kit.contracts.bucket_writing import bucket_expression
from retention_kit.contracts.combining import combine
from retention_kit.contracts.law import Kind, kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, bad_parameter

if TYPE_CHECKING:
    from retention_kit.contracts.buckets import Buckets

_THREADS = "POLARS_MAX_THREADS"
_FEW_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Work:
    """A function that is to run over buckets.

    Attributes:
        buckets: The buckets.
        function: A customer-local or an additive function.
        arguments: Its arguments besides the tables of the buckets.
        target: Where each bucket's answer is written; None gives it as a table in memory.
    """

    buckets: Buckets
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    target: Path | None

    @property
    def kind(self) -> Kind:
        """What the function declares."""
        kind = kind_of(self.function)
        if kind is None:
            raise DefinitionError("The function declares nothing.")
        return kind

    def answer(self, index: int) -> Any:
        """Give the answer for one bucket, as a table, a file's lazy table or a NamedTuple."""
        try:
            bucket = self.buckets[index]
            names = [name for name in self.kind.tables if name in TABLES]
            tables = {name: getattr(bucket, name) for name in names}
            beside = {name: self._part(name, index) for name in self.arguments}
            return _gather(self.function(**tables, **beside), self.target, index)
        except Exception as error:
            error.add_note(f"It came up in bucket {index} of {len(self.buckets)}.")
            raise

    def _part(self, name: str, index: int) -> Any:
        """Give an argument; of a further table of customers the bucket's part."""
        value = self.arguments[name]
        if name not in self.kind.tables or not isinstance(value, pl.LazyFrame | pl.DataFrame):
            return value
        lazy = value.lazy()
        if "customer_id" not in lazy.collect_schema():
            return lazy
        return lazy.filter(bucket_expression(len(self.buckets)) == index)


def run_in_turn(work: Work) -> Any:
    """Run over one bucket after another, in this process."""
    sums = _Sums(work)
    for index in range(len(work.buckets)):
        sums.add(index, work.answer(index))
    return sums.all()


def run_in_processes(work: Work, processes: int) -> Any:
    """Share buckets among fresh processes, each of which holds one bucket at a time.

    Raises:
        DefinitionError: The function or an argument cannot be sent to another process.
    """
    _check_sendable(work)
    if work.target is None and work.kind.name == "customer_local":
        # Rows come back through files: what a process sends is copied twice.
        with tempfile.TemporaryDirectory(prefix="retention_kit-") as folder:
            stored = Work(work.buckets, work.function, work.arguments, Path(folder))
            return _collected(_shared(stored, processes))
    return _shared(work, processes)


def check_processes(processes: int) -> None:
    """Raise where a number of processes is none.

    Raises:
        DefinitionError: It is no whole number of at least 1.
    """
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise bad_parameter("processes", got=processes, allowed="a whole number of at least 1")


class _Sums:
    """The answers so far; sums are added up as they come, so that there are never many."""

    def __init__(self, work: Work) -> None:
        self._kind = work.kind
        self._arguments = dict(work.arguments)
        self._answers: dict[int, Any] = {}
        self._summed = 0
        self._waiting = 0

    def add(self, index: int, answer: Any) -> None:
        self._answers[index] = answer
        if self._kind.name != "additive":
            return
        self._waiting += _height(answer)
        # As many rows wait as are summed already: each row is summed a few times at most.
        if self._waiting > max(self._summed, _FEW_ROWS):
            total = self.all()
            self._answers = {-1: total}
            self._summed, self._waiting = _height(total), 0

    def all(self) -> Any:
        answers = [self._answers[index] for index in sorted(self._answers)]
        if self._kind.name != "additive":
            return combine(answers, self._kind, self._arguments)
        # The streaming engine groups large tables of sums in half the time.
        return _collected(combine([_lazy(one) for one in answers], self._kind, self._arguments))


def _shared(work: Work, processes: int) -> Any:
    count = len(work.buckets)
    workers = min(processes, count)
    threads = max(1, pl.thread_pool_size() // workers)
    sums = _Sums(work)
    with _threads_of_children(threads), ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        todo = iter(range(count))
        # Few wait at a time, so that few answers do.
        under_way = {
            pool.submit(_answer, work, index): index for index in _first(todo, 2 * workers)
        }
        try:
            while under_way:
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    index = under_way.pop(future)
                    sums.add(index, _received(future, work, index))
                    for following in _first(todo, 1):
                        under_way[pool.submit(_answer, work, following)] = following
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return sums.all()


def _answer(work: Work, index: int) -> Any:
    """Run over one bucket in a process of its own; an error is sent in parts that can be sent."""
    try:
        return work.answer(index)
    except Exception as error:
        return _Failure.of(error)


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error in parts: many errors cannot be made again from their text alone."""

    made: type[Exception]
    said: tuple[Any, ...]
    held: dict[str, Any]

    @classmethod
    def of(cls, error: Exception) -> _Failure:
        whole = cls(type(error), error.args, dict(vars(error)))
        try:
            if str(pickle.loads(pickle.dumps(whole)).again()) == str(error):
                return whole
        except Exception:
            pass  # Whatever stands in the way, its words go.
        notes = {"__notes__": list(getattr(error, "__notes__", ()))}
        return cls(RuntimeError, (f"{type(error).__name__}: {error}",), notes)

    def again(self) -> Exception:
        error = self.made.__new__(self.made, *self.said)
        error.args = self.said
        for name, value in self.held.items():
            setattr(error, name, value)
        return error


def _received(future: Future[Any], work: Work, index: int) -> Any:
    try:
        answer = future.result()
    except BrokenProcessPool as error:
        error.add_note(
            f"A process ended in the midst of its work, bucket {index} of {len(work.buckets)} or "
            "one beside it; often memory was short. Next step: fewer processes, or more buckets."
        )
        raise
    if isinstance(answer, _Failure):
        raise answer.again()
    return answer


def _gather(answer: Any, target: Path | None, index: int) -> Any:
    if isinstance(answer, tuple):
        frames = {
            name: _gather(frame, None if target is None else target / name, index)
            for name, frame in answer._asdict().items()  # type: ignore[attr-defined]
        }
        return type(answer)(**frames)
    if target is None:
        return answer.collect(engine="streaming")
    target.mkdir(parents=True, exist_ok=True)
    file = target / f"{index:05d}.parquet"
    answer.sink_parquet(file)
    return pl.scan_parquet(file)


def _lazy(answer: Any) -> Any:
    if isinstance(answer, tuple):
        return type(answer)(*(frame.lazy() for frame in answer))
    return answer.lazy()


def _collected(answer: Any) -> Any:
    if isinstance(answer, tuple):
        return type(answer)(*(_collected(frame) for frame in answer))
    return answer.collect(engine="streaming")


def _check_sendable(work: Work) -> None:
    try:
        pickle.dumps(work)
    except Exception as error:
        name = getattr(work.function, "__name__", "the function")
        raise DefinitionError(
            f"{name} or one of its arguments cannot be sent to another process: {error}. Allowed: "
            "functions that can be imported by their name, and arguments that can be pickled. "
            "Next step: move the function into a module, or leave processes at 1.",
            parameter="processes",
        ) from error


@contextmanager
def _threads_of_children(threads: int) -> Iterator[None]:
    """Let processes that are started meanwhile use so many threads, where nobody said how many.

    Polars looks there once, when it is imported: before anything that a process is told to do.
    """
    if _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = str(threads)
    try:
        yield
    finally:
        os.environ.pop(_THREADS, None)


def _height(answer: Any) -> int:
    frames = answer if isinstance(answer, tuple) else (answer,)
    return sum(frame.height for frame in frames)


def _first(numbers: Iterator[int], count: int) -> list[int]:
    return [number for _, number in zip(range(count), numbers, strict=False)]
