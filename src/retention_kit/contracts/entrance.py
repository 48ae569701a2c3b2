"""All tables of a shop come through the door together, and a dataset comes out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import polars as pl

from retention_kit._logging import get_logger
from retention_kit.contracts import items, lines
from retention_kit.contracts.bundle import Bundle
from retention_kit.contracts.door import Admission, Staged, admit, stage, turned_over
from retention_kit.contracts.files import check_separator
from retention_kit.contracts.health import DataHealth, TableHealth
from retention_kit.contracts.ids import checked_guest_ids, decide_id_types, guest_expression
from retention_kit.contracts.mapping import mapping_by_table, rename, require
from retention_kit.contracts.opened import Opened
from retention_kit.contracts.options import check_options
from retention_kit.contracts.orders_door import HEAVY_SHARE, admit_orders
from retention_kit.contracts.proposals import (
    as_proposed,
    cut_rows,
    explaining,
    guests,
    in_plain_cells,
    propose,
    refuse,
    warnings_of,
    with_proposed,
)
from retention_kit.contracts.reading import Reading
from retention_kit.contracts.repeats import find_repeats, ids_behind, row_hash, settle, sort_key
from retention_kit.contracts.resolve import reading_for, with_own_rules
from retention_kit.contracts.schemas import table_schema
from retention_kit.contracts.signals import KEPT, Signals, take_signals
from retention_kit.contracts.sources import Source, open_source
from retention_kit.contracts.tables import DESCRIPTIONS, TABLES
from retention_kit.errors import DataWarning, RowsRejectedError, bad_parameter

logger = get_logger(__name__)
B = TypeVar("B", bound=Bundle)
_ALWAYS = pl.lit(value=True)


def enter(
    kind: type[B], sources: Mapping[str, Source], options: Mapping[str, Any], *, warn: bool = True
) -> B:
    """Read foreign tables into a dataset.

    Args:
        kind: What to make of them.
        sources: By table; `lines` stands for `orders` and `order_items`.
        options: As `DoorOptions` describes them.
        warn: Whether what asks for a look is a Python warning besides standing in `health`.

    Returns:
        The dataset.
    """
    check_options(options)
    check_separator(options.get("separator"))
    opened = {
        name: open_source(name, source, separator=options.get("separator"))
        for name, source in sources.items()
    }
    mapping = mapping_by_table(
        options.get("columns"), {name: source.schema for name, source in opened.items()}
    )
    proposals = propose(sources, opened, mapping)
    mapping = with_proposed(opened, mapping, proposals, options)
    for name, source in opened.items():
        with explaining(name, sources[name], proposals):
            require(name, source.schema, mapping[name])
    opened = {name: _renamed(name, source, mapping[name]) for name, source in opened.items()}
    reject_lines = options.get("duplicate_lines", "keep") == "reject"
    if reject_lines and not {"lines", "order_items"} & opened.keys():
        raise bad_parameter("duplicate_lines", got="reject", allowed="'keep', without lines")
    reading = reading_for(opened, options)
    refuse(proposals, options, mapping)
    readings = as_proposed(reading, options, proposals)
    if any(one.positive_returns == "negate" for one in readings.values()):
        # Lines of their own, and orders made of lines, follow what is said of the orders.
        reading = replace(reading, positive_returns="negate")
    opened = in_plain_cells(opened, proposals, options)
    id_types = decide_id_types(
        {name: source.schema for name, source in opened.items()}, as_text=reading.ids_as_text
    )
    staged = {
        name: stage(name, source.frame, source.schema, readings.get(name, reading), id_types)
        for name, source in opened.items()
    }
    staged = with_own_rules(staged, options.get("rules") or {})
    guest_ids = checked_guest_ids(guests(options, proposals))
    entrance = _Entrance(
        reading=reading,
        opened=opened,
        id_types=id_types,
        guest=guest_expression(guest_ids, id_types),
        guest_ids=guest_ids,
        reject_duplicate_lines=reject_lines,
        strict=bool(options.get("strict", False)),
        warn=warn,
        warnings=warnings_of(proposals, options),
    )
    return kind(**entrance.walk_in(staged))


@dataclass(slots=True)
class _Entrance:
    """What is gathered while the tables of one dataset come in."""

    reading: Reading
    opened: Mapping[str, Opened]
    id_types: Mapping[str, pl.DataType]
    guest: pl.Expr
    guest_ids: Sequence[int | str]
    reject_duplicate_lines: bool
    strict: bool
    warn: bool
    tables: dict[str, pl.LazyFrame] = field(default_factory=dict)
    rejected: dict[str, pl.LazyFrame] = field(default_factory=dict)
    health: dict[str, TableHealth] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    heavy_customers: int = 0

    def walk_in(self, staged: Mapping[str, Staged]) -> dict[str, Any]:
        if "lines" in staged:
            self._lines(staged["lines"])
        else:
            orders = staged["orders"]
            self._orders(orders, with_lines="order_items" in staged, source=self.opened["orders"])
            if "order_items" in staged:
                self._order_items(staged["order_items"])
        for name, table in staged.items():
            if name not in ("orders", "order_items", "lines"):
                self._other(name, table)
        for sentence in self.warnings if self.warn else ():
            # Four steps out: walk_in, enter, the classmethod, and the caller's own line.
            warnings.warn(sentence, DataWarning, stacklevel=4)
        return {
            **{name: self.tables.get(name, self._empty(name)) for name in _FRAMES},
            "time_zone": self.reading.time_zone,
            "currency": str(self.reading.currency),
            "given": frozenset(self.health),
            "rejected": self.rejected,
            "health": DataHealth(
                tables={name: self.health[name] for name in TABLES if name in self.health},
                warnings=tuple(self.warnings),
                heavy_customers=self.heavy_customers,
            ),
        }

    def _orders(self, staged: Staged, *, with_lines: bool, source: Opened) -> None:
        came = admit_orders(
            staged,
            guest=self.guest,
            with_lines=with_lines,
            run=source.collect,
        )
        accepted = came.admission.accepted
        self.tables["all_orders"] = accepted
        self._split_guests("orders", accepted, came.guests)
        self._note("orders", came.admission, guests=came.guests, notes=came.notes)
        self.heavy_customers = came.heavy_customers
        if came.heavy_customers:
            self.warnings.append(
                f"{came.heavy_customers:,} customer(s) hold more than {HEAVY_SHARE:.0%} of all "
                f"sales each, the largest {came.heaviest_share:.1%}. If such an id is shared by "
                "guests, name it: guest_ids=[…]."
            )

    def _order_items(self, staged: Staged) -> None:
        orders = self.tables["all_orders"]
        has_returns = bool(self.health["orders"].notes.get("returns"))
        linked = items.link(staged, orders, has_returns=has_returns)
        if self.reading.positive_returns == "negate":
            turned = turned_over(("quantity", "amount"))
            linked = replace(linked, frame=linked.frame.with_columns(turned))
        self._admit_lines(linked, source=self.opened["order_items"])

    def _lines(self, staged: Staged) -> None:
        source = self.opened["lines"]
        # Only rows that can be read make orders; the rest is judged with the lines below.
        by_status = "status" in source.schema
        kept = staged.kept().select(staged.columns)
        if self._rejects_copies(source):
            # A copy must not stand in the order's amount either.
            came, signals = _admitted(staged, {}, row_hash(staged), source)
            if find_repeats(signals.column("key", KEPT)).extra:
                kept = self._without_copies(came, staged, signals, source)[0].accepted
        made = lines.one_status(source.collect(lines.orders_of(kept, by_status=by_status)))
        orders = stage("orders", made.lazy(), made.schema, self.reading, self.id_types)
        agree = {"several_customers": ~pl.col(lines.SEVERAL)}
        orders = replace(
            orders,
            rules={**orders.rules, **agree},
            columns=tuple(name for name in orders.columns if name != lines.SEVERAL),
            foreign={key: name for key, name in orders.foreign.items() if name != lines.SEVERAL},
        )
        self._orders(orders, with_lines=False, source=Opened(made.lazy(), made.schema))
        linked = items.link_by_kind(staged, self.tables["all_orders"], by_status=by_status)
        wanted = lines.item_columns(linked.columns)
        linked = replace(linked, table="order_items", columns=(*wanted, *items.FROM_ORDER))
        self._admit_lines(linked, source=source)

    def _admit_lines(self, staged: Staged, *, source: Opened) -> None:
        came, signals = _admitted(staged, {"guests": self.guest}, row_hash(staged), source)
        guests = signals.count(KEPT, "guests")
        copies = find_repeats(signals.column("key", KEPT)).extra
        if copies and self._rejects_copies(source):
            came, out = self._without_copies(came, staged, signals, source)
            guests -= int(out.select(self.guest.sum()).item() or 0)
            copies -= out.height
        notes = {"duplicate_lines": copies} if copies else {}
        self._split_guests("order_items", came.accepted, guests)
        self._note("order_items", came, guests=guests, notes=notes)

    def _rejects_copies(self, source: Opened) -> bool:
        return "line_id" in source.schema or self.reject_duplicate_lines

    def _without_copies(
        self, came: Admission, staged: Staged, signals: Signals, source: Opened
    ) -> tuple[Admission, pl.DataFrame]:
        """Reject copies of lines that have an id, and by option of all; others are bought twice."""
        copies = find_repeats(signals.column("key", KEPT))
        same = _ALWAYS if self.reject_duplicate_lines else pl.col("line_id").is_not_null()
        run = source.collect
        ids = ids_behind(staged, "order_id", same, row_hash(staged), copies, run)
        repeats = same & pl.col("order_id").is_in(ids.implode())
        return settle(came, staged, repeats, key="order_id", unique=~_ALWAYS, run=run)

    def _other(self, name: str, staged: Staged) -> None:
        source = self.opened[name]
        if self.guest_ids and DESCRIPTIONS[name].by_customer and name != "reviews":
            staged = replace(staged, rules={**staged.rules, "guest_id": ~self.guest})
        key = TABLES[name].key
        keyed = None if key is None else sort_key(key, staged.frame.collect_schema()[key])
        came, signals = _admitted(staged, {}, keyed, source)
        if key is not None and keyed is not None:
            repeats = find_repeats(signals.column("key", KEPT))
            if repeats.extra:
                ids = ids_behind(staged, key, _ALWAYS, keyed, repeats, source.collect)
                came, _ = settle(
                    came,
                    staged,
                    pl.col(key).is_in(ids.implode()),
                    key=key,
                    unique=_ALWAYS,
                    run=source.collect,
                )
        self.tables[name] = came.accepted
        self._note(name, came)

    def _split_guests(self, name: str, accepted: pl.LazyFrame, guests: int) -> None:
        self.tables[name] = accepted.filter(~self.guest) if guests else accepted
        self.tables[f"guest_{name}"] = (
            accepted.filter(self.guest)
            if guests
            else pl.LazyFrame(schema=accepted.collect_schema())
        )

    def _note(
        self,
        name: str,
        came: Admission,
        *,
        guests: int = 0,
        notes: Mapping[str, int] | None = None,
    ) -> None:
        lost = sum(came.counts.values())
        if lost and self.strict:
            raise RowsRejectedError(name, read=came.read, rejected=came.counts)
        if lost > came.read * 0.01:
            self.warnings.append(
                f"{lost:,} of {came.read:,} rows of table {name!r} were rejected "
                f"({lost / came.read:.1%}): {', '.join(came.counts)}. "
                f"Look at dataset.rejected[{name!r}]."
                + _NEXT_STEP
                * bool({"positive_return", "positive_return_line"} & {*came.counts})
            )
        logger.info("table %s: %d read, %d rejected", name, came.read, lost)
        self.rejected[name] = came.rejected
        self.health[name] = TableHealth(
            table=name,
            read=came.read,
            accepted=came.read - lost,
            rejected=dict(came.counts),
            guests=guests,
            notes={**(notes or {}), **cut_rows(name, self.opened)},
        )

    def _empty(self, name: str) -> pl.LazyFrame:
        table = name.removeprefix("guest_")
        schema = table_schema(table, time_zone=self.reading.time_zone, id_types=dict(self.id_types))
        return pl.LazyFrame(schema=schema)


def _admitted(
    staged: Staged, flags: Mapping[str, pl.Expr], key: pl.Expr | None, source: Opened
) -> tuple[Admission, Signals]:
    signals = take_signals(
        staged.frame,
        {KEPT: staged.keeps_all, **flags},
        {} if key is None else {"key": key},
        run=source.collect,
    )
    kept = signals.count(KEPT)
    return admit(staged, read=signals.count(), kept=kept, run=source.collect), signals


_NEXT_STEP = (
    " If returns are written without a minus: positive_returns='negate' (--positive-returns on the "
    "command line)."
)
_FRAMES = (*TABLES, "guest_orders", "guest_order_items")


def _renamed(name: str, source: Opened, mapping: Mapping[str, str]) -> Opened:
    frame = rename(name, source.frame, source.schema, mapping)
    return replace(source, frame=frame, schema=frame.collect_schema())
