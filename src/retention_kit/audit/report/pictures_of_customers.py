"""The pictures of how customers buy, come back and stay away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from retention_kit.audit.report import drawing
from retention_kit.audit.report.pictures import (
    Picture,
    Tables,
    days,
    floats,
    lying,
    percent,
    picture,
    rows_of,
    span,
)
from retention_kit.audit.report.words import Words

_LONG_AFTER_DAYS = 365
_QUIET_BELOW = 1.0


def gaps(tables: Tables, words: Words) -> Picture | None:
    """Draw how long it takes from one purchase to the next."""
    frame = rows_of(tables, "gaps", "days")
    if frame is None:
        return None
    from retention_kit.audit import charts

    summary = tables["gap_summary"].to_dicts() if "gap_summary" in tables else []
    row = summary[0] if summary else {}
    long = float(row.get("ninetieth_percentile_days") or frame["days"].to_list()[-1])
    width = max(1, -(-int(long) // 18))
    # A week is how a shop thinks of days.
    width = next((step for step in (1, 2, 7, 14, 28, 91, 182, 364) if step >= width), width)
    last = int(long * 1.5) // width
    binned = (
        frame.group_by(pl.min_horizontal(pl.col("days") // width, last).alias("bin"))
        .agg(pl.col("gaps").sum())
        .join(
            pl.DataFrame({"bin": range(last + 1)}, schema={"bin": pl.Int64}), on="bin", how="right"
        )
        .sort("bin")
    )
    labels = [
        words.numbers.count(number * width) + ("+" if number == last else "")
        for number in binned["bin"]
    ]
    values = floats(binned, "gaps")
    texts = [words.numbers.short(value) for value in values]
    return picture(
        words,
        "gaps",
        lambda size: charts.bars(
            labels,
            values,
            texts,
            size=size,
            axis=drawing.Axis(words.numbers.short),
            label_title=words.get("pictures", "gaps", "axis"),
        ),
        median=days(words, row.get("median_days")),
        long=days(words, row.get("ninetieth_percentile_days")),
    )


def next_purchase(tables: Tables, words: Words) -> Picture | None:
    """Draw the share who bought again, by days since the first purchase."""
    frame = rows_of(tables, "next_purchase", "days")
    if frame is None:
        return None
    from retention_kit.audit import charts

    frame = frame.filter(pl.col("share_bought_again").is_not_null())
    if frame.is_empty():
        return None
    # More points than pixels make a large file and the same picture.
    frame = frame.gather_every(max(1, frame.height // 180))
    points = [
        (row["days"], row["share_bought_again"], row["share_low"], row["share_high"])
        for row in frame.to_dicts()
    ]
    known = [point for point in points if point[0] <= _LONG_AFTER_DAYS] or points
    across = drawing.Axis(words.numbers.count, words.get("pictures", "next_purchase", "axis"))
    return picture(
        words,
        "next_purchase",
        lambda size: charts.curve(points, size=size, across=across, axis=percent(words)),
        share=words.numbers.share(known[-1][1]),
        days=days(words, known[-1][0]),
    )


def order_conversion(tables: Tables, words: Words) -> Picture | None:
    """Draw the share who went on from each order to the next."""
    frame = rows_of(tables, "order_conversion", "order_number")
    if frame is None:
        return None
    frame = frame.filter(pl.col("conversion").is_not_null(), pl.col("customers") > 0).head(10)
    if frame.is_empty():
        return None
    from retention_kit.audit import charts

    labels = [f"{number} → {number + 1}" for number in frame["order_number"]]
    values = floats(frame, "conversion")
    texts = [words.numbers.share(value, digits=0) for value in values]
    return picture(
        words,
        "order_conversion",
        lambda size: charts.bars(
            labels,
            values,
            texts,
            size=size,
            axis=percent(words),
            label_title=words.get("pictures", "order_conversion", "axis"),
        ),
        first=words.numbers.share(values[0]),
    )


def lifecycle(tables: Tables, words: Words) -> Picture | None:
    """Draw customers by state."""
    frame = rows_of(tables, "lifecycle", "state")
    if frame is None or not frame["customers"].sum():
        return None
    rows = frame.to_dicts()
    most = max(rows, key=lambda row: row["customers"])
    return lying(
        words,
        "lifecycle",
        [words.named("state", row["state"]) for row in rows],
        floats(frame, "customers"),
        [
            f"{words.numbers.count(row['customers'])}  ·  "
            f"{words.numbers.part(row['share_of_customers'])}"
            for row in rows
        ],
        share=words.numbers.part(most["share_of_customers"]),
        state=words.named("state", most["state"]).lower(),
    )


def lifecycle_flow(tables: Tables, words: Words) -> Picture | None:
    """Draw moves between states as a heat map."""
    frame = rows_of(tables, "lifecycle_flow", "state")
    if frame is None:
        return None
    from retention_kit.audit import charts

    states = list(words.of_column("state"))
    columns = [words.named("state", state) for state in states]
    names = [words.named("state_before", state) for state in (*states, None)]
    present = set(frame["state_before"])
    names = [name for state, name in zip((*states, None), names, strict=True) if state in present]
    cells = [
        (
            words.named("state_before", row["state_before"]),
            words.named("state", row["state"]),
            row["share_of_state_before"],
            words.numbers.part(row["share_of_state_before"]),
        )
        for row in frame.to_dicts()
    ]
    return picture(
        words,
        "lifecycle_flow",
        lambda size: charts.heat_map(
            cells,
            size=size,
            columns=columns,
            rows=names,
            title=words.get("pictures", "lifecycle_flow", "after"),
        ),
        scrolls=True,
    )


def season(unit: str) -> Callable[[Tables, Words], Picture | None]:
    """Make what draws one unit of the seasonality: months, weekdays or hours."""

    def make(tables: Tables, words: Words) -> Picture | None:
        frame = rows_of(tables, "seasonality", "slot")
        if frame is not None:
            frame = frame.filter(pl.col("unit") == unit).sort("slot")
        if frame is None or frame["index"].drop_nulls().is_empty():
            return None
        from retention_kit.audit import charts

        labels = [words.numbers.slot(unit, slot) for slot in frame["slot"]]
        values = floats(frame, "index")
        texts = ["" if value is None else words.numbers.ratio(value, 1) for value in values]
        best = max(range(len(values)), key=lambda i: values[i] or 0.0)
        faint = [(value or 0.0) < _QUIET_BELOW for value in values]
        return picture(
            words,
            f"seasonality_{unit}",
            lambda size: charts.bars(
                labels,
                values,
                texts,
                size=size,
                axis=drawing.Axis(lambda value: words.numbers.ratio(value, 1)),
                faint=faint,
            ),
            is_half=unit != "month",
            best=words.numbers.slot(unit, frame["slot"][best], is_wide=True),
            index=words.numbers.ratio(values[best], 1),
        )

    return make


def concentration(tables: Tables, words: Words) -> Picture | None:
    """Draw how much of the revenue the best customers bring."""
    frame = rows_of(tables, "concentration", "top_share")
    if frame is None:
        return None
    rows = [row for row in frame.to_dicts() if row["share_of_revenue"] is not None]
    if not rows:
        return None
    tops = [words.numbers.share(row["top_share"], digits=0) for row in rows]
    bar = words.get("pictures", "concentration", "bar")
    near = min(range(len(rows)), key=lambda i: abs(rows[i]["top_share"] - 0.2))
    return lying(
        words,
        "concentration",
        [bar.replace("{top}", top) for top in tops],
        [row["share_of_revenue"] for row in rows],
        [words.numbers.share(row["share_of_revenue"], digits=0) for row in rows],
        top=tops[near],
        share=words.numbers.share(rows[near]["share_of_revenue"], digits=0),
    )


def funnel(tables: Tables, words: Words) -> Picture | None:
    """Draw customers at each step up to the second order."""
    frame = rows_of(tables, "funnel", "step")
    if frame is None or not frame["customers"].sum():
        return None
    rows = frame.to_dicts()
    known = [row for row in rows if row["conversion_from_previous"] is not None]
    leaks = [row for row in known if row["is_largest_leak"]]
    skipped = sum(row["skipped_customers"] for row in rows if row["step"] == "ordered")
    told = words.get("pictures", "funnel", "skipped")
    lost = leaks[0]["lost"] if leaks else 0
    share = 1 - leaks[0]["conversion_from_previous"] if leaks else 0.0
    if leaks and lost and leaks[0]["step"] == "added_to_cart":
        # Who ordered all the same is not lost.
        share *= (lost - skipped) / lost
        lost -= skipped
    drawn = lying(
        words,
        "funnel",
        [words.named("step", row["step"]) for row in rows],
        floats(frame, "customers"),
        [
            f"{words.numbers.count(row['customers'])}  ·  "
            f"{words.numbers.part(row['conversion_from_first'])}"
            for row in rows
        ],
        step=words.named("step", leaks[0]["step"]) if leaks else "",
        lost=words.counted("customers", lost),
        share=words.numbers.share(share),
    )
    parts = [drawn.summary if leaks else words.get("pictures", "funnel", "nothing")]
    if skipped:
        parts.append(told.format(skipped=words.counted("customers", skipped)))
    return replace(drawn, summary=" ".join(parts))


def delivery(tables: Tables, words: Words) -> Picture | None:
    """Draw the share who came back, by days of the first delivery."""
    frame = rows_of(tables, "delivery", "delivery_days_from")
    if frame is not None:
        frame = frame.filter(pl.col("share_came_back").is_not_null())
    if frame is None or frame.is_empty():
        return None
    from retention_kit.audit import charts

    labels = [
        span(words, row["delivery_days_from"], row["delivery_days_to"]) for row in frame.to_dicts()
    ]
    values = floats(frame, "share_came_back")
    texts = [words.numbers.share(value, digits=0) for value in values]
    return picture(
        words,
        "delivery",
        lambda size: charts.bars(
            labels,
            values,
            texts,
            size=size,
            axis=percent(words),
            label_title=words.get("pictures", "delivery", "axis"),
        ),
        fast=words.numbers.share(values[0]),
        slow=words.numbers.share(values[-1]),
    )
