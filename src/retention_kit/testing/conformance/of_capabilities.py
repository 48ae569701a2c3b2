"""Checks of what a channel declares: whether it agrees with itself and with what is there."""

from __future__ import annotations

from typing import Final

from retention_kit.delivery.actions import ACTIONS, PluginAction
from retention_kit.delivery.channels import Capabilities
from retention_kit.delivery.limits import LeakyBucket, Limit, Window
from retention_kit.errors import DefinitionError
from retention_kit.testing.conformance.cases import ChannelCase
from retention_kit.testing.conformance.findings import Check, ConformanceError, always
from retention_kit.testing.conformance.secrets import check_hidden, contacts_of, secrets_of


def check_capabilities_agree(case: ChannelCase) -> None:
    """Check that what a channel declares agrees with itself and with its methods.

    Raises:
        ConformanceError: It does not.
    """
    rule = "declare what it has, and have what it declares"
    with case.opened() as channel:
        can = channel.capabilities
        found = _disagreements(can)
        for method in ("lookup", "receive"):
            if getattr(can, method) and not callable(getattr(channel, method, None)):
                found.append(f"it declares {method!r} and has no such method")
        if can.limits and channel.limiter is None:
            found.append("it declares limits and has no limiter that keeps them")
        if can.limits and channel.limiter is not None:
            kept = channel.limiter.limits
            left = [one.name for one in can.limits if not any(_is_as_strict(k, one) for k in kept)]
            if left:
                found.append(f"its limiter does not keep {', '.join(left)}")
    if found:
        raise ConformanceError(case.spec.name, rule, "; ".join(found))


def check_the_limiter_shows_no_secret(case: ChannelCase) -> None:
    """Check that the name of the limiter's account, which journals keep, holds no secret.

    Raises:
        ConformanceError: It holds one.
    """
    hidden = (
        *secrets_of(case.spec.settings, case.settings),
        *contacts_of(case.actions(2, "limiter")),
        *case.secrets,
    )
    with case.opened() as channel:
        limiter = channel.limiter
        assert limiter is not None
        shown = {"the account of its limiter": limiter.account}
    check_hidden(case.spec.name, "name its limiter's account without secrets", hidden, shown)


def _disagreements(can: Capabilities) -> list[str]:
    found = []
    if not can.actions:
        found.append("it carries no action")
    unknown = sorted(one for one in can.actions if one not in ACTIONS and not _is_namespaced(one))
    if unknown:
        found.append(
            f"the actions {', '.join(unknown)} are neither the library's nor vendor.action"
        )
    if can.max_rows < 1 or can.parallel < 1:
        found.append("max_rows or parallel is below 1")
    if can.max_bytes is not None and can.max_bytes < 1:
        found.append("max_bytes is below 1")
    if can.idempotency_seconds is not None and can.idempotent != "batch":
        found.append("idempotency_seconds means something for batches alone")
    speaks = {
        "add": "add_to_audience",
        "replace": "add_to_audience",
        "remove": "remove_from_audience",
    }
    for mode, kind in speaks.items():
        if mode in can.audience_modes and kind not in can.actions:
            found.append(f"it has the audience mode {mode!r} and does not carry {kind!r}")
    if "add_to_audience" in can.actions and not can.audience_modes & {"add", "replace"}:
        found.append("it carries 'add_to_audience' without the audience mode 'add' or 'replace'")
    if "remove_from_audience" in can.actions and "remove" not in can.audience_modes:
        found.append("it carries 'remove_from_audience' without the audience mode 'remove'")
    return found


def _is_as_strict(kept: Limit, declared: Limit) -> bool:
    """Tell whether who keeps one limit keeps the other: it may leave a margin for the network."""
    if kept.group != declared.group:
        return False
    if isinstance(kept, Window) and isinstance(declared, Window):
        return kept.count <= declared.count and kept.seconds >= declared.seconds
    if isinstance(kept, LeakyBucket) and isinstance(declared, LeakyBucket):
        return kept.size <= declared.size and kept.drain <= declared.drain
    return False


def _is_namespaced(kind: str) -> bool:
    try:
        PluginAction(campaign="conformance", customer_id=1, name=kind)
    except DefinitionError:
        return False
    return True


def _no_limiter(case: ChannelCase) -> str | None:
    with case.opened() as channel:
        return "it has no limiter" if channel.limiter is None else None


CAPABILITY_CHECKS: Final[tuple[Check[ChannelCase], ...]] = (
    Check(
        "capabilities_agree",
        "declare what it has, and have what it declares",
        check_capabilities_agree,
        always,
    ),
    Check(
        "the_limiter_shows_no_secret",
        "name its limiter's account without secrets",
        check_the_limiter_shows_no_secret,
        _no_limiter,
    ),
)
