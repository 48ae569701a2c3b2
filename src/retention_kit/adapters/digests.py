"""Digests of identifiers, made so that the digest of nothing never leaves."""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal, TypeGuard

from retention_kit.profiles.normalise import EDGES

Algorithm = Literal["sha256", "md5"]
"""How a system that matches people wants their identifiers hashed."""

EMPTY_DIGESTS: Final = frozenset(
    {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "d41d8cd98f00b204e9800998ecf8427e",
    }
)
"""The digests of the empty text. Sent once, one of them matches all who have no contact."""

_KINDS: Final[dict[int, Algorithm]] = {64: "sha256", 32: "md5"}
_SHORTEST = min(_KINDS)
_HEXADECIMAL = re.compile("[0-9A-Fa-f]+")


def sha256_hex(text: str | None) -> str | None:
    """Give the SHA-256 of a normalised text as 64 small hexadecimal digits.

    Args:
        text: What is hashed, as UTF-8; None gives None.

    Returns:
        The digest; None where the text is blank, or is itself the digest of the empty text.

    Examples:
        >>> sha256_hex("79995551111")[:16], sha256_hex(" ")
        ('22846ab8f7987087', None)
    """
    return hashlib.sha256(text.encode()).hexdigest() if _is_something(text) else None


def md5_hex(text: str | None) -> str | None:
    """Give the MD5 of a normalised text as 32 small hexadecimal digits.

    It hides nothing from anybody who tries; some systems match by it all the same.

    Args:
        text: What is hashed, as UTF-8; None gives None.

    Returns:
        The digest; None where the text is blank, or is itself the digest of the empty text.

    Examples:
        >>> md5_hex("79995551111"), md5_hex("")
        ('f09f2c3d48f31e2a802944ade2e5aec5', None)
    """
    if not _is_something(text):
        return None
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def hash_kind(value: str | None) -> Algorithm | None:
    """Tell by its form which digest a text is: 64 hexadecimal digits, or 32; None of others.

    Examples:
        >>> hash_kind("F09F2C3D48F31E2A802944ADE2E5AEC5"), hash_kind("79995551111")
        ('md5', None)
    """
    if value is None or len(value) < _SHORTEST:
        return None
    trimmed = value.strip(EDGES)
    kind = _KINDS.get(len(trimmed))
    return kind if kind is not None and _HEXADECIMAL.fullmatch(trimmed) else None


def is_hashed(value: str | None, algorithm: Algorithm) -> bool:
    """Tell whether a text has the form of a digest of this algorithm."""
    return hash_kind(value) == algorithm


def as_digest(value: str | None, algorithm: Algorithm) -> str | None:
    """Give a text that is such a digest already in small letters.

    Returns:
        The digest; None where the text is none of this algorithm, or is the digest of nothing.

    Examples:
        >>> as_digest("F09F2C3D48F31E2A802944ADE2E5AEC5", "md5")
        'f09f2c3d48f31e2a802944ade2e5aec5'
    """
    if value is None or hash_kind(value) != algorithm:
        return None
    digest = value.strip(EDGES).lower()
    return None if digest in EMPTY_DIGESTS else digest


def _is_something(text: str | None) -> TypeGuard[str]:
    if not text or not text.strip(EDGES):
        return False
    return len(text) not in _KINDS or text.lower() not in EMPTY_DIGESTS
