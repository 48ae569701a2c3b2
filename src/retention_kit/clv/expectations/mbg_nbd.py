"""What the MBG/NBD expects of a customer with `x` repeat purchases, the last of them at `t_x`.

Times are in the model's own unit; `age` is the time since the first purchase, T in the literature.
Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer
base analysis; Hoppe and Wagner (2007), Customer base analysis: the case for a central variant of
the Betageometric/NBD model.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from retention_kit.clv.expectations import geometric
from retention_kit.clv.expectations.geometric import Floats
from retention_kit.clv.models import MBGNBD


def probability_alive(model: MBGNBD, x: Floats, t_x: Floats, age: Floats) -> Floats:
    """Give the probability of not having left, after the first purchase or a later one."""
    since = np.log1p((age - t_x) / (model.alpha + t_x))
    left = np.log(model.a) - np.log(model.b + x) + (model.r + x) * since
    return np.asarray(special.expit(-left))


def purchases_while_alive(model: MBGNBD, t: Floats, x: Floats, age: Floats) -> Floats:
    """Give the expected purchases in the next `t` of one who has not left."""
    return geometric.purchases(model.r + x, model.alpha + age, model.a, model.b + x + 1, t)


def exactly_while_alive(
    model: MBGNBD,
    n: int,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the probability of `n` purchases in the next `t` of one who has not left."""
    return geometric.exactly(n, model.r + x, model.alpha + age, model.a, model.b + x + 1, t)


def at_least_while_alive(
    model: MBGNBD,
    n: int,
    t: Floats,
    x: Floats,
    age: Floats,
) -> Floats:
    """Give the probability of `n` purchases or more in the next `t` of one who has not left."""
    return geometric.at_least(n, model.r + x, model.alpha + age, model.a, model.b + x + 1, t)


def wait(model: MBGNBD, share: float, x: Floats, age: Floats) -> Floats:
    """Give the time within which this share of those who have not left buy again."""
    return geometric.wait(share, model.r + x, model.alpha + age)


def scale(model: MBGNBD, age: Floats) -> Floats:
    """Give the length of time over which expected purchases bend."""
    return model.alpha + age


def origin(model: MBGNBD) -> float:
    """Give the age, taken below 0, where what is expected has its singularity."""
    return model.alpha
