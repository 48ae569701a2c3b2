"""How a customer's id stands in a journal: its kind, one letter, and the id; 7 is not "7"."""

from __future__ import annotations

from retention_kit.errors import DataError


def customer_text(customer_id: int | str) -> str:
    """Give what stands for a customer in the tables.

    Raises:
        DataError: It is neither a whole number nor a text.

    Examples:
        >>> customer_text(7), customer_text("7")
        ('i7', 's7')
    """
    if isinstance(customer_id, str):
        return f"s{customer_id}"
    if isinstance(customer_id, bool) or not isinstance(customer_id, int):
        raise DataError(
            f"The id of a customer is of type {type(customer_id).__name__}. Allowed: a whole "
            "number or text. Next step: pass the id that the customer has in the tables."
        )
    return f"i{customer_id}"
