"""Labels of the classifier: strings, gaps, several a sample, one class, probabilities."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss

from deepgen import MLPClassifier
from deepgen.losses import Focal, LogLoss
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
THREE = np.digitize(Y, [-0.5, 0.5])
SEVERAL = np.column_stack([Y > 0, X[:, 0] > 0, X[:, 1] > 0.3]).astype(int)


def model_of(**settings):
    return MLPClassifier(**{"max_iter": 60, "random_state": 0, **settings})


@pytest.mark.parametrize(
    "names",
    [
        np.array(["left", "middle", "right"]),
        np.array(["left", "middle", "right"], dtype=object),
        np.array([-7, 3, 1000]),
        np.array([-0.0, 3.0, 1000.0]),
    ],
    ids=["strings", "objects", "gaps", "floats"],
)
def test_labels_come_back_under_their_names(names):
    model = model_of().fit(X, names[THREE])
    numbered = model_of().fit(X, THREE)
    assert same_bits(model, numbered)
    assert np.array_equal(model.predict(X), names[numbered.predict(X)])
    assert np.array_equal(model.classes_, names)
    assert model.classes_.dtype == names.dtype


@pytest.mark.parametrize("y", [THREE, (Y > 0), SEVERAL], ids=["three", "two", "several"])
def test_probabilities_logits_and_labels_agree(y):
    model = model_of().fit(X, y)
    probabilities, logits = model.predict_proba(X), model.decision_function(X)
    assert {probabilities.dtype, logits.dtype, model.predict_log_proba(X).dtype} == {
        np.dtype("float64")
    }
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probabilities, rtol=1e-13)
    if y.ndim == 2:
        assert logits.shape == probabilities.shape == y.shape
        assert np.array_equal(model.predict(X), logits > 0)
        return
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-15)
    likeliest = model.classes_[probabilities.argmax(axis=1)]
    assert np.array_equal(model.predict(X), likeliest)
    if len(model.classes_) == 2:
        assert logits.shape == (len(X),)
        assert np.array_equal(model.predict(X), logits > 0)
    else:
        assert np.array_equal(model.predict(X), logits.argmax(axis=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("logit", [5.0, 20.0, 40.0, 90.0])
def test_both_tails_of_a_probability_keep_their_digits(logit, n_members, dtype):
    lines = np.array([[-1.0], [1.0]])
    model = MLPClassifier((), n_members=n_members, max_iter=1, dtype=dtype, random_state=0)
    tail = np.exp(-logit) / (1 + np.exp(-logit))

    two = clone(model).fit(lines, ["no", "yes"])
    labels = clone(model).fit(lines, np.array([[0, 1], [1, 0]]))
    three = clone(model).fit(np.vstack([lines, lines]), [0, 1, 2, 1])
    for fitted, gains in ((two, [1.0]), (labels, [1.0, -1.0]), (three, [-1.0, 0.0, -2.0])):
        for member in fitted.members_ if n_members > 1 else [fitted]:
            member.coefs_[0][...] = logit * np.array(gains)
            member.intercepts_[0][...] = 0
    expected = [[1 / (1 + np.exp(-logit)), tail], [tail, 1 / (1 + np.exp(-logit))]]
    np.testing.assert_allclose(two.predict_proba(lines), expected, rtol=1e-14)
    np.testing.assert_allclose(np.exp(two.predict_log_proba(lines)), expected, rtol=1e-13)
    np.testing.assert_allclose(labels.predict_proba(lines), np.flip(expected, axis=1), rtol=1e-14)
    parts = np.exp(logit * np.array([-1.0, 0.0, -2.0]))
    row = three.predict_proba(lines[1:])[0]
    np.testing.assert_allclose(row, parts / parts.sum(), rtol=1e-14)
    np.testing.assert_allclose(row.sum(), 1.0, atol=1e-15)


def test_probabilities_go_where_rows_must_sum_to_one():
    model = model_of(n_members=3).fit(X, THREE)
    calibrated = CalibratedClassifierCV(FrozenEstimator(model)).fit(X, THREE)
    random = np.random.default_rng(0)
    for each in (model, calibrated):
        probabilities = each.predict_proba(X)
        for row in probabilities:
            assert random.multinomial(1, row).sum() == 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            log_loss(THREE, probabilities)


@pytest.mark.parametrize("y", [THREE, (Y > 0), SEVERAL], ids=["three", "two", "several"])
def test_log_probabilities_are_finite_however_certain(y):
    model = model_of(max_iter=1).fit(X, y)
    model.coefs_[-1][...] *= 1e4
    assert (model.predict_proba(X) == 0).any()
    logs = model.predict_log_proba(X)
    assert np.isfinite(logs).all()
    assert logs.min() < -1000


def test_several_labels_sparse_or_dense_are_the_same():
    dense = model_of().fit(X, SEVERAL)
    thin = model_of().fit(X, sparse.csr_matrix(SEVERAL))
    assert same_bits(dense, thin)
    assert sparse.issparse(thin.predict(X))
    assert np.array_equal(thin.predict(X).toarray(), dense.predict(X))
    assert dense.score(X, SEVERAL) > 0.5
    assert dense.classes_.tolist() == [0, 1, 2]
    assert dense.out_activation_ == "logistic"


def test_early_stopping_with_several_sparse_labels():
    model = model_of(early_stopping=True, max_iter=5).fit(X, sparse.csr_matrix(SEVERAL))
    assert len(model.validation_scores_) == 5


def test_a_single_class_is_accepted_and_predicted():
    y = np.full(len(X), "only")
    model = model_of(max_iter=3).fit(X, y)
    assert (model.predict(X) == "only").all()
    assert np.array_equal(model.predict_proba(X), np.ones((len(X), 1)))
    assert not model.predict_log_proba(X).any()
    assert model.decision_function(X).shape == (len(X), 1)


@pytest.mark.parametrize("loss", ["focal", Focal(gamma=0.5), LogLoss(label_smoothing=0.1)])
@pytest.mark.parametrize("y", [THREE, (Y > 0), SEVERAL], ids=["three", "two", "several"])
def test_other_losses_learn_too(loss, y):
    model = model_of(loss=loss, max_iter=150).fit(X, y)
    assert model.score(X, y) > 0.6
    assert model.loss_ < model.loss_curve_[0]


def test_focal_without_focus_is_log_loss():
    first, second = model_of(loss=Focal(gamma=0), max_iter=5), model_of(max_iter=5)
    first, second = first.fit(X, THREE), second.fit(X, THREE)
    np.testing.assert_allclose(first.network_.parameters, second.network_.parameters, atol=1e-5)


def test_partial_fit_learns_classes_it_has_not_seen():
    model = model_of()
    model.partial_fit(X[THREE < 2], THREE[THREE < 2], classes=[0, 1, 2])
    for _ in range(80):
        model.partial_fit(X, THREE)
    assert set(model.predict(X)) == {0, 1, 2}


@pytest.mark.parametrize("averaging", [None, "snapshot"])
def test_members_know_classes_that_partial_fit_has_not_seen(averaging):
    model = MLPClassifier(n_members=2, averaging=averaging, random_state=0)
    model.partial_fit(X, (Y > 0).astype(int), classes=[0, 1, 2])
    assert model.classes_.tolist() == [0, 1, 2]
    assert all(member.predict_proba(X).shape == (len(X), 3) for member in model.members_)


def test_partial_fit_needs_the_classes_first():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model_of().partial_fit(X, THREE)


def test_partial_fit_refuses_other_classes():
    model = model_of().partial_fit(X, THREE, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, THREE, classes=[0, 1])
    with pytest.raises(ValueError, match="classes not in `self.classes_`"):
        model.partial_fit(X, THREE + 1)


def test_a_refused_partial_fit_leaves_no_classes_behind():
    y = np.arange(len(X)) % 2
    model = model_of()
    with pytest.raises(ValueError, match="alpha"):
        model.set_params(alpha=-1.0).partial_fit(X, y, classes=[0, 1, 2])
    assert model.set_params(alpha=0.0).fit(X, y).classes_.tolist() == [0, 1]

    model = model_of()
    with pytest.raises(ValueError, match="Negative values"):
        model.partial_fit(X, y, -np.ones(len(X)), classes=[0, 1, 2])
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(X, y)
    assert model.partial_fit(X, y, classes=[0, 1, 2]).classes_.tolist() == [0, 1, 2]


def test_partial_fit_of_several_labels():
    model = model_of().partial_fit(X, SEVERAL, classes=[0, 1, 2])
    assert model.partial_fit(X, SEVERAL).predict(X).shape == SEVERAL.shape
    with pytest.raises(ValueError, match="the classifier knows 3 labels per sample"):
        model.partial_fit(X, SEVERAL[:, :2])


def test_partial_fit_of_several_labels_keeps_their_names():
    names = ["left", "middle", "right"]
    model = model_of().partial_fit(X, SEVERAL, classes=names)
    assert model.partial_fit(X, SEVERAL, classes=names).classes_.tolist() == names
    assert np.array_equal(model.predict(X), model.decision_function(X) > 0)
    with pytest.raises(ValueError, match="classes has 2 labels, y has 3 columns"):
        model_of().partial_fit(X, SEVERAL, classes=[0, 1])


def test_warm_start_wants_the_same_classes():
    model = model_of(warm_start=True, max_iter=1).fit(X, THREE)
    with pytest.raises(
        ValueError, match="warm_start can only be used where `y` has the same classes"
    ):
        model.fit(X, Y > 0)


def test_fit_after_fit_takes_new_classes():
    model = model_of(max_iter=1).fit(X, THREE).fit(X, np.where(Y > 0, "a", "b"))
    assert model.classes_.tolist() == ["a", "b"]
    assert model.n_outputs_ == 1


def test_partial_fit_after_fit_goes_on():
    model = model_of(max_iter=2).fit(X, THREE)
    assert model.partial_fit(X, THREE).t_ == 3 * len(X)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y, "Unknown label type: continuous"),
        (np.column_stack([THREE, THREE]), r"must be 0 or 1, got \[0 1 2\]"),
        (2 * SEVERAL, "several labels per sample must be 0 or 1"),
    ],
)
def test_labels_that_are_none_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        model_of().fit(X, y)


@pytest.mark.parametrize(
    ("y", "shape", "n_columns"),
    [
        (np.zeros(len(X)), (len(X), 1), 1),
        (Y > 0, (len(X),), 2),
        (THREE, (len(X), 3), 3),
        (SEVERAL, (len(X), 3), 3),
        (SEVERAL[:, :2], (len(X), 2), 2),
    ],
    ids=["one class", "two", "three", "three labels", "two labels"],
)
def test_logits_and_probabilities_have_their_shapes(y, shape, n_columns):
    model = MLPClassifier(max_iter=2, random_state=0).fit(X, y)
    assert model.decision_function(X).shape == shape
    assert model.predict_proba(X).shape == model.predict_log_proba(X).shape == (len(X), n_columns)


def test_many_classes_are_given_without_a_warning():
    classes = np.arange(40)
    model = MLPClassifier(random_state=0).partial_fit(X[:120], classes.repeat(3), classes=classes)
    assert model.classes_.tolist() == classes.tolist()
