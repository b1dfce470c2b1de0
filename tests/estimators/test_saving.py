"""Models in files: what is kept, and what is refused."""

import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pandas
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import make_scorer, r2_score

import deepgen
from deepgen import (
    MLPClassifier,
    MLPRegressor,
    augmentation,
    averaging,
    losses,
    normalizations,
    optimizers,
    schedules,
    skips,
)
from deepgen._component import Component
from deepgen._serialization.plain_data import known_classes
from deepgen.initializers import DataDependent
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
THREE = np.digitize(Y, [-0.5, 0.5])
LABELS = {
    "strings": np.array(["low", "middle", "high"])[THREE],
    "wide strings": np.array(["low", "middle", "high"], dtype="U40")[THREE],
    "objects": np.array(["low", "middle", "high"], dtype=object)[THREE],
    "two strings": np.where(Y > 0, "up", "down"),
    "integers": np.array([7, -3, 900])[THREE],
    "small integers": np.array([7, 3, 9], dtype=np.uint8)[THREE],
    "floats": np.array([0.0, 1.0, 2.0])[THREE],
    "like a digest": np.array(["0" * 64, "f" * 64])[(Y > 0).astype(int)],
    "booleans": Y > 0,
    "one class": np.zeros(len(Y), dtype=int),
    "several": np.stack([Y > 0, X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int),
    "several, sparse": sparse.csr_matrix(np.stack([Y > 0, X[:, 0] > 0], axis=1).astype(int)),
}
REGRESSORS = {
    "default": {},
    "double": dict(dtype="float64", target_scaling=None),
    "tuple": dict(hidden_layer_sizes=(4, 3), activation=["tanh", "gelu"]),
    "array": dict(hidden_layer_sizes=np.array([4, 3]), random_state=np.int64(3)),
    "linear": dict(hidden_layer_sizes=()),
    "lbfgs": dict(solver="lbfgs"),
    "quantiles": dict(loss=losses.Quantile(quantile=(0.1, 0.5, 0.9))),
    "components": dict(
        loss=losses.Huber(delta=2.0),
        solver=optimizers.SGD(momentum=0.5, nesterov=False, learning_rate_init=0.01),
        learning_rate=schedules.InvScaling(power_t=0.3),
        normalization=normalizations.BatchNorm(momentum=0.2, recalibrate=True),
        skip=skips.Residual(drop=0.1),
        hidden_layer_sizes=(8, 8, 8),
    ),
    "norm": dict(normalization="layer", skip="residual", hidden_layer_sizes=[8, 8, 8]),
    "deepnorm": dict(skip=skips.DeepNorm(), hidden_layer_sizes=[8, 8, 8]),
    "fixup": dict(skip="fixup", hidden_layer_sizes=[8, 8, 8]),
    "highway": dict(skip=skips.Highway(gate_bias=-3.0), hidden_layer_sizes=[8, 8, 8]),
    "dropout": dict(dropout=0.3, bias=False),
    "mixed": dict(mixup=0.3, augmentation=augmentation.SwapNoise(probability=0.2)),
    "early": dict(early_stopping=True, n_iter_no_change=np.inf, scoring="r2", max_time=1000),
}


def there_and_back(model, folder):
    path = folder / "model.dgn"
    model.save(path)
    return deepgen.load(path)


def assert_equal(one, other, data=X):
    assert type(one) is type(other)
    assert repr(one) == repr(other)
    assert_same_parameters(one, other)
    assert same_bits(one, other)
    first, second = one.predict(data), other.predict(data)
    if sparse.issparse(first):
        first, second = first.toarray(), second.toarray()
    assert first.dtype == second.dtype and np.array_equal(first, second)
    assert one.history_.keys() == other.history_.keys()
    for name, column in one.history_.items():
        np.testing.assert_array_equal(column, other.history_[name])
        assert column.dtype == other.history_[name].dtype
    for name in ("n_iter_", "t_", "n_outputs_", "out_activation_", "n_features_in_", "n_layers_"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("best_loss_", "loss_", "best_validation_score_", "validation_scores_"):
        assert getattr(one, name) == getattr(other, name)


def assert_same_parameters(one, other):
    first, second = one.get_params(), other.get_params()
    assert first.keys() == second.keys()
    for name in first:
        assert type(first[name]) is type(second[name]), name
        assert repr(first[name]) == repr(second[name]), name


@pytest.mark.parametrize("kind", REGRESSORS)
def test_a_loaded_regressor_is_the_same(kind, tmp_path):
    model = MLPRegressor(**{**dict(max_iter=3, random_state=0), **REGRESSORS[kind]})
    model.fit(X, Y, weights())
    loaded = there_and_back(model, tmp_path)
    assert_equal(model, loaded)
    assert np.array_equal(model.target_mean_, loaded.target_mean_)
    assert np.array_equal(model.target_scale_, loaded.target_scale_)
    again = clone(loaded).fit(X, Y, weights())
    if kind != "array":
        assert same_bits(model, again)


@pytest.mark.parametrize("kind", LABELS)
def test_a_loaded_classifier_is_the_same(kind, tmp_path):
    model = MLPClassifier(max_iter=3, random_state=0).fit(X, LABELS[kind])
    loaded = there_and_back(model, tmp_path)
    assert_equal(model, loaded)
    assert model.classes_.dtype == loaded.classes_.dtype
    assert np.array_equal(model.classes_, loaded.classes_)
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert np.array_equal(getattr(model, method)(X), getattr(loaded, method)(X))


@pytest.mark.parametrize(
    ("class_weight", "kind"),
    [
        ("balanced", "strings"),
        ({"low": 2.0, "middle": 1, "high": 0.5}, "strings"),
        ({7: 2.0, -3: 1.0, 900: 3.0}, "integers"),
        ([{0: 1.0, 1: 2.0}] * 3, "several"),
    ],
)
def test_class_weights_are_kept(class_weight, kind, tmp_path):
    model = MLPClassifier(max_iter=3, class_weight=class_weight, random_state=0, warm_start=True)
    model.fit(X, LABELS[kind])
    loaded = there_and_back(model, tmp_path)
    assert_equal(model, loaded)
    assert same_bits(model.fit(X, LABELS[kind]), loaded.fit(X, LABELS[kind]))


def test_sparse_and_several_targets_are_kept(tmp_path):
    matrix = sparse.csr_matrix(np.where(X > 0.5, X, 0))
    model = MLPRegressor(max_iter=3).fit(matrix, np.stack([Y, 1e6 * Y], axis=1))
    assert_equal(model, there_and_back(model, tmp_path), matrix)


def test_names_of_features_are_kept(tmp_path):
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "ü", "e\x00"])
    model = MLPRegressor(max_iter=2).fit(frame, Y)
    loaded = there_and_back(model, tmp_path)
    assert_equal(model, loaded, frame)
    assert np.array_equal(model.feature_names_in_, loaded.feature_names_in_)
    assert loaded.feature_names_in_.dtype == object
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame.rename(columns={"a": "z"}))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 100, "learning_rate_init": 0.05},
        {"normalization": normalizations.BatchNorm(recalibrate=True)},
        {"normalization": normalizations.WeightNorm(data_dependent=False)},
        {"normalization": "scaled_weight_standardization"},
        {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1e-3},
        {"dropout": 0.3, "dtype": "float64"},
        {"initializer": DataDependent(intercepts="hull")},
        {"solver": "lbfgs"},
    ],
)
def test_training_goes_on_to_the_bit(settings, tmp_path):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, max_iter=6)
    model = MLPRegressor(**common, **settings, warm_start=True).fit(X, Y, weights())
    loaded = there_and_back(model, tmp_path)
    assert_equal(model, loaded)
    assert_equal_but_time(model.fit(X, Y, weights()), loaded.fit(X, Y, weights()))


def assert_equal_but_time(one, other):
    assert same_bits(one, other)
    assert one.loss_curve_ == other.loss_curve_
    assert (one.t_, one.n_iter_) == (other.t_, other.n_iter_)


def test_partial_fit_goes_on_to_the_bit(tmp_path):
    whole, broken = (MLPClassifier(random_state=1) for _ in range(2))
    for _ in range(3):
        whole.partial_fit(X, LABELS["strings"], classes=["high", "low", "middle"])
        broken.partial_fit(X, LABELS["strings"], classes=["high", "low", "middle"])
        broken = there_and_back(broken, tmp_path)
    assert_equal_but_time(whole, broken)


def test_divergence_and_interruption_can_be_saved(tmp_path, monkeypatch):
    settings = dict(hidden_layer_sizes=(), solver="sgd", momentum=0.0, learning_rate_init=1e15)
    model = MLPRegressor(**settings, batch_size=10).fit(X, Y)
    assert np.isnan(model.loss_)
    loaded = there_and_back(model, tmp_path)
    np.testing.assert_array_equal(loaded.loss_curve_, model.loss_curve_)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(deepgen._training.first_order, "run_epoch", interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        model = MLPRegressor().fit(X, Y)
    assert np.array_equal(there_and_back(model, tmp_path).predict(X), model.predict(X))


def test_weights_of_a_loaded_model_can_be_changed(tmp_path):
    loaded = there_and_back(MLPRegressor(max_iter=2).fit(X, Y), tmp_path)
    for coefs in loaded.coefs_:
        coefs[...] = 0
    for intercepts in loaded.intercepts_:
        intercepts[...] = 0
    assert np.ptp(loaded.predict(X)) == 0


def test_each_component_can_be_written():
    known = known_classes()
    for module in (augmentation, averaging, losses, normalizations, optimizers, schedules, skips):
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, Component) and member.name:
                assert known[member.__name__] is member


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scoring", make_scorer(r2_score)),
        ("scoring", lambda model, X, y: 0.0),
        ("random_state", np.random.RandomState(0)),
    ],
)
def test_what_cannot_be_written_is_named_and_left_out(name, value, tmp_path):
    model = MLPRegressor(max_iter=2, **{name: value}).fit(X, Y)
    with pytest.warns(UserWarning, match=rf"parameter {name} is left out of '.*model\.dgn'"):
        loaded = there_and_back(model, tmp_path)
    assert getattr(loaded, name) is None
    assert np.array_equal(model.predict(X), loaded.predict(X))


def test_a_users_own_component_is_left_out(tmp_path):
    class Own(optimizers.SGD):
        """Not of the catalogs."""

    model = MLPRegressor(max_iter=2, solver=Own()).fit(X, Y)
    with pytest.warns(UserWarning, match="parameter solver is left out"):
        assert there_and_back(model, tmp_path).solver == "adam"


def test_a_users_own_attribute_is_left_out(tmp_path):
    model = MLPRegressor(max_iter=2).fit(X, Y)
    model.note = "for Monday"
    with pytest.warns(UserWarning, match="attribute note is left out"):
        assert not hasattr(there_and_back(model, tmp_path), "note")


def test_what_scikit_learn_keeps_is_no_part_of_the_model(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPRegressor(max_iter=2).set_fit_request(sample_weight=True).fit(X, Y)
    model._skl_callbacks = [print]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert "_skl_callbacks" not in vars(there_and_back(model, tmp_path))


def test_the_same_model_gives_the_same_file(tmp_path):
    model = MLPRegressor(max_iter=2).fit(X, Y)
    model.save(tmp_path / "one")
    deepgen.load(tmp_path / "one").save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_only_fitted_models_of_this_package_are_saved(tmp_path):
    class Own(MLPRegressor):
        """A subclass may keep anything."""

    with pytest.raises(NotFittedError):
        MLPRegressor().save(tmp_path / "model.dgn")
    with pytest.raises(TypeError, match="only MLPClassifier and MLPRegressor .* got Own"):
        Own(max_iter=1).fit(X, Y).save(tmp_path / "model.dgn")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", [str, os.fspath, lambda path: path, os.fsencode])
def test_a_path_may_have_any_form(kind, tmp_path):
    model = MLPRegressor(max_iter=1).fit(X, Y)
    path = kind(tmp_path / "a model.dgn")
    if isinstance(path, bytes):
        path = path.decode()
    model.save(path)
    assert same_bits(model, deepgen.load(path))


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "model.dgn"
    first, second = (MLPRegressor(max_iter=1, random_state=seed).fit(X, Y) for seed in (0, 1))
    first.save(path)
    link = tmp_path / "latest.dgn"
    link.symlink_to(path)

    def fail(descriptor):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk is full"):
            second.save(path)
    assert same_bits(first, deepgen.load(path))
    second.save(link)
    assert link.is_symlink() and same_bits(second, deepgen.load(path))
    assert sorted(os.listdir(tmp_path)) == ["latest.dgn", "model.dgn"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_has_the_permissions_that_the_user_gives_to_new_files(tmp_path):
    MLPRegressor(max_iter=1).fit(X, Y).save(tmp_path / "model.dgn")
    (tmp_path / "other").touch()
    modes = {os.stat(tmp_path / name).st_mode for name in ("model.dgn", "other")}
    assert len(modes) == 1


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.dgn"):
        deepgen.load(tmp_path / "nowhere.dgn")
    with pytest.raises(FileNotFoundError, match="no such folder: .*no folder'$"):
        MLPRegressor(max_iter=1).fit(X, Y).save(tmp_path / "no folder" / "model.dgn")


def test_loading_and_saving_need_no_heavy_import_at_first():
    code = "import deepgen, sys; print('safetensors' in sys.modules, 'sklearn' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert run.stdout.split() == [b"False", b"False"]


@pytest.mark.slow
def test_another_process_loads_the_same_model(tmp_path):
    model = MLPClassifier(max_iter=3, random_state=0).fit(X, LABELS["strings"])
    model.save(tmp_path / "model.dgn")
    np.save(tmp_path / "X.npy", X)
    code = """
        import sys, numpy, deepgen
        model = deepgen.load(sys.argv[1] + "/model.dgn")
        numpy.save(sys.argv[1] + "/p.npy", model.predict_proba(numpy.load(sys.argv[1] + "/X.npy")))
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    subprocess.run(command, check=True, env=environment)
    assert np.array_equal(np.load(tmp_path / "p.npy"), model.predict_proba(X))
