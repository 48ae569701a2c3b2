"""The channel: whole differences go up as one file, and become an audience in hours."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import Final, Self, cast

from retention_kit.adapters.identifiers import YANDEX_AUDIENCE
from retention_kit.adapters.yandex_audience.api import Change, YandexAudienceApi
from retention_kit.adapters.yandex_audience.rows import (
    digests_of,
    file_of,
    kept_of,
    line_of,
)
from retention_kit.adapters.yandex_audience.segments import FAILED, UNCONFIRMED, Segment
from retention_kit.adapters.yandex_audience.settings import CAPABILITIES, YandexAudienceSettings
from retention_kit.delivery.actions import Action, AddToAudience, RemoveFromAudience
from retention_kit.delivery.audiences.state import AudienceState
from retention_kit.delivery.channels import AdapterContext, Capabilities
from retention_kit.delivery.limits import Limiter
from retention_kit.delivery.outcomes import Batch, Payload, Receipt, Rejection
from retention_kit.errors import (
    ChannelError,
    DefinitionError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)

_CONFIRMS: Final = 3
"""How often an upload is confirmed while nobody knows whether it is."""


class YandexAudienceChannel:
    """Puts customers into segments of Yandex Audience by digests of their contacts.

    An audience is a segment: its number where the name is all digits, and else its name. The
    first customers of a name that is not there make a new segment; later ones change it. A segment
    is worked out for up to hours; until then it cannot be changed, and `submit` says to come
    later. Contacts leave as SHA-256 alone.

    An upload is no segment until it is confirmed under its name. Where the process dies between
    the two, the upload is left behind without a name and without effect, and the next call makes
    another.

    Args:
        settings: The account.
        context: The instance's name, the time, and what makes limiters.
    """

    def __init__(self, settings: YandexAudienceSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._name = context.instance
        self._rules = dataclasses.replace(YANDEX_AUDIENCE, region=settings.region)
        self._limiter = context.limiter_for(
            f"yandex_audience:{settings.login or context.instance}", CAPABILITIES.limits
        )
        self._api = YandexAudienceApi(settings, clock=context.clock, limiter=self._limiter)

    def __repr__(self) -> str:
        return f"YandexAudienceChannel({self._name!r})"

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return CAPABILITIES

    @property
    def limiter(self) -> Limiter | None:
        """What its requests wait for."""
        return self._limiter

    @property
    def api(self) -> YandexAudienceApi:
        """The calls, for what is no matter of customers: look-alikes, renaming, deleting."""
        return self._api

    def prepare(self, action: Action) -> Payload | Rejection:
        """Hash a customer's contacts, or say that there are none."""
        if isinstance(action, AddToAudience):
            change: Change = "replace" if action.mode == "replace" else "addition"
        elif isinstance(action, RemoveFromAudience):
            change = "subtraction"
        else:
            return Rejection(action.id, "unsupported_action", "It keeps audiences alone.")
        digests = digests_of(action, self._rules)
        if not digests:
            return Rejection(action.id, "no_identifier", "Neither an e-mail nor a phone.")
        return Payload(
            action.id,
            digests,
            group=f"{change}:{action.audience}",
            size=len(line_of(digests)),
            keep=kept_of(digests),
        )

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Upload rows as one file, and make a segment of them or change the one there is.

        Raises:
            RetryableError: The segment is being worked out; nothing was sent.
            DefinitionError: The segment cannot be changed before a person has looked at it; or the
                service refuses the whole file. Nothing was carried out.
        """
        # The service knows no such keys; sets make a repeated row harmless.
        del idempotency_key
        word, _, audience = batch.group.partition(":")
        change = cast(Change, word)
        found = self._find(audience)
        try:
            if found is not None:
                return self._changed(found, change, batch)
            if change == "subtraction":
                return Receipt()
            return self._created(audience, batch)
        except RejectedError as refused:
            # Each row is two digests: what is refused is the file, so halving it would not help.
            raise DefinitionError(
                f"{refused} The audience is {audience!r}; nothing of the batch was carried out.",
                parameter="audience",
            ) from None

    def poll(self, receipt: Receipt) -> Receipt:
        """Ask whether the segment is ready. Where it failed, the rows are to be sent again."""
        token = json.loads(receipt.token or "{}")
        segment = self._api.segment(int(token["segment"]))
        if segment is None or segment.status == FAILED:
            return Receipt(rest="planned")
        return Receipt() if segment.ready else self._pending(segment)

    def audience(self, name: str) -> AudienceState | None:
        """Say how an audience is outside; None where there is none of this name or number."""
        segment = self._find(name)
        if segment is None:
            return None
        size = segment.items if segment.unique is None else segment.unique
        return AudienceState(
            external_id=str(segment.id),
            status=segment.status,
            ready=segment.ready,
            failed=segment.status == FAILED,
            too_small=segment.status == "few_data",
            size=size,
            matched=segment.matched,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _find(self, audience: str) -> Segment | None:
        """Find the segment of an audience by number or name.

        Raises:
            DefinitionError: The name is that of several.
        """
        by_number = audience.isascii() and audience.isdecimal()
        found = [
            one
            for one in self._api.segments()
            if (one.id == int(audience) if by_number else one.name == audience)
        ]
        if by_number and not found:
            raise DefinitionError(
                f"Yandex Audience has no segment number {audience}. Next step: give the number of "
                "one that is there, or a name that is not all digits to have one made.",
                parameter="audience",
            )
        if len(found) > 1:
            numbers = ", ".join(str(one.id) for one in found)
            raise DefinitionError(
                f"Yandex Audience has {len(found)} segments named {audience!r}: {numbers}. Next "
                "step: give the number of the one that is meant, or rename the others.",
                parameter="audience",
            )
        return found[0] if found else None

    def _created(self, name: str, batch: Batch) -> Receipt:
        try:
            with file_of(batch) as file:
                uploaded = self._api.upload_contacts(file)
        except UnknownOutcomeError as lost:
            # An upload that nobody confirms is no audience: nothing has happened.
            raise RetryableError(
                f"{lost} An upload alone changes no audience, so it can be made again."
            ) from None
        try:
            return self._pending(self._confirmed(uploaded.id, name))
        except RejectedError:
            with contextlib.suppress(ChannelError):
                left = self._api.segment(uploaded.id)
                if left is not None and left.status == UNCONFIRMED:
                    self._api.delete(left.id)
            raise

    def _confirmed(self, number: int, name: str) -> Segment:
        """Confirm an upload; where the answer was lost, look before it is done again."""
        for _ in range(_CONFIRMS - 1):
            with contextlib.suppress(UnknownOutcomeError):
                return self._api.confirm(number, name)
            found = self._api.segment(number)
            if found is not None and found.status != UNCONFIRMED:
                return found
        return self._api.confirm(number, name)

    def _changed(self, segment: Segment, change: Change, batch: Batch) -> Receipt:
        if segment.status == FAILED:
            raise DefinitionError(
                f"Segment {segment.id} could not be worked out (processing_failed), and cannot be "
                "changed. Next step: api.reprocess(…) it, or delete it; then go on.",
                parameter="audience",
            )
        if segment.status == UNCONFIRMED:
            raise DefinitionError(
                f"Segment {segment.id} is an upload that was not confirmed. Next step: confirm or "
                "delete it, or give another audience.",
                parameter="audience",
            )
        if not segment.ready:
            raise RetryableError(
                f"Segment {segment.id} is being worked out ({segment.status}), and cannot be "
                "changed until it is ready, which takes up to hours; nothing was sent. Next step: "
                "go on later."
            )
        with file_of(batch) as file:
            return self._pending(self._api.modify(segment.id, change, file))

    def _pending(self, segment: Segment) -> Receipt:
        token = json.dumps({"segment": segment.id})
        return Receipt(rest="pending", token=token, poll_after=self._settings.poll_seconds)
