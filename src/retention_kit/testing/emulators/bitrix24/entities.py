"""The types of records and their fields, as far as sales and contacts need them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from retention_kit.testing.emulators.bitrix24.fields import (
    Field,
    Writer,
    camel_name,
    new_writer,
    old_writer,
    own_field,
)

LEAD, DEAL, CONTACT, COMPANY, ACTIVITY, ORDER = 1, 2, 3, 4, 6, 14
NAMES = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
OWNERS = {LEAD: "L", DEAL: "D", CONTACT: "C", COMPANY: "CO"}
"""How rows of products name the type of their owner."""
FIRST_SMART_PROCESS = 128


class EntityType:
    """A type of records.

    Args:
        number: The vendor's `entityTypeId`.
        name: As in `crm.deal.list`.
        fields: Its fields.
        zone: The portal's zone, in which dates are written.

    Attributes:
        by_name: The fields by their names in capitals.
        by_camel: The fields by their names in `crm.item.*`.
        old: What writes each field in the older methods.
        new: What writes each field in `crm.item.*`.
    """

    def __init__(
        self, number: int, name: str, fields: tuple[Field, ...], zone: dt.timezone
    ) -> None:
        self.number = number
        self.name = name
        self.zone = zone
        self.by_name = {field.name: field for field in fields}
        self.by_camel = {field.camel: field for field in fields}
        self.old: dict[str, Writer | None] = {
            field.name: old_writer(field, zone) for field in fields
        }
        self.new: dict[str, Writer | None] = {
            field.name: new_writer(field, zone) for field in fields
        }


def entity_types(
    own: Mapping[str, Mapping[str, str]], smart_processes: Mapping[int, str], zone: dt.timezone
) -> dict[int, EntityType]:
    """Make all types of records of a portal.

    Args:
        own: The owner's fields and their types, by `deal`, `contact` and so on.
        smart_processes: The titles of the owner's types of records, by number.
        zone: The portal's zone.
    """
    standard = (
        (LEAD, "lead", _LEAD),
        (DEAL, "deal", _DEAL),
        (CONTACT, "contact", _CONTACT),
        (COMPANY, "company", _COMPANY),
        (ACTIVITY, "activity", _ACTIVITY),
        (ORDER, "order", _ORDER),
        *((number, f"smart_process_{number}", _SMART) for number in smart_processes),
    )
    return {
        number: EntityType(
            number,
            name,
            (*fields, *(own_field(field, kind) for field, kind in own.get(name, {}).items())),
            zone,
        )
        for number, name, fields in standard
    }


def _fields(text: str, **common: Any) -> tuple[Field, ...]:
    """Make fields of lines `NAME type [camel]`; `!` before a name makes it read-only."""
    made = []
    for line in text.split("\n"):
        words = line.split()
        if not words:
            continue
        name = words[0].lstrip("!")
        made.append(
            Field(
                name,
                words[2] if len(words) > 2 else camel_name(name),
                words[1],
                read_only=words[0].startswith("!"),
                **common,
            )
        )
    return tuple(made)


_COMMON = _fields(
    """
    !ID integer
    ASSIGNED_BY_ID user
    !CREATED_BY_ID user createdBy
    !MODIFY_BY_ID user updatedBy
    !DATE_CREATE datetime createdTime
    !DATE_MODIFY datetime updatedTime
    OPENED char
    COMMENTS string
    SOURCE_ID crm_status
    SOURCE_DESCRIPTION string
    ORIGINATOR_ID string
    ORIGIN_ID string
    UTM_SOURCE string
    UTM_MEDIUM string
    UTM_CAMPAIGN string
    UTM_CONTENT string
    UTM_TERM string
    """
)
_SELLING = _fields(
    """
    TITLE string
    CURRENCY_ID crm_currency
    OPPORTUNITY double
    IS_MANUAL_OPPORTUNITY char
    COMPANY_ID crm_company
    CONTACT_ID crm_contact
    """
)
_LINKS = (Field("CONTACT_IDS", "contactIds", "numbers", old=False),)
_PERSONAL = (
    Field("PHONE", "phone", "crm_multifield", new=False),
    Field("EMAIL", "email", "crm_multifield", new=False),
    *_fields("!HAS_PHONE char\n!HAS_EMAIL char"),
)
_DEAL = (
    *_COMMON,
    *_SELLING,
    *_LINKS,
    Field("CATEGORY_ID", "categoryId", "crm_category", immutable=True),
    *_fields(
        """
        TYPE_ID crm_status
        STAGE_ID crm_status
        !STAGE_SEMANTIC_ID string
        !CLOSED char
        BEGINDATE date begindate
        CLOSEDATE date closedate
        PROBABILITY integer
        TAX_VALUE double
        LEAD_ID crm_lead
        !IS_RETURN_CUSTOMER char
        !IS_REPEATED_APPROACH char
        ADDITIONAL_INFO string
        """
    ),
)
_LEAD = (
    *_COMMON,
    *_SELLING,
    *_PERSONAL,
    *_fields("NAME string\nLAST_NAME string\nSTATUS_ID crm_status stageId"),
)
_CONTACT = (
    *_COMMON,
    *_PERSONAL,
    *_fields(
        """
        NAME string
        SECOND_NAME string
        LAST_NAME string
        BIRTHDATE date birthdate
        TYPE_ID crm_status
        POST string
        EXPORT char
        COMPANY_ID crm_company
        LEAD_ID crm_lead
        """
    ),
)
_COMPANY = (
    *_COMMON,
    *_PERSONAL,
    *_fields(
        """
        TITLE string
        COMPANY_TYPE crm_status typeId
        INDUSTRY crm_status
        CURRENCY_ID crm_currency
        REVENUE double
        IS_MY_COMPANY char
        """
    ),
)
_SMART = (
    *_COMMON,
    *_SELLING,
    *_LINKS,
    *_fields("CATEGORY_ID crm_category\nSTAGE_ID crm_status"),
)
_ACTIVITY = _fields(
    """
    !ID integer
    OWNER_ID integer
    OWNER_TYPE_ID integer
    TYPE_ID integer
    PROVIDER_ID string
    PROVIDER_TYPE_ID string
    SUBJECT string
    DESCRIPTION string
    DEADLINE datetime
    START_TIME datetime
    END_TIME datetime
    COMPLETED char
    STATUS integer
    RESPONSIBLE_ID user
    !AUTHOR_ID user
    !EDITOR_ID user
    !CREATED datetime
    !LAST_UPDATED datetime
    """
)
_ORDER = _fields(
    """
    !ID integer
    ACCOUNT_NUMBER string
    DATE_INSERT datetime
    DATE_UPDATE datetime
    PRICE double
    CURRENCY string
    PAYED char
    DATE_PAYED datetime
    CANCELED char
    DATE_CANCELED datetime
    STATUS_ID string
    DEDUCTED char
    USER_ID integer
    PERSON_TYPE_ID integer
    EXTERNAL_ORDER char
    DISCOUNT_VALUE double
    PRICE_DELIVERY double
    TAX_VALUE double
    RESPONSIBLE_ID integer
    XML_ID string
    LID string
    """
)
