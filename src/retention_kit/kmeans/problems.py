"""What is wrong with a table of features, or with what was asked of it."""

from __future__ import annotations

from retention_kit.errors import DefinitionError


class FeaturesError(DefinitionError, ValueError):
    """The features, or the clusters asked for, cannot be used.

    It is a `ValueError` too, which is what scikit-learn's tools expect of an estimator.
    """


def too_far(rows: str = "Rows") -> FeaturesError:
    """Make the error for rows whose distances are beyond the largest float.

    Args:
        rows: Which ones, as the beginning of a sentence.
    """
    return FeaturesError(
        f"{rows} are too far from every cluster to be measured. Allowed: features whose squared "
        "distances are floats, some 1e150 at most. Next step: look for wrong values, or fit with "
        "log=True and scale=True.",
        parameter="X",
    )


def refused(parameter: str, *, got: object, allowed: str, step: str = "") -> FeaturesError:
    """Make the error for a parameter of an estimator, in the shape that they all have."""
    tail = f" Next step: {step}" if step else ""
    return FeaturesError(
        f"Parameter {parameter!r} is {got!r}. Allowed: {allowed}.{tail}", parameter=parameter
    )
