"""Many clients at once: whether the checkout service loses or doubles a point.

python docs/examples/checkout_load.py --orders 10000 --clients 8
"""

import argparse
import collections
import datetime as dt
import http.client
import json
import queue
import random
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path

from checkout import make_server

from retention_kit import Dataset
from retention_kit.loyalty_rules import (
    Account,
    Benefits,
    EachOrder,
    EarningRule,
    LoyaltyProgram,
    Proportional,
    Rolling,
    Spending,
    Tier,
    TierLadder,
    Wallet,
    compile_program,
    post,
)
from retention_kit.loyalty_rules.batch.accruing import accrue
from retention_kit.loyalty_rules.ledger import MOVES
from retention_kit.loyalty_rules.store import SqlLedgerStore

WRONG = (
    "orders lost",
    "orders doubled",
    "accounts that differ from their entries",
    "accounts that differ from the fold of their events",
    "accounts that differ from the batch",
)
"""The figures that must be 0."""
START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
PROGRAM = LoyaltyProgram(
    name="Tea club",
    currency="RUB",
    rounding="down",
    wallets=[
        Wallet(name="points", expiry=Rolling(length="90d"), spending=Spending(largest_share="0.3")),
    ],
    rules=[
        EarningRule(
            name="Five of a hundred",
            wallet="points",
            trigger=EachOrder(),
            award=Proportional(amount=5, per=100),
        )
    ],
    tiers=TierLadder(
        by="spend",
        tiers=[
            Tier(name="Cup", at=0),
            Tier(name="Pot", at=50_000, benefits=Benefits(multiplier="1.5")),
        ],
    ),
)


class Client:
    """Sends requests over one thread's connections, again where it is asked to."""

    def __init__(self, port):
        self.port = port
        self.statuses = collections.Counter()

    def post(self, path, body):
        """Send until it is taken or refused, and give the status and the answer."""
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            connection.request("POST", path, json.dumps(body))
            response = connection.getresponse()
            answer = json.loads(response.read())
            connection.close()
            self.statuses[path, response.status] += 1
            if response.status != 503:
                return response.status, answer


def jobs_of(orders, customers, seed):
    """Make orders, some of them twice, some late, some paid with points, some returned."""
    chance = random.Random(seed)
    for number in range(orders):
        minutes = number * 7 - (600 if chance.random() < 0.01 else 0)
        event = {
            "order_id": number,
            "at": (START + dt.timedelta(minutes=minutes)).isoformat(),
            "amount": f"{chance.randrange(10_000, 500_000) / 100:.2f}",
        }
        job = (chance.randrange(customers), event, chance.random() < 0.3, chance.random() < 0.1)
        yield job
        if chance.random() < 0.2:
            yield job


def work(client, jobs, taken, failures):
    """Take jobs until there are none."""
    try:
        while True:
            do(client, *jobs.get_nowait(), taken)
    except queue.Empty:
        return
    except Exception as problem:
        failures.append(problem)


def do(client, customer, event, pays, returns, taken):
    """Quote, order, and maybe return."""
    points = 0
    if pays:
        asked = {"customer_id": customer, "event": event, "spend": "most"}
        status, answer = client.post("/quote", asked)
        points = answer["points"] if status == 200 else 0
    # Somebody else may have spent them meanwhile.
    for spend in dict.fromkeys((points, 0)):
        body = {"customer_id": customer, "event": {**event, "points_paid": spend}}
        status, answer = client.post("/orders", body)
        if status == 200:
            break
    assert status == 200, answer
    taken.add(event["order_id"])
    if returns:
        send_back(client, customer, event)


def send_back(client, customer, event):
    """Return an order, and say so twice."""
    at = dt.datetime.fromisoformat(event["at"]) + dt.timedelta(minutes=3)
    back = {
        "order_id": f"r{event['order_id']}",
        "original_order_id": event["order_id"],
        "amount": event["amount"],
    }
    taken = 0
    while taken < 2:
        body = {"customer_id": customer, "event": {**back, "at": at.isoformat()}}
        status, answer = client.post("/returns", body)
        taken += status == 200
        # Where a later order has spent what this takes back, it counts from a later instant on.
        at += dt.timedelta(hours=12)
        assert status == 200 or "overturn" in answer["error"], answer


def run(folder, *, orders, clients, customers, seed=1):
    """Serve, send everything, and count what became of it."""
    program = compile_program(PROGRAM, time_zone="Europe/Moscow")
    with SqlLedgerStore(f"sqlite:///{folder}/points.db", program) as store:
        server = make_server(store, program, clock=lambda: START)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        jobs, taken, failures = queue.SimpleQueue(), set(), []
        for job in jobs_of(orders, customers, seed):
            jobs.put(job)
        them = [Client(server.server_port) for _ in range(clients)]
        threads = [threading.Thread(target=work, args=(one, jobs, taken, failures)) for one in them]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        server.shutdown()
        server.server_close()
        if failures:
            raise failures[0]
        statuses = sum((one.statuses for one in them), collections.Counter())
        return {"seconds": seconds, "statuses": statuses, **compared(store, program, taken)}


def compared(store, program, taken):
    """Compare the accounts with their entries, and with a new fold of their events."""
    found = collections.Counter(dict.fromkeys(WRONG, 0))
    ids = []
    for customer in store.customer_ids():
        account, events = store.load(customer), store.events(customer)
        again = Account.new(customer)
        for event in events:
            again = post(again, event, program).account
        at = events[-1].at
        views = [
            (one.balances(program, at), one.lots(program, at), one.tier(program, at))
            for one in (account, again)
        ]
        held = views[0][0][0].held
        written = sum(entry.units for entry in store.entries(customer) if entry.kind in MOVES)
        ids += [event.order_id for event in events if event.TYPE == "order"]
        found["customers"] += 1
        found["points held"] += held
        found["points spent"] += sum(getattr(event, "points_paid", 0) for event in events)
        found["accounts that differ from their entries"] += held != written
        found["accounts that differ from the fold of their events"] += views[0] != views[1]
    found["accounts that differ from the batch"] = differing_from_batch(store, program)
    found["orders"] = len(ids)
    found["orders lost"] = len(taken - set(ids))
    found["orders doubled"] = len(ids) - len(set(ids))
    return found


def differing_from_batch(store, program):
    """Reckon all accounts at once from a table of orders, and count those that differ."""
    ids = list(store.customer_ids())
    orders = [row_of(customer, event) for customer in ids for event in store.events(customer)]
    # Until then some of the points have expired.
    as_of = max(row["ordered_at"] for row in orders) + dt.timedelta(days=75)
    shop = Dataset.from_frames(orders, time_zone="Europe/Moscow", currency="RUB")
    balances = accrue(shop, PROGRAM, as_of=as_of).balances
    made = dict(balances.select("customer_id", "held").iter_rows())
    return sum(
        made.get(customer, 0) != store.load(customer).balances(program, as_of)[0].held
        for customer in ids
    )


def row_of(customer, event):
    """Give an order or a return as a row of the table `orders`."""
    returned = event.TYPE == "return"
    return {
        "order_id": str(event.order_id),
        "customer_id": customer,
        "ordered_at": event.at,
        "amount": -event.amount if returned else event.amount,
        "kind": event.TYPE if returned else "sale",
        "original_order_id": str(event.original_order_id) if returned else None,
        "points_paid": None if returned else Decimal(event.points_paid),
    }


def main():
    """Run it, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--customers", type=int, default=500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), **vars(asked))
    statuses = result.pop("statuses")
    for (path, status), count in sorted(statuses.items()):
        print(f"{path} {status}: {count:,}")
    for name, figure in result.items():
        print(f"{name}: {figure:,.1f}" if name == "seconds" else f"{name}: {figure:,}")
    sys.exit(any(result[name] for name in WRONG))


if __name__ == "__main__":
    main()
