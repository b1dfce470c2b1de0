"""The weights of each few epochs, in memory or in a file, and training as without a callback."""

import copy
import os
import pickle
import tracemalloc

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from deepgen import MLPClassifier, MLPRegressor, Probe
from deepgen.callbacks import Trajectory
from deepgen.callbacks.stored_rows import StoredRows

X = np.random.RandomState(0).randn(60, 3)
Y = np.sin(X[:, 0]) + X[:, 1]

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(
        parse_version(sklearn.__version__) < parse_version("1.9"),
        reason="callbacks need scikit-learn 1.9",
    ),
]


def model_of(solver="adam", **settings):
    settings = {"max_iter": 7, "random_state": 0, "n_iter_no_change": 100, "tol": 0, **settings}
    return MLPRegressor(hidden_layer_sizes=(5,), solver=solver, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "lbfgs"},
        {"normalization": "batch"},
        {"averaging": "ema"},
        {"early_stopping": True},
        {"normalization": "weight", "dtype": "float64"},
    ],
    ids=str,
)
def test_training_is_the_same_to_the_bit_and_each_epoch_is_that_of_a_shorter_fit(settings):
    trajectory = Trajectory(every=3)
    alone = model_of(**settings).fit(X, Y)
    model = model_of(**settings).set_callbacks(trajectory).fit(X, Y)
    assert np.array_equal(model.network_.parameters, alone.network_.parameters)
    n_epochs = len(model.history_["loss"])
    assert trajectory.epochs.tolist() == sorted({*range(0, n_epochs + 1, 3), n_epochs})
    assert trajectory.weights.shape == (len(trajectory.epochs), model.network_.core.n_trainable)
    assert trajectory.weights.dtype == model.network_.parameters.dtype
    if not settings:
        for epoch, weights in zip(trajectory.epochs[1:], trajectory.weights[1:], strict=True):
            shorter = model_of(max_iter=int(epoch)).fit(X, Y)
            assert np.array_equal(weights, shorter.network_.parameters)


def test_the_first_point_is_the_start_and_points_go_into_a_probe():
    trajectory = Trajectory()
    model = model_of(dtype="float64").set_callbacks(trajectory).fit(X, Y)
    probe = Probe(model, X, Y)
    losses = [probe.at(weights).loss() for weights in trajectory.weights]
    assert losses[-1] == probe.loss() < losses[0]
    assert not np.array_equal(trajectory.weights[0], trajectory.weights[1])
    assert repr(trajectory) == "Trajectory(every=1, 8 points in memory)"


def test_each_fit_begins_anew():
    trajectory = Trajectory()
    model = model_of(max_iter=2, warm_start=True).set_callbacks(trajectory)
    last = model.fit(X, Y).network_.parameters.copy()
    model.fit(X, Y)
    assert trajectory.epochs.tolist() == [0, 1, 2]
    assert np.array_equal(trajectory.weights[0], last)


def test_past_the_limit_the_points_are_in_a_file_that_goes_with_the_object(tmp_path):
    memory, disk = Trajectory(), Trajectory(max_bytes=300, folder=tmp_path)
    for trajectory in (memory, disk):
        model_of().set_callbacks(trajectory).fit(X, Y)
    assert np.array_equal(memory.weights, disk.weights)
    assert isinstance(disk.weights, np.memmap) and "in a file" in repr(disk)
    file = disk._rows._file
    assert os.fstat(file.fileno()).st_size == memory.weights.nbytes
    for trajectory in (memory, disk):
        with pytest.raises(ValueError, match="read-only"):
            trajectory.weights[0, 0] = 1
    again = pickle.loads(pickle.dumps(disk))
    assert np.array_equal(again.weights, memory.weights) and "in a file" in repr(again)
    del file
    for trajectory in (disk, again):
        trajectory.clear()
        assert len(trajectory.epochs) == len(trajectory.weights) == 0
    assert os.listdir(tmp_path) == []


def test_memory_does_not_grow_with_the_number_of_points():
    rows = StoredRows(max_bytes=10_000, folder=None)
    tracemalloc.start()
    for place in range(200):
        rows.append(np.full(10_000, float(place)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6 and len(rows) == 200  # 16 MB of numbers
    assert np.array_equal(rows.array()[:, 7], np.arange(200.0))


def test_the_matrix_in_memory_is_made_once():
    rows = StoredRows(max_bytes=10**6, folder=None)
    for place in range(3):
        rows.append(np.full(4, float(place)))
    first = rows.array()
    rows.append(np.full(4, 3.0))
    assert np.shares_memory(first, rows._rows[0])
    assert rows.array()[:, 0].tolist() == [0, 1, 2, 3]
    assert StoredRows(0, None).array().shape == (0, 0)


def test_copies_clones_pipelines_and_searches_work():
    trajectory = Trajectory(every=2)
    model = model_of().set_callbacks(trajectory)
    pickle.loads(pickle.dumps(model)).fit(X, Y)
    assert len(trajectory.epochs) == 0
    clone(model).fit(X, Y)
    assert trajectory.epochs.tolist() == [0, 2, 4, 6, 7]
    copied = copy.deepcopy(trajectory)
    make_pipeline(StandardScaler(), model).fit(X, Y)
    assert not np.array_equal(copied.weights, trajectory.weights)
    search = GridSearchCV(model, {"max_iter": [2, 4]}, cv=2).fit(X, Y)
    assert trajectory.epochs[-1] == search.best_params_["max_iter"]
    labels = (Y > 0).astype(int)
    MLPClassifier((4,), max_iter=2).set_callbacks(trajectory).fit(X, labels)
    assert trajectory.weights.shape == (2, 21)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"every": 0}, "every must be an integer of at least 1, got 0"),
        ({"every": 1.5}, "every must be"),
        ({"max_bytes": -1}, "max_bytes must be an integer of at least 0, got -1"),
        ({"folder": "/no/such/folder"}, "folder must be a folder that exists"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Trajectory(**settings)
