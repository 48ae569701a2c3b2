"""The functions that apply models keep the law they declare, on any engine and in any parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_kit.clv import (
    BGNBD,
    MBGNBD,
    GammaGamma,
    ParetoNBD,
    ValueModel,
    conditional_expectations,
    cumulative_tracking,
    holdout_summary,
    holdout_totals,
    predicted_values,
    repeat_frequency,
    tracking_totals,
)
from retention_kit.testing import arguments_for, prove, shops, tables_needed

MBG = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
BG = BGNBD(r=0.24, alpha=30.9, a=0.79, b=2.4)
PARETO = ParetoNBD(r=0.55, alpha=10.6, s=0.61, beta=11.7, time_unit="1w")
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)
MODELS = st.sampled_from(
    (
        ValueModel(transactions=MBG, alive=MBG, spend=SPEND),
        ValueModel(transactions=BG, alive=MBG),
        ValueModel(transactions=PARETO, alive=PARETO, spend=SPEND),
    )
)
KNOWN = {"model": MODELS, "horizon": st.sampled_from(("90d", "1mo", "1y"))}


@pytest.mark.parametrize(
    "function",
    [
        conditional_expectations,
        cumulative_tracking,
        holdout_summary,
        holdout_totals,
        predicted_values,
        repeat_frequency,
        tracking_totals,
    ],
)
def test_a_function_keeps_the_law_it_declares(function):
    @given(st.data())
    def keeps_it(data):
        shop = data.draw(shops(tables_needed(function)))
        strategy = arguments_for(function, time_zone=shop.time_zone, known=KNOWN)
        arguments = data.draw(strategy)
        prove(function, shop.lazy(), parts=data.draw(st.integers(2, 5)), arguments=arguments)

    keeps_it()
