"""Whether what is handed in is what everything about one customer takes."""

from __future__ import annotations

from typing import get_args

from retention_kit.errors import DefinitionError, bad_parameter
from retention_kit.loyalty_rules.lowered.compiled import CompiledProgram
from retention_kit.loyalty_rules.online.events import Event, Order
from retention_kit.loyalty_rules.online.kept import Kept

_EVENTS = get_args(Event)


def check_compiled(program: object) -> None:
    """Raise where a programme is not compiled.

    Raises:
        DefinitionError: It is not.
    """
    if not isinstance(program, CompiledProgram):
        raise bad_parameter(
            "program",
            got=type(program).__name__,
            allowed="a CompiledProgram",
            step="compile_program(program, time_zone='Europe/Moscow') makes one.",
        )


def check_account(account: object) -> None:
    """Raise where it is no account.

    Raises:
        DefinitionError: It is none.
    """
    if not isinstance(account, Kept):
        raise bad_parameter(
            "account",
            got=type(account).__name__,
            allowed="an Account",
            step="Account.new(customer_id) is that of a customer of whom nothing has happened yet.",
        )


def check_event(event: object) -> None:
    """Raise where it is no event of an account; triggers and simulations have namesakes.

    Raises:
        DefinitionError: It is none.
    """
    if not isinstance(event, _EVENTS):
        raise _no_event("event", event)


def check_order(order: object) -> None:
    """Raise where it is no order.

    Raises:
        DefinitionError: It is none.
    """
    if isinstance(order, Order):
        return
    if isinstance(order, _EVENTS):
        raise bad_parameter("order", got=type(order).__name__, allowed="an Order")
    raise _no_event("order", order)


def _no_event(parameter: str, event: object) -> DefinitionError:
    kind = type(event)
    known = {one.__name__ for one in _EVENTS}
    where = "retention_kit.loyalty_rules.online"
    is_namesake = kind.__name__ in known
    return bad_parameter(
        parameter,
        got=f"{kind.__module__}.{kind.__name__}" if is_namesake else kind.__name__,
        allowed=f"an event of {where}: {', '.join(one.__name__ for one in _EVENTS)}",
        step=f"from {where} import {kind.__name__}, which is another class of that name."
        if is_namesake
        else "event_from_dict(…) makes one of plain data.",
    )
