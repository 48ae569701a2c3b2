"""An account under a programme: the one that it was made under, or the same with more versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from retention_kit.errors import DataError
from retention_kit.loyalty_rules.kernel import layout
from retention_kit.loyalty_rules.kernel.moments import window_start
from retention_kit.loyalty_rules.kernel.room import new_state
from retention_kit.loyalty_rules.online.columns import OF_PROGRAM, Rest, closed
from retention_kit.loyalty_rules.online.kept import Kept

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.lowered.plan import CompiledProgram

AnyKept = TypeVar("AnyKept", bound=Kept)
"""An account, or what is kept of one."""


class OtherProgramError(DataError):
    """An account was made under another programme, or in another time zone."""


def adopted(account: AnyKept, program: CompiledProgram) -> AnyKept:
    """Give an account as it stands under a programme.

    Args:
        account: The account, which may be new.
        program: The programme that it was made under, or a history that goes on from that.

    Raises:
        OtherProgramError: It is another programme; or a version was added that would have been in
            force at an instant which has passed.
    """
    theirs = program.fingerprint
    mine = account.fingerprint
    if mine == theirs and account.state is not None:
        return account
    fresh = _new(program)
    if account.state is None:
        return replace(account, fingerprint=theirs, state=fresh)
    if theirs[: len(mine)] != mine:
        raise OtherProgramError(
            "The account was made under another programme, or in another time zone. Next step: "
            "add what is new as a version of a ProgramHistory that begins with the old "
            "programme; or fold the customer's events again."
        )
    _check_is_later(account, account.state, program, len(mine))
    return replace(account, fingerprint=theirs, state=_widened(account.state, fresh, program))


def _new(program: CompiledProgram) -> Rest:
    state = new_state(
        program.rules,
        lambda count: [0] * count,
        lots=0,
        records=0,
        awards=0,
        spendings=0,
        holds=0,
        qualifying=0,
    )
    return closed(state)


def _widened(state: Rest, fresh: Rest, program: CompiledProgram) -> Rest:
    """Give a state room for the rules, caps and discounts that are new."""
    wider = {
        name: (*getattr(state, name), *getattr(fresh, name)[len(getattr(state, name)) :])
        for name in OF_PROGRAM
    }
    cells = list(state.cells)
    following = cells[layout.VERSION] + 1
    if following < program.rules.versions:
        # What was the last version is one with an end now.
        starts = program.rules.version_from[following]
        cells[layout.NEXT_DUE] = min(cells[layout.NEXT_DUE], starts)
    return state._replace(cells=tuple(cells), **wider)


def _check_is_later(account: Kept, state: Rest, program: CompiledProgram, known: int) -> None:
    rules = program.rules
    for version in range(known, rules.versions):
        starts = rules.version_from[version]
        if starts <= state.cells[layout.LAST_AT]:
            raise OtherProgramError(
                "A version of the programme begins before what the account already holds. Next "
                "step: let it begin later, or fold the customer's events again."
            )
        if account.outgrown is not None and rules.tiers[version] > 0:
            needed = window_start(rules, version, starts)
            if rules.ladder_window[version] >= 0 and needed < account.outgrown:
                raise OtherProgramError(
                    "A version of the programme looks further back for its tiers than the account "
                    "remembers. Next step: fold the customer's events again."
                )
