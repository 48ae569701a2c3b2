"""The pictures of how customers divide: by scores, by clusters, and by what they will do."""

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


def purchase_tracking(tables: Tables, words: Words) -> Picture | None:
    """Draw repeat purchases that were made beside those that the model expects."""
    frame = rows_of(tables, "purchase_tracking", "period", needed=("expected_cumulative",))
    if frame is None:
        return None
    from retention_kit.audit import charts

    labels = [words.numbers.short_date(day) for day in frame["period"]]
    series = [
        drawing.Series(
            words.get("pictures", "purchase_tracking", "series", name),
            floats(frame, column),
            colour,
        )
        for name, column, colour in (
            ("actual", "cumulative_repeat_purchases", drawing.ACCENT),
            ("expected", "expected_cumulative", drawing.WARM),
        )
    ]
    held_out = frame.filter("is_holdout")
    if held_out.is_empty():
        return None
    since = words.numbers.short_date(held_out["period"].to_list()[0])
    made, expected = (
        held_out[column].sum() for column in ("repeat_purchases", "expected_repeat_purchases")
    )
    return picture(
        words,
        "purchase_tracking",
        lambda size: charts.lines(
            labels, series, size=size, axis=drawing.Axis(words.numbers.short), mark=since
        ),
        made=words.numbers.count(made),
        expected=words.numbers.count(round(expected)),
        since=since,
    )


def repeat_frequency(tables: Tables, words: Words) -> Picture | None:
    """Draw how many customers came back so often, in fact and by the model."""
    frame = rows_of(tables, "repeat_frequency", "frequency", needed=("expected_customers",))
    if frame is None:
        return None
    from retention_kit.audit import charts

    labels = [f"{row['frequency']}{'+' if row['or_more'] else ''}" for row in frame.to_dicts()]
    series = [
        drawing.Series(
            words.get("pictures", "repeat_frequency", "series", name),
            floats(frame, column),
            colour,
        )
        for name, column, colour in (
            ("actual", "customers", drawing.ACCENT),
            ("expected", "expected_customers", drawing.SOFT),
        )
    ]
    none = frame.row(0, named=True)
    return picture(
        words,
        "repeat_frequency",
        lambda size: charts.grouped(
            labels,
            series,
            size=size,
            axis=drawing.Axis(words.numbers.short),
            label_title=words.get("pictures", "repeat_frequency", "axis"),
        ),
        made=words.counted("customers", none["customers"]),
        expected=words.counted("customers", round(none["expected_customers"])),
    )


def alive_matrix(tables: Tables, words: Words) -> Picture | None:
    """Draw how likely a customer is still one, by how often they came back and how long ago."""
    frame = rows_of(
        tables, "alive_matrix", "frequency", "days_since_last", needed=("probability_alive",)
    )
    if frame is None:
        return None
    from retention_kit.audit import charts

    silences = frame["days_since_last"].unique().sort().to_list()
    counts = frame["frequency"].unique().sort().to_list()
    known = [row for row in frame.to_dicts() if row["probability_alive"] is not None]
    cells = [
        (
            words.numbers.count(row["frequency"]),
            words.numbers.count(row["days_since_last"]),
            row["probability_alive"],
            ""
            if row["probability_alive"] is None
            else words.numbers.part(row["probability_alive"]),
        )
        for row in known
    ]
    even = min(known, key=lambda row: (abs(row["probability_alive"] - 0.5), row["frequency"]))
    return picture(
        words,
        "alive_matrix",
        lambda size: charts.heat_map(
            cells,
            size=size,
            columns=[words.numbers.count(days) for days in silences],
            rows=[words.numbers.count(count) for count in counts],
            title=words.get("pictures", "alive_matrix", "axis"),
        ),
        scrolls=True,
        repeats=words.counted("repeat_purchases", even["frequency"]),
        days=words.counted("day_words", even["days_since_last"]),
        share=words.numbers.part(even["probability_alive"]),
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
