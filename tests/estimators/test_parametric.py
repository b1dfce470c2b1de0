"""activation=Parametric(...): units that train a slope of their activation."""

import pickle

import numpy as np
import pytest

import deepgen
from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.activations import Parametric
from deepgen.expressivity import breakpoints
from deepgen.optimizers import SAM, Adam
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
STILL = {"learning_rate_init": 1e-30, "alpha": 0.0, "max_iter": 1, "dtype": "float64"}


def model_of(**settings):
    common = {"hidden_layer_sizes": (8, 8, 8), "max_iter": 4, "random_state": 0, "tol": 0.0}
    common |= {"activation": Parametric(), "n_iter_no_change": np.inf, "batch_size": 32}
    return MLPRegressor(**{**common, **settings})


@pytest.mark.parametrize("name", ["mish", "relu", "logistic"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"initializer": "data_dependent"},
        {"normalization": "scaled_weight_standardization"},
        {"skip": "residual", "normalization": "batch"},
    ],
    ids=str,
)
def test_the_start_is_that_of_the_activation(name, settings):
    own, plain = (
        model_of(activation=activation, **STILL, **settings).fit(X, Y)
        for activation in (Parametric(name), name)
    )
    np.testing.assert_allclose(own.predict(X), plain.predict(X), rtol=1e-12, atol=1e-14)


def test_slopes_are_trained_one_per_unit():
    model = model_of(activation=["relu", Parametric("silu"), "tanh"]).fit(X, Y)
    slopes = model.network_.blocks_of("slope")
    assert list(slopes) == [1] and slopes[1].shape == (8,)
    assert len(set(slopes[1])) == 8 and np.abs(slopes[1] - 1).max() < 0.5
    frozen = model_of(solver=Adam(rate_factors={"slope": 0})).fit(X, Y)
    assert all((view == 1).all() for view in frozen.network_.blocks_of("slope").values())


CASES = {
    "adam": {},
    "decay, ntk, dropout": {"parametrization": "ntk", "dropout": 0.2, "solver": "adamw"},
    "batch norm in sam": {"normalization": "batch", "solver": SAM(), "averaging": "ema"},
    "highway": {"skip": "highway", "clip_norm": 0.5},
    "kfac": {"solver": "kfac"},
    "shampoo": {"solver": "shampoo"},
}


@pytest.mark.parametrize("case", CASES)
def test_training_goes_on_to_the_bit(case, tmp_path):
    once = model_of(max_iter=8, **CASES[case]).fit(X, Y, weights())
    assert same_bits(once, model_of(max_iter=8, n_jobs=3, **CASES[case]).fit(X, Y, weights()))
    twice = model_of(warm_start=True, **CASES[case]).fit(X, Y, weights())
    pickled = pickle.loads(pickle.dumps(twice)).fit(X, Y, weights())
    twice.save(tmp_path / "model")
    loaded = deepgen.load(tmp_path / "model").fit(X, Y, weights())
    assert same_bits(once, pickled) and same_bits(once, loaded)
    member = model_of(max_iter=8, n_members=2, n_jobs=1, **CASES[case]).fit(X, Y, weights())
    first = member.members_[0]
    alone = model_of(max_iter=8, random_state=first.random_state, **CASES[case])
    assert same_bits(first, alone.fit(X, Y, weights()))


def test_lbfgs_learns_slopes_too():
    model = model_of(solver="lbfgs", max_iter=100).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert np.abs(model.network_.blocks()["slope_0"] - 1).max() > 0.01


@pytest.mark.parametrize("settings", [{}, {"parametrization": "ntk", "normalization": "batch"}])
def test_a_probe_and_the_folded_network_know_slopes(settings):
    model = model_of(dtype="float64", **settings).fit(X, Y)
    np.testing.assert_allclose(model.network_.fold().outputs(X), model.network_.outputs(X))
    probe, step = Probe(model, X, Y), 1e-6
    some = np.random.default_rng(0).normal(size=len(probe.parameters))
    ends = [probe.at(probe.parameters + sign * step * some) for sign in (1, -1)]
    slope = (ends[0].loss() - ends[1].loss()) / (2 * step)
    assert slope == pytest.approx(probe.gradient() @ some, rel=1e-6)
    curvature = (ends[0].gradient() - ends[1].gradient()) / (2 * step)
    np.testing.assert_allclose(probe.hvp(some), curvature, rtol=1e-4, atol=1e-6)
    mean = probe.per_sample_gradients().mean(axis=0)
    np.testing.assert_allclose(mean, probe.gradient(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        (Parametric("identity"), "Parametric: unknown activation 'identity'; known: elu"),
        (Parametric("swish"), "Did you mean 'silu'?"),
        ([Parametric(), "relu"], "activation has 2 names for 1 hidden layers"),
        (Parametric, "activation"),
    ],
    ids=str,
)
def test_what_it_cannot_be_is_refused(activation, words):
    with pytest.raises(ValueError, match=words):
        MLPClassifier(hidden_layer_sizes=(4,), activation=activation).fit(X, Y > 0)


def test_a_fitted_network_does_not_gain_slopes():
    model = model_of(activation="mish", warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="call fit with warm_start=False to start afresh"):
        model.set_params(activation=Parametric()).fit(X, Y)


def test_diagnostics_of_linear_pieces_refuse_it_by_name():
    model = model_of(activation=Parametric("relu")).fit(X[:, :1], Y)
    with pytest.raises(ValueError, match="parametric_relu"):
        breakpoints(model, -1.0, 1.0)
