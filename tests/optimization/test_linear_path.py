import numpy as np
import pytest

from deepgen import MLPRegressor, Probe
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.optimization import linear_path

X = np.random.RandomState(0).randn(30, 3)
Y = np.sin(X[:, 0]) + X[:, 1]


def net(seed, width=5, **parameters):
    draw = np.random.RandomState(seed)
    coefs = [draw.randn(3, width), draw.randn(width, 1)]
    intercepts = [draw.randn(width), draw.randn(1)]
    return regressor_from_layers(coefs, intercepts, **parameters)


def test_values_are_the_losses_of_interpolated_networks():
    first, second = net(0), net(1)
    path = linear_path(Probe(first, X, Y), Probe(second, X, Y), n_points=8)
    for alpha, value in zip(path.alphas, path.values, strict=True):
        mixed = regressor_from_layers(
            [(1 - alpha) * a + alpha * b for a, b in zip(first.coefs_, second.coefs_, strict=True)],
            [
                (1 - alpha) * a + alpha * b
                for a, b in zip(first.intercepts_, second.intercepts_, strict=True)
            ],
        )
        assert value == pytest.approx(np.mean((mixed.predict(X) - Y) ** 2) / 2, rel=1e-12)
    assert path.ends == (Probe(first, X, Y).loss(), Probe(second, X, Y).loss())


def test_the_barrier_is_the_rise_between_the_ends_and_not_beyond_them():
    # w2 w1 x fits y = x with weights (1, 1) and (-1, -1); half-way the network is zero.
    ends = [
        regressor_from_layers(
            [[[sign]], [[sign]]], [[0.0], [0.0]], activation="identity", bias=False
        )
        for sign in (1.0, -1.0)
    ]
    x = np.array([[1.0], [2.0]])
    path = linear_path(*(Probe(model, x, x[:, 0]) for model in ends), n_points=57)
    assert path.ends == (0, 0)
    assert path.barrier == pytest.approx(np.mean(x**2) / 2, rel=1e-12)
    # A convex loss has none, though it rises outside of [0, 1].
    line = Probe(
        MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=500, random_state=0).fit(X, Y),
        X,
        Y,
    )
    path = linear_path(line.at(line.parameters + 1), line)
    assert path.barrier == 0 and path.values.max() > max(path.ends)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low": 1, "high": 0}, "low must be below high"),
        ({"high": np.inf}, "low must be below high"),
        ({"n_points": 1}, "n_points must be"),
        ({"n_points": 2.5}, "n_points must be"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    probe = Probe(net(0), X, Y)
    with pytest.raises(ValueError, match=message):
        linear_path(probe, probe, **settings)


def test_networks_of_another_structure_are_refused():
    with pytest.raises(ValueError, match="one structure, got Probe.3-5-1.* and Probe.3-6-1"):
        linear_path(Probe(net(0), X, Y), Probe(net(0, width=6), X, Y))


def test_other_statistics_of_batch_norm_are_refused():
    models = [
        MLPRegressor(hidden_layer_sizes=(4,), normalization="batch", random_state=seed)
        for seed in (0, 1)
    ]
    probes = [Probe(model.partial_fit(X, Y), X, Y) for model in models]
    assert linear_path(probes[0], probes[0].at(0 * probes[0].parameters)).barrier >= 0
    with pytest.raises(ValueError, match="running statistics of batch norm"):
        linear_path(*probes)


def test_the_picture_shows_line_and_ends():
    path = linear_path(Probe(net(0), X, Y), Probe(net(1), X, Y), n_points=5)
    line, ends = path.plot().lines
    assert np.array_equal(line.get_xydata(), np.column_stack([path.alphas, path.values]))
    assert np.array_equal(ends.get_xydata(), [[0, path.ends[0]], [1, path.ends[1]]])
