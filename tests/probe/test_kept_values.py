"""Values that a probe keeps at a point: they change no bit, and no more than the limit is kept."""

import pickle
import threading

import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.probe import held_network
from probe.fitted_models import KINDS, data_of, features, fitted, smooth_target

PRODUCTS = {
    "hvp": lambda probe, V: probe.hvp(V),
    "gauss_newton": lambda probe, V: probe.gauss_newton(V),
    "G v": lambda probe, V: probe.per_sample_operator @ V,
    "J v": lambda probe, V: probe.output_jacobian @ V,
    "gradient": lambda probe, V: probe.gradient(),
    "diagonal": lambda probe, V: probe.gauss_newton_diagonal(),
    "loss": lambda probe, V: probe.loss(),
}


def keeping(monkeypatch, limit, kind):
    monkeypatch.setattr(held_network, "KEPT_BYTES", limit)
    return Probe(fitted(kind), *data_of(kind))


def columns(probe, k=2, seed=0):
    return np.random.default_rng(seed).normal(size=(probe.n_parameters, k))


def classifier(n=1100, **settings):
    X = features(n)
    y = (X[:, 0] > X[:, 1]).astype(int) + (X[:, 2] > 1)
    settings = {"hidden_layer_sizes": (9, 7), "activation": "tanh"} | settings
    model = MLPClassifier(random_state=0, **settings).partial_fit(X, y, classes=[0, 1, 2])
    return model, X, y


@pytest.mark.parametrize("kind", KINDS)
def test_products_have_the_same_bits_in_any_order(kind, monkeypatch):
    plain, keeper = keeping(monkeypatch, 0, kind), keeping(monkeypatch, 2**20, kind)
    V = columns(plain)
    expected = {name: product(plain, V) for name, product in PRODUCTS.items()}
    for names in (PRODUCTS, reversed(PRODUCTS), ("hvp", "gauss_newton", "hvp", "G v", "hvp")):
        for name in names:
            np.testing.assert_array_equal(PRODUCTS[name](keeper, V), expected[name], err_msg=name)
    np.testing.assert_array_equal(keeper.hvp(V[:, 1]), expected["hvp"][:, 1])
    assert plain._core.kept_bytes == 0
    assert 0 < keeper._core.kept_bytes <= 2**20


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_no_more_is_kept_than_the_limit(share, monkeypatch):
    monkeypatch.setattr(held_network, "KEPT_BYTES", 2**30)
    model, X, y = classifier()
    all_of_it = Probe(model, X, y)
    V = columns(all_of_it)
    H, G = all_of_it.hvp(V), all_of_it.gauss_newton(V)
    most = all_of_it._core.kept_bytes
    # Nine and seven units in rows of an odd number of cache lines, and three outputs: their
    # values, and the gradients by what stands before and after each activation.
    assert 8 * 1100 * (9 + 7 + 3) < most < 8 * 1100 * 24 * 8
    limit = int(share * most)
    monkeypatch.setattr(held_network, "KEPT_BYTES", limit)
    probe = Probe(model, X, y)
    for _ in range(2):
        np.testing.assert_array_equal(probe.gauss_newton(V), G)
        np.testing.assert_array_equal(probe.hvp(V), H)
        assert probe._core.kept_bytes <= limit
    assert (probe._core.kept_bytes > 0) == (share > 0.0)


def test_one_gradient_or_loss_keeps_nothing():
    probe = Probe(*classifier())
    probe.gradient(), probe.loss(), probe.per_sample_gradient_norms(), probe.jacobian(features(3))
    assert probe._core.kept_bytes == 0


@pytest.mark.parametrize("normalization", [None, "batch", "layer", "weight"])
def test_bits_do_not_depend_on_threads_that_come_and_go(normalization, monkeypatch):
    monkeypatch.setattr("deepgen.probe.held_network.worthwhile_threads", lambda limit, work: limit)
    model, X, y = classifier(normalization=normalization)
    monkeypatch.setattr(held_network, "KEPT_BYTES", 0)
    plain = Probe(model, X, y)
    V = columns(plain)
    plain._estimator.set_params(n_jobs=1)
    expected = {name: product(plain, V) for name, product in PRODUCTS.items()}
    monkeypatch.setattr(held_network, "KEPT_BYTES", 2**30)
    probe = Probe(model, X, y)
    for n_jobs in (1, 3, 2, 1, 3):
        probe._estimator.set_params(n_jobs=n_jobs)
        for name, product in PRODUCTS.items():
            np.testing.assert_array_equal(product(probe, V), expected[name], err_msg=name)


@pytest.mark.parametrize("normalization", ["batch", "weight"])
def test_other_parameters_write_over_what_was_kept(normalization):
    model, X, y = classifier(normalization=normalization)
    probe = Probe(model, X, y)
    V = columns(probe)
    here = probe.hvp(V)
    kept = probe._core.kept_bytes
    steps = [probe.at(probe.parameters + 0.1 * step * V[:, 0]) for step in (1, 2)]
    fresh = [Probe(model, X, y).at(moved.parameters) for moved in steps]
    for moved, other in zip(steps, fresh, strict=True):
        np.testing.assert_array_equal(moved.gauss_newton(V), other.gauss_newton(V))
        np.testing.assert_array_equal(moved.hvp(V), other.hvp(V))
        assert not np.array_equal(moved.hvp(V), here)
        np.testing.assert_array_equal(probe.hvp(V), here)
    assert probe._core.kept_bytes == kept
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(probe)).hvp(V), here)


def test_several_threads_measure_at_several_points():
    model, X, y = classifier()
    probe = Probe(model, X, y)
    V = columns(probe, 3)
    points = [probe.at(probe.parameters + 0.1 * V[:, j]) for j in range(3)]
    expected = [Probe(model, X, y).at(point.parameters).hvp(V) for point in points]
    alone = Probe(model, X, y)
    alone.hvp(V)
    wrong = []

    def work(j):
        for turn in range(8):
            place = (j + turn // 3) % 3
            if not np.array_equal(points[place].hvp(V), expected[place]):
                wrong.append((j, turn))

    threads = [threading.Thread(target=work, args=(j,)) for j in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert 0 < probe._core.kept_bytes <= held_network.KEPT_BYTES
    assert probe._core.kept_bytes % alone._core.kept_bytes == 0


def test_sparse_rows_and_other_cuts():
    from scipy.sparse import csr_array

    model, X, y = classifier()
    X = np.where(np.abs(X) > 0.7, X, 0.0)
    dense, sparse = Probe(model, X, y), Probe(model, csr_array(X), y)
    V = columns(dense)
    H = dense.hvp(V)
    np.testing.assert_array_equal(sparse.hvp(V), H)
    core, point = sparse._core, sparse._point
    for cuts in ((0, 512, 1100), (0, 1100), (0, 1024, 1100), (0, 512, 1024, 1100)):
        out = np.zeros((2, dense.n_parameters))
        for begin, end in zip(cuts, cuts[1:], strict=False):
            core.add_hvp(point, np.ascontiguousarray(V.T), out, begin, end)
        np.testing.assert_array_equal(out.T, H)


def test_weights_of_rows_that_share_the_way_back():
    X = features(530)
    y = smooth_target(X)
    probe = Probe(MLPRegressor(hidden_layer_sizes=(5, 6), random_state=0).partial_fit(X, y), X, y)
    G = probe.per_sample_gradients()
    U = np.random.default_rng(0).normal(size=(530, 3)) * (np.arange(530) % 3 > 0)[:, None]
    sums = probe.per_sample_operator.T @ U
    np.testing.assert_allclose(sums, G.T @ U, rtol=1e-10, atol=1e-10 * np.abs(sums).max())


def test_refused():
    core = Probe(*classifier())._core
    with pytest.raises(ValueError, match="kept_bytes is -1"):
        type(core)(fitted("float64").network_.core, features(3), np.zeros((3, 1)), kept_bytes=-1)
