"""The future of a customer who is alive and may leave after each purchase (BG/NBD, MBG/NBD).

Such a customer buys at a rate that has a gamma distribution, and leaves after a purchase with a
probability that has a beta distribution. Both are as the past has left them, so one set of formulas
serves both models, new customers and old ones.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]

_BLOCK = 16_384  # values that stay in the processor's cache from step to step
_ENOUGH = 1e-13
_CHECKED_EVERY = 8
_MANY = 20_000
_EXACT = 64
_UNDERFLOW = 600.0
_FAR = 200.0  # e^200 is beyond every length of time, and still a number
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANELS = 20


def purchases(shape: Floats, rate: Floats, a: float, b: Floats, t: Floats) -> Floats:
    """Give the expected number of purchases in the next `t`.

    Args:
        shape: Shape of the gamma distribution of the rate of purchases.
        rate: Its rate, in units of time.
        a: First parameter of the beta distribution of leaving after a purchase.
        b: Its second parameter.
        t: Length of time.

    Returns:
        An array.

    Notes:
        The mean is the sum over n >= 1 of the probability of n purchases or more, which is that of
        having stayed after n − 1 purchases, B(a, b + n − 1) / B(a, b), times that of n purchases
        or more of one who stays, I(t / (rate + t); n, shape). All terms are positive. The closed
        form with the hypergeometric function (Fader, Hardie and Lee 2005, equation 10) is the
        same number, but divides by a − 1, and overflows where the shape is some hundreds.
    """
    given = np.broadcast_arrays(shape, rate, b, t)
    shape, rate, b, t = (np.ascontiguousarray(one, dtype=np.float64).ravel() for one in given)
    z = t / rate
    spread = np.sqrt(shape * z * (1 + z))
    terms = shape * z + 12 * spread + 40 * (1 + z)
    is_long = (terms > _MANY) | (shape * np.log1p(z) > _UNDERFLOW)
    result = np.empty_like(t)
    short = np.flatnonzero(~is_long)
    for start in range(0, short.size, _BLOCK):
        part = short[start : start + _BLOCK]
        result[part] = _summed(shape[part], z[part], a, b[part])
    for place in np.flatnonzero(is_long):
        result[place] = _with_integral(shape[place], z[place], a, b[place], terms[place])
    return result.reshape(given[0].shape)


def at_least(n: int, shape: Floats, rate: Floats, a: float, b: Floats, t: Floats) -> Floats:
    """Give the probability of `n` purchases or more in the next `t`."""
    if n == 0:
        return np.ones(np.broadcast(shape, rate, b, t).shape)
    return _stayed(n - 1, a, b) * _bought(n, shape, t / (rate + t))


def exactly(n: int, shape: Floats, rate: Floats, a: float, b: Floats, t: Floats) -> Floats:
    """Give the probability of `n` purchases in the next `t`.

    Notes:
        Either they stayed after all n and bought no more in what was left of the time, or they
        left after the last of them, and it does not matter when that was.
    """
    z = t / rate
    none = np.exp(-shape * np.log1p(z))
    if n == 0:
        return np.asarray(none * np.ones_like(b))
    with np.errstate(divide="ignore"):
        power = special.xlogy(n, t / (rate + t))
    ways = special.gammaln(shape + n) - special.gammaln(shape) - special.gammaln(n + 1)
    just = np.exp(ways + power - shape * np.log1p(z))
    left = a / (a + b + n - 1)
    stayed = _stayed(n - 1, a, b)
    return np.asarray(stayed * ((1 - left) * just + left * _bought(n, shape, t / (rate + t))))


def wait(share: float, shape: Floats, rate: Floats) -> Floats:
    """Give the time within which this share of such customers make their next purchase."""
    return np.asarray(rate * np.expm1(np.minimum(-np.log1p(-share) / shape, _FAR)))


def _stayed(n: int, a: float, b: Floats) -> Floats:
    """Give the probability of having stayed after each of `n` purchases."""
    if n == 0:
        return np.ones_like(b)
    return np.asarray(np.exp(special.betaln(a, b + n) - special.betaln(a, b)))


def _bought(n: int, shape: Floats, w: Floats) -> Floats:
    """Give the probability of `n` purchases or more, of one who stays."""
    return np.asarray(special.betainc(n, shape, w))


def _summed(shape: Floats, z: Floats, a: float, b: Floats) -> Floats:
    """Add the terms up, of each element as many as it takes."""
    result = np.empty_like(z)
    place = np.arange(z.size)
    w = z / (1 + z)
    none = -shape * np.log1p(z)
    just, more, stayed = np.exp(none), -np.expm1(none), np.ones_like(z)
    total = more.copy()
    n = 1
    while place.size:
        just *= w * ((shape + (n - 1)) / n)
        more -= just
        stayed *= (b + (n - 1)) / (a + b + (n - 1))
        total += stayed * more
        n += 1
        if n % _CHECKED_EVERY:
            continue
        # What is still to come is less than a geometric series in a geometric series.
        slope = 1 - w * (shape + n) / (n + 1)
        is_done = (slope > 0) & (just * stayed <= _ENOUGH * total * slope * slope)
        if not is_done.any():
            continue
        result[place[is_done]] = total[is_done]
        on = ~is_done
        place, shape, w, b = place[on], shape[on], w[on], b[on]
        just, more, stayed, total = just[on], more[on], stayed[on], total[on]
    return result


def _with_integral(
    shape: np.float64, z: np.float64, a: float, b: np.float64, last: np.float64
) -> float:
    """Add the first terms up, and integrate over the many after them (Euler–Maclaurin)."""

    def term(n: Floats) -> Floats:
        stayed = np.exp(special.betaln(a, b + n - 1) - special.betaln(a, b))
        return np.asarray(stayed * special.betainc(n, shape, z / (1 + z)))

    first = float(term(np.arange(1.0, _EXACT + 1)).sum())
    start = _EXACT + 0.5
    # Panels are many where purchases of one who stays are probable to end.
    middle, far = shape * z, 12 * np.sqrt(shape * z * (1 + z))
    end = max(float(last), 2 * start)
    low, high = np.clip([middle - far, middle + far], start, end)
    parts = [
        np.geomspace(one, other, _PANELS + 1) for one, other in pairwise((start, low, high, end))
    ]
    edges = np.log(np.unique(np.concatenate(parts)))
    half = np.diff(edges) / 2
    at = np.exp((edges[:-1] + half)[:, None] + half[:, None] * _NODES)
    integral = float((term(at) * at * _WEIGHTS * half[:, None]).sum())
    below, above = term(np.array([start - 1, start + 1]))
    return first + integral + float(above - below) / 48
