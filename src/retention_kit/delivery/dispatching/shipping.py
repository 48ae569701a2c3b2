"""Submitting batches, several at once where the channel allows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from retention_kit.delivery.dispatching.rows import Parcel
from retention_kit.delivery.dispatching.submitter import Submitter
from retention_kit.delivery.dispatching.submitting import deliver
from retention_kit.delivery.dispatching.tally import Tally


class Shipping:
    """Submits batches, and tells what became of them in the thread that handed them in.

    Args:
        submitter: Who submits them.
        parallel: How many may be under way at once.
        shipped: Is told of each batch: its counts, and the seconds that it took.
    """

    def __init__(
        self,
        submitter: Submitter,
        parallel: int,
        shipped: Callable[[Parcel, Tally, float], None],
    ) -> None:
        self._submitter = submitter
        self._parallel = max(1, parallel)
        self._shipped = shipped
        self._pool = ThreadPoolExecutor(self._parallel) if self._parallel > 1 else None
        self._futures: dict[Future[tuple[Tally, float]], Parcel] = {}

    def ship(self, parcel: Parcel) -> None:
        """Submit a batch; come back when another may come."""
        if self._pool is None:
            self._shipped(parcel, *self._delivered(parcel))
            return
        if parcel.needs:
            self.wait_for_all()
        while len(self._futures) >= self._parallel:
            self._wait()
        self._futures[self._pool.submit(self._delivered, parcel)] = parcel

    def wait_for_all(self) -> None:
        """Come back when nothing is under way."""
        while self._futures:
            self._wait()

    def _wait(self) -> None:
        done, _ = wait(self._futures, return_when=FIRST_COMPLETED)
        for future in done:
            self._shipped(self._futures.pop(future), *future.result())

    def _delivered(self, parcel: Parcel) -> tuple[Tally, float]:
        began = self._submitter.clock.now()
        tally = deliver(self._submitter, parcel)
        return tally, self._submitter.clock.now() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            if error is not None:
                # What is not sent yet shall not be sent any more.
                self._submitter.stopping.set()
            self._pool.shutdown(wait=True)
