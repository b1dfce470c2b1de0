import numpy as np
import pytest

from deepgen import MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import keskar_sharpness

DRAW = np.random.RandomState(0)


def quadratic(curvatures, minimum):
    """A linear model whose loss is .5 sum of lam_i (x_i - x*_i)^2, without intercept."""
    d = len(curvatures)
    X = np.sqrt(d * np.asarray(curvatures)) * np.eye(d)
    model = regressor_from_layers(
        [np.asarray(minimum, float)[:, None]], [[0.0]], bias=False, activation="identity"
    )
    return Probe(model, X, X @ np.asarray(minimum, float))


def small_net(scale=1.0):
    """tanh would not be homogeneous: a ReLU net whose hidden units are rescaled."""
    draw = np.random.RandomState(1)
    X = draw.randn(40, 3)
    coefs = [draw.randn(3, 6) * scale, draw.randn(6, 1) / scale]
    intercepts = [draw.randn(6) * scale, draw.randn(1)]
    return Probe(regressor_from_layers(coefs, intercepts), X, np.sin(X[:, 0]))


@pytest.mark.parametrize("eps", [1e-3, 5e-4])
def test_a_quadratic_has_its_closed_form(eps):
    curvatures, minimum = np.array([4, 1, 0.25]), np.array([0.0, 2.0, -1.0])
    found = keskar_sharpness(quadratic(curvatures, minimum), eps)
    closed = 50 * eps**2 * np.sum(curvatures * (np.abs(minimum) + 1) ** 2)
    assert found.value == pytest.approx(closed, rel=1e-9)
    if eps == 1e-3:
        assert closed == pytest.approx(7.0e-4, rel=1e-12)
    # The centre is a critical point, so the search from there finds nothing.
    assert found.values[0] == 0 and found.n_dimensions == 3


def test_two_parameters_against_brute_force():
    x = np.array([[0.3], [-1.2], [0.7], [2.0]])
    model = regressor_from_layers([[[0.8]], [[-0.5]]], [[0.0], [0.0]], bias=False)
    probe = Probe(model, x, np.array([1.0, 0.0, -0.4, 0.2]))
    eps = 0.3
    found = keskar_sharpness(probe, eps, n_iter=50, n_starts=4)
    box = eps * (np.abs(probe.parameters) + 1)
    grid = np.linspace(-1, 1, 201)
    losses = np.array(
        [[probe.at(probe.parameters + box * (a, b)).loss() for a in grid] for b in grid]
    )
    assert found.highest == pytest.approx(losses.max(), rel=1e-12)
    assert found.value == pytest.approx(100 * (losses.max() - found.loss) / (1 + found.loss))


def test_it_grows_with_eps_and_is_never_negative():
    probe = small_net()
    values = [keskar_sharpness(probe, eps).value for eps in (1e-4, 1e-3, 1e-2)]
    assert 0 < values[0] < values[1] < values[2]
    top = probe.at(0 * probe.parameters)
    assert keskar_sharpness(top, 1e-9).value >= 0


def test_the_subspace_is_orthonormal_and_its_box_that_of_the_paper():
    # A quadratic with equal curvatures is the same along all orthonormal axes.
    P, p, eps = 12, 4, 1e-2
    minimum = DRAW.randn(P)
    probe = quadratic(np.ones(P), minimum)
    found = keskar_sharpness(probe, eps, n_dimensions=p, random_state=3)
    A = np.linalg.qr(np.random.default_rng(3).standard_normal((P, p)))[0]
    box = eps * (np.abs(A.T @ minimum) + 1)
    assert found.value == pytest.approx(50 * np.sum(box**2), rel=1e-9)
    whole = keskar_sharpness(probe, eps, n_dimensions=P)
    assert whole.n_dimensions == P


def test_rescaled_neurons_change_it_though_the_function_is_the_same():
    plain, rescaled = small_net(), small_net(scale=10.0)
    assert plain.loss() == pytest.approx(rescaled.loss(), rel=1e-12)
    first, second = (keskar_sharpness(probe, 1e-2).value for probe in (plain, rescaled))
    assert abs(second / first - 1) > 0.2


def test_equal_seeds_give_equal_bits_and_the_probe_stays_as_it_is():
    probe = small_net()
    before = probe.parameters.copy()
    results = [keskar_sharpness(probe, random_state=4) for _ in range(2)]
    assert results[0].value == results[1].value
    assert np.array_equal(results[0].values, results[1].values)
    assert np.array_equal(probe.parameters, before)
    assert results[0].n_evaluations <= 2 * 5 * 11
    assert repr(results[0]).startswith("KeskarSharpness(")


@pytest.mark.parametrize(
    "settings", [{"normalization": "batch"}, {"skip": "residual"}, {"normalization": "weight"}]
)
def test_networks_of_every_kind(settings):
    X = DRAW.randn(30, 3)
    y = X[:, 0] * X[:, 1]
    model = MLPRegressor(hidden_layer_sizes=(8, 8, 8), **settings)
    probe = Probe(model.partial_fit(X, y), X, y, sample_weight=np.arange(30.0))
    assert keskar_sharpness(probe, 1e-2).value > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eps": 0}, "eps must be a finite number above 0"),
        ({"eps": np.inf}, "eps must be a finite number above 0"),
        ({"n_dimensions": 32}, "n_dimensions must be at most 31"),
        ({"n_dimensions": 0}, "n_dimensions must be an integer of at least 1"),
        ({"n_iter": 1.5}, "n_iter must be an integer"),
        ({"n_starts": True}, "n_starts must be an integer"),
        ({"random_state": -1}, "random_state must be an integer of at least 0"),
    ],
)
def test_bad_settings_are_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        keskar_sharpness(small_net(), **settings)
