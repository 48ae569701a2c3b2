"""What a web hook is configured by."""

from __future__ import annotations

from typing import Annotated

import pydantic
from pydantic import Field, SecretStr

from retention_kit.delivery.actions import ACTIONS


class WebhookSettings(pydantic.BaseModel):
    """What a web hook is configured by.

    Attributes:
        url: Where events are posted. A secret, because its path often is one.
        signing_secret: With what events are signed: `whsec_` and 24 to 64 bytes in Base64. None
            sends them unsigned, and takes nothing in.
        previous_signing_secret: The one before, while receivers change over: events are signed
            with both.
        token: A bearer token, where the receiver asks for one.
        batch_rows: How many events are posted together. 1 posts each by itself.
        receiver_deduplicates: Whether the receiver takes two events of one id for one, as both
            specifications ask of it. Where it does not, an event whose answer was lost is held
            and listed, and not posted again.
        contacts: Whether events carry e-mail addresses and telephone numbers.
        plugin_actions: Kinds of actions of plugins (`vendor.action`) that are posted as well.
        source: What events call their source; the campaign's name follows it.
        allowed_hosts: Hosts and networks (`10.2.0.0/16`) in private networks that may be posted
            to. Others there are refused, so that an address from outside reaches nothing inside.
        timeout: Seconds to wait for an answer.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr
    signing_secret: SecretStr | None = None
    previous_signing_secret: SecretStr | None = None
    token: SecretStr | None = None
    batch_rows: Annotated[int, Field(ge=1, le=10_000)] = 1
    receiver_deduplicates: bool = True
    contacts: bool = True
    plugin_actions: frozenset[str] = frozenset()
    source: str = "/retention_kit"
    allowed_hosts: frozenset[str] = frozenset()
    timeout: Annotated[float, Field(gt=0, le=300)] = 30.0

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of actions that are posted."""
        return frozenset(ACTIONS) | self.plugin_actions
