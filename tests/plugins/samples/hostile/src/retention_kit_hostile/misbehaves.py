"""Hooks that raise, give half of what they promise, or something else altogether."""

import pydantic

from retention_kit.plugins import SourceSpec, hookimpl


class Settings(pydantic.BaseModel):
    """Nothing."""


def _make(settings, context):
    raise OSError("no source today")


@hookimpl
def retention_kit_sources():
    yield SourceSpec(
        name="half",
        summary="Comes before the hook breaks",
        api_version=1,
        settings=Settings,
        factory=_make,
    )
    raise KeyError("in the midst of the hook")


@hookimpl
def retention_kit_channels():
    return ["not a spec", 42, None]


@hookimpl
def retention_kit_conditions():
    raise SystemExit("a plugin that wants to leave")


@hookimpl
def retention_kit_earning_rules():
    return None
