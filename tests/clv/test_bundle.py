"""The models together, as JSON: what was saved predicts the same elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import jsonschema
import polars as pl
import pytest

from retention_kit.clv import (
    BGNBD,
    MBGNBD,
    FitReport,
    GammaGamma,
    ParetoNBD,
    ValueModel,
    clv_summary,
    fit_value_model,
)
from retention_kit.datasets import ONLINE_RETAIL_AS_OF, online_retail
from retention_kit.errors import DataWarning, DefinitionError
from retention_kit.metrics import measure

MBG = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
BG = BGNBD(r=0.24, alpha=4.41, a=0.79, b=2.43, time_unit="1w")
PARETO = ParetoNBD(r=0.55, alpha=10.6, s=0.61, beta=11.7, time_unit="1w")
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)
BUNDLES = (
    ValueModel(transactions=MBG, alive=MBG, spend=SPEND),
    ValueModel(transactions=BG, alive=MBG),
    ValueModel(transactions=PARETO, alive=PARETO, spend=SPEND),
)
SUMMARY = pl.DataFrame(
    {
        "customer_id": [1, 2, 3, 4],
        "frequency": [0, 2, 40, 1],
        "t_x_days": [0.0, 213.0, 260.5, 3.0],
        "T_days": [272.0, 272.0, 265.25, 100.0],
        "monetary": [None, 50.0, 12.5, 80.0],
    }
)

IN_A_NEW_PROCESS = """
import sys
from pathlib import Path
import polars as pl
from retention_kit.clv import ValueModel
folder = Path(sys.argv[1])
summary = pl.read_parquet(folder / "summary.parquet")
for kept in folder.glob("*.json"):
    model = ValueModel.from_json(kept.read_text())
    model.predict(summary, horizon="39w").write_parquet(kept.with_suffix(".there"))
"""


def report(status, message="So it is."):
    return FitReport(
        status=status,
        reason="converged" if status == "converged" else "infinite_mean",
        message=message,
        log_likelihood=-1.0,
        aic=2.0,
        customers=9,
        standard_errors={},
    )


@pytest.mark.parametrize("model", BUNDLES)
def test_a_model_comes_back_from_json_as_it_was(model):
    assert ValueModel.from_json(model.to_json()) == model
    again = ValueModel.from_json(model.to_json())
    assert type(again.transactions) is type(model.transactions)


@pytest.mark.parametrize("model", BUNDLES)
def test_the_json_keeps_its_own_schema(model):
    schema = ValueModel.json_schema()
    jsonschema.validate(json.loads(model.to_json()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(model.to_json()), "transactions": {"r": 1}}, schema)


def test_the_json_holds_parameters_and_no_customers():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        model = fit_value_model(SUMMARY, penalty=0.5)
    kept = json.loads(model.to_json())
    assert set(kept) == {"format", "version", "transactions", "alive", "spend"}
    assert kept["transactions"]["format"] == "retention_kit.mbg_nbd"
    assert len(model.to_json()) < 5_000


def test_a_saved_model_predicts_the_same_in_a_new_process(tmp_path):
    SUMMARY.write_parquet(tmp_path / "summary.parquet")
    for index, model in enumerate(BUNDLES):
        (tmp_path / f"{index}.json").write_text(model.to_json())
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, str(tmp_path)], check=True)
    for index, model in enumerate(BUNDLES):
        there = pl.read_parquet(tmp_path / f"{index}.there")
        assert there.equals(model.predict(SUMMARY, horizon="39w"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MBG.to_json(), r"'retention_kit\.mbg_nbd'.*'retention_kit\.value_model'"),
        ({"alive": json.loads(BG.to_json())}, "alive.*retention_kit.mbg_nbd"),
        ({"transactions": json.loads(SPEND.to_json())}, "transactions.*retention_kit.bg_nbd"),
        ({"transactions": {**json.loads(MBG.to_json()), "version": 99}}, "version 99"),
        ({"transactions": {**json.loads(MBG.to_json()), "r": -1}}, "r: .*greater than 0"),
        ({"spend": 3}, "spend"),
    ],
)
def test_what_cannot_be_read_says_what_and_what_to_do(text, says):
    if isinstance(text, dict):
        text = json.dumps({**json.loads(BUNDLES[0].to_json()), **text})
    with pytest.raises(DefinitionError, match=says) as caught:
        ValueModel.from_json(text)
    assert "Next step:" in str(caught.value)


def test_bg_nbd_may_not_say_who_is_alive():
    with pytest.raises(DefinitionError, match="alive"):
        ValueModel(transactions=BG, alive=BG)


class TestStatus:
    def test_the_worst_of_the_parts_counts(self):
        good = MBG.model_copy(update={"fitted": report("converged")})
        bad = SPEND.model_copy(update={"fitted": report("degenerate", "The mean is infinite.")})
        model = ValueModel(transactions=good, alive=good, spend=bad)
        assert model.status == "degenerate"
        assert model.messages["spend"] == "degenerate: The mean is infinite."
        assert set(model.messages) == {"transactions", "alive", "spend"}

    def test_parameters_that_were_given_have_none(self):
        assert BUNDLES[0].status is None
        assert BUNDLES[0].messages == {}

    def test_on_online_retail_it_says_not_to_trust_it(self):
        summary = clv_summary(online_retail().orders, as_of=ONLINE_RETAIL_AS_OF)
        model = fit_value_model(summary, transactions="bg_nbd", spend=False)
        assert model.status == "degenerate"
        assert "Nobody is predicted to churn" in model.messages["transactions"]


class TestFit:
    def test_which_models_are_fitted(self):
        kinds = {"mbg_nbd": MBGNBD, "bg_nbd": BGNBD, "pareto_nbd": ParetoNBD}
        for name, kind in kinds.items():
            model = fit_value_model(SUMMARY, transactions=name, penalty=0.5, spend=False)
            assert type(model.transactions) is kind
            assert model.spend is None
            assert isinstance(model.alive, MBGNBD if name == "bg_nbd" else kind)
            assert model.transactions.time_unit == "1w"

    def test_the_order_of_rows_changes_nothing(self):
        models = [
            fit_value_model(table, spend=False, penalty=0.5)
            for table in (SUMMARY, SUMMARY.reverse(), SUMMARY.lazy())
        ]
        assert models[0] == models[1] == models[2]

    def test_an_unknown_model_is_refused(self):
        with pytest.raises(DefinitionError, match="'transactions' is 'nbd'.*'mbg_nbd'"):
            fit_value_model(SUMMARY, transactions="nbd")

    def test_at_once_from_a_shop(self):
        model = measure(
            fit_value_model, online_retail(), as_of=ONLINE_RETAIL_AS_OF, spend=False, penalty=0.5
        )
        assert model.transactions.fitted.customers == 4338
