"""Written to an interface that is not there yet."""

import pydantic

from retention_kit.plugins import SourceSpec, hookimpl


class Settings(pydantic.BaseModel):
    """Nothing."""


@hookimpl
def retention_kit_sources():
    yield SourceSpec(
        name="from_the_future",
        summary="Written to an interface that is not there yet",
        api_version=99,
        settings=Settings,
        factory=lambda settings, context: None,
    )
