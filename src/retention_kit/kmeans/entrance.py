"""What comes into the estimator: tables and arrays of features, checked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from retention_kit.contracts.law import Frame
from retention_kit.errors import nearest_names
from retention_kit.kmeans.problems import FeaturesError
from retention_kit.kmeans.space import feature_names

_ID = "customer_id"


def checked_frame(estimator: BaseEstimator, X: Any, *, reset: bool) -> pl.DataFrame:  # noqa: N803
    """Give features as a table of `Float64` columns whose names do not matter.

    Args:
        estimator: The estimator, which learns the names and the number of features, or checks
            them.
        X: What came: a Polars table, which is not copied, or what scikit-learn takes.
        reset: Whether it learns them.

    Raises:
        FeaturesError: A feature is no number, missing or infinite.
        ValueError: scikit-learn refuses it.
    """
    if isinstance(X, pl.LazyFrame):
        raise FeaturesError(
            "X is a lazy table. Allowed: a Polars or pandas table, or an array. Next step: call "
            ".collect() on it, or fit_customer_clusters(X)."
        )
    if _ID in getattr(X, "columns", ()):
        raise FeaturesError(
            f"X has the column {_ID!r}, which is no feature. Next step: leave it out, "
            f"X.drop({_ID!r}), or fit_customer_clusters(X) and .assign(X).",
            parameter="X",
        )
    if reset:
        _check_names_of_columns(getattr(X, "columns", ()))
    if isinstance(X, pl.DataFrame):
        names = list(X.columns)
        frame = _of_polars(estimator, X, reset=reset)
    else:
        if hasattr(X, "iloc") and hasattr(X, "dtypes") and hasattr(X, "columns"):
            _check_pandas(X)
        checked = validate_data(
            estimator, X, reset=reset, dtype=[np.float64, np.float32], ensure_all_finite=False
        )
        names = list(getattr(estimator, "feature_names_in_", ())) or [
            f"{place} (from 0)" for place in range(checked.shape[1])
        ]
        columns = feature_names(checked.shape[1])
        frame = pl.DataFrame(
            [
                pl.Series(name, np.ascontiguousarray(checked[:, place], dtype=np.float64))
                for place, name in enumerate(columns)
            ]
        )
    _check_finite(frame, names)
    return frame


def columns_to_assign(estimator: BaseEstimator, frame: Frame, *, added: Sequence[str]) -> list[str]:
    """Find the features in a table that clusters are to be put beside.

    Args:
        estimator: A fitted estimator.
        frame: The table.
        added: The columns that it must not have yet.

    Raises:
        FeaturesError: They cannot be found, or are no numbers; or the table has a column of
            `added`.
    """
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise FeaturesError(
            f"The table is of type {type(frame).__name__}. Allowed: a Polars table, lazy or eager. "
            "Next step: pl.from_pandas(…) makes one of a pandas table; .predict(…) takes that and "
            "arrays too.",
            parameter="frame",
        )
    names = list(getattr(estimator, "feature_names_in_", ()))
    if not names:
        raise FeaturesError(
            "The clusters were fitted on features without names, so that the columns of a table "
            "cannot be found. Next step: fit them on a table, or use .predict(…)."
        )
    schema = frame.collect_schema()
    for name in names:
        if name not in schema:
            nearest = nearest_names(name, schema.names())
            hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
            raise FeaturesError(
                f"The table has no column {name!r}, which the clusters were fitted on. It has: "
                f"{', '.join(schema.names())}.{hint} Next step: give the features that they were "
                "fitted on.",
                parameter=name,
            )
        _check_type(name, schema[name])
    for name in added:
        if name in schema:
            raise FeaturesError(
                f"The table has the column {name!r} already. Next step: drop or rename it before.",
                parameter=name,
            )
    return names


def _of_polars(estimator: BaseEstimator, X: pl.DataFrame, *, reset: bool) -> pl.DataFrame:  # noqa: N803
    # scikit-learn would make an array of the whole, and its older versions see no names.
    if reset:
        estimator.n_features_in_ = X.width
        estimator.feature_names_in_ = np.array(X.columns, dtype=object)
    else:
        _check_columns(estimator, X.columns)
    if X.width == 0 or X.height == 0:
        raise FeaturesError(
            f"X has {X.height} sample(s) and {X.width} feature(s) (shape={X.shape}). Allowed: at "
            "least one customer and one feature (a minimum of 1 is required)."
        )
    for name, dtype in X.schema.items():
        _check_type(name, dtype)
    renamed = zip(X.columns, feature_names(X.width), strict=True)
    return X.select(pl.col(name).cast(pl.Float64).alias(column) for name, column in renamed)


def _check_columns(estimator: BaseEstimator, names: Sequence[str]) -> None:
    """Raise where a table has other columns than that which was fitted on, in scikit-learn's words.

    Raises:
        FeaturesError: It has.
    """
    who, fitted = type(estimator).__name__, getattr(estimator, "feature_names_in_", None)
    if fitted is not None and list(names) != fitted.tolist():
        raise FeaturesError(
            "The feature names should match those that were passed during fit, in their order: "
            f"{', '.join(fitted)}. Got: {', '.join(names)}. Next step: X.select(those), or "
            ".assign(X), which finds them.",
            parameter="X",
        )
    if len(names) != estimator.n_features_in_:
        raise FeaturesError(
            f"X has {len(names)} features, but {who} is expecting {estimator.n_features_in_} "
            "features as input.",
            parameter="X",
        )
    if fitted is None:
        told = f"X has feature names, but {who} was fitted without feature names"
        warnings.warn(told, UserWarning, stacklevel=5)


def _check_type(name: str, dtype: pl.DataType) -> None:
    if not (dtype.is_numeric() or dtype == pl.Boolean):
        raise _no_number(name, dtype)


def _check_names_of_columns(names: Sequence[object]) -> None:
    """Raise where features cannot be told apart by name, or have blank names.

    Raises:
        FeaturesError: They cannot.
    """
    listed = list(names)
    are_blank = any(isinstance(name, str) and not name.strip() for name in listed)
    if are_blank or len(set(listed)) < len(listed):
        raise FeaturesError(
            f"The columns of X are {listed}. Allowed: distinct names that are not blank. Next "
            "step: rename them.",
            parameter="X",
        )


def _check_pandas(X: Any) -> None:  # noqa: N803
    """Raise where a column of a pandas table holds no numbers: as dates, which have a number too.

    Raises:
        FeaturesError: One does.
    """
    for place, (name, dtype) in enumerate(zip(X.columns, X.dtypes, strict=True)):
        kind = getattr(dtype, "kind", "O")
        is_number = kind not in "mM"
        if kind == "O":
            try:
                X.iloc[:, place].to_numpy(dtype=np.float64, na_value=np.nan)
            except (TypeError, ValueError):
                is_number = False
        if not is_number:
            raise _no_number(name, dtype)


def _no_number(name: object, dtype: object) -> FeaturesError:
    return FeaturesError(
        f"Feature {name!r} is {dtype}. Allowed: numbers, and true and false. Next step: turn it "
        "into numbers: a date into days, a choice into a column each; or leave it out.",
        parameter=str(name),
    )


def _check_finite(frame: pl.DataFrame, names: Sequence[str]) -> None:
    finite = frame.select(pl.all().is_finite().fill_null(value=False).sum()).row(0)
    wrong = [
        f"{name!r} in {frame.height - good:,}"
        for name, good in zip(names, finite, strict=True)
        if good < frame.height
    ]
    if wrong:
        raise FeaturesError(
            f"Features are missing (null, NaN) or infinite (inf): of {frame.height:,} rows, "
            f"{', '.join(wrong)}. Allowed: finite numbers. Next step: say what stands for what is "
            "missing, with .fill_null(…) or customer_columns={'age': 40}, or leave those customers "
            "out."
        )
