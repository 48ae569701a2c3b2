"""Removing a person from everything the library keeps, and saying what was removed."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from retention_kit.delivery.landed_columns import landed_columns
from retention_kit.errors import DataError, bad_parameter

if TYPE_CHECKING:
    import polars as pl

    from retention_kit.delivery.journal.in_database import Journal


class Forgets(Protocol):
    """Something that keeps what is known of customers: a ledger's store."""

    def forget(self, customer_id: int | str, /) -> Any:
        """Remove a customer; give a mapping or a dataclass of counts."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed of a customer.

    Attributes:
        journal: Rows of the journal by table, the members of audiences among them.
        stores: Rows of each store by kind, in the order the stores were given.
        files: Rows of files by path; files that did not hold the customer are left out.
        unread: Files without the column that names customers, which were not touched.
        unmapped: Those of tables that were landed from a source which names no customer in them,
            and which have no such column; they were not touched either. Where a customer stands in
            them under another name, call again with that `column`.
    """

    journal: Mapping[str, int]
    stores: tuple[Mapping[str, int], ...] = ()
    files: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unread: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()


def forget(
    customer_id: int | str,
    *,
    journal: Journal | None = None,
    stores: Sequence[Forgets] = (),
    folders: Sequence[str | Path] = (),
    column: str | None = None,
) -> Forgotten:
    """Remove a customer from a journal, from ledgers and from folders of Parquet files.

    Where it fails half way, call it again. What outside systems know must be removed there.

    Args:
        customer_id: Whom, as in the tables.
        journal: A journal of deliveries.
        stores: Stores of ledgers, or whatever else has `forget`.
        folders: Folders in which tables were kept, such as `read_source(folder=…)`; every
            `*.parquet` in them is written anew without the customer's rows.
        column: The column of those files that names customers. Where None, that which the source
            of a landed table says, and `customer_id` in other files. A file's `referrer_id`, or
            what the source says is that, is emptied where it names the customer.

    Returns:
        What was removed.

    Raises:
        DefinitionError: A folder is not there, or a parameter is of another kind.
        DataError: A file cannot be read.
        JournalError: The journal cannot be written.
    """
    _check(journal, stores, folders)
    for folder in folders:
        if not Path(folder).is_dir():
            raise bad_parameter("folders", got=str(folder), allowed="folders that are there")
    files: dict[str, int] = {}
    unread: list[str] = []
    unmapped: list[str] = []
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.parquet")):
            mapped = landed_columns(path)
            names = mapped or {}
            removed = _without(
                path,
                customer_id,
                column or names.get("customer_id", "customer_id"),
                names.get("referrer_id", "referrer_id"),
            )
            if removed is None:
                (unread if mapped is None or column else unmapped).append(str(path))
            elif removed:
                files[str(path)] = removed
    return Forgotten(
        journal={} if journal is None else _from_journal(customer_id, journal),
        stores=tuple(_counts(store.forget(customer_id)) for store in stores),
        files=files,
        unread=tuple(unread),
        unmapped=tuple(unmapped),
    )


def _check(journal: object, stores: object, folders: object) -> None:
    """Refuse what is of another kind before anything is removed."""
    if journal is not None and not hasattr(journal, "forget"):
        raise bad_parameter(
            "journal",
            got=type(journal).__name__,
            allowed="a Journal or None",
            step="open it: Journal(path).",
        )
    if not isinstance(stores, Sequence) or not all(hasattr(one, "forget") for one in stores):
        raise bad_parameter(
            "stores",
            got=type(stores).__name__,
            allowed="a list of what has forget",
            step="put a single store into a list.",
        )
    if (
        isinstance(folders, str)
        or not isinstance(folders, Sequence)
        or not all(isinstance(one, str | Path) for one in folders)
    ):
        raise bad_parameter(
            "folders",
            got=type(folders).__name__,
            allowed="a list of paths",
            step="put a single folder into a list.",
        )


def _from_journal(customer_id: int | str, journal: Journal) -> dict[str, int]:
    from retention_kit.delivery.audiences.forgetting import forget_member

    return {**forget_member(journal, customer_id), **journal.forget(customer_id)}


def _counts(said: Any) -> Mapping[str, int]:
    if dataclasses.is_dataclass(said) and not isinstance(said, type):
        return dataclasses.asdict(said)
    return dict(said) if isinstance(said, Mapping) else {"rows": int(said or 0)}


def _without(path: Path, customer_id: int | str, column: str, referrer: str) -> int | None:
    """Write a file anew without a customer; give how many rows that concerned.

    Returns:
        None where the file does not say whose its rows are.
    """
    import polars as pl

    try:
        # A glob in the path is a name here.
        table = pl.scan_parquet(path, glob=False)
        names = table.collect_schema().names()
        named = [name for name in (column, referrer) if name in names]
        if not named:
            return None
        is_named = {name: _is(name, customer_id) for name in named}
        concerned = table.select(pl.any_horizontal(is_named.values()).sum()).collect().item()
        if not concerned:
            return 0 if column in names else None
        kept = table
        if column in is_named:
            kept = kept.filter(~is_named[column])
        if referrer in is_named:
            emptied = pl.when(~is_named[referrer]).then(pl.col(referrer))
            kept = kept.with_columns(emptied)
        # In the same folder, and under a name that nobody reads as a table.
        beside = path.with_name(f".{path.name}.forgetting")
        try:
            kept.sink_parquet(beside)
            _kept_durably(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except pl.exceptions.PolarsError:
        raise DataError(
            f"The file {str(path)!r} cannot be read as Parquet. Next step: remove or mend it, then "
            "call again."
        ) from None
    return int(concerned)


def _is(column: str, customer_id: int | str) -> pl.Expr:
    import polars as pl

    return (pl.col(column).cast(pl.String) == str(customer_id)).fill_null(value=False)


def _kept_durably(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
