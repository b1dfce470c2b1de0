"""PAC-Bayes bounds: closed forms of their parts, and coverage where the risk is known."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier
from deepgen.generalization import pac_bayes
from deepgen.generalization.random_weights.binary_kl import binary_kl, kl_inverse
from deepgen.generalization.random_weights.gibbs_error import GibbsClassifier, GibbsError
from deepgen.generalization.random_weights.pac_bayes import MONTE_CARLO_SHARE

FLIPPED = 0.2


def linear(**changes):
    parameters = {"solver": "lbfgs", "alpha": 1.0, "bias": False, "dtype": "float64"}
    return MLPClassifier((), random_state=0, **{**parameters, **changes})


def half_planes(n, seed):
    """Two normal features; the sign of the first is the class, flipped in a fifth of the rows."""
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((n, 2))
    return X, (X[:, 0] > 0) ^ (draw.random(n) < FLIPPED)


def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def small(**changes):
    parameters = {"solver": "lbfgs", "alpha": 1.0, "max_iter": 500, "random_state": 0}
    return MLPClassifier((6,), **{**parameters, **changes})


@pytest.mark.parametrize("c", [1e-9, 1e-3, 0.1, 2.0])
def test_kl_inverse_against_closed_forms_and_its_own_definition(c):
    assert kl_inverse(0.0, c) == pytest.approx(1 - np.exp(-c), rel=1e-12)
    # kl(1/2 || p) = -ln(4 p (1 - p)) / 2.
    assert kl_inverse(0.5, c) == pytest.approx((1 + np.sqrt(1 - np.exp(-2 * c))) / 2, rel=1e-12)
    for q in (1e-6, 0.03, 0.4, 0.97):
        p = kl_inverse(q, c)
        assert q < p <= 1 and (p == 1 or binary_kl(q, p) == pytest.approx(c, rel=1e-5))
    assert kl_inverse(1.0, c) == 1.0 and kl_inverse(0.3, 0.0) == 0.3 and kl_inverse(0.2, 1e4) == 1.0


def test_kl_of_coins():
    assert binary_kl(0.25, 0.5) == pytest.approx(0.75 * np.log(1.5) - 0.25 * np.log(2), rel=1e-14)
    assert binary_kl(0.3, 0.3) == 0 and binary_kl(0.3, 0.0) == np.inf


def test_the_bound_is_made_of_its_parts():
    X, y = half_planes(200, seed=3)
    result = pac_bayes(linear(), X, y, 0.9, prior_share=0.3, sigmas=[0.2, 0.5], n_draws=300)
    again = linear().fit(X[(first := rows_of_the_prior(200, 0.3))], y[first])
    change = result.model.coefs_[0] - again.coefs_[0]
    kl = np.sum(change**2) / (2 * result.sigma**2)
    assert result.kl == pytest.approx(kl, rel=1e-9) and kl > 0
    n, risk = 140, 0.1
    assert (result.n_prior, result.n_rest, result.n_draws) == (60, n, 420)
    budget = (kl + np.log(2 * np.sqrt(n) * 2 / (risk * (1 - MONTE_CARLO_SHARE)))) / n
    limit = kl_inverse(result.empirical, -np.log(risk * MONTE_CARLO_SHARE) / 420)
    assert result.empirical + result.monte_carlo == pytest.approx(limit, rel=1e-9)
    assert result.bound == pytest.approx(kl_inverse(limit, budget), rel=1e-9)
    rest = np.setdiff1d(np.arange(200), first)
    assert result.prior_error == pytest.approx(1 - again.score(X[rest], y[rest]), abs=1e-12)
    assert result.error == pytest.approx(1 - result.model.score(X[rest], y[rest]), abs=1e-12)
    assert result.test_bound == pytest.approx(kl_inverse(result.prior_error, -np.log(0.1) / n))


def rows_of_the_prior(n, share):
    return np.sort(np.random.default_rng(0).permutation(n)[: round(share * n)])


def test_the_gibbs_error_of_a_linear_network_is_a_mean_of_normal_tails():
    X, y = half_planes(300, seed=1)
    result = pac_bayes(linear(), X, y, sigmas=[0.7], n_draws=20_000, random_state=5)
    order = np.random.default_rng(5).permutation(300)[150:]
    margins = np.where(y, 1, -1)[order] * (X[order] @ result.model.coefs_[0][:, 0])
    exact = norm.cdf(-margins / (0.7 * np.linalg.norm(X[order], axis=1))).mean()
    assert result.empirical == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))
    assert abs(result.error - exact) > 0.02  # noise matters here


def test_the_bound_holds_as_often_as_it_says_where_the_risk_is_known():
    bounds, estimates, risks = [], [], []
    for seed in range(100):
        X, y = half_planes(60, seed)
        result = pac_bayes(linear(), X, y, sigmas=[0.3, 1.0], n_draws=100, random_state=seed)
        noise = np.random.default_rng(seed).standard_normal((2000, 2))
        w = result.model.coefs_[0][:, 0] + result.sigma * noise
        angle = np.arccos(w[:, 0] / np.linalg.norm(w, axis=1)).mean()
        risks.append(FLIPPED + (1 - 2 * FLIPPED) * angle / np.pi)
        bounds.append(result.bound)
        estimates.append(result.empirical)
    # Of 100 at 5 %, 10 or fewer in 99 cases of 100.
    assert np.sum(np.array(bounds) < risks) <= 10
    assert np.mean(bounds) < 0.8
    # The rows alone would be exceeded often, so that the bound had something to cover.
    assert np.mean(np.array(estimates) < risks) > 0.3


def test_the_limit_of_the_draws_holds_with_different_chances_and_uneven_blocks():
    draw = np.random.default_rng(0)
    sizes = np.array([len(block) for block in np.array_split(np.arange(150), 40)])
    chances = np.linspace(0.1, 0.5, 40)
    truth, limits = sizes @ chances / 150, []
    for _ in range(2000):
        # All rows of a block err together: nothing is assumed inside of a block.
        wrong = int(sizes @ (draw.random(40) < chances))
        limits.append(GibbsError(wrong, 150, 40, int(sizes.max())).upper_limit(0.2))
    assert 0.02 < np.mean(np.array(limits) < truth) < 0.2


def test_uneven_blocks_count_in_units_of_the_longest():
    factor = 150 / (40 * 4)
    expected = kl_inverse(0.2 * factor, np.log(5) / 40) / factor
    assert GibbsError(30, 150, 40, 4).upper_limit(0.2) == pytest.approx(expected, rel=1e-12)
    assert GibbsError(150, 150, 40, 4).upper_limit(0.2) == 1.0


def test_one_draw_for_each_row_is_the_bound_of_single_losses():
    limit = GibbsError(30, 600, 600, 1).upper_limit(0.01)
    assert limit == pytest.approx(kl_inverse(0.05, np.log(100) / 600), rel=1e-12)


def test_labels_of_any_kind_and_reproducible():
    X, y = iris()
    settings = {"n_draws": 200, "random_state": 2}
    first = pac_bayes(small(), X, y, **settings)
    named = pac_bayes(small(), X, np.array(["ant", "bee", "cat"], dtype=object)[y], **settings)
    assert named.bound == first.bound == pac_bayes(small(), X, y - 7, **settings).bound
    assert named.model.predict(X[:1])[0] == "ant"
    assert first.bound != pac_bayes(small(), X, y, n_draws=200, random_state=3).bound
    assert repr(first).startswith("PacBayes(error at most 0.")


def test_training_further_starts_at_the_prior():
    X, y = iris()
    near, far = (
        pac_bayes(small(), X, y, sigmas=[0.1], n_draws=20, learning_rate=rate, n_epochs=3)
        for rate in (1e-9, 1e-2)
    )
    assert near.kl < 1e-6 < 0.1 < far.kl
    assert near.error == near.prior_error


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "settings",
    [{"early_stopping": True, "scoring": "balanced_accuracy"}, {"max_time": 1e-9}],
    ids=["early stopping", "time"],
)
def test_all_rows_train_further_whatever_ends_the_estimators_own_training(settings):
    X, y = iris()
    net = MLPClassifier((6,), max_iter=20, random_state=0, **settings)
    result = pac_bayes(net, X, y, sigmas=[0.1], n_draws=20, n_epochs=3, learning_rate=0.01)
    prior = MLPClassifier((6,), max_iter=20, random_state=0, **settings)
    first = np.sort(np.random.default_rng(0).permutation(150)[:75])
    seen = prior.fit(X[first], y[first])._training_state.samples_seen
    assert result.model._training_state.samples_seen - seen == 3 * 150
    assert result.kl > 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_batch_norm_keeps_the_statistics_of_the_prior(monkeypatch):
    X, y = iris()
    networks = []

    def spied(network, *rows):
        networks.append(network)
        return GibbsClassifier(network, *rows)

    monkeypatch.setitem(pac_bayes.__globals__, "GibbsClassifier", spied)
    net = MLPClassifier((6,), normalization="batch", batch_size=10, max_iter=5, random_state=0)
    result = pac_bayes(net, X, y, sigmas=[0.1], n_draws=20)
    # Two networks whose statistics differ are infinitely far apart.
    after, before, model = (n.blocks_of("mean")[0] for n in (*networks, result.model.network_))
    np.testing.assert_array_equal(after, before)
    assert np.abs(model - before).max() > 1e-3


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_pipelines_tables_and_sparse_rows():
    pandas = pytest.importorskip("pandas")
    from scipy.sparse import coo_array, csr_array

    X, y = iris()
    settings = {"n_draws": 100, "sigmas": [0.1]}
    piped = pac_bayes(make_pipeline(StandardScaler(), small()), X, y, **settings)
    assert piped.bound < 1 and piped.n_rest == 75
    table = pandas.DataFrame({"a": X[:, 2], "b": np.where(X[:, 3] > 0, "wide", "narrow")})
    net = TabularClassifier(preset="fast", n_members=1, random_state=0, network={"max_iter": 20})
    assert pac_bayes(net, table, y, **settings).n_rest == 75
    dense, sparse, coordinates = (
        pac_bayes(small(), form(X), y, **settings) for form in (np.array, csr_array, coo_array)
    )
    assert sparse.bound == pytest.approx(dense.bound, abs=0.05)
    assert coordinates.bound == sparse.bound


def test_the_estimator_is_cloned():
    X, y = iris()
    net = small()
    pac_bayes(net, X, y, n_draws=20)
    assert not hasattr(net, "n_features_in_") and not net.warm_start


def test_what_has_no_bound_is_refused_by_name():
    X, y = iris()
    with pytest.raises(TypeError, match="sample_weight"):
        pac_bayes(small(), X, y, sample_weight=np.ones(150))
    with pytest.raises(TypeError, match="errors of a classifier, got MLPRegressor"):
        pac_bayes(MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=500), X, y)
    with pytest.raises(ValueError, match="one network is measured at a time"):
        pac_bayes(small(n_members=2), X, y)
    with pytest.raises(ValueError, match="several labels per row"):
        pac_bayes(small(), X, np.eye(3, dtype=int)[y])
    with pytest.raises(ValueError, match="two classes or more"):
        pac_bayes(small(), X, np.zeros(150, dtype=int))
    with pytest.raises(ValueError, match="no row of class 9"):
        pac_bayes(small(), X, np.where(np.arange(150) == 0, 9, y), random_state=1, prior_share=0.2)
    with pytest.raises(ValueError, match="leaves 4 of 150 rows"):
        pac_bayes(small(), X, y, prior_share=0.97)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        pac_bayes(small(), X, y[:-1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"confidence": 1.0}, "confidence must be a number between 0 and 1"),
        ({"prior_share": True}, "prior_share must be a number between 0 and 1"),
        ({"n_epochs": 0}, "n_epochs must be an integer of at least 1"),
        ({"learning_rate": 0}, "learning_rate must be a finite number above 0"),
        ({"sigmas": [0.1, 0.0]}, "sigmas must be a list of finite numbers > 0"),
        ({"sigmas": []}, "sigmas must be a list"),
        ({"sigmas": "wide"}, "sigmas must be a list of finite numbers > 0, got 'wide'"),
        ({"n_draws": 19}, "n_draws must be an integer of at least 20"),
        ({"random_state": None}, "random_state must be an integer"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        pac_bayes(small(), *iris(), **settings)


def test_noise_whose_square_vanishes_has_an_infinite_divergence():
    result = pac_bayes(small(), *iris(), sigmas=[1e-200], n_draws=20)
    assert result.kl == np.inf and result.bound == 1.0


def test_the_plot_has_bound_and_error():
    pytest.importorskip("matplotlib")
    assert len(pac_bayes(small(), *iris(), n_draws=20).plot().lines) == 3


@pytest.mark.claims
def test_mnist_with_100_units_is_below_11_percent(shared_data):
    with np.load(shared_data / "mnist.npz") as file:
        X = (file["X_train"].reshape(-1, 784) / 255).astype(np.float32)
        y = file["y_train"]
    net = MLPClassifier((100,), max_iter=15, n_iter_no_change=15, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        result = pac_bayes(net, X, y)
    assert result.error < result.empirical < 0.06 < result.bound < 0.11
