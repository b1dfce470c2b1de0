"""What an estimator's parameters make of its network: norms, skips, dropout, intercepts."""

import numpy as np
import pytest
from scipy import sparse

from deepgen import MLPClassifier, MLPRegressor
from deepgen._inputs.features import as_matrix
from deepgen._network.network import Network
from deepgen.estimators.from_parameters import LEARNING_RATE
from deepgen.initializers import DataDependent
from deepgen.normalizations import (
    BatchNorm,
    LayerNorm,
    ScaledWeightStandardization,
    WeightNorm,
    WeightStandardization,
)
from deepgen.optimizers import LBFGS, SGD, AdaDelta, AdaGrad, Adam, AdamW, RMSProp
from deepgen.schedules import Constant, InvScaling
from deepgen.skips import DeepNorm, Fixup, Highway, Residual
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)


def model_of(**settings):
    return MLPRegressor(
        **{"hidden_layer_sizes": (8, 8, 8), "max_iter": 5, "random_state": 0, **settings}
    )


@pytest.mark.parametrize(
    ("sizes", "widths"),
    [(7, [7]), ([7, 3], [7, 3]), ((7,), [7]), (np.array([4, 2]), [4, 2]), ((), []), ([], [])],
)
def test_layer_sizes_come_in_many_forms(sizes, widths):
    model = model_of(hidden_layer_sizes=sizes).fit(X, Y)
    assert [coefs.shape[1] for coefs in model.coefs_] == [*widths, 1]
    assert model.n_layers_ == len(widths) + 2


def test_thirty_layers():
    assert np.isfinite(model_of(hidden_layer_sizes=[5] * 30).fit(X, Y).predict(X)).all()


@pytest.mark.parametrize(
    "activation",
    ["identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish"],
)
def test_every_activation_learns(activation):
    model = model_of(activation=activation, max_iter=300, learning_rate_init=0.02)
    assert model.fit(X, X[:, 0]).score(X, X[:, 0]) > 0.8


def test_a_list_gives_one_activation_a_layer():
    model = model_of(activation=["relu", "tanh", "gelu"]).fit(X, Y)
    names = [layer.activation for layer in model.network_.core.spec.layers]
    assert names == ["relu", "tanh", "gelu", "identity"]
    assert same_bits(
        model_of(activation=["tanh"] * 3).fit(X, Y), model_of(activation="tanh").fit(X, Y)
    )


@pytest.mark.parametrize(
    "settings",
    [
        dict(normalization="batch"),
        dict(normalization="layer"),
        dict(normalization="weight"),
        dict(normalization="weight", skip="residual", bias=False),
        dict(normalization="scaled_weight_standardization"),
        dict(skip="residual"),
        dict(skip=Residual(drop=0.2)),
        dict(skip="deepnorm"),
        dict(skip="deepnorm", normalization="layer", dropout=0.1),
        dict(skip="fixup", initializer="he_normal"),
        dict(skip="highway"),
        dict(skip="highway", normalization="layer", dropout=0.1),
        dict(skip="highway", initializer="data_dependent"),
        dict(skip="residual", normalization="batch", dropout=0.1),
        dict(dropout=0.2),
        dict(bias=False),
        dict(solver="adamw"),
        dict(solver=AdaGrad(learning_rate_init=0.05)),
        dict(solver=RMSProp(centered=True)),
        dict(solver=AdaDelta(epsilon=1e-4)),
        dict(clip_norm=0.5),
        dict(initializer="orthogonal"),
        dict(initializer="data_dependent"),
        dict(initializer=DataDependent(intercepts="hull")),
    ],
    ids=str,
)
def test_every_network_learns(settings):
    y = X[:, 0] - X[:, 1]
    model = model_of(max_iter=200, hidden_layer_sizes=(16, 16, 16), batch_size=32, **settings)
    assert model.fit(X, y).score(X, y) > 0.8


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize(
    ("name", "own"),
    [
        (dict(initializer="data_dependent"), dict(initializer=DataDependent())),
        (dict(normalization="batch"), dict(normalization=BatchNorm())),
        (dict(normalization="layer"), dict(normalization=LayerNorm())),
        (dict(normalization="weight"), dict(normalization=WeightNorm())),
        (
            dict(normalization="weight_standardization"),
            dict(normalization=WeightStandardization()),
        ),
        (
            dict(normalization="scaled_weight_standardization"),
            dict(normalization=ScaledWeightStandardization()),
        ),
        (dict(skip="residual"), dict(skip=Residual())),
        (dict(skip="deepnorm"), dict(skip=DeepNorm())),
        (dict(skip="fixup"), dict(skip=Fixup())),
        (dict(skip="highway"), dict(skip=Highway())),
        (dict(solver="adam"), dict(solver=Adam())),
        (dict(solver="adamw"), dict(solver=AdamW())),
        (dict(solver="adamw"), dict(solver=Adam(weight_decay=0.01))),
        (dict(solver="sgd"), dict(solver=SGD())),
        (dict(solver="adagrad"), dict(solver=AdaGrad())),
        (dict(solver="rmsprop"), dict(solver=RMSProp())),
        (dict(solver="adadelta"), dict(solver=AdaDelta())),
        (dict(solver="lbfgs"), dict(solver=LBFGS())),
        (dict(learning_rate="constant"), dict(learning_rate=Constant())),
    ],
    ids=str,
)
def test_a_name_stands_for_the_object_with_its_defaults(estimator, name, own):
    common = dict(hidden_layer_sizes=(6, 6, 6), max_iter=3, random_state=0)
    y = Y if estimator is MLPRegressor else Y > 0
    assert same_bits(estimator(**common, **name).fit(X, y), estimator(**common, **own).fit(X, y))


def test_fields_of_an_object_win_over_the_estimators():
    plain = model_of(solver="sgd", momentum=0.5, learning_rate_init=0.01).fit(X, Y)
    own = SGD(momentum=0.5, learning_rate_init=0.01)
    with pytest.warns(
        UserWarning, match="learning_rate_init=1.0 has no effect: SGD brings .* 0.01"
    ):
        other = model_of(solver=own, momentum=0.1, learning_rate_init=1.0).fit(X, Y)
    assert same_bits(plain, other)


@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_a_learning_rate_without_effect_is_told_if_it_was_changed(estimator):
    assert estimator().learning_rate_init == LEARNING_RATE
    y = Y if estimator is MLPRegressor else Y > 0
    common = dict(hidden_layer_sizes=(6,), max_iter=2, random_state=0, solver="adadelta")
    quiet = estimator(**common).fit(X, y)
    assert quiet.history_["learning_rate"].tolist() == [1.0, 1.0]
    with pytest.warns(UserWarning, match="learning_rate_init=0.1 has no effect: AdaDelta brings"):
        assert same_bits(estimator(learning_rate_init=0.1, **common).fit(X, y), quiet)


def test_lbfgs_refuses_clipping_by_name():
    with pytest.raises(ValueError, match="solver='lbfgs' does not support clip_norm"):
        model_of(solver="lbfgs", clip_norm=1.0).fit(X, Y)


def test_schedule_objects_act_for_every_solver():
    model = model_of(learning_rate=InvScaling(power_t=0.5)).fit(X, Y)
    expected = 0.001 / np.sqrt(157 * np.arange(5) + 1)
    np.testing.assert_allclose(model.history_["learning_rate"], expected)


def test_decay_shrinks_weights_only():
    common = dict(alpha=0.0, max_iter=50, learning_rate_init=0.01)
    plain = model_of(solver=Adam(), **common).fit(X, Y)
    decayed = model_of(solver=Adam(weight_decay=1.0), **common).fit(X, Y)
    assert np.linalg.norm(decayed.coefs_[0]) < 0.8 * np.linalg.norm(plain.coefs_[0])


def test_without_bias_intercepts_are_zero():
    model = model_of(bias=False).fit(X, Y)
    assert [b.tolist() for b in model.intercepts_] == [[0.0] * 8] * 3 + [[0.0]]
    assert model.network_.core.n_parameters == 5 * 8 + 8 * 8 + 8 * 8 + 8
    zero = model.network_.outputs(np.zeros((1, 5), dtype=np.float32))
    assert zero.item() == 0.0


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_recalibration_takes_the_moments_of_all_training_rows(dtype, early_stopping):
    model = model_of(normalization=BatchNorm(recalibrate=True), dtype=dtype, batch_size=20)
    model.set_params(early_stopping=early_stopping).fit(X, Y, weights())
    network, given = model.network_, X.astype(dtype)
    blocks = network.blocks()
    if early_stopping:
        # Over the training part, which is not seen from outside, so only near.
        assert not np.array_equal(network.moments(given, 0)[0], blocks["mean_0"])
        return
    for layer in range(3):
        below = network.activations(given, layer - 1) if layer else given
        z = below.astype(np.float64) @ network.coefs()[layer]
        np.testing.assert_allclose(blocks[f"mean_{layer}"], z.mean(axis=0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(blocks[f"variance_{layer}"], z.var(axis=0), rtol=1e-4)


def test_recalibration_leaves_the_weights_alone():
    plain = model_of(normalization="batch").fit(X, Y)
    exact = model_of(normalization=BatchNorm(recalibrate=True)).fit(X, Y)
    n_trainable = plain.network_.core.n_trainable
    parameters = plain.network_.parameters, exact.network_.parameters
    assert np.array_equal(parameters[0][:n_trainable], parameters[1][:n_trainable])
    assert not np.array_equal(*parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_parameters_can_be_recalibrated_dense_or_sparse(dtype):
    """An average of weights has had no batch: the moments are those of its own activations."""
    given = np.where(np.abs(X) > 0.7, X, 0.0).astype(dtype)
    network = model_of(normalization="batch", skip="residual", dtype=dtype).fit(given, Y).network_
    halved = Network(network.core, network.parameters * 0.5)
    csr = Network(network.core, halved.parameters.copy())
    halved.recalibrate(given)
    csr.recalibrate(as_matrix(sparse.csr_array(given)))
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(csr.parameters, halved.parameters, rtol=tolerance, atol=tolerance)
    for layer in (0, 1):
        mean, variance = halved.moments(given, layer)
        np.testing.assert_allclose(halved.blocks()[f"mean_{layer}"], mean, rtol=tolerance)
        np.testing.assert_allclose(halved.blocks()[f"variance_{layer}"], variance, rtol=tolerance)
    again = Network(network.core, halved.parameters.copy())
    again.recalibrate(given, n_threads=3)
    assert np.array_equal(again.parameters, halved.parameters)


def test_batch_norm_refuses_to_fit_a_single_row():
    with pytest.raises(ValueError, match="batch norm needs batches of at least 2 rows, got 1"):
        model_of(normalization="batch").fit(X[:1], Y[:1])


def test_l2_falls_on_weights_and_is_divided_by_the_batch():
    strong = model_of(alpha=100.0, max_iter=200, batch_size=20).fit(X, Y)
    weak = model_of(alpha=100.0, max_iter=200, batch_size=157).fit(X, Y)
    assert sum((c**2).sum() for c in strong.coefs_) < sum((c**2).sum() for c in weak.coefs_)


def test_clipped_batches_warn():
    with pytest.warns(UserWarning, match="larger than sample size. It is going to be clipped"):
        model_of(batch_size=1000).fit(X, Y)


def test_a_batch_without_weight_makes_no_step():
    settings = dict(batch_size=50, shuffle=False, max_iter=3, dtype="float64", random_state=0)
    settings["target_scaling"] = None
    weights = np.ones(150)
    weights[50:100] = 0
    with_gap = MLPRegressor(**settings).fit(X[:150], Y[:150], weights)
    kept = weights > 0
    without = MLPRegressor(**settings).fit(X[:150][kept], Y[:150][kept])
    for first, second in zip(with_gap.coefs_, without.coefs_, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-12, atol=1e-15)


HULL = DataDependent(intercepts="hull")


def test_a_start_from_data_is_drawn_by_the_seed_alone():
    one, same = (model_of(initializer=HULL, n_jobs=n).fit(X, Y, weights()) for n in (1, 3))
    assert same_bits(one, same)
    other = model_of(initializer=HULL, random_state=1).fit(X, Y, weights())
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_members_start_from_data_each_by_its_own_draw():
    model = model_of(initializer=HULL, n_members=2).fit(X, Y)
    for member in model.members_:
        seed = member.random_state
        assert same_bits(member, model_of(initializer=HULL, random_state=seed).fit(X, Y))
    assert not np.array_equal(*(member.intercepts_[0] for member in model.members_))


def test_what_a_start_from_data_cannot_be_is_refused():
    with pytest.raises(ValueError, match="DataDependent: unknown intercepts 'hul'; known: mean, h"):
        model_of(initializer=DataDependent(intercepts="hul")).fit(X, Y)
    with pytest.raises(ValueError, match="initializer='data_dependent' would undo"):
        model_of(initializer=HULL, skip="fixup").fit(X, Y)
