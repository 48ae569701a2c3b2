"""What a user says of the database that is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import pydantic

from retention_kit.adapters.declared import DeclaredTable, NaiveZone


class DeclaredRows(DeclaredTable):
    """What is declared of a table that a database holds.

    Attributes:
        relation: The database's table or view; by default the one of the table's own name.
        query: A query in its place. What varies stands in it as `:name`, and nothing else does.
        parameters: What the names in the query stand for; they are bound and never written into
            it.
    """

    relation: str | None = None
    query: str | None = None
    parameters: dict[str, Any] = pydantic.Field(default_factory=dict, repr=False)

    @pydantic.model_validator(mode="after")
    def _is_one(self) -> DeclaredRows:
        if self.query is not None and self.relation is not None:
            raise ValueError("allowed: a relation or a query, not both")
        if self.query is None and self.parameters:
            raise ValueError("allowed: parameters of a query alone")
        return self


class SqlSettings(pydantic.BaseModel):
    """What the source of databases is opened with.

    Attributes:
        url: Where the database is, as SQLAlchemy writes it: `postgresql://user:password@host/shop`,
            `sqlite:///shop.db`.
        declared: The tables that are read, by name, and what is declared of them.
        db_schema: The database's schema in which relations stand; by default its own default.
        driver: Who fetches the rows: `sqlalchemy`, or `adbc`, which is faster where the driver of
            the database is installed (`adbc-driver-postgresql`, `adbc-driver-sqlite`, and pyarrow).
        batch_rows: How many rows are fetched at a time.
        naive_zone: The time zone in which the database keeps instants without one.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: pydantic.SecretStr
    declared: dict[str, DeclaredRows] = pydantic.Field(min_length=1)
    db_schema: str | None = None
    driver: Literal["sqlalchemy", "adbc"] = "sqlalchemy"
    batch_rows: int = pydantic.Field(default=50_000, ge=1)
    naive_zone: NaiveZone = "UTC"

    @property
    def identity(self) -> str:
        """Which database it is, with no user and no password; empty where the URL is none."""
        import sqlalchemy as sql

        try:
            url = sql.make_url(self.url.get_secret_value())
        except (sql.exc.ArgumentError, ValueError):
            return ""
        backend, database = url.drivername.partition("+")[0], url.database or ""
        if backend == "sqlite" and database not in ("", ":memory:"):
            database = database if database.startswith("file:") else str(Path(database).resolve())
        place = {name: url.query[name] for name in sorted(_OF_PLACE & url.query.keys())}
        return repr((backend, (url.host or "").lower(), url.port, database, place))


_OF_PLACE: Final = frozenset(
    {"database", "dbname", "host", "options", "port", "server", "service", "service_name", "sid"}
)
"""What a URL may say of the database's place behind its question mark."""
