"""Events that come late: the account is made again, and the ledger is put right, not rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.ledger import LATE_EVENT, Entry
from retention_kit.loyalty_rules.online.adopting import adopted
from retention_kit.loyalty_rules.online.checking import (
    check_account,
    check_compiled,
    check_event,
)
from retention_kit.loyalty_rules.online.columns import Rest
from retention_kit.loyalty_rules.online.events import Event, place_of, source_of
from retention_kit.loyalty_rules.online.exact import instant_of, microseconds
from retention_kit.loyalty_rules.online.moving import advanced
from retention_kit.loyalty_rules.online.ordering import as_taken, in_order
from retention_kit.loyalty_rules.online.posting import Posted, is_known, try_post
from retention_kit.loyalty_rules.online.refusing import LateEventError, error_of
from retention_kit.loyalty_rules.online.telling import (
    instant_or_none,
    name_or_none,
    order_of,
    worth_of,
)

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
    from retention_kit.loyalty_rules.online.account import Account

_Held = dict[tuple[int, int], tuple[int, int, int]]
"""By wallet and lot: what is left of it, from when on it is active, until when."""


def post_late(
    checkpoint: Account,
    events_since: Iterable[Event],
    late: Event,
    account: Account,
    program: CompiledProgram,
) -> Posted:
    """Take an event that happened before others which the account already holds.

    Everything since the checkpoint is taken again, with the late event in its place. What was
    written stays as it is; entries of the kind `adjust` put every lot right, and where the tier is
    another one now, an entry says so. The sum of all entries is the balance again.

    Args:
        checkpoint: The account as it was at some instant before the late event; a new one will do.
        events_since: The events that were posted after that, without the late one.
        late: The late event.
        account: The account as it is.
        program: The programme, as `compile_program` gives it.

    Returns:
        The account as it would be had the event come in time, and the entries that put it right.
        They are dated when the late event was recorded, or else with the account's last event.

    Raises:
        RefusedError: The event is refused where it stands.
        LateEventError: The checkpoint already holds events that are taken after it.
        DataError: The events since the checkpoint are not those of the account.
    """
    check_compiled(program)
    check_account(account)
    check_event(late)
    if is_known(account, late):
        return Posted(account, (), late)
    late = as_taken(late, account)
    place = place_of(late)
    if checkpoint.last is not None and place < checkpoint.last:
        raise LateEventError
    now = adopted(account, program)
    made = checkpoint
    overturned: list[str] = []
    for event in in_order((*events_since, late)):
        posted = try_post(made, event, program)
        if posted.refusal is not None:
            if source_of(event) == source_of(late):
                raise error_of(posted.refusal, posted.available)
            overturned.append(source_of(event))
        made = posted.account
    if now.last is not None and made.last != max(now.last, place) and not overturned:
        raise DataError(
            "The events since the checkpoint are not those that the account was made of. Next "
            "step: give all events that were posted after the checkpoint."
        )
    reached = now.state.cells[layout.LAST_AT]
    made = adopted(made, program)
    made = replace(made, state=advanced(made, program, reached + 1))
    at = reached if late.recorded_at is None else max(reached, microseconds(late.recorded_at))
    entries = _entries(now, made, program, late, at)
    written = now.entries + len(entries)
    made = replace(made, entries=written, version=account.version + 1)
    return Posted(made, entries, late, overturned=tuple(overturned))


def _entries(
    now: Account, made: Account, program: CompiledProgram, late: Event, at: int
) -> tuple[Entry, ...]:
    """Give what puts the ledger right: by lot, and then the tier."""
    before, after = _held(now.state), _held(made.state)
    rules_before, rules_after = _rules(now.state), _rules(made.state)
    version = made.state.cells[layout.VERSION]
    tier = name_or_none(program.tier_names, made.state.cells[layout.TIER])
    blank = Entry(
        number=0,
        at=instant_of(at),
        kind="adjust",
        source=source_of(late),
        order_id=order_of(late),
        tier=tier,
        reason=LATE_EVENT,
    )
    found: list[Entry] = []
    for wallet, lot in sorted({*before, *after}):
        was, _, _ = before.get((wallet, lot), (0, 0, 0))
        units, active, expires = after.get((wallet, lot)) or (0, *before[wallet, lot][1:])
        if units != was:
            both = (held.get((wallet, lot)) for held in (rules_before, rules_after))
            by = {rule for rule in both if rule is not None}
            found.append(
                replace(
                    blank,
                    wallet=program.wallet_names[wallet],
                    lot=lot,
                    # Lots have new numbers where the late event made one before them.
                    rule=name_or_none(program.rule_names, min(by)) if len(by) == 1 else None,
                    units=units - was,
                    value=worth_of(program, version, wallet, units - was),
                    active_at=instant_or_none(active),
                    expires_at=instant_or_none(expires),
                )
            )
    was_in = now.state.cells[layout.TIER]
    if was_in != made.state.cells[layout.TIER]:
        rose = made.state.cells[layout.TIER] > was_in
        until = instant_or_none(made.state.cells[layout.TIER_UNTIL])
        moved = replace(blank, active_at=blank.at, expires_at=until)
        found.append(replace(moved, kind="tier_up") if rose else replace(moved, kind="tier_down"))
    return tuple(
        replace(entry, number=now.entries + place) for place, entry in enumerate(found, start=1)
    )


def _held(state: Rest) -> _Held:
    return {
        (state.lot_wallet[row], state.lot_id[row]): (
            state.lot_remaining[row],
            state.lot_active[row],
            state.lot_expires[row],
        )
        for row in range(state.cells[layout.LOTS])
    }


def _rules(state: Rest) -> dict[tuple[int, int], int]:
    """Give the rule that made each lot, by wallet and lot; below 0 none did."""
    return {
        (state.lot_wallet[row], state.lot_id[row]): state.lot_rule[row]
        for row in range(state.cells[layout.LOTS])
    }
