import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import compress
from deepgen.generalization.compressibility.compress import project

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def products(A, u, v, k, n_draws, seed=0):
    random = np.random.default_rng(seed)
    return np.array([u @ project(A, k, random) @ v for _ in range(n_draws)])


def test_the_projection_is_the_mean_over_sign_matrices(rng):
    A = rng.standard_normal((3, 5))
    bits = np.unpackbits(np.random.default_rng(7).integers(0, 256, 12, dtype=np.uint8))[:90]
    expected = np.zeros((3, 5))
    for signs in (2.0 * bits - 1).reshape(6, 3, 5):
        expected += (A * signs).sum() * signs / 6
    np.testing.assert_allclose(project(A, 6, np.random.default_rng(7)), expected, rtol=1e-12)


def test_it_is_unbiased_with_the_variance_of_the_formula(rng):
    A = rng.standard_normal((4, 6))
    u, v, k, n = rng.standard_normal(4), rng.standard_normal(6), 3, 20_000
    values = products(A, u, v, k, n)
    outer = np.outer(u, v)
    variance = (
        (A**2).sum() * (outer**2).sum() + (A * outer).sum() ** 2 - 2 * (A**2 * outer**2).sum()
    ) / k
    assert abs(values.mean() - u @ A @ v) < 4 * np.sqrt(variance / n)
    assert values.var() == pytest.approx(variance, rel=0.05)


def test_the_stated_probability_does_not_hold(rng):
    """eta .05 and eps .3: the source's k is 34."""
    shape, rates = (12, 12), []
    for aligned in (False, True):
        u, v = rng.standard_normal(12), rng.standard_normal(12)
        A = np.outer(u, v) if aligned else rng.standard_normal(shape)
        limit = 0.3 * np.linalg.norm(A) * np.linalg.norm(u) * np.linalg.norm(v)
        rates.append(np.mean(np.abs(products(A, u, v, 34, 4000) - u @ A @ v) > limit))
    assert rates == pytest.approx([0.08, 0.20], abs=0.025)
    assert min(rates) > 0.05 + 4 * np.sqrt(0.05 * 0.95 / 4000)


def trained(**settings):
    draw = np.random.RandomState(0)
    X = draw.randn(60, 4)
    given = dict(hidden_layer_sizes=(7, 5), random_state=0, solver="lbfgs", max_iter=50)
    return MLPRegressor(**(given | settings)).fit(X, 3 + 10 * np.sin(X[:, 0])), X


def test_counts_and_errors():
    model, _ = trained(dtype="float64")
    found = compress(model, eps=0.3, eta=0.05)
    assert found.n_numbers.tolist() == [34, 34, 34]
    assert found.n_weights.tolist() == [4 * 7 + 7, 7 * 5 + 5, 5 + 1] and not found.is_smaller
    for layer, error in enumerate(found.errors):
        one, other = (
            np.vstack([m.coefs_[layer], m.intercepts_[layer]]) for m in (model, found.model)
        )
        assert error == pytest.approx(np.linalg.norm(other - one) / np.linalg.norm(one), rel=1e-9)
    assert compress(model, n_numbers=[3, 4, 5]).is_smaller
    assert len(found.table().splitlines()) == 4 and repr(found).startswith("Compressed(81 weights")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        dict(bias=False),
        dict(normalization="batch", solver="adam"),
        dict(skip="residual", hidden_layer_sizes=(6, 5, 6)),
        dict(dtype="float64", target_scaling=None),
    ],
)
def test_with_many_numbers_the_compressed_network_predicts_nearly_the_same(settings):
    model, X = trained(**settings)
    before = model.predict(X)
    wrong = [
        np.abs(compress(model, n_numbers=k).model.predict(X) - before).mean()
        for k in (300, 30_000, 300_000)
    ]
    assert wrong[0] > wrong[1] > wrong[2] and wrong[2] < 0.1 * before.std()
    assert np.array_equal(model.predict(X), before)
    assert compress(model, n_numbers=9).model.predict(X).dtype == before.dtype


def test_the_same_seed_gives_the_same_network_and_a_probe_is_a_model():
    model, X = trained()
    draws = [
        compress(one, n_numbers=20, random_state=seed).model.coefs_[0]
        for one, seed in [(model, 1), (model, 1), (model, 2), (Probe(model, X, X[:, 0]), 1)]
    ]
    assert np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[0], draws[2])
    np.testing.assert_allclose(draws[0], draws[3], rtol=1e-5)


def test_a_classifier_stays_one():
    draw = np.random.RandomState(0)
    X = draw.randn(50, 3)
    y = np.where(X[:, 0] > 0, "b", "a")
    model = MLPClassifier((6,), random_state=0, solver="lbfgs").fit(X, y)
    assert set(compress(model, n_numbers=500).model.predict(X)) <= {"a", "b"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(eps=0), "eps must be a finite number above 0"),
        (dict(eta=1.5), r"eta must be in \(0, 1\)"),
        (dict(n_numbers=0), "n_numbers must be an integer of at least 1"),
        (dict(n_numbers=[3]), "one per layer, 3, got 1"),
        (dict(n_numbers=10**10), "random signs are needed"),
        (dict(random_state="a"), "random_state"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        compress(trained()[0], **settings)


def test_layer_norm_is_refused():
    with pytest.raises(ValueError, match="layer norm"):
        compress(trained(normalization="layer", solver="adam")[0])


def test_a_matrix_with_one_entry_is_kept():
    model = regressor_from_layers([[[2.5]]], [[0.0]], bias=False)
    assert compress(model, n_numbers=3).model.coefs_[0].tolist() == [[2.5]]
