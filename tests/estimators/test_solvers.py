"""Every solver and every wrapper in the estimators: going on to the bit, all forms of data."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.optimizers import SAM, SGD, SOLVERS, WRAPPERS, Adam, RMSProp
from estimators.samples import curve, features, same_bits

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# All but L-BFGS, which neither takes steps nor wraps any.
CASES = {
    **{name: dict(solver=name) for name in SOLVERS if name != "lbfgs"},
    **{kind.name: dict(solver=kind()) for kind in WRAPPERS},
    "sgd in sam": dict(solver=SAM(base=SGD())),
    "centred": dict(solver=RMSProp(centered=True, momentum=0.5)),
    "rates by role": dict(solver=Adam(rate_factors={"intercepts": 0.1, "first_coefs": 3})),
    "rates by role in sam": dict(solver=SAM(base=SGD(rate_factors={"coefs": 0.5}))),
    "clipped": dict(clip_norm=0.1),
    "clipped in sam": dict(solver=SAM(), clip_norm=0.1),
}
every_case = pytest.mark.parametrize("case", CASES)
every_estimator = pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])

X = features()
Y = curve(X)
WEIGHTS = np.random.default_rng(1).uniform(0.5, 2.0, size=len(X))


def model_of(case, estimator=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(9, 7), dropout=0.2, random_state=0, max_iter=4)
    never = dict(tol=0.0, n_iter_no_change=np.inf)
    own = clone(estimator(**CASES[case])).get_params(deep=False)
    return estimator(**{**own, **common, **never, "batch_size": 32, **settings})


def targets_for(estimator):
    return Y if estimator is MLPRegressor else np.digitize(Y, np.quantile(Y, [0.3, 0.6]))


def pickled(model, _):
    return pickle.loads(pickle.dumps(model))


def stored(model, folder):
    model.save(folder / "model.dgn")
    return deepgen.load(folder / "model.dgn")


@pytest.mark.parametrize("keep", [pickled, stored])
@every_estimator
@every_case
def test_a_break_between_two_fits_changes_no_bit(case, estimator, keep, tmp_path):
    y = targets_for(estimator)
    through = model_of(case, estimator, max_iter=8).fit(X, y, WEIGHTS)
    model = model_of(case, estimator, warm_start=True).fit(X, y, WEIGHTS)
    model = keep(model, tmp_path).fit(X, y, WEIGHTS)
    assert same_bits(model, through)
    assert model.loss_curve_ == through.loss_curve_


@every_case
def test_partial_fits_with_breaks_between_are_one_fit(case):
    through = model_of(case).fit(X, Y)
    model = model_of(case)
    for _ in range(4):
        model = pickled(model.partial_fit(X, Y), None)
    assert same_bits(model, through)


@every_case
def test_the_number_of_threads_changes_no_bit(case):
    one, two = (model_of(case, batch_size=150, n_jobs=n_jobs).fit(X, Y) for n_jobs in (1, 2))
    assert same_bits(one, two)


@every_case
def test_sparse_rows_train_as_the_same_rows_dense(case):
    thinned = np.where(np.abs(X) < 0.5, 0.0, X)
    dense, rows = (
        model_of(case, dtype="float64").fit(form, Y, WEIGHTS)
        for form in (thinned, sparse.csr_matrix(thinned))
    )
    np.testing.assert_allclose(rows.predict(thinned), dense.predict(thinned), rtol=1e-5)


@every_case
def test_weights_count(case):
    """A weight of 0 takes a row out; weights of 1 are none."""
    plain = model_of(case, dropout=0.0).fit(X, Y)
    assert same_bits(model_of(case, dropout=0.0).fit(X, Y, np.ones(len(X))), plain)
    zero = np.where(np.arange(len(X)) < 40, 0.0, 1.0)
    settings = dict(dropout=0.0, batch_size=40, shuffle=False, dtype="float64", max_iter=2)
    some, kept = model_of(case, **settings).fit(X, Y, zero), model_of(case, **settings)
    assert same_bits(some, kept.fit(X[40:], Y[40:]))


@every_case
def test_several_outputs_and_labels_are_learned(case):
    several = np.column_stack([Y, -X[:, 0]])
    for model in (
        model_of(case, max_iter=20).fit(X, several),
        model_of(case, MLPClassifier, max_iter=20).fit(X, (several > 0).astype(int)),
    ):
        assert model.predict(X).shape == several.shape
        assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_searches_reach_the_fields_of_a_solver_and_of_what_it_wraps():
    grid = {"solver__rho": [0.01, 0.1], "solver__base__momentum": [0.0, 0.9]}
    search = GridSearchCV(model_of("sam", solver=SAM(base=SGD())), grid, cv=2).fit(X, Y)
    tried = search.cv_results_["params"]
    assert len(tried) == 4 and search.best_params_ in tried
    assert search.best_estimator_.solver.rho == search.best_params_["solver__rho"]


def test_names_of_schedules_see_through_a_wrapper():
    """'invscaling' acts for SGD alone, and SAM around it is SGD still."""
    model = model_of("sam", solver=SAM(base=SGD()), learning_rate="invscaling").fit(X, Y)
    assert np.ptp(model.history_["learning_rate"]) > 0
    with pytest.warns(UserWarning, match="learning_rate='invscaling' acts with solver='sgd' only"):
        model_of("sam", learning_rate="invscaling").fit(X, Y)


def test_factors_of_the_rate_act_by_role():
    """Adam's first step is the rate, whatever the gradient."""
    first = dict(hidden_layer_sizes=(6,), solver=Adam(epsilon=1e-30), max_iter=1, alpha=0.0)
    first |= dict(batch_size=len(X), learning_rate_init=0.01, random_state=0, dtype="float64")
    start = MLPRegressor(**first).set_params(learning_rate_init=1e-30).fit(X, Y)
    factors = {"coefs": 0.5, "first_coefs": 3, "intercepts": 0.1}
    model = MLPRegressor(**first).set_params(solver__rate_factors=factors).fit(X, Y)
    steps = [
        np.abs(one - other).max()
        for kind in ("coefs_", "intercepts_")
        for one, other in zip(getattr(model, kind), getattr(start, kind), strict=True)
    ]
    np.testing.assert_allclose(steps, [0.03, 0.005, 0.001, 0.001], rtol=1e-6)
    frozen = Adam(rate_factors={"first_coefs": 0})
    kept = MLPRegressor(**{**first, "solver": frozen, "max_iter": 5}).fit(X, Y)
    assert np.array_equal(kept.coefs_[0], start.coefs_[0])
    assert not np.array_equal(kept.coefs_[1], start.coefs_[1])


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        (
            {"bias": 1},
            "Adam: unknown 'bias' in rate_factors; known: coefs, first_coefs",
        ),
        ({"intercept": 1}, "Did you mean 'intercepts'?"),
        ({"coefs": -1}, r"Adam: rate_factors\['coefs'\] must be in \[0, inf\), got -1"),
        ({"coefs": "half"}, r"rate_factors\['coefs'\] must be a number, got 'half'"),
        (
            0.1,
            "rate_factors must be a dict of coefs, first_coefs, intercepts, scale, shift, gain, sl",
        ),
    ],
)
def test_factors_of_the_rate_that_cannot_be_are_refused(factors, words):
    with pytest.raises(ValueError, match=words):
        MLPRegressor(solver=Adam(rate_factors=factors)).fit(X, Y)
