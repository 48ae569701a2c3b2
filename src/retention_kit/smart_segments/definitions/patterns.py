r"""The subset of regular expressions that Rust's and Python's engines read alike.

`matches` looks for a pattern anywhere in a text. A pattern has at most 1,000 characters:

- letters and other characters as they are; punctuation that means something after a backslash;
  `\n` and `\t`;
- `.` is any character but a line's end; `^` is the beginning of the text and `$` its very end,
  after a last line's end if there is one;
- classes `[abc]`, `[a-z]`, `[^0-9]`, in which `[`, `]`, `\`, `&&`, `--` and `~~` are escaped;
- `\d` is `[0-9]`, `\w` is `[0-9A-Za-z_]`, `\s` is a space and `\t \n \v \f \r`: of ASCII alone, so
  that both engines mean the same; `\D`, `\W` and `\S` are everything else. For letters of any
  language write their ranges: `[а-яё]`;
- groups `( )` and `(?: )`, which capture nothing, up to 50 inside each other; `|`;
- `?`, `*`, `+`, `{m}`, `{m,}` and `{m,n}` up to 1,000, each also lazy with `?`.

There is no look-around, no reference back, no flag, and no `\b`. What is repeated must leave no
doubt where it begins again: `(a+)+` and `(a|a)*` are refused, because Python's engine could take
for ever over them; `(\w+,)*` is fine. So are more than two repeats in a row that may stop in many
places: `.*a.*b` is fine, `a.*b.*c.*d` is not, since the time would grow with the fourth power of a
text's length. Written out, a pattern may have 10,000 characters. Patterns and texts are compared in
the normal form NFC.
"""

from __future__ import annotations

import functools
import unicodedata

from retention_kit.errors import bad_parameter
from retention_kit.smart_segments.definitions.pattern_cost import LARGEST, is_doubtful, size
from retention_kit.smart_segments.definitions.pattern_spans import (
    MOST_OPEN,
    open_repeats,
    without_idle_ends,
)
from retention_kit.smart_segments.definitions.pattern_syntax import (
    LONGEST,
    TOP,
    Characters,
    Choice,
    Edge,
    Part,
    Ranges,
    Reader,
    Repeat,
    opposite,
)


def check_pattern(pattern: object) -> None:
    """Raise where a pattern is outside the subset.

    Raises:
        DefinitionError: It is; the message says where.
    """
    _read(pattern, fold=False)


def for_python(pattern: str, *, fold: bool = False) -> str:
    r"""Give what a pattern is for Python's engine.

    Args:
        pattern: A pattern of the subset.
        fold: Whether its characters and the ends of its ranges stand for lower case, and ё for е;
            the text is then folded too.

    Returns:
        A pattern of the same meaning for `re.search`.

    Raises:
        DefinitionError: It is outside the subset, or a range is turned round by `fold`.

    Examples:
        >>> for_python(r"^\d+.$")
        '\\A[0-9]+[^\\x0a]\\Z'
    """
    return _written(_read(pattern, fold=fold), "\\Z")


def for_rust(pattern: str, *, fold: bool = False) -> str:
    r"""Give what a pattern is for Rust's engine, which Polars has; otherwise as `for_python`.

    Examples:
        >>> for_rust(r"^\d+.$")
        '\\A[0-9]+[^\\x0a]\\z'
    """
    return _written(_read(pattern, fold=fold), "\\z")


def _read(pattern: object, *, fold: bool) -> Part:
    if not isinstance(pattern, str):
        raise bad_parameter("value", got=type(pattern).__name__, allowed="a pattern, as text")
    return _read_text(pattern, fold)


@functools.lru_cache(maxsize=256)
def _read_text(pattern: str, fold: bool) -> Part:
    reader = Reader(unicodedata.normalize("NFC", pattern), fold)
    if len(reader.text) > LONGEST:
        raise bad_parameter(
            "value", got=f"{len(pattern)} characters", allowed=f"a pattern of at most {LONGEST}"
        )
    part = without_idle_ends(reader.read())
    if size(part) > LARGEST:
        raise bad_parameter(
            "value",
            got=pattern,
            allowed=f"a pattern of at most {LARGEST} characters when its quantifiers are written "
            "out",
            step="ask for fewer times.",
        )
    if is_doubtful(part):
        raise bad_parameter(
            "value",
            got=pattern,
            allowed="a repeated part of which each character says where in it it is",
            step="do not repeat what repeats or chooses among the same characters: a+ for (a+)+, "
            "[ab]* for (a|b|a)*.",
        )
    if open_repeats(part) > MOST_OPEN:
        raise bad_parameter(
            "value",
            got=pattern,
            allowed=f"at most {MOST_OPEN} repeats without an end, such as .*, that may stop in "
            "many places",
            step="ask for parts apart and join them with &: "
            "attribute('x').contains('a') & attribute('x').contains('b').",
        )
    return part


def _written(part: Part, end: str) -> str:
    match part:
        case Characters():
            return _characters(part)
        case Edge():
            return end if part.at_end else "\\A"
        case Repeat():
            inside = _written(part.part, end)
            if not isinstance(part.part, Characters):
                inside = f"(?:{inside})"
            return inside + _times(part)
        case Choice():
            return f"(?:{'|'.join(_written(one, end) for one in part.parts)})"
    return "".join(_written(one, end) for one in part.parts)


def _times(part: Repeat) -> str:
    match part.low, part.high:
        case (0, None):
            return "*"
        case (1, None):
            return "+"
        case (low, None):
            return f"{{{low},}}"
        case (0, 1):
            return "?"
        case (low, high) if low == high:
            return f"{{{low}}}"
    return f"{{{part.low},{part.high}}}"


def _characters(part: Characters) -> str:
    if part.is_literal:
        return _character(part.ranges[0][0])
    if part.ranges[0][0] == 0 and part.ranges[-1][1] == TOP and len(part.ranges) > 1:
        return f"[^{_ranges(opposite(part.ranges))}]"
    return f"[{_ranges(part.ranges)}]"


def _ranges(ranges: Ranges) -> str:
    return "".join(
        _character(first) if first == last else f"{_character(first)}-{_character(last)}"
        for first, last in ranges
    )


def _character(code: int) -> str:
    mark = chr(code)
    if code > 127 or mark.isalnum():
        return mark
    return f"\\x{code:02x}"
