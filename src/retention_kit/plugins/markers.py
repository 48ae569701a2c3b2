"""What marks a function as a plugin's answer to one of the hooks."""

from __future__ import annotations

from typing import Final

import pluggy

PROJECT: Final = "retention_kit"
"""The name of the entry-point group, and how every hook's name begins."""
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as its answer to the hook of the same name.

Examples:
    >>> @hookimpl
    ... def retention_kit_sources():
    ...     return []
"""
