"""`dry_run`: everything that `dispatch` does but the call, and nothing is written."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.dispatching.deciding import Rules, of_the_refused
from retention_kit.delivery.dispatching.intake import Allow, Intake, Refused
from retention_kit.delivery.dispatching.rows import Row
from retention_kit.delivery.dispatching.seen import SeenIds
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.delivery.journal.records import Known
from retention_kit.delivery.report import actions_in_words, reasons_in_words

if TYPE_CHECKING:
    import polars as pl

_AT_ONCE: Final = 1_000
_COLUMNS: Final = ("id", "customer_id", "kind", "group", "what", "code", "detail")
_SENT: Final = frozenset({"send", "send_anew", "send_together"})


@dataclass(frozen=True, slots=True)
class DryRun:
    """What `dispatch` would do.

    Attributes:
        channel: The channel's name.
        counts: Actions by `what`.
        table: One row per action, in the order they came: `id`, `customer_id`, `kind`, `group`,
            `what` (`send`, `rejected`, `suppressed`, `already_done`, `already_rejected`,
            `changed`, `duplicates`, `elsewhere`, `pending`, `unknown`), and for what is rejected
            or suppressed `code` and `detail`; all text.
    """

    channel: str
    counts: Mapping[str, int]
    table: pl.DataFrame = field(repr=False)

    def __str__(self) -> str:
        words = {"send": "to send", "send_together": "to send"}
        said = []
        for what, count in self.counts.items():
            codes = self.table.filter(what=what)["code"].value_counts(sort=True).rows()
            why = reasons_in_words({code: number for code, number in codes if code})
            said.append(f"{count:,} {words.get(what, what).replace('_', ' ')}{why}")
        number = sum(self.counts.values())
        return (
            f"{self.channel}, dry run: {actions_in_words(number)}"
            f"{': ' + ', '.join(said) if said else ''}."
        )


def dry_run(
    actions: Iterable[Action],
    channel: Channel,
    journal: Journal | None = None,
    *,
    allow: Allow | None = None,
    retry_rejected: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> DryRun:
    """Say what `dispatch` would do with actions: nobody outside is asked, and nothing is written.

    Args:
        actions: What would be done.
        channel: Where to.
        journal: What was done before; nothing where None.
        allow: Gives why an action is to be left out, or None.
        retry_rejected: Whether what was rejected before would be tried again.
        clock: The time.

    Returns:
        A table and its counts.

    Raises:
        RetentionKitError: The channel cannot work as it is set up.

    Examples:
        >>> from retention_kit.delivery import SendMessage
        >>> from retention_kit.testing.channels import MemoryChannel
        >>> letters = [
        ...     SendMessage(campaign="hello", customer_id=1, email="a@shop.example", text="Hi"),
        ...     SendMessage(campaign="hello", customer_id=2, text="Hi"),
        ... ]
        >>> dry_run(letters, MemoryChannel()).table.select("customer_id", "what", "code").rows()
        [('1', 'send', ''), ('2', 'rejected', 'no_identifier')]
    """
    import polars as pl

    intake = Intake(channel, allow)
    rules = Rules(channel.capabilities, retry_rejected, clock)
    seen = SeenIds()
    source = iter(actions)
    parts: list[pl.DataFrame] = []
    schema = dict.fromkeys(_COLUMNS, pl.String)
    while some := list(itertools.islice(source, _AT_ONCE)):
        known: Mapping[str, Known] = {}
        if journal is not None:
            known = journal.known(channel.name, [action.id for action in some])
        new = seen.add([action.id for action in some])
        rows = [
            _said(action, intake, rules, known) if is_new else _row(action, "duplicates")
            for action, is_new in zip(some, new, strict=True)
        ]
        parts.append(pl.DataFrame(rows, schema=schema, orient="row"))
    table = pl.concat([pl.DataFrame(schema=schema), *parts])
    return DryRun(channel.name, dict(Counter(table["what"].to_list()).most_common()), table)


def _said(
    action: Action, intake: Intake, rules: Rules, known: Mapping[str, Known]
) -> tuple[str, ...]:
    made = intake.take(action)
    before = known.get(action.id)
    if isinstance(made, Row):
        what = rules.decide(made, before)
        return _row(action, "send" if what in _SENT else what, group=made.payload.group)
    if before is not None and before.state not in ("planned", "rejected", "suppressed"):
        return _row(action, of_the_refused(before))
    return _row(action, _refusal(made), code=made.code, detail=made.detail)


def _refusal(made: Refused) -> str:
    return "suppressed" if made.suppressed else "rejected"


def _row(
    action: Action, what: str, *, group: str = "", code: str = "", detail: str = ""
) -> tuple[str, ...]:
    return (action.id, str(action.customer_id), action.kind, group, what, code, detail)
