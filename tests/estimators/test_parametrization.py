"""parametrization='ntk': numbers of size 1 are trained, the start is the initializer's."""

import pickle

import numpy as np
import pytest

import deepgen
from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.initializers import DataDependent
from deepgen.optimizers import SAM, AdamW
from deepgen.skips import DeepNorm, Residual
from estimators.samples import curve, features, same_bits, starting_weights, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
STILL = {"learning_rate_init": 1e-30, "alpha": 0.0, "max_iter": 1, "dtype": "float64"}


def model_of(**settings):
    common = {"hidden_layer_sizes": (8, 8, 8), "max_iter": 4, "random_state": 0, "tol": 0.0}
    common |= {"parametrization": "ntk", "n_iter_no_change": np.inf, "batch_size": 32}
    return MLPRegressor(**{**common, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"initializer": "he_normal", "normalization": "batch"},
        {"initializer": "orthogonal", "skip": Residual(), "normalization": "layer"},
        {"initializer": "data_dependent"},
        {"initializer": DataDependent(intercepts="hull"), "bias": False},
        {"skip": DeepNorm()},
        {"hidden_layer_sizes": ()},
    ],
    ids=str,
)
def test_the_first_function_is_that_of_the_standard(settings):
    ntk, plain = (model_of(parametrization=p, **STILL, **settings) for p in ("ntk", "standard"))
    ntk.fit(X, Y), plain.fit(X, Y)
    np.testing.assert_allclose(ntk.predict(X), plain.predict(X), rtol=1e-9, atol=1e-12)
    for own, weights_in_use in zip(ntk.coefs_, plain.coefs_, strict=True):
        np.testing.assert_allclose(own / np.sqrt(len(own)), weights_in_use, rtol=1e-9)
    folded = ntk.network_.fold()
    np.testing.assert_allclose(folded.outputs(X), ntk.network_.outputs(X), rtol=1e-9, atol=1e-12)


def test_a_step_of_adam_is_the_rate_over_the_root_of_the_inputs():
    """So that weights of a wide layer move as far as they are large."""
    adam = {"beta_1": 0.0, "beta_2": 0.0, "epsilon": 1e-30, "dtype": "float64", "alpha": 0.0}
    start, model = (
        model_of(max_iter=1, batch_size=len(X), learning_rate_init=rate, **adam).fit(X, Y)
        for rate in (1e-30, 0.01)
    )
    for before, after in zip(start.coefs_, model.coefs_, strict=True):
        np.testing.assert_allclose(np.abs(after - before).max(), 0.01, rtol=1e-9)
    for before, after, fan_in in zip(
        start.network_.effective().coefs(), model.network_.effective().coefs(), (5, 8), strict=False
    ):
        np.testing.assert_allclose(np.abs(after - before).max(), 0.01 / fan_in**0.5, rtol=1e-9)


def test_l2_acts_on_the_trained_numbers():
    """As strongly as n times alpha on the weights of a layer of n inputs."""
    batch = {"batch_size": len(X), "initializer": "he_normal"}
    without, ntk = (model_of(**STILL | batch | {"alpha": alpha}).fit(X, Y) for alpha in (0.0, 0.3))
    squares = [np.sum(coefs**2) for coefs in ntk.network_.effective().coefs()]
    strength = [0.3 * n for n in (X.shape[1], 8, 8, 8)]
    penalty = 0.5 * np.dot(strength, squares) / len(X)
    assert ntk.loss_ - without.loss_ == pytest.approx(penalty, rel=1e-9)


def test_the_alpha_of_a_standard_network_is_divided_by_the_inputs():
    """Of a linear network, whose minimum is the only one."""
    X8 = np.column_stack([X, X[:, :3] ** 2])
    common = {"solver": "lbfgs", "max_iter": 2000, "tol": 1e-10, "dtype": "float64"}
    common |= {"hidden_layer_sizes": ()}
    ntk = model_of(alpha=0.5 / 8, **common).fit(X8, Y)
    plain = model_of(alpha=0.5, parametrization="standard", **common).fit(X8, Y)
    assert ntk.loss_ == pytest.approx(plain.loss_, rel=1e-7)


CASES = {
    "adam": {},
    "decay in sam": {"solver": SAM(base=AdamW(rate_factors={"first_coefs": 2})), "dropout": 0.2},
    "batch norm": {"normalization": "batch", "averaging": "ema"},
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
    member = model_of(max_iter=8, n_members=2, **CASES[case]).fit(X, Y, weights()).members_[0]
    alone = model_of(max_iter=8, random_state=member.random_state, **CASES[case])
    assert same_bits(member, alone.fit(X, Y, weights()))


@pytest.mark.parametrize("solver", ["sgd", "lbfgs", "shampoo"])
def test_every_solver_learns(solver):
    assert model_of(solver=solver, max_iter=60, learning_rate_init=0.01).fit(X, Y).score(X, Y) > 0.3


def test_given_weights_are_the_trained_numbers():
    coefs, intercepts = starting_weights([5, 8, 8, 8, 1])
    model = model_of(**STILL).fit(X, Y, coefs_init=coefs, intercepts_init=intercepts)
    for own, given in zip(model.coefs_, coefs, strict=True):
        assert np.array_equal(own, given)


def test_a_probe_measures_in_the_trained_numbers():
    model = model_of(dtype="float64").fit(X, Y)
    probe = Probe(model, X, Y)
    gradient, step = probe.gradient(), 1e-6
    some = np.random.default_rng(0).normal(size=len(gradient))
    ends = [probe.at(probe.parameters + sign * step * some).loss() for sign in (1, -1)]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(gradient @ some, rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"normalization": "weight"}, r"'ntk' does not support normalization=WeightNorm\(\)"),
        ({"skip": "fixup", "initializer": "he_normal"}, "does not support skip='fixup'"),
        ({"skip": "highway"}, "does not support skip='highway'"),
        ({"solver": "kfac"}, "does not support solver='kfac'"),
        ({"parametrization": "mup"}, "The 'parametrization' parameter of MLPClassifier must be"),
    ],
    ids=str,
)
def test_what_makes_weights_itself_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        MLPClassifier(**{"parametrization": "ntk", **settings}).fit(X, Y > 0)


def test_a_fitted_network_does_not_change_its_parametrization():
    model = model_of(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="parametrization='standard' is not that of the fitted"):
        model.set_params(parametrization="standard").fit(X, Y)
