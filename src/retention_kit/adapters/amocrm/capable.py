"""What an account of amoCRM can do, as data."""

from __future__ import annotations

from typing import Final

from retention_kit.adapters.amocrm.settings import RATE, WINDOW
from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.limits import Window

CAPABILITIES: Final = Capabilities(
    actions=frozenset({"create_deal", "create_task", "post_event", "upsert_contact"}),
    max_rows=50,
    limits=(Window(RATE, WINDOW),),
    lookup=True,
    identifiers=frozenset({"amocrm_contact", "email", "phone"}),
)
"""What an account can do; nothing here may be sent twice, and what is in doubt is looked up."""
