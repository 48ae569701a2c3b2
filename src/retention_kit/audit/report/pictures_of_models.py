"""The pictures of what customers will do, and of whether the models of it hold."""

from __future__ import annotations

from retention_kit.audit.report import drawing
from retention_kit.audit.report.pictures import Picture, Tables, floats, picture, rows_of
from retention_kit.audit.report.words import Words


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
