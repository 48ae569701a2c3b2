"""Matches of sequences (stub)."""
from __future__ import annotations
from retention_kit.smart_segments.lowered.facts import Found
def sequences_parts(given, facts):
    if any(isinstance(f, Found) for f in facts):
        raise NotImplementedError("sequences come next")
    return []
