"""Who should be in an audience: members of a segment and their consents, on disk, in order."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from retention_kit.delivery.channels import Capabilities
from retention_kit.errors import ColumnTypeError, DataWarning, MissingColumnError, bad_parameter
from retention_kit.profiles.consent import MESSAGES, concerns, consents_granted

_CONTACTS: Final = ("email", "phone")
_KEY: Final = "__key"
_WANTED: Final = "__wanted"
_GRANTED: Final = "__granted"
_SLICE: Final = 5_000
_SHOWN: Final = 10
"""How many pairs of channel and purpose a warning names."""
_GROUP: Final = 50_000
_PART: Final = 100_000
"""How many rows are sorted at once, about."""
_SAMPLED: Final = 200
"""How many keys of each part are looked at to find where it begins."""


class Wanted(NamedTuple):
    """A customer of whom the tables say something.

    Attributes:
        customer: The customer's key.
        wanted: Whether they are a member of the segment.
        granted: Whether their consent stands; None where they have decided nothing, or where
            consent is not asked.
        names: Their contacts and other identifiers, those that there are.
    """

    customer: str
    wanted: bool
    granted: bool | None
    names: dict[str, str]


class WantedList:
    """Those who are wanted, and those who refused, in a Parquet file.

    Args:
        members: The segment's members: `customer_id` and at least one identifier that the channel
            takes: `email`, `phone`, or a column named as the identifier.
        capabilities: The channel's.
        consents: The table; None where consent is not asked.
        channel: For which channel consent is looked at.
        purpose: For which purpose.
        as_of: Observation instant, exclusive, with a time zone.
        folder: Where the file is written.

    Raises:
        MissingColumnError: `customer_id` or every identifier is absent.
        ColumnTypeError: `customer_id` is neither a whole number nor text.
        DefinitionError: `consents` is given without `as_of`.
    """

    def __init__(
        self,
        members: pl.LazyFrame | pl.DataFrame,
        capabilities: Capabilities,
        *,
        consents: pl.LazyFrame | pl.DataFrame | None,
        channel: str,
        purpose: str,
        as_of: dt.datetime | None,
        folder: Path,
    ) -> None:
        schema = members.lazy().collect_schema()
        self._names = tuple(name for name in sorted(capabilities.identifiers) if name in schema)
        if not self._names:
            raise MissingColumnError(
                "members", next(iter(sorted(capabilities.identifiers)), "email"), schema.names()
            )
        rows = members.lazy().select(
            _key("members", schema).alias(_KEY),
            pl.lit(value=True).alias(_WANTED),
            *(pl.col(name).cast(pl.String) for name in self._names),
        )
        rows = _with_consents(rows, consents, channel=channel, purpose=purpose, as_of=as_of)
        self._path = folder / "wanted.parquet"
        rows.filter(pl.col(_KEY).is_not_null()).sink_parquet(
            self._path, row_group_size=_GROUP, compression="lz4"
        )
        self._cuts = self._cut_points()

    def __iter__(self) -> Iterator[Wanted]:
        """Give the rows in the order of their keys; a customer may have several.

        They are sorted a part at a time, since all of them may be too many.
        """
        key = pl.col(_KEY)
        # Which of a customer's rows comes first does not hang on the order of the table.
        order = [_KEY, *self._names]
        rows = pl.scan_parquet(self._path).select(_KEY, _WANTED, _GRANTED, *self._names)
        for low, high in itertools.pairwise([None, *self._cuts, None]):
            part = rows if low is None else rows.filter(key >= low)
            part = part if high is None else part.filter(key < high)
            for piece in part.collect().sort(order, nulls_last=True).iter_slices(_SLICE):
                yield from self._read(piece)

    def _read(self, rows: pl.DataFrame) -> Iterator[Wanted]:
        for key, wanted, granted, *values in rows.iter_rows():
            names = {name: value for name, value in zip(self._names, values, strict=True) if value}
            yield Wanted(key, wanted, granted, names)

    def _cut_points(self) -> list[str]:
        """Give the keys at which the rows are cut into parts of about the same size."""
        keys = pl.scan_parquet(self._path).select(_KEY)
        count: int = keys.select(pl.len()).collect().item()
        parts = count // _PART
        if not parts:
            return []
        sample = (
            keys.gather_every(max(1, count // (parts * _SAMPLED))).collect()[_KEY].unique().sort()
        )
        return sample.gather_every(max(1, len(sample) // (parts + 1)), 1).to_list()


def _with_consents(
    rows: pl.LazyFrame,
    consents: pl.LazyFrame | pl.DataFrame | None,
    *,
    channel: str,
    purpose: str,
    as_of: dt.datetime | None,
) -> pl.LazyFrame:
    """Say of each whether consent stands, and add those who refused and are not members."""
    if consents is None:
        return rows.with_columns(pl.lit(None, dtype=pl.Boolean).alias(_GRANTED))
    if as_of is None:
        raise bad_parameter(
            "as_of",
            got=None,
            allowed="a datetime with a time zone",
            step="the instant at which consents are looked at.",
        )
    schema = consents.lazy().collect_schema()
    decided = consents_granted(
        consents.lazy(), channel=channel, purpose=purpose, as_of=as_of
    ).select(
        _key("consents", schema).alias(_KEY),
        pl.col("granted").alias(_GRANTED),
    )
    _warn_where_none_concerns(consents.lazy(), channel=channel, purpose=purpose)
    joined = rows.join(decided, on=_KEY, how="left")
    refused = decided.filter(~pl.col(_GRANTED)).with_columns(pl.lit(value=False).alias(_WANTED))
    return pl.concat([joined, refused], how="diagonal")


def _warn_where_none_concerns(consents: pl.LazyFrame, *, channel: str, purpose: str) -> None:
    """Say which channels and purposes decisions are about, where none is about the one asked."""
    named = pl.col("purpose") if "purpose" in consents.collect_schema() else pl.lit(None)
    kinds = (
        consents.select(
            pl.col("channel").cast(pl.String),
            named.cast(pl.String).fill_null(MESSAGES).alias("purpose"),
            concerns(consents, channel=channel, purpose=purpose).alias("concerned"),
        )
        .drop_nulls()
        .unique()
        .collect(engine="streaming")
    )
    if kinds.is_empty() or kinds["concerned"].any():
        return
    pairs = sorted(kinds.select("channel", "purpose").rows())
    more = f" and {len(pairs) - _SHOWN:,} more" if len(pairs) > _SHOWN else ""
    warnings.warn(
        f"No decision in consents is about the channel {channel!r} and the purpose {purpose!r}, "
        f"so nobody has consented. There are: {', '.join(map(repr, pairs[:_SHOWN]))}{more}. Next "
        "step: give consent_channel= and purpose= as the table has them.",
        DataWarning,
        stacklevel=5,
    )


def _key(table: str, schema: pl.Schema) -> pl.Expr:
    """Give an expression of the key of each customer."""
    if "customer_id" not in schema:
        raise MissingColumnError(table, "customer_id", schema.names())
    dtype = schema["customer_id"]
    if dtype.is_integer():
        return pl.format("i:{}", pl.col("customer_id"))
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.format("s:{}", pl.col("customer_id").cast(pl.String))
    raise ColumnTypeError(
        table,
        "customer_id",
        got=str(dtype),
        allowed="whole numbers or texts",
        step="let the table in through Dataset.from_frames.",
    )


def contacts_in(names: dict[str, str]) -> tuple[str | None, str | None, dict[str, str]]:
    """Give e-mail, phone and the other identifiers of a customer."""
    others = {name: value for name, value in names.items() if name not in _CONTACTS}
    return names.get("email"), names.get("phone"), others
