"""Segments: what each is, and how it goes from uploaded to processed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retention_kit.testing.emulators.yandex_audience.digests import Digests
from retention_kit.testing.emulators.yandex_audience.files import Contents

SMALLEST = 100
"""Records from which a segment can be used for advertising."""
IN_WORK = frozenset({"is_processed", "is_updated"})


@dataclass(eq=False)
class Segment:
    """One segment.

    Attributes:
        id: Its id.
        type: `uploading`, `lookalike`, `metrika`, `appmetrica`, `pixel` or `geo`.
        owner: The login it belongs to.
        create_time: When it was made, in Unix seconds.
        name: Its name; None before it is confirmed.
        status: `uploaded`, `is_processed`, `processed`, `processing_failed`, `is_updated` or
            `few_data`.
        source: `csv` or `list` for one made from a file.
        values: By column, the digests it holds: `phone` and `email`, or `id` for a list.
        form: How its values were written: `plain` or `sha256`.
        hashed: Whether it was confirmed as hashed.
        content_type: What it was confirmed as.
        rows: Rows of use in the files that made it.
        invalid: Rows of no use in them.
        about: What else is told of its type.
        grants: Grants by login.
        polls: How often a list showed it since its work began.
        ready_at: When its work ends, in Unix seconds.
        fails: Whether its work fails.
    """

    id: int
    type: str
    owner: str
    create_time: float
    name: str | None = None
    status: str = "uploaded"
    source: str = ""
    values: dict[str, Digests] = field(default_factory=dict)
    form: str = ""
    hashed: bool = False
    content_type: str | None = None
    rows: int = 0
    invalid: int = 0
    about: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    polls: int = 0
    ready_at: float = 0.0
    fails: bool = False
    _counts: dict[str, int] = field(default_factory=dict)

    @property
    def phones(self) -> Digests:
        """The digests of phones."""
        return self.values.get("phone", Digests())

    @property
    def emails(self) -> Digests:
        """The digests of e-mail addresses."""
        return self.values.get("email", Digests())

    @property
    def identifiers(self) -> Digests:
        """All digests it holds."""
        every = Digests()
        for digests in self.values.values():
            every = every | digests
        return every

    @property
    def size(self) -> int:
        """How many people it stands for: the identifiers of the column that has most."""
        return people_in(self.values)

    def changed(self, contents: Contents, modification: str) -> dict[str, Digests]:
        """Give the digests it would hold after a change.

        Args:
            contents: What was read from the file.
            modification: `addition`, `subtraction` or `replace`.
        """
        if modification == "replace":
            return dict(contents.values)
        before = {name: self.values.get(name, Digests()) for name in contents.values}
        if modification == "addition":
            return {name: before[name] | new for name, new in contents.values.items()}
        return {name: before[name] - gone for name, gone in contents.values.items()}

    def take(self, contents: Contents, modification: str = "replace") -> None:
        """Take a file's contents in, as `changed` says."""
        self.values = self.changed(contents, modification)
        if modification == "replace":
            self.rows, self.invalid = contents.rows, contents.invalid
        elif modification == "addition":
            self.rows += contents.rows
            self.invalid += contents.invalid

    def begin(self, status: str, *, ready_at: float) -> None:
        """Let work begin, which lists and time bring to its end."""
        self.status = status
        self.polls = 0
        self.ready_at = ready_at

    def finish(self, *, match_share: float) -> None:
        """Let its work end.

        Args:
            match_share: Which share of the people is recognised.
        """
        if self.fails:
            self.status, self.fails = "processing_failed", False
            return
        size = self.size
        matched = int(size * match_share)
        self._counts = {
            "item_quantity": self.rows + self.invalid,
            "valid_unique_quantity": size,
            "matched_quantity": matched,
            "cookies_matched_quantity": 2 * matched,
        }
        few = self.type == "uploading" and size < SMALLEST
        self.status = "few_data" if few else "processed"

    def shape(self) -> dict[str, Any]:
        """Give it as it is read."""
        shape: dict[str, Any] = {
            "type": self.type,
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "create_time": dt.datetime.fromtimestamp(self.create_time, dt.UTC).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            ),
            "owner": self.owner,
            "has_guests": bool(self.grants),
            "guest_quantity": len(self.grants),
            "can_create_dependent": self.status == "processed",
            "has_derivatives": False,
            **self.about,
        }
        if self.type == "uploading" and self.content_type is not None:
            shape |= {
                "content_type": self.content_type,
                "hashed": self.hashed,
                "used_hashing_alg": "SHA256" if self.hashed else None,
                **self.counts,
            }
        return shape

    @property
    def counts(self) -> Mapping[str, int]:
        """What processing found; nulls would stand for nothing before it ended once."""
        return self._counts or {"item_quantity": self.rows + self.invalid}


def people_in(values: Mapping[str, Digests]) -> int:
    """Tell how many people digests stand for: those of the column that has most."""
    return max((len(digests) for digests in values.values()), default=0)
