"""Files and folders, good and bad: what goes in, and what each refusal says."""

import codecs
import contextlib
import datetime as dt
import gzip
import os
import tempfile
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from retention_kit.contracts import Dataset
from retention_kit.errors import DataError, FileFormatError, MissingColumnError

HEADER = "order_id,customer_id,ordered_at,amount\n"
ROW = "007,c1,2024-01-02,5.50\n"


@pytest.fixture
def write(tmp_path):
    """Write a file, text as UTF-8, and give its path."""

    def put(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put


@pytest.fixture
def refused(enter):
    """Give the error that a path meets at the door, having looked at its shape."""

    def refuse(path, **options):
        with pytest.raises(FileFormatError) as caught:
            enter(path, **options)
        error = caught.value
        assert str(error).startswith(f"Cannot read {error.path!r}: {error.reason} Next step: ")
        assert str(error).endswith((".", ")", "'"))
        return error

    return refuse


@contextlib.contextmanager
def closed(path):
    """Take away the right to read, from root too."""
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(0o755)


@pytest.fixture
def open_folder():
    """Make a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def rows_of(dataset):
    table = dataset.orders.sort("order_id")
    return table.select("order_id", "customer_id", "amount").collect().rows()


ONE = [("007", "c1", Decimal("5.5000"))]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.csv", HEADER + ROW),
        ("orders.CSV", HEADER + ROW),
        ("orders.txt", HEADER + ROW),
        ("orders.csv", codecs.BOM_UTF8 + (HEADER + ROW).encode()),
        ("orders.csv", (HEADER + ROW).replace("\n", "\r\n")),
        ("orders.csv", (HEADER + ROW).rstrip("\n")),
        ("orders.csv", (HEADER + ROW).replace(",", ";")),
        ("orders.csv", (HEADER + ROW).replace(",", "|")),
        ("orders.tsv", (HEADER + ROW).replace(",", "\t")),
        ("orders.csv", '"a;b;c;d;e;f",' + HEADER + '"x",' + ROW),
        ("orders.csv.gz", gzip.compress((HEADER + ROW).encode(), mtime=0)),
        ("orders.csv.gz", gzip.compress((HEADER + ROW).replace(",", ";").encode(), mtime=0)),
    ],
)
def test_csv_is_read_as_it_is_written_and_ids_keep_their_leading_zeros(
    enter, write, rules_of, name, content
):
    dataset = enter(write(name, content))
    assert rules_of(dataset) == {}
    assert rows_of(dataset) == ONE


def test_a_packed_csv_of_zstandard_is_read(enter, write):
    import pyarrow as pa

    packed = pa.Codec("zstd").compress((HEADER + ROW).replace(",", ";").encode(), asbytes=True)
    assert rows_of(enter(write("orders.csv.zst", packed))) == ONE


def test_a_stated_separator_goes_before_what_the_header_tells(enter, write):
    text = "order_id:customer_id:ordered_at:amount,a,b,c,d\n007:c1:2024-01-02:5.50\n"
    dataset = enter(write("orders.csv", text), separator=":", columns={"amount": "amount,a,b,c,d"})
    assert rows_of(dataset) == ONE


def test_the_decimal_comma_and_the_semicolon_of_a_european_csv(enter, write):
    text = "order_id;customer_id;ordered_at;amount\n007;c1;02.01.2024;1\u00a0234,50\n"
    dataset = enter(
        write("orders.csv", text), date_format="%d.%m.%Y", decimal_mark=",", thousands_mark=" "
    )
    assert rows_of(dataset) == [("007", "c1", Decimal("1234.5000"))]


def test_quoted_fields_may_hold_separators_and_line_ends(enter, write):
    dataset = enter(write("orders.csv", HEADER + '"0,07","c\n1",2024-01-02,"5.50"\n'))
    assert rows_of(dataset) == [("0,07", "c\n1", Decimal("5.5000"))]


@pytest.mark.parametrize("content", [HEADER, HEADER.rstrip("\n"), "\ufeff" + HEADER])
def test_a_csv_of_a_header_alone_is_a_table_without_rows(enter, write, rules_of, content):
    dataset = enter(write("orders.csv", content))
    assert rules_of(dataset) == {}
    assert dataset.health.tables["orders"].read == 0
    assert dataset.orders.collect_schema()["order_id"] == pl.String


def test_a_parquet_file_of_no_rows_is_a_table_without_rows(enter, order, tmp_path, rules_of):
    pl.DataFrame([order()]).clear().write_parquet(tmp_path / "orders.parquet")
    dataset = enter(tmp_path / "orders.parquet")
    assert rules_of(dataset) == {}
    assert dataset.orders.collect_schema()["order_id"] == pl.Int64


def test_a_row_with_fewer_fields_lacks_them(enter, write, rules_of):
    dataset = enter(write("orders.csv", HEADER + "008,c2\n" + ROW))
    assert rules_of(dataset) == {"null_ordered_at": 1}
    assert rows_of(dataset) == ONE


@pytest.mark.parametrize(
    "rows", [ROW + "008,c2,2024-01-02,5,secret@example.com\n", '008,"secret@example.com,2024\n']
)
def test_a_ragged_csv_is_refused_and_its_cells_are_not_shown(write, refused, rows):
    path = write("orders.csv", HEADER + rows)
    error = refused(path)
    assert error.path == str(path)
    assert "its content cannot be read (ComputeError)." in error.reason
    assert "look for rows with more fields than the header, or an unclosed quote" in str(error)
    assert "secret" not in str(error)
    assert error.__suppress_context__


BIG = HEADER + "".join(f"{n},c{n % 3000},2024-01-02,5\n" for n in range(70_000))


@pytest.mark.parametrize(
    "content",
    [
        (HEADER + "007,Müller,2024-01-02,5\n").encode("latin-1"),
        (HEADER + "é,").encode("latin-1"),
        (BIG + "70001,é,2024-01-02,5\n").encode("latin-1"),
        (BIG.replace("\n", ",x\n") + "70001,c,2024-01-02,5,é\n").encode("latin-1"),
    ],
    ids=["latin", "last byte", "after a megabyte", "in a column of no name"],
)
def test_a_file_in_an_encoding_that_its_bytes_do_not_tell_says_so(write, refused, content):
    path = write("orders.csv", content)
    error = refused(path)
    assert str(error) == (
        f"Cannot read {str(path)!r}: it is neither UTF-8 text nor certainly Windows-1251. Next "
        "step: save it as UTF-8 (in Excel: 'CSV UTF-8'), or state what it is: read_export(path, "
        "encoding='cp1252'), for example (--encoding on the command line)."
    )


def test_a_byte_that_is_not_utf_8_after_a_megabyte_of_it_is_refused(write, refused):
    content = BIG.replace("c1,", "ц1,").encode() + "70001,é,2024-01-02,5\n".encode("latin-1")
    assert refused(write("orders.csv", content)).reason == "it is not UTF-8 text."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.csv", (HEADER + "007,Щукин,2024-01-02,5\n").encode("cp1251")),
        ("orders.csv", (HEADER + "007,Щукин,2024-01-02,5\n").encode("utf-16")),
        ("orders.csv.gz", gzip.compress((HEADER + "007,Щукин,2024-01-02,5\n").encode("cp1251"))),
        ("orders.csv", (BIG + "007,Щукин,2024-01-02,5\n").encode("cp1251")),
    ],
    ids=["1251", "utf-16", "packed", "after a megabyte"],
)
def test_text_in_windows_1251_and_in_utf_16_is_read(enter, write, rules_of, name, content):
    dataset = enter(write(name, content))
    assert rules_of(dataset) == {}
    row = dataset.orders.filter(pl.col("order_id") == "007").select("customer_id", "amount")
    assert row.collect().rows() == [("Щукин", Decimal("5.0000"))]


def test_a_character_cut_by_the_end_of_the_sample_is_no_fault(enter, write, rules_of):
    filler = HEADER + "007,c1,2024-01-02,5.50," + "x" * ((1 << 20) - 62)
    text = HEADER.replace("\n", ",note\n") + filler.removeprefix(HEADER)
    content = (text[: (1 << 20) - 1] + "é\n").encode()
    assert len(content) > 1 << 20
    assert content[(1 << 20) - 1 : (1 << 20) + 1] == "é".encode()
    dataset = enter(write("orders.csv", content))
    assert rules_of(dataset) == {}
    assert rows_of(dataset) == ONE


def parquet(order):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x"
        pl.DataFrame([order()]).write_parquet(file)
        return file.read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("orders.parquet", HEADER + ROW, "Parquet"),
        ("orders.csv", b"PK\x03\x04\x14\x00\x06\x00", "CSV"),
        ("orders.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "CSV"),
        ("orders.csv", gzip.compress(b"x" * 100, mtime=0), "CSV"),
        ("orders.csv.gz", HEADER + ROW, ".gz"),
        ("orders.csv.zst", HEADER + ROW, ".zst"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says(write, refused, name, content, said):
    error = refused(write(name, content))
    assert error.reason == (f"its ending says {said}, its content is that of another kind of file.")
    assert str(error).endswith("export it again, or give it the ending it should have.")


def test_a_parquet_file_with_the_ending_of_csv(write, refused, order):
    error = refused(write("orders.csv", parquet(order)))
    assert "its ending says CSV, its content is that of another kind" in error.reason


def test_a_parquet_file_that_was_cut_short(write, refused, order):
    assert "cannot be read" in refused(write("orders.parquet", parquet(order)[:-20])).reason


@pytest.mark.parametrize("name", ["orders", "orders.json"])
def test_a_kind_of_file_that_is_not_read_is_named(write, refused, name):
    error = refused(write(name, "x"))
    assert error.reason == f"files ending in {Path(name).suffix!r} are not read."
    assert "export it as Parquet, CSV or Excel, or pass a frame that you read yourself." in str(
        error
    )


@pytest.mark.parametrize(("content", "name"), [("", "a.csv"), ("\n", "b.csv"), ("", "c.parquet")])
def test_an_empty_file_is_told_to_be_empty(write, refused, content, name):
    assert refused(write(name, content)).reason == "it is empty."


def test_a_path_where_nothing_is(refused, tmp_path):
    for path in (tmp_path / "orders.csv", f"{tmp_path}/*.csv"):
        assert str(refused(path)) == (
            f"Cannot read {str(path)!r}: it is not there. Next step: check the path."
        )


def test_a_folder_without_tables(refused, write):
    folder = write("data/readme.md", "x").parent
    assert refused(folder).reason == "it is a folder without .parquet or .csv files."


def test_a_folder_of_several_kinds(refused, write, order):
    folder = write("data/a.csv", HEADER + ROW).parent
    write("data/b.parquet", parquet(order))
    error = refused(folder)
    assert error.reason == "it holds files of several kinds (.csv, .parquet)."
    assert "name a pattern that picks one kind, such as 'folder/*.parquet'." in str(error)


def test_files_of_one_folder_must_have_the_same_columns(refused, write):
    folder = write("data/a.csv", HEADER + ROW).parent
    other = write("data/b.csv", HEADER.replace("\n", ",note\n") + ROW.replace("\n", ",x\n"))
    error = refused(folder)
    assert error.path == str(other)
    assert error.reason == "the files read together do not have the same columns."
    assert "read them one by one, or make them alike." in str(error)


def test_parquet_files_of_one_folder_must_have_the_same_types(refused, tmp_path, order):
    pl.DataFrame([order()]).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame([order("x")]).write_parquet(tmp_path / "b.parquet")
    assert "do not have the same columns" in refused(tmp_path).reason


def test_files_of_one_folder_may_have_their_columns_in_another_order(enter, write):
    write("data/a.csv", HEADER + ROW)
    folder = write("data/b.csv", "amount,order_id,ordered_at,customer_id\n6,008,2024-01-03,c2\n")
    dataset = enter(folder.parent)
    assert rows_of(dataset) == [*ONE, ("008", "c2", Decimal("6.0000"))]


def test_a_folder_is_read_with_its_folders_and_without_what_is_hidden(enter, write, rules_of):
    write("_in/.data/2024/a.csv", HEADER + ROW)
    write("_in/.data/2025/b.csv", HEADER + "008,c2,2025-01-02,6\n")
    write("_in/.data/_temporary/c.csv", "broken")
    write("_in/.data/.d.csv", "broken")
    dataset = enter(write("_in/.data/notes.md", "x").parent)
    assert rules_of(dataset) == {}
    assert [row[0] for row in rows_of(dataset)] == ["007", "008"]


def test_an_unreadable_folder_says_so_and_is_not_an_empty_one(enter, order, open_folder):
    (open_folder / "orders.csv").write_text(HEADER + ROW)
    enter([order()])
    for read in (enter, lambda path: Dataset.scan(path, currency="GBP", time_zone="UTC")):
        with closed(open_folder), pytest.raises(FileFormatError) as caught:
            read(open_folder)
        assert str(caught.value) == (
            f"Cannot read {str(open_folder)!r}: Permission denied. Next step: check its "
            "permissions."
        )
        assert caught.value.path == str(open_folder)


def test_an_unreadable_part_of_a_folder_is_not_passed_over(enter, order, open_folder):
    enter([order()])
    (open_folder / "a.csv").write_text(HEADER + ROW)
    part = open_folder / "part"
    part.mkdir()
    (part / "b.csv").write_text(HEADER + ROW)
    with closed(part), pytest.raises(FileFormatError, match="Permission denied"):
        enter(open_folder)


def test_an_unreadable_file_says_so(enter, order, open_folder):
    enter([order()])
    file = open_folder / "orders.csv"
    file.write_text(HEADER + ROW)
    with closed(file), pytest.raises(FileFormatError) as caught:
        enter(file)
    assert caught.value.path == str(file)
    assert caught.value.reason == "Permission denied."


def test_a_fault_of_a_second_table_names_its_file(enter, order, write):
    path = write("customers.csv", "customer_id\n7,secret@example.com\n")
    with pytest.raises(FileFormatError) as caught:
        enter([order("1", "7")], customers=path)
    assert caught.value.path == str(path)
    assert "secret" not in str(caught.value)


def test_scan_finds_the_tables_of_a_folder_by_their_names(write, order, tmp_path):
    write("orders.csv.gz", gzip.compress((HEADER + ROW).encode(), mtime=0))
    write("customers.tsv", "customer_id\temail\nc1\ta@example.com\n")
    write("order_items/2024.csv", "order_id,product_id,quantity,amount\n007,mug,1,5.5\n")
    write("order_items/2025.csv", "order_id,product_id,quantity,amount\n")
    write("orders.backup.csv", "broken")
    write("notes.md", "x")
    pl.DataFrame({"month": [dt.date(2024, 1, 1)], "amount": [1]}).write_parquet(
        tmp_path / "costs.parquet"
    )
    dataset = Dataset.scan(tmp_path, currency="GBP", time_zone="UTC", date_format="iso8601")
    assert dataset.given == {"orders", "customers", "order_items", "costs"}
    assert rows_of(dataset) == ONE
    assert dataset.order_items.collect()["customer_id"].to_list() == ["c1"]
    assert dataset.costs.collect().height == 1
    assert dataset.events.collect().height == 0


@pytest.mark.parametrize("pattern", ["orders.csv", "or*.csv"])
def test_scan_takes_a_file_or_a_pattern_for_the_orders(write, tmp_path, pattern):
    write("orders.csv", HEADER + ROW)
    dataset = Dataset.scan(
        f"{tmp_path}/{pattern}", currency="GBP", time_zone="UTC", date_format="iso8601"
    )
    assert rows_of(dataset) == ONE


def test_scan_of_a_folder_without_orders(write):
    folder = write("customers.csv", "customer_id\n7\n").parent
    with pytest.raises(FileFormatError) as caught:
        Dataset.scan(folder, currency="GBP", time_zone="UTC")
    assert str(caught.value) == (
        f"Cannot read {str(folder)!r}: it holds no table 'orders'. Next step: name a file "
        "orders.parquet or orders.csv, or pass a file or a pattern."
    )


def test_scan_of_a_folder_with_a_table_twice(write):
    write("orders.csv", HEADER)
    folder = write("orders/a.csv", HEADER).parent.parent
    with pytest.raises(FileFormatError) as caught:
        Dataset.scan(folder, currency="GBP", time_zone="UTC")
    assert caught.value.reason == "it holds table 'orders' more than once."
    assert "keep one of: orders, orders.csv." in str(caught.value)


def test_scan_of_nothing(tmp_path):
    with pytest.raises(FileFormatError, match="it is not there"):
        Dataset.scan(tmp_path / "none", currency="GBP", time_zone="UTC")


def test_a_file_that_lacks_a_column_names_the_column(enter, write):
    with pytest.raises(MissingColumnError) as caught:
        enter(write("orders.csv", "Order ID,customer_id,ordered_at,amount\n"))
    assert caught.value.nearest[0] == "Order ID"


def test_the_tables_of_files_stay_in_their_files(enter, write):
    plan = enter(write("orders.csv", HEADER + ROW)).orders.explain()
    assert "Csv SCAN" in plan
    assert "DF [" not in plan


def test_a_wrong_file_is_a_fault_of_the_data():
    assert issubclass(FileFormatError, DataError)
