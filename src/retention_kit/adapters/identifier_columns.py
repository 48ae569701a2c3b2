"""The identifiers of whole columns, a piece at a time, so that a million need little memory."""

from __future__ import annotations

from functools import partial

import polars as pl

from retention_kit.adapters.identifiers import Identifier, IdentifierRules

_PIECE = 65_536


def identifier_series(
    values: pl.Series, rules: IdentifierRules, identifier: Identifier
) -> pl.Series:
    """Give what leaves of each value of a column, as `IdentifierRules.outgoing` gives it.

    Args:
        values: Texts; nulls stay null.
        rules: What the outside system takes.
        identifier: What the values are.

    Returns:
        Texts of the same length under the same name; null where there is nothing to send.

    Raises:
        DefinitionError: The system does not take this.

    Examples:
        >>> from retention_kit.adapters.identifiers import YANDEX_METRICA
        >>> phones = pl.Series(["8 999 555 11 11", None])
        >>> identifier_series(phones, YANDEX_METRICA, "phone").to_list()
        ['f09f2c3d48f31e2a802944ade2e5aec5', None]
    """
    leaving = partial(rules.outgoing, identifier)
    leaving(None)  # so that what the system does not take is told of an empty column too
    texts = values.cast(pl.String)
    # Python's texts take many times what Polars' take: only those of one piece are made at once.
    pieces = [
        pl.Series(values.name, [leaving(text) for text in piece], dtype=pl.String)
        for piece in (texts.slice(start, _PIECE) for start in range(0, len(texts), _PIECE))
    ]
    return pl.concat(pieces) if pieces else pl.Series(values.name, [], dtype=pl.String)


def identifier_expression(
    values: pl.Expr, rules: IdentifierRules, identifier: Identifier
) -> pl.Expr:
    """Give an expression of what leaves of each value, as `identifier_series` gives it.

    Raises:
        DefinitionError: The system does not take this.
    """
    rules.outgoing(identifier, None)
    return values.map_batches(
        lambda texts: identifier_series(texts, rules, identifier),
        return_dtype=pl.String,
        is_elementwise=True,
    )
