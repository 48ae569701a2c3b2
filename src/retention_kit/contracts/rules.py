"""The named rules a row must keep, as expressions over columns that have been cast.

One dictionary feeds the door's native filter and the dataframely classes. An expression is true
where the row keeps the rule, and never null. Their order is the order in which a row that breaks
several is counted: under the first.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from retention_kit.contracts.tables import DESCRIPTIONS

MEANINGS: dict[str, str] = {
    "unreadable_{column}": "a value is there but cannot be read as the column's type",
    "not_finite_{column}": "a number is infinite or not a number",
    "out_of_range_{column}": "a number does not fit 14 digits before the point and 4 after it",
    "fractional_{column}": "an id has a fraction",
    "nonexistent_{column}": "a wall-clock time that a change to summer time skipped",
    "unknown_{column}": "a value that is none of the column's choices",
    "null_{column}": "a value that every row must have is missing",
    "negative_sale": "a sale has a negative amount",
    "positive_return": "a return has a positive amount; positive_returns='negate' turns it",
    "positive_return_line": "a line of a return has a positive quantity or amount; "
    "positive_returns='negate' turns them",
    "other_currency": "the currency is not the shop's",
    "duplicate_row": "an exact copy of another row, of which the first stays",
    "repeated_order_id": "a sale's id stands on another sale too, of which the first stays",
    "repeated_customer_id": "a customer's id stands on another row too, of which the first stays",
    "repeated_review_id": "a review's id stands on another row too, of which the first stays",
    "ambiguous_return": "several returns share one id, so that lines cannot find theirs",
    "guest_id": "the row belongs to an id that guests share",
    "unknown_order": "the line's order is not among the accepted orders",
    "other_status": "completed lines make the order, else open ones, and this line is neither",
    "several_customers": "the lines of one order name different customers",
}
"""What each rule is about, in words; `{column}` stands for a column's name."""


def meaning(rule: str) -> str:
    """Say in words what breaking a rule means.

    Examples:
        >>> meaning("null_order_id")
        'a value that every row must have is missing'
    """
    if rule in MEANINGS:
        return MEANINGS[rule]
    for pattern, words in MEANINGS.items():
        prefix = pattern.removesuffix("{column}")
        if prefix != pattern and rule.startswith(prefix):
            return words
    return "a rule of the reader's own"


def row_rules(
    table: str, columns: Iterable[str], *, currency: str | None = None
) -> dict[str, pl.Expr]:
    """Give the rules that a row of a table must keep on its own.

    Args:
        table: One of the seven tables.
        columns: The columns that are there; a rule about an absent one is left out.
        currency: The shop's currency; None leaves out the rule about it.

    Returns:
        Boolean expressions by rule name, true where the row keeps the rule.
    """
    present = set(columns)
    rules = {
        f"null_{column.name}": pl.col(column.name).is_not_null()
        for column in DESCRIPTIONS[table].columns.values()
        if column.name in present and column.required and not column.may_be_null
    }
    if table == "lines":
        rules["null_amount"] = pl.col("amount").is_not_null()
    if table == "orders" and "amount" in present:
        is_return = pl.col("kind") == "return" if "kind" in present else pl.lit(value=False)
        amount = pl.col("amount")
        rules["negative_sale"] = (is_return | (amount >= 0)).fill_null(value=True)
        if "kind" in present:
            rules["positive_return"] = (~is_return | (amount <= 0)).fill_null(value=True)
    if table in ("orders", "lines") and "currency" in present and currency is not None:
        stated = pl.col("currency")
        rules["other_currency"] = ((stated == currency) | (stated == "")).fill_null(value=True)
    if table in ("order_items", "lines") and "kind" in present:
        is_return = pl.col("kind") == "return"
        positive = (pl.col("quantity") > 0) | (pl.col("amount") > 0)
        rules["positive_return_line"] = (~(is_return & positive)).fill_null(value=True)
    return rules
