"""The parts of dispatch that keep it in bounded memory: ids that were seen, and rows on disk."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.delivery import ActionKey, Payload, fingerprint_of
from retention_kit.delivery.dispatching import seen, spool
from retention_kit.delivery.dispatching.rows import Row
from retention_kit.delivery.dispatching.seen import SeenIds


def hexadecimal(number):
    return hashlib.blake2b(str(number).encode(), digest_size=16).hexdigest()


@given(st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=12))
def test_ids_are_new_once(chunks):
    ids, known = SeenIds(), set()
    for chunk in chunks:
        said = ids.add([hexadecimal(number) for number in chunk])
        for number, is_new in zip(chunk, said, strict=True):
            assert is_new == (number not in known)
            known.add(number)
    assert len(ids) == len(known)


def test_ids_are_new_once_among_many_and_when_they_share_a_half(monkeypatch):
    monkeypatch.setattr(seen, "_RECENT", 64)
    ids = SeenIds()
    many = [hexadecimal(number) for number in range(2_000)]
    twins = ["f" * 16 + f"{number:016x}" for number in range(200)]
    for chunk in (many[:1_000], twins[:100], many[1_000:], twins[100:]):
        for start in range(0, len(chunk), 50):
            assert all(ids.add(chunk[start : start + 50]))
    assert not any(ids.add(many[::-1] + twins[::-1]))
    assert len(ids) == 2_200
    assert len(ids._runs) < 8


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.lists(st.tuples(json_values, st.integers() | st.text(min_size=1)), max_size=8))
def test_rows_come_back_from_disk_as_they_were(given_):
    rows = [
        Row(
            Payload(hexadecimal(number), body, "group", number, {"email_sha256": "ab"}),
            ActionKey("c", customer, "step", ""),
            "send_message",
            "f" * 32,
            extra=bool(number % 2),
            needs="n",
            batch="b",
        )
        for number, (body, customer) in enumerate(given_)
    ]
    kept = spool.RowsOnDisk()
    kept.extend(rows[:3])
    kept.extend(rows[3:])
    try:
        assert list(kept) == rows
        assert list(zip(kept, kept, strict=True)) == list(zip(rows, rows, strict=True))
        assert len(kept) == len(rows)
    finally:
        kept.close()


def test_few_rows_stay_in_memory_and_many_go_to_disk(monkeypatch):
    monkeypatch.setattr(spool, "IN_MEMORY", 10)
    monkeypatch.setattr(spool, "_AT_ONCE", 4)
    for count, on_disk in ((10, False), (11, True), (31, True)):
        rows = [
            Row(Payload(hexadecimal(number), number), ActionKey("c", 1, "s", ""), "k", "")
            for number in range(count)
        ]
        kept = spool.gathered(rows)
        assert isinstance(kept, spool.RowsOnDisk) == on_disk
        assert [row.payload.body for row in kept] == list(range(count))
        kept.close()


def test_a_fingerprint_is_of_content_and_group_alone():
    one = fingerprint_of(Payload("1", {"a": 1, "b": [None, "Ж"]}, "g", 3, {"x": "y"}))
    # Worked out by hand: BLAKE2b-128 of '["g",{"a":1,"b":[null,"Ж"]}]'.
    text = '["g",{"a":1,"b":[null,"Ж"]}]'
    assert one == hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    assert one == fingerprint_of(Payload("2", {"b": [None, "Ж"], "a": 1}, "g"))
    assert one != fingerprint_of(Payload("1", {"a": 1, "b": [None, "Ж"]}, "h"))
    with pytest.raises(TypeError):
        fingerprint_of(Payload("1", {"a": object()}))
