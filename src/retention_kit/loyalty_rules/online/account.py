"""One customer's account: a small frozen value that every post replaces by another."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.online import viewing
from retention_kit.loyalty_rules.online.columns import state_from_dict, state_to_dict
from retention_kit.loyalty_rules.online.exact import exact_id
from retention_kit.loyalty_rules.online.kept import Kept

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram
    from retention_kit.loyalty_rules.online.events import Id, Place
    from retention_kit.loyalty_rules.online.viewing import Balance, Lot, Missing, Standing

_FORMAT = "retention_kit.loyalty_account"
_VERSION = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Account(Kept):
    """What is known of one customer under a programme.

    It is made by `Account.new`, changed by `post` alone, and kept as JSON. Time passes by being
    asked for: what has expired by an instant is known at that instant, whether or not anybody
    looked in between.

    Attributes:
        customer_id: Whose it is.
        version: How many posts have changed it.
        fingerprint: The programme and the time zone that it was made under, version by version.
        entries: How many entries have been written.
        last: The place of the last event that was posted.
        state: Columns of numbers, as the kernel knows them; None before the first post.
        orders: The orders of which something may still be returned.
        past: The orders before those.
        names: The numbers of reservations and labels.
        sources: The last events posted, other than orders.
        outgrown: Up to when it is forgotten what counted for tiers.
    """

    FORMAT: ClassVar[str] = _FORMAT
    VERSION: ClassVar[int] = _VERSION

    @classmethod
    def new(cls, customer_id: Id) -> Account:
        """Give the account of a customer of whom nothing has happened yet.

        Args:
            customer_id: A whole number or a text.

        Raises:
            DataError: It is neither.

        Examples:
            >>> Account.new(7).version
            0
        """
        return cls(customer_id=exact_id("customer_id", customer_id))

    def balances(self, program: CompiledProgram, as_of: dt.datetime) -> tuple[Balance, ...]:
        """Give what stands in each wallet.

        Args:
            program: The programme.
            as_of: The instant of observation, exclusive; not before the last event.

        Returns:
            One for each wallet of the programme, in its order.
        """
        return viewing.balances_of(self, program, as_of)

    def lots(self, program: CompiledProgram, as_of: dt.datetime) -> tuple[Lot, ...]:
        """Give the open lots in the order in which they are spent; a debt is one below 0.

        Args:
            program: The programme.
            as_of: The instant of observation, exclusive; not before the last event.
        """
        return viewing.lots_of(self, program, as_of)

    def tier(self, program: CompiledProgram, as_of: dt.datetime) -> Standing:
        """Give the tier, since when and until when.

        Args:
            program: The programme.
            as_of: The instant of observation, exclusive; not before the last event.
        """
        return viewing.standing_of(self, program, as_of)

    def next_tier(self, program: CompiledProgram, as_of: dt.datetime) -> Missing | None:
        """Give the next tier and what is missing to it; None in the highest.

        Args:
            program: The programme.
            as_of: The instant of observation, exclusive; not before the last event.
        """
        return viewing.missing_of(self, program, as_of)

    def to_json(self) -> str:
        """Give the account as JSON text, with its format and version."""
        fields: dict[str, Any] = {
            name: value for name in _FIELDS if (value := getattr(self, name)) not in ((), None, 0)
        }
        fields["customer_id"] = self.customer_id
        if self.state is not None:
            fields["state"] = state_to_dict(self.state)
        whole = {"format": _FORMAT, "format_version": _VERSION, **fields}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Account:
        """Read an account that `to_json` wrote.

        Args:
            text: The JSON.

        Raises:
            DataError: It is no JSON of an account, or a later version of the library wrote it.
        """
        read = _opened(text)
        try:
            return _read(read)
        except (TypeError, ValueError, KeyError):
            raise DataError(
                "The JSON is not what Account.to_json() writes. Next step: read the whole text "
                "that it wrote."
            ) from None


_FIELDS = tuple(one.name for one in dataclasses.fields(Account))


def _opened(text: str | bytes) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        read = None
    if not isinstance(read, dict) or read.get("format") != _FORMAT:
        raise DataError(
            f"This is no JSON of an account. Allowed: what Account.to_json() writes, of the format "
            f"{_FORMAT!r}. Next step: read the whole text that it wrote."
        )
    version = read.get("format_version")
    if version != _VERSION or isinstance(version, bool):
        raise DataError(
            f"The JSON of an account is of version {version!r}, and this library reads version "
            f"{_VERSION}. Next step: upgrade retention_kit, or fold the customer's events again."
        )
    return {name: value for name, value in read.items() if name not in ("format", "format_version")}


def _read(given: Mapping[str, Any]) -> Account:
    if set(given) - set(_FIELDS):
        raise ValueError
    state = given.get("state")
    last = given.get("last")
    outgrown = given.get("outgrown")
    return Account(
        customer_id=exact_id("customer_id", given["customer_id"]),
        version=_whole(given.get("version", 0)),
        fingerprint=tuple(map(_text, given.get("fingerprint", ()))),
        entries=_whole(given.get("entries", 0)),
        last=None if last is None else _place(*last),
        state=None if state is None else state_from_dict(state),
        orders=tuple(exact_id("orders", one) for one in given.get("orders", ())),
        past=tuple(exact_id("past", one) for one in given.get("past", ())),
        names=tuple((_whole(number), _text(name)) for number, name in given.get("names", ())),
        sources=tuple(map(_text, given.get("sources", ()))),
        outgrown=None if outgrown is None else _whole(outgrown),
    )


def _whole(given: Any) -> int:
    if given.__class__ is not int:
        raise TypeError
    return int(given)


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


def _place(at: Any, rank: Any, number: Any, name: Any) -> Place:
    return _whole(at), _whole(rank), _whole(number), _text(name)
