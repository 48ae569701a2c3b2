"""The jobs, and floors that do less: each is run in a process of its own."""

import csv
import hashlib
import io
import itertools
import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

ACTIONS = 200_000
MEMBERS = 1_000_000
DEALS = 100_000


def dispatch_in_batches(rows: int) -> Callable[[], int]:
    """Dispatch to a channel that answers at once, with a journal on SQLite."""
    from retention_kit.delivery import (
        Capabilities,
        Journal,
        Payload,
        Receipt,
        SendMessage,
        dispatch,
    )

    class AtOnce:
        name = "at_once"
        limiter = None
        capabilities = Capabilities(actions=frozenset({"send_message"}), max_rows=rows)

        def prepare(self, action):
            return Payload(action.id, {"to": action.phone, "text": action.text})

        def submit(self, batch, *, idempotency_key):
            return Receipt()

        def poll(self, receipt):
            return receipt

        def close(self):
            pass

    def actions():
        for number in range(ACTIONS):
            yield SendMessage(
                campaign="bench", customer_id=number, phone=f"+7900{number:07d}", text="Come back"
            )

    def run() -> int:
        with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "j.db") as journal:
            report = dispatch(actions(), AtOnce(), journal)
            assert report.states == {"accepted": ACTIONS}, report
        return ACTIONS

    return run


def rows_in_sqlite(rows: int) -> Callable[[], int]:
    """Write as many rows to SQLite by hand: an insert and an update of each, durably, by batch."""

    def run() -> int:
        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(Path(folder) / "j.db", isolation_level=None)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            database.execute("CREATE TABLE a (id TEXT PRIMARY KEY, customer TEXT, state TEXT)")
            for first in range(0, ACTIONS, rows):
                ids = [
                    hashlib.blake2b(str(one).encode(), digest_size=16).hexdigest()
                    for one in range(first, min(first + rows, ACTIONS))
                ]
                database.execute("BEGIN IMMEDIATE")
                database.executemany(
                    "INSERT INTO a VALUES (?, ?, 'handed_over')", [(one, one) for one in ids]
                )
                database.execute("COMMIT")
                database.execute("BEGIN IMMEDIATE")
                database.executemany(
                    "UPDATE a SET state = 'accepted' WHERE id = ?", [(one,) for one in ids]
                )
                database.execute("COMMIT")
            database.close()
        return ACTIONS

    return run


def audience_of_a_million(settings: dict[str, str]) -> Callable[[], int]:
    """Synchronise a million members with the emulator of Yandex Audience."""
    import polars as pl

    from retention_kit.delivery import Journal, sync
    from retention_kit.plugins import open_channel

    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "members.parquet"
        _members().sink_parquet(made)
        data = made.read_bytes()

    def run() -> int:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "members.parquet"
            file.write_bytes(data)
            members = pl.scan_parquet(file)
            name = f"bench {Path(folder).name}"
            with (
                Journal(Path(folder) / "j.db") as journal,
                open_channel("yandex_audience", **settings) as channel,
            ):
                report = sync(members, channel, name, journal, consents=None)
            assert report.added == MEMBERS, report
        return MEMBERS

    return run


def digests_of_a_million(settings: dict[str, str]) -> Callable[[], int]:
    """Hash as many values and write them as CSV, in one loop, with nothing checked or kept."""
    del settings

    def run() -> int:
        out = io.StringIO()
        writer = csv.writer(out)
        for number in range(MEMBERS):
            phone, email = f"7900{number:07d}", f"customer{number}@example.com"
            writer.writerow(
                (
                    hashlib.sha256(phone.encode()).hexdigest(),
                    hashlib.sha256(email.encode()).hexdigest(),
                )
            )
            if out.tell() > 1_000_000:
                out.seek(0)
                out.truncate()
        return MEMBERS

    return run


def deals_of_the_emulator(settings: dict[str, str]) -> Callable[[], int]:
    """Read all deals from the emulator of Bitrix24 into a table."""
    from retention_kit.plugins import open_source

    def run() -> int:
        with open_source("bitrix24", cloud=False, **settings) as source:
            rows = source.scan("orders").collect().height
        assert rows == DEALS, rows
        return rows

    return run


def requests_alone(settings: dict[str, str]) -> Callable[[], int]:
    """Make the same requests and read nothing of the answers but the last id of each page."""
    import httpx2

    from retention_kit.adapters.bitrix24.columns import deals, selected
    from retention_kit.adapters.bitrix24.settings import Bitrix24Settings

    made = Bitrix24Settings(webhook_url=settings["webhook_url"])
    fields = selected(deals(made).columns, "items")
    select = "&".join(f"select[{place}]={field}" for place, field in enumerate(fields))

    def page(after: object) -> str:
        return (
            f"crm.item.list?entityTypeId=2&start=-1&order[id]=ASC&useOriginalUfNames=Y&{select}"
            f"&filter[>id]={after}"
        )

    def run() -> int:
        rows, last = 0, 0
        with httpx2.Client(base_url=settings["webhook_url"], timeout=60) as client:
            for _ in itertools.count():
                commands = {"c0": page(last)}
                for number in range(1, 50):
                    commands[f"c{number}"] = page(f"$result[c{number - 1}][items][49][id]")
                answer = client.post("batch", json={"halt": 0, "cmd": commands})
                found = json.loads(answer.content)["result"]["result"]
                for number in range(50):
                    items = found[f"c{number}"]["items"]
                    rows += len(items)
                    if len(items) < 50:
                        assert rows == DEALS, rows
                        return rows
                    last = items[-1]["id"]
        return rows

    return run


def _members():
    import polars as pl

    number = pl.int_range(MEMBERS, eager=True)
    return pl.LazyFrame({"customer_id": number}).with_columns(
        email=pl.format("customer{}@example.com", "customer_id"),
        phone=pl.format("+7900{}", pl.col("customer_id").cast(pl.String).str.zfill(7)),
    )


JOBS = {
    "dispatch, batches of 1,000": {
        "retention_kit": lambda _: dispatch_in_batches(1_000),
        "*rows in SQLite by hand*": lambda _: rows_in_sqlite(1_000),
    },
    "dispatch, batches of 50": {
        "retention_kit": lambda _: dispatch_in_batches(50),
        "*rows in SQLite by hand*": lambda _: rows_in_sqlite(50),
    },
    "a million members to Yandex Audience": {
        "retention_kit": audience_of_a_million,
        "*digests alone*": digests_of_a_million,
    },
    "100,000 deals from Bitrix24": {
        "retention_kit": deals_of_the_emulator,
        "*requests alone*": requests_alone,
    },
}
