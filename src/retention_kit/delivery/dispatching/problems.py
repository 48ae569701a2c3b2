"""What is said of a channel that does not do what a channel does; rows are not quoted."""

from __future__ import annotations

from retention_kit.errors import PluginError, RetentionKitError, RetryableError


def of_the_plugin(channel: str, error: Exception) -> RetentionKitError:
    """Give the error for what a channel raised that is no error of a channel.

    Args:
        channel: The channel's name.
        error: What it raised; kept as the cause, since its text may quote the customer.
    """
    if isinstance(error, RetentionKitError):
        return error
    problem = PluginError(
        f"Channel {channel!r} raised {type(error).__name__}, which is no error of a channel, so "
        "nobody knows what became of the batch. Allowed: RetryableError, RateLimitedError, "
        "AuthenticationError, RejectedError, UnknownOutcomeError. Next step: mend the channel; "
        "what it did is listed as unknown."
    )
    problem.__cause__ = error
    return problem


def of_the_answer(channel: str, error: Exception) -> PluginError:
    """Give the error for an answer that a journal cannot keep."""
    problem = PluginError(
        f"What channel {channel!r} answered cannot be kept: {type(error).__name__}. Next step: "
        "mend the channel; what it did is listed as unknown."
    )
    problem.__cause__ = error
    return problem


def no_receipt(channel: str, got: object) -> PluginError:
    """Give the error for a channel that gave something else for a batch."""
    return PluginError(
        f"Channel {channel!r} gave {type(got).__name__} for a batch. Allowed: a Receipt. Next "
        "step: mend the channel; what it did is listed as unknown."
    )


def impatient(channel: str, waited: float) -> RetryableError:
    """Give the error for a channel that says again and again that nothing happened."""
    return RetryableError(
        f"Channel {channel!r} did not get on for {waited:,.0f} s. Next step: hand the same actions "
        "in again later; nothing is sent twice."
    )
