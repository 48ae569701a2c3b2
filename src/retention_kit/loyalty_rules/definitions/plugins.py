"""Awards that somebody else publishes: what a plug-in says of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pydantic

from retention_kit.errors import DefinitionError, PluginError, bad_parameter
from retention_kit.loyalty_rules.definitions.awards import PLUGIN_NAME, PluginAward

if TYPE_CHECKING:
    import polars as pl

API_VERSION = 1
MOST_UNITS = 10**12
"""Below how many units a row earns."""


@dataclass(frozen=True, slots=True)
class EarningRuleSpec:
    """What a plug-in says of one award: how many units a row earns, in both ways.

    Both functions see the same rows, and look at each by itself: what a row earns depends on no
    other row. They are asked only about rows that a rule with the award looks at, by its filters,
    days and hours; `frame` may see others too, for which nothing it gives counts. A row has its own
    columns and these, where nothing is null that is told to be 0:

    - A sale, of `orders`: `order_id`, `customer_id`; `ordered_at`, in the shop's zone; `amount`,
      `discount`, `points_paid` (`Decimal(18,4)`, 0 for none); `promo_code`, `channel`, null for
      none; `currency`, the programme's; `kind`, `sale`; `status`, `completed`. Other columns are
      those of the table, and `Order.columns`. What is known of an order only later is not shown.
    - An activity, of `events`, or one that was derived: `customer_id`, `name`; `occurred_at`,
      `recorded_at`, in the shop's zone; `value` (`Decimal(18,4)`, 0 for none). Other columns are
      those of the table, and `Activity.columns`; the derived have none.

    A sale is shown as it is told: what a quote or a simulation would take off, or pay from wallets,
    is not in it. A return is never shown: it takes back in proportion. What a row earns is fixed:
    no multiplier changes it; caps and stacking hold for it as for other awards.

    What the functions raise comes as a `PluginError` that names the award and the distribution,
    with the plug-in's own error as its cause and none of its words, which may hold customers' data.
    What the table of `frame` raises only when it is collected cannot be told from any other error
    of the plan, and comes as Polars raises it. `testing.check_earning_rule` tests both functions
    against each other.

    Attributes:
        name: The award's name, `vendor.award`.
        summary: What it gives for what, in a few words.
        distribution: What one installs to have it.
        settings: The pydantic model of its settings, which checks them.
        frame: Takes the settings and a lazy table of such rows; gives a lazy table of their keys
            and `units`, whole numbers from 0 on in the wallet's smallest units. The key of a sale
            is `order_id`; of an activity `customer_id` and `key`, a column that its table has for
            this. One row for each key; a row that is not there earns 0.
        units: Takes the settings and one row as a mapping; gives the same number as an `int`.
        api_version: The version of this interface that the plug-in was written to.

    Raises:
        DefinitionError: A field is not what it may be.
    """

    name: str
    summary: str
    distribution: str
    settings: type[pydantic.BaseModel]
    frame: Callable[[Any, pl.LazyFrame], pl.LazyFrame]
    units: Callable[[Any, Mapping[str, Any]], int]
    api_version: int = API_VERSION

    def __post_init__(self) -> None:
        if self.api_version == API_VERSION:
            _check_fields(self)

    def read(self, award: PluginAward) -> Any:
        """Give the settings of an award, checked.

        Raises:
            DefinitionError: They are not what the plug-in takes.
            PluginError: The plug-in cannot check them.
        """
        try:
            with fence(self, "settings", pydantic.ValidationError):
                return self.settings.model_validate(award.settings)
        except pydantic.ValidationError as problem:
            places = sorted(
                {".".join(map(str, one["loc"])) or "the whole" for one in problem.errors()}
            )
            raise DefinitionError(
                f"The settings of the award {self.name!r} are not what {self.distribution} takes: "
                f"{', '.join(places)}. Next step: mend them.",
                parameter="settings",
            ) from problem

    def units_of(self, settings: Any, row: Mapping[str, Any]) -> int:
        """Give how many units a row earns.

        Raises:
            PluginError: The plug-in raised something, or gave no whole number of 0 or more.
        """
        with fence(self, "units"):
            units = self.units(settings, row)
        whole = isinstance(units, int) and not isinstance(units, bool)
        if not whole or not 0 <= units < MOST_UNITS:
            got = "a number out of bounds" if whole else f"a {type(units).__name__}"
            raise PluginError(
                f"The award {self.name!r} of {self.distribution!r} gave {got} for its units. "
                "Allowed: a whole number, 0 or more, below 10**12. Next step: mend the plug-in."
            )
        return units


@contextmanager
def fence(spec: EarningRuleSpec, part: str, *but: type[Exception]) -> Iterator[None]:
    """Let what a plug-in raises out as an error that names the plug-in, and says nothing it says.

    Args:
        spec: What the plug-in gives.
        part: Which part of it is called.
        *but: What comes out as it is.

    Raises:
        PluginError: The plug-in raised something; the cause is what.
    """
    try:
        yield
    except but:
        raise
    except Exception as problem:
        raise PluginError(
            f"The award {spec.name!r} of {spec.distribution!r} raised a {type(problem).__name__} "
            f"in its {part!r}. Next step: look at the cause of this error, whose text may hold "
            "customers' data, and mend the plug-in."
        ) from problem


def spec_of(award: PluginAward, specs: Iterable[EarningRuleSpec]) -> EarningRuleSpec:
    """Find what a plug-in says of an award.

    Raises:
        PluginError: It is not handed in, twice there, or written to another interface.
    """
    found = [spec for spec in specs if spec.name == award.name]
    if not found:
        raise PluginError(
            f"The award {award.name!r} is not installed. It comes with the distribution "
            f"{award.distribution!r}. Next step: pip install {award.distribution}, and hand in "
            "what it gives: specs=[…]."
        )
    if len(found) > 1:
        names = ", ".join(repr(spec.distribution) for spec in found)
        raise PluginError(
            f"{len(found)} plug-ins give the award {award.name!r}: {names}. Next step: hand in one "
            "of them."
        )
    if found[0].api_version != API_VERSION:
        raise PluginError(
            f"The award {award.name!r} of {found[0].distribution!r} is written to version "
            f"{found[0].api_version} of the interface. Allowed: {API_VERSION}. Next step: another "
            "version of the plug-in."
        )
    return found[0]


def _check_fields(spec: EarningRuleSpec) -> None:
    if not isinstance(spec.name, str) or not re.fullmatch(PLUGIN_NAME, spec.name):
        raise bad_parameter(
            "name", got=spec.name, allowed="vendor.award, in small Latin letters, digits and _"
        )
    for parameter in ("summary", "distribution"):
        text = getattr(spec, parameter)
        if not isinstance(text, str) or not text.strip():
            raise bad_parameter(parameter, got=text, allowed="a text that is not blank")
    settings: object = spec.settings
    if not (isinstance(settings, type) and issubclass(settings, pydantic.BaseModel)):
        raise bad_parameter(
            "settings", got=type(settings).__name__, allowed="a class made of pydantic.BaseModel"
        )
    for parameter in ("frame", "units"):
        if not callable(getattr(spec, parameter)):
            raise bad_parameter(
                parameter, got=type(getattr(spec, parameter)).__name__, allowed="a function"
            )
