"""What is added to a request to say who asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, repr=False)
class Credentials:
    """What is added to a request. Its `repr` says nothing.

    Attributes:
        headers: Headers by name.
        params: Parameters of the query by name.
        is_fresh: Whether they were got for this very call; to hear 401 for such is final.
    """

    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    params: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    is_fresh: bool = field(default=False, compare=False)
