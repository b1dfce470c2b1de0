"""What predict refuses, in C: NaN and infinity give NaN, and no plausible prediction."""

import ctypes

import numpy as np
import pandas as pd
import pytest

from deepgen import TabularClassifier, TabularRegressor
from deepgen.export import to_c
from export.compiled import call, compiled, compiler  # noqa: F401
from export.random_models import LABELS, N_FEATURES, REGRESSORS, ROWS, classifier, regressor
from export.test_tables import MODELS, c_rows, fitted

REFUSED = [np.nan, np.inf, -np.inf]
FAR_DATES = [np.inf, -np.inf, 1e300, -1e300, 2.0**53]


def refused_rows():
    """A row for each feature and each of the values."""
    rows = np.repeat(ROWS[:1].astype(np.float64), N_FEATURES * len(REFUSED), axis=0)
    for place, row in enumerate(rows):
        row[place % N_FEATURES] = REFUSED[place // N_FEATURES]
    return rows


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("name", REGRESSORS)
def test_predictions_are_nan(name, clip, tmp_path, compiler):  # noqa: F811
    model = regressor(name, clip_predictions=clip)
    library = compiled(to_c(model), tmp_path, compiler)
    n_outputs = model.predict(ROWS[:1]).size
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(refused_rows())
    assert np.isnan(call(library.model_predict, refused_rows(), n_outputs)).all()


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("name", LABELS)
def test_probabilities_are_nan_and_the_label_is_the_first(
    name,
    n_members,
    tmp_path,
    compiler,  # noqa: F811
):
    model = classifier(name, n_members=n_members)
    source = to_c(model)
    library = compiled(source, tmp_path, compiler)
    rows, n_classes = refused_rows(), model.predict_proba(ROWS[:1]).shape[1]
    assert np.isnan(call(library.model_probabilities, rows, n_classes)).all()
    if name == "several":
        assert not call(library.model_predict, rows, n_classes, ctypes.c_int).any()
        assert "all probabilities are NaN, and all labels are 0." in source
    else:
        assert not any(library.model_predict(row.ctypes.data_as(ctypes.c_void_p)) for row in rows)
        assert "all probabilities are NaN, and the place is 0." in source


def with_value(model, rows, place, value):
    """The first row as C has it, with another value in a column."""
    row = next(c_rows(model, rows))
    setattr(row, f"field{place}", value)
    return row


@pytest.mark.parametrize("name", MODELS)
def test_infinite_numbers_and_dates_of_a_table_give_nan(name, tmp_path, compiler):  # noqa: F811
    model, rows = fitted(name, TabularRegressor)
    library = compiled(to_c(model), tmp_path, compiler)
    tried = set()
    for place, column in enumerate(model.encoder_.columns_):
        if getattr(column, "is_text", False):
            continue
        for value in FAR_DATES if column.kind == "date" else REFUSED[1:]:
            y = ctypes.c_double()
            row = with_value(model, rows, place, value)
            library.model_predict(ctypes.byref(row), ctypes.byref(y))
            assert np.isnan(y.value), (column.name, value)
            tried.add(column.name)
    assert tried >= {"size", "sold", "double"}  # a number, a date, a category of numbers


def test_infinite_numbers_give_the_first_class(tmp_path, compiler):  # noqa: F811
    model, rows = fitted("codes", TabularClassifier)
    library = compiled(to_c(model), tmp_path, compiler)
    place = [column.kind for column in model.encoder_.columns_].index("number")
    row = with_value(model, rows, place, np.inf)
    assert library.model_predict(ctypes.byref(row)) == 0
    p = np.empty(len(model.classes_))
    library.model_probabilities(ctypes.byref(row), p.ctypes.data_as(ctypes.c_void_p))
    assert np.isnan(p).all()


def test_a_column_that_is_only_missing_or_not(tmp_path, compiler):  # noqa: F811
    rng = np.random.default_rng(0)
    size = rng.normal(size=200)
    rows = pd.DataFrame({"size": size, "note": np.where(size > 0, 1.0, np.nan)})
    model = TabularRegressor(preset="fast", network={"max_iter": 2}, random_state=0).fit(rows, size)
    library = compiled(to_c(model), tmp_path, compiler)
    got = np.empty(len(rows))
    for place, row in enumerate(c_rows(model, rows)):
        library.model_predict(ctypes.byref(row), got[place:].ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_allclose(got, model.predict(rows), atol=1e-6)
