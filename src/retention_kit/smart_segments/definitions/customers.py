"""Conditions on what is known of the customer besides orders: columns, scores, consent."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal, Self

import pydantic

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.base import Condition
from retention_kit.smart_segments.definitions.counting import check_bounds
from retention_kit.smart_segments.definitions.values import Comparison, Number
from retention_kit.smart_segments.definitions.windows import AllTime, Window

Missing = Literal["unknown", "false", "true"]
"""What a comparison with a missing value is."""
Engagement = Literal["received", "opened", "clicked", "ignored"]
_COUNT = pydantic.Field(default=None, ge=0, strict=True)


class Attribute(Condition, Comparison):
    """A column of `customers` compared with a value; see `Comparison` for how.

    A missing value makes every comparison `missing`, unknown by default, also `not_equals` and
    `not_in`; `known` and `unknown` are never unknown themselves. A customer who has no row in
    `customers` has no values. Columns are as they stand now: the table has no history.

    Attributes:
        missing: What a comparison with a missing value is.
    """

    TYPE: ClassVar[str] = "attribute"

    type: Literal["attribute"] = "attribute"
    missing: Missing = "unknown"


class Score(Condition, Comparison):
    """A score of the customer: an RFM score or segment, a cluster, a predicted value, P(alive).

    The column stands in the table `scores` that is handed in, else in `customers`. Otherwise as
    `Attribute`. What is not a number (NaN) is missing.

    Attributes:
        missing: What a comparison with a missing value is.
    """

    TYPE: ClassVar[str] = "score"

    type: Literal["score"] = "score"
    missing: Missing = "unknown"


class Member(Condition):
    """In another segment: now, or by the snapshots taken before.

    `now` evaluates the other segment's definition, which is handed in beside this one; who is not
    of its population is not in it. The others look at snapshots taken before the instant of
    observation, in `window`: `ever` in at least one of them, `never` in none; `entered`: in one,
    and not in the one taken before it; `left`: not in one, and in the one taken before it. The
    first snapshot of a segment has none before it, and nobody entered or left with it.

    Attributes:
        segment: The other segment's name.
        when: `now`, `ever`, `never`, `entered` or `left`.
        window: When the snapshot was taken; for `now` all time.
    """

    TYPE: ClassVar[str] = "member"

    type: Literal["member"] = "member"
    segment: str = pydantic.Field(min_length=1)
    when: Literal["now", "ever", "never", "entered", "left"] = "now"
    window: Window = AllTime()

    @pydantic.model_validator(mode="after")
    def _now_has_no_window(self) -> Self:
        if self.when == "now" and not isinstance(self.window, AllTime):
            raise bad_parameter("window", got="one with 'now'", allowed="none with 'now'")
        return self


class Consent(Condition):
    """Consent granted for a channel and a purpose at the instant of observation.

    The latest decision before it wins; of several at one instant, a withdrawal. A grant that names
    no purpose is for `messages` alone, a withdrawal that names none is for every purpose. Without
    a decision there is no consent. Channel and purpose are compared exactly as they are written.
    Never unknown.

    Attributes:
        channel: The channel, as `consents` has it.
        purpose: The purpose, as `consents` has it.
    """

    TYPE: ClassVar[str] = "consent"

    type: Literal["consent"] = "consent"
    channel: str = pydantic.Field(min_length=1)
    purpose: str = pydantic.Field(default="messages", min_length=1)


class MessageEngagement(Condition):
    """What a customer did with messages: received, opened, clicked or ignored them in a window.

    `received`, `opened` and `clicked` count events of those names in the window. `ignored` counts
    what was received in the window, and is false where one was opened or clicked from the first of
    those on, up to the instant of observation. The count has bounds as in `EventCount`.

    Attributes:
        engagement: What they did.
        channel: `email`, `push` or `sms`, each with its own names of events.
        campaign: Of which campaign; None is any.
        message_id: Of which message; None is any.
        window: Within which time.
        at_least: The fewest events, from 0; 1 where neither bound is given.
        at_most: The most events, from 0. Not for `ignored`.
    """

    TYPE: ClassVar[str] = "message_engagement"

    type: Literal["message_engagement"] = "message_engagement"
    engagement: Engagement
    channel: Literal["email", "push", "sms"] = "email"
    campaign: str | None = pydantic.Field(default=None, min_length=1)
    message_id: str | None = pydantic.Field(default=None, min_length=1)
    window: Window = AllTime()
    at_least: int | None = _COUNT
    at_most: int | None = _COUNT

    @pydantic.model_validator(mode="before")
    @classmethod
    def _at_least_one(cls, fields: object) -> object:
        if isinstance(fields, dict) and fields.get("at_least") is fields.get("at_most") is None:
            return {**fields, "at_least": 1}
        return fields

    @pydantic.model_validator(mode="after")
    def _has_bounds(self) -> Self:
        check_bounds(self.at_least, self.at_most)
        if self.engagement == "ignored" and (self.at_most is not None or not self.at_least):
            raise bad_parameter(
                "at_most",
                got=self.at_most,
                allowed="with 'ignored', only at_least from 1: how many were received",
            )
        return self


class Bucket(Condition):
    """A share of customers by a stable hash: the same ones in every version and place.

    The hash is MurmurHash3 x86 32-bit, unsigned, of the UTF-8 text `salt:customer_id`; divided by
    2**32 it lies in [start, end). Buckets of one salt that do not overlap share no customer, and
    two salts are independent. Never unknown.

    Attributes:
        salt: A name for what the share is for.
        start: From 0.
        end: Above `start`, up to 1.
    """

    TYPE: ClassVar[str] = "bucket"

    type: Literal["bucket"] = "bucket"
    salt: str = pydantic.Field(min_length=1)
    start: Number = 0
    end: Number = 1

    @pydantic.model_validator(mode="after")
    def _is_a_share(self) -> Self:
        if not 0 <= self.start < self.end <= 1:
            raise bad_parameter(
                "end", got=f"[{self.start}, {self.end})", allowed="0 <= start < end <= 1"
            )
        return self

    @property
    def numbers(self) -> tuple[int, int]:
        """The hashes that lie in it: from the first, to before the second."""
        whole = Decimal(2**32)
        return _up(Decimal(self.start) * whole), _up(Decimal(self.end) * whole)


def _up(number: Decimal) -> int:
    return -int(-number // 1)
