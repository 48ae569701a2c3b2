"""How the system says no: the error body of the Metrica family."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):  # noqa: N818
    """A request that is answered with an error.

    Attributes:
        status: The HTTP status.
        error_type: The vendor's word for it.
        body: The error, as it is sent.
    """

    def __init__(
        self, status: int, error_type: str, message: str, *, location: str | None = None
    ) -> None:
        self.status = status
        self.error_type = error_type
        error: dict[str, Any] = {"error_type": error_type, "message": message}
        if location is not None:
            error["location"] = location
        self.body = {"errors": [error], "code": status, "message": message}
        super().__init__(f"{status} {error_type}: {message}")


def wrong(message: str, *, location: str | None = None) -> Refusal:
    """Refuse a value."""
    return Refusal(400, "invalid_parameter", message, location=location)


def missing(location: str) -> Refusal:
    """Refuse a request that lacks something."""
    return Refusal(400, "missing_parameter", f"{location} is required", location=location)


def not_found(what: str) -> Refusal:
    """Refuse a request for what is not there."""
    return Refusal(404, "not_found", f"{what} was not found")


def segment_body(body: object, name: str = "segment") -> dict[str, Any]:
    """Give the object that a request's body holds under a name.

    Raises:
        Refusal: There is none.
    """
    inner = body.get(name) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        raise missing(name)
    return inner


def whole(values: dict[str, Any], name: str, *, low: int, high: int | None = None) -> int:
    """Give a whole number of a body.

    Raises:
        Refusal: It is absent, no whole number, or out of bounds.
    """
    value = values.get(name)
    if value is None:
        raise missing(f"segment.{name}")
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(f"{name} must be an integer", location=f"segment.{name}")
    if value < low or (high is not None and value > high):
        raise wrong(f"{name} is out of bounds", location=f"segment.{name}")
    return value


def text(values: dict[str, Any], name: str = "name") -> str:
    """Give a text of a body that may not be empty.

    Raises:
        Refusal: It is absent, no text, or blank.
    """
    value = values.get(name)
    if value is None:
        raise missing(f"segment.{name}")
    if not isinstance(value, str) or not value.strip():
        raise wrong(f"{name} must be a non-empty string", location=f"segment.{name}")
    return value
