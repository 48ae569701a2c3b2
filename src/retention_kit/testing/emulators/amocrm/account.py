"""The account itself: users, sales pipelines with their statuses, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable

from retention_kit.testing.emulators.amocrm.refusals import Refusal
from retention_kit.testing.emulators.amocrm.world import (
    ACCOUNT_ID,
    ADMINISTRATOR,
    LOST,
    WON,
    Row,
    World,
)

DEFAULT_PIPELINES = {"Sales": ("Incoming", "Negotiation", "Invoice sent")}
TASK_TYPES = ((1, "Call", "FOLLOW_UP"), (2, "Meeting", "MEETING"))
_END = ((WON, "Closed - won", "#CCFF66"), (LOST, "Closed - lost", "#D5D8DB"))


def furnish(world: World, pipelines: dict[str, Iterable[str]], users: Iterable[str]) -> None:
    """Put users and pipelines into a new account.

    Each pipeline gets, besides its own statuses, the two that the system keeps for all of them:
    142 for deals won and 143 for deals lost.

    Args:
        world: The account's state.
        pipelines: Names of statuses by the name of the pipeline; the first is the main one.
        users: Names; the first is the administrator, in whose name integrations act.
    """
    for number, name in enumerate(users):
        user_id = ADMINISTRATOR + number
        world.tables["users"][user_id] = {
            "id": user_id,
            "name": name,
            "email": f"user{number}@example.com",
            "lang": "ru",
            "rights": {"is_admin": number == 0, "is_free": False, "is_active": True},
        }
    for number, (name, statuses) in enumerate(pipelines.items()):
        pipeline_id = world.new_id()
        own = [(world.new_id(), status, "#99CCFF") for status in statuses]
        world.tables["pipelines"][pipeline_id] = {
            "id": pipeline_id,
            "name": name,
            "sort": number + 1,
            "is_main": number == 0,
            "is_unsorted_on": False,
            "is_archive": False,
            "account_id": ACCOUNT_ID,
            "statuses": {
                status_id: {
                    "id": status_id,
                    "name": status,
                    "sort": 10 * place if status_id not in {WON, LOST} else 10_000 + place,
                    "is_editable": status_id not in {WON, LOST},
                    "pipeline_id": pipeline_id,
                    "color": color,
                    "type": 0,
                    "account_id": ACCOUNT_ID,
                }
                for place, (status_id, status, color) in enumerate([*own, *_END], start=1)
            },
        }


def account_shape(world: World, wanted: Iterable[str], *, customers: str) -> Row:
    """Give the account, with the parts that were asked for."""
    shape: Row = {
        "id": ACCOUNT_ID,
        "name": "Emulated account",
        "subdomain": "emulated",
        "created_at": 1_577_836_800,
        "created_by": 0,
        "updated_at": 1_577_836_800,
        "updated_by": 0,
        "current_user_id": ADMINISTRATOR,
        "country": "RU",
        "currency": "RUB",
        "currency_symbol": "₽",
        "customers_mode": "disabled" if customers == "off" else customers,
        "is_unsorted_on": False,
        "is_technical_account": False,
        "language": "ru",
        "_links": {"self": world.href("account")},
        "_embedded": {},
    }
    if "task_types" in wanted:
        shape["_embedded"]["task_types"] = [
            {"id": type_id, "name": name, "code": code, "color": None, "icon_id": None}
            for type_id, name, code in TASK_TYPES
        ]
    if "users_groups" in wanted:
        shape["_embedded"]["users_groups"] = [{"id": 0, "name": "Sales department", "uuid": None}]
    if "datetime_settings" in wanted:
        shape["_embedded"]["datetime_settings"] = {
            "date_pattern": "d.m.Y H:i",
            "timezone": "Europe/Moscow",
            "timezone_offset": "+03:00",
        }
    if "version" in wanted:
        shape["version"] = 12
    return shape


def pipeline_shape(world: World, pipeline: Row) -> Row:
    """Give a pipeline with its statuses."""
    path = f"leads/pipelines/{pipeline['id']}"
    return {
        **{name: value for name, value in pipeline.items() if name != "statuses"},
        "_links": {"self": world.href(path)},
        "_embedded": {"statuses": statuses_shape(world, pipeline)},
    }


def statuses_shape(world: World, pipeline: Row) -> list[Row]:
    """Give the statuses of a pipeline, in their order."""
    path = f"leads/pipelines/{pipeline['id']}/statuses"
    return [
        {**status, "_links": {"self": world.href(f"{path}/{status['id']}")}}
        for status in sorted(pipeline["statuses"].values(), key=lambda status: status["sort"])
    ]


def main_pipeline(world: World) -> Row:
    """Give the pipeline of leads that name none."""
    for pipeline in world.tables["pipelines"].values():
        if pipeline["is_main"]:
            return pipeline
    raise Refusal(422, "The account has no main pipeline.")
