"""How often a portal may be asked.

The vendor documents a counter for each portal and address that grows by one with every request,
drains 2 a second (5 on Enterprise) and blocks above 50 (250). A little is left unused, because
requests that left evenly may arrive closer together. Portals of one's own have no such limit unless
their owner set one.
"""

from __future__ import annotations

from typing import Final

from retention_kit.adapters.bitrix24.settings import Bitrix24Settings
from retention_kit.delivery.limits import LeakyBucket, Limit

CLOUD: Final = LeakyBucket(size=48, drain=1.95)
ENTERPRISE: Final = LeakyBucket(size=245, drain=4.9)
OPERATING_BLOCK_SECONDS: Final = 600.0
"""For how long a method may be blocked that used up its execution time, where nobody says."""


def limits_of(settings: Bitrix24Settings) -> tuple[Limit, ...]:
    """Give the limits of a portal."""
    if settings.requests_per_second is not None:
        return (LeakyBucket(settings.requests_at_once, settings.requests_per_second),)
    if not settings.cloud:
        return ()
    return (ENTERPRISE if settings.enterprise else CLOUD,)
