"""The difference between who should be in an audience and who was accepted into it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from retention_kit.delivery.actions import AddToAudience
from retention_kit.delivery.audiences.members import Member
from retention_kit.delivery.audiences.sharing import staying_with_shared
from retention_kit.delivery.audiences.spooling import Change, Changes
from retention_kit.delivery.audiences.tables import NAMELESS, id_of
from retention_kit.delivery.audiences.wanted import Wanted, contacts_in
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.outcomes import Payload, Rejection

_encode: Final = json.JSONEncoder(sort_keys=True, check_circular=False).encode

Mode = Literal["mirror", "add_only", "replace"]
"""What becomes of an audience: exactly those who are wanted, by difference or as a new whole; or
whoever was ever wanted."""


@dataclass
class Counts:
    """What was counted while the difference was taken.

    Attributes:
        wanted: Customers in the table of members.
        duplicates: Rows that named one of them again; the first counts.
        without_consent: Those of them who have not consented.
        unusable: Those of them whom the channel cannot take, by reason.
        unchanged: Those who are in the audience already.
        moved: Those who are in it with other contacts, or of whom nobody is sure.
        joining: Those who are not in it.
        leaving: Those in the audience who are not wanted, and are taken out.
        withdrawn: Those of them who withdrew their consent, or are to be forgotten.
        shared: Those of the unchanged who share a contact with one who is taken out.
        kept: Those in the audience who are not wanted, and are left there.
    """

    wanted: int = 0
    duplicates: int = 0
    without_consent: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    moved: int = 0
    joining: int = 0
    leaving: int = 0
    withdrawn: int = 0
    shared: int = 0
    kept: int = 0

    @property
    def members(self) -> int:
        """How many were in the audience."""
        return self.unchanged + self.moved + self.leaving + self.kept

    @property
    def members_after(self) -> int:
        """How many are in it once all is accepted."""
        return self.unchanged + self.moved + self.joining + self.kept


@dataclass
class Difference:
    """The changes that make an audience what it should be.

    Attributes:
        leaving: Who is taken out, and who is because their contacts are other ones now.
        joining: Who is put in; with `replace` all who are to be in it.
        shared: Those of them who are in it and lose a contact by it that they share with others.
        counts: What was counted.
        mode: How they are made.
    """

    leaving: Changes
    joining: Changes
    shared: Changes
    counts: Counts
    mode: Mode


def difference(
    wanted: Iterable[Wanted],
    members: Callable[[], Iterable[Member]],
    channel: Channel,
    audience: str,
    *,
    campaign: str,
    mode: Mode,
    asks_consent: bool,
    folder: Path,
) -> Difference:
    """Compare two lists that are sorted by key.

    Args:
        wanted: Who should be in the audience, and who refused.
        members: Gives who was accepted, from the first on, each time it is called.
        channel: Says what would be sent of each, without asking anybody.
        audience: The audience's name.
        campaign: Under which name its actions are in the journal.
        mode: What becomes of the audience.
        asks_consent: Whether who has decided nothing stays out.
        folder: Where the changes are written.
    """
    counts = Counts()
    prepared = _preparing(channel, audience, campaign, mode, asks_consent, counts)
    takes = channel.capabilities.identifiers
    can_remove = "remove" in channel.capabilities.audience_modes
    with (
        Changes(folder / "leaving") as leaving,
        Changes(folder / "joining") as joining,
        Changes(folder / "shared") as shared,
    ):
        for rows, member in _side_by_side(wanted, members()):
            here = member is not None and member.is_member
            generation = 0 if member is None else member.generation
            payload = prepared(rows, str(generation))
            if payload is None:
                if member is None or not here:
                    continue
                # Whatever the mode is, nobody may be advertised to against their will.
                withdrew = member.customer.startswith(NAMELESS) or any(
                    row.granted is False for row in rows
                )
                if mode == "add_only" and not (withdrew and can_remove):
                    counts.kept += 1
                    continue
                counts.leaving += 1
                counts.withdrawn += withdrew
                leaving.add(_leaves(member))
                continue
            names = _names(rows)
            _, _, others = contacts_in(names)
            # Never a contact in clear.
            kept_names = others | dict(payload.keep)
            kept = _encode(kept_names)
            change = Change(
                rows[0].customer,
                generation,
                False,
                "" if mode == "replace" else payload.id,
                _fingerprint(kept if payload.keep else _encode(names)),
                kept,
                kept_names if kept_names and takes.issuperset(kept_names) else names,
            )
            if member is None or not here:
                counts.joining += 1
                joining.add(change)
            elif member.fingerprint == change.fingerprint:
                counts.unchanged += 1
                if mode == "replace":
                    joining.add(change)
            else:
                counts.moved += 1
                out = mode != "replace" and can_remove and member.identifiers != kept
                if out:
                    leaving.add(_leaves(member))
                joining.add(change._replace(moved=True, id="") if out else change)
        leaving.complete()
        if len(leaving) and mode != "replace":
            for member in staying_with_shared(leaving, members()):
                again = _again(member)
                shared.add(again)
                joining.add(again)
            counts.shared = len(shared)
    return Difference(leaving, joining, shared, counts, mode)


def _side_by_side(
    wanted: Iterable[Wanted], members: Iterable[Member]
) -> Iterator[tuple[list[Wanted], Member | None]]:
    """Give what both lists have of each customer."""
    customers = _by_customer(wanted)
    known = iter(members)
    rows, member = next(customers, None), next(known, None)
    while rows is not None or member is not None:
        if member is None or (rows is not None and rows[0].customer < member.customer):
            assert rows is not None
            yield rows, None
            rows = next(customers, None)
        elif rows is None or member.customer < rows[0].customer:
            yield [], member
            member = next(known, None)
        else:
            yield rows, member
            rows, member = next(customers, None), next(known, None)


def _by_customer(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    rows: list[Wanted] = []
    for row in wanted:
        if rows and rows[0].customer != row.customer:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def _preparing(
    channel: Channel, audience: str, campaign: str, mode: Mode, asks_consent: bool, counts: Counts
) -> Callable[[list[Wanted], str], Payload | None]:
    """Make what says what would be sent of a customer: None where nothing, since they stay out."""
    whole: Literal["add", "replace"] = "replace" if mode == "replace" else "add"

    def prepared(rows: list[Wanted], occurrence: str) -> Payload | None:
        wanted = [row for row in rows if row.wanted]
        if not wanted:
            return None
        first = wanted[0]
        counts.wanted += 1
        counts.duplicates += len(wanted) - 1
        if first.granted is False or (asks_consent and first.granted is None):
            counts.without_consent += 1
            return None
        email, phone, others = contacts_in(first.names)
        made = channel.prepare(
            AddToAudience(
                campaign=campaign,
                customer_id=id_of(first.customer),
                occurrence=occurrence,
                email=email,
                phone=phone,
                identifiers=others,
                audience=audience,
                mode=whole,
            )
        )
        if isinstance(made, Rejection):
            counts.unusable[made.code] += 1
            return None
        return made

    return prepared


def _fingerprint(identifiers: str) -> str:
    """Tell other contacts from the same; what is sent besides, as the key, is no matter."""
    return hashlib.blake2b(identifiers.encode(), digest_size=16).hexdigest()


def _names(rows: list[Wanted]) -> dict[str, str]:
    return next(row.names for row in rows if row.wanted)


def _leaves(member: Member) -> Change:
    return Change(member.customer, member.generation, False, "", "", member.identifiers, {})


def _again(member: Member) -> Change:
    """Put a member in once more, by what was kept of them."""
    return Change(
        member.customer,
        member.generation,
        False,
        "",
        member.fingerprint,
        member.identifiers,
        json.loads(member.identifiers or "{}"),
    )
