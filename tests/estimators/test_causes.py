"""Errors have causes that come to an end."""

import numpy as np
import pytest

from deepgen import MLPRegressor
from estimators.samples import curve, features

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)


@pytest.mark.parametrize(
    "wrong",
    [X[:, 0], X[:, :2], X[:0], X.astype(object) + 1j, X * np.nan, [["a"] * 5], {"a": 1}, None],
    ids=["row", "few", "none", "complex", "gaps", "words", "dict", "None"],
)
def test_the_causes_of_an_error_have_an_end(wrong):
    """Tools that follow them, as Dask's, would go round for ever."""
    fitted = MLPRegressor(max_iter=3).fit(X, Y)
    calls = [lambda: fitted.predict(wrong)]
    # Two columns can be learned from, but are not those of the fitted model.
    if np.shape(wrong) != (len(X), 2):
        calls.append(lambda: MLPRegressor(max_iter=3).fit(wrong, Y))
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        error, seen = caught.value, []
        while error is not None:
            assert not any(error is each for each in seen)
            seen.append(error)
            error = error.__cause__ or error.__context__
