"""The likelihoods: stable, equal to the integrals they are, and with the slopes they have."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from retention_kit import DataError, DefinitionError
from retention_kit.clv import BGNBD, MBGNBD, GammaGamma, ParetoNBD, log_likelihood
from retention_kit.clv.likelihoods import beta_geometric, gamma_gamma, pareto_nbd
from retention_kit.clv.likelihoods.arrays import Histories, Values
from retention_kit.clv.likelihoods.gamma_gamma import Spending

POINTS = [(0, 0.0, 5.0), (0, 0.0, 0.0), (1, 2.0, 2.0), (3, 4.0, 30.0), (12, 20.0, 21.0)]


def value(model, x, last, age):
    one = pl.DataFrame({"frequency": [x], "t_x_days": [last], "T_days": [age]})
    return one.select(log_likelihood(model)).item()


def mean_over(distribution, function):
    """The mean of a function over a distribution, by quantiles, which have no singularities."""
    return integrate.quad(
        lambda share: function(distribution.ppf(share)), 0, 1, epsabs=0, epsrel=1e-7, limit=400
    )[0]


def test_the_likelihood_of_200_purchases_is_the_published_one():
    model = {"r": 0.25, "alpha": 4.0, "a": 0.8, "b": 2.5}
    assert value(BGNBD(**model), 200, 38.0, 40.0) == pytest.approx(100.7957, abs=5e-5)
    assert value(MBGNBD(**model), 200, 38.0, 40.0) == pytest.approx(100.7869, abs=5e-5)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("model", [BGNBD, MBGNBD])
def test_that_of_bg_and_mbg_is_the_mean_over_rates_and_chances_of_leaving(model, point):
    x, last, age = point
    r, alpha, a, b = 0.6, 6.0, 0.9, 1.7
    first = int(model is MBGNBD)
    rates, chances = stats.gamma(r, scale=1 / alpha), stats.beta(a, b)
    stays = mean_over(chances, lambda p: (1 - p) ** (x + first))
    whole = stays * mean_over(rates, lambda rate: rate**x * np.exp(-rate * age))
    if x + first > 0:
        leaves = mean_over(chances, lambda p: p * (1 - p) ** (x + first - 1))
        whole += leaves * mean_over(rates, lambda rate: rate**x * np.exp(-rate * last))
    assert value(model(r=r, alpha=alpha, a=a, b=b), *point) == pytest.approx(
        np.log(whole), abs=1e-6
    )


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("rates", [(0.55, 10.6, 0.6, 11.7), (0.7, 1.5, 2.6, 30.0)])
def test_that_of_pareto_is_the_mean_over_rates_of_buying_and_leaving(rates, point):
    x, last, age = point
    r, alpha, s, beta = rates

    def with_leaving_rate(leaving):
        def given_both(rate):
            both = rate + leaving
            gone = leaving / both * (np.exp(-both * last) - np.exp(-both * age))
            return rate**x * (np.exp(-both * age) + gone)

        return mean_over(stats.gamma(r, scale=1 / alpha), given_both)

    nodes, weights = special.roots_legendre(30)
    shares = (nodes + 1) / 2
    leaving = stats.gamma(s, scale=1 / beta).ppf(shares)
    whole = sum(w / 2 * with_leaving_rate(one) for w, one in zip(weights, leaving, strict=True))
    model = ParetoNBD(r=r, alpha=alpha, s=s, beta=beta)
    assert value(model, *point) == pytest.approx(np.log(whole), abs=1e-3)


@pytest.mark.parametrize(("x", "mean"), [(1, 20.0), (4, 55.0), (12, 9.0)])
def test_that_of_gamma_gamma_is_the_mean_over_customers_rates(x, mean):
    p, q, gamma = 6.25, 3.74, 15.44
    whole = mean_over(
        stats.gamma(q, scale=1 / gamma),
        lambda rate: stats.gamma(p * x, scale=1 / (rate * x)).pdf(mean),
    )
    one = pl.DataFrame({"frequency": [x], "monetary": [mean]})
    model = GammaGamma(p=p, q=q, gamma=gamma)
    assert one.select(log_likelihood(model)).item() == pytest.approx(np.log(whole), abs=1e-6)


@given(
    st.tuples(*[st.floats(-4, 3)] * 4),
    st.sampled_from([0, 1, 7, 60, 300, 800]),
    st.floats(0, 1),
    st.floats(0.01, 1_000),
)
def test_the_integral_of_pareto_is_the_hypergeometric_one(logs, x, share, age):
    r, alpha, s, beta = parameters = np.exp(np.array(logs))
    time = share * age
    (got,), slopes = pareto_nbd.tail(parameters, np.array([float(x)]), np.array([time]))
    c = r + s + x + 1
    if alpha >= beta:
        other = special.hyp2f1(1, r + x, c, (alpha - beta) / (alpha + time))
        logs_before = -(r + x) * np.log(alpha + time) - s * np.log(beta + time)
    else:
        other = special.hyp2f1(1, s + 1, c, (beta - alpha) / (beta + time))
        logs_before = (1 - r - x) * np.log(alpha + time) - (s + 1) * np.log(beta + time)
    wanted = logs_before + np.log(other) - np.log(r + s + x)
    # scipy's function overflows here and there, and loses digits near whole differences.
    assume(np.isfinite(other))
    assert got == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert np.isfinite(slopes).all()


histories = st.lists(
    st.tuples(st.integers(0, 400), st.floats(0, 1), st.integers(1, 900), st.integers(1, 50)),
    min_size=1,
    max_size=20,
).map(
    lambda rows: Histories.of(
        np.array([float(x) for x, *_ in rows]),
        np.array([float(x > 0) * share * age for x, share, age, _ in rows]),
        np.array([float(age) for _, _, age, _ in rows]),
        np.array([float(count) for *_, count in rows]),
    )
)
parameters_of = st.tuples(*[st.floats(-3, 3)] * 4).map(lambda logs: np.exp(np.array(logs)))
LIKELIHOODS = {
    "bg": lambda at, seen: beta_geometric.log_likelihood_and_gradient(
        at, seen, leaves_at_once=False
    ),
    "mbg": lambda at, seen: beta_geometric.log_likelihood_and_gradient(
        at, seen, leaves_at_once=True
    ),
    "pareto": pareto_nbd.log_likelihood_and_gradient,
}


def slopes_by_differences(function, at):
    steps = 1e-5 * at * np.eye(len(at))
    return [(function(at + step) - function(at - step)) / (2 * step.sum()) for step in steps]


@pytest.mark.parametrize("name", LIKELIHOODS)
@given(parameters=parameters_of, seen=histories)
def test_the_slope_is_the_slope(name, parameters, seen):
    whole, slope = LIKELIHOODS[name](parameters, seen)
    assert np.isfinite(whole)
    wanted = slopes_by_differences(lambda at: LIKELIHOODS[name](at, seen)[0], parameters)
    # A difference of two sums has no more digits than the sums.
    unsure = 1e-9 * (1 + abs(whole)) / (1e-5 * parameters.min())
    assert slope == pytest.approx(wanted, rel=1e-5, abs=unsure)


@given(
    st.lists(st.tuples(st.integers(1, 300), st.floats(0.01, 1e5)), min_size=1, max_size=20),
    st.tuples(*[st.floats(-3, 3)] * 3).map(lambda logs: np.exp(np.array(logs))),
)
def test_the_slope_of_spend_is_the_slope(rows, parameters):
    x, mean = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    spending = Spending.of(x, mean, np.ones(len(x)))
    whole, slope = gamma_gamma.log_likelihood_and_gradient(parameters, spending)
    wanted = slopes_by_differences(
        lambda at: gamma_gamma.log_likelihood_and_gradient(at, spending)[0], parameters
    )
    unsure = 1e-9 * (1 + abs(whole)) / (1e-5 * parameters.min())
    assert slope == pytest.approx(wanted, rel=1e-5, abs=unsure)


@pytest.mark.parametrize(
    "model",
    [
        BGNBD(r=0.3, alpha=5.0, a=0.5, b=2.0),
        MBGNBD(r=0.3, alpha=5.0, a=0.5, b=2.0),
        ParetoNBD(r=0.3, alpha=5.0, s=0.5, beta=2.0),
        ParetoNBD(r=0.3, alpha=2.0, s=0.5, beta=5.0),
    ],
)
def test_hundreds_of_purchases_stay_finite_and_a_longer_wait_is_no_likelier(model):
    waits = pl.DataFrame({"T_days": np.linspace(300.0, 900.0, 50)}).with_columns(
        frequency=pl.lit(900), t_x_days=pl.lit(300.0)
    )
    logs = waits.select(log_likelihood(model)).to_series()
    assert logs.is_finite().all()
    # Where all have left it makes no difference any more.
    assert (logs.diff().drop_nulls() < 1e-10).all()
    assert logs[-1] < logs[0] - 1


@pytest.mark.parametrize(
    "model",
    [
        MBGNBD(r=0.3, alpha=5.0, a=0.5, b=2.0, time_unit="1w"),
        ParetoNBD(r=0.3, alpha=5.0, s=0.5, beta=2.0, time_unit="1w"),
    ],
)
def test_a_row_is_the_same_to_the_last_digit_in_any_company(model):
    generator = np.random.default_rng(1)
    rows = pl.DataFrame({"T_days": generator.uniform(1, 500, 400)}).with_columns(
        frequency=pl.Series(generator.integers(1, 60, 400)),
        t_x_days=pl.col("T_days") * pl.Series(generator.uniform(0, 1, 400)),
    )
    whole = rows.select(log_likelihood(model)).to_series()
    alone = [rows[place].select(log_likelihood(model)).item() for place in range(0, 400, 40)]
    assert whole.gather(range(0, 400, 40)).to_list() == alone
    mixed = rows.lazy().select(log_likelihood(model)).collect(engine="streaming")
    assert sorted(mixed.to_series()) == sorted(whole)


def test_nulls_stay_null_and_what_cannot_be_is_refused():
    rows = pl.DataFrame({"frequency": [1, None], "t_x_days": [1.0, 1.0], "T_days": [2.0, 2.0]})
    model = BGNBD(r=0.3, alpha=5.0, a=0.5, b=2.0)
    assert rows.select(log_likelihood(model).is_null()).to_series().to_list() == [False, True]
    with pytest.raises(DataError, match="t_x_days above T_days"):
        rows.with_columns(T_days=pl.lit(0.5)).select(log_likelihood(model))
    with pytest.raises(DefinitionError, match="'str'.*Allowed"):
        log_likelihood("bg")
    spent = pl.DataFrame({"frequency": [0, 1, 2, 3], "monetary": [None, 5.0, -1.0, 0.0]})
    found = spent.select(log_likelihood(GammaGamma(p=1.0, q=2.0, gamma=3.0)).is_null())
    assert found.to_series().to_list() == [True, False, True, True]


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0, 100.0, 1e9]), max_size=30))
def test_distinct_values_are_found_with_their_places(column):
    found = Values.of(np.array(column), np.ones(len(column)))
    assert found.values.tolist() == sorted(set(column))
    assert found.values[found.place].tolist() == column
    assert found.customers.tolist() == [column.count(one) for one in sorted(set(column))]
