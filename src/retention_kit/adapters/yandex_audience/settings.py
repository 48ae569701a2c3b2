"""What a user says of an account of Yandex Audience, and what the service allows it."""

from __future__ import annotations

from typing import Final, Literal

import pydantic

from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.limits import Window

SMALLEST_AUDIENCE: Final = 100
"""Below how many people an advertisement cannot be shown to a segment."""

LARGEST_FILE: Final = 1_000_000_000
"""How many bytes an upload may have."""

LIMITS: Final = (
    Window(30, 1.05),
    Window(5_000, 86_460.0, "client_read"),
    Window(5_000, 86_460.0, "client_write"),
    Window(10, 61.0, "segment_write"),
    Window(100, 3_610.0, "segment_write"),
    Window(500, 86_460.0, "segment_write"),
)
"""Requests of an address each second; reads and writes of a login each day; uploads and changes.

The windows are a little longer than the service's: two requests may arrive closer together than
they left. The service counts its days from midnight in Moscow; any 24 hours are counted here, which
never allows more.
"""

CAPABILITIES: Final = Capabilities(
    actions=frozenset({"add_to_audience", "remove_from_audience"}),
    max_rows=10_000_000,
    max_bytes=LARGEST_FILE - 1_000,
    limits=LIMITS,
    idempotent="action",
    results="later",
    identifiers=frozenset({"email", "phone", "email_sha256", "phone_sha256"}),
    smallest_audience=SMALLEST_AUDIENCE,
    audience_modes=frozenset({"add", "remove", "replace"}),
)
"""What the channel can do. Adding who is there already, or taking out who is not, changes nothing,
so a row may be submitted again."""


class YandexAudienceSettings(pydantic.BaseModel):
    """An account.

    Attributes:
        token: An OAuth token with the right `audience:write`.
        login: The login of the client on whose behalf the token's owner acts; None for the
            owner's own account.
        base_url: Where the service is: its address up to and with the version's path.
        device_matching: Whether people are looked for on all their devices (`CROSS_DEVICE`) or on
            those alone that the contacts were seen on (`IN_DEVICE`).
        region: The country that telephone numbers without a code are of.
        poll_seconds: How often is asked whether a segment is ready. It takes up to hours.
        timeout: Seconds for each step of a request.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    token: pydantic.SecretStr
    login: str | None = None
    base_url: str = "https://api-audience.yandex.ru/v1/management"
    device_matching: Literal["CROSS_DEVICE", "IN_DEVICE"] = "CROSS_DEVICE"
    region: str = "RU"
    poll_seconds: float = pydantic.Field(default=60.0, gt=0)
    timeout: float = pydantic.Field(default=120.0, gt=0)
