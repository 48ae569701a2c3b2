"""How the till is asked: one client for the source and the channel."""

from urllib.parse import urlsplit

from retention_kit.adapters.http import Answer, HttpClient, StaticToken
from retention_kit.delivery import AdapterContext, Limiter
from retention_kit_teahouse.settings import LIMITS, TeahouseSettings


def open_till(settings: TeahouseSettings, context: AdapterContext) -> tuple[HttpClient, Limiter]:
    """Give a client of the till, and what its requests wait for."""
    limiter = context.limiter_for(urlsplit(settings.base_url).netloc, LIMITS)
    key = StaticToken(settings.till_key.get_secret_value(), scheme="", header="X-Till-Key")
    client = HttpClient(
        settings.base_url,
        name="the till",
        auth=key,
        limiter=limiter,
        clock=context.clock,
        read_answer=check_json,
    )
    return client, limiter


def check_json(answer: Answer) -> None:
    """Read each answer at once: a gateway's page in place of JSON has the client ask again."""
    answer.json()
