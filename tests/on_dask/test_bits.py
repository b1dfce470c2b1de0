"""Bits on a cluster: those of the serial executor, whatever happens to the workers."""

import os
import sys

import numpy as np
import pytest
from shards.rows import THREE, WEIGHTS, X, Y, classifier, fitted_on, regressor, weights_of

distributed = pytest.importorskip(
    "distributed", reason="dask is in the extra 'dask'; the gate's stage 'dask' installs it"
)
cloudpickle = pytest.importorskip("cloudpickle")
da = pytest.importorskip("dask.array")

from deepgen.dask import DaskMLPClassifier, DaskMLPRegressor  # noqa: E402
from deepgen.dask.collections import partitions_of  # noqa: E402
from deepgen.dask.executor import DaskExecutor  # noqa: E402
from deepgen.distributed import fit_shards  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# Unequal partitions; the second and the last have no rows.
SIZES = (100, 0, 60, 143, 100, 0)
ENDS = np.cumsum((0, *SIZES))
PARTS = [np.arange(*pair) for pair in zip(ENDS, ENDS[1:], strict=False) if pair[0] < pair[1]]


def on_cluster(values):
    chunks = (SIZES, values.shape[1:]) if values.ndim > 1 else (SIZES,)
    return da.from_array(values, chunks=chunks)


def settings_of(model):
    return model.get_params(deep=False)


@pytest.fixture(scope="module")
def cluster():
    """Workers are processes with one thread each."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as made:
        yield made


@pytest.fixture(scope="module")
def client(cluster):
    with distributed.Client(cluster) as made:
        yield made


def test_bits_are_the_serial_ones_on_one_to_four_processes(cluster, client):
    model = regressor(dropout=0.2, learning_rate="cosine", normalization="batch")
    serial, course = fitted_on(PARTS, model, weights=WEIGHTS, local_steps=3)
    labelled, _ = fitted_on(PARTS, classifier(class_weight="balanced"), THREE)
    for n_workers in (1, 2, 3, 4):
        cluster.scale(n_workers)
        client.wait_for_workers(n_workers, timeout=120)
        ours = DaskMLPRegressor(**settings_of(model), client=client, local_steps=3)
        ours.fit(on_cluster(X), on_cluster(Y), on_cluster(WEIGHTS))
        np.testing.assert_array_equal(weights_of(ours.to_local()), weights_of(serial))
        assert ours.history_["loss"].tolist() == serial.history_["loss"].tolist()
        assert (ours.n_shards_, ours.local_steps_) == (4, 3)
        assert ours.local_batch_size_ == course.local_batch
        if n_workers == 4:
            other = DaskMLPClassifier(**settings_of(classifier(class_weight="balanced")))
            other.fit(on_cluster(X), on_cluster(THREE))
            np.testing.assert_array_equal(weights_of(other.to_local()), weights_of(labelled))


class Killing(DaskExecutor):
    """Kills a worker while it is in a round."""

    def advance(self, work, shares, state, steps):
        self.round = steps.number
        return super().advance(work, shares, state, steps)

    def _submit(self, function, *arguments, **where):
        future = super()._submit(function, *arguments, **where)
        if getattr(self, "round", 0) == 4 and function.__name__ == "_combine":
            address = sorted(self._client.nthreads())[0]
            pid = self._client.run(os.getpid, workers=[address])[address]
            os.kill(pid, 9)
            self.round = 0
            self.has_killed = True
        return future


def test_a_worker_killed_in_a_round_costs_that_round_alone(cluster, client):
    cluster.scale(3)
    client.wait_for_workers(3, timeout=120)
    serial, _ = fitted_on(PARTS, regressor(max_iter=6), local_steps=3)
    model = regressor(max_iter=6)
    executor = Killing(client, partitions_of(on_cluster(X), on_cluster(Y)), None)
    fit_shards(model, executor, local_steps=3)
    assert executor.has_killed
    np.testing.assert_array_equal(weights_of(model), weights_of(serial))


class Deadly:
    """A shard that kills the process that looks at it."""

    @property
    def y(self):
        os._exit(1)


def make_deadly(_shard):
    return Deadly()


class Doomed(DaskExecutor):
    """Its second shard kills its workers."""

    def advance(self, work, shares, state, steps):
        if steps.number == 2:
            self._shards[1] = self._submit(make_deadly, self._shards[1])
        return super().advance(work, shares, state, steps)


def test_a_shard_that_kills_its_workers_is_named(cluster, client, monkeypatch):
    monkeypatch.setattr("deepgen.dask.executor.REPEATS", 1)
    cluster.scale(2)
    client.wait_for_workers(2, timeout=120)
    client.run_on_scheduler(let_one_fail)
    executor = Doomed(client, partitions_of(on_cluster(X), on_cluster(Y)), None)
    # Workers do not find the modules of the tests.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        with pytest.raises(RuntimeError, match="round 2 failed 2 times: shard 1: "):
            fit_shards(regressor(), executor, local_steps=3)
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    # The cluster has lived through it.
    client.wait_for_workers(2, timeout=120)


def let_one_fail(dask_scheduler):
    dask_scheduler.allowed_failures = 1
