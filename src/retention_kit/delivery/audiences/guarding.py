"""What a synchronisation refuses to do before anything was sent."""

from __future__ import annotations

from typing import Final

import polars as pl

from retention_kit.delivery.audiences.difference import Counts, Mode
from retention_kit.delivery.channels import Channel
from retention_kit.delivery.doors import check_channel_and_journal
from retention_kit.errors import DataError, DefinitionError, bad_parameter

_NEEDS: Final[dict[str, frozenset[str]]] = {
    "mirror": frozenset({"add", "remove"}),
    "add_only": frozenset({"add"}),
    "replace": frozenset({"replace"}),
}


class LargeRemovalError(DataError):
    """More customers would leave an audience than may at once; nothing was sent.

    Attributes:
        audience: The audience's name.
        members: How many are in it.
        leaving: How many would be taken out; those who withdrew their consent are not counted.
        allowed: The largest share that may be.
    """

    def __init__(self, audience: str, *, members: int, leaving: int, allowed: float) -> None:
        self.audience = audience
        self.members = members
        self.leaving = leaving
        self.allowed = allowed
        super().__init__(
            f"{leaving:,} of {members:,} customers in audience {audience!r} would be taken out "
            f"({leaving / members:.1%}), and largest_removal allows {allowed:.1%}. Nothing was "
            "sent. Next step: look whether the table of members and the consents are whole; if "
            "they are, give a larger largest_removal for this call."
        )


def check_kinds(members: object, channel: object, journal: object, consents: object) -> None:
    """Refuse arguments of another kind.

    Raises:
        DefinitionError: One is not what it may be.
    """
    check_channel_and_journal(channel, journal)
    for name, given, allowed in (
        ("members", members, "a Polars DataFrame or LazyFrame"),
        ("consents", consents, "a Polars DataFrame or LazyFrame, or None"),
    ):
        is_none = name == "consents" and given is None
        if not is_none and not isinstance(given, pl.DataFrame | pl.LazyFrame):
            raise bad_parameter(
                name,
                got=type(given).__name__,
                allowed=allowed,
                step="a dataset's tables are frames; pl.DataFrame(rows) makes another.",
            )


def check_request(
    channel: Channel, audience: str, *, mode: Mode, largest_removal: float, patience: float
) -> None:
    """Refuse what makes no sense, or what the channel cannot do.

    Raises:
        DefinitionError: A parameter is not what it may be.
    """
    if not isinstance(audience, str) or not audience.strip():
        raise bad_parameter("audience", got=audience, allowed="a text that is not blank")
    if mode not in _NEEDS:
        raise bad_parameter("mode", got=mode, allowed=", ".join(map(repr, _NEEDS)))
    can = channel.capabilities.audience_modes
    if "add_to_audience" not in channel.capabilities.actions or not can:
        raise bad_parameter(
            "channel", got=channel.name, allowed="a channel that carries add_to_audience"
        )
    if not _NEEDS[mode] <= can:
        possible = [repr(one) for one, needs in _NEEDS.items() if needs <= can]
        raise bad_parameter(
            "mode",
            got=mode,
            allowed=f"{', '.join(possible) or 'none'} on {channel.name}, which can "
            f"{', '.join(sorted(can))}",
        )
    if not 0.0 <= largest_removal <= 1.0:
        raise bad_parameter("largest_removal", got=largest_removal, allowed="a share, 0 to 1")
    if not patience >= 0.0:
        raise bad_parameter("patience", got=patience, allowed="seconds, 0 or more")


def check_removal(audience: str, counts: Counts, *, largest_removal: float) -> None:
    """Refuse to take out more than a share of the members.

    Who withdrew their consent does not count: they leave however many they are.

    Raises:
        LargeRemovalError: More would be taken out.
    """
    leaving = counts.leaving - counts.withdrawn
    if leaving > largest_removal * counts.members:
        raise LargeRemovalError(
            audience, members=counts.members, leaving=leaving, allowed=largest_removal
        )


def check_whole(audience: str, *, rows: int, most: int) -> None:
    """Refuse to go on by differences where nobody knows the whole that they would be added to.

    Raises:
        DefinitionError: There are too many rows for another whole.
    """
    if rows > most:
        raise DefinitionError(
            f"Audience {audience!r} was being replaced and the answer was lost, so only another "
            f"replacement makes sure who is in it; {rows:,} customers are more than the {most:,} "
            "that the channel takes at once. Nothing was sent. Next step: delete the audience "
            "outside, and give recreate=True.",
            parameter="audience",
        )


def check_there(audience: str, *, there: bool | None, members: int, recreate: bool) -> None:
    """Refuse to make an audience of a mere difference, because what was there is gone.

    Args:
        audience: Its name.
        there: Whether it is there outside; None where the channel cannot say.
        members: How many customers were accepted into it.
        recreate: Whether it may be made anew of all.

    Raises:
        DefinitionError: It is gone, or is to be made anew though it is there.
    """
    if there is False and members and not recreate:
        raise DefinitionError(
            f"Audience {audience!r} is gone outside, and {members:,} customers were accepted into "
            "it. Nothing was sent. Next step: give the name that it has now, or recreate=True to "
            "make it anew of all who are wanted.",
            parameter="audience",
        )
    if there and recreate:
        raise bad_parameter(
            "recreate",
            got=True,
            allowed="False while the audience is there",
            step="delete it outside first.",
        )
