"""What an outside system calls back with: a web hook as a plain function, for any server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from retention_kit.delivery.channels import Channel, Receives
from retention_kit.delivery.dispatching.checking import fault_of, faulty
from retention_kit.delivery.journal.in_database import Journal
from retention_kit.errors import DefinitionError, PluginError, RetentionKitError


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a web hook.

    Attributes:
        recorded: Outcomes that changed what is known.
        unchanged: Outcomes that said what was known, or less.
        unheard: Outcomes of actions that the journal does not know.
    """

    recorded: int
    unchanged: int
    unheard: int


def receive(
    channel: Channel, journal: Journal, headers: Mapping[str, str], body: bytes
) -> Received:
    """Keep what an outside system calls back with: delivered, bounced, opened, unsubscribed.

    The same call may come twice, and calls may come in any order. Answer the caller with success
    only after this has come back.

    Args:
        channel: Whose outside system called.
        journal: Where outcomes are kept.
        headers: The request's headers.
        body: The request's body, as it came: signatures are of its bytes.

    Returns:
        Counts of outcomes.

    Raises:
        DefinitionError: The channel receives nothing.
        AuthenticationError: It is not from whom it says; answer with 401.
        DataError: It cannot be read; answer with 400.
        JournalError: It could not be kept; answer with 503, so that it comes again.
        PluginError: The channel is broken; what it read that makes sense was kept.
    """
    if not channel.capabilities.receive or not isinstance(channel, Receives):
        raise DefinitionError(
            f"Channel {channel.name!r} receives no web hooks. Allowed: a channel that has "
            "'receive' in its capabilities. Next step: use settle for what comes later.",
            parameter="channel",
        )
    try:
        outcomes = list(channel.receive(headers, body))
    except RetentionKitError:
        raise
    except Exception as error:
        # What it says may quote the body.
        raise PluginError(
            f"Channel {channel.name!r} raised {type(error).__name__} when it read a web hook. Next "
            "step: mend the channel."
        ) from None
    faults = [fault_of(getattr(one, "id", None), one) for one in outcomes]
    sound = [one for one, fault in zip(outcomes, faults, strict=True) if not fault]
    recorded = journal.record(channel.name, sound)
    for fault in filter(None, faults):
        raise faulty(channel.name, fault)
    return Received(recorded.recorded, recorded.unchanged, len(recorded.unheard))
