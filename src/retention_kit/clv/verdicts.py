"""What became of a fit, in a word and a sentence: whether its parameters mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from retention_kit.clv.models import Reason, Status
from retention_kit.clv.numerics import Optimum


class Verdict(NamedTuple):
    """What became of a fit.

    Attributes:
        status: How far to trust it.
        reason: Why, as a word.
        message: The same in a sentence or two.
    """

    status: Status
    reason: Reason
    message: str


_NOBODY, _EVERYBODY = 0.01, 0.99
_LIKE_ONE = 1_000.0
"""The shape of a gamma or beta distribution from which on it varies by less than 3%."""

_NOBODY_LEAVES = (
    "Nobody is predicted to churn: by this fit {:.2%} of the customers have left. The data show no "
    "leaving that the model could tell from a long wait, so the probability of being alive, and "
    "whatever rests on it, is not to be trusted. Next step: observe for longer, or judge by the "
    "time since the last purchase (lifecycle_states)."
)
_EVERYBODY_LEFT = (
    "Everybody is predicted to have left: by this fit {:.2%} of the customers. What is predicted "
    "is near 0 and not to be trusted. Next step: look whether the last months of the data are "
    "whole."
)
_LEAVING_IN_TWO = (
    "a + b is at most 1: by this fit customers leave at once or never, with little in between, so "
    "that how they differ in leaving is hardly known. Next step: fit_mbg_nbd, which lets customers "
    "leave after the first purchase, or penalty=0.5."
)
_SAME_RATE = (
    "r ran to the edge: by this fit all customers buy at nearly one rate while they stay. "
    "Forecasts for the whole shop may hold; how customers differ is not to be trusted."
)
_SAME_LEAVING = (
    "{} ran to the edge: by this fit all customers leave at nearly one rate. Forecasts for the "
    "whole shop may hold; how customers differ in leaving is not to be trusted."
)
_INFINITE_MEAN = (
    "q is at most 1: by this fit the mean spend of all customers, p · gamma / (q − 1), is "
    "infinite, and what is expected of those with few purchases is not to be trusted. Next step: "
    "look for amounts that are wrong or of another kind (wholesale), or fit with penalty=0.5."
)
_SAME_SPEND = (
    "p ran to the edge: by this fit a customer spends nearly the same each time, so the mean of "
    "their purchases is what is expected of them."
)
_SAME_MEAN = (
    "q ran to the edge: by this fit all customers spend the same on average, so the mean of all is "
    "expected of each."
)
_AT_EDGE = (
    "{} ran to the edge of what is allowed, so the likelihood is largest beyond. Next step: fit "
    "with penalty=0.5, or to more customers or a longer time."
)
_UNFINISHED = (
    "The search ended where the likelihood still rises, or has no single top: the parameters are "
    "not the most likely ones. Next step: fit with penalty=0.5, or to more customers or a longer "
    "time."
)
_CONVERGED = "The likelihood has its top here."


def verdict_of_purchases(
    optimum: Optimum, parameters: Mapping[str, float], share_left: float, *, needs_whole: bool
) -> Verdict:
    """Judge a fit of a model of purchases.

    Args:
        optimum: Where the search ended.
        parameters: The parameters by name, in their order.
        share_left: The share of customers who by the model have left for good.
        needs_whole: Whether expected purchases divide by a + b − 1, as those of BG/NBD do.
    """
    alike = _customers_alike(parameters)
    if not optimum.has_converged:
        # Along such an edge the likelihood is flat, and a search has no end there.
        return alike or Verdict("not_converged", "unfinished", _UNFINISHED)
    if share_left < _NOBODY:
        return Verdict("degenerate", "nobody_leaves", _NOBODY_LEAVES.format(share_left))
    if share_left > _EVERYBODY:
        return Verdict("degenerate", "everybody_left", _EVERYBODY_LEFT.format(share_left))
    if needs_whole and parameters["a"] + parameters["b"] <= 1.0:
        return Verdict("degenerate", "leaving_in_two", _LEAVING_IN_TWO)
    return alike or _at_edge(optimum, parameters)


def verdict_of_spend(
    optimum: Optimum, parameters: Mapping[str, float], *, left_out: int
) -> Verdict:
    """Judge a fit of the model of spend.

    Args:
        optimum: Where the search ended.
        parameters: The parameters by name, in their order.
        left_out: How many customers were left out.
    """
    if parameters["p"] > _LIKE_ONE:
        verdict = Verdict("boundary", "same_spend", _SAME_SPEND)
    elif parameters["q"] > _LIKE_ONE:
        verdict = Verdict("boundary", "same_mean", _SAME_MEAN)
    elif not optimum.has_converged:
        verdict = Verdict("not_converged", "unfinished", _UNFINISHED)
    elif parameters["q"] <= 1.0:
        verdict = Verdict("degenerate", "infinite_mean", _INFINITE_MEAN)
    else:
        verdict = _at_edge(optimum, parameters)
    if left_out:
        told = f" Left out: {left_out:,} repeat customers whose mean spend is 0 or less."
        return verdict._replace(message=verdict.message + told)
    return verdict


def _customers_alike(parameters: Mapping[str, float]) -> Verdict | None:
    """Tell whether customers hardly differ in buying or in leaving."""
    if parameters["r"] > _LIKE_ONE:
        return Verdict("boundary", "same_rate", _SAME_RATE)
    if parameters.get("s", 0.0) > _LIKE_ONE:
        return Verdict("boundary", "same_leaving", _SAME_LEAVING.format("s"))
    if parameters.get("a", 0.0) + parameters.get("b", 0.0) > _LIKE_ONE:
        return Verdict("boundary", "same_leaving", _SAME_LEAVING.format("a + b"))
    return None


def _at_edge(optimum: Optimum, parameters: Mapping[str, float]) -> Verdict:
    stuck = [name for name, is_stuck in zip(parameters, optimum.at_edge, strict=True) if is_stuck]
    if stuck:
        return Verdict("boundary", "at_edge", _AT_EDGE.format(", ".join(stuck)))
    return Verdict("converged", "converged", _CONVERGED)
