"""What the parts of the channel work with."""

from __future__ import annotations

from dataclasses import dataclass

from retention_kit.adapters.bitrix24.families import COMPANY, CONTACT, Calls
from retention_kit.adapters.bitrix24.fields import Fields
from retention_kit.adapters.bitrix24.portal import Portal
from retention_kit.adapters.bitrix24.reading import Reader
from retention_kit.adapters.bitrix24.settings import Bitrix24Settings


@dataclass(frozen=True)
class Access:
    """A portal, and how to work with it.

    Attributes:
        portal: The portal.
        reader: Reads lists.
        fields: Knows the fields of records.
        settings: How the portal is worked with.
    """

    portal: Portal
    reader: Reader
    fields: Fields
    settings: Bitrix24Settings

    @property
    def customer_type(self) -> int:
        """The type of records that customers are."""
        return CONTACT if self.settings.customers == "contacts" else COMPANY

    def calls(self, number: int) -> Calls:
        """Give how records of a type are called.

        Raises:
            ChannelError: The portal does not tell which methods it knows.
        """
        return Calls(self.reader.family(number), number)
