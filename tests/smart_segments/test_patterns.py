"""The subset of regular expressions that Rust's and Python's engines read alike."""

import re
import time
import unicodedata

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from retention_kit.errors import DefinitionError
from retention_kit.smart_segments.definitions.patterns import check_pattern, for_python, for_rust

LETTERS = "ab1_ -.\n\t\x0b éеёЖ²½\u0301٣\u2028ſK🛒"
_LITERAL = st.sampled_from("ab1_ éеёЖ²🛒}]").map(lambda one: one)
_ESCAPE = st.sampled_from([f"\\{one}" for one in "dwsDWSnt.*+?[](){}|^$\\-/<>&~#"])
_ENDS = st.sampled_from(["a", "b", "z", "0", "9", "é", "Ж", "я", "\\-", "\\]", "\\[", "_", "-"])


@st.composite
def _ranges(draw):
    low, high = sorted([draw(st.sampled_from("ab19éЖя")), draw(st.sampled_from("ab19éЖя"))])
    return f"{low}-{high}"


_CLASS = st.builds(
    lambda negated, members: f"[{'^' * negated}{''.join(members)}]",
    st.booleans(),
    st.lists(
        st.one_of(_ranges(), _ENDS.filter(lambda one: one != "-"), st.sampled_from(["\\d", "\\W"])),
        min_size=1,
        max_size=3,
    ),
)
_ATOM = st.one_of(_LITERAL, _LITERAL, _ESCAPE, _CLASS, st.sampled_from([".", "^", "$"]))
_TIMES = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{1,}", "{0,2}", "*?", "+?", "{1,2}?"])


def _quantified(atoms):
    return st.builds(
        lambda atom, times: atom if atom in ("^", "$") else atom + times, atoms, _TIMES
    )


def _grown(parts):
    rows = st.lists(parts, min_size=0, max_size=4).map("".join)
    choices = st.lists(rows, min_size=1, max_size=3).map("|".join)
    return _quantified(
        st.builds(lambda mark, one: f"({mark}{one})", st.sampled_from(["", "?:"]), choices)
    )


_PATTERNS = st.lists(
    st.recursive(_quantified(_ATOM), _grown, max_leaves=6), min_size=1, max_size=4
).map("".join)
_TEXTS = st.text(alphabet=LETTERS, max_size=12)


def is_taken(pattern, **options):
    try:
        for_python(pattern, **options)
    except DefinitionError:
        return False
    return True


@given(_PATTERNS, st.lists(_TEXTS, min_size=1, max_size=8), st.booleans())
def test_python_and_polars_find_the_same(pattern, texts, fold):
    assume(is_taken(pattern, fold=fold))
    search = re.compile(for_python(pattern, fold=fold)).search
    found = pl.Series(texts, dtype=pl.String).str.contains(for_rust(pattern, fold=fold))
    assert found.to_list() == [search(text) is not None for text in texts]


@given(st.text(alphabet="ab(|)*+?{}12,[]^-\\dwDn$.&~", max_size=12), st.text("ab1-\n", max_size=6))
def test_whatever_is_typed_is_refused_by_name_or_read_alike(pattern, text):
    assume(pattern)
    assume(is_taken(pattern))
    found = pl.Series([text]).str.contains(for_rust(pattern)).item()
    assert found is (re.search(for_python(pattern), text) is not None)


@given(_PATTERNS)
def test_plain_patterns_mean_what_pythons_engine_means_by_them(pattern):
    """Where both read a pattern as it stands: ASCII classes, `$` at the very end."""
    assume(is_taken(pattern))
    pattern = unicodedata.normalize("NFC", pattern)
    assume("$" not in pattern)
    mine, plain = re.compile(for_python(pattern)), re.compile(pattern, re.ASCII)
    for text in ("", "a", "ab1", "éЖ\n", "b_ 9", "aab²", "-]["):
        assert (mine.search(text) is None) is (plain.search(text) is None)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        (r"^tea$", "tea", True),
        (r"tea$", "tea\n", False),
        (r"^tea", "a\ntea", False),
        (r"a.b", "a\nb", False),
        (r"\d", "٣", False),
        (r"\w", "ж", False),
        (r"\s", "\u00a0", False),
        (r"\S", "\u00a0", True),
        (r"[^\s]", " ", False),
        (r"[а-яё]+", "чай", True),
        (r"\.ru$", "mail.ru", True),
        (r"(?:green|black) tea", "black tea", True),
        (r"^[A-Z]{2}\d{3}$", "AB123", True),
        (r"<b>", "<b>", True),
        ("e\u0301", "\u00e9", True),
        (r"[\]\[\\^-]", "^", True),
        (r"x{2,}", "xx", True),
    ],
)
def test_patterns_mean_what_the_page_says(pattern, text, is_found):
    assert (re.search(for_python(pattern), text) is not None) is is_found
    assert pl.Series([text]).str.contains(for_rust(pattern)).item() is is_found


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "a)", "(a", "[", "[]", "[^]", "[]a]", "a]b[", "*", "a**", "a?+", "a*+", "a{2}{3}",
        "a{", "a{,3}", "a{3,2}", "a{1001}", "x{99999}", "^*", "$+", r"\b", r"\1", r"\z", "\\",
        r"\p{L}",
        "(?i)a", "(?=a)", "(?!a)", "(?<=a)", "(?P<n>a)", "(?P=n)", "(?>a)", "(?#c)", "(*a)",
        "[[:alpha:]]", "[a[b]]", "[a&&b]", "[a--b]", "[~~]", "[b-a]", r"[a-\d]", r"[\d\D^]^*",
        r"[^\d\D]", "a{100}{100}", "(a{1000}){11}", "x" * 1001, "(" * 51 + "a" + ")" * 51,
    ],
)  # fmt: skip
def test_what_is_outside_the_subset_is_refused(pattern):
    with pytest.raises(DefinitionError, match="Allowed: "):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a*)*", "(a|a)*", "(a|ab)*", "(a?)*", "(.*x)*", "(a{1,10}){1,100}", "((a|b)+c?)+",
     r"(\w+\d*)+", "(a{1,2}){50}", "(?:(?:ab?)+b)+", "(|a)+"],
)  # fmt: skip
def test_what_could_take_for_ever_is_refused(pattern):
    with pytest.raises(DefinitionError, match="do not repeat"):
        check_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"(\w+\s)*", r"(\d{1,3}\.){3}\d{1,3}", "(ab|cd)*", "(a|b)+", r"(\d{2})*", r"([^,]*,)*",
     r"(,\s?\d)*", "(a?b)*", "(ab?){2,3}"],
)  # fmt: skip
def test_what_is_clear_may_be_repeated(pattern):
    check_pattern(pattern)


@given(_PATTERNS)
def test_a_long_text_takes_no_time(pattern):
    assume(is_taken(pattern))
    assume(sum(pattern.count(mark) for mark in ("*", "+", ",}")) <= 2)
    began = time.process_time()
    re.search(for_python(pattern), "a1_ " * 40 + "Ж")
    assert time.process_time() - began < 2


def test_fold_turns_what_is_written_to_lower_case_and_leaves_escapes():
    assert for_python(r"Ё\D\W[А-ЯЁ]", fold=True) == for_python(r"е\D\W[а-яе]")


def test_fold_that_turns_a_range_round_is_refused():
    check_pattern("[Z-a]")
    with pytest.raises(DefinitionError, match="range that ends before"):
        for_python("[Z-a]", fold=True)
    with pytest.raises(DefinitionError, match="lower case is several"):
        for_python("[İ]", fold=True)


def test_a_pattern_that_is_no_text_is_refused():
    with pytest.raises(DefinitionError, match="as text"):
        check_pattern(7)
