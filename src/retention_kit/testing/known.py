"""What the arguments of the library's own functions may be, where their annotations cannot say.

Models, programs and segments are given to what applies them: any will do, and these are some.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from retention_kit.contracts.law import kind_of

if TYPE_CHECKING:
    from retention_kit.smart_segments import Segment


def known_arguments(function: Callable[..., Any]) -> dict[str, SearchStrategy[Any]]:
    """Give strategies for the arguments of a function that the library knows by their names.

    Pass them to `arguments_for(function, known=…)`, before or after your own. They are models
    with parameters as published, RFM edges, segments and loyalty programs that any shop can be
    asked, and choices whose words an annotation does not tell.

    Args:
        function: A function that declares its kind, of the library or your own.

    Returns:
        Strategies by parameter, of the function and of those before it.

    Examples:
        >>> from retention_kit.rfm import rfm_scores
        >>> sorted(known_arguments(rfm_scores))
        ['scorer', 'window']
    """
    own = _KNOWN_TO.get(function.__name__, {})
    found = {}
    for name in _names_of(function):
        made = own.get(name, _KNOWN.get(name))
        if made is not None:
            found[name] = made()
    return found


def _names_of(function: Callable[..., Any]) -> list[str]:
    kind = kind_of(function)
    before = _names_of(kind.of) if kind is not None and kind.of is not None else []
    return [*inspect.signature(function).parameters, *before]


# Made late and once: some need libraries that not everybody has.
@functools.cache
def _scorers() -> SearchStrategy[Any]:
    from retention_kit.rfm import RFMScorer

    thresholds = {"recency_days": (30, 90), "frequency": (2, 4), "monetary": (100, 1000)}
    return st.just(RFMScorer.from_thresholds(**thresholds, best="low"))


@functools.cache
def _rfm_segments() -> SearchStrategy[Any]:
    from retention_kit.rfm import RFMSegments

    return st.just(RFMSegments.three_levels())


@functools.cache
def _value_models() -> SearchStrategy[Any]:
    from retention_kit.clv import BGNBD, MBGNBD, GammaGamma, ParetoNBD, ValueModel

    modified = MBGNBD(r=0.52, alpha=6.2, a=0.89, b=1.6, time_unit="1w")
    basic = BGNBD(r=0.24, alpha=30.9, a=0.79, b=2.4)
    pareto = ParetoNBD(r=0.55, alpha=10.6, s=0.61, beta=11.7, time_unit="1w")
    spend = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    return st.sampled_from(
        (
            ValueModel(transactions=modified, alive=modified, spend=spend),
            ValueModel(transactions=basic, alive=modified),
            ValueModel(transactions=pareto, alive=pareto, spend=spend),
        )
    )


@functools.cache
def _clusters() -> SearchStrategy[Any]:
    import polars as pl

    from retention_kit.kmeans import CustomerKMeans

    features = {
        "recency_days": [1.0, 2.0, 80.0, 90.0],
        "frequency": [9.0, 8.0, 1.0, 1.0],
        "monetary": [900.0, 800.0, 10.0, 9.0],
    }
    return st.just(CustomerKMeans(2).fit(pl.DataFrame(features)))


@functools.cache
def _segments_of_customers() -> tuple[Segment, ...]:
    from retention_kit.smart_segments import (
        Segment,
        birthday,
        bought,
        bucket,
        consent,
        did,
        returned,
    )

    tea = bought(category=["tea", "чай"])
    conditions = (
        ~tea.within("1y"),
        tea.within("1y").not_followed_by(returned(), within="30d").unfinished("unknown"),
        bought().followed_by(tea.kept(), within="1mo", without=did("Cart Viewed")),
        (bought().mean("amount") >= 40) | birthday(days=31) | consent("email"),
        bought().active_in(2, of_last=6, every="1mo") & bucket("a", 0, 0.5),
        bought().first().has(channel="site") | bought().reactivated("31d"),
    )
    return tuple(
        Segment(name=f"segment {number}", condition=condition)
        for number, condition in enumerate(conditions)
    )


def _one_segment() -> SearchStrategy[Any]:
    return st.sampled_from(_segments_of_customers())


def _some_segments() -> SearchStrategy[Any]:
    return st.lists(st.sampled_from(_segments_of_customers()), max_size=3, unique=True)


@functools.cache
def _programs() -> SearchStrategy[Any]:
    from retention_kit.loyalty_rules.ready import (
        bronze_silver_gold,
        cashback,
        gamified,
        short_points,
    )

    made = (bronze_silver_gold, cashback, gamified, short_points)
    return st.sampled_from([one(currency="RUB") for one in made])


_Made = Callable[[], SearchStrategy[Any]]
_KNOWN: Mapping[str, _Made] = {
    "scorer": _scorers,
    "segments": _rfm_segments,
    "model": _value_models,
    "clusters": _clusters,
    "window": lambda: st.sampled_from((None, "1d", "1mo")),
    "channel": lambda: st.sampled_from(("email", "sms")),
    "purpose": lambda: st.sampled_from(("messages", "advertising")),
    "segment": _one_segment,
    "program": _programs,
}


def _periods() -> SearchStrategy[Any]:
    return st.just("period")


# Of one name, and not the same.
_KNOWN_TO: Mapping[str, Mapping[str, _Made]] = {
    "segment_table": {"segments": _some_segments},
    "channel_economics": {"ages": _periods},
    "payback_curve": {"ages": _periods},
    "payback_months": {"ages": _periods},
}
