"""Estimators on a device have the bits that the AVX-512 path gives them, through all of Python."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import deepgen
from deepgen import MLPClassifier, MLPRegressor, _core
from deepgen._engine.device import DeviceError
from deepgen.activations import Parametric
from deepgen.averaging import EMA
from deepgen.losses import Focal, LogLoss, Quantile
from deepgen.optimizers import ASAM, SAM, Adam, RMSProp
from deepgen.schedules import InvScaling

pytestmark = [
    pytest.mark.usefixtures("on_emulator", "avx512"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(
        "avx512" not in _core.simd_paths(),
        reason="no AVX-512, whose bits a device has: the gate's stage emulates both",
    ),
]

N_ROWS = 151
RNG = np.random.default_rng(1)
X = RNG.standard_normal((N_ROWS, 9)).astype(np.float32)
Y = (np.sin(X[:, 0]) + 0.1 * RNG.standard_normal(N_ROWS)).astype(np.float64)
CLASSES = np.digitize(Y, [-0.5, 0.5])
WEIGHTS = RNG.uniform(0.0, 2.0, N_ROWS) * (RNG.random(N_ROWS) > 0.1)
SMALL = {"hidden_layer_sizes": (17, 8), "batch_size": 32, "max_iter": 4, "random_state": 3}


@pytest.fixture
def avx512(monkeypatch):
    """The processor's path whose bits the device has."""
    monkeypatch.setenv("DEEPGEN_SIMD", "avx512")


def numbers(model):
    """All that a fit leaves in numbers, but for its times."""
    networks = model.members_ if getattr(model, "n_members", 1) > 1 else [model]
    found = []
    for network in networks:
        found += [network.network_.parameters]
        found += [values for name, values in network.history_.items() if name != "time"]
        state = network._training_state.optimizer_state or {}
        found += [state[name] for name in sorted(state)]
    return found


def assert_same(first, second):
    for one, other in zip(numbers(first), numbers(second), strict=True):
        np.testing.assert_array_equal(one, other)


def on_both(model, X, y, **given):
    """The estimator fitted on the processor and on the device."""
    on_cpu = clone(model).fit(X, y, **given)
    on_device = clone(model).set_params(device="cuda").fit(X, y, **given)
    assert_same(on_cpu, on_device)
    return on_cpu, on_device


REGRESSORS = {
    "defaults": {},
    "one wide batch": {"batch_size": N_ROWS},
    "batches of one": {"batch_size": 1, "max_iter": 1},
    "no hidden layer": {"hidden_layer_sizes": ()},
    "no bias": {"bias": False},
    "not shuffled": {"shuffle": False},
    "alpha": {"alpha": 0.1},
    "sgd": {"solver": "sgd", "momentum": 0.9, "learning_rate_init": 0.01},
    "adamw": {"solver": "adamw"},
    "adagrad": {"solver": "adagrad"},
    "adadelta": {"solver": "adadelta"},
    "centered rmsprop": {"solver": RMSProp(centered=True)},
    "tanh, falling rate": {"activation": "tanh", "learning_rate": InvScaling()},
    "cosine": {"learning_rate": "cosine"},
    "parametric": {"activation": Parametric("mish")},
    "layer norm": {"normalization": "layer", "activation": "gelu"},
    "batch norm": {"normalization": "batch", "dropout": 0.2},
    "residual": {"hidden_layer_sizes": (16, 16, 16), "skip": "residual", "activation": "silu"},
    "deepnorm": {"hidden_layer_sizes": (16, 16, 16), "skip": "deepnorm"},
    "clipped": {"clip_norm": 0.3},
    "sam": {"solver": SAM()},
    "asam": {"solver": ASAM(Adam())},
    "ema": {"averaging": EMA(decay=0.9)},
    "swa": {"averaging": "swa"},
    "snapshots": {"averaging": "snapshot", "n_members": 2, "max_iter": 6},
    "all at once": {
        "solver": SAM(),
        "clip_norm": 0.5,
        "averaging": "ema",
        "normalization": "batch",
        "dropout": 0.1,
    },
    "huber": {"loss": "huber"},
    "quantile": {"loss": Quantile(0.9)},
    "quantiles": {"loss": Quantile([0.1, 0.5, 0.9])},
    "absolute error": {"loss": "absolute_error"},
    "early stopping": {"early_stopping": True, "max_iter": 20, "n_iter_no_change": 2},
    "members": {"n_members": 3},
    "wider than a block": {"hidden_layer_sizes": (300, 130), "max_iter": 2},
    "products by tiles": {"hidden_layer_sizes": (600, 70, 530), "max_iter": 1},
    "tiles of more than one batch": {"hidden_layer_sizes": (530, 3, 70), "batch_size": 140},
    "tiles, layer norm": {
        "hidden_layer_sizes": (520, 520, 520),
        "batch_size": 70,
        "max_iter": 1,
        "normalization": "layer",
        "skip": "residual",
        "activation": "gelu",
    },
    "tiles, all at once": {
        "hidden_layer_sizes": (520, 80),
        "batch_size": 70,
        "max_iter": 1,
        "solver": SAM(),
        "clip_norm": 0.5,
        "averaging": "ema",
        "normalization": "batch",
        "dropout": 0.1,
    },
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name):
    on_cpu, on_device = on_both(MLPRegressor(**{**SMALL, **REGRESSORS[name]}), X, Y)
    np.testing.assert_array_equal(on_cpu.predict(X), on_device.predict(X))


def test_products_of_a_large_batch_by_tiles():
    rng = np.random.default_rng(2)
    wide = rng.standard_normal((16_500, 5)).astype(np.float32)
    model = MLPRegressor(hidden_layer_sizes=(70,), batch_size=16_450, max_iter=2, random_state=3)
    on_both(model, wide, np.c_[[wide[:, i] for i in range(5)]].T)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_losses_of_positive_targets(loss):
    on_both(MLPRegressor(loss=loss, **SMALL), X, np.exp(Y))


@pytest.mark.parametrize(
    "settings", [{}, {"loss": Focal(1.5)}, {"class_weight": "balanced"}, {"loss": LogLoss(0.1)}]
)
@pytest.mark.parametrize("classes", [CLASSES, CLASSES > 0, np.c_[CLASSES > 0, CLASSES > 1]])
def test_classifiers(settings, classes):
    if classes.ndim == 2 and "class_weight" in settings:
        pytest.skip("class weights are for one column of labels")
    on_cpu, on_device = on_both(MLPClassifier(**SMALL, **settings), X, classes)
    np.testing.assert_array_equal(on_cpu.predict_proba(X), on_device.predict_proba(X))


def test_weights_of_samples():
    on_both(MLPRegressor(**SMALL), X, Y, sample_weight=WEIGHTS)


def test_several_targets():
    on_both(MLPRegressor(**SMALL), X, np.c_[Y, -Y, Y**2])


@pytest.mark.parametrize("order", ["rising", "falling", "shuffled"])
def test_the_order_of_the_threads_is_no_matter(order, monkeypatch):
    monkeypatch.setenv("DEEPGEN_EMULATED_ORDER", order)
    settings = {**SMALL, "normalization": "batch", "clip_norm": 0.5}
    on_both(MLPRegressor(**settings), X, Y)
    settings.update(hidden_layer_sizes=(530, 70), batch_size=140, max_iter=1)
    on_both(MLPRegressor(**settings), X, Y)


def test_training_goes_on_where_it_was_on_either_side():
    settings = {**SMALL, "warm_start": True, "averaging": "ema", "solver": "adam", "dropout": 0.1}
    models = []
    for first, second in [("cpu", "cpu"), ("cpu", "cuda"), ("cuda", "cpu"), ("cuda", "cuda")]:
        model = MLPRegressor(device=first, **settings).fit(X, Y)
        models.append(model.set_params(device=second).fit(X, Y))
    for model in models[1:]:
        assert_same(models[0], model)


def test_partial_fit():
    models = [MLPRegressor(device=device, **SMALL) for device in ("cpu", "cuda")]
    for part in (slice(0, 60), slice(60, None)):
        for model in models:
            model.partial_fit(X[part], Y[part])
    assert_same(*models)


def test_files_and_pickles(tmp_path):
    model = MLPRegressor(device="cuda", warm_start=True, **SMALL).fit(X, Y)
    model.save(tmp_path / "model")
    loaded, unpickled = deepgen.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))
    assert loaded.device == unpickled.device == "cuda"
    for copy in (loaded, unpickled):
        np.testing.assert_array_equal(model.predict(X), copy.predict(X))
        np.testing.assert_array_equal(model.fit(X, Y).predict(X), copy.fit(X, Y).predict(X))
        model = pickle.loads(pickle.dumps(unpickled)) if copy is loaded else model


def test_in_a_pipeline_in_a_grid_search():
    found = {}
    for device in ("cpu", "cuda"):
        pipeline = make_pipeline(StandardScaler(), MLPRegressor(device=device, **SMALL))
        search = GridSearchCV(pipeline, {"mlpregressor__alpha": [1e-4, 1e-1]}, cv=2)
        found[device] = search.fit(X, Y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(found["cpu"], found["cuda"])


def test_a_diverged_run_ends_as_on_the_processor():
    model = MLPRegressor(solver="sgd", learning_rate_init=1e6, target_scaling=None, **SMALL)
    ended = {}
    for device in ("cpu", "cuda"):
        with pytest.warns(ConvergenceWarning) as caught:
            fitted = clone(model).set_params(device=device).fit(X, Y)
        ended[device] = fitted.network_.parameters, sorted(str(one.message) for one in caught)
    np.testing.assert_array_equal(ended["cpu"][0], ended["cuda"][0])
    assert ended["cpu"][1] == ended["cuda"][1]


def test_a_device_without_room_says_how_much_is_wanted(monkeypatch):
    monkeypatch.setenv("DEEPGEN_EMULATED_MEMORY", "20000")
    with pytest.raises(DeviceError, match=r"needs more memory on the GPU: .* bytes are wanted"):
        MLPRegressor(device="cuda", **SMALL).fit(X, Y)


def test_a_batch_has_no_more_numbers_than_can_be_counted():
    tall = np.ones((12_000, 2), np.float32)
    model = MLPRegressor(hidden_layer_sizes=(100_000,), batch_size=12_000, device="cuda")
    with pytest.raises(DeviceError, match=r"numbers are wanted in one array, 2147483647 can be"):
        model.fit(tall, tall[:, 0])


def test_an_error_of_the_device_is_told_and_loses_nothing(monkeypatch):
    model = MLPRegressor(device="cuda", warm_start=True, **SMALL).fit(X, Y)
    before = model.predict(X)
    monkeypatch.setenv("DEEPGEN_EMULATED_FAULT", "launch")
    with pytest.raises(DeviceError, match="device='cuda' failed: "):
        model.fit(X, Y)
    monkeypatch.delenv("DEEPGEN_EMULATED_FAULT")
    np.testing.assert_array_equal(model.predict(X), before)
    model.fit(X, Y)
