"""A till for tests: a real local server with the vendor's rules."""

import datetime as dt
from collections import Counter
from typing import Any

from retention_kit.testing.emulators import Emulator, Request, Response
from retention_kit.testing.emulators.acts import Act

KEY = "not-a-real-till-key"
START = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)


class TeahouseEmulator(Emulator):
    """Keeps bills, guests and messages."""

    NAME = "teahouse"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.bills: list[dict[str, Any]] = [
            {
                "id": number,
                "guest": number % 40 + 1,
                "at": (START + dt.timedelta(hours=7 * number)).isoformat(),
                "total": f"{100 + number}.50",
                "changed_at": (START + dt.timedelta(hours=7 * number, minutes=5)).isoformat(),
                "deleted": False,
            }
            for number in range(1, 1001)
        ]
        self.guests: list[dict[str, Any]] = [
            {"id": number, "name": f"Guest {number}", "phone": f"+7900000{number:04d}"}
            for number in range(1, 41)
        ]
        self.messages: dict[str, dict[str, Any]] = {}
        self.printed: list[str] = []

    def route_of(self, request: Request) -> str:
        return request.path.removeprefix("/v1/")

    def answer(self, request: Request) -> Response:
        if request.headers.get("x-till-key") != KEY:
            return Response.json({"error": "key"}, status=401, refusal="key")
        now = self.clock.now()
        recent = [at for at in self.requests.instants("requests") if at > now - 1.0]
        if self.limits and len(recent) >= 20:
            return Response.json({}, status=429, headers=(("Retry-After", "1"),))
        self.requests.counted("requests", now)
        asked = dict(request.query_pairs)
        if request.path == "/v1/messages" and request.method == "POST":
            return self._take(request.json()["messages"])
        if request.path == "/v1/messages":
            ids = [value for name, value in request.query_pairs if name == "id"]
            return Response.json({"known": [one for one in ids if one in self.messages]})
        rows = {"/v1/bills": self.bills, "/v1/guests": self.guests}.get(request.path)
        if rows is None:
            return Response.json({"error": "no such thing"}, status=404)
        since = asked.get("changed_since", "")
        found = [
            row
            for row in rows
            if row["id"] > int(asked.get("after", 0)) and row.get("changed_at", "~") >= since
        ]
        return Response.json({"rows": found[: int(asked.get("limit", 100))]})

    def happened(self) -> Counter[str]:
        """Tell how often each message was printed."""
        return Counter(self.printed)

    def _take(self, messages: list[dict[str, Any]]) -> Response:
        refused = {}
        for one in messages:
            if "forbidden" in one["text"]:
                refused[one["id"]] = "words"
            elif one["id"] not in self.messages:
                self.messages[one["id"]] = one
                self.printed.append(one["id"])
                self.acts.append(Act("printed", "messages", len(self.acts), one))
        return Response.json({"refused": refused})
