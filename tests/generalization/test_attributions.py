"""Attributions: closed forms, completeness, slow independent integrals, other libraries."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from deepgen.embeddings import CategoryEmbedding
from deepgen.expressivity import breakpoints, rect
from deepgen.generalization import attributions
from deepgen.losses import Quantile
from deepgen.preprocessing import TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
KIND = np.array(["a", "b", "c"])[np.digitize(Y, [-0.5, 0.5])]
SMALL = {"hidden_layer_sizes": (12, 8), "max_iter": 8, "random_state": 0, "dtype": "float64"}


def network(**changes):
    kind = MLPClassifier if changes.pop("classes", False) else MLPRegressor
    y = changes.pop("y", KIND if kind is MLPClassifier else Y)
    return kind(**SMALL | changes).fit(X, y)


def output(model, rows):
    """The outputs that are attributed, (n, n_outputs), by the public predictions."""
    if hasattr(model, "classes_"):
        return np.mean([m.decision_function(rows).reshape(len(rows), -1)
                        for m in model.members_], axis=0)  # fmt: skip
    predictions = [m.predict(rows).reshape(len(rows), -1) for m in model.members_]
    if model.out_activation_ == "exp":
        predictions = np.log(predictions)
    return np.mean(predictions, axis=0)


def names(settings):
    return ",".join(f"{name}={value}" for name, value in settings.items() if name != "y") or "mlp"


PIECEWISE = [
    {},
    {"activation": "leaky_relu", "normalization": "batch"},
    {"hidden_layer_sizes": (8, 8, 8, 8), "skip": "residual", "dropout": 0.2},
    {"classes": True},
    {"classes": True, "y": Y > 0},
    {"classes": True, "y": np.zeros(60)},
    {"classes": True, "y": np.stack([Y > 0, X[:, 0] > 0], 1).astype(int)},
    {"y": np.stack([Y, -X[:, 0]], 1)},
    {"loss": "poisson", "y": np.abs(Y)},
    {"n_members": 2},
    {"classes": True, "n_members": 2},
]
SMOOTH = [
    {"activation": "tanh"},
    {"activation": "mish", "numerical_embedding": "pbld", "input_scale": True},
    {"activation": "gelu", "normalization": "layer", "classes": True},
]
BENT = [
    {"activation": "relu", "normalization": "layer"},
    {"activation": "selu"},
    {"numerical_embedding": "pwl"},
]


@pytest.mark.parametrize("settings", PIECEWISE + SMOOTH, ids=names)
def test_integrated_gradients_are_complete(settings):
    model = network(**dict(settings))
    result = attributions(model, X[:9], "integrated", X[20], tolerance=1e-11)
    rise = output(model, X[:9]) - output(model, X[20:21])
    added = result.values.reshape(9, 3, -1).sum(axis=1)
    assert np.abs(added - rise).max() < 1e-10 * max(1.0, np.abs(rise).max())
    assert np.abs(result.gap).max() < 1e-10 * max(1.0, np.abs(rise).max())
    assert result.base == pytest.approx(output(model, X[20:21])[0], abs=1e-10)
    assert np.isscalar(result.outputs[0]) and len(result.outputs) == rise.shape[1]


@pytest.mark.parametrize("settings", BENT, ids=names)
def test_kinks_that_have_no_pieces_are_found_by_halving(settings):
    model = network(**dict(settings))
    result = attributions(model, X[:3], "integrated", X[20], tolerance=1e-5)
    size = np.abs(result.values).sum(axis=1).max()
    assert np.abs(result.gap).max() < 1e-5 * size
    assert (result.n_points > 30).all()


@pytest.mark.parametrize("settings", [PIECEWISE[1], PIECEWISE[3], SMOOTH[2], BENT[1]], ids=names)
def test_each_feature_has_the_integral_of_its_own_difference_quotients(settings):
    model = network(**dict(settings))
    got = attributions(model, X[:2], "integrated", X[20], tolerance=1e-8).values.reshape(2, 3, -1)
    t = (np.arange(4000) + 0.5) / 4000
    for row in range(2):
        way = X[20] + t[:, None] * (X[row] - X[20])
        for feature in range(3):
            step = 1e-6 * np.eye(3)[feature]
            slopes = (output(model, way + step) - output(model, way - step)) / 2e-6
            wanted = slopes.mean(axis=0) * (X[row] - X[20])[feature]
            assert got[row, feature] == pytest.approx(wanted, abs=2e-3 * np.abs(got).max())


def test_exact_pieces_agree_with_the_rule(monkeypatch):
    model = network(classes=True)
    exact = attributions(model, X[:5], "integrated", X[20])

    def refuse(model):
        raise ValueError("no pieces")

    monkeypatch.setattr("deepgen.generalization.integrated_gradients.piecewise_linear_of", refuse)
    ruled = attributions(model, X[:5], "integrated", X[20], tolerance=1e-9)
    assert np.abs(exact.values - ruled.values).max() < 1e-8
    assert ruled.n_points.min() > exact.n_points.max()


def test_one_point_per_linear_piece():
    model = network()
    pieces = [breakpoints(model, X[20], x).n_activation_pieces for x in X[:4]]
    assert attributions(model, X[:4], "integrated", X[20]).n_points.tolist() == pieces


@pytest.mark.parametrize("method", ["gradient", "integrated"])
def test_of_a_linear_network_both_are_weight_times_distance(method):
    model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", random_state=0, dtype="float64")
    model.fit(X, np.stack([Y, X[:, 0]], 1))
    result = attributions(model, X, method)
    # (n, features, outputs): the mean row is the baseline.
    wanted = (X - X.mean(axis=0))[:, :, None] * model.coefs_[0] * model.target_scale_
    assert np.abs(result.values - wanted).max() < 1e-12
    assert np.abs(result.gap).max() < 1e-12 and result.n_points.tolist() == [1] * 60


def test_gradients_are_difference_quotients_times_distance():
    model = network(activation="tanh", classes=True)
    result = attributions(model, X[:4], baseline=np.zeros(3))
    for feature in range(3):
        step = 1e-5 * np.eye(3)[feature]
        slopes = (output(model, X[:4] + step) - output(model, X[:4] - step)) / 2e-5
        wanted = slopes * X[:4, feature, None]
        assert np.abs(result.values[:, feature] - wanted).max() < 1e-8
    rise = output(model, X[:4]) - output(model, np.zeros((1, 3)))
    assert np.abs(result.gap - (rise - result.values.sum(axis=1))).max() < 1e-10


def test_a_flat_place_has_no_gradient_but_a_contribution():
    bump = rect(0.0, 1.0, 3.0, eps=0.5)
    assert attributions(bump, [[0.75]], baseline=[-1.0]).values.tolist() == [[0.0]]
    whole = attributions(bump, [[0.75], [-1.0]], "integrated", baseline=[-1.0])
    assert whole.values.ravel() == pytest.approx([3.0, 0.0], abs=1e-12)


@pytest.mark.parametrize("method", ["gradient", "integrated"])
def test_the_one_column_that_matters_stands_out(method):
    table = RANDOM.normal(size=(400, 6))
    model = MLPRegressor(hidden_layer_sizes=(16,), max_iter=300, alpha=0.1, random_state=0)
    model.fit(table, np.abs(table[:, 4]))
    importance = attributions(model, table[:100], method).mean()
    assert importance.argmax() == 4 and importance[4] > 3 * np.delete(importance, 4).max()


def test_a_scaler_in_a_pipeline_changes_nothing_and_names_pass_through():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X * [1.0, 10.0, 100.0], columns=["u", "v", "w"])
    model = make_pipeline(StandardScaler(), MLPRegressor(**SMALL)).fit(frame, Y)
    result = attributions(model, frame, "integrated", frame[:1])
    assert result.columns == ("u", "v", "w")
    rise = model.predict(frame) - model.predict(frame[:1])
    assert result.values.sum(axis=1) == pytest.approx(rise, abs=1e-9)
    turned = make_pipeline(StandardScaler(), PCA(2), MLPRegressor(**SMALL)).fit(frame, Y)
    assert attributions(turned, frame).columns == ("pca0", "pca1")
    plain = MLPRegressor(**SMALL).fit(frame, Y)
    assert attributions(plain, frame).columns == ("u", "v", "w")


def test_sparse_rows_are_dense_rows():
    model = network()
    dense = attributions(model, X[:5])
    assert np.array_equal(attributions(model, csr_array(X[:5])).values, dense.values)


def table_of(n):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"size": X[:n, 0], "town": np.where(X[:n, 1] > 0, "Ulm", "Bonn")})


@pytest.mark.parametrize("kind, y", [(TabularRegressor, Y), (TabularClassifier, Y > 0)])
def test_columns_of_a_table_are_summed_and_complete(kind, y):
    table = table_of(60)
    network = {"hidden_layer_sizes": (8,), "max_iter": 5, "dtype": "float64"}
    model = kind(network=network, n_members=2, random_state=0).fit(table, y)
    result = attributions(model, table, "integrated", tolerance=1e-11)
    assert result.columns == ("size", "town") and result.values.shape == (60, 2)
    assert np.abs(result.gap).max() < 1e-10
    encoded = model.encoder_.transform(table).astype(float)
    rise = output(model.mlp_, encoded) - output(model.mlp_, model.encoded_mean_[None])
    if kind is TabularClassifier:  # numbers are clipped to the range of the targets
        assert result.values.sum(axis=1) == pytest.approx(rise[:, 0], abs=1e-9)
    own = model.attributions(table)
    assert np.array_equal(own.values, attributions(model, table).values)
    moved = attributions(model, table, "integrated", table[:1])
    assert np.abs(moved.values[0]).max() < 1e-12
    parts = make_pipeline(TableEncoder(), MLPRegressor(**SMALL)).fit(table, Y)
    assert attributions(parts, table).columns == ("size", "town")


def test_captum_agrees():
    captum = pytest.importorskip("captum.attr")
    torch = pytest.importorskip("torch")
    model = network(activation="tanh")
    layers = []
    for weights, intercepts in zip(model.coefs_, model.intercepts_, strict=True):
        layer = torch.nn.Linear(*weights.shape, dtype=torch.float64)
        layer.weight.data, layer.bias.data = torch.tensor(weights.T), torch.tensor(intercepts)
        layers += [layer, torch.nn.Tanh()]
    method = captum.IntegratedGradients(torch.nn.Sequential(*layers[:-1]))
    got = method.attribute(torch.tensor(X[:5]), torch.tensor(X[20:21]), target=0, n_steps=200)
    wanted = attributions(model, X[:5], "integrated", X[20]).values / model.target_scale_
    assert got.numpy() == pytest.approx(wanted, abs=1e-6)


def test_it_prints_and_draws_itself():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    result = attributions(network(), X)
    assert repr(result).startswith("Attributions(gradient, 60 rows, gap up to ")
    assert len(result.plot().patches) == 3
    pyplot.close("all")


@pytest.mark.parametrize("change, words", [
    ({"method": "integral"}, "unknown method 'integral'; known: 'gradient', 'integrated'"),
    ({"tolerance": 0}, r"tolerance must be in \[1e-13, 1\), got 0"),
    ({"tolerance": True}, "got True"),
    ({"max_work": 0}, "max_work must be a finite number above 0"),
    ({"baseline": X[:2]}, "baseline must be one row, got 2"),
    ({"baseline": [1.0, 2.0]}, "2 features"),
    ({"X": [[np.nan, 1.0, 1.0]]}, "NaN"),
])  # fmt: skip
def test_bad_input_is_named(change, words):
    with pytest.raises(ValueError, match=words):
        attributions(**{"model": network(), "X": X} | change)


def test_what_has_no_slopes_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="fit one quantile"):
        attributions(network(loss=Quantile([0.1, 0.9])), X)
    coded = MLPRegressor(**SMALL, category_embedding=CategoryEmbedding([0]))
    coded.fit(np.abs(X).round(), Y)
    with pytest.raises(ValueError, match="category_embedding"):
        attributions(coded, np.abs(X).round())
    with pytest.raises(TypeError, match="MLPRegressor"):
        attributions(StandardScaler(), X)


def test_too_much_work_is_refused(monkeypatch):
    for settings in ({}, {"activation": "tanh"}):
        with pytest.raises(ValueError, match="give fewer rows"):
            attributions(network(**settings), X, "integrated", max_work=1e4)
    monkeypatch.setattr("deepgen.probe.feature_attributions.MOST_NUMBERS", 100)
    with pytest.raises(ValueError, match="180 contributions, more than 100"):
        attributions(network(), X)


def test_blocks_of_rows_change_nothing(monkeypatch):
    model = network(classes=True)
    smooth = network(activation="tanh")
    wanted = [attributions(m, X, "integrated").values for m in (model, smooth)]
    monkeypatch.setattr("deepgen.probe.feature_attributions.NUMBERS_AT_ONCE", 200)
    got = [attributions(m, X, "integrated").values for m in (model, smooth)]
    assert all(np.abs(a - b).max() < 1e-12 for a, b in zip(got, wanted, strict=True))


def test_a_pipeline_at_the_end_of_a_pipeline():
    rotated = make_pipeline(StandardScaler(), make_pipeline(PCA(2), MLPRegressor(**SMALL)))
    found = attributions(rotated.fit(X, Y), X, "integrated")
    assert found.columns == ("pca0", "pca1") and found.values.shape == (60, 2)
    for inner in (make_pipeline(TableEncoder(), MLPRegressor(**SMALL)), MLPRegressor(**SMALL)):
        found = attributions(make_pipeline("passthrough", inner).fit(X, Y), X)
        assert found.columns == (0, 1, 2)
    table = TabularRegressor(preset="fast", random_state=0, network={"max_iter": 2}).fit(X, Y)
    nested = make_pipeline("passthrough", make_pipeline(table))
    np.testing.assert_array_equal(attributions(nested, X).values, attributions(table, X).values)


@pytest.mark.parametrize("baseline", [0, "mean", {"a": 1.0}])
def test_a_baseline_that_is_no_row_is_refused(baseline):
    with pytest.raises(ValueError, match="baseline must be one row like those of X, got"):
        attributions(network(), X, baseline=baseline)
