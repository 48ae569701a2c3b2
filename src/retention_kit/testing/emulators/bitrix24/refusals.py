"""How Bitrix24 says no: a status, a code that may be empty or a number, and a description."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818
    """A call is not carried out.

    Attributes:
        status: The HTTP status where the call came by itself, and not in a batch.
        code: The vendor's code: a text, which may be empty, or a number.
        description: What stands beside it.
    """

    def __init__(self, status: int, code: str | int, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description

    def body(self) -> dict[str, str | int]:
        """Give the body of the answer, which is also what a batch holds of it."""
        return {"error": self.code, "error_description": self.description}


def old_refusal(description: str) -> Refusal:
    """Refuse as the older CRM methods do: status 400 and an empty code."""
    return Refusal(400, "", description)


def invalid_argument(description: str) -> Refusal:
    """Refuse a parameter, as `crm.item.*` does."""
    return Refusal(400, "INVALID_ARG_VALUE", description)


def missing_parameter(name: str) -> Refusal:
    """Refuse a call that leaves out a parameter that it must have."""
    return Refusal(400, 100, f"Could not find value for parameter {{{name}}}")


def not_found(description: str = "Item not found") -> Refusal:
    """Refuse because a record is not there, as `crm.item.*` does."""
    return Refusal(400, "NOT_FOUND", description)


BLOCKS = {
    "ACCESS_DENIED": 403,
    "ERROR_UNEXPECTED_ANSWER": 500,
    "INTERNAL_SERVER_ERROR": 500,
    "OVERLOAD_LIMIT": 503,
    "PAYMENT_REQUIRED": 401,
    "PORTAL_DELETED": 410,
    "user_access_error": 403,
}
"""Codes by which a whole portal refuses calls, and their statuses."""
