"""Which method serves which path below `/api/v4/`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from retention_kit.testing.emulators.amocrm.calls import Call
from retention_kit.testing.emulators.amocrm.catalogue import Catalogue
from retention_kit.testing.emulators.amocrm.entities import Entities
from retention_kit.testing.emulators.amocrm.follow_up import FollowUp
from retention_kit.testing.emulators.amocrm.lists import Lists
from retention_kit.testing.emulators.amocrm.purchases import Purchases
from retention_kit.testing.emulators.amocrm.world import ENTITIES

Method = Callable[[Call], Any]
BASE = "/api/v4/"
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


def pattern_of(path: str) -> str:
    """Give a path below `/api/v4/` with `{id}` where it has numbers; other paths as they are."""
    return _NUMBER.sub("{id}", path).removeprefix(BASE).rstrip("/")


def ids_of(path: str) -> list[int]:
    """Give the numbers in a path, in order."""
    return [int(number) for number in _NUMBER.findall(path.removeprefix(BASE))]


@lru_cache(maxsize=4_096)
def _route(method: str, pattern: str) -> str:
    return f"{method} {pattern}"


def route_name(method: str, path: str) -> str:
    """Name a route, as `GET leads/{id}`."""
    return _route(method, pattern_of(path))


def routes(
    lists: Lists,
    entities: Entities,
    purchases: Purchases,
    follow_up: FollowUp,
    catalogue: Catalogue,
) -> dict[str, Method]:
    """Give the methods by the names of their routes."""
    table: dict[str, Method] = {
        "GET account": catalogue.account,
        "GET users": catalogue.list_users,
        "GET users/{id}": catalogue.read_user,
        "GET leads/pipelines": catalogue.list_pipelines,
        "GET leads/pipelines/{id}": catalogue.read_pipeline,
        "GET leads/pipelines/{id}/statuses": catalogue.list_statuses,
        "GET leads/pipelines/{id}/statuses/{id}": catalogue.read_status,
        "GET leads/loss_reasons": catalogue.list_loss_reasons,
        "POST leads/complex": entities.create_complex,
        "GET tasks": follow_up.list_tasks,
        "GET tasks/{id}": follow_up.read_task,
        "POST tasks": follow_up.create_tasks,
        "PATCH tasks": follow_up.change_tasks,
        "PATCH tasks/{id}": follow_up.change_tasks,
        "GET customers/transactions": purchases.list_all,
        "GET customers/transactions/{id}": purchases.read,
        "DELETE customers/transactions/{id}": purchases.delete,
        "GET customers/{id}/transactions": purchases.list_all,
        "POST customers/{id}/transactions": purchases.create,
        "GET customers/{id}/transactions/{id}": purchases.read,
        "DELETE customers/{id}/transactions/{id}": purchases.delete,
        "GET customers/statuses": purchases.list_statuses,
        "GET customers/segments": purchases.list_segments,
        "POST customers/segments": purchases.create_segments,
        "GET customers/segments/{id}": purchases.read_segment,
        "PATCH customers/segments/{id}": purchases.change_segment,
        "DELETE customers/segments/{id}": purchases.delete_segment,
        "GET customers/segments/custom_fields": partial(catalogue.list_fields, kind="segments"),
    }
    for kind in ENTITIES:
        about = {
            "GET {0}": lists.entities,
            "GET {0}/{id}": entities.read,
            "POST {0}": entities.create,
            "PATCH {0}": entities.change,
            "PATCH {0}/{id}": entities.change_one,
            "GET {0}/custom_fields": catalogue.list_fields,
            "GET {0}/custom_fields/{id}": catalogue.read_field,
            "POST {0}/custom_fields": catalogue.create_fields,
            "DELETE {0}/custom_fields/{id}": catalogue.delete_field,
            "GET {0}/tags": catalogue.list_tags,
            "POST {0}/tags": catalogue.create_tags,
            "GET {0}/notes": follow_up.list_notes,
            "GET {0}/{id}/notes": follow_up.list_notes,
            "GET {0}/notes/{id}": follow_up.read_note,
            "GET {0}/{id}/notes/{id}": follow_up.read_note,
            "POST {0}/notes": follow_up.create_notes,
            "POST {0}/{id}/notes": follow_up.create_notes,
            "GET {0}/{id}/links": follow_up.list_links,
            "POST {0}/{id}/link": follow_up.link,
            "POST {0}/{id}/unlink": follow_up.unlink,
        }
        for name, method in about.items():
            table[name.replace("{0}", kind)] = partial(method, kind=kind)
    return table
