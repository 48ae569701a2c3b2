"""Signatures by Standard Webhooks 1.0.0: who sent a body, and when."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Final

from retention_kit.adapters.http.redaction import HiddenText
from retention_kit.errors import AuthenticationError, DefinitionError

PREFIX: Final = "whsec_"
TOLERANCE: Final = 300.0
"""How many seconds a signed message may be old, or ahead of our clock."""


def signing_key(secret: str) -> bytes:
    """Read a secret: `whsec_` and Base64.

    Raises:
        DefinitionError: It is none, or is not 24 to 64 bytes.
    """
    secret = HiddenText(secret)  # Tracebacks may print local variables.
    if (key := _read(secret)) is None:
        raise DefinitionError(
            "Parameter 'signing_secret' is no signing secret. Allowed: 'whsec_' and 24 to 64 bytes "
            "in Base64. Next step: make one, as with openssl rand -base64 32.",
            parameter="signing_secret",
        ) from None
    return key


def signed_headers(
    keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Give the headers that go with a signed body.

    Args:
        keys: What to sign with; several while keys change over.
        message_id: The message's own id.
        timestamp: When it is sent, in seconds since 1970-01-01T00:00:00Z.
        body: What is sent, byte for byte.
    """
    said = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if keys:
        signatures = [_signature(key, message_id, str(timestamp), body) for key in keys]
        said["webhook-signature"] = " ".join(signatures)
    return said


def check_signature(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: float
) -> None:
    """Make sure that a body was signed with one of the keys, lately.

    Args:
        keys: Which.
        headers: What came with it.
        body: What came, byte for byte.
        now: What time it is, in seconds since 1970-01-01T00:00:00Z.

    Raises:
        AuthenticationError: It was not, or too long ago, or is dated ahead.
    """
    said = {name.lower(): value for name, value in headers.items()}
    message_id = said.get("webhook-id", "")
    stamp = said.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdecimal()) or len(stamp) > 15:
        raise _refusal("it carries no id or no time")
    if abs(now - int(stamp)) > TOLERANCE:
        raise _refusal(f"it was signed more than {TOLERANCE:g} s from now")
    given = said.get("webhook-signature", "").encode().split()
    wanted = [_signature(key, message_id, stamp, body).encode() for key in keys]
    # Every pair is compared, so that time tells nothing.
    if not sum(hmac.compare_digest(one, other) for one in given for other in wanted):
        raise _refusal("no signature of it fits")


def _read(secret: str) -> bytes | None:
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if 24 <= len(key) <= 64 else None


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _refusal(why: str) -> AuthenticationError:
    return AuthenticationError(
        f"The message is not taken: {why}. Next step: see that both sides have the same signing "
        "secret and the right time, and pass the body on byte for byte."
    )
