"""Telling observers of deliveries: counts and names, no customers; they can change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from retention_kit._logging import get_logger
from retention_kit.delivery.channels import Observer
from retention_kit.delivery.dispatching.tally import Tally
from retention_kit.delivery.report import DeliveryReport

_log = get_logger(__name__)


class Observing:
    """Tells observers.

    Args:
        observers: Who is told.
        channel: The channel's name.
    """

    def __init__(self, observers: Sequence[Observer], channel: str) -> None:
        self._observers = tuple(observers)
        self._channel = channel
        self._campaigns: set[str] = set()

    def batch(self, campaigns: Iterable[str], tally: Tally, seconds: float) -> None:
        """Tell of a batch."""
        if self._observers:
            self._campaigns.update(campaigns)
            self._tell("batch", sorted(campaigns), dict(+tally.states), seconds)

    def run(self, report: DeliveryReport) -> None:
        """Tell of the end of a run."""
        if self._observers:
            self._tell("run", sorted(self._campaigns), dict(report.states), report.seconds)

    def _tell(
        self, what: str, campaigns: list[str], states: Mapping[str, int], seconds: float
    ) -> None:
        for observer in self._observers:
            event: dict[str, Any] = {
                "what": what,
                "channel": self._channel,
                "campaigns": list(campaigns),
                "states": dict(states),
                "seconds": seconds,
            }
            try:
                observer.delivered(event)
            except Exception as error:
                _log.warning(
                    "observer %s raised %s; the delivery goes on",
                    type(observer).__qualname__,
                    type(error).__name__,
                )
