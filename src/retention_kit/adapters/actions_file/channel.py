"""The channel that writes actions into a folder, a file for each batch."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from retention_kit.adapters.actions_file.settings import ActionsFileSettings
from retention_kit.adapters.actions_file.writing import content_of, line_of, row_of
from retention_kit.adapters.durable_files import force_folder, remove_leftovers, write_whole
from retention_kit.delivery.actions import Action
from retention_kit.delivery.channels import AdapterContext, Capabilities
from retention_kit.delivery.limits import Limiter
from retention_kit.delivery.outcomes import Batch, Payload, Receipt, Rejection
from retention_kit.errors import RetryableError, UnknownOutcomeError

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")


class ActionsFileChannel:
    """Writes each batch as a file of its own, named by the batch's idempotency key.

    A file appears whole or not at all, and is on the disk before it counts as accepted. A batch
    that is submitted again finds its file and writes nothing; so whoever picks files up leaves
    them where they are, or remembers their names, or the ids of the actions in them.

    Files hold contacts, since that is what they are for: their owner alone may read them. What a
    process that was killed left half written is removed when the next one writes its first file.

    Args:
        settings: What it is configured by.
        context: The name.
    """

    def __init__(self, settings: ActionsFileSettings, context: AdapterContext) -> None:
        self._settings = settings
        self._name = context.instance
        self._is_swept = False

    @property
    def name(self) -> str:
        """The instance's name."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can do."""
        settings = self._settings
        return Capabilities(
            actions=settings.kinds,
            max_rows=settings.batch_rows,
            idempotent="batch",
            audience_modes=frozenset({"add", "remove"}),
        )

    @property
    def limiter(self) -> Limiter | None:
        """None: a folder may be written to at will."""
        return None

    def prepare(self, action: Action) -> Payload | Rejection:
        """Make an action's row."""
        row = row_of(action)
        try:
            size = len(line_of(row))
        except (TypeError, ValueError):
            return Rejection(action.id, "not_json", "A field holds what JSON has not.")
        return Payload(action.id, row, size=size)

    def submit(self, batch: Batch, *, idempotency_key: str) -> Receipt:
        """Write a file, unless it is there.

        Raises:
            RetryableError: It could not be written: the disk is full, the folder closed.
            UnknownOutcomeError: It was written, and may not be on the disk.
        """
        settings = self._settings
        path = settings.folder / f"{_file_name(idempotency_key)}.{settings.format}"
        try:
            if not self._is_swept:
                remove_leftovers(settings.folder, f".{settings.format}")
                self._is_swept = True
            if path.exists():
                force_folder(settings.folder)
            else:
                rows = (payload.body for payload in batch)
                write_whole(path, content_of(rows, settings.format))
        except OSError as problem:
            raise _trouble(settings.folder, problem, is_there=path.exists()) from None
        return Receipt()

    def poll(self, receipt: Receipt) -> Receipt:
        """Give the receipt back: nothing more comes."""
        return receipt

    def close(self) -> None:
        """Do nothing: no file is open."""


def _file_name(key: str) -> str:
    if _PLAIN.fullmatch(key):
        return key
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def _trouble(
    folder: Path, problem: OSError, *, is_there: bool
) -> RetryableError | UnknownOutcomeError:
    why = problem.strerror or type(problem).__name__
    if is_there:
        return UnknownOutcomeError(
            f"A file of actions may not be on the disk of {str(folder)!r}: {why}. Next step: mend "
            "the disk and submit again."
        )
    return RetryableError(
        f"A file of actions cannot be written into {str(folder)!r}: {why}. Next step: make room, "
        "or mend the folder's rights; nothing was written."
    )
