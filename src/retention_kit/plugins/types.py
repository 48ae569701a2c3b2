"""What a plugin says of a source and of a section of the report, and what a source is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, Self, runtime_checkable

from retention_kit.delivery.channels import AdapterContext, Channel

if TYPE_CHECKING:
    import polars as pl
    import pydantic

SOURCE_API_VERSION: Final = 1
"""The version of the interface of sources; a spec says which it was written to, as a literal."""

SECTION_API_VERSION: Final = 1
"""The version of the interface of report sections."""

Cursor = dt.datetime | int | str
"""How far a table was read: the last instant of change, or the last id."""


@dataclass(frozen=True, kw_only=True)
class SourceTable:
    """What a source says of one of its tables.

    Attributes:
        name: The table's name in the source: `orders`, or what the outside system calls it.
        becomes: The table of a `Dataset` that it is; None for a table of the source's own.
        key: The columns by which a row is one and the same; later rows take the place of earlier
            ones.
        cursor: The column that `since` speaks of; None where the table can only be read whole.
        cursor_kind: Whether the cursor is when a row was `modified_at`, so that late changes come
            again, or an `id` that only grows, so that they do not.
        deletions: The Boolean column that marks a row as deleted when it is read with `since`;
            None where the source does not tell of deletions.
        columns: How columns of the source become columns of the table, by the latter's name, as
            `Dataset.from_frames(columns=…)` takes it.
        mapping_options: Further options of the door for this table (`DoorOptions`), by name.
    """

    name: str
    becomes: str | None = None
    key: tuple[str, ...] = ()
    cursor: str | None = None
    cursor_kind: Literal["modified_at", "id"] = "modified_at"
    deletions: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    mapping_options: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Source(Protocol):
    """Gives the tables of one outside system, lazily."""

    @property
    def name(self) -> str:
        """The instance's name: `bitrix24`, `bitrix24.msk`."""
        ...

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """Its tables by name."""
        ...

    def scan(self, table: str, *, since: Cursor | None = None) -> pl.LazyFrame:
        """Give a table as a lazy frame; nothing but its schema is asked for before it is collected.

        Rows arrive in batches; columns that are not needed and rows past an unfiltered `head` are
        not asked for where the outside system allows. Use `plugins.io_source.lazy_source`.

        Args:
            table: One of `tables`.
            since: Only rows whose cursor is at or after this. Rows at exactly this instant come
                again: their key tells that they are known.

        Raises:
            DefinitionError: There is no such table, or it has no cursor and `since` is given.
        """
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class OpenSource(Source, Protocol):
    """A source that `open_source` gave; `with` closes it at the end."""

    def __enter__(self) -> Self:
        """Give the source itself."""
        ...

    def __exit__(self, *raised: object) -> None:
        """Let go of connections."""
        ...


class OpenChannel(Channel, Protocol):
    """A channel that `open_channel` gave; `with` closes it at the end."""

    def __enter__(self) -> Self:
        """Give the channel itself."""
        ...

    def __exit__(self, *raised: object) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True, kw_only=True)
class SourceSpec:
    """What a plugin says of a source.

    Attributes:
        name: The name that users open it by, in small Latin letters, digits and `_`.
        summary: What it reads, in a few words.
        api_version: The version of this interface it was written to, as a literal: 1.
        settings: The pydantic model of its settings; secrets are `pydantic.SecretStr`. Where a
            secret says which system is meant, a property `identity` of the model says so without
            credentials: a folder that one was landed in is not topped up with another's rows.
        factory: Makes the source, of settings that were checked. It asks nobody outside yet.
        tables: The tables of a `Dataset` that it can fill, for people to read.
    """

    name: str
    summary: str
    api_version: int
    settings: type[pydantic.BaseModel]
    factory: Callable[[Any, AdapterContext], Source] = field(repr=False)
    tables: tuple[str, ...] = ("orders",)


@dataclass(frozen=True, kw_only=True)
class SectionSpec:
    """What a plugin says of a section that it adds to the audit's report.

    Attributes:
        name: `vendor.section`, in small Latin letters, digits and `_`.
        summary: What it shows, in a few words.
        api_version: The version of this interface it was written to, as a literal: 1.
        tables: Takes the tables of the shop by name, lazily, as they came through the door, and
            the instant of observation; gives small eager tables by title, in order.
        text: Takes those tables and a language, `en` or `ru`; gives the section's title and its
            paragraphs, plain text.
        needs: The tables of a `Dataset` without which it is left out.
    """

    name: str
    summary: str
    api_version: int
    tables: Callable[[Mapping[str, pl.LazyFrame], dt.datetime], Mapping[str, pl.DataFrame]]
    text: Callable[[Mapping[str, pl.DataFrame], str], tuple[str, Iterable[str]]]
    needs: tuple[str, ...] = ("orders",)


Batches = Callable[[list[str] | None, int | None], Iterator["pl.DataFrame"]]
"""Reads rows in batches: takes the columns needed and the most rows, None for all of them."""
