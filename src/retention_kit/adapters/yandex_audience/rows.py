"""Customers as rows of the file that is uploaded: digests of contacts, and nothing else."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Final

from retention_kit.adapters.digests import as_digest
from retention_kit.adapters.http.uploads import Multipart
from retention_kit.adapters.identifiers import IdentifierRules
from retention_kit.delivery.actions import Action
from retention_kit.delivery.outcomes import Payload

COLUMNS: Final = ("phone", "email")
"""The file's columns. A segment is only changed by files with the columns of its first one, so all
files have both."""

_HEADING: Final = (",".join(COLUMNS) + "\n").encode()
_LINES: Final = 2_000
_PIECE: Final = 65_536


def digests_of(action: Action, rules: IdentifierRules) -> dict[str, str]:
    """Give the digests of a customer's contacts, by column.

    Args:
        action: The customer's e-mail and phone as the shop has them, or in `identifiers` their
            digests, `email_sha256` and `phone_sha256`, which then count.
        rules: The forms that are hashed.

    Returns:
        What there is of `phone` and `email`; empty where there is neither.
    """
    found: dict[str, str] = {}
    if kept := action.identifiers:
        for column in COLUMNS:
            if digest := as_digest(kept.get(f"{column}_sha256"), "sha256"):
                found[column] = digest
    if action.phone and "phone" not in found and (digest := rules.hashed_phone(action.phone)):
        found["phone"] = digest
    if action.email and "email" not in found and (digest := rules.hashed_email(action.email)):
        found["email"] = digest
    return found


def line_of(digests: Mapping[str, str]) -> str:
    """Give a customer's line."""
    return f"{digests.get('phone', '')},{digests.get('email', '')}\n"


def kept_of(digests: Mapping[str, str]) -> dict[str, str]:
    """Give digests by the names under which `digests_of` takes them again."""
    return {f"{column}_sha256": digest for column, digest in digests.items()}


@contextlib.contextmanager
def file_of(batch: Iterable[Payload]) -> Iterator[Multipart]:
    """Give a batch as a file to upload, as often as need be.

    It is written to a temporary file without a name, since its length is said before it is sent.
    """
    with tempfile.TemporaryFile() as file:
        file.write(_HEADING)
        rows = iter(batch)
        while lines := [line_of(payload.body) for payload in islice(rows, _LINES)]:
            file.write("".join(lines).encode())
        yield Multipart(
            name="file",
            filename="audience.csv",
            chunks=lambda: _pieces(file),
            size=file.tell(),
            content_type="text/csv",
        )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
