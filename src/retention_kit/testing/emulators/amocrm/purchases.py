"""Customers' purchases, which feed their totals, and the segments and statuses of customers.

`ltv`, `purchases_count` and `average_check` can be read and not written: they are summed up anew
from the purchases whenever one comes or goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention_kit.testing.emulators.amocrm.calls import Call, paged
from retention_kit.testing.emulators.amocrm.checks import count_unknown, plain_fields
from retention_kit.testing.emulators.amocrm.lists import Lists
from retention_kit.testing.emulators.amocrm.refusals import Problems, Refusal, invalid, objects
from retention_kit.testing.emulators.amocrm.world import ACCOUNT_ID, Row, World

MODES = ("segments", "periodicity")


class Purchases:
    """Serves what belongs to customers besides themselves.

    Args:
        world: The account's state.
        lists: Serves lists.
        most: How many items one request may hold.
    """

    def __init__(self, world: World, lists: Lists, *, most: int) -> None:
        self._world = world
        self._lists = lists
        self._most = most
        self._prices: dict[int, dict[int, int]] = {}

    def list_all(self, call: Call) -> Row | None:
        """List the purchases of everybody, or of the customer in the path."""
        customer = call.ids[0] if call.ids else None
        return self._lists.rows(
            call,
            "transactions",
            lambda row, _: self._shape(row),
            among=None if customer is None else lambda row: row["customer_id"] == customer,
        )

    def read(self, call: Call) -> Row | None:
        """Give one purchase."""
        row = self._world.tables["transactions"].get(call.ids[-1])
        return None if row is None else self._shape(row)

    def create(self, call: Call) -> Row:
        """Add purchases to a customer."""
        items = objects(call.body, most=self._most)
        customer = self._world.find("customers", call.ids[0])
        if customer is None:
            raise Refusal(404, "There is no such customer.")
        wrong, checked = [], []
        for place, item in enumerate(items):
            problems = Problems()
            values = plain_fields(self._world, "transactions", item, problems)
            count_unknown(self._world, "transactions", item)
            if "price" not in item:
                problems.missing("price")
            request_id = item.get("request_id", str(place))
            if problems:
                wrong.append((str(request_id), problems))
            checked.append((values, request_id))
        if wrong:
            raise invalid(wrong)
        rows = [
            {**self._shape(self.add(customer["id"], values, call.user_id)), "request_id": echo}
            for values, echo in checked
        ]
        return {
            "_total_items": len(rows),
            "_links": {"self": self._world.href(call.path)},
            "_embedded": {"transactions": rows},
        }

    def add(self, customer_id: int, values: Mapping[str, Any], user_id: int = 0) -> Row:
        """Add a purchase, and sum the customer's totals up anew."""
        world, now = self._world, self._world.now()
        row: Row = {
            "id": world.new_id(),
            "price": values["price"],
            "comment": values.get("comment"),
            "completed_at": values.get("completed_at", now),
            "customer_id": customer_id,
            "created_by": user_id,
            "updated_by": user_id,
            "created_at": now,
            "updated_at": now,
            "is_deleted": False,
            "account_id": ACCOUNT_ID,
        }
        world.tables["transactions"][row["id"]] = row
        self._prices.setdefault(customer_id, {})[row["id"]] = row["price"]
        customer = world.tables["customers"][customer_id]
        for name in ("next_price", "next_date"):
            if name in values:
                customer[name] = values[name]
        self._sum_up(customer_id)
        world.wrote("created", "transactions", row["id"], customer_id=customer_id)
        return row

    def delete(self, call: Call) -> None:
        """Take a purchase back."""
        row = self._world.tables["transactions"].pop(call.ids[-1], None)
        if row is None:
            raise Refusal(404, "There is no such purchase.")
        del self._prices[row["customer_id"]][row["id"]]
        self._sum_up(row["customer_id"])
        self._world.wrote("deleted", "transactions", row["id"], customer_id=row["customer_id"])

    def list_segments(self, call: Call) -> Row | None:
        """List the segments of customers."""
        rows = [self._segment(one) for one in self._world.tables["segments"].values()]
        return paged(self._world, call, "segments", rows)

    def read_segment(self, call: Call) -> Row | None:
        """Give one segment."""
        row = self._world.tables["segments"].get(call.ids[0])
        return None if row is None else self._segment(row)

    def create_segments(self, call: Call) -> Row:
        """Add a segment, or those of an array."""
        single = isinstance(call.body, dict)
        items = objects([call.body] if single else call.body, most=self._most)
        for place, item in enumerate(items):
            problems = Problems()
            if not isinstance(item.get("name"), str) or not item["name"]:
                problems.missing("name")
                raise invalid([(str(item.get("request_id", place)), problems)])
        rows = [self._segment(self.add_segment(item["name"], item.get("color"))) for item in items]
        if single:
            return rows[0]
        links = {"self": self._world.href("customers/segments")}
        return {"_links": links, "_embedded": {"segments": rows}}

    def add_segment(self, name: str, color: str | None = None) -> Row:
        """Put a segment into the account, and give its row."""
        now = self._world.now()
        row: Row = {
            "id": self._world.new_id(),
            "created_at": now,
            "updated_at": now,
            "account_id": ACCOUNT_ID,
            "name": name,
            "color": color or "#10599d",
            "available_products_price_types": None,
            "custom_fields_values": None,
        }
        self._world.tables["segments"][row["id"]] = row
        self._world.wrote("created", "segments", row["id"])
        return row

    def change_segment(self, call: Call) -> Row | None:
        """Rename or recolour a segment; its conditions cannot be changed by the API."""
        row = self._world.tables["segments"].get(call.ids[0])
        (item,) = objects([call.body], most=1)
        if row is None:
            raise Refusal(404, "There is no such segment.")
        row.update({name: item[name] for name in ("name", "color") if name in item})
        row["updated_at"] = self._world.now()
        self._world.wrote("changed", "segments", row["id"])
        return self._segment(row)

    def delete_segment(self, call: Call) -> None:
        """Delete a segment; its customers stay."""
        if self._world.tables["segments"].pop(call.ids[0], None) is None:
            raise Refusal(404, "There is no such segment.")
        self._world.wrote("deleted", "segments", call.ids[0])

    def list_statuses(self, call: Call) -> Row | None:
        """List the statuses of customers."""
        rows = list(self._world.tables["customer_statuses"].values())
        return paged(self._world, call, "statuses", rows)

    def _sum_up(self, customer_id: int) -> None:
        prices = self._prices[customer_id].values()
        customer = self._world.tables["customers"][customer_id]
        customer["ltv"] = sum(prices)
        customer["purchases_count"] = len(prices)
        average = round(sum(prices) / len(prices), 2) if prices else 0
        customer["average_check"] = int(average) if average == int(average) else average
        customer["updated_at"] = self._world.now()

    def _shape(self, row: Row) -> Row:
        customer = {
            name: self._world.tables["customers"][row["customer_id"]][name]
            for name in ("id", "next_price", "next_date", "ltv", "purchases_count", "average_check")
        }
        own = f"customers/{row['customer_id']}/transactions/{row['id']}"
        return {
            **row,
            "_links": {"self": self._world.href(own)},
            "_embedded": {"customer": customer},
        }

    def _segment(self, row: Row) -> Row:
        count = sum(
            row["id"] in customer["_segments"] and not customer["is_deleted"]
            for customer in self._world.tables["customers"].values()
        )
        own = self._world.href(f"customers/segments/{row['id']}")
        return {**row, "customers_count": count, "_links": {"self": own}}
