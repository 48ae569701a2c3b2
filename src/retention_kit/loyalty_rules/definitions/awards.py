"""What a rule gives: a fixed amount, so much per so much, a rate by steps, or a multiplication."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.definitions.amounts import Amount, Exact, Positive
from retention_kit.smart_segments.definitions.base import Part

PLUGIN_NAME = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"
_FINEST = Decimal("0.0001")


class Fixed(Part):
    """A fixed amount.

    Attributes:
        amount: In points, or in money.
    """

    if TYPE_CHECKING:

        def __init__(self, *, amount: Exact) -> None: ...

    type: Literal["fixed"] = "fixed"
    amount: Positive


class Proportional(Part):
    """So much per so much of the amount.

    The amount is what was paid for goods: after discounts, without delivery, less the part paid
    from wallets; of an event its value.

    Attributes:
        amount: In points, or in money of the wallet.
        per: Per how much of the amount.
        full_steps: Only full steps of `per` count.
        before_discount: Discounts are not taken off.
        with_points: The part paid from wallets is not taken off.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            amount: Exact,
            per: Exact = 1,
            full_steps: bool = False,
            before_discount: bool = False,
            with_points: bool = False,
        ) -> None: ...

    type: Literal["proportional"] = "proportional"
    amount: Positive
    per: Positive = Decimal(1)
    full_steps: bool = pydantic.Field(default=False, strict=True)
    before_discount: bool = pydantic.Field(default=False, strict=True)
    with_points: bool = pydantic.Field(default=False, strict=True)

    @pydantic.field_validator("per")
    @classmethod
    def _is_money(cls, per: Decimal) -> Decimal:
        return check_money("per", per)


class Multiplier(Part):
    """What other rules of its wallet give for the same order or event is multiplied.

    Proportional awards and tiered rates are; what is fixed is not.

    Attributes:
        factor: By how much; several multiply each other.
    """

    if TYPE_CHECKING:

        def __init__(self, *, factor: Exact) -> None: ...

    type: Literal["multiplier"] = "multiplier"
    factor: Positive

    @pydantic.field_validator("factor")
    @classmethod
    def _is_sane(cls, factor: Decimal) -> Decimal:
        return check_factor("factor", factor)


class TieredRate(Part):
    """The more is bought, the higher the rate.

    Attributes:
        mode: `marginal`: each part of the amount earns by its own step; `whole`: all of it by the
            step that it reaches. There is no default.
        of: Where the steps are looked up: by the amount of the `order`, or by what was paid for
            all orders before it, `spend`.
        steps: Pairs of the amount from which a step begins, and what one of money earns there; the
            first begins at 0, they ascend, and the rates do not fall.
        before_discount: Discounts are not taken off.
        with_points: The part paid from wallets is not taken off.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            mode: Literal["marginal", "whole"],
            steps: Iterable[tuple[Exact, Exact]],
            of: Literal["order", "spend"] = "order",
            before_discount: bool = False,
            with_points: bool = False,
        ) -> None: ...

    type: Literal["tiered_rate"] = "tiered_rate"
    mode: Literal["marginal", "whole"]
    of: Literal["order", "spend"] = "order"
    steps: tuple[tuple[Amount, Amount], ...] = pydantic.Field(min_length=1, max_length=100)
    before_discount: bool = pydantic.Field(default=False, strict=True)
    with_points: bool = pydantic.Field(default=False, strict=True)

    @pydantic.field_validator("steps")
    @classmethod
    def _ascend(cls, steps: tuple[tuple[Decimal, Decimal], ...]) -> Any:
        begins = [check_money("steps", one) for one, _ in steps]
        if begins[0] != 0 or any(a >= b for a, b in itertools.pairwise(begins)):
            raise bad_parameter(
                "steps",
                got=[str(one) for one in begins],
                allowed="steps that begin at 0 and ascend",
                step="sort them, and leave out what stands twice.",
            )
        rates = [rate for _, rate in steps]
        if any(higher < lower for lower, higher in itertools.pairwise(rates)):
            raise bad_parameter(
                "steps",
                got=[f"{one:f}" for one in rates],
                allowed="rates that do not fall from step to step",
                step="the more is bought, the higher the rate; a cap holds it below a bar.",
            )
        return steps


class PluginAward(Part):
    """An award that somebody else publishes: what it means is said by the `EarningRuleSpec`.

    Attributes:
        name: The award's name, `vendor.award`.
        distribution: What to install for it, as the package index has it.
        settings: Its settings, as JSON.
    """

    if TYPE_CHECKING:

        def __init__(
            self, *, name: str, distribution: str, settings: Mapping[str, Any] = ...
        ) -> None: ...

    type: Literal["plugin"] = "plugin"
    name: str = pydantic.Field(pattern=PLUGIN_NAME)
    distribution: str = pydantic.Field(min_length=1)
    settings: dict[str, pydantic.JsonValue] = pydantic.Field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.distribution, self.settings_text))

    @property
    def settings_text(self) -> str:
        """The settings as JSON text, the same for equal settings."""
        return json.dumps(self.settings, sort_keys=True, ensure_ascii=False)


Award = Annotated[
    Fixed | Proportional | Multiplier | TieredRate | PluginAward,
    pydantic.Field(discriminator="type"),
]
"""What a rule gives."""


def check_money(parameter: str, amount: Decimal) -> Decimal:
    """Give an amount of money, which has four places at most.

    Raises:
        DefinitionError: It has more.
    """
    if amount % _FINEST:
        raise bad_parameter(parameter, got=str(amount), allowed="money with four places at most")
    return amount


def check_factor(parameter: str, factor: Decimal) -> Decimal:
    """Give a factor, which is neither 0 nor beyond sense.

    Raises:
        DefinitionError: It is.
    """
    if not 0 < factor <= 100 or factor % _FINEST:
        raise DefinitionError(
            f"Parameter {parameter!r} is {factor}. Allowed: above 0, up to 100, with four places "
            "at most. Next step: a higher rate where more is meant.",
            parameter=parameter,
        )
    return factor
