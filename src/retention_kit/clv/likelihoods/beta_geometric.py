"""BG/NBD and MBG/NBD: the one formula that both likelihoods are, and its gradient.

The likelihood of one customer with x repeat purchases, the last at t, seen up to T is

    Γ(r+x)/Γ(r) · α^r · B(a, b+j)/B(a, b) · [ (α+T)^−(r+x) + a/(b+j−1) · (α+t)^−(r+x) ]

with j = x for BG/NBD (Fader, Hardie and Lee 2005, equation 6; without the second term where
x = 0) and j = x + 1 for MBG/NBD (Batislam, Denizel and Filiztekin 2007), where a customer may leave
after the first purchase as well. All of it is added up in logarithms, so that x may be large.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, expit, gammaln

from retention_kit.clv.likelihoods.arrays import Array, Histories


def log_likelihoods(parameters: Array, histories: Histories, *, leaves_at_once: bool) -> Array:
    """Give the log-likelihood of one customer of each history.

    Args:
        parameters: r, α, a and b.
        histories: The histories, in the unit of time that α is in.
        leaves_at_once: Whether a customer may leave after the first purchase: MBG/NBD.
    """
    r, alpha, _, _ = parameters
    x, age = histories.x, histories.age
    of_x = _of_x(parameters, x.values, x.values + leaves_at_once)
    staying = of_x[x.place] - (r + x.values)[x.place] * np.log(alpha + age.values)[age.place]
    total: Array = staying + np.logaddexp(0.0, _odds(parameters, histories, leaves_at_once))
    return total


def share_left(parameters: Array, histories: Histories, *, leaves_at_once: bool) -> float:
    """Give the share of customers who have left for good by the end of what was observed.

    Args:
        parameters: r, α, a and b.
        histories: The histories, in the unit of time that α is in.
        leaves_at_once: Whether a customer may leave after the first purchase: MBG/NBD.
    """
    left = expit(_odds(parameters, histories, leaves_at_once))
    return float(np.average(left, weights=histories.customers))


def log_likelihood_and_gradient(
    parameters: Array, histories: Histories, *, leaves_at_once: bool
) -> tuple[float, Array]:
    """Give the log-likelihood of all customers, and its derivatives by r, α, a and b.

    Args:
        parameters: r, α, a and b.
        histories: The histories, in the unit of time that α is in.
        leaves_at_once: Whether a customer may leave after the first purchase: MBG/NBD.
    """
    r, alpha, a, b = parameters
    x, last, age, customers = histories.x, histories.last, histories.age, histories.customers
    j = x.values + leaves_at_once
    by_x = x.customers
    shape = (r + x.values)[x.place]
    until_age = np.log(alpha + age.values)
    apart = until_age[age.place] - np.log(alpha + last.values)[last.place]
    odds = _log_odds(a, b, j)[x.place] + shape * apart
    # Of each history, the customers who have left for good.
    left = customers * expit(odds)
    stay = customers - left
    left_by_x = np.bincount(x.place, left, len(x.values))
    shape_by_age = np.bincount(age.place, customers * shape, len(age.values))
    total = by_x @ _of_x(parameters, x.values, j)
    total += customers @ np.logaddexp(0.0, odds) - shape_by_age @ until_age
    inverse_age, inverse_last = 1.0 / (alpha + age.values), 1.0 / (alpha + last.values)
    both = digamma(a + b) - digamma(a + b + j)
    before_last = np.where(j > 0, b + j - 1.0, 1.0)
    gradient = np.array(
        [
            by_x @ (digamma(r + x.values) - digamma(r) + np.log(alpha))
            - age.customers @ until_age
            + left @ apart,
            by_x.sum() * r / alpha
            - np.bincount(age.place, stay * shape, len(age.values)) @ inverse_age
            - np.bincount(last.place, left * shape, len(last.values)) @ inverse_last,
            by_x @ both + left_by_x.sum() / a,
            by_x @ (both + digamma(b + j) - digamma(b)) - left_by_x @ (1.0 / before_last),
        ]
    )
    return float(total), gradient


def _of_x(parameters: Array, x: Array, j: Array) -> Array:
    """Give the logarithm of the factors that depend on the number of purchases alone."""
    r, alpha, a, b = parameters
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) - gammaln(a + b + j) + gammaln(b + j) - gammaln(b)
    total: Array = buying + staying
    return total


def _odds(parameters: Array, histories: Histories, leaves_at_once: bool) -> Array:
    """Give the logarithms of the odds of having left, by history."""
    r, alpha, a, b = parameters
    x, last, age = histories.x, histories.last, histories.age
    apart = np.log(alpha + age.values)[age.place] - np.log(alpha + last.values)[last.place]
    odds = _log_odds(a, b, x.values + leaves_at_once)[x.place]
    total: Array = odds + (r + x.values)[x.place] * apart
    return total


def _log_odds(a: float, b: float, j: Array) -> Array:
    """Give the logarithm of a/(b + j − 1), and −∞ where nobody can have left."""
    odds: Array = np.full(len(j), -np.inf)
    odds[j > 0] = np.log(a) - np.log(b + j[j > 0] - 1.0)
    return odds
