"""To-dos for managers: `crm.activity.todo.add`, and looking them up again.

That `crm.activity.list` shows activities by their owner, and to-dos by `PROVIDER_ID` = `CRM_TODO`,
is documented. That they have the type 6 stands only in a reader's comment there. That the title
comes back as `SUBJECT`, the provider's type `TODO`, and which other fields filters may name,
`DESCRIPTION` among them, are assumptions: try them on a real portal. Reminders and colours are not
kept.
"""

from __future__ import annotations

from functools import partial

from retention_kit.testing.emulators.bitrix24 import old_family
from retention_kit.testing.emulators.bitrix24.calls import Call, Method
from retention_kit.testing.emulators.bitrix24.entities import ACTIVITY
from retention_kit.testing.emulators.bitrix24.envelope import Answer
from retention_kit.testing.emulators.bitrix24.fields import seconds_of
from retention_kit.testing.emulators.bitrix24.parameters import as_number
from retention_kit.testing.emulators.bitrix24.refusals import Refusal

_TO_DO_TYPE = 6


def add_to_do(call: Call) -> Answer:
    """Add a to-do to a record, and give its id."""
    portal, asked = call.portal, call.asked
    owner_type = as_number(asked.required("ownerTypeId"))
    owner = as_number(asked.required("ownerId"))
    deadline = str(asked.required("deadline"))
    if owner_type == ACTIVITY or owner_type not in portal.types:
        raise Refusal(400, "OWNER_NOT_FOUND", "Owner was not found")
    if owner not in portal.records[owner_type].rows:
        raise Refusal(400, "OWNER_NOT_FOUND", "Owner was not found")
    try:
        due = seconds_of(deadline, portal.zone)
    except ValueError:
        raise Refusal(400, "WRONG_DATETIME_FORMAT", "Deadline has a wrong format") from None
    now = portal.now()
    row = portal.add(
        ACTIVITY,
        {
            "OWNER_ID": owner,
            "OWNER_TYPE_ID": owner_type,
            "TYPE_ID": _TO_DO_TYPE,
            "PROVIDER_ID": "CRM_TODO",
            "PROVIDER_TYPE_ID": "TODO",
            "SUBJECT": str(asked.get("title") or "Дело"),
            "DESCRIPTION": str(asked.get("description") or ""),
            "DEADLINE": due,
            "START_TIME": due,
            "END_TIME": due,
            "COMPLETED": False,
            "STATUS": 1,
            "RESPONSIBLE_ID": asked.number("responsibleId", portal.user),
            "AUTHOR_ID": portal.user,
            "EDITOR_ID": portal.user,
            "CREATED": now,
            "LAST_UPDATED": now,
        },
    )
    return Answer({"id": row["ID"]})


METHODS: dict[str, Method] = {
    "crm.activity.todo.add": add_to_do,
    "crm.activity.list": partial(old_family.list_records, number=ACTIVITY),
    "crm.activity.get": partial(old_family.get_record, number=ACTIVITY),
    "crm.activity.delete": partial(old_family.delete_record, number=ACTIVITY),
    "crm.activity.fields": partial(old_family.describe_fields, number=ACTIVITY),
}
