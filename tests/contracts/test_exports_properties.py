"""Whatever is written as an export, in any of the ways people write them, is read back the same."""

import datetime as dt
import tempfile
import warnings
from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import assume, given
from hypothesis import strategies as st

from retention_kit.contracts import Dataset, read_export
from retention_kit.errors import DataWarning

NAMES = st.text("абвгдежзийклмнопрстуфхцчшщъыьэюя", min_size=2, max_size=12).map(str.capitalize)
AMOUNTS = st.decimals(0, 9_999_999, places=2)
INSTANTS = st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2035, 1, 1)).map(
    lambda one: one.replace(second=0, microsecond=0)
)
ROWS = st.lists(st.tuples(NAMES, INSTANTS, AMOUNTS), min_size=1, max_size=25)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1251"])
MARKS = st.sampled_from([(",", "\u00a0"), (",", " "), (",", ""), (".", ""), (",", "."), (".", " ")])
DATES = st.sampled_from(
    ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
)


def enter(export):
    with warnings.catch_warnings():
        # One customer may well hold all sales.
        warnings.simplefilter("ignore", DataWarning)
        return Dataset.from_frames(orders=export, time_zone="UTC", currency="RUB")


def written(amount: Decimal, decimal: str, thousands: str) -> str:
    whole, _, fraction = f"{amount:,.2f}".partition(".")
    return whole.replace(",", thousands) + decimal + fraction


@given(
    rows=ROWS,
    encoding=ENCODINGS,
    separator=st.sampled_from([";", "\t", "|"]),
    marks=MARKS,
    date=DATES,
    titles=st.integers(0, 3),
    total=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_a_text_file_written_in_any_style_is_read_back_the_same(
    rows, encoding, separator, marks, date, titles, total, line_end
):
    lines = ["Отчёт по продажам"] * titles
    lines += [separator.join(("Номер", "Дата", "Контрагент", "Сумма"))]
    lines += [
        separator.join((str(place), f"{at:{date}}", name, written(amount, *marks)))
        for place, (name, at, amount) in enumerate(rows)
    ]
    if total:
        whole = written(sum(amount for *_, amount in rows), *marks)
        lines.append(separator.join(("Итого", "", "", whole)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Продажи за год.csv"
        path.write_bytes((line_end.join(lines) + line_end).encode(encoding))
        export = read_export(path)
        assert export.title_rows == titles
        assert len(export.total_rows) == total
        dataset = enter(export)
        assert not dataset.health.tables["orders"].rejected
        columns = ("order_id", "customer_id", pl.col("ordered_at").dt.replace_time_zone(None))
        read = dataset.orders.select(*columns, "amount").collect()
    assert sorted(read.rows()) == sorted(
        (str(place), name, at, amount) for place, (name, at, amount) in enumerate(rows)
    )


@given(rows=ROWS, titles=st.integers(0, 3), total=st.booleans())
def test_a_workbook_is_read_back_the_same(rows, titles, total):
    import xlsxwriter

    # Excel keeps no year before 1900, and a float no more than fifteen digits.
    assume(all(amount < 10**9 for *_, amount in rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Продажи за год.xlsx"
        book = xlsxwriter.Workbook(path)
        date = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        page = book.add_worksheet()
        for place in range(titles):
            page.write(place, 0, "Отчёт по продажам")
        page.write_row(titles, 0, ["Номер", "Дата", "Контрагент", "Сумма"])
        for place, (name, at, amount) in enumerate(rows, start=titles + 1):
            page.write_row(place, 0, [f"А-{place}", None, name, float(amount)])
            page.write_datetime(place, 1, at, date)
        if total:
            page.write_row(titles + len(rows) + 1, 0, ["Итого", None, None, 1.5])
        book.close()
        export = read_export(path)
        assert (export.title_rows, len(export.total_rows)) == (titles, total)
        dataset = enter(export)
        columns = ("customer_id", pl.col("ordered_at").dt.replace_time_zone(None), "amount")
        read = dataset.orders.select(columns).collect()
    assert sorted(read.rows()) == sorted(rows)
