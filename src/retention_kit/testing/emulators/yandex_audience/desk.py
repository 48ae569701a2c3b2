"""The desk behind the gate: which method serves a request, over the segments there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from retention_kit.delivery.clocks import Clock
from retention_kit.testing.emulators.acts import Act
from retention_kit.testing.emulators.messages import Request
from retention_kit.testing.emulators.yandex_audience import creating, uploading
from retention_kit.testing.emulators.yandex_audience.refusals import (
    not_found,
    segment_body,
    text,
    wrong,
)
from retention_kit.testing.emulators.yandex_audience.routes import numbers_in
from retention_kit.testing.emulators.yandex_audience.segments import IN_WORK, Segment
from retention_kit.testing.emulators.yandex_audience.sharing import Sharing
from retention_kit.testing.emulators.yandex_audience.uploads import uploaded_lines

MOST_SEGMENTS = 10_000

Method = Callable[[Request, str], Any]


class Desk:
    """Serves the API's methods.

    Args:
        clock: By which dates and processing are counted.
        acts: Where to record what was really done.
        logins: Logins that exist.
        represented: Logins that the owner of the token may act for.
        polls: How many lists a segment's work takes.
        seconds: How many seconds it takes instead.
        match_share: Which share of the people is recognised.
        few_data_can_change: Whether a segment of too few records takes changes.
        most_bytes: The largest file that is taken.

    Attributes:
        segments: Segments by id.
        sharing: What stands around them.
        empty_hashes: How many times a file held the hash of nothing.
        fail_next: Whether the next work that begins fails.
        routes: The methods by the names of their routes.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        acts: list[Any],
        logins: set[str],
        represented: Iterable[str],
        polls: int,
        seconds: float | None,
        match_share: float,
        few_data_can_change: bool,
        most_bytes: int,
    ) -> None:
        self.segments: dict[int, Segment] = {}
        self.empty_hashes = 0
        self.fail_next = False
        self._clock = clock
        self._acts = acts
        self._represented = sorted(represented)
        self._polls = polls
        self._seconds = seconds
        self._match_share = match_share
        self._few_data_can_change = few_data_can_change
        self._most_bytes = most_bytes
        self._next_id = 57_000_001
        self.sharing = Sharing(self._moment, self.new_id, logins)
        self.routes = self._made_routes()

    def new_id(self) -> int:
        """Give an id that nothing else has."""
        self._next_id += 1
        return self._next_id - 1

    def new_segment(self, type_: str, owner: str, name: str | None) -> Segment:
        """Add a segment."""
        segment = Segment(self.new_id(), type_, owner, self._clock.now(), name)
        self.segments[segment.id] = segment
        return segment

    def finish(self, segment: Segment) -> None:
        """Bring a segment's work to its end."""
        segment.finish(match_share=self._match_share)

    def _made_routes(self) -> dict[str, Method]:
        sharing = self.sharing
        routes: dict[str, Method] = {
            "GET segments": self._list,
            "POST segments/upload_csv_file": partial(self._upload, source="csv"),
            "POST segments/upload_file": partial(self._upload, source="list"),
            "POST segment/{id}/confirm": self._confirm,
            "POST segment/client_id/{id}/confirm": self._confirm,
            "POST segment/{id}/modify_data": self._modify,
            "POST segment/{id}/update_geo_points": self._move,
            "PUT segment/{id}": self._rename,
            "PUT segment/{id}/reprocess": self._reprocess,
            "DELETE segment/{id}": self._delete,
            "GET segment/{id}/grants": lambda request, login: {
                "grants": list(self._segment(request, login).grants.values())
            },
            "PUT segment/{id}/grant": lambda request, login: sharing.grant(
                self._segment(request, login), _body(request)
            ),
            "DELETE segment/{id}/grant": lambda request, login: sharing.withdraw(
                self._segment(request, login), dict(request.query_pairs).get("user_login")
            ),
            "GET accounts": lambda _, __: {
                "accounts": [{"user_login": one} for one in sorted(self._represented)]
            },
            "GET delegates": lambda _, __: {"delegates": list(sharing.delegates.values())},
            "PUT delegate": lambda request, _: sharing.delegate(_body(request)),
            "DELETE delegate": lambda request, _: sharing.dismiss(
                dict(request.query_pairs).get("user_login")
            ),
            "GET pixels": lambda _, __: sharing.list_pixels(),
            "POST pixels": lambda request, _: sharing.create_pixel(_body(request)),
            "PUT pixel/{id}": lambda request, _: sharing.rename_pixel(_id(request), _body(request)),
            "DELETE pixel/{id}": lambda request, _: sharing.delete_pixel(_id(request)),
            "POST pixel/{id}/undelete": lambda request, _: sharing.undelete_pixel(_id(request)),
        }
        for kind in ("lookalike", "pixel", *creating.BY_THEMSELVES):
            routes[f"POST segments/create_{kind}"] = partial(self._create, kind=kind)
        return routes

    def _list(self, request: Request, login: str) -> Any:
        for segment in self.segments.values():
            self._advance(segment)
        pairs = dict(request.query_pairs)
        limit = _bound(pairs, "limit", MOST_SEGMENTS)
        offset = _bound(pairs, "offset", 0)
        found = [
            segment.shape()
            for segment in self.segments.values()
            if segment.owner == login
            and ("pixel" not in pairs or str(segment.about.get("pixel_id")) == pairs["pixel"])
        ]
        return {"segments": found[offset : offset + limit]}

    def _advance(self, segment: Segment) -> None:
        if segment.status not in IN_WORK:
            return
        segment.polls += 1
        done = (
            segment.polls >= self._polls
            if self._seconds is None
            else self._clock.now() >= segment.ready_at
        )
        if done:
            self.finish(segment)

    def _upload(self, request: Request, login: str, *, source: str) -> Any:
        contents = uploading.read_upload(source, self._lines(request))
        self.empty_hashes += contents.empty_hashes
        segment = self.new_segment("uploading", login, None)
        segment.source = source
        segment.form = " ".join(sorted(contents.forms))
        segment.take(contents)
        self._record("uploaded", segment, rows=contents.rows, invalid=contents.invalid)
        return {"segment": segment.shape()}

    def _confirm(self, request: Request, login: str) -> Any:
        segment = self._segment(request, login)
        check_size = uploading.check_size_of(dict(request.query_pairs))
        by_client_id = "/client_id/" in request.path
        check = uploading.confirm_client_ids if by_client_id else uploading.confirm
        check(segment, _body(request), check_size=check_size)
        self._begin(segment, "is_processed")
        self._record("confirmed", segment, name=segment.name)
        return {"segment": segment.shape()}

    def _modify(self, request: Request, login: str) -> Any:
        pairs = dict(request.query_pairs)
        segment = self._segment(request, login)
        modification = uploading.modification_type(pairs)
        check_size = uploading.check_size_of(pairs)
        uploading.check_change(segment, few_data_can_change=self._few_data_can_change)
        contents = uploading.read_upload(segment.source, self._lines(request))
        self.empty_hashes += contents.empty_hashes
        uploading.modify(segment, contents, modification, check_size=check_size)
        self._begin(segment, "is_updated")
        self._record(modification, segment, rows=contents.rows, invalid=contents.invalid)
        return {"segment": segment.shape()}

    def _create(self, request: Request, login: str, *, kind: str) -> Any:
        given = segment_body(_body(request))
        if kind == "lookalike":
            type_, about = kind, creating.lookalike(given, self.segments, login)
        elif kind == "pixel":
            type_, about = kind, creating.pixel(given, self.sharing.pixels)
        else:
            type_, check = creating.BY_THEMSELVES[kind]
            about = check(given)
        segment = self.new_segment(type_, login, given["name"])
        segment.about = about
        self._begin(segment, "is_processed")
        self._record("created", segment, name=segment.name)
        return {"segment": segment.shape()}

    def _move(self, request: Request, login: str) -> Any:
        segment = self._segment(request, login)
        body = _body(request)
        points = body.get("points") if isinstance(body, dict) else body
        if "points" not in segment.about:
            raise wrong("Only a segment of points has points", location="segmentId")
        about = creating.geo({"name": segment.name, **segment.about, "points": points})
        segment.about = about
        self._begin(segment, "is_updated")
        self._record("moved", segment)
        return {"segment": segment.shape()}

    def _rename(self, request: Request, login: str) -> Any:
        segment = self._segment(request, login)
        segment.name = text(segment_body(_body(request)))
        self._record("renamed", segment, name=segment.name)
        return {"segment": segment.shape()}

    def _reprocess(self, request: Request, login: str) -> Any:
        segment = self._segment(request, login)
        if segment.status not in {"processed", "few_data", "processing_failed"}:
            raise wrong(f"A segment with status {segment.status} cannot be processed anew")
        self._begin(segment, "is_processed")
        self._record("reprocessed", segment)
        return {"segment": segment.shape()}

    def _delete(self, request: Request, login: str) -> Any:
        segment = self._segment(request, login)
        del self.segments[segment.id]
        self._record("deleted", segment)
        return {"success": True}

    def _lines(self, request: Request) -> Iterable[str]:
        header = request.headers.get("content-type", "")
        return uploaded_lines(request.stream, header, most_bytes=self._most_bytes)

    def _segment(self, request: Request, login: str) -> Segment:
        segment = self.segments.get(_id(request))
        if segment is None or segment.owner != login:
            raise not_found("The segment")
        return segment

    def _begin(self, segment: Segment, status: str) -> None:
        segment.fails, self.fail_next = self.fail_next, False
        segment.begin(status, ready_at=self._clock.now() + (self._seconds or 0))
        if self._polls == 0 and self._seconds is None:
            self.finish(segment)

    def _record(self, verb: str, segment: Segment, **details: Any) -> None:
        self._acts.append(Act(verb, "segments", segment.id, details))

    def _moment(self) -> str:
        moment = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _id(request: Request) -> int:
    return numbers_in(request.path)[0]


def _body(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise wrong("The body is not JSON") from None


def _bound(pairs: dict[str, str], name: str, otherwise: int) -> int:
    value = pairs.get(name, str(otherwise))
    if not value.isdecimal():
        raise wrong(f"{name} must be a non-negative integer", location=name)
    return int(value)
