"""The one hash: MurmurHash3 x86 32-bit as it was published, and the text that we hash with it.

The vectors of the algorithm are those of its reference implementation (Appleby, SMHasher) as they
are commonly quoted, and one of the Apache Iceberg table specification, appendix B.
"""

import mmh3
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.hashing import stable_hash, stable_hash_expression

PUBLISHED = {
    "": 0x00000000,
    "test": 0xBA6BD213,
    "Hello, world!": 0xC0363E43,
    "The quick brown fox jumps over the lazy dog": 0x2E4FF723,
    "iceberg": 1_210_000_089,
}
OURS = {
    ("bucket", 17850): 2_276_272_647,
    ("bucket", "17850"): 2_276_272_647,
    ("bucket", -1): 2_632_284_875,
    ("", ""): 723_937_430,
    ("retention_kit.bucket", "Ж🛒"): 583_737_873,
    ("a:b", "c"): 1_815_718_997,
}


def hashed(values: list[int] | list[str], dtype: pl.DataType, salt: str) -> list[int]:
    frame = pl.DataFrame({"id": pl.Series(values, dtype=dtype)})
    return frame.select(stable_hash_expression(pl.col("id"), salt=salt)).to_series().to_list()


@pytest.mark.parametrize("text", PUBLISHED)
def test_single_values_are_hashed_by_the_published_algorithm(text):
    assert mmh3.hash(text.encode(), seed=0, signed=False) == PUBLISHED[text]


@pytest.mark.parametrize("text", PUBLISHED)
def test_columns_are_hashed_by_the_published_algorithm(text):
    column = pl.select(pl.lit(text)._mm3_hash().reinterpret(signed=False))
    assert column.item() == PUBLISHED[text]


@pytest.mark.parametrize(("salt", "identifier"), OURS)
def test_the_text_that_is_hashed_never_changes(salt, identifier):
    wanted = OURS[salt, identifier]
    assert stable_hash(identifier, salt=salt) == wanted
    dtype = pl.String() if isinstance(identifier, str) else pl.Int64()
    assert hashed([identifier], dtype, salt) == [wanted]


def test_what_is_hashed_is_the_salt_a_colon_and_the_id():
    assert stable_hash("world", salt="hello") == mmh3.hash(b"hello:world", signed=False)


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.text(max_size=8))
def test_whole_numbers_hash_alike_alone_and_in_a_column(numbers, salt):
    assert hashed(numbers, pl.Int64(), salt) == [stable_hash(one, salt=salt) for one in numbers]


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_unsigned_numbers_hash_alike_alone_and_in_a_column(numbers):
    assert hashed(numbers, pl.UInt64(), "s") == [stable_hash(one, salt="s") for one in numbers]


@given(st.lists(st.text()), st.text(max_size=8))
def test_texts_hash_alike_alone_and_in_a_column(texts, salt):
    assert hashed(texts, pl.String(), salt) == [stable_hash(one, salt=salt) for one in texts]


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_number_hashes_as_its_digits(number):
    assert stable_hash(number, salt="s") == stable_hash(str(number), salt="s")


@pytest.mark.parametrize("dtype", [pl.Int8(), pl.UInt16(), pl.Int32(), pl.Int64()])
def test_the_width_of_an_integer_changes_nothing(dtype):
    assert hashed([0, 7, 120], dtype, "s") == [stable_hash(one, salt="s") for one in (0, 7, 120)]


def test_the_hash_of_nothing_is_null_and_its_type_holds_32_bits():
    frame = pl.LazyFrame({"id": [None, "a"]})
    plan = frame.select(stable_hash_expression(pl.col("id"), salt="s"))
    assert plan.collect_schema() == {"hash": pl.UInt32}
    assert plan.collect()["hash"].is_null().to_list() == [True, False]


def test_ten_thousand_customers_fall_evenly_into_buckets():
    # 32 buckets of 312.5 on average; five standard deviations are 87.
    numbers = pl.DataFrame({"id": range(10_000)})
    part = stable_hash_expression(pl.col("id"), salt="retention_kit.bucket") % 32
    sizes = numbers.group_by(part).len()["len"]
    assert len(sizes) == 32
    assert abs(sizes - 312.5).max() < 87
