"""What the gamma-gamma model expects a customer to spend per purchase.

Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves; Fader and Hardie (2013), The
gamma-gamma model of monetary value.
"""

from __future__ import annotations

import numpy as np

from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.models import GammaGamma


def average_spend(model: GammaGamma, x: Floats, mean: Floats) -> Floats:
    """Give the expected mean spend of customers whose `x` purchases were of this mean.

    Args:
        model: The fitted model.
        x: Number of repeat purchases; with 0 the mean does not matter.
        mean: Their mean amount.

    Returns:
        An array; NaN where the mean is not positive or not known though there are purchases, and
        where the model knows no finite mean.

    Notes:
        E = p·(gamma + x·mean) / (p·x + q − 1): a weighted mean of the customer's own mean, with
        weight p·x, and of that of all customers, p·gamma / (q − 1), with weight q − 1. With q <= 1
        the latter is infinite, and so is E of those with p·x + q <= 1.
    """
    total = np.where(x > 0, x * mean, 0.0)
    weight = model.p * x + model.q - 1
    known = (x >= 0) & (weight > 0) & ((x == 0) | (total > 0))
    return np.where(known, model.p * (model.gamma + total) / np.where(known, weight, 1.0), np.nan)
