"""How sure a share is: Wilson's score interval, for one pair of counts and for a reduced table."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import polars as pl

from retention_kit.contracts.law import Frame
from retention_kit.errors import bad_parameter
from retention_kit.metrics.base.plain_numbers import whole


class Interval(NamedTuple):
    """The two ends of an interval.

    Attributes:
        low: The lower end.
        high: The upper end.
    """

    low: float
    high: float


def wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Interval | None:
    """Give the interval in which the share behind two counts lies.

    Args:
        successes: How many did it, 0 to `trials`.
        trials: How many could have.
        confidence: How often such intervals hold the true share, above 0 and below 1.

    Returns:
        The two ends, 0 … 1; None without trials.

    Raises:
        DefinitionError: A count is not a whole number, is negative, or there are more successes
            than trials; or `confidence` is not between 0 and 1.

    Notes:
        With p = successes / trials, n = trials and z the normal quantile of (1 + confidence) / 2,
        the ends are (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Unlike p ± z √(p(1 − p)/n)
        it stays within 0 … 1 and holds for few customers and for shares near the ends. There is
        no correction for continuity.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference.
        Newcombe (1998), Two-sided confidence intervals for the single proportion.

    Examples:
        >>> low, high = wilson_interval(81, 263)
        >>> round(low, 4), round(high, 4)
        (0.2553, 0.3662)
    """
    whole("successes", successes)
    whole("trials", trials)
    if successes > trials:
        raise bad_parameter(
            "successes",
            got=successes,
            allowed=f"at most the {trials} trials",
            step="count each customer once.",
        )
    z = normal_quantile(confidence)
    if trials == 0:
        return None
    share = successes / trials
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    middle, scale = share + z * z / (2 * trials), 1 + z * z / trials
    return Interval(
        0.0 if successes == 0 else (middle - spread) / scale,
        1.0 if successes == trials else (middle + spread) / scale,
    )


def with_wilson(
    frame: Frame, share: str, successes: str, trials: str, confidence: float = 0.95
) -> Frame:
    """Add the two ends of a share's interval to a reduced table.

    Args:
        frame: A table with the two counts.
        share: What the share is called; it need not be there itself.
        successes: The column of its numerator.
        trials: The column of its denominator.
        confidence: How often such intervals hold the true share, above 0 and below 1.

    Returns:
        The table with `<share>_low` and `<share>_high` (`Float64`) at its end, null where there
        are no trials, a count is null, or there are more successes than trials.

    Raises:
        DefinitionError: `confidence` is not between 0 and 1.
    """
    z = normal_quantile(confidence)
    did, could = pl.col(successes).cast(pl.Float64), pl.col(trials).cast(pl.Float64)
    part = did / could
    spread = z * (part * (1 - part) / could + z * z / (4 * could * could)).sqrt()
    middle, scale = part + z * z / (2 * could), 1 + z * z / could
    is_share = (could > 0) & did.is_between(0, could)
    # At 0 and at 1 the end is known exactly, and rounding must not move it.
    low = pl.when(did == 0).then(0.0).otherwise((middle - spread) / scale)
    high = pl.when(did == could).then(1.0).otherwise((middle + spread) / scale)
    return frame.with_columns(
        pl.when(is_share).then(low).alias(f"{share}_low"),
        pl.when(is_share).then(high).alias(f"{share}_high"),
    )


def normal_quantile(confidence: float) -> float:
    """Give z, so that a standard normal value lies between −z and z with this probability.

    Raises:
        DefinitionError: It is not between 0 and 1.
    """
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        raise _bad_confidence(confidence)
    if not 0 < confidence < 1:
        raise _bad_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _bad_confidence(got: object) -> Exception:
    return bad_parameter("confidence", got=got, allowed="a number above 0 and below 1")
