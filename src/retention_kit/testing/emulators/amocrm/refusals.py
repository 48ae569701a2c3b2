"""How the system says no: problem details in JSON, and the HTML of the gateway before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    504: "Gateway Time-out",
}
MISSING, WRONG_TYPE, NO_CHOICE = "FieldMissing", "InvalidType", "NotSupportedChoice"


class Refusal(Exception):  # noqa: N818
    """A request that is answered with problem details.

    Attributes:
        status: The HTTP status.
        body: The problem, as it is sent.
    """

    def __init__(self, status: int, detail: str, **more: object) -> None:
        self.status = status
        self.body: dict[str, Any] = {
            **more,
            "title": more.get("title", TITLES.get(status, "Error")),
            "type": more.get("type", f"https://httpstatus.es/{status}"),
            "status": status,
            "detail": detail,
        }
        super().__init__(f"{status} {detail}")


class GatewayRefusal(Exception):  # noqa: N818
    """A request that the gateway answers with its own HTML, whatever was asked.

    Attributes:
        status: The HTTP status.
        body: The page.
    """

    def __init__(self, status: int) -> None:
        self.status = status
        self.body = html_page(status)
        super().__init__(str(status))


class Problems:
    """What is wrong with one item of a request."""

    def __init__(self) -> None:
        self.errors: list[dict[str, str]] = []

    def __bool__(self) -> bool:
        return bool(self.errors)

    def add(self, code: str, path: str, detail: str) -> None:
        """Note one thing that is wrong."""
        self.errors.append({"code": code, "path": path, "detail": detail})

    def missing(self, path: str) -> None:
        """Note a field that has to be there."""
        self.add(MISSING, path, "This field is missing.")

    def wrong_type(self, path: str, wanted: str) -> None:
        """Note a value of a wrong type."""
        self.add(WRONG_TYPE, path, f"This value should be of type {wanted}.")

    def no_choice(self, path: str) -> None:
        """Note a value that names nothing in the account."""
        self.add(NO_CHOICE, path, "The value you selected is not a valid choice.")


def invalid(problems: Sequence[tuple[str, Problems]]) -> Refusal:
    """Refuse a whole request for the items that are wrong.

    Args:
        problems: The `request_id` of an item, and what is wrong with it.
    """
    return Refusal(
        400,
        "Request validation failed",
        **{
            "validation-errors": [
                {"request_id": request_id, "errors": found.errors} for request_id, found in problems
            ]
        },
    )


def html_page(status: int) -> bytes:
    """Make the page that nginx shows for a status."""
    title = f"{status} {TITLES.get(status, 'Error')}"
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def objects(body: object, *, most: int) -> list[Mapping[str, Any]]:
    """Give the items of a request that has to be an array of objects.

    Args:
        body: The parsed request.
        most: How many items are taken at once.

    Raises:
        Refusal: It is no array of objects, an empty one, or too long.
    """
    if not isinstance(body, list) or not all(isinstance(item, dict) for item in body):
        problems = Problems()
        problems.wrong_type("", "array of objects")
        raise invalid([("0", problems)])
    if not body:
        problems = Problems()
        problems.missing("0")
        raise invalid([("0", problems)])
    if len(body) > most:
        raise Refusal(400, f"At most {most} items are taken at once.")
    return body
