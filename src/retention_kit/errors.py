"""Every error and warning the library raises, branched by what the caller can do about it.

Each carries attributes besides its text. No message holds a customer's row, a contact or a secret.
"""

import difflib
from collections.abc import Iterable, Mapping


class RetentionKitError(Exception):
    """The root of all errors of the library."""


class DataError(RetentionKitError):
    """The data must be mended: a table, a file, a column or its rows."""


class MissingColumnError(DataError):
    """A required column is absent, or a mapping names a column that is not there.

    Attributes:
        table: The table that was read.
        column: The column that was looked for.
        available: The columns the table has.
        nearest: Those of them whose names come nearest, best first.
    """

    def __init__(
        self,
        table: str,
        column: str,
        available: Iterable[str],
        *,
        candidates: Iterable[str] | None = None,
        mapped_to: str | None = None,
        step: str | None = None,
    ) -> None:
        self.table = table
        self.column = column
        self.available = tuple(available)
        self.nearest = nearest_names(
            column, self.available if candidates is None else tuple(candidates)
        )
        if mapped_to is None:
            what = f"Table {table!r} has no column {column!r}, which is required."
            step = step or (
                f"name the column that holds it: columns={{{column!r}: {self._offer()!r}}} "
                f"(--column {column}=… on the command line)."
            )
        else:
            what = (
                f"Table {table!r} has no column {column!r}, "
                f"which the mapping names for {mapped_to!r}."
            )
            step = f"mend the mapping: columns={{{mapped_to!r}: {self._offer()!r}}}."
        hint = f" Nearest: {_list(self.nearest)}." if self.nearest else ""
        if len(self.available) == 1 and any(mark in self.available[0] for mark in ",;\t|"):
            hint += " It may be read with the wrong separator: separator=';', for example."
        super().__init__(f"{what} It has: {_list(self.available)}.{hint} Next step: {step}")

    def _offer(self) -> str:
        return self.nearest[0] if self.nearest else "…"


class ColumnTypeError(DataError):
    """A column has a type that cannot hold what the table needs there.

    Attributes:
        table: The table that was read.
        column: The column.
        got: The type that came.
        allowed: What may come.
    """

    def __init__(self, table: str, column: str, *, got: str, allowed: str, step: str) -> None:
        self.table = table
        self.column = column
        self.got = got
        self.allowed = allowed
        super().__init__(
            f"Column {column!r} of table {table!r} is {got}. Allowed: {allowed}. Next step: {step}"
        )


class RowsRejectedError(DataError):
    """Rows broke rules, and `strict=True` was asked for.

    Attributes:
        table: The table that was read.
        read: Rows read.
        rejected: Rows rejected, by the rule each broke.
    """

    def __init__(self, table: str, *, read: int, rejected: Mapping[str, int]) -> None:
        self.table = table
        self.read = read
        self.rejected = dict(rejected)
        rules = ", ".join(f"{rule} {count:,}" for rule, count in self.rejected.items())
        super().__init__(
            f"{sum(self.rejected.values()):,} of {read:,} rows of table {table!r} break rules: "
            f"{rules}. With strict=True none may. Next step: mend the rows, or leave strict out "
            f"and look at dataset.rejected[{table!r}]."
        )


class RepeatedOrderIdError(DataError):
    """So many order ids repeat that the rows are lines, not orders.

    Attributes:
        ids: Distinct sale ids.
        repeated: Those of them that stand on different rows.
    """

    def __init__(self, *, ids: int, repeated: int) -> None:
        self.ids = ids
        self.repeated = repeated
        super().__init__(
            f"{repeated:,} of {ids:,} order ids stand on more than one row of table 'orders' "
            f"({repeated / ids:.1%}); a table of orders has one row per sale, and at most 1% may "
            "repeat by mistake. These look like order lines. Next step: "
            "Dataset.from_lines(lines, …), or --grain lines on the command line."
        )


class FileFormatError(DataError):
    """A file or folder cannot be read as what it should be.

    Attributes:
        path: The file or folder, as it was given.
        reason: What is wrong with it.
    """

    def __init__(self, path: str, *, reason: str, step: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"Cannot read {path!r}: {reason} Next step: {step}")


class UnknownMembershipError(DataError):
    """It is unknown whether a customer is a member, and `unknown="raise"` was asked for.

    Attributes:
        segment: The segment's name.
    """

    def __init__(self, segment: str) -> None:
        self.segment = segment
        super().__init__(
            f"It is unknown whether the customer is a member of segment {segment!r}: a value that "
            "it asks for is missing, or it is too early to know. Next step: explain(…) says which; "
            "or choose unknown='exclude', 'include' or 'keep'."
        )


class MissingDependencyError(RetentionKitError, ImportError):
    """An optional library is not installed.

    Attributes:
        module: What could not be imported.
        extra: The extra of the library that brings it.
    """

    def __init__(self, module: str, extra: str) -> None:
        self.module = module
        self.extra = extra
        super().__init__(
            f"The module {module!r} is not installed. It comes with the extra {extra!r}. "
            f"Next step: pip install 'retention-kit[{extra}]'."
        )


class DefinitionError(RetentionKitError):
    """A definition or a parameter must be mended.

    Attributes:
        parameter: The parameter's name, where there is one.
    """

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        self.parameter = parameter
        super().__init__(message)


class PluginError(RetentionKitError):
    """A plugin must be mended or blocked."""


class ChannelError(RetentionKitError):
    """An outside system did not do what was asked of it."""


class RetryableError(ChannelError):
    """The same call may succeed later; nothing was carried out."""


class RateLimitedError(ChannelError):
    """The outside system asks for fewer calls.

    Attributes:
        retry_after: Seconds to wait, or None where the system did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class AuthenticationError(ChannelError):
    """The outside system does not accept the credentials."""


class RejectedError(ChannelError):
    """The outside system refused the call, and will refuse the same call again.

    Attributes:
        code: What the outside system calls the reason, for counting.
        rejected: Where it names rows of a batch, the reason of each by its id; all the others are
            then fit to be sent again. Empty where it does not say which.
    """

    def __init__(
        self, message: str, *, code: str = "", rejected: Mapping[str, str] | None = None
    ) -> None:
        self.code = code
        self.rejected = dict(rejected or {})
        super().__init__(message)


class UnknownOutcomeError(ChannelError):
    """The call left and no answer came back: nobody knows whether it was carried out."""


class DataWarning(UserWarning):
    """The data can be used, but something in it asks for a look."""


def bad_parameter(parameter: str, *, got: object, allowed: str, step: str = "") -> DefinitionError:
    """Make the error for a parameter whose value is not allowed, in the one shape they all have."""
    tail = f" Next step: {step}" if step else ""
    return DefinitionError(
        f"Parameter {parameter!r} is {got!r}. Allowed: {allowed}.{tail}", parameter=parameter
    )


def nearest_names(name: str, available: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Give the names nearest to `name`, ignoring case and punctuation, best first."""
    by_key: dict[str, str] = {}
    for candidate in available:
        by_key.setdefault(_key(candidate), candidate)
    wanted = _key(name)
    close = difflib.get_close_matches(wanted, by_key, n=limit, cutoff=0.6)
    # A single letter stands in nearly every name.
    holding = [
        key for key in by_key if min(len(key), len(wanted)) > 1 and (key in wanted or wanted in key)
    ]
    return tuple(by_key[key] for key in dict.fromkeys([*close, *holding]))[:limit]


def _key(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _list(names: tuple[str, ...], limit: int = 30) -> str:
    shown = ", ".join(repr(name) for name in names[:limit])
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return (shown or "no columns") + more
