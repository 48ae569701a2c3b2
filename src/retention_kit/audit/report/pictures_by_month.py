"""The pictures of what went on month by month."""

from __future__ import annotations

import polars as pl

from retention_kit.audit.report import drawing
from retention_kit.audit.report.pictures import (
    Picture,
    Tables,
    floats,
    last_whole,
    months,
    percent,
    picture,
    rows_of,
    wholes,
)
from retention_kit.audit.report.words import Words

COHORTS_SHOWN = 24
"""How many of the latest cohorts are drawn, and half as many months of each."""


def order_values(tables: Tables, words: Words) -> Picture | None:
    """Draw the average values of first and of repeat orders."""
    needed = ["first_average_order_value", "repeat_average_order_value"]
    frame = rows_of(tables, "order_values", "period", needed=needed)
    if frame is None:
        return None
    from retention_kit.audit import charts

    labels = months(frame, words)
    whole = wholes(frame)
    first = floats(frame, "first_average_order_value")
    again = floats(frame, "repeat_average_order_value")
    series = [
        drawing.Series(
            words.get("pictures", "order_values", "series", "first"), first, drawing.SOFT
        ),
        drawing.Series(words.get("pictures", "order_values", "series", "repeat"), again),
    ]
    axis = drawing.Axis(words.numbers.short_money)
    last = last_whole(frame)
    return picture(
        words,
        "order_values",
        lambda size: charts.lines(labels, series, size=size, axis=axis, whole=whole),
        is_cut=not all(whole),
        last=words.numbers.full_month(frame["period"][last]),
        first_value=words.numbers.money(first[last]),
        repeat_value=words.numbers.money(again[last]),
    )


def retention_rate(tables: Tables, words: Words) -> Picture | None:
    """Draw the retention rate, with its interval."""
    frame = rows_of(tables, "retention", "period")
    if frame is not None:
        frame = _settled(frame.filter(pl.col("customer_retention_rate").is_not_null()))
    if frame is None or frame.is_empty():
        return None
    from retention_kit.audit import charts

    labels, rates = months(frame, words), floats(frame, "customer_retention_rate")
    whole = wholes(frame)
    band = list(
        zip(
            floats(frame, "customer_retention_rate_low"),
            floats(frame, "customer_retention_rate_high"),
            strict=True,
        )
    )
    series = [drawing.Series(words.get("columns", "customer_retention_rate"), rates)]
    last = last_whole(frame)
    return picture(
        words,
        "retention_rate",
        lambda size: charts.lines(
            labels, series, size=size, axis=percent(words), band=band, whole=whole
        ),
        is_cut=not all(whole),
        last=words.numbers.full_month(frame["period"][last]),
        rate=words.numbers.share(rates[last]),
    )


def _settled(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out the months that are not whole, unless there are no others.

    Until a month is over its customers are those of the month before and since, so that retention
    looks like a triumph.
    """
    whole = frame.filter("is_complete")
    return frame if whole.is_empty() else whole


def retention_flow(tables: Tables, words: Words) -> Picture | None:
    """Draw who stayed, came back, came new and was lost."""
    frame = rows_of(tables, "retention", "period")
    if frame is None:
        return None
    from retention_kit.audit import charts

    frame = _settled(frame)
    colours = {
        "retained": drawing.ACCENT,
        "reactivated": drawing.SECOND,
        "new_customers": drawing.SOFT,
        "lost": drawing.WARM,
    }
    series = {
        name: drawing.Series(
            words.get("pictures", "retention_flow", "series", name), floats(frame, name), colour
        )
        for name, colour in colours.items()
    }
    up = [series[name] for name in ("retained", "reactivated", "new_customers")]
    labels, last = months(frame, words), last_whole(frame)
    whole = wholes(frame)
    return picture(
        words,
        "retention_flow",
        lambda size: charts.stacked(
            labels,
            up,
            [series["lost"]],
            size=size,
            axis=drawing.Axis(words.numbers.short),
            whole=whole,
        ),
        is_cut=not all(whole),
        values={name: words.numbers.count(one.values[last]) for name, one in series.items()},
        last=words.numbers.full_month(frame["period"][last]),
    )


def cohorts(tables: Tables, words: Words) -> Picture | None:
    """Draw the cohorts as a heat map."""
    frame = rows_of(tables, "cohorts", "cohort", "period")
    if frame is None:
        return None
    from retention_kit.audit import charts

    shown = frame.filter(
        pl.col("cohort") >= pl.col("cohort").unique().top_k(COHORTS_SHOWN).min(),
        pl.col("period").is_between(1, COHORTS_SHOWN // 2),
        pl.col("retained_in_period").is_not_null(),
    )
    if shown.is_empty():
        return None
    cells = [
        (
            words.numbers.month(row["cohort"]),
            str(row["period"]),
            row["retained_in_period"],
            words.numbers.share(row["retained_in_period"], digits=0).replace(
                "\N{NO-BREAK SPACE}", ""
            )
            + ("" if row["is_complete"] is not False else "*"),
        )
        for row in shown.to_dicts()
    ]
    columns = [str(period) for period in sorted(shown["period"].unique())]
    names = [words.numbers.month(month) for month in sorted(shown["cohort"].unique())]
    title = words.get("pictures", "cohorts", "axis")
    next_month = shown.filter(pl.col("period") == 1, pl.col("is_complete"))
    counted, came = (int(next_month[name].sum()) for name in ("cohort_customers", "customers"))
    return picture(
        words,
        "cohorts",
        lambda size: charts.heat_map(cells, size=size, columns=columns, rows=names, title=title),
        scrolls=True,
        is_cut=not shown["is_complete"].fill_null(value=True).all(),
        share=words.numbers.share(came / counted if counted else None),
    )


def value_trend(tables: Tables, words: Words) -> Picture | None:
    """Draw what a customer has brought so far."""
    frame = rows_of(tables, "value_trend", "period", needed=["lifetime_value"])
    if frame is None:
        return None
    from retention_kit.audit import charts

    values = floats(frame, "lifetime_value")
    labels, last = months(frame, words), last_whole(frame)
    whole = wholes(frame)
    series = [drawing.Series(words.get("columns", "lifetime_value"), values)]
    axis = drawing.Axis(words.numbers.short_money)
    return picture(
        words,
        "value_trend",
        lambda size: charts.lines(labels, series, size=size, axis=axis, whole=whole),
        is_cut=not all(whole),
        last=words.numbers.full_month(frame["period"][last]),
        value=words.numbers.money(values[last]),
    )


def acquisition(tables: Tables, words: Words) -> Picture | None:
    """Draw what a new customer cost, over all channels."""
    frame = rows_of(tables, "acquisition", "period")
    if frame is None:
        return None
    from retention_kit.audit import charts

    summed = (
        frame.group_by("period")
        .agg(
            pl.col("paid_cost", "fully_loaded_cost", "new_customers").cast(pl.Float64).sum(),
            pl.col("is_complete").all(),
        )
        .sort("period")
    )
    in_vain = summed.filter(pl.col("new_customers") == 0, pl.col("fully_loaded_cost") > 0)
    summed = summed.filter(pl.col("new_customers") > 0).with_columns(
        paid=pl.col("paid_cost") / pl.col("new_customers"),
        loaded=pl.col("fully_loaded_cost") / pl.col("new_customers"),
    )
    nobody = words.get("pictures", "acquisition", "nobody")
    nobody = nobody.format(months=", ".join(map(words.numbers.month, in_vain["period"])))
    if summed.is_empty() or not summed["fully_loaded_cost"].sum():
        return None
    labels = months(summed, words)
    whole = wholes(summed)
    last = last_whole(summed)
    series = [
        drawing.Series(
            words.get("pictures", "acquisition", "series", name), floats(summed, name), colour
        )
        for name, colour in (("paid", drawing.SOFT), ("loaded", drawing.ACCENT))
    ]
    axis = drawing.Axis(words.numbers.short_money)
    return picture(
        words,
        "acquisition",
        lambda size: charts.lines(labels, series, size=size, axis=axis, whole=whole),
        is_cut=not all(whole),
        note=nobody if in_vain.height else "",
        last=words.numbers.full_month(summed["period"][last]),
        value=words.numbers.money(series[1].values[last]),
    )
