"""The pictures of how customers divide: by scores, by clusters, and into ready segments."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from retention_kit.audit.report import drawing
from retention_kit.audit.report.pictures import (
    Picture,
    Tables,
    floats,
    picture,
    rows_of,
)
from retention_kit.audit.report.words import Words

_MOST = 12
"""How many ready segments are drawn beside each other."""


def rfm_map(tables: Tables, words: Words) -> Picture | None:
    """Draw customers and their money by recency and frequency."""
    frame = rows_of(tables, "rfm_map", "recency_score", "frequency_score")
    if frame is None or not frame["customers"].sum():
        return None
    from retention_kit.audit import charts

    known = [row for row in frame.to_dicts() if row["recency_score"] is not None]
    is_high = bool(tables["rfm_levels"]["is_high_best"][0]) if "rfm_levels" in tables else False
    rows, columns = (
        _levels(words, name, frame[f"{name}_score"].to_list(), is_high=is_high)
        for name in ("recency", "frequency")
    )
    cells = [
        (
            rows[row["recency_score"]],
            columns[row["frequency_score"]],
            row["share_of_revenue"],
            f"{words.numbers.count(row['customers'])}  ·  "
            f"{words.numbers.part(row['share_of_revenue'])}",
        )
        for row in known
    ]
    best = max(known, key=lambda row: row["revenue"])
    return picture(
        words,
        "rfm_map",
        lambda size: charts.heat_map(
            cells,
            size=size,
            columns=list(columns.values()),
            rows=list(rows.values()),
            title=words.get("pictures", "rfm_map", "frequency"),
            row_title=words.get("pictures", "rfm_map", "recency"),
            tall=True,
        ),
        scrolls=True,
        customers=words.counted("customers", best["customers"]),
        share=words.numbers.part(best["share_of_revenue"]),
        recency=rows[best["recency_score"]],
        frequency=columns[best["frequency_score"]],
    )


def rfm_segments(tables: Tables, words: Words) -> Picture | None:
    """Draw each segment's share of customers beside its share of the money."""
    frame = rows_of(tables, "rfm_segments", "segment")
    if frame is None or not frame["customers"].sum():
        return None
    known = frame.filter(pl.col("customers") > 0)
    labels = [words.named("segment", segment) for segment in known["segment"]]
    best = max(known.to_dicts(), key=lambda row: row["share_of_revenue"] or 0.0)
    return _of_customers_and_money(
        "rfm_segments",
        known,
        labels,
        words,
        money_of="revenue",
        segment=words.named("segment", best["segment"]),
        customers=words.numbers.part(best["share_of_customers"]),
        money=words.numbers.part(best["share_of_revenue"]),
    )


def rfm_migration(tables: Tables, words: Words) -> Picture | None:
    """Draw moves between segments as a heat map."""
    frame = rows_of(tables, "rfm_migration", "segment")
    if frame is None:
        return None
    from retention_kit.audit import charts

    order = [str(one) for one in tables["rfm_segments"]["segment"]]
    after = [one for one in order if one in set(frame["segment"])]
    before = [one for one in order if one in set(frame["segment_before"])]
    names = {one: words.named("segment", one) for one in order}
    first = words.get("none", "segment_before")
    if frame["segment_before"].null_count():
        before.append("")
    cells = [
        (
            names.get(row["segment_before"] or "", first),
            names[row["segment"]],
            row["share_of_segment_before"],
            words.numbers.part(row["share_of_segment_before"]),
        )
        for row in frame.to_dicts()
    ]
    return picture(
        words,
        "rfm_migration",
        lambda size: charts.heat_map(
            cells,
            size=size,
            columns=[names[one] for one in after],
            rows=[names.get(one, first) for one in before],
            title=words.get("pictures", "rfm_migration", "after"),
            wraps=True,
        ),
        scrolls=True,
    )


def clusters(tables: Tables, words: Words) -> Picture | None:
    """Draw each cluster's share of customers beside its share of the money."""
    frame = rows_of(tables, "clusters", "cluster")
    if frame is None or not frame["customers"].sum():
        return None
    labels = [words.named("cluster_name", name) for name in frame["cluster_name"]]
    first = frame.row(0, named=True)
    return _of_customers_and_money(
        "clusters",
        frame,
        labels,
        words,
        money_of="net_revenue",
        cluster=labels[0],
        customers=words.numbers.part(first["share_of_customers"]),
        money=words.numbers.part(first["share_of_net_revenue"]),
    )


def ready_segments(tables: Tables, words: Words) -> Picture | None:
    """Draw each ready segment's share of customers beside its share of a year's money."""
    frame = rows_of(tables, "ready_segments")
    if frame is None or not frame["customers"].sum():
        return None
    known = frame.filter(pl.col("customers") > 0)
    labels = [words.named("ready_segment", name) for name in known["ready_segment"]]
    best = max(known.to_dicts(), key=lambda row: row["share_of_revenue"] or 0.0)
    return _of_customers_and_money(
        "ready_segments",
        known,
        labels,
        words,
        money_of="revenue",
        segment=words.named("ready_segment", best["ready_segment"]),
        customers=words.numbers.part(best["share_of_customers"]),
        money=words.numbers.part(best["share_of_revenue"]),
    )


def ready_overlap(tables: Tables, words: Words) -> Picture | None:
    """Draw which part of each ready segment is in each other one; columns are told by numbers."""
    frame = rows_of(tables, "ready_overlap")
    if frame is None:
        return None
    from retention_kit.audit import charts

    sizes = frame.filter(pl.col("ready_segment") == pl.col("other_segment"))
    largest = set(sizes.top_k(_MOST, by="customers")["ready_segment"])
    names = [name for name in sizes["ready_segment"] if name in largest]
    if len(names) < 2:
        return None
    numbers = {name: str(number) for number, name in enumerate(names, start=1)}
    rows = {
        name: f"{number}. {words.named('ready_segment', name)}" for name, number in numbers.items()
    }
    cells = [
        (
            rows[row["ready_segment"]],
            numbers[row["other_segment"]],
            None if row["ready_segment"] == row["other_segment"] else row["share_of_segment"],
            words.numbers.part(row["share_of_segment"]),
        )
        for row in frame.to_dicts()
        if {row["ready_segment"], row["other_segment"]} <= largest
    ]
    return picture(
        words,
        "ready_overlap",
        lambda size: charts.heat_map(
            cells,
            size=size,
            columns=list(numbers.values()),
            rows=list(rows.values()),
        ),
        scrolls=True,
        note=words.get("pictures", "ready_overlap", "largest") if sizes.height > _MOST else "",
    )


def _of_customers_and_money(
    name: str,
    frame: pl.DataFrame,
    labels: Sequence[str],
    words: Words,
    *,
    money_of: str,
    **values: str,
) -> Picture:
    from retention_kit.audit import charts

    series = [
        drawing.Series(words.get("pictures", name, "series", which), floats(frame, column), colour)
        for which, column, colour in (
            ("customers", "share_of_customers", drawing.SOFT),
            ("money", f"share_of_{money_of}", drawing.ACCENT),
        )
    ]
    short = [
        [words.numbers.part(row[column]) for row in frame.to_dicts()]
        for column in ("share_of_customers", f"share_of_{money_of}")
    ]
    texts = [
        [
            f"{words.numbers.part(row['share_of_customers'])}  ·  "
            f"{words.counted('customers', row['customers'])}"
            for row in frame.to_dicts()
        ],
        [
            f"{words.numbers.part(row[f'share_of_{money_of}'])}  ·  "
            f"{words.numbers.short_money(row[money_of])}"
            for row in frame.to_dicts()
        ],
    ]
    return picture(
        words,
        name,
        lambda size: charts.paired_rows(
            labels, series, short if size == "narrow" else texts, size=size
        ),
        values=values,
    )


def _levels(
    words: Words, dimension: str, scores: Sequence[int], *, is_high: bool
) -> dict[int, str]:
    """Name the levels of a dimension, best first, the ends with words."""
    found = sorted({score for score in scores if score is not None}, reverse=is_high)
    ends = {found[0]: "first", found[-1]: "last"} if len(found) > 1 else {}
    named = {}
    for score in found:
        told = words.get("pictures", "rfm_map", f"of_{dimension}", ends.get(score, ""), default="")
        named[score] = f"{score} ({told})" if told else str(score)
    return named
