"""The calls of Yandex Audience: segments listed, uploaded, confirmed, changed and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Literal, Self

from retention_kit.adapters.http.answers import Answer
from retention_kit.adapters.http.auth import StaticToken
from retention_kit.adapters.http.client import HttpClient
from retention_kit.adapters.http.uploads import Multipart
from retention_kit.adapters.yandex_audience.refusals import refusal
from retention_kit.adapters.yandex_audience.segments import Segment, segment_in, segments_in
from retention_kit.adapters.yandex_audience.settings import LIMITS, YandexAudienceSettings
from retention_kit.delivery.clocks import SYSTEM_CLOCK, Clock
from retention_kit.delivery.limits import Limiter

Change = Literal["addition", "subtraction", "replace"]
"""What a file does to a segment."""

_PAGE: Final = 10_000
_READ: Final = ("requests", "client_read")
_DELETE: Final = ("requests", "client_write")
_WRITE: Final = ("requests", "client_write", "segment_write")
"""Whether a confirmation or a new name is a write of a segment is not said: it counts as one."""


class YandexAudienceApi:
    """Asks the service, one method for each call. Close it.

    Each method raises the channel errors as `HttpClient.read` and `HttpClient.write` do.

    Args:
        settings: The account.
        clock: The time.
        limiter: What requests wait for; one of its own where None.
    """

    def __init__(
        self,
        settings: YandexAudienceSettings,
        *,
        clock: Clock = SYSTEM_CLOCK,
        limiter: Limiter | None = None,
    ) -> None:
        self._as = {"ulogin": settings.login} if settings.login else {}
        self._matching = settings.device_matching
        self._http = HttpClient(
            settings.base_url,
            name="Yandex Audience",
            auth=StaticToken(settings.token.get_secret_value(), scheme="OAuth"),
            limiter=limiter or Limiter("yandex_audience", LIMITS, clock=clock),
            clock=clock,
            timeout=settings.timeout,
            read_answer=refusal,
        )

    def segments(self, *, pixel: int | None = None) -> Iterator[Segment]:
        """Give all segments, a page at a time.

        Args:
            pixel: Only those of this pixel.
        """
        seen = 0
        while True:
            asked = self._as | {"limit": _PAGE, "offset": seen}
            if pixel is not None:
                asked["pixel"] = pixel
            page = segments_in(self._http.read("GET", "segments", params=asked, group=_READ))
            yield from page
            seen += len(page)
            if len(page) < _PAGE:
                return

    def segment(self, number: int) -> Segment | None:
        """Give a segment; None where there is none. There is no call for one: all are listed."""
        return next((one for one in self.segments() if one.id == number), None)

    def upload_contacts(self, file: Multipart) -> Segment:
        """Upload a CSV file of contacts. It is no segment before it is confirmed."""
        return self._upload("segments/upload_csv_file", file)

    def upload_identifiers(self, file: Multipart) -> Segment:
        """Upload identifiers of devices or clients, one in a line."""
        return self._upload("segments/upload_file", file)

    def confirm(
        self, number: int, name: str, *, content: str = "crm", hashed: bool = True
    ) -> Segment:
        """Make a segment of an uploaded file, of however few rows.

        Args:
            number: The upload.
            name: What the segment is to be called.
            content: What the file holds: `crm`, `idfa_gaid`, `mac`.
            hashed: Whether its values are digests, SHA-256.
        """
        said: dict[str, Any] = {
            "id": number,
            "name": name,
            "hashed": hashed,
            "content_type": content,
            "device_matching_type": self._matching,
        }
        if hashed:
            said["hashing_alg"] = "SHA256"
        return self._write(
            "POST", f"segment/{number}/confirm", said, params={"check_size": "false"}
        )

    def confirm_client_ids(self, number: int, name: str, *, counter: int) -> Segment:
        """Make a segment of an uploaded file of ClientIDs of Yandex Metrica.

        Args:
            number: The upload.
            name: What the segment is to be called.
            counter: The counter of Metrica that gave the ids.
        """
        said = {"id": number, "name": name, "counter_id": counter}
        return self._write(
            "POST", f"segment/client_id/{number}/confirm", said, params={"check_size": "false"}
        )

    def modify(self, number: int, change: Change, file: Multipart) -> Segment:
        """Change a segment by a file with the columns and the digests of its first one.

        Refused unless the segment is `processed`.

        Args:
            number: The segment.
            change: Whether the rows are added, taken out, or all that is left.
            file: The rows.
        """
        params = {"modification_type": change, "check_size": "false"}
        return self._upload(f"segment/{number}/modify_data", file, params)

    def rename(self, number: int, name: str) -> Segment:
        """Give a segment another name."""
        return self._write("PUT", f"segment/{number}", {"name": name}, repeatable=True)

    def reprocess(self, number: int) -> Segment:
        """Have a segment worked out again, after it failed for example."""
        return segment_in(
            self._http.write(
                "PUT",
                f"segment/{number}/reprocess",
                params=self._as,
                group=_WRITE,
                repeatable=True,
            )
        )

    def delete(self, number: int) -> None:
        """Delete a segment for good."""
        self._http.write("DELETE", f"segment/{number}", params=self._as, group=_DELETE)

    def create(self, kind: str, segment: Mapping[str, Any]) -> Segment:
        """Create a segment that is made of what the service has itself.

        `retention_kit.adapters.yandex_audience.creating` makes what is asked for.

        Args:
            kind: `lookalike`, `metrika`, `appmetrica`, `pixel`, `geo` or `geo_polygon`.
            segment: The segment, in the service's words.
        """
        return self._write("POST", f"segments/create_{kind}", segment)

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _upload(
        self, path: str, file: Multipart, params: Mapping[str, str] | None = None
    ) -> Segment:
        answer: Answer = self._http.write(
            "POST", path, params=self._as | dict(params or {}), files=file, group=_WRITE
        )
        return segment_in(answer)

    def _write(
        self,
        method: str,
        path: str,
        segment: Mapping[str, Any],
        *,
        params: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Segment:
        answer = self._http.write(
            method,
            path,
            params=self._as | dict(params or {}),
            json={"segment": dict(segment)},
            group=_WRITE,
            repeatable=repeatable,
        )
        return segment_in(answer)


def lines(values: Callable[[], Iterable[str]], *, filename: str = "identifiers.txt") -> Multipart:
    """Make a file with one value in a line, for `upload_identifiers`, while it is sent.

    Args:
        values: Gives the values from the first on, each time it is called.
        filename: The file's name.
    """
    return Multipart(
        name="file",
        filename=filename,
        chunks=lambda: (f"{value}\n".encode() for value in values()),
        content_type="text/plain",
    )
