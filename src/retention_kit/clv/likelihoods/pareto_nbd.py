"""Pareto/NBD: its likelihood as an integral that is never subtracted from itself, and its gradient.

The likelihood of one customer with x repeat purchases, the last at t, seen up to T is

    Γ(r+x)/Γ(r) · alpha^r beta^s · [ (alpha+T)^−(r+x) (beta+T)^−s + s · (G(t) − G(T)) ],
    G(t) = ∫ (alpha+y)^−(r+x) (beta+y)^−(s+1) dy from t to ∞

(Schmittlein, Morrison and Colombo 1987; Fader and Hardie 2005, A note on deriving the Pareto/NBD
model). The literature writes G with the Gaussian hypergeometric function, in two cases, each of
which overflows for many purchases. Here it is integrated in logarithms, with its derivatives. As
s · G(T) is at most the first term, nothing is lost in the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from retention_kit.clv.likelihoods.arrays import Array, Histories, Pairs, dot, sums_by

_STEP = 0.08
"""Between the points of the integral, at most: small enough for ten digits."""
_NEGLIGIBLE = 42.0
"""−log of what is left out at either end."""
_FAR = 500.0
"""From which logarithm of y on alpha + y is y."""
_CHUNK = 128


def log_likelihoods(parameters: Array, histories: Histories) -> Array:
    """Give the log-likelihood of one customer of each history.

    Args:
        parameters: r, alpha, s and beta.
        histories: The histories, in the unit of time that alpha and beta are in.
    """
    return _parts(parameters, histories).logs


def log_likelihood_and_gradient(parameters: Array, histories: Histories) -> tuple[float, Array]:
    """Give the log-likelihood of all customers, and its derivatives by r, alpha, s and beta.

    Args:
        parameters: r, alpha, s and beta.
        histories: The histories, in the unit of time that alpha and beta are in.
    """
    r, alpha, s, beta = parameters
    x, age, customers = histories.x, histories.age, histories.customers
    parts = _parts(parameters, histories)
    alive = customers * parts.alive
    alive_by_age = sums_by(age.place, alive, len(age.values))
    shape_by_age = sums_by(age.place, alive * (r + x.values)[x.place], len(age.values))
    count = float(x.customers.sum())
    buying = digamma(r + x.values) - digamma(r) + np.log(alpha)
    slopes = np.array(
        [
            dot(x.customers, buying) - dot(alive_by_age, np.log(alpha + age.values)),
            count * r / alpha - dot(shape_by_age, 1.0 / (alpha + age.values)),
            count * np.log(beta) - dot(alive_by_age, np.log(beta + age.values)),
            count * s / beta - s * dot(alive_by_age, 1.0 / (beta + age.values)),
        ]
    )
    for share, tail, sign in (
        (parts.since_last, parts.to_last, 1.0),
        (parts.since_age, parts.to_age, -1.0),
    ):
        gone = sign * sums_by(tail.pairs.place, customers * share, len(tail.logs))
        slopes += np.array([dot(gone, slope) for slope in tail.slopes])
        slopes[2] += gone.sum() / s
    return dot(customers, parts.logs), slopes


def share_left(parameters: Array, histories: Histories) -> float:
    """Give the share of customers who have left for good by the end of what was observed.

    Args:
        parameters: r, alpha, s and beta.
        histories: The histories, in the unit of time that alpha and beta are in.
    """
    stayed = dot(histories.customers, _parts(parameters, histories).alive)
    return 1.0 - stayed / float(histories.customers.sum())


@dataclass(frozen=True, slots=True)
class _Tail:
    """G at each distinct pair of a number of purchases and a time.

    Attributes:
        pairs: The pairs.
        logs: log G of each.
        slopes: Its derivatives by r, alpha, s and beta.
    """

    pairs: Pairs
    logs: Array
    slopes: Array


@dataclass(frozen=True, slots=True)
class _Parts:
    """The log-likelihood of each history, and what its three terms are of their sum.

    Attributes:
        logs: The log-likelihoods.
        alive: The first term's share: the probability of being alive.
        since_last: That of s · G(t).
        since_age: That of s · G(T), which is taken off.
        to_last: G(t).
        to_age: G(T).
    """

    logs: Array
    alive: Array
    since_last: Array
    since_age: Array
    to_last: _Tail
    to_age: _Tail


def _parts(parameters: Array, histories: Histories) -> _Parts:
    r, alpha, s, beta = parameters
    x, age = histories.x, histories.age
    to_last, to_age = (
        _Tail(pairs, *tail(parameters, pairs.x, pairs.time))
        for pairs in (histories.x_and_last, histories.x_and_age)
    )
    of_age = [np.log(one + age.values)[age.place] for one in (alpha, beta)]
    alive = -(r + x.values)[x.place] * of_age[0] - s * of_age[1]
    since_last = np.log(s) + to_last.logs[to_last.pairs.place]
    since_age = np.log(s) + to_age.logs[to_age.pairs.place]
    # The third is at most the first, so the largest is one of these two.
    largest = np.maximum(alive, since_last)
    terms = [np.exp(one - largest) for one in (alive, since_last, since_age)]
    whole = terms[0] + np.maximum(terms[1] - terms[2], 0.0)
    buying = gammaln(r + x.values) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    logs = buying[x.place] + largest + np.log(whole)
    shares = [term / whole for term in terms]
    return _Parts(logs, shares[0], shares[1], shares[2], to_last, to_age)


def tail(parameters: Array, x: Array, time: Array) -> tuple[Array, Array]:
    """Integrate (alpha+y)^−(r+x) (beta+y)^−(s+1) from a time to infinity.

    Args:
        parameters: r, alpha, s and beta.
        x: Numbers of purchases.
        time: The times, as many.

    Returns:
        The logarithms of the integrals, and their derivatives by r, alpha, s and beta, a row each.

    Notes:
        With y = time + c · exp(π/2 · sinh u) the integrand falls off doubly exponentially at both
        ends, and the plain sum over equal steps of u converges exponentially (Takahasi and Mori
        1974). c is the time in which the integrand falls to about 1/e.
    """
    logs, slopes = np.empty(len(x)), np.empty((4, len(x)))
    for start in range(0, len(x), _CHUNK):
        part = slice(start, start + _CHUNK)
        logs[part], slopes[:, part] = _tail(parameters, x[part], time[part])
    return logs, slopes


def _tail(parameters: Array, x: Array, time: Array) -> tuple[Array, Array]:
    r, alpha, s, beta = parameters
    k, m = (r + x)[:, None], s + 1.0
    first, second = (alpha + time)[:, None], (beta + time)[:, None]
    log_scale = -np.log(k / first + m / second)
    # From where y is larger than alpha and beta on, the integrand falls as y^−(r+x+s).
    beyond_both = np.log(np.maximum(first, second)) - log_scale
    u, step = _points(parameters, beyond_both + _NEGLIGIBLE / (k + s))
    grown = np.exp(u)
    v = (np.pi / 4.0) * (grown - 1.0 / grown) + log_scale
    y, beyond = np.exp(np.minimum(v, _FAR)), np.maximum(v - _FAR, 0.0)
    by_first, by_second = first + y, second + y
    at_first, at_second = np.log(by_first) + beyond, np.log(by_second) + beyond
    height = v - k * at_first - m * at_second
    top = height.max(axis=1, keepdims=True)
    mass = np.exp(height - top) * (grown + 1.0 / grown)
    whole = mass.sum(axis=1)
    slopes = np.array(
        [
            -np.einsum("ij,ij->i", mass, at_first),
            -k[:, 0] * np.einsum("ij,ij->i", mass, 1.0 / by_first),
            -np.einsum("ij,ij->i", mass, at_second),
            -m * np.einsum("ij,ij->i", mass, 1.0 / by_second),
        ]
    )
    return top[:, 0] + np.log(whole * step * (np.pi / 4.0)), slopes / whole


def _points(parameters: Array, reach: Array) -> tuple[Array, Array]:
    """Give a row of points per integral, and the step between them.

    How many there are depends on the parameters alone, so that an integral is the same to the last
    digit in whatever company it is computed.
    """
    r, alpha, s, beta = parameters
    furthest = _NEGLIGIBLE / (r + s) + abs(np.log(alpha / beta)) + np.log(r + s + 1.0)
    low, high = -_end(np.array(_NEGLIGIBLE)), _end(reach)
    count = int(np.ceil((_end(furthest) - low) / _STEP)) + 1
    step = (high - low) / (count - 1)
    return low + step * np.arange(count), step[:, 0]


def _end(reach: Array) -> Array:
    """Give the u at which π/2 · sinh u is as far as that."""
    end: Array = np.arcsinh(reach * (2.0 / np.pi))
    return end
