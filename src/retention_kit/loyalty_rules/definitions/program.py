"""A loyalty programme, and the history of a programme that changed."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pydantic

from retention_kit.contracts.saved import SavedModel
from retention_kit.loyalty_rules.definitions.amounts import Exact
from retention_kit.loyalty_rules.definitions.checks import check_history, check_program
from retention_kit.loyalty_rules.definitions.discounts import Discount
from retention_kit.loyalty_rules.definitions.fields import (
    Certificates,
    ProgramFields,
    Referral,
    Returns,
    Rounding,
    Stacking,
)
from retention_kit.loyalty_rules.definitions.rules import EarningRule
from retention_kit.loyalty_rules.definitions.tiers import TierLadder
from retention_kit.loyalty_rules.definitions.wallets import Wallet


class LoyaltyProgram(ProgramFields):
    """A loyalty programme as data: frozen, JSON in both directions, with a version.

    Attributes:
        name: The programme's name.
        currency: The shop's currency, three letters. There is no default.
        rounding: How fractions are rounded: `down`, `half_up`, `half_even` or `up`; each award
            once, to the wallet's smallest unit. There is no default.
        wallets: The wallets. What orders are paid with stands in the first that can be spent.
        rules: How one earns.
        tiers: The tiers, or None.
        discounts: The discounts, in the order in which they are taken off, after the tier's.
        combining: Whether discounts `compound`, each on what remains, or the `best` alone counts.
        stacking: By the group's name, which of its rules pay: `sum`, `best` or `first`.
        returns: For how long returns count.
        referral: When a referral counts.
        certificates: Gift certificates, or None.
        largest_rate: The highest share of the price that a rule may give, with the highest tier
            and every rule that multiplies it, or that a discount may take off. More is taken for a
            slip of the pen until it is said here.
        description: What it is for; not looked at.

    Examples:
        >>> program = LoyaltyProgram(
        ...     name="Tea club",
        ...     currency="RUB",
        ...     rounding="down",
        ...     wallets=[Wallet(name="points")],
        ... )
        >>> LoyaltyProgram.from_json(program.to_json()) == program
        True
    """

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913
            self,
            *,
            name: str,
            currency: str,
            rounding: Rounding,
            wallets: Iterable[Wallet] = (),
            rules: Iterable[EarningRule] = (),
            tiers: TierLadder | None = None,
            discounts: Iterable[Discount] = (),
            combining: Literal["compound", "best"] = "compound",
            stacking: Mapping[str, Stacking] = ...,
            returns: Returns = ...,
            referral: Referral = ...,
            certificates: Certificates | None = None,
            largest_rate: Exact = ...,
            description: str = "",
        ) -> None: ...

    FORMAT: ClassVar[str] = "retention_kit.loyalty_program"
    VERSION: ClassVar[int] = 1
    AGAIN: ClassVar[str] = "write the definition again with this version"

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> Self:
        check_program(self)
        return self

    def __hash__(self) -> int:
        return hash(self.digest)

    @functools.cached_property
    def digest(self) -> str:
        """What tells it from every other programme, 64 hexadecimal digits."""
        return digest_of(json.loads(self.to_json(indent=None)))

    def with_fields(self, **fields: Any) -> LoyaltyProgram:
        """Give the same with other values in some fields, checked again."""
        own = {name: getattr(self, name) for name in type(self).model_fields}
        return LoyaltyProgram(**{**own, **fields})


class ProgramHistory(SavedModel):
    """A programme that changed: what was earned keeps the rules under which it was earned.

    Attributes:
        versions: Pairs of the first day on which a version holds, and the programme; ascending.
            The first holds for all time before the second, whatever day it names.

    Examples:
        >>> tea = LoyaltyProgram(name="Tea club", currency="RUB", rounding="down")
        >>> history = ProgramHistory(versions=[(dt.date(2025, 1, 1), tea)])
        >>> ProgramHistory.from_json(history.to_json()) == history
        True
    """

    if TYPE_CHECKING:

        def __init__(self, *, versions: Iterable[tuple[dt.date, LoyaltyProgram]]) -> None: ...

    FORMAT: ClassVar[str] = "retention_kit.loyalty_program_history"
    VERSION: ClassVar[int] = 1
    AGAIN: ClassVar[str] = "write the definition again with this version"

    versions: tuple[tuple[dt.date, LoyaltyProgram], ...] = pydantic.Field(
        min_length=1, max_length=62
    )

    @pydantic.model_validator(mode="after")
    def _can_be(self) -> Self:
        check_history(self.versions)
        return self

    def __hash__(self) -> int:
        return hash(tuple((day, program.digest) for day, program in self.versions))

    @property
    def programs(self) -> tuple[LoyaltyProgram, ...]:
        """The programmes, the first first."""
        return tuple(program for _, program in self.versions)


def program_schema() -> dict[str, Any]:
    """Give the JSON Schema of a programme as `LoyaltyProgram.to_json` writes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "LoyaltyProgram",
        **LoyaltyProgram.json_schema(),
    }


def digest_of(written: object) -> str:
    """Give what tells JSON from other JSON, whatever the order of its keys."""
    text = json.dumps(written, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
