"""Segments made from files: uploaded, confirmed, changed.

Sure: the two steps, 100 records unless `check_size=false`, MD5 refused, changes in the form and the
columns of the first upload, and none while a segment is in work. Not sure: the texts of refusals;
whether a segment of too few records takes changes (`few_data_can_change`); that `check_size` of a
change looks at what would remain, not at the file that was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from retention_kit.testing.emulators.yandex_audience.files import Contents, read_list, read_table
from retention_kit.testing.emulators.yandex_audience.refusals import (
    missing,
    segment_body,
    text,
    whole,
    wrong,
)
from retention_kit.testing.emulators.yandex_audience.segments import SMALLEST, Segment, people_in

CONTENT_TYPES = ("crm", "idfa_gaid", "mac")
MODIFICATIONS = ("addition", "subtraction", "replace")
MATCHINGS = ("CROSS_DEVICE", "IN_DEVICE")


def read_upload(source: str, lines: Iterable[str]) -> Contents:
    """Read an uploaded file.

    Args:
        source: `csv` for a table of customers, `list` for a list of identifiers.
        lines: Its lines.

    Raises:
        Refusal: It cannot be read, or holds no row.
    """
    contents = read_table(lines) if source == "csv" else read_list(lines)
    if not contents.rows and not contents.invalid:
        raise wrong("The file is empty", location="file")
    return contents


def confirm(segment: Segment, body: object, *, check_size: bool) -> None:
    """Give an uploaded segment its name and say what its file holds.

    Raises:
        Refusal: The segment was confirmed before, something is missing or wrong, or the file holds
            too little or not what is said of it.
    """
    given = segment_body(body)
    _check_uploaded(segment, given)
    name = text(given)
    content_type = given.get("content_type")
    if content_type is None:
        raise missing("segment.content_type")
    if content_type not in CONTENT_TYPES:
        raise wrong(
            f"content_type must be one of {', '.join(CONTENT_TYPES)}",
            location="segment.content_type",
        )
    if segment.source == "csv" and content_type != "crm":
        raise wrong("A CSV file holds crm data", location="segment.content_type")
    hashed = given.get("hashed", False)
    if not isinstance(hashed, bool):
        raise wrong("hashed must be a boolean", location="segment.hashed")
    algorithm = given.get("hashing_alg")
    if hashed and algorithm is None:
        raise missing("segment.hashing_alg")
    if algorithm is not None and algorithm != "SHA256":
        raise wrong("Only SHA256 hashes are supported", location="segment.hashing_alg")
    matching = given.get("device_matching_type")
    if matching is not None and matching not in MATCHINGS:
        raise wrong("Unknown device_matching_type", location="segment.device_matching_type")
    _check_form(segment.form.split(), hashed=hashed)
    _check_size(segment.rows, check_size=check_size)
    segment.name, segment.content_type, segment.hashed = name, content_type, hashed
    segment.form = "sha256" if hashed else "plain"
    if matching is not None:
        segment.about["device_matching_type"] = matching


def confirm_client_ids(segment: Segment, body: object, *, check_size: bool) -> None:
    """Confirm an uploaded list of the ClientIDs of a Metrica counter.

    Raises:
        Refusal: As for `confirm`.
    """
    given = segment_body(body)
    _check_uploaded(segment, given)
    name = text(given)
    counter = whole(given, "counter_id", low=1)
    if segment.source != "list":
        raise wrong("ClientIDs are uploaded as a list", location="segment")
    _check_form(segment.form.split(), hashed=False)
    _check_size(segment.rows, check_size=check_size)
    segment.name, segment.content_type, segment.form = name, "client_id", "plain"
    segment.about["counter_id"] = counter


def check_change(segment: Segment, *, few_data_can_change: bool) -> None:
    """Refuse a change of a segment that is not ready for one.

    Raises:
        Refusal: It was not made from a file, or is in work.
    """
    ready = {"processed", "few_data"} if few_data_can_change else {"processed"}
    if segment.type != "uploading":
        raise wrong("Only a segment made from a file can be changed", location="segmentId")
    if segment.status not in ready:
        raise wrong(f"A segment with status {segment.status} cannot be changed")


def modify(segment: Segment, contents: Contents, modification: str, *, check_size: bool) -> None:
    """Add a file to a segment, take it away, or put it in place of what was there.

    Raises:
        Refusal: The file has other columns or another form than the first, or the segment would
            hold too few records.
    """
    if set(contents.columns) != set(segment.values):
        raise wrong("The columns differ from those of the first file", location="file")
    _check_form(sorted(contents.forms), hashed=segment.hashed)
    _check_size(people_in(segment.changed(contents, modification)), check_size=check_size)
    segment.take(contents, modification)


def modification_type(pairs: dict[str, str]) -> str:
    """Give the kind of change that a request asks for.

    Raises:
        Refusal: It is missing or unknown.
    """
    wanted = pairs.get("modification_type")
    if wanted is None:
        raise missing("modification_type")
    if wanted not in MODIFICATIONS:
        raise wrong(
            f"modification_type must be one of {', '.join(MODIFICATIONS)}",
            location="modification_type",
        )
    return wanted


def check_size_of(pairs: dict[str, str]) -> bool:
    """Tell whether a request asks for the size to be checked, as it is unless it says no.

    Raises:
        Refusal: It says neither yes nor no.
    """
    wanted = pairs.get("check_size", "true").lower()
    if wanted not in {"true", "false"}:
        raise wrong("check_size must be true or false", location="check_size")
    return wanted == "true"


def _check_uploaded(segment: Segment, given: dict[str, Any]) -> None:
    if segment.type != "uploading" or segment.status != "uploaded":
        raise wrong("The segment is already confirmed", location="segmentId")
    if given.get("id", segment.id) != segment.id:
        raise wrong("The id differs from the one in the path", location="segment.id")


def _check_form(forms: list[str], *, hashed: bool) -> None:
    if "md5" in forms:
        raise wrong("MD5 hashes are no longer accepted, use SHA256", location="file")
    if len(forms) > 1:
        raise wrong("The file mixes hashed and plain values", location="file")
    if forms and (forms[0] == "sha256") != hashed:
        found = "hashed" if forms[0] == "sha256" else "plain"
        raise wrong(f"The values are {found}, unlike what was declared", location="file")


def _check_size(rows: int, *, check_size: bool) -> None:
    if check_size and rows < SMALLEST:
        raise wrong(f"A segment must hold at least {SMALLEST} records, got {rows}", location="file")
