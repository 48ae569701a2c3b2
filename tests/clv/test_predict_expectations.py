"""The models' formulas: as published, as simulated, and as numerical integration has them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from retention_kit.clv import BGNBD, MBGNBD, GammaGamma, ParetoNBD
from retention_kit.clv.expectations import gamma_gamma, geometric, pareto_nbd, tails
from retention_kit.clv.expectations.of_history import (
    expectations_of,
    expected_purchases,
    present_purchases_while_alive,
    probability_of_purchases,
    purchases_of_new,
)
from retention_kit.clv.interpolated import interpolate, places_of
from retention_kit.errors import DefinitionError

# The optimum for CDNOW in weeks, with more digits than are printed.
BG = BGNBD(r=0.2425945, alpha=4.4136019, a=0.7929199, b=2.4258881, time_unit="1w")
MBG = MBGNBD(r=0.5247, alpha=6.1833, a=0.8914, b=1.6141, time_unit="1w")
PARETO = ParetoNBD(r=0.5533, alpha=10.578, s=0.6062, beta=11.668, time_unit="1w")
MODELS = (BG, MBG, PARETO)


def each(*numbers):
    return [np.array([float(number)]) for number in numbers]


class TestPublished:
    def test_expected_purchases_of_a_new_customer(self):
        """Hardie's note on implementing the BG/NBD, and the tests of `lifetimes` after it."""
        expected = purchases_of_new(BG, np.array([1 / 7, 1, 3, 31.8571, 32, 78]))
        printed = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
        assert expected.round(4).tolist()[:-1] == printed[:-1]
        assert expected[-1] == pytest.approx(printed[-1], rel=5e-4)

    def test_what_is_printed_for_week_78_is_a_series_that_was_cut(self):
        """A spreadsheet adds 150 terms of ₂F₁ up and finds 1.8576; without end it is 1.8580."""
        r, alpha, a, b, t = BG.r, BG.alpha, BG.a, BG.b, 78

        def with_terms(count):
            j = np.arange(count)
            steps = (r + j) * (b + j) / ((a + b - 1 + j) * (j + 1)) * (t / (alpha + t))
            inner = 1 + np.cumprod(steps).sum()
            return (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * inner)

        assert round(with_terms(150), 4) == 1.8576
        assert with_terms(2_000) == pytest.approx(purchases_of_new(BG, *each(t))[0], rel=1e-12)

    def test_conditional_expectation_of_bg_nbd(self):
        """Hardie's note on implementing the BG/NBD: the customer 2, 30.43, 38.86."""
        assert expected_purchases(BG, *each(39, 2, 30.43, 38.86)).round(3).tolist() == [1.226]

    def test_conditional_expectation_and_p_alive_of_pareto_nbd(self):
        """CRAN's BTYD walkthrough: customer 1516."""
        assert expected_purchases(PARETO, *each(52, 26, 30.86, 31)).round(2).tolist() == [25.46]
        alive = pareto_nbd.probability_alive(PARETO, *each(26, 30.86, 31))
        assert alive.round(4).tolist() == [0.9979]

    def test_expected_spend(self):
        """Fader and Hardie's note on the gamma-gamma model: the mean over all is 35.2."""
        model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        assert gamma_gamma.average_spend(model, *each(0, np.nan)).round(1).tolist() == [35.2]

    def test_the_closed_form_of_bg_nbd(self):
        """Equation 10 of Fader, Hardie and Lee 2005, which is singular at a = 1 and not here."""
        r, alpha, a, b = 0.25, 4.0, 0.8, 2.5
        x, t_x, age, t = 7.0, 30.0, 40.0, 52.0
        inner = special.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        power = ((alpha + age) / (alpha + age + t)) ** (r + x)
        above = (a + b + x - 1) / (a - 1) * (1 - power * inner)
        below = 1 + a / (b + x - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x)
        got = expected_purchases(BGNBD(r=r, alpha=alpha, a=a, b=b), *each(t, x, t_x, age))
        assert got[0] == pytest.approx(above / below, rel=1e-11)

    def test_the_closed_form_of_pareto_nbd(self):
        """Equation 41 of Fader and Hardie's note, and P(alive) by the printed ₂F₁."""
        r, alpha, s, beta = (getattr(PARETO, name) for name in PARETO.PARAMETERS)
        x, t_x, age, t = 3.0, 20.0, 39.0, 39.0
        k = r + s + x
        parts = [
            special.hyp2f1(k, r + x, k + 1, (beta - alpha) / (beta + at)) / (beta + at) ** k
            for at in (t_x, age)
        ]
        scale = (alpha + age) ** (r + x) * (beta + age) ** s
        alive = 1 / (1 + s / k * scale * (parts[0] - parts[1]))
        of_alive = (r + x) * (beta + age) / ((alpha + age) * (s - 1))
        of_alive *= 1 - ((beta + age) / (beta + age + t)) ** (s - 1)
        got = expected_purchases(PARETO, *each(t, x, t_x, age))
        assert got[0] == pytest.approx(alive * of_alive, rel=1e-12)

    def test_discounted_expected_residual_transactions(self):
        """Fader, Hardie and Lee 2005 (RFM and CLV): DERT by Tricomi's function, without end."""
        r, alpha, s, beta = (getattr(PARETO, name) for name in PARETO.PARAMETERS)
        delta = np.log(1.15) / 52
        x, t_x, age = 7.0, 35.43, 38.86
        arrays = each(x, t_x, age)
        alive = pareto_nbd.probability_alive(PARETO, *arrays)[0]
        # DERT over P(alive), in which the likelihood cancels.
        dert = (r + x) / (alpha + age) * (beta + age) ** s * delta ** (s - 1)
        dert *= special.hyperu(s, s, delta * (beta + age))
        got = present_purchases_while_alive(PARETO, 20_000.0, arrays[0], arrays[2], delta)[0]
        assert alive * got == pytest.approx(alive * dert, rel=1e-4)


def simulated(model, rng, count):
    """Draw the times of repeat purchases of new customers and when they leave, up to time 60."""
    end = 60.0
    if isinstance(model, ParetoNBD):
        rate = rng.gamma(model.r, 1 / model.alpha, count)
        leaves = rng.exponential(1 / rng.gamma(model.s, 1 / model.beta, count))
        gone_after = np.full(count, np.inf)
    else:
        rate = rng.gamma(model.r, 1 / model.alpha, count)
        leaving = rng.beta(model.a, model.b, count)
        gone_after = rng.geometric(np.maximum(leaving, 1e-12)).astype(float)
        gone_after -= isinstance(model, MBGNBD)
        leaves = np.full(count, np.inf)
    times = rng.exponential(1 / rate[:, None], (count, 80)).cumsum(axis=1)
    happens = (times < leaves[:, None]) & (times < end)
    happens &= np.arange(1, 81) <= gone_after[:, None]
    return np.where(happens, times, np.inf)


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: type(model).__name__)
def drawn(request):
    times = simulated(request.param, np.random.default_rng(7), 200_000)
    return request.param, times


class TestSimulated:
    def test_new_customers_buy_as_expected(self, drawn):
        model, times = drawn
        bought = (times < 40).sum(axis=1)
        error = bought.std() / np.sqrt(bought.size)
        assert purchases_of_new(model, *each(40))[0] == pytest.approx(bought.mean(), abs=4 * error)
        for number in range(4):
            share = (bought == number).mean()
            got = probability_of_purchases(model, number, *each(40, 0, 0, 0))[0]
            assert got == pytest.approx(share, abs=4 * np.sqrt(share / bought.size))
        share = (bought >= 3).mean()
        got = probability_of_purchases(model, 3, *each(40, 0, 0, 0), or_more=True)[0]
        assert got == pytest.approx(share, abs=4 * np.sqrt(share / bought.size))

    def test_customers_of_one_history_go_on_as_expected(self, drawn):
        """Those with two purchases of whom the last was between 15 and 20 of 30 weeks."""
        model, times = drawn
        bought = (times < 30).sum(axis=1)
        last = np.where(bought == 2, np.partition(times, 1, axis=1)[:, 1], np.inf)
        chosen = (bought == 2) & (last > 15) & (last < 20)
        later = ((times[chosen] >= 30) & (times[chosen] < 60)).sum(axis=1)
        x, age = np.full(later.size, 2.0), np.full(later.size, 30.0)
        t = np.full(later.size, 30.0)
        error = later.std() / np.sqrt(later.size)
        expected = expected_purchases(model, t, x, last[chosen], age).mean()
        assert expected == pytest.approx(later.mean(), abs=4 * error)
        none = probability_of_purchases(model, 0, t, x, last[chosen], age).mean()
        assert none == pytest.approx((later == 0).mean(), abs=4 * 0.5 / np.sqrt(later.size))

    def test_half_of_those_who_come_back_have_by_the_median(self, drawn):
        """With 10 weeks gone by; those who come back after week 60 are not seen, so a quarter."""
        model, times = drawn
        is_one = (times < 10).sum(axis=1) == 1
        next_at = np.partition(times[is_one], 1, axis=1)[:, 1] - 10
        of = expectations_of(model)
        wait = of.wait(model, 0.25, *each(1, 10))[0]
        # Of all who will come back: by the model, P(alive) and then everyone or, with Pareto, some.
        by_wait, by_50 = (next_at < wait).mean(), (next_at < 50).mean()
        low, high = 0.01, 0.99
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (
                (middle, high) if of.wait(model, middle, *each(1, 10))[0] < 50 else (low, middle)
            )
        assert by_wait / by_50 == pytest.approx(0.25 / low, abs=4 * 0.5 / np.sqrt(is_one.sum()))


SHAPES = st.floats(0.05, 8)
LENGTHS = st.floats(0.5, 60)
BETA = st.floats(0.1, 6)


# Where the reference cannot reach ten digits it says so; six are compared.
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
class TestIntegrated:
    @given(SHAPES, LENGTHS, BETA, BETA, st.integers(0, 40), st.floats(0, 300), st.floats(0.1, 400))
    def test_purchases_while_alive(self, r, alpha, a, b, x, age, t):
        model = BGNBD(r=r, alpha=alpha, a=a, b=b)
        got = expectations_of(model).purchases_while_alive(model, *each(t, x, age))[0]

        def leaving(power):
            # u = p^a takes the singularity of the beta density at 0 away.
            p = power ** (1 / a)
            if p == 0:
                return (r + x) * t / (alpha + age) / a
            bought = -np.expm1(-(r + x) * np.log1p(p * t / (alpha + age))) / p
            return bought * (1 - p) ** (b + x - 1) / a

        # By powers of ten, since all may happen where p is about 1 / ((r + x) t).
        cuts = [0.0, *((0.5 * 10.0**-power) ** a for power in range(8, -1, -1))]
        head = sum(
            integrate.quad(leaving, *ends, epsrel=1e-10, epsabs=0, limit=400)[0]
            for ends in pairwise(cuts)
        )
        tail = integrate.quad(
            lambda p: -np.expm1(-(r + x) * np.log1p(p * t / (alpha + age))) / p * p ** (a - 1),
            0.5,
            1,
            weight="alg",
            wvar=(0, b + x - 1),
        )[0]
        assert got == pytest.approx((head + tail) / special.beta(a, b + x), rel=1e-6)

    @given(SHAPES, LENGTHS, SHAPES, LENGTHS, st.integers(0, 40), st.floats(0, 300), st.floats(0, 1))
    def test_probability_alive_of_pareto_nbd(self, r, alpha, s, beta, x, age, part):
        t_x = age * part if x else 0.0
        model = ParetoNBD(r=r, alpha=alpha, s=s, beta=beta)
        got = pareto_nbd.probability_alive(model, *each(x, t_x, age))[0]

        def left(at):
            return (
                s
                / (beta + at)
                * np.exp(
                    (r + x) * np.log((alpha + age) / (alpha + at))
                    + s * np.log((beta + age) / (beta + at))
                )
            )

        middle = t_x + min(age - t_x, (alpha + t_x) / (r + x))
        odds = sum(
            integrate.quad(left, *ends, epsrel=1e-10, limit=400)[0]
            for ends in ((t_x, middle), (middle, age))
        )
        assert got == pytest.approx(1 / (1 + odds), rel=1e-7)

    @pytest.mark.parametrize(("b", "c", "z"), [(3, 5, 0.3), (0.6, 1.2, 0.9), (300, 301.5, 0.99)])
    def test_the_fraction_is_the_hypergeometric_function(self, b, c, z):
        assert tails.fraction(*each(b, c, z))[0] == pytest.approx(special.hyp2f1(1, b, c, z), 1e-13)

    @pytest.mark.parametrize("model", MODELS)
    @pytest.mark.parametrize("discount", [0.0027, 0.05])
    def test_purchases_as_worth_today(self, model, discount):
        of = expectations_of(model)
        x, age = each(2, 38.86)

        def at(t):
            worth = np.exp(-discount * t)
            return worth * of.purchases_while_alive(model, np.array([t]), x, age)[0]

        area = integrate.quad(at, 0, 104, epsrel=1e-10)[0]
        got = present_purchases_while_alive(model, 104.0, x, age, discount)[0]
        assert got == pytest.approx(at(104) + discount * area, rel=1e-9)


HISTORIES = st.tuples(st.integers(0, 30), st.floats(0, 1), st.floats(0.5, 200)).map(
    lambda drawn: (drawn[0], drawn[1] * drawn[2] if drawn[0] else 0.0, drawn[2])
)
ANY = st.one_of(
    st.builds(BGNBD, r=SHAPES, alpha=LENGTHS, a=BETA, b=BETA),
    st.builds(MBGNBD, r=SHAPES, alpha=LENGTHS, a=BETA, b=BETA),
    st.builds(ParetoNBD, r=SHAPES, alpha=LENGTHS, s=SHAPES, beta=LENGTHS),
)


class TestLaws:
    @given(ANY, HISTORIES)
    def test_alive_is_a_probability_and_falls_with_silence(self, model, history):
        x, t_x, age = history
        of = expectations_of(model)
        now, later = (of.probability_alive(model, *each(x, t_x, at))[0] for at in (age, age + 10))
        assert 0 <= later <= now * (1 + 1e-9) <= 1 + 1e-9

    @given(ANY, HISTORIES, st.floats(0.5, 100))
    def test_a_longer_horizon_never_brings_fewer_purchases(self, model, history, t):
        less, more = (expected_purchases(model, *each(at, *history))[0] for at in (t, 2 * t))
        assert 0 <= less <= more <= 2 * less * (1 + 1e-9)

    @given(ANY, HISTORIES, st.floats(0.5, 60))
    def test_probabilities_of_numbers_add_up_to_one_and_to_the_mean(self, model, history, t):
        arrays = each(t, *history)
        most = 60
        shares = [probability_of_purchases(model, n, *arrays)[0] for n in range(most)]
        rest = probability_of_purchases(model, most, *arrays, or_more=True)[0]
        assert sum(shares) + rest == pytest.approx(1, abs=1e-9)
        mean = expected_purchases(model, *arrays)[0]
        assert sum(n * share for n, share in enumerate(shares)) <= mean * (1 + 1e-6) + 1e-9
        if rest * most < 1e-9 * mean:
            assert sum(n * share for n, share in enumerate(shares)) == pytest.approx(mean, rel=1e-6)

    @given(ANY, HISTORIES, st.floats(0.01, 0.98))
    def test_a_larger_share_waits_longer(self, model, history, share):
        x, _, age = history
        of = expectations_of(model)
        less, more = (of.wait(model, at, *each(x, age))[0] for at in (share, share + 0.01))
        assert 0 < less < more

    @given(
        st.builds(ParetoNBD, r=SHAPES, alpha=LENGTHS, s=SHAPES, beta=LENGTHS),
        HISTORIES,
        st.floats(0.01, 0.99),
    )
    def test_the_share_that_waits_solves_its_equation(self, model, history, share):
        x, _, age = history
        wait = pareto_nbd.wait(model, share, *each(x, age))
        p = np.array([model.r + x + 1])
        start, _ = tails.log_tail(*each(age), model.alpha, p, model.beta, model.s)
        then, _ = tails.log_tail(age + wait, model.alpha, p, model.beta, model.s)
        assert np.exp(then - start)[0] == pytest.approx(1 - share, rel=1e-8)

    @given(ANY, st.lists(HISTORIES, min_size=1, max_size=5), st.floats(1, 300))
    def test_interpolation_between_ages_is_exact_to_nine_digits(self, model, histories, t):
        of = expectations_of(model)
        x, _, age = (np.array(column, dtype=float) for column in zip(*histories, strict=True))
        places = places_of(x, age, of.origin(model))

        def wanted(x, age):
            return of.purchases_while_alive(model, np.full_like(age, t), x, age)

        got = interpolate(places, wanted, {})
        assert got == pytest.approx(wanted(x, age), rel=1e-9)


class TestExtremes:
    @pytest.mark.parametrize("model", MODELS)
    @pytest.mark.parametrize("x", [0, 1, 200, 900])
    @pytest.mark.parametrize("age", [0.0, 3.0, 5_000.0])
    @pytest.mark.parametrize("t", [0.1, 50.0, 50_000.0])
    def test_everything_is_finite(self, model, x, age, t):
        of = expectations_of(model)
        for t_x in {0.0, age * bool(x)}:
            history = each(x, t_x, age)
            values = [
                of.probability_alive(model, *history),
                expected_purchases(model, *each(t), *history),
                probability_of_purchases(model, 5, *each(t), *history),
                probability_of_purchases(model, 5, *each(t), *history, or_more=True),
                of.wait(model, 0.9, history[0], history[2]),
            ]
            assert np.isfinite(values).all()
            assert (np.array(values) >= 0).all()

    def test_a_first_beta_parameter_of_one_is_like_its_neighbours(self):
        at = [
            geometric.purchases(*each(2.5, 10), a, *each(3, 40))[0] for a in (1 - 1e-6, 1, 1 + 1e-6)
        ]
        assert at[1] == pytest.approx((at[0] + at[2]) / 2, rel=1e-10)

    def test_both_ways_of_adding_up_agree(self):
        """A long sum, and the integral that stands for it where it would be longer still."""
        for numbers in ((0.3, 700.0, 2.4), (5.0, 90.0, 4.0), (400.0, 2.0, 402.0)):
            shape, z, b = each(*numbers)
            summed = geometric._summed(shape, z, 0.8, b)[0]
            integral = geometric._with_integral(shape[0], z[0], 0.8, b[0], np.float64(60_000))
            assert integral == pytest.approx(summed, rel=1e-8)

    def test_fifty_thousand_purchases(self):
        """A customer of whom nearly all is known: the rate is x / T, and leaving is a / x."""
        x, z, a = 50_000.0, 0.5, 0.8
        got = geometric.purchases(*each(x, 1000), a, *each(x + 2, 1000 * z))[0]
        # E[(1 − e^(−λpt)) / p] with λt = 25,000 for certain, and x·p having a gamma distribution.
        wanted = x * (1 - (1 + z) ** (1 - a)) / (a - 1)
        assert got == pytest.approx(wanted, rel=1e-3)

    def test_nearly_nobody_leaves(self):
        """Online Retail's fit: a = 0.003. What is left is the NBD's (r + x) t / (α + T)."""
        model = BGNBD(r=0.8, alpha=9.0, a=1e-9, b=2.0)
        got = expected_purchases(model, *each(52, 4, 30, 40))[0]
        assert got == pytest.approx(4.8 * 52 / 49, rel=1e-6)

    def test_what_a_customer_has_not_spent_is_not_known(self):
        model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
        x, mean = np.array([2.0, 2.0, 1.0]), np.array([0.0, -5.0, np.nan])
        assert np.isnan(gamma_gamma.average_spend(model, x, mean)).all()
        endless = GammaGamma(p=2.0, q=0.9, gamma=15.0)
        spent = gamma_gamma.average_spend(endless, np.array([0.0, 3.0]), np.array([np.nan, 20.0]))
        assert np.isnan(spent[0])
        assert spent[1] == pytest.approx(2 * (15 + 60) / 5.9)


def test_a_model_of_something_else_is_refused():
    with pytest.raises(DefinitionError, match="'GammaGamma'.*MBGNBD"):
        expectations_of(GammaGamma(p=1.0, q=2.0, gamma=3.0))
