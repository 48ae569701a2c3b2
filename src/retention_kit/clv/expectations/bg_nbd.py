"""What the BG/NBD expects of a customer with `x` repeat purchases, the last of them at `t_x`.

Times are in the model's own unit; `age` is the time since the first purchase, T in the literature.
Fader, Hardie and Lee (2005), "Counting your customers" the easy way: an alternative to the
Pareto/NBD model.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from retention_kit.clv.expectations import geometric
from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.models import BGNBD


def probability_alive(model: BGNBD, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Give the probability of not having left: 1 of all who have bought once."""
    since = np.log1p((age - t_x) / (model.alpha + t_x))
    left = np.log(model.a) - np.log(model.b + np.maximum(x, 1.0) - 1) + (model.r + x) * since
    return np.where(x > 0, special.expit(-left), 1.0)


def purchases_while_alive(model: BGNBD, t: Floats, x: Floats, age: Floats) -> Floats:
    """Give the expected purchases in the next `t` of one who has not left."""
    return geometric.purchases(model.r + x, model.alpha + age, model.a, model.b + x, t)


def exactly_while_alive(
    model: BGNBD,
    n: int,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the probability of `n` purchases in the next `t` of one who has not left."""
    return geometric.exactly(n, model.r + x, model.alpha + age, model.a, model.b + x, t)


def at_least_while_alive(
    model: BGNBD,
    n: int,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the probability of `n` purchases or more in the next `t` of one who has not left."""
    return geometric.at_least(n, model.r + x, model.alpha + age, model.a, model.b + x, t)


def wait(model: BGNBD, share: float, x: Floats, age: Floats) -> Floats:
    """Give the time within which this share of those who have not left buy again."""
    return geometric.wait(share, model.r + x, model.alpha + age)


def scale(model: BGNBD, age: Floats) -> Floats:
    """Give the length of time over which expected purchases bend."""
    return model.alpha + age


def origin(model: BGNBD) -> float:
    """Give the age, taken below 0, where what is expected has its singularity."""
    return model.alpha
