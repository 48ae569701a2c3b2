"""The kinds of charts that the report draws, and the only place that altair is loaded for.

Charts know nothing of audits: they take labels that have been written in the reader's language.
"""

from typing import TYPE_CHECKING

from retention_kit._lazy import attach

if TYPE_CHECKING:
    from retention_kit.audit.charts.frame import Plot as Plot
    from retention_kit.audit.charts.frame import quickly as quickly
    from retention_kit.audit.charts.in_bars import bars as bars
    from retention_kit.audit.charts.in_bars import rows_of_bars as rows_of_bars
    from retention_kit.audit.charts.in_bars import stacked as stacked
    from retention_kit.audit.charts.matrix import heat_map as heat_map
    from retention_kit.audit.charts.of_loyalty import loyalty_costs as loyalty_costs
    from retention_kit.audit.charts.of_loyalty import loyalty_deciles as loyalty_deciles
    from retention_kit.audit.charts.of_loyalty import loyalty_flows as loyalty_flows
    from retention_kit.audit.charts.of_loyalty import loyalty_liability as loyalty_liability
    from retention_kit.audit.charts.of_loyalty import loyalty_tiers as loyalty_tiers
    from retention_kit.audit.charts.over_time import curve as curve
    from retention_kit.audit.charts.over_time import lines as lines
    from retention_kit.audit.charts.paired import grouped as grouped
    from retention_kit.audit.charts.paired import paired_rows as paired_rows

_HERE = "retention_kit.audit.charts"
_MODULES = {
    "Plot": f"{_HERE}.frame",
    "bars": f"{_HERE}.in_bars",
    "curve": f"{_HERE}.over_time",
    "grouped": f"{_HERE}.paired",
    "heat_map": f"{_HERE}.matrix",
    "lines": f"{_HERE}.over_time",
    "loyalty_costs": f"{_HERE}.of_loyalty",
    "loyalty_deciles": f"{_HERE}.of_loyalty",
    "loyalty_flows": f"{_HERE}.of_loyalty",
    "loyalty_liability": f"{_HERE}.of_loyalty",
    "loyalty_tiers": f"{_HERE}.of_loyalty",
    "paired_rows": f"{_HERE}.paired",
    "quickly": f"{_HERE}.frame",
    "rows_of_bars": f"{_HERE}.in_bars",
    "stacked": f"{_HERE}.in_bars",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605
if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, _MODULES)
