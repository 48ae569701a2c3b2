"""Ready segments by consent, and by what customers did with messages."""

from __future__ import annotations

from typing import Literal

from retention_kit.smart_segments.definitions.base import All
from retention_kit.smart_segments.definitions.counting import Lapsed
from retention_kit.smart_segments.definitions.customers import Consent, MessageEngagement
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.sequences import Sequence, Step, Without
from retention_kit.smart_segments.definitions.windows import Last
from retention_kit.smart_segments.lowered.lowering import MESSAGE_EVENTS
from retention_kit.smart_segments.ready.words import ORDERS, events_of

MessageChannel = Literal["email", "push", "sms"]


def consented(channel: str = "email") -> Segment:
    """May be written to: consent to messages stands for a channel.

    The latest decision wins; without one there is no consent.

    Args:
        channel: The channel, as `consents` has it.

    Returns:
        The segment. It looks at `consents`.

    Examples:
        >>> print(consented("sms").sentence())
        Customers who have consented to messages by SMS.
    """
    return Segment(name=f"Consent to {channel}", condition=Consent(channel=channel))


def win_back(silent: str = "6mo", channel: str = "email") -> Segment:
    """Bought before and nothing for a time, and may be written to.

    Args:
        silent: For how long there has been no purchase.
        channel: The channel, as `consents` has it.

    Returns:
        The segment. It looks at `orders` and `consents`.

    Examples:
        >>> print(win_back().sentence())
        Customers who bought nothing in the last 6 months, but before that bought something, and \
who have consented to messages by e-mail.
    """
    gone = Lapsed(silent=silent, at_least=1)
    return Segment(
        name=f"To win back by {channel}",
        condition=All(conditions=(gone, Consent(channel=channel))),
    )


def opened_without_purchase(within: str = "7d", channel: MessageChannel = "email") -> Segment:
    """Opened a message and bought nothing from then on.

    The last message opened in the time counts.

    Args:
        within: Within how long they opened it.
        channel: The channel.

    Returns:
        The segment. It looks at `orders` and `events`.

    Examples:
        >>> print(opened_without_purchase().sentence())
        Customers who opened an e-mail in the last 7 days (the last such time) and bought nothing \
at or after that.
    """
    opened = events_of(MESSAGE_EVENTS[channel]["opened"])
    step = Step(rows=opened, without=(Without(rows=ORDERS),))
    return Segment(
        name="Opened, not bought",
        condition=Sequence(steps=(step,), window=Last(length=within), which="last"),
    )


def ignored_messages(
    at_least: int = 3, within: str = "30d", channel: MessageChannel = "email"
) -> Segment:
    """Received messages and opened none of them: the ones to write to less.

    Args:
        at_least: How many they received at least.
        within: Within how long they received them.
        channel: The channel.

    Returns:
        The segment. It looks at `events`.

    Examples:
        >>> print(ignored_messages().sentence())
        Customers who received an e-mail at least 3 times in the last 30 days and from the first \
one on opened or clicked none.
    """
    return Segment(
        name="Ignore messages",
        condition=MessageEngagement(
            engagement="ignored",
            channel=channel,
            window=Last(length=within),
            at_least=at_least,
        ),
    )
