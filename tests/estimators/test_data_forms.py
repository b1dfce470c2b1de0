"""Frames, extension types, sparse forms and arrays of every layout are one and the same data."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from deepgen import MLPClassifier, MLPRegressor
from deepgen._inputs.features import as_matrix
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Multiples of 1/8, which float16 and float32 hold exactly.
X = np.round(8 * features()) / 8
Y = np.round(8 * curve(X)) / 8
THREE = np.digitize(Y, [-0.5, 0.5])
SEVERAL = np.column_stack([Y > 0, X[:, 0] > 0, X[:, 1] > 0.3]).astype(int)
COLUMNS = list("abcde")
FRAMES = ["pandas", "polars"]


def regressor(**settings):
    return MLPRegressor(**{"max_iter": 3, "random_state": 0, **settings})


def classifier(**settings):
    return MLPClassifier(**{"max_iter": 3, "random_state": 0, **settings})


def frame_of(kind, values, columns=COLUMNS):
    if kind == "pandas":
        return pd.DataFrame(values, columns=columns)
    return pytest.importorskip("polars").DataFrame(values, schema=columns)


def column_of(kind, values, **options):
    if kind == "pandas":
        return pd.Series(values, **options)
    return pytest.importorskip("polars").Series(values=values, **options)


@pytest.fixture(params=FRAMES)
def kind(request):
    return request.param


def test_frames_and_columns_train_as_arrays_do(kind):
    plain = regressor().fit(X, Y, np.abs(Y))
    framed = regressor().fit(frame_of(kind, X), column_of(kind, Y), column_of(kind, np.abs(Y)))
    assert same_bits(plain, framed)
    assert framed.feature_names_in_.tolist() == COLUMNS and framed.n_features_in_ == 5
    predicted = framed.predict(frame_of(kind, X))
    assert np.array_equal(predicted, plain.predict(X))
    # Some versions of scikit-learn take the mean of a foreign column in float32.
    score = framed.score(frame_of(kind, X), column_of(kind, Y))
    assert score == pytest.approx(plain.score(X, Y), abs=1e-6)


def test_frames_of_several_targets(kind):
    targets = np.column_stack([Y, -Y])
    framed = regressor().fit(frame_of(kind, X), frame_of(kind, targets, ["u", "v"]))
    assert same_bits(framed, regressor().fit(X, targets))
    labels = classifier().fit(frame_of(kind, X), frame_of(kind, SEVERAL, list("uvw")))
    assert same_bits(labels, classifier().fit(X, SEVERAL))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "score"])
def test_other_names_are_refused_everywhere(kind, method):
    model = classifier().fit(frame_of(kind, X), THREE)
    more = (THREE,) if method == "score" else ()
    with pytest.raises(ValueError, match="(?s)unseen at fit time:\n- z\n.*now missing:\n- a"):
        getattr(model, method)(frame_of(kind, X, list("zbcde")), *more)
    with pytest.raises(ValueError, match="must be in the same order"):
        getattr(model, method)(frame_of(kind, X, list("bacde")), *more)
    with pytest.raises(ValueError, match="now missing:\n- e"):
        getattr(model, method)(frame_of(kind, X[:, :4], list("abcd")), *more)


def test_validation_data_with_other_names_is_refused(kind):
    with pytest.raises(ValueError, match="feature names should match"):
        regressor().fit(
            frame_of(kind, X), Y, X_val=frame_of(kind, X[:9], list("abcdz")), y_val=Y[:9]
        )


def test_names_on_one_side_only_are_warned_about(kind):
    model = regressor().fit(frame_of(kind, X), Y)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but MLPRegressor"):
        model.predict(X)
    model = regressor().fit(X, Y)
    with pytest.warns(UserWarning, match="X has feature names, but MLPRegressor was fitted"):
        model.predict(frame_of(kind, X))


def test_partial_fit_keeps_and_compares_names(kind):
    model = regressor().partial_fit(frame_of(kind, X), Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(frame_of(kind, X, list("vwxyz")), Y)
    assert model.feature_names_in_.tolist() == COLUMNS


def test_a_fit_of_plain_arrays_forgets_the_names(kind):
    model = regressor().fit(frame_of(kind, X), Y).fit(X, Y)
    assert not hasattr(model, "feature_names_in_")


def test_one_kind_of_frame_is_trained_on_and_another_predicted():
    model = regressor().fit(frame_of("pandas", X), Y)
    assert np.array_equal(
        model.predict(frame_of("polars", X)), model.predict(frame_of("pandas", X))
    )


@pytest.mark.parametrize("dtype", ["Float64", "Float32", "float64"])
def test_nullable_features_are_features(dtype):
    frame = frame_of("pandas", X).astype(dtype)
    assert same_bits(regressor().fit(frame, Y), regressor().fit(X, Y))
    frame.iloc[3, 2] = None
    with pytest.raises(ValueError, match="Input X contains NaN"):
        regressor().fit(frame, Y)


def test_columns_of_different_types_are_features():
    mixed = pd.DataFrame({"a": THREE.astype("uint8"), "b": Y > 0, "c": Y.astype("float32")})
    plain = np.column_stack([THREE, Y > 0, Y])
    assert same_bits(regressor().fit(mixed, Y), regressor().fit(plain, Y))


@pytest.mark.parametrize(
    ("labels", "dtype", "expected"),
    [
        (THREE, "Int64", np.int64),
        (THREE, "UInt8", np.uint8),
        (THREE > 0, "boolean", np.bool_),
        (THREE > 0, "bool", np.bool_),
        (THREE, "int32", np.int32),
    ],
)
def test_nullable_labels_keep_their_type(labels, dtype, expected):
    model = classifier().fit(X, pd.Series(labels, dtype=dtype))
    assert model.classes_.dtype == model.predict(X).dtype == expected
    assert same_bits(model, classifier().fit(X, labels))


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "Float64"])
def test_missing_targets_are_refused(dtype):
    y = pd.Series([None] + [1] * 156, dtype=dtype)
    for model in (classifier(), regressor()):
        with pytest.raises(ValueError, match="Input y contains NaN"):
            model.fit(X, y)


@pytest.mark.parametrize("dtype", ["category", "string", "object"])
def test_words_of_pandas_are_labels(dtype):
    words = np.array(["low", "middle", "high"])[THREE]
    model = classifier().fit(X, pd.Series(words, dtype=dtype))
    assert model.classes_.tolist() == ["high", "low", "middle"]
    assert same_bits(model, classifier().fit(X, words))
    assert set(model.predict(X)) <= set(words)


def test_a_categorical_array_is_labels_too():
    model = classifier().fit(X, pd.Categorical(np.array([30, 10, 20])[THREE]))
    assert model.classes_.tolist() == [10, 20, 30]


@pytest.mark.parametrize("dtype", ["String", "Categorical"])
def test_words_of_polars_are_labels(dtype):
    polars = pytest.importorskip("polars")
    words = np.array(["low", "middle", "high"])[THREE]
    model = classifier().fit(X, polars.Series(words, dtype=getattr(polars, dtype)))
    assert model.classes_.tolist() == ["high", "low", "middle"]


@pytest.mark.filterwarnings("ignore:Constructing a DIA matrix")
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
def test_every_sparse_form_is_the_same_data(form, container):
    thin = np.where(X > 0, X, 0)
    plain = regressor().fit(sparse.csr_matrix(thin), Y)
    given = container(thin).asformat(form)
    model = regressor().fit(given, Y)
    assert same_bits(plain, model)
    assert np.array_equal(model.predict(given), plain.predict(sparse.csr_matrix(thin)))


def test_wide_indices_are_the_same_data():
    thin = sparse.csr_matrix(np.where(X > 0, X, 0))
    wide = thin.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    model = regressor().fit(wide, Y)
    assert same_bits(model, regressor().fit(thin, Y))
    assert np.array_equal(model.predict(wide), model.predict(thin))
    assert wide.indices.dtype == np.int64


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint8, np.int64, np.float32])
def test_sparse_numbers_of_every_type(dtype):
    marks = (X > 0).astype(dtype)
    assert same_bits(
        regressor().fit(sparse.csr_matrix(marks), Y),
        regressor().fit(sparse.csr_matrix(marks.astype(float)), Y),
    )


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok"])
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csr_array])
def test_every_sparse_form_of_labels_is_the_same(form, container):
    model = classifier().fit(X, container(SEVERAL).asformat(form))
    plain = classifier().fit(X, SEVERAL)
    assert same_bits(model, plain)
    assert sparse.issparse(model.predict(X))
    assert model.score(X, container(SEVERAL).asformat(form)) == plain.score(X, SEVERAL)


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32, np.float64])
def test_several_labels_of_every_type(dtype):
    model = classifier().fit(X, SEVERAL.astype(dtype))
    assert same_bits(model, classifier().fit(X, SEVERAL))
    assert np.array_equal(model.predict(X), classifier().fit(X, SEVERAL.tolist()).predict(X))


TYPES = ["float16", "float32", "float64", "longdouble", ">f4", ">f8"]
WHOLE = ["uint8", "int8", "int32", ">i4", "int64", "uint64", "bool"]


@pytest.mark.parametrize("dtype", TYPES + WHOLE)
@pytest.mark.parametrize("own", ["float32", "float64"])
def test_numbers_of_every_type_and_byte_order(dtype, own):
    numbers = np.abs(np.round(3 * X)) if dtype in WHOLE else X
    given = numbers.astype(dtype)
    model = regressor(dtype=own).fit(given, given[:, 0])
    plain = given.astype(float)
    assert same_bits(model, regressor(dtype=own).fit(plain, plain[:, 0]))
    assert np.array_equal(model.predict(given), model.predict(plain))


@pytest.mark.parametrize("dtype", ["uint8", ">i4", "int64", "float16", ">U4", "<U4", "bool"])
def test_labels_of_every_type_and_byte_order(dtype):
    codes = np.array(["no", "yes"]) if "U" in dtype else np.array([0, 1])
    labels = codes[(THREE > 0).astype(int)].astype(dtype)
    model = classifier().fit(X, labels)
    assert np.array_equal(model.classes_, codes)
    assert set(model.predict(X)) <= set(codes)
    assert same_bits(model, classifier().fit(X, (THREE > 0).astype(int)))


def memmapped(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


def unaligned(X, _folder):
    """An array that begins at an odd byte."""
    padded = np.zeros(X.nbytes + 1, np.uint8)
    odd = padded[1:].view(X.dtype).reshape(X.shape)
    odd[...] = X
    assert not odd.flags.aligned
    return odd


def read_only(X, _folder):
    X = X.copy()
    X.flags.writeable = False
    return X


LAYOUTS = {
    "fortran": lambda X, _: np.asfortranarray(X),
    "strided": lambda X, _: np.repeat(np.repeat(X, 3, axis=0), 2, axis=1)[::3, ::2],
    "reversed": lambda X, _: X[::-1, ::-1].copy()[::-1, ::-1],
    "broadcast": lambda X, _: np.broadcast_to(X, (1, *X.shape))[0],
    "transposed": lambda X, _: X.T.copy().T,
    "read-only": read_only,
    "unaligned": unaligned,
    "memmap": memmapped,
}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_the_same_data(layout, dtype, solver, tmp_path):
    plain = X.astype(dtype)
    given = LAYOUTS[layout](plain, tmp_path)
    model = regressor(dtype=dtype, solver=solver).fit(given, Y)
    assert same_bits(model, regressor(dtype=dtype, solver=solver).fit(plain, Y))
    assert np.array_equal(model.predict(given), model.predict(plain))
    assert np.array_equal(given, plain)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_targets_and_weights(layout, tmp_path):
    targets = np.column_stack([Y, -Y])
    given = LAYOUTS[layout](targets, tmp_path)
    assert same_bits(regressor().fit(X, given), regressor().fit(X, targets))
    weights = np.abs(targets[:, :1]).astype(np.float32)
    given = LAYOUTS[layout](weights, tmp_path)[:, 0]
    assert same_bits(regressor().fit(X, Y, given), regressor().fit(X, Y, weights[:, 0]))
    marks = LAYOUTS[layout](SEVERAL.astype(np.float32), tmp_path)
    assert same_bits(classifier().fit(X, marks), classifier().fit(X, SEVERAL))


DISGUISES = {
    "dates": (X.astype("M8[D]"), Y, "X has dates, times or durations .column 0 is datetime64.D."),
    "a frame's dates": (
        pd.DataFrame({"a": Y, "b": pd.date_range("2020", periods=157)}),
        Y,
        "X has dates, times or durations .column 'b' is datetime64",
    ),
    "spans": (X, Y.astype("m8[s]"), "y has dates, times or durations .column 0 is timedelta64"),
    "masked": (np.ma.masked_greater(X, 1), Y, "X is a masked array with [0-9]+ entries masked"),
    "masked target": (X, np.ma.masked_greater(Y, 1), "y is a masked array"),
    "cube": (X, np.zeros((157, 2, 2)), r"y must have shape \(n_samples,\) or .* got \(157, 2, 2\)"),
    "no columns": (X, np.zeros((157, 0)), r"y must have shape \(n_samples,\) or .* got \(157, 0\)"),
    "words in a frame": (
        pd.DataFrame({"a": ["w"] * 157, "b": Y}),
        Y,
        "X has text in column 'a'; encode it as numbers",
    ),
    "sparse complex": (sparse.csr_matrix(X + 1j), Y, "Complex data not supported"),
    "records": (np.zeros((157, 1), [("a", "f4"), ("b", "f4")]), Y, "Cannot cast array data from"),
    "ragged": ([[1, 2], [3]], [1, 2], "inhomogeneous shape"),
    "objects": (np.array([["a"] * 5] * 157, dtype=object), Y, "X has text in columns 0, 1, 2"),
    "nothing": (np.where(X > 1, None, X), Y, "Input X contains NaN"),
}


@pytest.mark.parametrize("case", DISGUISES)
def test_what_only_looks_like_numbers_is_refused(case):
    inputs, y, message = DISGUISES[case]
    with pytest.raises((ValueError, TypeError), match=message):
        regressor().fit(inputs, y)


def test_an_empty_mask_is_no_mask():
    assert same_bits(regressor().fit(np.ma.masked_array(X), Y), regressor().fit(X, Y))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array(["a", None] * 78 + ["a"], dtype=object), "labels of one type, got NoneType, str"),
        (np.array(["a", 1] * 78 + ["a"], dtype=object), "labels of one type, got int, str"),
        (np.array(["a", np.nan] * 78 + ["a"], dtype=object), "contains NaN"),
    ],
)
def test_labels_that_do_not_compare_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, labels)


def test_nothing_warns_where_nothing_is_wrong(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = regressor(tol=1e9, n_iter_no_change=1).fit(frame_of(kind, X), column_of(kind, Y))
        model.predict(frame_of(kind, X))


NO_DATA = [{"a": [1.0]}, {1.0, 2.0}, iter([[1.0]]), object(), len, slice(None), ...]


@pytest.mark.parametrize("thing", NO_DATA, ids=lambda thing: type(thing).__name__)
@pytest.mark.parametrize("argument", ["X", "y", "sample_weight"])
def test_what_is_no_data_is_named(argument, thing):
    given = {"X": X, "y": Y, argument: thing}
    with pytest.raises(
        TypeError, match=f"{argument} must be an array, a .* got {type(thing).__name__}"
    ):
        regressor().fit(**given)


@pytest.mark.parametrize("thing", [3, 2.5, "word", b"word", 1j, np.float32(1)])
def test_a_single_target_is_named(thing):
    with pytest.raises(TypeError, match=f"y must be an array, .* got {type(thing).__name__} "):
        classifier().fit(X, thing)


def test_labels_that_are_objects_are_named():
    with pytest.raises(ValueError, match="Unknown label type: y holds objects of the type tuple"):
        classifier().fit(X, pd.Series([(1, 2)] * 157).to_numpy())


@pytest.mark.parametrize("part", ["data", "indices", "indptr"])
def test_sparse_rows_at_odd_addresses_are_the_same_data(part, tmp_path):
    plain = sparse.csr_matrix(np.where(X > 0, X, 0).astype(np.float32))
    odd = plain.copy()
    setattr(odd, part, unaligned(getattr(plain, part), tmp_path))
    network = regressor().fit(plain, Y).network_
    outputs = [network.outputs(as_matrix(each)) for each in (odd, plain)]
    np.testing.assert_array_equal(*outputs)
