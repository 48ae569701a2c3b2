"""Segments as data: every combination of scores is in exactly one, and says so when it is not."""

from __future__ import annotations

import itertools
import json

import jsonschema
import polars as pl
import pytest

from retention_kit.errors import DefinitionError
from retention_kit.rfm import RFMRule, RFMScorer, RFMSegments

SCORES = ("recency_score", "frequency_score", "monetary_score")
PRESETS = {"three": RFMSegments.three_levels(), "five": RFMSegments.five_levels()}


def scored(codes: list[tuple[int | None, ...]]) -> pl.DataFrame:
    return pl.DataFrame(codes, schema=dict.fromkeys(SCORES, pl.Int64), orient="row")


def halves(**changes: object) -> dict:
    """Give segments of recency alone, two levels."""
    rules = [RFMRule(segment="here", recency=1), RFMRule(segment="gone", recency=2)]
    return {"best": "low", "levels": (2, None, None), "rules": rules, **changes}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
class TestPresets:
    def test_each_combination_of_scores_is_in_exactly_one_segment(self, preset):
        levels = [count or 4 for count in preset.levels]
        codes = list(itertools.product(*(range(1, count + 1) for count in levels)))
        frame = scored(codes)
        takers = frame.select(pl.sum_horizontal(rule.takes() for rule in preset.rules))
        assert set(takers.to_series()) == {1}
        found = preset.assign(frame)["segment"]
        assert set(found.to_list()) == set(preset.names)

    def test_each_segment_says_what_to_do(self, preset):
        assert set(preset.plays) == set(preset.names)

    def test_it_comes_back_from_json_the_same(self, preset):
        again = RFMSegments.from_json(preset.to_json())
        assert again == preset
        assert hash(again) == hash(preset)
        jsonschema.validate(json.loads(preset.to_json()), RFMSegments.json_schema())

    def test_who_has_no_scores_has_no_purchases(self, preset):
        found = preset.assign(scored([(None, None, None)]))
        assert found["segment"].to_list() == ["no purchases"]


def test_111_are_the_best_of_27_codes():
    segments = PRESETS["three"]
    assert segments.codes["best"] == ("111",)
    assert sum(len(codes) for codes in segments.codes.values()) == 27
    assert "Exclusive offers, a personal consultation" in segments.plays["best"]
    assert segments.codes["lost"] == ("322", "323", "332", "333")


def test_five_levels_have_the_eleven_segments_of_the_field():
    segments = PRESETS["five"]
    assert segments.names == (
        "champions",
        "loyal",
        "potential loyal",
        "new",
        "promising",
        "need attention",
        "about to sleep",
        "at risk",
        "cannot lose",
        "hibernating",
        "lost",
    )
    assert segments.codes["champions"] == ("54*", "55*")
    assert segments.codes["cannot lose"] == ("15*", "25*")
    assert sum(len(codes) for codes in segments.codes.values()) == 25


class TestYourOwn:
    def test_a_segment_may_have_several_rules_and_any_score(self):
        segments = RFMSegments(
            best="high",
            levels=(2, 2, 2),
            rules=[
                RFMRule(segment="good", recency=2, frequency=2, play="Thank them."),
                RFMRule(segment="rest", recency=1),
                RFMRule(segment="good", recency=2, frequency=1, monetary=2),
                RFMRule(segment="rest", recency=(2, 2), frequency=(1, 1), monetary=(1, 1)),
            ],
        )
        assert segments.names == ("good", "rest")
        assert segments.codes["good"] == ("212", "221", "222")
        assert segments.plays == {"good": "Thank them."}
        found = segments.assign(scored([(2, 1, 2), (2, 1, 1), (1, 2, 2)]))
        assert found["segment"].to_list() == ["good", "rest", "rest"]

    def test_a_dimension_that_is_not_looked_at_need_not_be_there(self):
        segments = RFMSegments(**halves())
        found = segments.assign(scored([(1, 9, 9), (2, None, None)]).select("recency_score"))
        assert found["segment"].to_list() == ["here", "gone"]

    def test_a_gap_is_named_by_its_scores(self):
        rules = [RFMRule(segment="a", recency=1), RFMRule(segment="b", recency=2, frequency=(2, 3))]
        with pytest.raises(DefinitionError, match=r"No rule takes the scores 211, 212\.") as caught:
            RFMSegments(best="low", levels=(2, 3, 2), rules=rules)
        assert caught.value.parameter == "rules"

    def test_an_overlap_is_named_by_its_scores_and_segments(self):
        rules = [RFMRule(segment="a", recency=(1, 2)), RFMRule(segment="b", recency=(2, 3))]
        with pytest.raises(
            DefinitionError, match=r"Several rules take the scores 2\*\* \(a, b\)\."
        ):
            RFMSegments(best="low", levels=(3, None, None), rules=rules)

    def test_many_gaps_are_counted(self):
        with pytest.raises(DefinitionError, match=r"scores 1-1-\*, .*, 1-12-\* and 144 more\."):
            RFMSegments(best="low", levels=(12, 13, None), rules=[])

    @pytest.mark.parametrize(
        ("changes", "parameter"),
        [
            ({"best": "1"}, "best"),
            ({"levels": (1, None, None)}, "levels"),
            ({"levels": (21, None, None)}, "levels"),
            ({"levels": (None, None, None)}, "levels"),
            ({"rules": [RFMRule(segment="all", recency=(1, 3))]}, "recency"),
            ({"rules": [RFMRule(segment="all", frequency=1)]}, "frequency"),
            (
                {
                    "rules": [
                        RFMRule(segment="a", recency=1, play="this"),
                        RFMRule(segment="a", recency=2, play="that"),
                    ]
                },
                "play",
            ),
        ],
    )
    def test_what_makes_no_segments_is_refused(self, changes, parameter):
        with pytest.raises(DefinitionError) as caught:
            RFMSegments(**halves(**changes))
        assert caught.value.parameter == parameter

    @pytest.mark.parametrize(
        "fields",
        [
            {"recency": 0},
            {"recency": (2, 1)},
            {"recency": "1-2"},
            {"recency": True},
            {"segment": "no purchases"},
            {"segment": ""},
            {"segment": " "},
            {"when": 1},
        ],
    )
    def test_a_rule_that_cannot_be_is_refused(self, fields):
        with pytest.raises(DefinitionError):
            RFMRule(**{"segment": "a", **fields})


def test_what_version_1_wrote_is_read():
    text = """{"format": "retention_kit.rfm_segments", "version": 1, "best": "low",
    "levels": [2, null, null], "rules": [
    {"segment": "here", "recency": [1, 1], "frequency": null, "monetary": null, "play": null},
    {"segment": "gone", "recency": [2, 2], "frequency": null, "monetary": null, "play": null}]}"""
    assert RFMSegments.from_json(text) == RFMSegments(**halves())


class TestFit:
    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"best": "high"}, "best='high'.*best='low'"),
            ({"frequency": (2, 3, 4)}, "4 levels of frequency.*Allowed: 3"),
        ],
    )
    def test_a_scorer_of_other_levels_or_direction_is_refused(self, changes, says):
        edges = {"recency_days": (1, 2), "frequency": (1, 2), "monetary": (1, 2)}
        scorer = RFMScorer.from_thresholds(**{**edges, **changes})
        with pytest.raises(DefinitionError, match=says) as caught:
            PRESETS["three"].assign(scored([(1, 1, 1)]), scorer=scorer)
        assert caught.value.parameter == "scorer"

    def test_where_money_is_not_looked_at_it_may_have_any_levels(self):
        edges = {"recency_days": (1, 2, 3, 4), "frequency": (1, 2, 3, 4), "monetary": [5]}
        PRESETS["five"].check(RFMScorer.from_thresholds(**edges, best="high"))

    def test_a_score_beyond_the_levels_has_no_segment(self):
        assert PRESETS["three"].assign(scored([(4, 1, 1)]))["segment"].to_list() == [None]

    def test_a_table_without_scores_is_refused(self):
        with pytest.raises(DefinitionError, match="no column 'recency_score'"):
            PRESETS["three"].assign(pl.DataFrame({"frequency_score": [1]}))

    def test_what_is_no_table_or_no_scorer_is_refused(self):
        with pytest.raises(DefinitionError, match="'scored' is of type NoneType"):
            PRESETS["three"].assign(None)
        with pytest.raises(DefinitionError, match=r"'scorer' is of type dict\. Allowed: an RFMSc"):
            PRESETS["three"].assign(scored([(1, 1, 1)]), scorer={})
