"""Texts made fit to be shown: what is secret in them is struck out."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote, quote_plus

STRUCK: Final = "***"
"""What stands where a secret stood."""


class Hidden(dict[str, Any]):
    """A dictionary that shows nothing of itself, as where tracebacks print local variables.

    Examples:
        >>> Hidden(token="s3cr3t")
        Hidden(1 hidden)
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} hidden)"


class HiddenText(str):
    """A text that shows nothing of itself, for the same.

    Examples:
        >>> HiddenText("s3cr3t")
        HiddenText(6 hidden)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} hidden)"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Strike secrets out of a text, in every form that a request gives them.

    Plain, percent-encoded (both ways), as JSON writes them, and in Base64. Empty secrets are left
    out of account.

    Args:
        text: What is to be shown.
        secrets: What must not be.

    Examples:
        >>> redact("GET /rest/1/s3cr3t/profile", ["s3cr3t"])
        'GET /rest/1/***/profile'
    """
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, STRUCK)
    return text


def _forms(secret: str) -> Iterable[str]:
    yield secret
    data = secret.encode("utf-8", errors="surrogatepass")
    yield quote(data, safe="")
    yield quote(data)
    yield quote_plus(data)
    yield quote(data, safe="").lower()
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(data).decode()
        yield encode(data).decode().rstrip("=")
