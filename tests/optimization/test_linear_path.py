import numpy as np
import pytest

from deepgen import MLPClassifier, MLPRegressor, Probe
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
        ({"accuracy": True}, "accuracy is measured for classifiers"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    probe = Probe(net(0), X, Y)
    with pytest.raises(ValueError, match=message):
        linear_path(probe, probe, **settings)


def test_networks_of_another_structure_are_refused():
    with pytest.raises(ValueError, match="one structure, got Probe.3-5-1.* and Probe.3-6-1"):
        linear_path(Probe(net(0), X, Y), Probe(net(0, width=6), X, Y))


def test_a_bump_below_the_start_is_seen():
    both = regressor_from_layers(
        [[[1.0, -1.0]], [[1.0], [1.0]]], [[0.0, 0.0], [-1.0]], activation="relu"
    )
    # f(1) = |w| - 1 for incoming weights (w, -w): zero loss at w = -1 and 1, 1/2 at 0, 8 at -5.
    probe = Probe(both, [[1.0]], [0.0])
    core = probe.network.core

    def at(w):
        parameters = probe.parameters.copy()
        first = next(block for block in core.layout if block.name == "coefs_0")
        parameters[first.offset : first.offset + 2] = [w, -w]
        return probe.at(parameters)

    # The chord, which starts at 8, passes above it; the rise does not.
    path = linear_path(at(-5.0), at(1.0), low=0, high=1, n_points=61)
    places = -5 + 6 * path.alphas
    assert path.values == pytest.approx((np.abs(places) - 1) ** 2 / 2, abs=1e-12)
    assert path.rise == pytest.approx(0.5, rel=1e-12)
    chord = 8 * (1 - path.alphas)
    assert path.barrier == max(0, np.max(path.values - chord)) == 0
    # Between the two valleys both are the bump.
    path = linear_path(at(-1.0), at(1.0), low=0, high=1, n_points=61)
    assert path.barrier == path.rise == pytest.approx(0.5, rel=1e-12)


def test_the_barrier_is_the_height_above_the_chord():
    first, second = Probe(net(0), X, Y), Probe(net(1), X, Y)
    path = linear_path(first, second, low=0, high=1, n_points=101)
    chord = (1 - path.alphas) * path.ends[0] + path.alphas * path.ends[1]
    assert path.barrier == pytest.approx(max(0, np.max(path.values - chord)), rel=1e-12)
    lowest = [path.values[: place + 1].min() for place in range(101)]
    assert path.rise == pytest.approx(np.max(path.values - lowest), rel=1e-12)
    # The ends count where no position is near them.
    assert linear_path(first, second, low=2, high=3, n_points=2).rise == pytest.approx(
        max(0, path.ends[1] - path.ends[0]), rel=1e-12
    )


@pytest.mark.parametrize("recalibrate", [True, False])
def test_batch_norms_statistics_belong_to_the_weights(recalibrate):
    models = [
        MLPRegressor(hidden_layer_sizes=(4,), normalization="batch", random_state=seed)
        for seed in (0, 1)
    ]
    probes = [Probe(model.partial_fit(X, Y), X, Y) for model in models]
    path = linear_path(*probes, low=-1, high=2, n_points=7, recalibrate=recalibrate)
    assert np.isfinite(path.values).all()
    # Half-way, in NumPy: whitened by the statistics of these rows, or by the mean of both nets'.
    blocks = [probe.network.blocks() for probe in probes]
    half = {name: (blocks[0][name] + blocks[1][name]) / 2 for name in blocks[0]}
    z = X @ half["coefs_0"]
    mean, variance = (
        (z.mean(axis=0), z.var(axis=0)) if recalibrate else (half["mean_0"], half["variance_0"])
    )
    epsilon = probes[0].network.core.spec.layers[0].normalization.settings["epsilon"]
    a = (z - mean) / np.sqrt(variance + epsilon) * half["scale_0"] + half["shift_0"]
    outputs = np.maximum(a, 0) @ half["coefs_1"] + half["intercepts_1"]
    loss = np.mean((outputs - probes[0].data.y) ** 2) / 2
    assert path.values[3] == pytest.approx(loss, rel=1e-10)
    if not recalibrate:
        assert path.ends == (probes[0].loss(), path.ends[1])


@pytest.mark.parametrize("as_probe", [True, False])
def test_accuracy_and_validation_are_those_of_the_places(as_probe):
    labels = (X[:, 0] > 0).astype(int)
    models = [
        MLPClassifier((4,), normalization="batch", random_state=seed).partial_fit(
            X[:20], labels[:20], classes=[0, 1]
        )
        for seed in (0, 1)
    ]
    first, second = (Probe(model, X[:20], labels[:20]) for model in models)
    held = X[20:], labels[20:]
    validation = Probe(models[0], *held) if as_probe else held
    settings = {"low": 0, "high": 1, "n_points": 3, "recalibrate": False}
    path = linear_path(first, second, accuracy=True, validation=validation, **settings)
    for place, model in ((0, models[0]), (2, models[1])):
        assert path.accuracy[place] == pytest.approx(model.score(X[:20], labels[:20]), rel=1e-12)
        assert path.validation_accuracy[place] == pytest.approx(model.score(*held), rel=1e-12)
        loss = Probe(model, *held).loss()
        assert path.validation_values[place] == pytest.approx(loss, rel=1e-12)
    # Statistics computed anew are those of the first data, on the validation data too.
    moved = linear_path(first, second, validation=validation, low=0, high=1, n_points=2)
    z = X[:20] @ models[0].coefs_[0]
    blocks = first.network.blocks()
    epsilon = first.network.core.spec.layers[0].normalization.settings["epsilon"]
    a = (held[0] @ blocks["coefs_0"] - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + epsilon)
    a = np.maximum(a * blocks["scale_0"] + blocks["shift_0"], 0)
    output = (a @ blocks["coefs_1"] + blocks["intercepts_1"]).ravel()
    loss = np.mean(np.logaddexp(0, output) - held[1] * output)
    assert moved.validation_values[0] == pytest.approx(loss, rel=1e-6)
    assert moved.accuracy is None and moved.validation_accuracy is None


def test_the_picture_shows_line_and_ends():
    path = linear_path(Probe(net(0), X, Y), Probe(net(1), X, Y), n_points=5)
    line, ends = path.plot().lines
    assert np.array_equal(line.get_xydata(), np.column_stack([path.alphas, path.values]))
    assert np.array_equal(ends.get_xydata(), [[0, path.ends[0]], [1, path.ends[1]]])
