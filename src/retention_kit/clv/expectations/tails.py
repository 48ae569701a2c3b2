"""Integrals of (alpha + u)^−p (beta + u)^−q from y to infinity, of which the Pareto/NBD is made."""

from __future__ import annotations

import numpy as np
from scipy import special

from retention_kit.clv.expectations.geometric import Floats

# How many steps a fraction takes up to this argument: each multiplies the error by
# (1 − √(1 − z)) / (1 + √(1 − z)). An element's steps must not hang on what else is in its array.
_STEPS = ((0.05, 10), (0.25, 16), (0.75, 36), (0.95, 84), (0.995, 270), (0.99995, 2_700))
_MOST = 20_000


def log_tail(y: Floats, alpha: float, p: Floats, beta: float, q: float) -> tuple[Floats, Floats]:
    """Give the logarithm of the integral from `y`, and the integrand at `y` over the integral.

    Notes:
        With k = p + q − 1, A = alpha + y, B = beta + y and alpha >= beta, the integral is A^−p
        B^(1 − q) / k times ₂F₁(1, p; k + 1; (A − B) / A); with alpha < beta the two change places.
        Unlike the form that is printed everywhere, ₂F₁(k, q; k + 1; …), this one is moderate for
        any p.
    """
    k = p + q - 1
    near, far = beta + y, alpha + y
    if alpha >= beta:
        value = fraction(p, k + 1, (alpha - beta) / far)
        size = -p * np.log(far) + (1 - q) * np.log(near)
    else:
        near, far = far, near
        value = fraction(np.full_like(k, q), k + 1, (beta - alpha) / far)
        size = (1 - p) * np.log(near) - q * np.log(far)
    return size + np.log(value / k), k / (near * value)


def fraction(b: Floats, c: Floats, z: Floats) -> Floats:
    """Give the hypergeometric function ₂F₁(1, b; c; z) for 0 <= z < 1 and c >= b > 0.

    Notes:
        Gauss's continued fraction, from its end; DLMF 15.7.5. It is that of a moment problem on
        0 … 1, so its error is bounded alike for every b and c.
    """
    b, c, z = (np.ascontiguousarray(one) for one in np.broadcast_arrays(b, c, z))
    result = np.empty_like(z)
    done = -1.0
    for up_to, steps in (*_STEPS, (1.0, _MOST)):
        place = np.flatnonzero((z > done) & (z <= up_to))
        done = up_to
        if place.size:
            result[place] = _from_its_end(b[place], c[place], z[place], steps)
    return result


def _from_its_end(b: Floats, c: Floats, z: Floats, steps: int) -> Floats:
    value = np.ones_like(z)
    for j in range(steps // 2 - 1, -1, -1):
        middle = c + 2 * j
        value = 1 - z * ((j + 1) * (c - b + j)) / (middle * (middle + 1) * value)
        # With j = 0 the factor c − 1 is in both, and may be 0.
        one_less = (c - 1 + j) / (middle - 1) if j else 1.0
        value = 1 - z * (b + j) * one_less / (middle * value)
    return np.asarray(1 / value)


def growth(power: float, log_ratio: Floats) -> Floats:
    """Give (1 − e^(−power · log_ratio)) / power, which goes on smoothly where the power is 0."""
    return np.asarray(log_ratio * special.exprel(-power * log_ratio))
