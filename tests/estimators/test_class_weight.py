"""class_weight: it equals sample weights made by hand, to the bit."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.utils.class_weight import compute_sample_weight

from deepgen import MLPClassifier
from deepgen.losses import LogLoss
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = features()
TWO = np.where(curve(X) > 1, "rare", "often")
FOUR = np.array([3, 5, 8, 40])[np.digitize(curve(X), [-1.5, 0.5, 1])]
SEVERAL = (X[:, :3] > [0.5, 0, -0.3]).astype(int)


def model_of(**settings):
    settings = {"hidden_layer_sizes": (7,), "max_iter": 4, "random_state": 0, **settings}
    return MLPClassifier(**settings)


CASES = {
    "two classes": (TWO, {"rare": 3.0, "often": 0.7}),
    "one of two named": (TWO, {"rare": 3.0}),
    "many classes": (FOUR, {3: 1.5, 5: 0.0, 8: 2, 40: np.float32(0.1)}),
    "two balanced": (TWO, "balanced"),
    "many balanced": (FOUR, "balanced"),
    "several labels": (SEVERAL, [{0: 1.0, 1: 3.3}, {1: 0.7}, {}]),
    "several balanced": (SEVERAL, "balanced"),
}
every_case = pytest.mark.parametrize(("y", "class_weight"), CASES.values(), ids=CASES)


def by_hand(class_weight, y):
    if isinstance(class_weight, list):
        # scikit-learn's helper wants every class named.
        class_weight = [{0: 1.0, 1: 1.0, **each} for each in class_weight]
    return compute_sample_weight(class_weight, y)


@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [None, weights()], ids=["alone", "with sample_weight"])
def test_class_weights_are_sample_weights(y, class_weight, dtype, own):
    factors = by_hand(class_weight, y)
    product = factors if own is None else own * factors
    given = model_of(class_weight=class_weight, dtype=dtype).fit(X, y, own)
    assert same_bits(given, model_of(dtype=dtype).fit(X, y, product))
    assert given.loss_curve_ != model_of(dtype=dtype).fit(X, y, own).loss_curve_


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_class_weights_with_every_solver(solver):
    given = model_of(solver=solver, class_weight="balanced").fit(X, FOUR)
    by_hand_ = model_of(solver=solver).fit(X, FOUR, compute_sample_weight("balanced", FOUR))
    assert same_bits(given, by_hand_)


@pytest.mark.parametrize("class_weight", ["balanced", [{0: 1, 1: 3.3}, {1: 0.7}, {0: 2.0}]])
def test_sparse_labels_are_weighed_as_dense_ones(class_weight):
    dense = model_of(class_weight=class_weight).fit(X, SEVERAL)
    assert same_bits(dense, model_of(class_weight=class_weight).fit(X, csr_matrix(SEVERAL)))


def test_balanced_counts_samples_and_not_their_weights():
    own = np.where(TWO == "rare", 100.0, 1.0)
    given = model_of(class_weight="balanced").fit(X, TWO, own)
    assert same_bits(given, model_of().fit(X, TWO, own * compute_sample_weight("balanced", TWO)))


def test_losses_know_class_weights_and_scores_do_not():
    X_val, own = features(seed=9), weights(seed=3)
    y_val = np.where(curve(X_val) > 1, "rare", "often")
    factors = {"rare": 4.0, "often": 0.5}
    model = model_of(class_weight=factors, dtype="float64", max_iter=3)
    model.fit(X, TWO, X_val=X_val, y_val=y_val, sample_weight_val=own)
    logits = model.decision_function(X_val) * np.where(y_val == "rare", 1, -1)
    each = np.logaddexp(0, -logits)
    both = own * np.where(y_val == "rare", 4.0, 0.5)
    assert model.history_["val_loss"][-1] == pytest.approx(np.average(each, weights=both))
    hits = model.predict(X_val) == y_val
    assert model.history_["val_score"][-1] == pytest.approx(np.average(hits, weights=own))
    assert model.score(X_val, y_val, own) == pytest.approx(np.average(hits, weights=own))


def test_validation_rows_are_weighed_as_the_training_rows_are():
    # Balanced weights of the validation labels alone would be another thing.
    X_val, y_val = X[:20], TWO[:20]
    model = model_of(class_weight="balanced", dtype="float64", max_iter=2)
    model.fit(X, TWO, X_val=X_val, y_val=y_val)
    logits = model.decision_function(X_val) * np.where(y_val == "rare", 1, -1)
    each, factors = np.logaddexp(0, -logits), compute_sample_weight("balanced", TWO)[:20]
    assert model.history_["val_loss"][-1] == pytest.approx(np.average(each, weights=factors))


def test_partial_fit_takes_a_dict_and_refuses_balanced():
    factors = {3: 1.0, 5: 2.0, 8: 3.0, 40: 4.0}
    given, plain = model_of(class_weight=factors), model_of()
    for rows in (slice(0, 50), slice(50, 60)):
        given.partial_fit(X[rows], FOUR[rows], classes=[3, 5, 8, 40])
        own = np.array([factors[label] for label in FOUR[rows]])
        plain.partial_fit(X[rows], FOUR[rows], own, classes=[3, 5, 8, 40])
    assert same_bits(given, plain)
    with pytest.raises(
        ValueError, match="class_weight 'balanced' is not supported for partial_fit"
    ):
        model_of(class_weight="balanced").partial_fit(X, FOUR, classes=[3, 5, 8, 40])


def test_measured_samples_have_the_class_weights_of_the_fit():
    model = model_of(class_weight="balanced").fit(X, TWO)
    factors = compute_sample_weight("balanced", TWO)
    model.set_params(class_weight=None)
    data = model._as_data(X, TWO)
    np.testing.assert_array_equal(data.weights, factors)
    assert data.X.dtype == data.y.dtype == data.weights.dtype == np.float64
    np.testing.assert_array_equal(model._as_data(X, TWO, weights()).weights, weights() * factors)
    assert model.set_params(class_weight=None).fit(X, TWO)._as_data(X, TWO).weights is None


def test_one_class_can_be_weighed():
    for class_weight in ("balanced", {"only": 2.0}):
        model = model_of(class_weight=class_weight).fit(X, ["only"] * len(X))
        assert set(model.predict(X)) == {"only"}


def test_a_fold_may_lack_a_class_that_the_dict_names():
    rows = FOUR != 40
    factors = {3: 1.0, 5: 2.0, 8: 3.0, 40: 4.0}
    given = model_of(class_weight=factors).fit(X[rows], FOUR[rows])
    own = np.array([factors[label] for label in FOUR[rows]])
    assert same_bits(given, model_of().fit(X[rows], FOUR[rows], own))


@pytest.mark.parametrize(
    ("y", "class_weight", "message"),
    [
        (TWO, {"seldom": 2.0}, r"no classes: \['seldom'\]; the classes are \['often', 'rare'\]"),
        (FOUR, {"3": 2.0}, r"no classes: \['3'\]; the classes are \[3, 5, 8, 40\]"),
        (TWO, {"rare": -1.0}, r"class_weight\['rare'\] must be a number >= 0, got -1.0"),
        (TWO, {"rare": np.nan}, r"class_weight\['rare'\] must be a number >= 0, got nan"),
        (TWO, {"rare": "much"}, r"class_weight\['rare'\] must be a number >= 0, got 'much'"),
        (TWO, {"rare": 0.0, "often": 0.0}, "class_weight and sample_weight give every sample the"),
        (TWO, [{0: 1.0}], "a list, which is for several labels per sample"),
        (TWO, "even", "'balanced'.*Got 'even'"),
        (SEVERAL, {0: 1.0, 1: 2.0}, "'balanced' or a list of 3 dicts from 0 and 1 to weights"),
        (SEVERAL, [{1: 2.0}], "'balanced' or a list of 3 dicts"),
        (SEVERAL, [{1: 2.0}, {2: 1.0}, {}], r"no classes: \[2\]; the classes are \[0, 1\]"),
        (SEVERAL, [{1: 2.0}, 3.0, {}], "class_weight must map classes to weights, got 3.0"),
    ],
)
def test_class_weights_that_are_none_are_refused(y, class_weight, message):
    with pytest.raises(ValueError, match=message):
        model_of(class_weight=class_weight).fit(X, y)


@pytest.mark.parametrize(
    ("y", "class_weight"),
    [(TWO, {"rare": 3.0}), (FOUR, "balanced"), (SEVERAL, [{1: 3.3}, {0: 0.7}, {}])],
    ids=["two", "four", "several"],
)
def test_smoothed_labels_are_soft_labels_whose_rows_are_weighted(y, class_weight):
    """The weight of a row falls on its whole soft label, other classes' parts included."""
    smoothing = 0.2
    model = model_of(
        loss=LogLoss(label_smoothing=smoothing),
        class_weight=class_weight,
        dtype="float64",
        alpha=0.0,
        solver="lbfgs",
        max_iter=3,
    ).fit(X, y)
    log_p = np.array(model.predict_log_proba(X))
    if y.ndim == 1:
        own = (y[:, None] == model.classes_).astype(float)
    else:
        own, log_p = np.stack([y, 1 - y], axis=-1), np.stack([log_p, np.log1p(-np.exp(log_p))], -1)
    n_classes = own.shape[-1]
    losses = -((own * (1 - smoothing) + smoothing / n_classes) * log_p).sum(axis=-1)
    losses = losses.sum(axis=1) if y.ndim == 2 else losses
    expected = np.average(losses, weights=by_hand(class_weight, y))
    assert model.loss_ == pytest.approx(expected, rel=1e-9)
