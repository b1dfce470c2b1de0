"""Models as C: compiled without a warning, they give the engine's predictions."""

import ctypes

import numpy as np
import pytest

import deepgen
from deepgen.export import to_c
from export.compiled import call, classes_of, compiled, compiler  # noqa: F401
from export.random_models import LABELS, REGRESSORS, ROWS, classifier, regressor


@pytest.mark.parametrize("name", REGRESSORS)
def test_predictions_of_regressors(name, tmp_path, compiler):  # noqa: F811
    model = regressor(name)
    expected = model.predict(ROWS).reshape(len(ROWS), -1)
    library = compiled(to_c(model), tmp_path, compiler)
    got = call(library.model_predict, ROWS, expected.shape[1])
    size = np.abs(expected - np.mean(expected)).max()
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6 * size)


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("name", LABELS)
def test_predictions_of_classifiers(name, n_members, tmp_path, compiler):  # noqa: F811
    model = classifier(name, n_members=n_members)
    probabilities, labels = model.predict_proba(ROWS), model.predict(ROWS)
    library = compiled(to_c(model), tmp_path, compiler)
    n_classes = probabilities.shape[1]
    got = call(library.model_probabilities, ROWS, n_classes)
    np.testing.assert_allclose(got, probabilities, atol=1e-6)
    names = classes_of(library, n_classes)
    assert names == [str(label) for label in model.classes_]
    if name == "several":
        got = call(library.model_predict, ROWS, n_classes, ctypes.c_int)
        np.testing.assert_array_equal(got, labels)
    else:
        rows = ROWS.astype(np.float64)
        places = [library.model_predict(row.ctypes.data_as(ctypes.c_void_p)) for row in rows]
        np.testing.assert_array_equal(model.classes_[places], labels)


@pytest.mark.parametrize("name", [*REGRESSORS, *LABELS])
def test_c_has_the_values_of_the_portable_path(name, tmp_path, compiler, monkeypatch):  # noqa: F811
    is_class = name in LABELS
    model = classifier(name) if is_class else regressor(name)
    model.save(tmp_path / "model.dgn")
    monkeypatch.setenv("DEEPGEN_SIMD", "portable")
    portable = deepgen.load(tmp_path / "model.dgn")
    assert {member.network_.core.simd for member in portable.members_} == {"portable"}
    expected = portable.predict_proba(ROWS) if is_class else portable.predict(ROWS)
    expected = expected.reshape(len(ROWS), -1)
    library = compiled(to_c(portable), tmp_path, compiler)
    function = library.model_probabilities if is_class else library.model_predict
    got = call(function, ROWS, expected.shape[1])
    size = np.abs(expected - np.mean(expected)).max()
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6 * size)


def test_a_name_must_be_an_identifier():
    model = regressor("members")
    assert "net_2_predict(const double *x, double *y)" in to_c(model, name="net_2")
    with pytest.raises(ValueError, match="name must be an identifier of C"):
        to_c(model, name="2nd")
