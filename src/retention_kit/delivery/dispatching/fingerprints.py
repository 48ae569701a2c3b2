"""A payload's content in 32 digits, by which a changed action is told from the same one."""

from __future__ import annotations

import hashlib
import json

from retention_kit.delivery.outcomes import Payload

_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode


def fingerprint_of(payload: Payload) -> str:
    """Give the fingerprint of what will be sent: group and body, not the id.

    Args:
        payload: What a channel prepared; the order of names in its body does not matter.

    Returns:
        32 hexadecimal digits (BLAKE2b, 128 bits), the same on every machine.

    Raises:
        TypeError: The body is not JSON.

    Examples:
        >>> one = fingerprint_of(Payload("1", {"a": 1, "b": 2}))
        >>> one == fingerprint_of(Payload("2", {"b": 2, "a": 1}))
        True
    """
    text = _encode([payload.group, payload.body])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
