"""From an action to a row that can be sent, or to why it cannot: nobody outside is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from retention_kit.delivery.actions import Action, ActionKey, AddToAudience, CreateTask
from retention_kit.delivery.channels import Capabilities, Channel
from retention_kit.delivery.dispatching.fingerprints import fingerprint_of
from retention_kit.delivery.dispatching.rows import Row
from retention_kit.delivery.outcomes import Payload, Rejection
from retention_kit.errors import RejectedError, RetentionKitError

Allow = Callable[[Action], str | None]
"""Gives why an action is to be left out, or None where it may go."""


class Refused(NamedTuple):
    """An action that is not sent.

    Attributes:
        id: The action's id.
        key: The action's key.
        kind: The action's kind.
        code: One word for counting.
        detail: A sentence, with nothing of the customer in it.
        suppressed: Whether the caller would not have it; else the channel cannot carry it.
    """

    id: str
    key: ActionKey
    kind: str
    code: str
    detail: str = ""
    suppressed: bool = False


class Intake:
    """Prepares actions for one channel.

    Args:
        channel: The channel.
        allow: Gives why an action is to be left out, or None.
    """

    def __init__(self, channel: Channel, allow: Allow | None) -> None:
        self._prepare = channel.prepare
        self._capabilities: Capabilities = channel.capabilities
        self._allow = allow

    def take(self, action: Action) -> Row | Refused:
        """Prepare an action.

        What a channel cannot do with one action concerns that one alone: whatever it raises but
        an error of settings is a rejection.

        Raises:
            RetentionKitError: The channel cannot work as it is set up.
        """
        kind = action.kind
        if self._allow is not None and (reason := self._allow(action)) is not None:
            return Refused(action.id, action.key, kind, reason, suppressed=True)
        if kind not in self._capabilities.actions:
            detail = f"The channel carries {', '.join(sorted(self._capabilities.actions))}."
            return Refused(action.id, action.key, kind, "unsupported_action", detail)
        try:
            made = self._prepare(action)
            if isinstance(made, Payload) and made.id == action.id:
                row = Row(
                    made,
                    action.key,
                    kind,
                    fingerprint_of(made),
                    replaces=isinstance(action, AddToAudience) and action.mode == "replace",
                    needs=(action.deal or "") if isinstance(action, CreateTask) else "",
                )
                return self._that_fits(row)
        except RejectedError as error:
            return Refused(action.id, action.key, kind, error.code or "refused")
        except RetentionKitError:
            raise
        except Exception as error:
            # Its text may quote the customer.
            detail = f"The channel raised {type(error).__name__} when it prepared the action."
            return Refused(action.id, action.key, kind, "plugin_error", detail)
        if isinstance(made, Rejection):
            return Refused(action.id, action.key, kind, made.code, made.detail)
        detail = "The channel prepared neither a payload with the action's id nor a rejection."
        return Refused(action.id, action.key, kind, "plugin_error", detail)

    def _that_fits(self, row: Row) -> Row | Refused:
        most = self._capabilities.max_bytes
        if most is None or row.payload.size <= most:
            return row
        detail = f"It takes {row.payload.size:,} bytes; the channel's batches take {most:,}."
        return Refused(row.id, row.key, row.kind, "too_large", detail)
