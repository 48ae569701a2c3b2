"""Forgetting: from the journal, from stores and from files, and it says what it removed."""

from __future__ import annotations

import dataclasses
import json

import polars as pl
import pytest

from retention_kit.delivery import Journal, SendMessage, dispatch, forget
from retention_kit.errors import DataError, DefinitionError
from retention_kit.testing.channels import MemoryChannel


@dataclasses.dataclass
class Counts:
    accounts: int
    entries: int


class Store:
    def __init__(self):
        self.forgotten = []

    def forget(self, customer_id):
        self.forgotten.append(customer_id)
        return Counts(1, 5)


def test_a_customer_is_removed_everywhere_and_nobody_else_is(tmp_path):
    orders = pl.DataFrame(
        {"order_id": [1, 2, 3], "customer_id": [7, 8, None], "referrer_id": [8, 7, 7]}
    )
    (tmp_path / "deep").mkdir()
    orders.write_parquet(tmp_path / "orders.parquet")
    orders.filter(pl.col("customer_id") == 8).drop("referrer_id").write_parquet(
        tmp_path / "deep" / "others.parquet"
    )
    pl.DataFrame({"month": ["2026-01"]}).write_parquet(tmp_path / "costs.parquet")
    store = Store()
    letters = [
        SendMessage(campaign="hello", customer_id=one, email="a@b.example", text="Hi")
        for one in (7, 8)
    ]
    with Journal("sqlite://") as journal:
        dispatch(letters, MemoryChannel(), journal)
        found = forget(7, journal=journal, stores=[store], folders=[tmp_path])
        assert journal.actions()["customer_id"].to_list() == ["8"]
        assert sum(forget(7, journal=journal).journal.values()) == 0
    assert sum(found.journal.values()) >= 1
    assert found.stores == ({"accounts": 1, "entries": 5},)
    assert store.forgotten == [7]
    # One row of their own, and two in which they are named as referrer.
    assert found.files == {str(tmp_path / "orders.parquet"): 3}
    assert found.unread == (str(tmp_path / "costs.parquet"),)
    kept = pl.read_parquet(tmp_path / "orders.parquet")
    assert kept.rows() == [(2, 8, None), (3, None, None)]
    assert kept.schema == orders.schema
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "costs.parquet",
        "deep",
        "orders.parquet",
    ]
    assert forget(7, folders=[tmp_path]).files == {}


def test_files_may_name_customers_in_another_column(tmp_path):
    pl.DataFrame({"CONTACT_ID": ["7", "8"]}).write_parquet(tmp_path / "[deals].parquet")
    found = forget("7", folders=[tmp_path], column="CONTACT_ID")
    assert list(found.files.values()) == [1]
    assert pl.read_parquet(tmp_path / "[deals].parquet", glob=False).rows() == [("8",)]


def test_a_folder_that_is_not_there_is_said_before_anything_is_removed(tmp_path):
    store = Store()
    with pytest.raises(DefinitionError, match="folders that are there"):
        forget(7, stores=[store], folders=[tmp_path / "nowhere"])
    assert store.forgotten == []


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "orders.parquet").write_bytes(b"PAR1 no more PAR1")
    with pytest.raises(DataError, match=r"orders\.parquet"):
        forget(7, folders=[tmp_path])


def test_a_landed_table_is_searched_by_the_column_its_source_named(tmp_path):
    tables = {"deals": {"customer_id": "CONTACT_ID"}, "costs": {}}
    for name in tables:
        file = tmp_path / name / "000001-abcdef01" / "rows.parquet"
        file.parent.mkdir(parents=True)
        pl.DataFrame({"CONTACT_ID": ["7", "8"]}).write_parquet(file)
    written = {name: {"columns": columns} for name, columns in tables.items()}
    (tmp_path / "state.json").write_text(json.dumps({"tables": written}))
    (deals,) = (tmp_path / "deals").rglob("*.parquet")
    (costs,) = (tmp_path / "costs").rglob("*.parquet")
    found = forget("7", folders=[tmp_path])
    assert found.files == {str(deals): 1}
    assert pl.read_parquet(deals).rows() == [("8",)]
    # The source says nothing of customers in it: that is told apart, and not passed over.
    assert (found.unread, found.unmapped) == ((), (str(costs),))
    assert forget("7", folders=[tmp_path], column="CONTACT_ID").files == {str(costs): 1}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"journal": "journal.db"}, "'journal' is 'str'.*Journal"),
        ({"stores": Store()}, "'stores' is 'Store'.*a list of what has forget"),
        ({"folders": "landed"}, "'folders' is 'str'.*a list of paths"),
    ],
)
def test_arguments_of_another_kind_are_refused_before_anything_is_removed(given, said):
    with pytest.raises(DefinitionError, match=said):
        forget(7, **given)
