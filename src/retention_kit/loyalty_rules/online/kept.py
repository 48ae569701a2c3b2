"""What is kept of one customer: the fields of an account, without what one asks of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from retention_kit.loyalty_rules.online.columns import Rest

if TYPE_CHECKING:
    from retention_kit.loyalty_rules.online.events import Id, Place


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """The fields of an `Account`, which says what each is."""

    customer_id: Id
    version: int = 0
    fingerprint: tuple[str, ...] = ()
    entries: int = 0
    last: Place | None = None
    state: Rest = dataclasses.field(default=None, repr=False)
    orders: tuple[Id, ...] = dataclasses.field(default=(), repr=False)
    past: tuple[Id, ...] = dataclasses.field(default=(), repr=False)
    names: tuple[tuple[int, str], ...] = dataclasses.field(default=(), repr=False)
    sources: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    outgrown: int | None = dataclasses.field(default=None, repr=False)
