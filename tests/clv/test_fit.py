"""Fits: they find what was put in, whatever the order of rows, and say when they found nothing."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from retention_kit import DataError, DataWarning, DefinitionError
from retention_kit.clv import (
    BGNBD,
    MBGNBD,
    ParetoNBD,
    clv_patterns,
    clv_summary,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    log_likelihood,
)
from retention_kit.clv.numerics import maximise
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.metrics import measure

FITS = (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd)
EACH = pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
TRUE = {
    fit_bg_nbd: BGNBD(r=0.6, alpha=40.0, a=0.8, b=2.5),
    fit_mbg_nbd: MBGNBD(r=0.6, alpha=40.0, a=0.8, b=2.5),
    fit_pareto_nbd: ParetoNBD(r=0.6, alpha=40.0, s=0.8, beta=90.0),
}


def simulated(model, customers, seed=0):
    """Histories of customers who buy and leave as the model says; times in days."""
    generator = np.random.default_rng(seed)
    age = np.floor(generator.uniform(100, 500, customers))
    rate = generator.gamma(model.r, 1 / model.alpha, customers)
    stays = np.ones(customers, dtype=bool)
    end = age.copy()
    if isinstance(model, ParetoNBD):
        chance = np.zeros(customers)
        leaving = generator.gamma(model.s, 1 / model.beta, customers)
        end = np.minimum(end, generator.exponential(1 / leaving))
    else:
        chance = generator.beta(model.a, model.b, customers)
    if isinstance(model, MBGNBD):
        stays = generator.random(customers) >= chance
    now, x, last = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    here = np.flatnonzero(stays)
    while len(here):
        now[here] += generator.exponential(1 / rate[here])
        here = here[now[here] < end[here]]
        x[here] += 1
        last[here] = now[here]
        here = here[generator.random(len(here)) >= chance[here]]
    return pl.DataFrame(
        {"frequency": x.astype(np.int64), "t_x_days": last.round(), "T_days": age}
    ).with_columns(t_x_days=pl.min_horizontal("t_x_days", "T_days"))


def spending(p=6.0, q=4.0, gamma=15.0, customers=5_000, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.integers(1, 12, customers)
    rate = generator.gamma(q, 1 / gamma, customers)
    return pl.DataFrame({"frequency": x, "monetary": generator.gamma(p * x) / (rate * x)})


def summary(*rows):
    return pl.DataFrame(
        rows,
        schema={"frequency": pl.Float64, "t_x_days": pl.Float64, "T_days": pl.Float64},
        orient="row",
    )


SMALL = {fit: simulated(model, 400) for fit, model in TRUE.items()}


@functools.cache
def fitted_to_small(fit):
    return fit(SMALL[fit])


class TestWhatIsFound:
    @EACH
    def test_parameters_that_were_put_in_are_found(self, fit):
        model = fit(simulated(TRUE[fit], 20_000))
        assert model.fitted.status == "converged"
        for name, wanted in TRUE[fit].parameters.items():
            error = model.fitted.standard_errors[name]
            assert 0 < error < wanted
            assert abs(model.parameters[name] - wanted) < 3.5 * error

    def test_spend_that_was_put_in_is_found(self):
        model = fit_gamma_gamma(spending())
        assert model.fitted.status == "converged"
        assert abs(model.fitted.correlation) < 0.05
        for name, wanted in (("p", 6.0), ("q", 4.0), ("gamma", 15.0)):
            assert abs(model.parameters[name] - wanted) < 3.5 * model.fitted.standard_errors[name]

    @EACH
    def test_no_other_parameters_are_likelier(self, fit):
        seen, model = SMALL[fit], fitted_to_small(fit)
        found = model.fitted.log_likelihood

        def at(parameters):
            other = type(model)(**dict(zip(model.PARAMETERS, parameters, strict=True)))
            return seen.select(log_likelihood(other).sum()).item()

        best = np.array([*model.parameters.values()])
        assert at(best) == pytest.approx(found, abs=1e-8)
        for place in range(4):
            for factor in (0.98, 1.02):
                aside = best.copy()
                aside[place] *= factor
                assert at(aside) < found

    def test_the_standard_errors_are_those_of_the_observed_information(self):
        seen, model = SMALL[fit_bg_nbd], fitted_to_small(fit_bg_nbd)
        best = np.array([*model.parameters.values()])

        def cost(parameters):
            other = BGNBD(**dict(zip(model.PARAMETERS, parameters.tolist(), strict=True)))
            return -seen.select(log_likelihood(other).sum()).item()

        information = np.array(
            [
                optimize.approx_fprime(
                    best,
                    lambda at, row=row: optimize.approx_fprime(at, cost, 1e-4 * best)[row],
                    1e-4 * best,
                )
                for row in range(4)
            ]
        )
        wanted = np.sqrt(np.diag(np.linalg.inv(information)))
        found = [*model.fitted.standard_errors.values()]
        assert found == pytest.approx(wanted.tolist(), rel=0.02)

    def test_a_million_customers_fitted_by_way_of_fewer_end_at_the_same_top(self):
        seen = simulated(TRUE[fit_bg_nbd], 30_000)
        assert seen.unique().height > 3_000
        model = fit_bg_nbd(seen)
        near = {name: value * 1.01 for name, value in model.parameters.items()}
        assert seen.select(log_likelihood(BGNBD(**near)).sum()).item() < model.fitted.log_likelihood
        assert seen.select(log_likelihood(model).sum()).item() == pytest.approx(
            model.fitted.log_likelihood, abs=1e-6
        )

    def test_a_penalty_draws_to_one_and_its_weight_is_kept(self):
        seen = SMALL[fit_bg_nbd]
        plain, drawn = fitted_to_small(fit_bg_nbd), fit_bg_nbd(seen, penalty=50.0)
        assert drawn.fitted.penalty == 50.0
        assert drawn.fitted.log_likelihood < plain.fitted.log_likelihood
        assert abs(np.log(drawn.b)) < abs(np.log(plain.b))
        assert abs(np.log(fit_gamma_gamma(spending(customers=99), penalty=50.0).q)) < 0.7


class TestWhatMakesNoDifference:
    @EACH
    @settings(max_examples=3)
    @given(seed=st.integers(0, 1_000), engine=st.sampled_from(["lazy", "eager"]))
    def test_the_order_of_rows(self, fit, seed, engine):
        mixed = SMALL[fit].sample(fraction=1.0, shuffle=True, seed=seed)
        assert fit(mixed.lazy() if engine == "lazy" else mixed) == fitted_to_small(fit)

    def test_the_order_of_rows_of_spend(self):
        rows = spending(customers=300)
        assert fit_gamma_gamma(rows.reverse()) == fit_gamma_gamma(rows)

    @EACH
    @settings(max_examples=3)
    @given(parts=st.integers(1, 5))
    def test_whether_equal_histories_are_counted_or_repeated(self, fit, parts):
        seen = SMALL[fit]
        counted = pl.concat(
            part.group_by(part.columns).agg(customers=pl.len().cast(pl.Int64))
            for part in (seen[place::parts] for place in range(parts))
        )
        assert fit(counted) == fitted_to_small(fit)

    @EACH
    @pytest.mark.parametrize(("unit", "days"), [("1w", 7), ("30d", 30)])
    def test_the_unit_of_time_but_for_what_it_is_the_unit_of(self, fit, unit, days):
        by_day, by_unit = fitted_to_small(fit), fit(SMALL[fit], time_unit=unit)
        for name, value in by_day.parameters.items():
            scale = days if name in ("alpha", "beta") else 1
            assert by_unit.parameters[name] == pytest.approx(value / scale, rel=1e-12)
        shift = SMALL[fit]["frequency"].sum() * np.log(days)
        difference = by_unit.fitted.log_likelihood - by_day.fitted.log_likelihood
        assert difference == pytest.approx(shift, abs=1e-6)
        alive = {"r", "a", "b", "s"} & by_day.parameters.keys()
        for name in alive:
            errors = by_day.fitted.standard_errors, by_unit.fitted.standard_errors
            assert errors[0][name] == pytest.approx(errors[1][name], rel=1e-9)

    def test_the_currency_but_for_gamma(self):
        rows = spending(customers=500)
        pounds = fit_gamma_gamma(rows)
        pence = fit_gamma_gamma(rows.with_columns(pl.col("monetary") * 100))
        assert pence.gamma == pytest.approx(pounds.gamma * 100, rel=1e-6)
        assert (pence.p, pence.q) == pytest.approx((pounds.p, pounds.q), rel=1e-6)

    def test_customers_of_no_weight_and_customers_who_bought_once(self):
        seen = SMALL[fit_bg_nbd].with_columns(customers=pl.lit(1))
        nobody = seen.with_columns(customers=pl.lit(0), frequency=pl.lit(9)).cast(seen.schema)
        more = pl.concat([seen, nobody])
        assert fit_bg_nbd(more) == fit_bg_nbd(seen)
        spent = spending(customers=200)
        once = pl.DataFrame({"frequency": [0, 0], "monetary": [None, None]}).cast(spent.schema)
        assert fit_gamma_gamma(pl.concat([spent, once])) == fit_gamma_gamma(spent)

    def test_whether_the_metric_is_measured_at_once_or_bucket_by_bucket(self, tmp_path):
        shop = online_retail()
        at_once = measure(fit_mbg_nbd, shop, as_of=ONLINE_RETAIL_AS_OF, time_unit="1w")
        patterns = clv_patterns(shop.orders, as_of=ONLINE_RETAIL_AS_OF)
        assert fit_mbg_nbd(patterns, time_unit="1w") == at_once
        buckets = shop.bucket(tmp_path / "buckets", buckets=3)
        assert measure(fit_mbg_nbd, buckets, as_of=ONLINE_RETAIL_AS_OF, time_unit="1w") == at_once
        spend = measure(fit_gamma_gamma, shop, as_of=ONLINE_RETAIL_AS_OF)
        assert measure(fit_gamma_gamma, buckets, as_of=ONLINE_RETAIL_AS_OF) == spend


class TestWhatIsSaidOfIt:
    @EACH
    def test_on_online_retail_nobody_is_predicted_to_churn(self, fit):
        patterns = clv_patterns(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        model = fit(patterns, time_unit="1w")
        assert model.fitted.status == "degenerate"
        assert "Nobody is predicted to churn" in model.fitted.message
        assert "not to be trusted" in model.fitted.message
        assert model.fitted.share_left < 0.01
        if fit is fit_bg_nbd:
            assert model.a == pytest.approx(0.003, abs=0.0006)

    def test_a_plus_b_of_at_most_one_is_degenerate_for_bg_alone(self):
        seen = simulated(BGNBD(r=1.0, alpha=20.0, a=0.15, b=0.3), 5_000)
        model = fit_bg_nbd(seen)
        assert model.a + model.b < 1
        assert model.fitted.status == "degenerate"
        assert "a + b" in model.fitted.message
        other = fit_mbg_nbd(simulated(MBGNBD(r=1.0, alpha=20.0, a=0.15, b=0.3), 5_000))
        assert other.fitted.status == "converged"

    def test_customers_who_all_buy_at_one_rate_are_at_the_edge(self):
        generator = np.random.default_rng(0)
        x = generator.poisson(0.02 * 400, 3_000)
        last = np.where(x > 0, np.round(400 * generator.beta(np.maximum(x, 1), 1)), 0.0)
        seen = pl.DataFrame({"frequency": x, "t_x_days": last, "T_days": np.full(3_000, 400.0)})
        model = fit_bg_nbd(seen)
        assert model.fitted.status in ("boundary", "degenerate")
        assert "not to be trusted" in model.fitted.message

    def test_a_mean_spend_that_is_infinite_is_degenerate(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            model = fit_gamma_gamma(spending(q=0.7, customers=2_000))
        assert model.q < 1
        assert model.fitted.status == "degenerate"
        assert "infinite" in model.fitted.message

    def test_spend_that_never_varies_is_at_the_edge(self):
        generator = np.random.default_rng(0)
        rows = pl.DataFrame(
            {"frequency": generator.integers(1, 9, 300), "monetary": generator.gamma(5, 10, 300)}
        )
        one_price = rows.with_columns(monetary=pl.lit(10.0))
        model = fit_gamma_gamma(one_price)
        assert (model.fitted.status, model.fitted.reason) == ("boundary", "same_spend")
        assert model.fitted.correlation is None

    def test_a_search_that_is_cut_short_says_so(self):
        def slope_without_end(parameters):
            return float(parameters.sum()), np.ones(2)

        optimum = maximise(slope_without_end, [np.ones(2)], penalty=0.0, rough=None)
        assert optimum.at_edge.all()

    def test_a_correlation_of_number_and_mean_is_warned_of(self):
        rows = spending(customers=1_000).with_columns(pl.col("monetary") * pl.col("frequency"))
        with pytest.warns(DataWarning, match=r"correlate by 0\.\d\d.*too low.*Next step") as caught:
            model = fit_gamma_gamma(rows)
        assert caught[0].filename == __file__
        assert model.fitted.correlation > 0.3

    def test_a_correlation_of_a_few_customers_is_no_news(self):
        model = fit_gamma_gamma(pl.DataFrame({"frequency": [1, 2, 4], "monetary": [1.0, 2.0, 5.0]}))
        assert model.fitted.correlation > 0.9

    def test_customers_whose_spend_is_not_above_zero_are_left_out_and_counted(self):
        rows = spending(customers=200)
        low = pl.DataFrame({"frequency": [1, 2], "monetary": [0.0, -5.0]}).cast(rows.schema)
        model = fit_gamma_gamma(pl.concat([rows, low]))
        assert model.fitted.left_out == 2
        assert "Left out: 2" in model.fitted.message
        assert model.parameters == fit_gamma_gamma(rows).parameters
        with pytest.raises(DataError, match=r"Of 202 repeat customers 2 have.*non_positive='drop'"):
            fit_gamma_gamma(pl.concat([rows, low]), non_positive="raise")


def bad(**columns):
    return SMALL[fit_bg_nbd].with_columns(**columns)


class TestBadInput:
    @pytest.mark.parametrize(
        ("seen", "says"),
        [
            (bad(t_x_days=pl.lit(999.0)), "t_x_days is above T_days of 400"),
            (bad(frequency=pl.lit(-1)), "frequency is below 0 of 400"),
            (bad(frequency=pl.lit(1.5)), "frequency is no whole number of 400"),
            (bad(T_days=pl.lit(-1.0)), "T_days is below 0 of 400"),
            (bad(t_x_days=pl.lit(-1.0)), "t_x_days is below 0 of 400"),
            (bad(frequency=pl.lit(None, dtype=pl.Int64)), "frequency is null"),
            (bad(T_days=pl.lit(float("nan"))), "T_days is null or no finite number"),
            (bad(T_days=pl.lit(float("inf"))), "T_days is null or no finite number"),
            (summary((0, 3, 9), (1, 2, 9)), "t_x_days is above 0 with a frequency of 0 of 1"),
            (summary((0, 0, 9), (0, 0, 3)), "None of 2 customers bought twice"),
            (summary((2, 3, 9)), "has 1 customers. Allowed: two or more"),
            (summary(), "has 0 customers. Allowed: two or more"),
            (summary((1, 0, 0), (2, 0, 0)), "T_days is 0 of every customer"),
            (bad(customers=pl.lit(-1)), "'customers'.*below 0"),
        ],
    )
    @EACH
    def test_a_summary_that_cannot_be_says_what_is_wrong(self, fit, seen, says):
        with pytest.raises(DataError, match=says) as caught:
            fit(seen)
        assert "Next step:" in str(caught.value)

    @pytest.mark.parametrize(
        ("seen", "says"),
        [
            (pl.DataFrame({"frequency": [1, 2], "monetary": [None, 1.0]}), "monetary is null"),
            (pl.DataFrame({"frequency": [1, 2], "monetary": [np.inf, 1.0]}), "infinite of 1"),
            (pl.DataFrame({"frequency": [-1, 2], "monetary": [1.0, 1.0]}), "below 0 of 1"),
            (pl.DataFrame({"frequency": [1.5, 2], "monetary": [1.0, 1.0]}), "no whole number"),
            (pl.DataFrame({"frequency": [0, 2], "monetary": [None, 1.0]}), "has 1 repeat cust"),
            (pl.DataFrame({"frequency": [0, 2], "monetary": [None, -1.0]}), "has 0 repeat cust"),
        ],
    )
    def test_spend_that_cannot_be_says_what_is_wrong(self, seen, says):
        with pytest.raises(DataError, match=says):
            fit_gamma_gamma(seen)

    @EACH
    def test_parameters_that_cannot_be_say_what_is_allowed(self, fit):
        seen = SMALL[fit]
        with pytest.raises(DefinitionError, match="'1mo'.*whole number of days or weeks"):
            fit(seen, time_unit="1mo")
        for penalty in (-1.0, float("nan"), "much", True):
            with pytest.raises(DefinitionError, match="'penalty'.*finite number"):
                fit(seen, penalty=penalty)
        with pytest.raises(DefinitionError, match="no column 'T_days'.*clv_summary"):
            fit(seen.drop("T_days"))
        with pytest.raises(DefinitionError, match="'T_days'.*String"):
            fit(seen.cast({"T_days": pl.String}))
        with pytest.raises(DefinitionError, match="no column 'monetary'"):
            fit_gamma_gamma(seen)
        with pytest.raises(DefinitionError, match="'keep'.*'drop' or 'raise'"):
            fit_gamma_gamma(spending(customers=9), non_positive="keep")


READ_AND_SCORE = """
import json, sys
import polars as pl
from retention_kit.clv import BGNBD, MBGNBD, GammaGamma, ParetoNBD, log_likelihood

rows, texts = json.load(sys.stdin)
frame = pl.DataFrame(rows, orient="row", schema=["frequency", "t_x_days", "T_days", "monetary"])
known = {"BGNBD": BGNBD, "MBGNBD": MBGNBD, "GammaGamma": GammaGamma, "ParetoNBD": ParetoNBD}
scores = {}
for name, text in texts.items():
    model = known[name].from_json(text)
    assert model.fitted.status == "converged"
    scores[name] = frame.select(log_likelihood(model)).to_series().to_list()
json.dump(scores, sys.stdout)
"""


def test_models_that_were_saved_score_the_same_rows_the_same_in_a_new_process():
    models = [fitted_to_small(fit) for fit in FITS]
    models.append(fit_gamma_gamma(spending(customers=400)))
    rows = pl.concat([SMALL[fit_bg_nbd][:50], spending()[:50, 1:]], how="horizontal")
    texts = {type(model).__name__: model.to_json() for model in models}
    given_it = json.dumps([rows.rows(), texts])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ_AND_SCORE],
        input=given_it,
        capture_output=True,
        text=True,
        check=True,
    )
    there = json.loads(done.stdout)
    for model in models:
        here = rows.select(log_likelihood(model)).to_series().to_list()
        assert there[type(model).__name__] == here


def test_a_summary_of_orders_is_fitted_as_its_patterns_are():
    orders = online_retail().orders
    one = fit_mbg_nbd(clv_summary(orders, as_of=ONLINE_RETAIL_AS_OF))
    assert one == fit_mbg_nbd(clv_patterns(orders, as_of=ONLINE_RETAIL_AS_OF))
