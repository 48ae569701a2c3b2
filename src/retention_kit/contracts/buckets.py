"""The tables of a dataset on disk, split by customer, so that any size runs in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from retention_kit.contracts.bucket_running import (
    Work,
    check_processes,
    run_in_processes,
    run_in_turn,
)
from retention_kit.contracts.bucket_writing import (
    ABOUT,
    FORMAT,
    GUESTS,
    IN_TURN,
    SALT,
    WHOLE,
    empty_folder,
)
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.calls import check_taken, splittable
from retention_kit.contracts.tables import TABLES
from retention_kit.errors import FileFormatError, bad_parameter
from retention_kit.hashing import stable_hash


@dataclass(frozen=True, slots=True)
class Buckets:
    """A dataset's tables in a folder, split by customer.

    Attributes:
        folder: Where they are.
        count: How many buckets there are.
        time_zone: The shop's time zone.
        currency: The shop's currency.
        given: The tables that are there.
        in_turn: Whether a customer's rows are sorted by instant inside a bucket, as they are
            unless an early version wrote them.
    """

    folder: Path
    count: int
    time_zone: str
    currency: str
    given: frozenset[str]
    in_turn: bool = True

    @classmethod
    def open(cls, folder: str | Path) -> Buckets:
        """Find buckets that `Dataset.bucket` wrote.

        Raises:
            FileFormatError: There are none, or a newer version wrote them.
        """
        path = Path(folder)
        try:
            about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
            written = about["format"]
        except (OSError, ValueError, KeyError, TypeError):
            raise FileFormatError(
                str(path), reason="it holds no buckets.", step="write them: dataset.bucket(folder)."
            ) from None
        if written != FORMAT:
            raise FileFormatError(
                str(path),
                reason=f"its buckets are of format {written}, not {FORMAT}.",
                step="write them again with this version.",
            )
        return cls(
            folder=path,
            count=about["count"],
            time_zone=about["time_zone"],
            currency=about["currency"],
            given=frozenset(about["given"]),
            in_turn=about.get("in_turn", False),
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
        for name in GUESTS:
            guests = pl.scan_parquet(self.folder / WHOLE / f"{name}.parquet")
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
        self,
        function: Callable[..., Any],
        /,
        *,
        into: str | Path | None = None,
        processes: int = 1,
        **arguments: Any,
    ) -> Any:
        """Run a function that keeps the law, bucket by bucket, and put its answers together.

        Sums are added up as they come. A further table of customers among the arguments (scores,
        loyalty events) is split as the buckets are.

        Args:
            function: A customer-local or an additive function; it gets the tables that its
                parameters name.
            into: An empty folder for the result of a customer-local function, so that it need not
                fit into memory.
            processes: Among how many fresh processes the buckets are shared. Each holds one at a
                time, and has its part of the processor's threads, unless `POLARS_MAX_THREADS`
                says how many. With more than one, the function is found again by its name, and
                what a program does at its start stands under `if __name__ == "__main__":`.
            **arguments: The function's other arguments.

        Returns:
            The function's result for the whole dataset, eager, or, with `into`, lazy: answers of a
            customer-local function one after another, of an additive one summed by its keys. A
            function that gives a NamedTuple of tables gives one here.

        Raises:
            DefinitionError: The function is neither, or has a parameter `into` or `processes`;
                `into` cannot serve, `processes` is below 1, or the function or an argument cannot
                be sent to another process.
            Exception: What the function raises; a note says in which bucket.
        """
        kind = splittable(
            function, step="run the additive function, and the finisher on its result."
        )
        check_taken(function, ("into", "processes"))
        check_processes(processes)
        target = None if into is None else empty_folder(into, "into")
        if target is not None and kind.name == "additive":
            raise bad_parameter("into", got=str(into), allowed="None, for an additive function")
        work = Work(self, function, arguments, target)
        if processes == 1:
            return run_in_turn(work)
        return run_in_processes(work, processes)

    def _scan(self, name: str, index: int) -> pl.LazyFrame:
        if name not in self.given or not TABLES[name].by_customer:
            return pl.scan_parquet(self.folder / WHOLE / f"{name}.parquet")
        frame = pl.scan_parquet(self.folder / name / f"{index:05d}.parquet")
        # Polars then groups by customer row after row, and leaves out sorts that change nothing.
        if self.in_turn and name in IN_TURN:
            return frame.set_sorted("customer_id", IN_TURN[name])
        return frame.set_sorted("customer_id")
