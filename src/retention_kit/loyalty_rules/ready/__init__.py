"""Programmes that shops begin with, each a function of the currency and a few figures."""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.ready.earning import cashback as cashback
    from retention_kit.loyalty_rules.ready.earning import short_points as short_points
    from retention_kit.loyalty_rules.ready.playing import gamified as gamified
    from retention_kit.loyalty_rules.ready.status import bronze_silver_gold as bronze_silver_gold

_HERE = "retention_kit.loyalty_rules.ready"
_MODULES = {
    "bronze_silver_gold": f"{_HERE}.status",
    "cashback": f"{_HERE}.earning",
    "gamified": f"{_HERE}.playing",
    "short_points": f"{_HERE}.earning",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
