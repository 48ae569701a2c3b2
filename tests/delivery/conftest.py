"""An empty database of each kind, a journal in it, and a clock that a test winds."""

import pytest
import sqlalchemy as sql

from retention_kit.delivery.journal import Journal
from retention_kit.testing.clocks import ManualClock


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Give the URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.db"
        return
    server = request.getfixturevalue("postgresql")
    yield server
    engine = sql.create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


@pytest.fixture
def clock():
    """Give a clock that stands still until it is wound."""
    return ManualClock()


@pytest.fixture
def journal(url, clock):
    """Give a journal in an empty database."""
    with Journal(url, clock=clock) as opened:
        yield opened
