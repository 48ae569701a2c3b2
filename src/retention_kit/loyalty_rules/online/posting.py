"""Events posted to an account, one after the other: what each changes, and what it writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from retention_kit.errors import bad_parameter
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
from retention_kit.loyalty_rules.online.account import Account
from retention_kit.loyalty_rules.online.adopting import adopted
from retention_kit.loyalty_rules.online.checking import (
    check_account,
    check_compiled,
    check_event,
)
from retention_kit.loyalty_rules.online.columns import Rest, closed
from retention_kit.loyalty_rules.online.events import (
    Delivery,
    Event,
    Id,
    Order,
    Place,
    Return,
    Transfer,
    place_of,
    source_of,
)
from retention_kit.loyalty_rules.online.exact import (
    MICROSECOND,
    exact_as_of,
    exact_units,
    microseconds,
)
from retention_kit.loyalty_rules.online.forgetting import SOURCES, forgotten
from retention_kit.loyalty_rules.online.moving import moved, passed
from retention_kit.loyalty_rules.online.ordering import as_taken, in_order
from retention_kit.loyalty_rules.online.preparing import Row, prepared, wallet_of
from retention_kit.loyalty_rules.online.refusing import (
    REFUSALS,
    LateEventError,
    error_of,
    figure_of,
)
from retention_kit.loyalty_rules.online.results import Folded, Older, Posted
from retention_kit.loyalty_rules.online.telling import told

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.ledger import Entry

__all__ = [
    "Folded",
    "Older",
    "Posted",
    "fold",
    "grow_older",
    "is_known",
    "place_of",
    "post",
    "transfer",
    "try_post",
]


def post(account: Account, event: Event, program: CompiledProgram) -> Posted:
    """Take an event into an account.

    The same event again changes nothing. Neither does one that no rule and no wallet looks at.

    Args:
        account: The account as it is.
        event: What happened, not before the last event that was posted.
        program: The programme, as `compile_program` gives it.

    Returns:
        The account after it and the entries that were written.

    Raises:
        RedemptionRefusedError: More is to be spent than there is, or than the programme allows.
        RefusedError: The event is of an unknown order, reservation or label, or comes too late.
        LateEventError: The account holds events that are taken after it.
        OtherProgramError: The account was made under another programme.
        DataError: The event is in another currency, or of a wallet that there is not.
    """
    posted = try_post(account, event, program)
    if posted.refusal is not None:
        raise error_of(posted.refusal, posted.available)
    return posted


def try_post(account: Account, event: Event, program: CompiledProgram) -> Posted:
    """Take an event into an account as `post` does, and give a refusal instead of raising it.

    Args:
        account: The account as it is.
        event: What happened, not before the last event that was posted.
        program: The programme, as `compile_program` gives it.

    Raises:
        LateEventError: The account holds events that are taken after it.
        OtherProgramError: The account was made under another programme.
        DataError: The event is in another currency, or of a wallet that there is not.
    """
    check_compiled(program)
    check_account(account)
    check_event(event)
    if is_known(account, event):
        return Posted(account, (), event)
    event = as_taken(event, account)
    place = place_of(event)
    if account.last is not None and place < account.last:
        raise LateEventError
    account = adopted(account, program)
    row = prepared(event, account, program)
    if row is None:
        return Posted(account, (), event)
    if isinstance(event, Return) and event.original_order_id in account.past:
        return Posted(account, (), event, "too_late")
    assert account.state is not None
    if isinstance(event, Delivery) and event.order_id in account.past:
        # Nothing of it waits any more, or it would not be forgotten.
        state, out = passed(account.state, program, row.at + 1)
        answer = layout.DONE
    else:
        answer, state, out = moved(account.state, program, row.as_events())
    if answer != layout.DONE:
        code = REFUSALS[answer]
        return Posted(account, (), event, code, figure_of(code, state.cells[layout.INFO]))
    entries = told(out, program, event, account.entries)
    now = _changed(account, event, row, closed(state), place, len(entries))
    return Posted(forgotten(now, program), entries, event)


def fold(
    customer_id: Id, events: Iterable[Event], program: CompiledProgram, *, as_of: dt.datetime
) -> Folded:
    """Make an account of everything that happened to a customer before an instant.

    Args:
        customer_id: Whose it is.
        events: What happened, in any order; what is there twice counts once.
        program: The programme, as `compile_program` gives it.
        as_of: The instant of observation, exclusive.

    Returns:
        The account as it then is, all entries, and what was refused.
    """
    check_compiled(program)
    until = exact_as_of(as_of)
    events = list(events)
    for event in events:
        check_event(event)
    account = Account.new(customer_id)
    entries: list[Entry] = []
    refused: list[Posted] = []
    for event in in_order(one for one in events if one.at < until):
        posted = try_post(account, event, program)
        account = posted.account
        entries += posted.entries
        if posted.refusal is not None:
            refused.append(posted)
    grown = grow_older(account, program, as_of=until)
    return Folded(grown.account, (*entries, *grown.entries), tuple(refused))


def grow_older(account: Account, program: CompiledProgram, *, as_of: dt.datetime) -> Older:
    """Write down what time has brought about before an instant: what expired, what became active.

    Nothing depends on its being written down: the next post does it anyway.

    Args:
        account: The account.
        program: The programme.
        as_of: The instant, exclusive; not before the last event.
    """
    check_compiled(program)
    check_account(account)
    until = microseconds(exact_as_of(as_of))
    if account.last is None or until <= account.last[0]:
        return Older(account, ())
    account = adopted(account, program)
    assert account.state is not None
    state, out = passed(account.state, program, until)
    entries = told(out, program, None, account.entries)
    if not entries:
        return Older(account, ())
    count = account.entries + len(entries)
    return Older(
        replace(account, state=closed(state), entries=count, version=account.version + 1), entries
    )


def transfer(
    sender: Account,
    receiver: Account,
    *,
    key: str,
    at: dt.datetime,
    units: int,
    wallet: str,
    program: CompiledProgram,
) -> tuple[Posted, Posted]:
    """Let units go from one customer to another.

    Args:
        sender: Whose they are.
        receiver: Who gets them.
        key: What tells the transfer from others.
        at: When.
        units: How many of the wallet's smallest units, above 0.
        wallet: Of which wallet.
        program: The programme.

    Returns:
        What became of either side; `Posted.event` is what was posted to it.

    Raises:
        RedemptionRefusedError: The sender has not so many.
        DefinitionError: Sender and receiver are one, or nothing is to go.
        LateEventError: One of the accounts holds events that are taken after it.
    """
    check_compiled(program)
    if sender.customer_id == receiver.customer_id:
        raise bad_parameter("receiver", got="the sender", allowed="another customer")
    if exact_units("units", units) == 0:
        raise bad_parameter("units", got=units, allowed="a whole number above 0")
    going = Transfer(key=key, at=at, units=-units, wallet=wallet, other=receiver.customer_id)
    coming = Transfer(key=key, at=at, units=units, wallet=wallet, other=sender.customer_id)
    if not is_known(sender, going):
        _check_transfer(sender, going, program)
    return post(sender, going, program), post(receiver, coming, program)


def _check_transfer(sender: Account, going: Transfer, program: CompiledProgram) -> None:
    """Raise where a sender has not so many; what a shop says has gone is a fact to the kernel."""
    if sender.last is not None and place_of(going) < sender.last:
        raise LateEventError
    number = wallet_of(going.wallet, program, program.version_at(microseconds(going.at)))
    there = sender.balances(program, going.at + MICROSECOND)[number].available
    if -going.units > there:
        raise error_of("over_balance", max(there, 0))


def is_known(account: Account, event: Event) -> bool:
    """Say whether an event was posted already, as far as the account remembers."""
    if isinstance(event, Order):
        return event.order_id in account.orders or event.order_id in account.past
    return source_of(event) in account.sources


def _changed(
    account: Account, event: Event, row: Row, state: Rest, place: Place, written: int
) -> Account:
    """Give an account that knows of an event."""
    orders, sources = account.orders, account.sources
    if isinstance(event, Order):
        orders = (*orders, event.order_id)
    else:
        sources = (*sources[-SOURCES + 1 :], source_of(event))
    return Account(
        customer_id=account.customer_id,
        version=account.version + 1,
        fingerprint=account.fingerprint,
        entries=account.entries + written,
        last=place,
        state=state,
        orders=orders,
        past=account.past,
        names=row.names,
        sources=sources,
        outgrown=account.outgrown,
    )
