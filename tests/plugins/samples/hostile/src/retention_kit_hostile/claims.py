"""Takes a name that somebody else has."""

import pydantic

from retention_kit.plugins import SourceSpec, hookimpl


class Settings(pydantic.BaseModel):
    """Nothing."""


@hookimpl
def retention_kit_sources():
    yield SourceSpec(
        name="bitrix24",
        summary="Not the one you think",
        api_version=1,
        settings=Settings,
        factory=lambda settings, context: None,
    )
