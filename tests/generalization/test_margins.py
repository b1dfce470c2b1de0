import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import make_moons
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.generalization import margins, spectral_complexity

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def rows(n=60, n_classes=3):
    draw = np.random.RandomState(0)
    X = draw.randn(n, 4)
    return X, np.array(["a", "b", "c", "d"])[draw.randint(n_classes, size=n)]


def trained(n_classes=3, **settings):
    X, y = rows(n_classes=n_classes)
    given = dict(hidden_layer_sizes=(6,), random_state=0, max_iter=30, dtype="float64")
    model = MLPClassifier(**(given | settings)).fit(X, y)
    return model, X, y


def test_a_margin_is_the_logit_of_the_class_minus_the_largest_other():
    model, X, y = trained()
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    logits = hidden @ model.coefs_[1] + model.intercepts_[1]
    expected = []
    for logit, label in zip(logits, y, strict=True):
        code = list(model.classes_).index(label)
        expected.append(logit[code] - max(np.delete(logit, code)))
    found = margins(Probe(model, X, y))
    np.testing.assert_allclose(found.margin, expected, rtol=1e-12, atol=1e-12)
    assert np.array_equal(found.margin > 0, model.predict(X) == y)
    assert found.wrong == pytest.approx(1 - model.score(X, y))


def test_two_classes_have_the_outputs_0_and_z():
    model, X, y = trained(2)
    z = model.decision_function(X)
    found = margins(Probe(model, X, y))
    np.testing.assert_allclose(found.margin, np.where(y == "b", z, -z), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
def test_normalized_margins(bias):
    model, X, y = trained(bias=bias)
    found = margins(Probe(model, X, y))
    squares = (X**2).sum() + (len(X) if bias else 0)
    expected = found.margin / (spectral_complexity(model).value * np.sqrt(squares) / len(X))
    np.testing.assert_allclose(found.normalized, expected, rtol=1e-12)
    assert found.data_norm == pytest.approx(np.sqrt(squares), rel=1e-14)


def test_normalized_margins_are_those_of_the_network_with_a_scaled_layer():
    model, X, y = trained(bias=False, hidden_layer_sizes=(6, 5))
    before = margins(Probe(model, X, y))
    model.coefs_[1] = 8.3 * model.coefs_[1]
    after = margins(Probe(model, X, y))
    np.testing.assert_allclose(after.margin, 8.3 * before.margin, rtol=1e-12)
    np.testing.assert_allclose(after.normalized, before.normalized, rtol=1e-12)


def test_a_summary_per_class():
    model, X, y = trained()
    found = margins(Probe(model, X, y, sample_weight=1 + np.arange(len(X))))
    assert [one.label for one in found.by_class] == ["a", "b", "c"]
    for one in found.by_class:
        own = found.margin[y == one.label]
        assert one.n == len(own) and one.wrong == np.mean(own <= 0)
        assert (one.low, one.median) == (np.percentile(own, 5), np.median(own))
        assert one.mean == pytest.approx(own.mean(), rel=1e-14)
    assert found.table().splitlines()[0].split() == [
        "class", "rows", "wrong", "5th", "percentile", "median", "mean"
    ]  # fmt: skip
    assert found.percentile(5) == np.percentile(found.margin, 5)
    assert repr(found).startswith("Margins(60 rows, ")


def test_a_class_without_rows_has_no_summary():
    model, X, y = trained()
    found = margins(Probe(model, X[y != "b"], y[y != "b"]))
    assert found.by_class[1].n == 0 and np.isnan(found.by_class[1].median)


def test_a_pipeline_and_integer_labels():
    X, y = rows(n_classes=2)
    y = np.where(y == "a", -1, 5)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier((5,), random_state=0, max_iter=20))
    found = margins(Probe(pipeline.fit(X, y), X, y))
    assert np.array_equal(found.margin > 0, pipeline.predict(X) == y)
    assert [one.label for one in found.by_class] == [-1, 5]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [(dict(normalization="layer"), "layer norm"), (dict(activation="logistic"), "not 0 at 0")],
)
def test_margins_exist_where_the_theorem_does_not_hold(settings, reason):
    model, X, y = trained(**settings)
    found = margins(Probe(model, X, y))
    assert found.normalized is None and reason in found.reason and reason in repr(found)
    assert len(found.margin) == len(X)


def test_sparse_rows_have_margins():
    model, X, y = trained()
    found = margins(Probe(model, csr_array(X), y))
    np.testing.assert_allclose(found.margin, margins(Probe(model, X, y)).margin, rtol=1e-12)
    assert found.normalized is None and "sparse" in found.reason


def test_the_start_as_reference():
    model, X, y = trained(max_iter=3)
    near, far = (margins(Probe(model, X, y), reference=r) for r in ("start", 0))
    assert near.complexity.reference == "start"
    assert np.median(np.abs(near.normalized)) > np.median(np.abs(far.normalized))
    with pytest.raises(ValueError, match="reference"):
        margins(Probe(model, X, y), reference="end")


def test_a_regressor_and_several_labels_per_row_are_refused():
    X, _ = rows()
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="got a probe of a regressor"):
        margins(Probe(model, X, X[:, 0]))
    Y = (X[:, :2] > 0).astype(int)
    with pytest.raises(ValueError, match="several labels per row"):
        margins(Probe(MLPClassifier((3,), max_iter=1).fit(X, Y), X, Y))
    one = MLPClassifier((3,), max_iter=1).fit(X, np.zeros(len(X), int))
    with pytest.raises(ValueError, match="at least two classes"):
        margins(Probe(one, X, np.zeros(len(X), int)))


def decks_moons():
    """Section 18a of the deck: 30 rows to train on, and 30 of shuffled labels beside them."""
    random = np.random.RandomState(1)
    X, y = make_moons(30, noise=0.15, random_state=random)
    make_moons(1000, noise=0.15, random_state=random)
    more, labels = make_moons(30, noise=0.15, random_state=random)
    random.shuffle(labels)
    scaler = StandardScaler().fit(X)
    return scaler.transform(X), y, scaler.transform(more), labels


def test_margins_of_the_decks_half_moons():
    X, y, more, labels = decks_moons()
    net = MLPClassifier((256,), solver="lbfgs", alpha=0, random_state=0, dtype="float64")
    good = net.fit(X, y)
    found = margins(Probe(good, X, y))
    # The deck's own run ended at a mean margin of 33.7 and a product of norms of 296.5; where
    # L-BFGS ends depends on its last line search.
    assert found.wrong == 0 and 22 < found.margin.mean() < 50
    assert 200 < np.prod([np.linalg.norm(W, 2) for W in good.coefs_]) < 450
    net.set_params(max_iter=5000, max_fun=20_000)
    bad = net.fit(np.vstack([X, more]), np.r_[y, labels])
    other = margins(Probe(bad, X, y))
    # The bad minimum fits the clean rows too, with larger margins; only normalized ones say more.
    assert other.wrong == 0 and other.margin.mean() > 5 * 50
    assert np.median(other.normalized) < np.median(found.normalized) / 5
    assert np.prod([np.linalg.norm(W, 2) for W in bad.coefs_]) > 1e4


@pytest.mark.claims
def test_wrong_labels_have_smaller_normalized_margins_at_the_same_training_error():
    smaller = 0
    for seed in range(5):
        draw = np.random.RandomState(seed)
        X = draw.randn(40, 10)
        y = X[:, 0] > 0
        medians = []
        for labels in (y, draw.permutation(y)):
            model = MLPClassifier((512,), solver="lbfgs", alpha=0, random_state=seed, max_iter=2000)
            found = margins(Probe(model.fit(X, labels), X, labels))
            assert found.wrong == 0
            medians.append(np.median(found.normalized))
        smaller += medians[1] < medians[0]
    assert smaller == 5


def test_the_plot_has_a_line_per_class_and_one_for_all():
    pytest.importorskip("matplotlib")
    model, X, y = trained()
    ax = margins(Probe(model, X, y)).plot()
    assert [line.get_label() for line in ax.lines[:4]] == ["all", "a", "b", "c"]
