"""The tables of a dataset on disk, split by customer, so that any size runs in bounded memory."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.law import Kind, kind_of
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import DefinitionError, FileFormatError, bad_parameter
from retention_kit.hashing import stable_hash, stable_hash_expression

SALT = "retention_kit.bucket"
_FORMAT = 1
_ABOUT = "buckets.json"
_BUCKET = "__bucket"
_WHOLE = "whole"
_GUESTS = ("guest_orders", "guest_order_items")


@dataclass(frozen=True, slots=True)
class Buckets:
    """A dataset's tables in a folder, split by customer.

    Attributes:
        folder: Where they are.
        count: How many buckets there are.
        time_zone: The shop's time zone.
        currency: The shop's currency.
        given: The tables that are there.
    """

    folder: Path
    count: int
    time_zone: str
    currency: str
    given: frozenset[str]

    @classmethod
    def open(cls, folder: str | Path) -> Buckets:
        """Find buckets that `Dataset.bucket` wrote.

        Raises:
            FileFormatError: There are none, or a newer version wrote them.
        """
        path = Path(folder)
        try:
            about = json.loads((path / _ABOUT).read_text(encoding="utf-8"))
            written = about["format"]
        except (OSError, ValueError, KeyError, TypeError):
            raise FileFormatError(
                str(path), reason="it holds no buckets.", step="write them: dataset.bucket(folder)."
            ) from None
        if written != _FORMAT:
            raise FileFormatError(
                str(path),
                reason=f"its buckets are of format {written}, not {_FORMAT}.",
                step="write them again with this version.",
            )
        return cls(
            folder=path,
            count=about["count"],
            time_zone=about["time_zone"],
            currency=about["currency"],
            given=frozenset(about["given"]),
        )

    def bucket_of(self, customer_id: int | str) -> int:
        """Tell which bucket a customer is in."""
        return stable_hash(customer_id, salt=SALT) % self.count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Bundle:
        """Give one bucket; tables without customers are whole in each, guests are in the first."""
        if not 0 <= index < self.count:
            raise IndexError(f"bucket {index} of {self.count}")
        tables: dict[str, Any] = {name: self._scan(name, index) for name in TABLES}
        for name in _GUESTS:
            guests = pl.scan_parquet(self.folder / _WHOLE / f"{name}.parquet")
            tables[name] = guests if index == 0 else guests.clear()
        return Bundle(
            **tables,
            time_zone=self.time_zone,
            currency=self.currency,
            given=self.given,
        )

    def __iter__(self) -> Iterator[Bundle]:
        return (self[index] for index in range(self.count))

    def run(
        self, function: Callable[..., Any], *, into: str | Path | None = None, **arguments: Any
    ) -> Any:
        """Run a function that keeps the law, bucket by bucket, and put its answers together.

        Args:
            function: A customer-local or an additive function; it gets the tables that its
                parameters name.
            into: An empty folder for the result of a customer-local function, so that it need not
                fit into memory.
            **arguments: The function's other arguments.

        Returns:
            The function's result for the whole dataset, eager, or, with `into`, lazy: answers of a
            customer-local function one after another, of an additive one summed by its keys. A
            function that gives a NamedTuple of tables gives one here.

        Raises:
            DefinitionError: The function is neither, or `into` cannot serve.
        """
        kind = kind_of(function)
        if kind is None or kind.name not in ("customer_local", "additive"):
            raise DefinitionError(
                f"{getattr(function, '__name__', 'the function')} is "
                f"{'undeclared' if kind is None else kind.name}. Allowed: customer_local or "
                "additive functions. Next step: run the additive function, and the finisher on "
                "its result."
            )
        target = None if into is None else _empty_folder(into, "into")
        if target is not None and kind.name == "additive":
            raise bad_parameter("into", got=str(into), allowed="None, for an additive function")
        names = [name for name in inspect.signature(function).parameters if name in TABLES]
        answers = []
        for index, bucket in enumerate(self):
            answer = function(**{name: getattr(bucket, name) for name in names}, **arguments)
            answers.append(_gather(answer, target, index))
        return combine(answers, kind, arguments)

    def _scan(self, name: str, index: int) -> pl.LazyFrame:
        if name not in self.given or not TABLES[name].by_customer:
            return pl.scan_parquet(self.folder / _WHOLE / f"{name}.parquet")
        frame = pl.scan_parquet(self.folder / name / f"{index:05d}.parquet")
        return frame.set_sorted("customer_id")


def combine(answers: list[Any], kind: Kind, arguments: dict[str, Any] | None = None) -> Any:
    """Put the answers for disjoint sets of customers together, as their kind allows.

    Args:
        answers: One table, or one NamedTuple of tables, per set of customers.
        kind: What the function declared.
        arguments: The function's arguments; columns named by `by` are keys too.
    """
    if isinstance(answers[0], tuple):
        return type(answers[0])(
            *(combine(list(parts), kind, arguments) for parts in zip(*answers, strict=True))
        )
    together = pl.concat(answers)
    if kind.name == "customer_local":
        return together
    keys = kind.keys_with(arguments or {})
    if not keys:
        return together.select(pl.all().sum())
    return together.group_by(keys).agg(pl.all().sum()).select(answers[0].columns)


def write_buckets(dataset: Bundle, folder: Path, *, buckets: int) -> Buckets:
    """Write a dataset's tables as `Dataset.bucket` says."""
    if isinstance(buckets, bool) or not isinstance(buckets, int) or buckets < 1:
        raise bad_parameter("buckets", got=buckets, allowed="a whole number of at least 1")
    folder = _empty_folder(folder, "folder")
    (folder / _WHOLE).mkdir()
    for name, frame in dataset.tables().items():
        if name in dataset.given and TABLES[name].by_customer:
            _write_table(frame, folder / name, buckets)
        else:
            frame.sink_parquet(folder / _WHOLE / f"{name}.parquet")
    for name in _GUESTS:
        getattr(dataset, name).sink_parquet(folder / _WHOLE / f"{name}.parquet")
    about = {
        "format": _FORMAT,
        "count": buckets,
        "time_zone": dataset.time_zone,
        "currency": dataset.currency,
        "given": sorted(dataset.given),
    }
    (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
    return Buckets.open(folder)


def _write_table(frame: pl.LazyFrame, folder: Path, buckets: int) -> None:
    unsorted = folder / "unsorted"
    # An empty table writes no file, and so makes no folder.
    folder.mkdir()
    # A review may have no customer; such rows go into the first bucket.
    bucket = stable_hash_expression(pl.col("customer_id"), salt=SALT) % buckets
    frame.with_columns(bucket.fill_null(0).alias(_BUCKET)).sink_parquet(
        pl.PartitionBy(unsorted, key=_BUCKET, include_key=False), mkdir=True
    )
    empty = pl.DataFrame(schema=frame.collect_schema())
    for index in range(buckets):
        parts = sorted((unsorted / f"{_BUCKET}={index}").glob("*.parquet"))
        part = pl.read_parquet(parts) if parts else empty
        part.sort("customer_id", maintain_order=True).write_parquet(folder / f"{index:05d}.parquet")
    shutil.rmtree(unsorted, ignore_errors=True)


def _empty_folder(folder: str | Path, parameter: str) -> Path:
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise bad_parameter(
            parameter,
            got=str(folder),
            allowed="a folder that is empty or not there",
            step="name another one, or empty it.",
        )
    path.mkdir(parents=True, exist_ok=True)
    return path


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
