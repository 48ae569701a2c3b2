"""What is said of a customer besides what they did: dates, consent, messages, segments, a share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from retention_kit.smart_segments.definitions.base import Joins
from retention_kit.smart_segments.definitions.customers import (
    Bucket,
    Consent,
    Engagement,
    Member,
    MessageEngagement,
)
from retention_kit.smart_segments.definitions.moments import Anniversary, LeapDay, OfCustomer
from retention_kit.smart_segments.definitions.segment import Segment
from retention_kit.smart_segments.definitions.windows import ALL_TIME, AllTime, Window, window_of
from retention_kit.smart_segments.saying.comparing import Given

MessageChannel = Literal["email", "push", "sms"]


@dataclass(frozen=True, slots=True)
class Messages(Joins):
    """What a customer did with messages; stands for a `MessageEngagement`, at least once.

    Attributes:
        engagement: What they did.
        channel: By which channel.
        campaign: Of which campaign.
        message_id: Of which message.
        window: Within which time.
        fewest: At least how often.
        most: At most how often.
    """

    engagement: Engagement
    channel: MessageChannel = "email"
    campaign: str | None = None
    message_id: str | None = None
    window: Window = ALL_TIME
    fewest: int | None = None
    most: int | None = None

    def as_condition(self) -> MessageEngagement:
        """Give the condition that this stands for."""
        return MessageEngagement(
            engagement=self.engagement,
            channel=self.channel,
            campaign=self.campaign,
            message_id=self.message_id,
            window=self.window,
            at_least=self.fewest,
            at_most=self.most,
        )

    def within(self, window: str | Window) -> Messages:
        """Say when: within the last `"30d"`, or in a window."""
        return replace(self, window=window_of(window))

    def at_least(self, times: int) -> Messages:
        """Say how often at least, from 0."""
        return replace(self, fewest=times)

    def at_most(self, times: int) -> Messages:
        """Say how often at most, from 0; those with none are included."""
        return replace(self, most=times)

    def never(self) -> Messages:
        """Not once in the window."""
        return replace(self, fewest=None, most=0)

    def exactly(self, times: int) -> Messages:
        """Say how often, from 0."""
        return replace(self, fewest=times, most=times)


def messages(
    engagement: Engagement,
    *,
    channel: MessageChannel = "email",
    campaign: str | None = None,
    message_id: str | None = None,
) -> Messages:
    """Take messages that a customer `received`, `opened`, `clicked` or `ignored`."""
    return Messages(engagement, channel, campaign, message_id)


def birthday(
    *,
    days: int = 1,
    ahead: str | None = None,
    column: str = "birthday",
    leap_day: LeapDay = "28_february",
) -> Anniversary:
    """The birthday is on one of the next `days` dates, beginning today, or `ahead` of today."""
    return anniversary(column, days=days, ahead=ahead, leap_day=leap_day)


def anniversary(
    column: str,
    *,
    after: str | None = None,
    ahead: str | None = None,
    days: int = 1,
    leap_day: LeapDay = "28_february",
) -> Anniversary:
    """A date of the customer comes round: every year, or once, `after` it; see `Anniversary`.

    Of a purchase: `bought(category="insurance").last().anniversary(after="11mo")`.
    """
    of = OfCustomer(column=column)
    return Anniversary(of=of, after=after, ahead=ahead, days=days, leap_day=leap_day)


def consent(channel: str, *, purpose: str = "messages") -> Consent:
    """Consent is granted for a channel and a purpose; see `Consent`."""
    return Consent(channel=channel, purpose=purpose)


def member_of(segment: Segment | str) -> Member:
    """They are in another segment, which is handed in beside this one; see `Member`."""
    return Member(segment=_name_of(segment))


def was_member_of(
    segment: Segment | str,
    when: Literal["ever", "never", "entered", "left"] = "ever",
    *,
    within: str | Window | None = None,
) -> Member:
    """They were in another segment by its snapshots, entered it or left it; see `Member`."""
    window = AllTime() if within is None else window_of(within)
    return Member(segment=_name_of(segment), when=when, window=window)


def bucket(salt: str, start: Given, end: Given) -> Bucket:
    """They are of a stable share of all customers, from `start` to before `end`; see `Bucket`."""
    return Bucket(salt=salt, start=start, end=end)


def _name_of(segment: Segment | str) -> str:
    return segment.name if isinstance(segment, Segment) else segment
