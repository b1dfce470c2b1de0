"""Features in all forms, converted once, and messages for those that are wrong."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import validate_data

from deepgen import MLPClassifier, MLPRegressor
from deepgen._inputs.features import as_matrix, check_features
from deepgen.losses import Huber, Quantile
from deepgen.normalizations import BatchNorm
from deepgen.optimizers import LBFGS, SGD, Adam
from deepgen.schedules import Adaptive, InvScaling
from deepgen.skips import Highway, Residual
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
THIN = sparse.random(157, 40, density=0.1, random_state=0, format="csr")


def model_of(**settings):
    return MLPRegressor(**{"max_iter": 3, "random_state": 0, **settings})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "form",
    [
        lambda X: X.tolist(),
        lambda X: X.astype(np.float32).astype(np.float64),
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1][::-1],
        lambda X: pd.DataFrame(X, columns=list("abcde")),
    ],
    ids=["list", "double", "fortran", "strided", "reversed", "frame"],
)
def test_the_form_of_features_does_not_matter(form, dtype):
    exact = X.astype(np.float32).astype(np.float64)
    plain = model_of(dtype=dtype).fit(exact, Y)
    other = model_of(dtype=dtype).fit(form(exact), Y)
    assert same_bits(plain, other)
    assert np.array_equal(plain.predict(exact), other.predict(form(exact)))


def test_read_only_features_are_left_alone():
    frozen, y = X.copy(), Y.copy()
    frozen.flags.writeable = y.flags.writeable = False
    assert same_bits(model_of().fit(frozen, y), model_of().fit(X, Y))


def test_integers_are_features_too():
    counts = np.arange(50).reshape(25, 2)
    assert model_of().fit(counts, counts[:, 0]).embed(counts).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_every_output_has_the_type_asked_for(dtype, solver):
    settings = dict(dtype=dtype, solver=solver, max_iter=2)
    model = MLPRegressor(**settings).fit(X, Y)
    assert model.predict(X).dtype == np.float64  # in the targets' units
    outputs = [model.embed(X)]
    model = MLPClassifier(**settings).fit(X, Y > 0)
    doubles = [model.predict_proba(X), model.predict_log_proba(X), model.decision_function(X)]
    assert {output.dtype for output in doubles} == {np.dtype("float64")}
    outputs += model.coefs_ + model.intercepts_ + [model.network_.parameters]
    assert {str(output.dtype) for output in outputs} == {dtype}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_of_the_known_form_skip_checks_that_find_nothing(dtype, monkeypatch):
    model = model_of(dtype=dtype).fit(X, Y)
    forms = [X, X.astype(np.float32), np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]]
    forms += [X.astype(">f8"), X.astype(np.longdouble), X[::-1][::-1]]
    wanted = model.predict(X.tolist())
    with monkeypatch.context() as patch:
        patch.setattr("deepgen._inputs.features.validate_data", None)
        for form in forms:
            tolerance = 1e-4 if form.dtype == np.float32 else 0
            np.testing.assert_allclose(model.predict(form), wanted, rtol=tolerance)
        seen = check_features(model, X.astype(dtype), np.dtype(dtype), reset=False)
    checked = validate_data(model, X.astype(dtype), reset=False, dtype=dtype, order="C")
    assert seen.dtype == checked.dtype and seen.flags.c_contiguous
    np.testing.assert_array_equal(seen, checked)


def test_what_the_known_form_cannot_tell_goes_through_all_checks():
    model = model_of().fit(X, Y)
    names = [f"x{i}" for i in range(X.shape[1])]
    named = model_of().fit(pd.DataFrame(X, columns=names), Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        named.predict(X)
    for wrong, message in {
        "nan": (np.where(X == X[0, 0], np.nan, X), "contains NaN"),
        "inf": (np.where(X == X[0, 0], np.inf, X), "infinity or a value too large for dtype"),
        "both": (np.where(X > 0, np.inf, -np.inf), "infinity or a value too large for dtype"),
        "huge": (1e300 * X, "infinity or a value too large for dtype..float32"),
        "narrow": (X[:, 1:], "features, but MLPRegressor is expecting"),
        "empty": (X[:0], "Found array with 0 sample"),
        "flat": (X[0], "Expected 2D array, got 1D array"),
    }.values():
        with pytest.raises(ValueError, match=message):
            model.predict(wrong)
    large = np.full((3, X.shape[1]), 3e38, dtype=np.float32)  # finite, and the sum is not
    assert np.isfinite(model.predict(large)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_copied_that_already_fits(dtype):
    given = X.astype(dtype)
    model = model_of(dtype=np.dtype(dtype).name)
    seen = check_features(model, given, np.dtype(dtype), reset=True)
    assert np.shares_memory(as_matrix(seen), given)


def test_double_features_are_converted_once():
    large = np.random.default_rng(0).normal(size=(50_000, 40))
    y = large[:, 0].copy()
    model = model_of(hidden_layer_sizes=(2,), max_iter=1, n_jobs=1)
    tracemalloc.start()
    model.fit(large, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    once = large.nbytes / 2
    # Beside the one copy: the order of rows, targets, and scikit-learn's check for infinities.
    assert peak < 1.5 * once


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "csr_array"])
def test_sparse_features_equal_dense_ones(form):
    given = sparse.csr_array(THIN) if form == "csr_array" else THIN.asformat(form)
    y = np.asarray(THIN.sum(axis=1)).ravel()
    dense = model_of(dtype="float64").fit(THIN.toarray(), y)
    thin = model_of(dtype="float64").fit(given, y)
    np.testing.assert_allclose(
        thin.network_.parameters, dense.network_.parameters, rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(thin.predict(given), dense.predict(THIN.toarray()), rtol=1e-9)


@pytest.mark.parametrize("settings", [dict(early_stopping=True), dict(solver="lbfgs")])
def test_sparse_features_equal_dense_ones_with_weights_and(settings):
    y = np.asarray(THIN.sum(axis=1)).ravel()
    model = model_of(dtype="float64", **settings)
    dense = clone(model).fit(THIN.toarray(), y, weights())
    thin = clone(model).fit(THIN, y, weights())
    np.testing.assert_allclose(thin.predict(THIN), dense.predict(THIN.toarray()), rtol=1e-8)


def test_sparse_features_are_put_in_order_on_a_copy():
    data, columns, starts = [1.0, 2.0, 3.0, 4.0], [2, 0, 1, 1], [0, 2, 4]
    messy = sparse.csr_matrix((data, columns, starts), shape=(2, 3))
    assert not messy.has_canonical_format
    model = model_of(dtype="float64").fit(messy, [0.0, 1.0])
    assert messy.indices.tolist() == columns
    tidy = model_of(dtype="float64").fit(messy.toarray(), [0.0, 1.0])
    np.testing.assert_allclose(model.predict(messy), tidy.predict(messy.toarray()), rtol=1e-12)


@pytest.mark.slow
def test_a_wide_sparse_matrix_is_never_dense():
    # By hand: with an integer seed sparse.random permutes the numbers of all 10^8 places.
    places = np.random.default_rng(0).choice(200 * 500_000, size=1_000, replace=False)
    values = np.random.default_rng(1).uniform(size=1_000)
    wide = sparse.csr_matrix((values, np.divmod(places, 500_000)), shape=(200, 500_000))
    model = model_of(hidden_layer_sizes=(4,), max_iter=1, n_jobs=1)
    tracemalloc.start()
    model.fit(wide, np.arange(200.0)).predict(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 500_000 * 4 / 4


def test_feature_names_are_kept_and_compared():
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = model_of().fit(frame, Y)
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"a": "z"}))


def test_weights_of_zero_are_as_if_the_rows_were_not_there():
    part = weights() > 0.7
    settings = dict(dtype="float64", batch_size=200, shuffle=False)
    with pytest.warns(UserWarning, match="larger than sample size"):
        zeros = model_of(**settings).fit(X, Y, part.astype(float))
        fewer = model_of(**settings).fit(X[part], Y[part])
    np.testing.assert_allclose(zeros.network_.parameters, fewer.network_.parameters, rtol=1e-9)


BAD_DATA = {
    "nan": (np.where(X > 2, np.nan, X), Y, "Input X contains NaN"),
    "inf": (np.where(X > 2, np.inf, X), Y, "Input X contains infinity"),
    "huge": (1e300 * X, Y, "infinity or a value too large for dtype..float32"),
    "sparse nan": (sparse.csr_matrix(np.where(X > 2, np.nan, X)), Y, "contains NaN"),
    "nan target": (X, np.where(Y > 1, np.nan, Y), "Input y contains NaN"),
    "missing target": (X, [None] * 157, "Input y contains NaN"),
    "one dimension": (Y, Y, "Expected 2D array, got 1D array"),
    "lengths": (X, Y[:-1], "inconsistent numbers of samples"),
    "no rows": (X[:0], Y[:0], "Found array with 0 sample"),
    "no columns": (X[:, :0], Y, "0 feature"),
    "words": (np.full((157, 5), "word"), Y, "X has text in columns 0, 1, 2, 3, 4; encode it"),
    "complex": (X + 1j, Y, "Complex data not supported"),
    "sparse target": (X, sparse.csr_matrix(Y.reshape(-1, 1)), "y is sparse"),
    "word target": (X, np.full(157, "word"), "y must be numbers for a regressor .*'word'"),
    "complex target": (X, Y + 1j, "Complex data not supported"),
    "no target": (X, None, "requires y to be passed"),
}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_is_refused(case):
    inputs, y, message = BAD_DATA[case]
    with pytest.raises(ValueError, match=message):
        model_of().fit(inputs, y)


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        (-weights(), "Negative values in sample_weight: the smallest is -1"),
        (0 * weights(), "All sample_weight are zero"),
        (weights()[:-1], r"sample_weight.shape == \(156,\)"),
        (np.where(weights() > 1, np.nan, 1), "sample_weight contains NaN"),
        (1e300 * weights(), "sample_weight contains infinity or a value too large"),
        (1e-40 * weights(), "All sample_weight are too small for float32"),
    ],
)
def test_bad_weights_are_refused(sample_weight, message):
    with pytest.raises(ValueError, match=message):
        model_of().fit(X, Y, sample_weight)


def test_a_word_is_no_weight():
    with pytest.raises(TypeError, match="sample_weight must be an array.* got 'balanced'"):
        model_of().fit(X, Y, "balanced")


BAD_PARAMETERS = {
    "hidden_layer_sizes": [
        (0, "a.* int in the range"),
        ((8, 0), "must be > 0, got"),
        ((8, -1), "must be > 0, got"),
        ((8.5,), "must be integers, got 8.5"),
    ],
    "activation": [
        ("relo", "'gelu'.*Got 'relo'"),
        (["relu"], "1 names for 2 hidden layers"),
        (["relu", "relo"], "unknown activation 'relo'; known: elu, gelu"),
    ],
    "solver": [
        ("adamm", "'adamw'.*Got 'adamm'"),
        (Adam(beta_1=2), "beta_1 must be in"),
        (Adam(eps_mode="keras"), "unknown eps_mode 'keras'; known: sklearn, torch"),
        (SGD(momentum="much"), "momentum must be a number, got 'much'"),
        (SGD(learning_rate_init=0), "SGD: learning_rate_init must be in"),
        (Adam(learning_rate_init=np.inf), "Adam: learning_rate_init must be in"),
        (LBFGS(history_size=0), "LBFGS: history_size must be in"),
        (LBFGS(max_fun=0), "LBFGS: max_fun must be in"),
        (LBFGS(history_size=2.5), "LBFGS: history_size must be an integer, got 2.5"),
        (LBFGS(history_size=None), "LBFGS: history_size must be an integer, got None"),
        (LBFGS(max_fun=1.5), "LBFGS: max_fun must be an integer, got 1.5"),
    ],
    "loss": [
        ("mse", "'huber'.*Got 'mse'"),
        (Huber(delta=-1), "delta"),
        (Quantile("half"), "Quantile: quantile must be a number, got 'half'"),
        (Quantile([0.1, "half"]), "Quantile: quantile must be a number, got .0.1, 'half'"),
        (Quantile([[0.1, 0.9]]), "Quantile: quantile must be a number, got"),
    ],
    "normalization": [
        ("instance", "'batch'.*Got 'instance'"),
        (BatchNorm(eps=-1), "BatchNorm: eps must be in"),
    ],
    "skip": [
        ("dense", "'residual'.*Got 'dense'"),
        (Residual(drop=1.0), r"Residual: drop must be in \[0, 1\), got 1.0"),
        (Residual(drop="much"), "Residual: drop must be a number, got 'much'"),
        (Highway(gate_bias=np.nan), "Highway: gate_bias must be in"),
    ],
    "learning_rate": [
        ("sine", "'invscaling'.*Got 'sine'"),
        (InvScaling(-1), "InvScaling: power_t must be in"),
        (InvScaling("fast"), "InvScaling: power_t must be a number, got 'fast'"),
        (Adaptive(factor=1), "Adaptive: factor must be in"),
    ],
    "initializer": [("xavier", "'orthogonal'.*Got 'xavier'")],
    "dtype": [("float16", "'float64'.*Got 'float16'")],
    "target_scaling": [("robust", "'standard'.*Got 'robust'")],
    "n_jobs": [(0, "n_jobs == 0 has no meaning"), (1.5, "n_jobs")],
    "dropout": [(1.0, "dropout"), (-0.1, "dropout")],
    "batch_size": [(0, "batch_size"), ("all", "batch_size")],
    "alpha": [(-1, "alpha")],
    "max_iter": [(0, "max_iter")],
    "learning_rate_init": [(0.0, "learning_rate_init")],
    "validation_fraction": [(1.0, "validation_fraction")],
    "n_iter_no_change": [(0, "n_iter_no_change"), (2.5, "n_iter_no_change")],
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [(name, value, message) for name, cases in BAD_PARAMETERS.items() for value, message in cases],
)
def test_bad_parameters_are_refused_with_what_is_known(name, value, message):
    with pytest.raises(ValueError, match=message):
        model_of(**{"hidden_layer_sizes": (8, 8), name: value}).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(solver="lbfgs", dropout=0.1), "solver='lbfgs' does not support dropout"),
        (dict(solver="lbfgs", normalization="batch"), "'lbfgs' does not support normalization"),
        (dict(normalization="batch", batch_size=1), "batches of at least 2 rows"),
    ],
)
def test_what_cannot_be_together_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        model_of(**settings).fit(X, Y)


def test_batch_norm_of_a_single_sample_is_refused():
    with pytest.raises(ValueError, match="got 1 training samples"):
        model_of(normalization="batch").fit(X[:1], Y[:1])


def test_schedules_by_name_act_for_sgd_only():
    with pytest.warns(UserWarning, match="learning_rate='adaptive' acts with solver='sgd' only"):
        model_of(learning_rate="adaptive").fit(X, Y)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(coefs_init=[np.ones((5, 4))]), "coefs_init has 1 arrays, the network has 2 layers"),
        (
            dict(coefs_init=[np.ones((5, 4)), np.ones((3, 1))]),
            r"coefs_init\[1\] has shape \(3, 1\), the network expects \(4, 1\)",
        ),
        (dict(coefs_init=[np.full((5, 4), np.nan), np.ones((4, 1))]), "contains NaN"),
        (dict(intercepts_init=[np.ones(4)]), "intercepts_init has 1 arrays"),
    ],
)
def test_starting_weights_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        model_of(hidden_layer_sizes=(4,)).fit(X, Y, **given)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "embed"])
def test_unfitted_use_is_refused(method):
    with pytest.raises(NotFittedError, match="MLPClassifier instance is not fitted yet"):
        getattr(MLPClassifier(), method)(X)


@pytest.mark.parametrize("name", ["coefs_", "classes_", "loss_", "history_", "n_layers_", "t_"])
def test_attributes_are_there_after_a_fit_only(name):
    model = MLPClassifier()
    assert not hasattr(model, name)
    with pytest.raises(NotFittedError, match="MLPClassifier instance is not fitted yet"):
        getattr(model, name)


def test_other_columns_are_refused_in_predict():
    with pytest.raises(ValueError, match="X has 4 features, but MLPRegressor is expecting 5"):
        model_of().fit(X, Y).predict(X[:, :4])


def test_a_device_is_one_of_two():
    with pytest.raises(ValueError, match="'device' parameter .* must be a str among"):
        MLPRegressor(device="abacus").fit([[0.0], [1.0]], [0.0, 1.0])
    assert MLPRegressor(device="cpu", max_iter=1).get_params()["device"] == "cpu"
