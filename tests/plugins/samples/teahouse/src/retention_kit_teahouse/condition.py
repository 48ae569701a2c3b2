"""A condition for smart segments: guests whose birthday is on an even day."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
import pydantic

from retention_kit.smart_segments import ConditionSpec


class EvenSettings(pydantic.BaseModel):
    """Settings: which remainder the day of the month leaves when it is halved."""

    model_config = pydantic.ConfigDict(extra="forbid")

    remainder: int = pydantic.Field(default=0, ge=0, le=1)


def frame(
    settings: EvenSettings, tables: Mapping[str, pl.LazyFrame], as_of: dt.datetime, zone: str
) -> pl.LazyFrame:
    """Answer for everybody."""
    day = pl.col("birthday").dt.day()
    return tables["customers"].select("customer_id", result=day % 2 == settings.remainder)


def person(
    settings: EvenSettings, rows: Mapping[str, Any], as_of: dt.datetime, zone: str
) -> bool | None:
    """Answer for one customer."""
    told = rows["customers"]
    birthday = told[0].get("birthday") if told else None
    return None if birthday is None else birthday.day % 2 == settings.remainder


def sentence(settings: EvenSettings, language: str) -> str:
    """Say it."""
    if language == "ru":
        kind = "нечётного" if settings.remainder else "чётного"
        return f"родились {kind} числа"
    return f"were born on an {'odd' if settings.remainder else 'even'} day"


CONDITION = ConditionSpec(
    name="teahouse.born_on_even_day",
    summary="was born on an even day of a month",
    distribution="retention-kit-teahouse",
    settings=EvenSettings,
    frame=frame,
    person=person,
    sentence=sentence,
    tables=("customers",),
    absent=None,
    api_version=1,
)
