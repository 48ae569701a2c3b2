"""The estimator keeps scikit-learn's contract, whole and under several settings."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from retention_kit.kmeans import CustomerKMeans

SETTINGS = [
    CustomerKMeans(),
    CustomerKMeans(n_clusters=2, log=False, scale=False, n_init=2),
    CustomerKMeans(n_clusters=5, full_below=100, n_init=1),
]
MARK = parametrize_with_checks(SETTINGS)
NAMES, CHECKS = MARK.args


# The mark of scikit-learn 1.6 holds a generator, which pytest takes no longer.
@pytest.mark.parametrize(NAMES, list(CHECKS), **MARK.kwargs)
def test_it_keeps_the_contract_of_scikit_learn(estimator, check):
    check(estimator)
