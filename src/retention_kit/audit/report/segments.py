"""What ready segments mean, in the reader's language."""

from __future__ import annotations

import polars as pl

from retention_kit.audit.report.words import Words


def segments_told(frame: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Say in words who is in each ready segment.

    Args:
        frame: The audit's table `ready_segments`.
        words: The language.
    """
    from retention_kit.smart_segments.ready.library import READY

    told = [
        READY[name]().sentence(words.language) if name in READY else meaning
        for name, meaning in frame.select("ready_segment", "meaning").rows()
    ]
    return frame.with_columns(pl.Series("meaning", told, dtype=pl.String))
