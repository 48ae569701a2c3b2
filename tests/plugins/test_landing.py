import contextlib
import datetime as dt
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.delivery import forget
from retention_kit.errors import (
    DataError,
    DefinitionError,
    FileFormatError,
    PluginError,
    RetryableError,
)
from retention_kit.plugins import SourceTable, land_source, merging
from retention_kit.plugins.landed_state import LandingFolder

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def rows(landing, table="orders"):
    return landing.tables[table].scan().sort("id").select("id", "total").collect().rows()


def test_a_table_is_read_once_and_stands_as_parquet(shop_type, make_order, tmp_path):
    shop = shop_type([make_order(1), make_order(2, total=20)])
    landing = land_source(shop, tmp_path / "landed")
    assert rows(landing) == [(1, 10), (2, 20)]
    assert shop.asked == [("orders", None)]
    table = landing.tables["orders"]
    assert table.path.is_relative_to(tmp_path / "landed")
    assert (table.rows, table.is_topped_up) == (2, False)
    assert shop.closed == 0


def test_the_next_time_only_what_changed_is_read(shop_type, make_order, tmp_path, clock):
    shop = shop_type([make_order(1), make_order(2, changed=1)])
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [
        make_order(1, total=11, changed=5),
        make_order(2, changed=6, deleted=True),
        make_order(3, total=30, changed=7),
    ]
    landing = land_source(shop, tmp_path, clock=clock)
    assert shop.asked[1:] == [("orders", START + dt.timedelta(minutes=1))]
    assert rows(landing) == [(1, 11), (3, 30)]
    assert landing.tables["orders"].is_topped_up
    assert landing.tables["orders"].cursor == START + dt.timedelta(minutes=7)
    assert "deleted" not in landing.tables["orders"].scan().collect_schema()


@pytest.mark.parametrize("comes_again", [True, False])
def test_when_nothing_changed_the_files_stay(shop_type, make_order, tmp_path, clock, comes_again):
    shop = shop_type([make_order(1)])
    first = land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(1), make_order(9, deleted=True)] if comes_again else []
    second = land_source(shop, tmp_path, clock=clock)
    assert second.tables["orders"].path == first.tables["orders"].path
    assert rows(second) == [(1, 10)]
    assert second.tables["orders"].cursor == START
    parts = {one.name for one in first.tables["orders"].path.parent.parent.iterdir()}
    assert parts == {first.tables["orders"].path.parent.name}


@pytest.mark.parametrize("all_collide", [True, False])
def test_a_key_may_be_of_several_columns(
    shop_type, make_order, tmp_path, clock, monkeypatch, all_collide
):
    if all_collide:
        # As if all keys had one hash: the keys themselves decide.
        real = merging._came
        monkeypatch.setattr(merging, "_came", lambda *given: (real(*given)[0], pl.lit(True)))
    table = SourceTable(name="orders", key=("id", "customer"), cursor="changed")
    shop = shop_type(
        [make_order(1), make_order(1, customer="b", total=2), make_order(2, customer=None)],
        table=table,
    )
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [
        make_order(1, customer="b", total=3, changed=5),
        make_order(2, customer=None, total=4, changed=6),
    ]
    landing = land_source(shop, tmp_path, clock=clock)
    got = landing.tables["orders"].scan().select("id", "customer", "total").collect()
    assert sorted(got.rows(), key=str) == [(1, "a", 10), (1, "b", 3), (2, None, 4)]


def test_columns_may_be_nested(shop_type, make_order, tmp_path, clock):
    shop = shop_type([make_order(1, tags=["a"])])
    shop.schema["tags"] = pl.List(pl.String)
    first = land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(1, tags=["b"])]
    second = land_source(shop, tmp_path, clock=clock)
    assert second.tables["orders"].scan().collect()["tags"].to_list() == [["b"]]
    assert first.tables["orders"].scan().collect()["tags"].to_list() == [["a"]]


def test_of_a_key_that_comes_twice_in_one_reading_the_last_change_stays(
    shop_type, make_order, tmp_path
):
    shop = shop_type(
        [
            make_order(1, total=2, changed=5),
            make_order(2, total=7),
            make_order(1, total=1, changed=4),
            make_order(2, total=8),
            make_order(3),
        ],
        batch=1,
    )
    assert rows(land_source(shop, tmp_path)) == [(1, 2), (2, 8), (3, 10)]


def test_keys_may_be_null(shop_type, make_order, tmp_path, clock):
    shop = shop_type([make_order(None, total=1), make_order(2)])
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(None, total=5, changed=9)]
    assert rows(land_source(shop, tmp_path, clock=clock)) == [(None, 5), (2, 10)]


def test_what_changed_while_pages_were_read_is_read_again(shop_type, make_order, tmp_path, clock):
    # The reading began at minute 10; the last row that it saw changed at minute 12.
    clock.at = (START + dt.timedelta(minutes=10)).timestamp()
    shop = shop_type([make_order(1), make_order(2, changed=12)])
    landing = land_source(shop, tmp_path, clock=clock)
    assert landing.tables["orders"].cursor == START + dt.timedelta(minutes=5)


def test_a_cursor_without_a_zone_leaves_room_for_zones(shop_type, make_order, tmp_path, clock):
    naive = dt.datetime(2025, 1, 1)
    clock.at = START.timestamp()
    schema = {"id": pl.Int64, "total": pl.Int64, "changed": pl.Datetime("us")}
    shop = shop_type([{"id": 1, "total": 1, "changed": naive}], schema=schema)
    landing = land_source(shop, tmp_path, clock=clock)
    assert landing.tables["orders"].cursor == naive - dt.timedelta(hours=12, minutes=5)


@pytest.mark.parametrize(
    ("kind", "dtype", "values", "cursor"),
    [
        ("id", pl.Int64, [3, 11, 7], 11),
        ("id", pl.String, ["3", "11", "7"], "11"),
        ("id", pl.String, ["a3", "b11", "b07"], "b11"),
        ("id", pl.String, ["a3", "11", "7"], None),
        ("modified_at", pl.Int64, [3, 11, 7], 11),
        (
            "modified_at",
            pl.String,
            ["2025-01-01T10:00:00+03:00", "2025-01-01T09:00:00Z", "2024-12-31T23:00:00Z"],
            dt.datetime(2024, 12, 31, 19, tzinfo=dt.UTC),
        ),
        ("modified_at", pl.String, ["yesterday", "2025-01-01T09:00:00Z", None], None),
        ("modified_at", pl.Date, [dt.date(2025, 1, 1)] * 3, dt.datetime(2025, 1, 1)),
    ],
)
def test_cursors_of_other_types(shop_type, tmp_path, clock, kind, dtype, values, cursor):
    table = SourceTable(name="orders", key=("id",), cursor="changed", cursor_kind=kind)
    schema = {"id": pl.Int64, "total": pl.Int64, "changed": dtype}
    made = [{"id": place, "total": 1, "changed": one} for place, one in enumerate(values)]
    landing = land_source(shop_type(made, table=table, schema=schema), tmp_path, clock=clock)
    assert landing.tables["orders"].cursor == cursor
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["tables"]["orders"]["rows"] == 3


@pytest.mark.parametrize("without", [{"cursor": None, "deletions": None}, {"key": ()}])
def test_without_a_key_or_a_cursor_all_is_read_anew(
    shop_type, make_order, tmp_path, clock, without
):
    table = SourceTable(name="orders", **({"key": ("id",), "cursor": "changed"} | without))
    shop = shop_type([make_order(1), make_order(2)], table=table)
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(3)]
    assert rows(land_source(shop, tmp_path, clock=clock)) == [(3, 10)]
    assert [since for _, since in shop.asked] == [None, None]


@pytest.mark.parametrize("change", ["schema", "mark", "since"])
def test_what_is_set_up_otherwise_is_read_whole(shop_type, make_order, tmp_path, clock, change):
    shop = shop_type([make_order(1), make_order(2, changed=3)])
    land_source(shop, tmp_path, clock=clock)
    if change == "schema":
        shop.schema["city"] = pl.String
    options = {"mark": "other"} if change == "mark" else {}
    if change == "since":
        options["since"] = START + dt.timedelta(minutes=1)
    landing = land_source(shop, tmp_path, clock=clock, **options)
    assert not landing.tables["orders"].is_topped_up
    assert shop.asked[-1][1] == options.get("since")
    assert rows(landing) == ([(2, 10)] if change == "since" else [(1, 10), (2, 10)])


def test_since_may_be_said_by_table(shop_type, make_order, tmp_path, clock):
    shop = shop_type([make_order(1), make_order(2, changed=3)])
    since = {"orders": START + dt.timedelta(minutes=2)}
    assert rows(land_source(shop, tmp_path, clock=clock, since=since)) == [(2, 10)]
    shop.rows.append(make_order(3, changed=8))
    assert rows(land_source(shop, tmp_path, clock=clock, since=since)) == [(2, 10), (3, 10)]


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ({"order": START}, "'since' is 'order'.*nearest: orders"),
        (START.date(), "'since' is datetime.date.*datetime.datetime"),
        ({"orders": START.date()}, "'since' is datetime.date"),
        (True, "'since' is True"),
    ],
)
def test_where_to_begin_is_checked_before_anybody_is_asked(
    shop_type, make_order, tmp_path, since, said
):
    shop = shop_type([make_order(1)])
    with pytest.raises(DefinitionError, match=said):
        land_source(shop, tmp_path / "landed", since=since)
    assert shop.asked == []
    assert not (tmp_path / "landed").exists()


def test_who_reads_the_generation_before_goes_on_reading_it(shop_type, make_order, tmp_path, clock):
    shop = shop_type([make_order(1)])
    old = land_source(shop, tmp_path, clock=clock)
    held = old.tables["orders"].scan().select("total")
    for minute in (5, 6):
        shop.rows = [make_order(1, total=minute, changed=minute)]
        new = land_source(shop, tmp_path, clock=clock)
        assert held.collect().item() == 10
        assert rows(new) == [(1, minute)]
    for minute in (7, 8):
        shop.rows = [make_order(1, total=minute, changed=minute)]
        land_source(shop, tmp_path, clock=clock)
    generations = [one for one in (tmp_path / "orders").iterdir() if one.is_dir()]
    assert len(generations) == 3


def test_without_a_folder_it_goes_with_the_process(shop_type, make_order):
    landing = land_source(shop_type([make_order(1)]))
    assert rows(landing) == [(1, 10)]
    assert "retention_kit-" in str(landing.folder)


def test_nobody_else_may_read_the_folder(shop_type, make_order, tmp_path):
    land_source(shop_type([make_order(1)]), tmp_path / "landed")
    assert (tmp_path / "landed").stat().st_mode & 0o077 == 0


def test_nobody_else_may_read_what_is_landed_in_a_folder_that_is_open(
    shop_type, make_order, tmp_path, clock
):
    tmp_path.chmod(0o755)
    shop = shop_type([make_order(1)])
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(2, changed=5)]
    land_source(shop, tmp_path, clock=clock)
    landed = [one for one in tmp_path.rglob("*") if one.name != ".lock"]
    assert {one.name for one in landed if one.is_file()} == {"rows.parquet", "state.json"}
    assert [one for one in landed if one.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(
    "problem",
    [
        pl.exceptions.ComputeError("parquet: No space left on device (os error 28)"),
        OSError(errno.ENOSPC, "hush"),
    ],
)
def test_a_full_disk_is_told_with_the_folder_and_leaves_what_was(
    shop_type, make_order, tmp_path, clock, monkeypatch, problem
):
    shop = shop_type([make_order(1)])
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(2, changed=5)]

    def full(frame, path, **_):
        path.write_bytes(b"half")
        raise problem

    with monkeypatch.context() as patched:
        patched.setattr(pl.LazyFrame, "sink_parquet", full)
        with pytest.raises(DataError, match=f"no room left to land in '{tmp_path}'") as caught:
            land_source(shop, tmp_path, clock=clock)
    assert "hush" not in str(caught.value)
    assert [one.read_bytes() for one in tmp_path.rglob("fresh.parquet")] == []
    assert rows(land_source(shop, tmp_path, clock=clock)) == [(1, 10), (2, 10)]


class TestAFolder:
    def test_of_something_else_is_left_alone(self, shop_type, tmp_path):
        (tmp_path / "letters.txt").write_text("dear")
        with pytest.raises(DefinitionError, match="folder"):
            land_source(shop_type(), tmp_path)
        assert [one.name for one in tmp_path.iterdir() if one.name != ".lock"] == ["letters.txt"]

    def test_of_another_source_is_refused(self, shop_type, make_order, tmp_path):
        land_source(shop_type([make_order(1)]), tmp_path)
        with pytest.raises(DefinitionError, match=r"'shop\.msk'; this one is of 'shop'"):
            land_source(shop_type(name="shop.msk"), tmp_path)

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"version": 1}', '{"version": 1, "tables": 3}']
    )
    def test_whose_state_cannot_be_read_is_told(self, shop_type, tmp_path, text):
        (tmp_path / "state.json").write_text(text)
        with pytest.raises(FileFormatError, match="no state of a landing"):
            land_source(shop_type(), tmp_path)

    def test_of_a_later_version_is_refused(self, shop_type, tmp_path):
        (tmp_path / "state.json").write_text('{"version": 2}')
        with pytest.raises(DefinitionError, match="state is of version 2"):
            land_source(shop_type(), tmp_path)

    def test_holds_tables_whatever_they_are_called(self, shop_type, make_order, tmp_path):
        name = "../crm.deal/x"
        table = SourceTable(name=name, key=("id",), cursor="changed")
        landing = land_source(shop_type([make_order(1)], table=table), tmp_path / "in")
        assert rows(landing, name) == [(1, 10)]
        assert [one.name for one in tmp_path.iterdir()] == ["in"]


class TestASourceThatIsNotWhatItSays:
    def test_has_no_key_column(self, shop_type, make_order, tmp_path):
        table = SourceTable(name="orders", key=("number",))
        with pytest.raises(PluginError, match="no column 'number'"):
            land_source(shop_type([make_order(1)], table=table), tmp_path)

    def test_has_a_cursor_that_cannot_be_one(self, shop_type, make_order, tmp_path):
        table = SourceTable(name="orders", key=("id",), cursor="total")
        shop = shop_type([make_order(1)], table=table)
        shop.schema["total"] = pl.Float64
        with pytest.raises(PluginError, match="cursor 'total'.*is Float64"):
            land_source(shop, tmp_path)

    def test_gives_no_lazy_frame(self, shop_type, tmp_path):
        shop = shop_type()
        shop.scan = lambda *_, **__: pl.DataFrame({"id": [1]})
        with pytest.raises(PluginError, match="gave a DataFrame"):
            land_source(shop, tmp_path)

    def test_has_no_such_table(self, shop_type, tmp_path):
        with pytest.raises(DefinitionError, match="nearest: orders"):
            land_source(shop_type(), tmp_path, tables=["order"])


def test_a_reading_that_breaks_off_leaves_what_was_and_the_next_mends_it(
    shop_type, make_order, tmp_path, clock
):
    shop = shop_type([make_order(1)])
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(1, total=5, changed=3), make_order(2, changed=4)]
    whole, scan = shop.rows, shop.scan

    def breaking(table, *, since=None):
        def raising(frame):
            raise RetryableError("the line broke")

        return scan(table, since=since).map_batches(raising, streamable=True)

    shop.scan = breaking
    with pytest.raises((RetryableError, pl.exceptions.ComputeError)):
        land_source(shop, tmp_path, clock=clock)
    state = json.loads((tmp_path / "state.json").read_text())["tables"]["orders"]
    file = tmp_path / "orders" / state["generation"] / "rows.parquet"
    assert pl.read_parquet(file)["total"].to_list() == [10]
    shop.scan, shop.rows = scan, whole
    assert rows(land_source(shop, tmp_path, clock=clock)) == [(1, 5), (2, 10)]


STEPS = ["mkdir", "sink", "sync", "replace", "sweep", "unlink"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_whoever_is_stopped_at_a_step_leaves_the_old_or_the_new(
    shop_type, make_order, tmp_path, clock, monkeypatch, step, nth
):
    shop = shop_type([make_order(1), make_order(2)])
    land_source(shop, tmp_path, clock=clock)
    shop.rows = [make_order(1, total=5, changed=3), make_order(3, changed=4)]

    class Stopped(BaseException):
        pass

    calls = []

    def stopping(real):
        def called(*given, **named):
            calls.append(1)
            if len(calls) == nth:
                raise Stopped
            return real(*given, **named)

        return called

    places = {
        "mkdir": (Path, "mkdir"),
        "sink": (pl.LazyFrame, "sink_parquet"),
        "sync": (os, "fsync"),
        "replace": (Path, "replace"),
        "sweep": (LandingFolder, "sweep"),
        "unlink": (Path, "unlink"),
    }
    with monkeypatch.context() as patched:
        owner, name = places[step]
        patched.setattr(owner, name, stopping(getattr(owner, name)))
        with contextlib.suppress(Stopped):
            land_source(shop, tmp_path, clock=clock)
    state = json.loads((tmp_path / "state.json").read_text())["tables"]["orders"]
    file = tmp_path / "orders" / state["generation"] / "rows.parquet"
    left = pl.read_parquet(file).sort("id").select("id", "total").rows()
    assert left in ([(1, 10), (2, 10)], [(1, 5), (2, 10), (3, 10)])
    assert rows(land_source(shop, tmp_path, clock=clock)) == [(1, 5), (2, 10), (3, 10)]
    named = {state["generation"]}
    state = json.loads((tmp_path / "state.json").read_text())["tables"]["orders"]
    named |= {state["generation"], *state["kept"]}
    assert {one.name for one in (tmp_path / "orders").iterdir()} <= named


def test_a_process_that_is_killed_leaves_what_was_and_no_lock(
    shop_type, make_order, tmp_path, clock
):
    shop = shop_type([make_order(1)])
    land_source(shop, tmp_path, clock=clock)
    program = textwrap.dedent(f"""
        import os, signal
        import polars as pl
        from retention_kit.plugins import SourceTable, land_source, lazy_source

        class Shop:
            name = "shop"
            tables = {{"orders": SourceTable(name="orders", key=("id",), cursor="changed")}}
            def scan(self, table, *, since=None):
                def batches(columns, rows):
                    yield pl.DataFrame({{"id": [7], "changed": [9]}})
                    os.kill(os.getpid(), signal.SIGKILL)
                return lazy_source({{"id": pl.Int64, "changed": pl.Int64}}, batches, name="shop")
            def close(self): pass

        land_source(Shop(), {str(tmp_path)!r})
    """)
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    shop.rows = [make_order(2, changed=5)]
    assert rows(land_source(shop, tmp_path, clock=clock)) == [(1, 10), (2, 10)]


def test_two_who_land_at_once_take_turns(shop_type, make_order, tmp_path, clock):
    shops = [shop_type([make_order(1), make_order(2)]) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        landings = list(pool.map(lambda shop: land_source(shop, tmp_path, clock=clock), shops))
    assert [rows(one) for one in landings] == [[(1, 10), (2, 10)]] * 3
    asked = sorted((since is not None for shop in shops for _, since in shop.asked))
    assert asked == [False, True, True]


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5), st.integers(0, 99)),
        st.tuples(st.just("delete"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("land"), st.just(0), st.just(0)),
    ),
    max_size=15,
)


@given(changes=CHANGES, same_minute=st.booleans(), batch=st.integers(1, 3))
def test_landing_in_several_top_ups_is_landing_once_at_the_end(
    shop_type, make_order, changes, same_minute, batch
):
    from retention_kit.delivery.clocks import SYSTEM_CLOCK

    world = {}
    shop = shop_type(batch=batch)
    with tempfile.TemporaryDirectory() as folder:
        for place, (what, number, total) in enumerate([*changes, ("land", 0, 0)]):
            minute = place // 3 if same_minute else place
            if what == "land":
                shop.rows = list(world.values())
                landing = land_source(shop, folder, clock=SYSTEM_CLOCK)
            elif what == "put":
                world[number] = make_order(number, total=total, changed=minute)
            elif number in world:
                world[number] = make_order(number, changed=minute, deleted=True)
        once = land_source(shop_type(world.values()))
        expected = [
            (number, row["total"])
            for number, row in sorted(world.items())
            if not row.get("deleted")
        ]
        assert rows(landing) == rows(once) == expected


def test_a_customer_is_forgotten_in_a_landed_table_by_the_name_that_its_source_gives(
    shop_type, make_order, tmp_path
):
    shop = shop_type([make_order(1), make_order(2)])
    land_source(shop, tmp_path)
    whom = land_source(shop, tmp_path).tables["orders"].scan().collect()["customer"][0]
    assert sum(forget(whom, folders=[tmp_path]).files.values()) >= 1
    for file in tmp_path.rglob("*.parquet"):
        assert whom not in pl.read_parquet(file)["customer"]
