"""K-FAC and Shampoo behind the estimators."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.losses import Focal
from deepgen.normalizations import WeightNorm
from deepgen.optimizers import KFAC, SGD, Shampoo

SOLVERS = [KFAC(interval=3), KFAC(interval=3, form="eigen"), Shampoo(interval=3)]
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=repr)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def table(rng):
    X = rng.normal(size=(120, 6))
    X[rng.random(X.shape) < 0.3] = 0.0
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def model(solver, kind=MLPRegressor, **options):
    common = {"hidden_layer_sizes": (12, 8), "batch_size": 32, "max_iter": 6, "random_state": 0}
    return kind(solver=solver, **{**common, **options})


@every_solver
def test_a_pickle_between_two_fits_changes_no_bit(solver, table, tmp_path):
    whole = model(solver, max_iter=12, tol=0.0).fit(*table)
    parts = model(solver, warm_start=True, tol=0.0).fit(*table)
    parts.save(tmp_path / "model.dgn")
    parts = deepgen.load(tmp_path / "model.dgn").fit(*table)
    for own, other in zip(parts.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(own, other)


@every_solver
def test_partial_fits_are_the_epochs_of_a_fit(solver, table):
    whole = model(solver, max_iter=3).fit(*table)
    parts = model(solver)
    for _ in range(3):
        parts.partial_fit(*table)
    for own, other in zip(parts.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(own, other)


@every_solver
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_change_no_bit(solver, dtype, table):
    one, two = (model(solver, dtype=dtype, n_jobs=n).fit(*table) for n in (1, 2))
    for own, other in zip(one.coefs_, two.coefs_, strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.slow
@every_solver
def test_sparse_rows_labels_weights_and_members_train(solver, table):
    X, y = table
    labels = np.column_stack([y > 0, X[:, 1] > 0]).astype(int)
    for kind, target, options in (
        (MLPRegressor, np.column_stack([y, -y]), {}),
        (MLPClassifier, (y > 0) + (y > 1).astype(int), {"class_weight": "balanced"}),
        (MLPClassifier, labels, {"n_members": 2}),
    ):
        start, end = (
            model(solver, kind, max_iter=n, **options).fit(
                sparse.csr_matrix(X), target, sample_weight=1.0 + (X[:, 0] > 0)
            )
            for n in (1, 30)
        )
        assert end.score(sparse.csr_matrix(X), target) > start.score(sparse.csr_matrix(X), target)


@pytest.mark.parametrize("solver", ["kfac", "shampoo"])
def test_a_name_trains_as_the_object_with_its_defaults(solver, table):
    kinds = {"kfac": KFAC, "shampoo": Shampoo}
    by_name, by_object = (model(own).fit(*table) for own in (solver, kinds[solver]()))
    np.testing.assert_array_equal(by_name.coefs_[0], by_object.coefs_[0])


def test_a_changed_form_goes_on_with_fresh_roots(table):
    parts = model(KFAC(interval=3), warm_start=True).fit(*table)
    parts.set_params(solver=KFAC(interval=3, form="eigen", largest_factor=5)).fit(*table)
    assert np.isfinite(parts.loss_)
    parts.set_params(solver=SGD()).fit(*table)
    assert np.isfinite(parts.loss_)


def test_kfac_refuses_what_it_has_no_curvature_for(table):
    X, y = table
    with pytest.raises(ValueError, match=r"loss='focal' is none.*KFAC\(fisher='empirical'\)"):
        model("kfac", MLPClassifier, loss=Focal()).fit(X, y > 0)
    with pytest.raises(ValueError, match=r"no factors for normalization=WeightNorm\(\)"):
        model("kfac", normalization=WeightNorm()).fit(X, y)
    assert np.isfinite(model("shampoo", normalization="weight").fit(X, y).loss_)
    with pytest.raises(ValueError, match="skip='fixup' does not support solver='kfac'"):
        model("kfac", skip="fixup", hidden_layer_sizes=(8, 8, 8, 8)).fit(X, y)


@pytest.mark.parametrize(
    ("solver", "skip"),
    [
        ("kfac", "residual"),
        ("kfac", "deepnorm"),
        ("shampoo", "residual"),
        ("shampoo", "deepnorm"),
        ("shampoo", "fixup"),
    ],
)
def test_skips_train_but_gates_are_refused(skip, solver, table):
    options = {"hidden_layer_sizes": (8, 8, 8, 8), "dtype": "float64", "max_iter": 30}
    initializer = "glorot_uniform" if skip != "fixup" else "he_normal"
    trained = model(solver, skip=skip, initializer=initializer, **options).fit(*table)
    assert trained.loss_curve_[-1] < 0.8 * trained.loss_curve_[0]
    with pytest.raises(ValueError, match="skip='highway' does not support solver="):
        model(solver, skip="highway", **options).fit(*table)


def test_scipy_is_loaded_when_such_a_solver_trains_and_not_before():
    code = """
import sys
from deepgen import _core
layer = _core.LayerSpec(width=1, activation="identity")
loss = _core.Component("squared_error")
network = _core.Network(_core.NetworkSpec(n_inputs=2, layers=[layer], loss=loss))
for name in ("adam", "kfac"):
    _core.Trainer(network, optimizer=_core.Component(name), batch_size=4, seed=0)
    print("scipy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
