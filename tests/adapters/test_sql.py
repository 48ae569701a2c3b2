"""The source of databases, in SQLite and in a PostgreSQL server of its own."""

from __future__ import annotations

import datetime as dt
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from decimal import Decimal
from pathlib import Path

import polars as pl
import pydantic
import pytest
import sqlalchemy as sql

from retention_kit.adapters.sql import engines
from retention_kit.adapters.sql.plugin import retention_kit_sources
from retention_kit.adapters.sql.settings import SqlSettings
from retention_kit.adapters.sql.source import SqlSource
from retention_kit.adapters.sql.statements import type_of_column
from retention_kit.delivery.channels import AdapterContext
from retention_kit.errors import (
    AuthenticationError,
    ChannelError,
    DataError,
    DefinitionError,
    MissingDependencyError,
    RetryableError,
)
from retention_kit.plugins.types import Source

POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
UTC = dt.UTC
MAY = dt.datetime(2025, 5, 1, 12, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)
ORDERS = {"key": ["order_id"], "cursor": "changed"}
TYPES = {
    "order_id": pl.Int64(),
    "email": pl.String(),
    "amount": pl.Decimal(38, 2),
    "share": pl.Float64(),
    "paid": pl.Boolean(),
    "day": pl.Date(),
    "changed": pl.Datetime("us"),
}


@pytest.fixture(scope="module")
def postgresql():
    """Start a server of PostgreSQL that listens on a socket in a folder of its own."""
    if POSTGRESQL is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs PostgreSQL. Next step: apt-get install postgresql.")
        pytest.skip("PostgreSQL is not installed in /usr/lib/postgresql")
    # The server refuses to be root; and the path of a socket must be short.
    owner = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    home = Path(tempfile.mkdtemp(prefix="pg"))
    if owner:
        os.chown(home, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)

    def run(name, *arguments):
        command = [POSTGRESQL.with_name(name), "-D", home / "data", *arguments]
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd=home, **owner, **nowhere)

    try:
        run("initdb", "-U", "shop", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        settings = f"-k {home} -c listen_addresses='' -c fsync=off -c log_statement=all"
        run("pg_ctl", "start", "-w", "-l", home / "log", "-o", settings)
        try:
            yield home
        finally:
            run("pg_ctl", "stop", "-w", "-m", "immediate")
    finally:
        shutil.rmtree(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Give the URL of a database with a table of five orders."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/shop.db"
        (tmp_path / "shop.db").touch()
    else:
        url = f"postgresql://shop@/postgres?host={request.getfixturevalue('postgresql')}"
    fill(url)
    yield url
    run(url, "DROP VIEW refunds", "DROP TABLE orders")


def run(url: str, *statements: str) -> None:
    engine = engines.open_engine(pydantic.SecretStr(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def fill(url: str) -> None:
    """Make a table of orders, the changed one hour after another, the last never."""
    many = sql.table("orders", *(sql.column(name) for name in TYPES))
    rows = [
        {
            "order_id": number,
            "email": f"a{number}@mail.ru",
            "amount": f"{number}.50",
            "share": number / 4,
            "paid": number % 2 == 0,
            "day": f"2025-05-0{number}",
            "changed": f"2025-05-01 {11 + number}:00:00" if number < 5 else None,
        }
        for number in range(1, 6)
    ]
    engine = engines.open_engine(pydantic.SecretStr(url))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE orders (order_id bigint PRIMARY KEY, email varchar(99), "
            "amount numeric(10, 2), share double precision, paid boolean, day date, "
            "changed timestamp)"
        )
        connection.execute(sql.text(_insert(many, url)), rows)
        connection.exec_driver_sql("CREATE VIEW refunds AS SELECT * FROM orders WHERE amount > 3")
    engine.dispose()


def _insert(table: sql.TableClause, url: str) -> str:
    cast = "CAST(:{0} AS {1})" if url.startswith("postgresql") else ":{0}"
    kinds = ("bigint", "varchar", "numeric", "float8", "boolean", "date", "timestamp")
    values = ", ".join(cast.format(*one) for one in zip(TYPES, kinds, strict=True))
    return f"INSERT INTO {table.name} ({', '.join(TYPES)}) VALUES ({values})"


@pytest.fixture
def opened(url):
    """Give what opens the database with declarations, and closes it in the end."""
    made = []

    def make(declared=None, **settings):
        declared = {"orders": ORDERS} if declared is None else declared
        made.append(SqlSource(SqlSettings(url=url, declared=declared, **settings)))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Heard(list):
    """The statements that a source's engine sends, with their parameters."""

    def __init__(self, source: SqlSource) -> None:
        super().__init__()
        engine = source._engine

        @sql.event.listens_for(engine, "before_cursor_execute")
        def hear(_, __, statement, parameters, *___):
            self.append((" ".join(statement.split()), parameters))


class TestATable:
    def test_has_the_types_that_the_database_declares(self, opened):
        frame = opened().scan("orders")
        assert frame.collect_schema() == pl.Schema(TYPES)
        assert frame.collect().sort("order_id").row(0) == (
            *(1, "a1@mail.ru", Decimal("1.50"), 0.25, False),
            *(dt.date(2025, 5, 1), dt.datetime(2025, 5, 1, 12)),
        )

    def test_may_be_a_view_or_have_another_name(self, opened):
        declared = {"refunds": {}, "sales": {"relation": "orders", "becomes": "orders"}}
        source = opened(declared)
        assert source.tables["sales"].becomes == "orders"
        assert source.tables["refunds"].becomes is None
        assert source.scan("refunds").collect().height == 3
        assert source.scan("sales").collect().height == 5

    def test_is_asked_for_no_row_before_it_is_collected_and_then_for_what_is_needed(self, opened):
        source = opened()
        heard = Heard(source)
        frame = source.scan("orders", since=MAY)
        assert not any("FROM orders" in asked for asked, _ in heard)
        frame.select("email").head(2).collect()
        asked, _ = heard[-1]
        if source._engine.dialect.name == "postgresql":
            assert asked.startswith("SELECT email FROM orders WHERE changed >= ")
            assert " LIMIT " in asked
        source.scan("orders").select("email").head(2).collect()
        asked, parameters = heard[-1]
        assert asked.startswith("SELECT email FROM orders LIMIT ")
        assert 2 in (*(parameters.values() if isinstance(parameters, dict) else parameters),)

    def test_is_fetched_in_batches_by_a_cursor_of_the_server(self, opened):
        source = opened(batch_rows=2)
        heard = Heard(source)
        batches = source._batches(
            source.tables["orders"], pl.Schema(TYPES), ["order_id"], None, None
        )
        assert [frame.height for frame in batches] == [2, 2, 1]
        assert heard[-1][0] == "SELECT order_id FROM orders"

    def test_counts_its_rows(self, opened):
        assert opened().scan("orders").select(pl.len()).collect().item() == 5
        assert opened().scan("orders").filter(pl.col("paid")).head(1).collect().height == 1

    def test_that_is_not_there_is_told_with_the_nearest(self, opened):
        with pytest.raises(DefinitionError, match="nearest: 'orders'"):
            opened({"order": {}}).scan("order").collect()
        with pytest.raises(DefinitionError, match="nearest: orders"):
            opened().scan("order")

    def test_gives_its_connection_back_when_few_rows_are_taken(self, opened):
        source = opened(batch_rows=1)
        assert source.scan("orders").head(1).collect().height == 1
        reading = source._batches(source.tables["orders"], pl.Schema(TYPES), None, None, None)
        next(reading)
        reading.close()
        assert source._engine.pool.checkedout() == 0


class TestSince:
    @pytest.mark.parametrize("driver", ["sqlalchemy", "adbc"])
    def test_is_the_declared_cursor_and_rows_without_one_come(self, opened, driver):
        if driver == "adbc":
            has_adbc(opened())
        source = opened(driver=driver)
        for since in (MAY + HOUR, (MAY + HOUR).isoformat(), dt.datetime(2025, 5, 1, 13)):
            found = source.scan("orders", since=since).select("order_id").collect()
            assert sorted(found["order_id"]) == [2, 3, 4, 5]
        assert source.scan("orders", since=MAY + 9 * HOUR).collect()["order_id"].to_list() == [5]
        assert source.scan("orders", since=MAY).head(1).collect().height == 1

    def test_is_meant_in_the_zone_of_the_database(self, opened):
        source = opened(naive_zone="Europe/Moscow")
        found = source.scan("orders", since=dt.datetime(2025, 5, 1, 11, tzinfo=UTC)).collect()
        assert sorted(found["order_id"]) == [3, 4, 5]

    def test_is_bound_and_never_written_into_the_statement(self, opened):
        source = opened()
        heard = Heard(source)
        source.scan("orders", since=MAY).collect()
        asked, parameters = heard[-1]
        assert "2025" not in asked
        assert "2025" in str(parameters)
        with pytest.raises(DefinitionError, match="since"):
            source.scan("orders", since="2025-05-01' OR '1'='1").collect()

    def test_may_be_an_id_that_grows(self, opened):
        source = opened({"orders": {"cursor": "order_id", "cursor_kind": "id"}})
        assert sorted(source.scan("orders", since=4).collect()["order_id"]) == [4, 5]
        assert sorted(source.scan("orders", since="4").collect()["order_id"]) == [4, 5]

    def test_of_a_text_that_grows_is_refused(self, opened):
        source = opened({"orders": {"cursor": "email", "cursor_kind": "id"}})
        with pytest.raises(DefinitionError, match="cast it in a query"):
            source.scan("orders", since="a3").collect()

    def test_of_texts_that_say_instants_takes_them_for_what_they_say(self, url, opened):
        query = (
            "SELECT 1 AS n, '2025-05-01T12:00:00+00:00' AS at UNION ALL "
            "SELECT 2, '2025-05-01T14:30:00+03:00' UNION ALL SELECT 3, '2025-04-30T23:00:00-13:00'"
        )
        source = opened({"events": {"query": query, "cursor": "at"}})
        assert sorted(source.scan("events", since=MAY).collect()["n"]) == [1, 3]

    def test_of_a_cursor_that_is_not_there_is_refused(self, opened):
        source = opened({"orders": {"cursor": "updated"}})
        with pytest.raises(DefinitionError, match="no column 'updated'"):
            source.scan("orders", since=MAY).collect()
        with pytest.raises(DefinitionError, match="has no cursor"):
            opened({"orders": {}}).scan("orders", since=MAY)


class TestAQuery:
    def test_may_have_a_parameter_of_any_name(self, opened):
        query = "SELECT * FROM orders WHERE amount >= :since AND email <> :param_1"
        given = {"since": 2, "param_1": "a3@mail.ru"}
        source = opened({"orders": {**ORDERS, "query": query, "parameters": given}})
        found = source.scan("orders", since="1999-01-01").select("order_id").collect()
        assert sorted(found["order_id"]) == [2, 4, 5]
        found = source.scan("orders", since="1999-01-01").collect()
        assert sorted(found["order_id"]) == [2, 4, 5]

    def test_has_its_parameters_bound(self, opened):
        query = "SELECT order_id, email AS mail FROM orders WHERE email <> :skip;"
        source = opened({"orders": {"query": query, "parameters": {"skip": "a1@mail.ru"}}})
        heard = Heard(source)
        assert sorted(source.scan("orders").select("order_id").collect()["order_id"]) == [
            2,
            3,
            4,
            5,
        ]
        assert heard[-1][0].startswith("SELECT order_id FROM (SELECT order_id, email AS mail FROM")
        assert all("a1@mail.ru" not in asked for asked, _ in heard)
        assert "a1@mail.ru" not in repr(source._settings)

    def test_has_the_types_of_its_first_rows(self, opened):
        query = (
            "SELECT 1 AS n, NULL AS empty, 2 AS mixed, 'x' AS letter UNION ALL "
            "SELECT 2, NULL, 2.5, 'y'"
        )
        frame = opened({"things": {"query": query}}).scan("things").collect()
        assert frame.select("n", "empty", "letter").schema == {
            "n": pl.Int64,
            "empty": pl.String,
            "letter": pl.String,
        }
        assert frame["mixed"].dtype in (pl.Float64, pl.Decimal(38, 10))

    def test_that_is_wrong_is_told_without_its_text(self, opened):
        for query in ("SELEC 'a@mail.ru'", "SELECT 'a@mail.ru' FROM nowhere"):
            with pytest.raises(DefinitionError, match="try the query by hand") as caught:
                opened({"orders": {"query": query}}).scan("orders").collect()
            assert "a@mail.ru" not in str(caught.value)
            assert caught.value.__cause__ is None

    def test_without_a_value_for_a_name_is_told(self, opened):
        source = opened({"orders": {"query": "SELECT * FROM orders WHERE email = :who"}})
        with pytest.raises(DefinitionError, match="parameters"):
            source.scan("orders").collect()

    def test_with_two_columns_of_one_name_is_refused_where_the_database_does_not_name_them(
        self, opened
    ):
        source = opened({"orders": {"query": "SELECT 1 AS a, 2 AS a"}})
        if source._engine.dialect.name == "sqlite":
            assert source.scan("orders").collect().row(0) == (1, 2)
            return
        with pytest.raises(DataError, match="two columns of one name"):
            source.scan("orders")

    def test_stands_alone(self):
        for wrong in ({"query": "SELECT 1", "relation": "x"}, {"parameters": {"a": 1}}):
            with pytest.raises(pydantic.ValidationError, match="allowed"):
                SqlSettings(url="sqlite://", declared={"orders": wrong})


def has_adbc(source: SqlSource) -> None:
    pytest.importorskip(f"adbc_driver_{source._engine.dialect.name}")


class TestByADBC:
    def test_gives_the_same_as_by_sqlalchemy(self, opened):
        has_adbc(opened())
        wanted = opened().scan("orders").collect().sort("order_id")
        found = opened(driver="adbc", batch_rows=2).scan("orders").collect().sort("order_id")
        assert found.equals(wanted)
        assert found.schema == wanted.schema

    @pytest.mark.parametrize("driver", ["sqlalchemy", "adbc"])
    def test_what_is_gone_when_it_is_collected_is_told(self, opened, url, driver):
        if driver == "adbc":
            has_adbc(opened())
        frame = opened({"refunds": {}}, driver=driver).scan("refunds")
        run(url, "DROP VIEW refunds")
        with pytest.raises((DefinitionError, ChannelError), match="'refunds'") as caught:
            frame.collect()
        assert "SELECT" not in str(caught.value)
        run(url, "CREATE VIEW refunds AS SELECT * FROM orders")

    def test_of_another_database_is_refused(self):
        settings = SqlSettings(url="sqlite://", declared={"orders": {}}, driver="adbc")
        engine = sql.create_mock_engine("mysql://", executor=None)
        from retention_kit.adapters.sql.fetching import _address

        with pytest.raises(DefinitionError, match="PostgreSQL and SQLite"):
            _address(engine)
        assert settings.driver == "adbc"

    def test_without_the_driver_names_it(self, opened, monkeypatch):
        source = opened(driver="adbc")
        driver = f"adbc_driver_{source._engine.dialect.name}"
        monkeypatch.setitem(sys.modules, driver, None)
        monkeypatch.setitem(sys.modules, f"{driver}.dbapi", None)
        with pytest.raises(DefinitionError, match=driver):
            source.scan("orders").collect()


class TestPostgreSQL:
    def test_keeps_instants_in_utc_and_turns_what_polars_has_not_into_text(self, postgresql):
        url = f"postgresql://shop@/postgres?host={postgresql}"
        query = (
            "SELECT timestamptz '2025-05-01 15:00:00+03' AS at, '{\"a\": 1}'::jsonb AS data, "
            "'5d1f0c9e-0000-11f1-8000-00155d000001'::uuid AS ref, 1.005::numeric AS amount, "
            "'NaN'::numeric AS nothing, ARRAY[1, 2] AS list"
        )
        source = SqlSource(SqlSettings(url=url, declared={"things": {"query": query}}))
        frame = source.scan("things").collect()
        source.close()
        assert frame.row(0) == (
            *(MAY, '{"a": 1}', "5d1f0c9e-0000-11f1-8000-00155d000001", Decimal("1.005")),
            *(None, "[1, 2]"),
        )

    def test_fetches_a_large_table_in_little_memory(self, postgresql):
        url = f"postgresql://shop@/postgres?host={postgresql}"
        query = "SELECT n, repeat('x', 200) AS note FROM generate_series(1, 100000) AS n"
        declared = {"rows": {"query": query}}
        source = SqlSource(SqlSettings(url=url, declared=declared, batch_rows=500))
        tracemalloc.start()
        try:
            table, schema = source.tables["rows"], source.scan("rows").collect_schema()
            first = next(batches := source._batches(table, schema, None, None, None))
            _, most = tracemalloc.get_traced_memory()
            batches.close()
        finally:
            tracemalloc.stop()
            source.close()
        assert first.height == 500
        # All of it would be 20 MB and more.
        assert most < 5_000_000

    def test_that_is_not_there_or_lets_nobody_in_is_told_without_the_password(self, tmp_path):
        url = f"postgresql://shop:pAssw0rd@/postgres?host={tmp_path}"
        source = SqlSource(SqlSettings(url=url, declared={"orders": {}}))
        with pytest.raises(RetryableError, match="look whether it is up") as caught:
            source.scan("orders").collect()
        assert "pAssw0rd" not in f"{caught.value!r}{source!r}{source._settings!r}"

        class OrigError(Exception):
            sqlstate = "28P01"

        with pytest.raises(AuthenticationError, match="28P01"), engines.in_our_words("orders"):
            raise sql.exc.OperationalError("SELECT", {}, OrigError("password for shop"))


class TestSQLite:
    def test_reads_instants_however_they_were_written_and_refuses_others(self, tmp_path):
        (tmp_path / "shop.db").touch()
        url = f"sqlite:///{tmp_path}/shop.db"
        values = "('2025-05-01 12:00'), ('2025-05-01T12:00:00Z'), ('2025-05-01'), (NULL)"
        run(url, "CREATE TABLE orders (changed datetime)", f"INSERT INTO orders VALUES {values}")
        source = SqlSource(SqlSettings(url=url, declared={"orders": {"cursor": "changed"}}))
        noon = dt.datetime(2025, 5, 1, 12)
        assert source.scan("orders").collect()["changed"].to_list() == [
            *(noon, noon, dt.datetime(2025, 5, 1), None)
        ]
        assert source.scan("orders", since=MAY).collect().height == 3
        run(url, "INSERT INTO orders VALUES ('a@mail.ru')")
        with pytest.raises(DataError, match="'changed'") as caught:
            source.scan("orders").collect()
        assert "a@mail.ru" not in str(caught.value)
        source.close()

    def test_that_is_not_there_is_not_made(self, tmp_path):
        with pytest.raises(DefinitionError, match="not there"):
            engines.open_engine(pydantic.SecretStr(f"sqlite:///{tmp_path}/slip.db"))
        assert list(tmp_path.iterdir()) == []

    def test_uses_an_engine_that_is_handed_in_and_leaves_it_open(self):
        engine = sql.create_engine(
            "sqlite://",
            poolclass=sql.StaticPool,
            connect_args={"check_same_thread": False},
        )
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE orders (order_id int)")
        source = SqlSource(SqlSettings(url="sqlite://", declared={"orders": {}}), engine=engine)
        assert source.scan("orders").collect().schema == {"order_id": pl.Int64}
        source.close()
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM orders").scalar() == 0
        engine.dispose()


class TestTheURL:
    @pytest.mark.parametrize("url", ["", "shop.db", "nosuch://shop:pAssw0rd@host/db", "://"])
    def test_that_is_none_is_refused_without_being_shown(self, url):
        with pytest.raises(DefinitionError, match="no URL") as caught:
            engines.open_engine(pydantic.SecretStr(url))
        assert "pAssw0rd" not in str(caught.value)

    def test_that_is_none_leaves_a_source_that_can_be_shown(self):
        settings = SqlSettings(url="nosuch://shop:pAssw0rd@host/db", declared={"orders": {}})
        with pytest.raises(DefinitionError) as caught:
            SqlSource(settings, name="sql.shop")
        shown = [repr(frame.locals) for frame in caught.traceback if "self" in frame.locals]
        assert any("SqlSource(not open, name='sql.shop')" in one for one in shown)
        ours = [frame for frame in caught.traceback if "retention_kit" in str(frame.path)]
        assert "pAssw0rd" not in repr([frame.locals for frame in ours])

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("postgresql://a:x@HOST/shop", "postgresql+psycopg://b:y@host/shop"),
            ("postgresql://a:x@/shop?host=/run", "postgresql://a@/shop?host=/run&password=y"),
            ("sqlite:///shop.db", "sqlite:////{here}/shop.db"),
        ],
    )
    def test_says_which_database_it_is_without_who_reads(self, one, other):
        found = [
            SqlSettings(url=url.format(here=Path.cwd()), declared={"orders": {}}).identity
            for url in (one, other)
        ]
        assert found[0] == found[1] != ""
        assert not any(word in found[0] for word in ("x'", "a:", "password"))

    def test_says_which_of_two_databases_it_is(self):
        urls = (
            "postgresql://a:x@host/shop",
            "postgresql://a:x@host/other",
            "postgresql://a:x@host:5433/shop",
            "postgresql://a:x@elsewhere/shop",
            "postgresql://a:x@/shop?host=/run",
            "sqlite:///shop.db",
            "sqlite:///other.db",
            "sqlite://",
            "no url",
        )
        made = [SqlSettings(url=url, declared={"orders": {}}).identity for url in urls]
        assert len(set(made)) == len(urls)
        assert made[-1] == ""

    def test_of_a_database_without_its_driver_names_the_driver(self):
        with pytest.raises(DefinitionError, match="no module 'MySQLdb'"):
            engines.open_engine(pydantic.SecretStr("mysql+mysqldb://shop@host/db"))

    def test_of_postgresql_without_psycopg_names_the_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(MissingDependencyError, match=r"retention-kit\[postgres\]"):
            engines.open_engine(pydantic.SecretStr("postgresql://shop@host/db"))

    @pytest.mark.parametrize(
        ("kind", "dtype"),
        [
            (sql.DateTime(timezone=True), pl.Datetime("us", "UTC")),
            (sql.Numeric(), pl.Decimal(38, 10)),
            (sql.Numeric(50, 40), pl.Decimal(38, 38)),
            (sql.Enum("a", "b"), pl.String()),
            (sql.LargeBinary(), pl.Binary()),
            (sql.types.NullType(), None),
        ],
    )
    def test_types_are_those_of_polars(self, kind, dtype):
        assert type_of_column(kind, backend="postgresql") == dtype

    def test_opens_a_source_as_a_plugin(self):
        (spec,) = retention_kit_sources()
        settings = spec.settings(url="sqlite://", declared={"orders": {}})
        source = spec.factory(settings, AdapterContext(instance="sql.shop"))
        assert isinstance(source, Source)
        assert (spec.name, source.name, spec.api_version) == ("sql", "sql.shop", 1)
        source.close()
