"""Networks of a device side by side: launched together, with the bits of the CPU's AVX-512 path."""

import threading

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor, TabularRegressor, _core
from deepgen._engine.device import DeviceError
from deepgen.search import fit_many
from device.fakes import Record, recording_plugin

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((90, 6)).astype(np.float32)
Y = X[:, 0] * X[:, 1]
SETTINGS = {"hidden_layer_sizes": (16,), "batch_size": 32, "max_iter": 3, "random_state": 0}


def bits(model):
    """Weights and histories of all networks of a model."""
    model = model[-1] if hasattr(model, "steps") else model
    return [
        (member.network_.parameters.tobytes(), list(member.history_["loss"]))
        for member in getattr(model, "mlp_", model).members_
    ]


def estimators(device):
    """Every kind of estimator that may have networks on a device."""
    settings = {**SETTINGS, "device": device}
    return [
        MLPRegressor(**settings),
        make_pipeline(StandardScaler(), MLPRegressor(**settings)),
        MLPRegressor(n_members=3, early_stopping=True, **settings),
    ]


@pytest.mark.skipif("avx512" not in _core.simd_paths(), reason="the reference is the AVX-512 path")
@pytest.mark.usefixtures("on_emulator")
def test_fits_side_by_side_have_the_bits_of_the_cpu():
    found = fit_many(estimators("cuda"), X, Y, 2)
    expected = fit_many(estimators("cpu"), X, Y, 2)
    for ours, theirs in zip(found, expected, strict=True):
        assert [bits(copy) for copy in ours] == [bits(copy) for copy in theirs]


@pytest.mark.skipif("avx512" not in _core.simd_paths(), reason="the reference is the AVX-512 path")
@pytest.mark.usefixtures("on_emulator")
@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_members_have_the_bits_of_the_cpu(kind):
    y = Y if kind is MLPRegressor else Y > 0
    on_device, on_cpu = (
        kind(n_members=5, device=device, **SETTINGS).fit(X, y) for device in ("cuda", "cpu")
    )
    assert bits(on_device) == bits(on_cpu)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory):
    return recording_plugin(tmp_path_factory.mktemp("recorder"))


@pytest.fixture
def record(recorder, monkeypatch, tmp_path):
    """What a device is told that computes nothing, and takes its time for it as a real one does."""
    monkeypatch.setenv("LASTS", "10")
    monkeypatch.setenv("DEEPGEN_CUDA_PLUGIN", str(recorder))
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    return Record(tmp_path / "record")


LONG = {**SETTINGS, "max_iter": 60, "tol": 0.0, "n_iter_no_change": np.inf, "device": "cuda"}


def together(record):
    """Largest number of networks in one launch."""
    return max(call["n_runs"] for call in record.calls("run"))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_members_are_launched_together(record, n_jobs):
    MLPRegressor(n_members=6, n_jobs=n_jobs, **LONG).fit(X, Y)
    assert together(record) == 6


@pytest.mark.parametrize(
    "model",
    [
        MLPRegressor(**LONG),
        make_pipeline(StandardScaler(), MLPRegressor(**LONG)),
        TabularRegressor(
            preset="fast", device="cuda", network={"max_iter": 60, "n_iter_no_change": 60}
        ),
    ],
    ids=["alone", "pipeline", "table"],
)
def test_fits_are_launched_together(record, model):
    fit_many([model, model], X, Y, 3, n_jobs=1)
    assert together(record) == 6


def test_members_of_fits_are_launched_together_and_fits_of_the_cpu_beside_them_are_not(record):
    own = {**LONG, "device": "cpu", "max_iter": 3}
    n_before = threading.active_count()
    fits = fit_many([MLPRegressor(n_members=2, **LONG), MLPRegressor(**own)], X, Y, 3, n_jobs=2)
    assert together(record) == 6
    alone = [MLPRegressor(**own).fit(X[30:], Y[30:])]
    assert bits(fits[1][0]) == bits(alone[0])
    assert threading.active_count() == n_before


def test_a_device_that_fails_is_told_with_the_fit(record, monkeypatch):
    monkeypatch.setenv("FAILS", "1")
    name = r"^estimators\[\d\] \(MLPRegressor\), split \d: device='cuda' failed: the recorder was"
    with pytest.raises(DeviceError, match=name):
        fit_many([MLPRegressor(**LONG)] * 2, X, Y, 3)
