"""Gamma-gamma: the likelihood of customers' mean spend, and its gradient.

The likelihood of a mean m over x purchases is

    Γ(px+q) / (Γ(px) Γ(q)) · gamma^q · m^(px−1) · x^(px) / (gamma + xm)^(px+q)

(Fader and Hardie 2013, The gamma-gamma model of monetary value, equation 1a).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from retention_kit.clv.likelihoods.arrays import Array, Values, dot


@dataclass(frozen=True, slots=True)
class Spending:
    """What the model of spend sees of customers.

    Attributes:
        x: Purchases that the mean is of.
        mean: The mean of what was spent on each, > 0.
        customers: How many customers have each pair.
    """

    x: Values
    mean: Array
    customers: Array

    @classmethod
    def of(cls, x: Array, mean: Array, customers: Array) -> Spending:
        """Make it of columns."""
        return cls(Values.of(x, customers), mean, customers)

    def scaled(self, factor: float) -> Spending:
        """Give the same in another currency."""
        return Spending(self.x, self.mean * factor, self.customers)


def log_likelihoods(parameters: Array, spending: Spending) -> Array:
    """Give the log-likelihood of one customer of each row.

    Args:
        parameters: p, q and gamma.
        spending: What customers spent.
    """
    p, q, gamma = parameters
    x = spending.x.values
    of_x = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + p * x * np.log(x)
    px = (p * x)[spending.x.place]
    whole = np.log(gamma + spending.x.values[spending.x.place] * spending.mean)
    total: Array = of_x[spending.x.place] + (px - 1.0) * np.log(spending.mean) - (px + q) * whole
    return total


def log_likelihood_and_gradient(parameters: Array, spending: Spending) -> tuple[float, Array]:
    """Give the log-likelihood of all customers, and its derivatives by p, q and gamma.

    Args:
        parameters: p, q and gamma.
        spending: What customers spent.
    """
    p, q, gamma = parameters
    x, by_x, customers = spending.x.values, spending.x.customers, spending.customers
    each = x[spending.x.place]
    whole = gamma + each * spending.mean
    log_whole, log_mean = np.log(whole), np.log(spending.mean)
    above = digamma(p * x + q)
    gradient = np.array(
        [
            dot(by_x, x * (above - digamma(p * x) + np.log(x)))
            + dot(customers * each, log_mean - log_whole),
            dot(by_x, above - digamma(q) + np.log(gamma)) - dot(customers, log_whole),
            by_x.sum() * q / gamma - dot(customers, (p * each + q) / whole),
        ]
    )
    return dot(customers, log_likelihoods(parameters, spending)), gradient
