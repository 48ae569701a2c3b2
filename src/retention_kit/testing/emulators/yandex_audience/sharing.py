"""What stands around segments: grants, delegates, accounts and pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retention_kit.testing.emulators.yandex_audience.refusals import (
    missing,
    not_found,
    segment_body,
    wrong,
)
from retention_kit.testing.emulators.yandex_audience.segments import Segment

Details = dict[str, Any]
PERMISSIONS = ("view", "edit")


class Sharing:
    """Keeps who may see what, and pixels.

    Args:
        moment: Tells the instant in the form in which it is read.
        new_id: Gives an id.
        logins: Logins that exist; a grant to another is refused.
    """

    def __init__(
        self, moment: Callable[[], str], new_id: Callable[[], int], logins: set[str]
    ) -> None:
        self._moment = moment
        self._new_id = new_id
        self._logins = logins
        self.pixels: dict[int, Details] = {}
        self.delegates: dict[str, Details] = {}

    def grant(self, segment: Segment, body: object) -> Details:
        """Open a segment to a login."""
        given = segment_body(body, "grant")
        login = self._login(given.get("user_login"), "grant.user_login")
        grant = {
            "user_login": login,
            "created_at": self._moment(),
            "permission": _permission(given.get("permission", "view"), "grant.permission"),
            "comment": given.get("comment", ""),
        }
        segment.grants[login] = grant
        return {"grant": grant}

    def withdraw(self, segment: Segment, login: str | None) -> Details:
        """Close a segment to a login."""
        if not login:
            raise missing("user_login")
        if segment.grants.pop(login, None) is None:
            raise not_found("The grant")
        return {"success": True}

    def delegate(self, body: object) -> Details:
        """Let a login act for this one."""
        given = segment_body(body, "delegate")
        login = self._login(given.get("user_login"), "delegate.user_login")
        perm = _permission(given.get("perm", "view"), "delegate.perm")
        self.delegates[login] = {
            "user_login": login,
            "perm": perm,
            "created_at": self._moment(),
            "comment": given.get("comment", ""),
        }
        return {"success": True}

    def dismiss(self, login: str | None) -> Details:
        """Let a login act for this one no more."""
        if not login:
            raise missing("user_login")
        if self.delegates.pop(login, None) is None:
            raise not_found("The delegate")
        return {"success": True}

    def list_pixels(self) -> Details:
        """List the pixels that were not deleted."""
        return {"pixels": [_read(one) for one in self.pixels.values() if not one["is_deleted"]]}

    def create_pixel(self, body: object) -> Details:
        """Make a pixel."""
        name = _name(segment_body(body, "pixel"))
        pixel_id = self._new_id()
        self.pixels[pixel_id] = {
            "id": pixel_id,
            "name": name,
            "create_time": self._moment(),
            **{f"user_quantity_{days}": 0 for days in (7, 30, 90)},
            "is_deleted": False,
        }
        return {"pixel": _read(self.pixels[pixel_id])}

    def rename_pixel(self, pixel_id: int, body: object) -> Details:
        """Give a pixel another name."""
        pixel = self._pixel(pixel_id)
        pixel["name"] = _name(segment_body(body, "pixel"))
        return {"pixel": _read(pixel)}

    def delete_pixel(self, pixel_id: int) -> Details:
        """Delete a pixel; it can be brought back."""
        self._pixel(pixel_id)["is_deleted"] = True
        return {"success": True}

    def undelete_pixel(self, pixel_id: int) -> Details:
        """Bring a deleted pixel back."""
        self._pixel(pixel_id, deleted=True)["is_deleted"] = False
        return {"success": True}

    def _pixel(self, pixel_id: int, *, deleted: bool = False) -> Details:
        pixel = self.pixels.get(pixel_id)
        if pixel is None or pixel["is_deleted"] != deleted:
            raise not_found("The pixel")
        return pixel

    def _login(self, login: object, location: str) -> str:
        if not isinstance(login, str) or not login:
            raise missing(location)
        if login not in self._logins:
            raise wrong("There is no such login", location=location)
        return login


def _permission(wanted: object, location: str) -> str:
    if wanted not in PERMISSIONS:
        raise wrong("The permission must be view or edit", location=location)
    return str(wanted)


def _name(given: Details) -> str:
    name = given.get("name")
    if not isinstance(name, str) or not name.strip():
        raise missing("pixel.name")
    return name


def _read(pixel: Details) -> Details:
    return {name: value for name, value in pixel.items() if name != "is_deleted"}
