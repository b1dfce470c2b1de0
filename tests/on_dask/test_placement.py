"""Placement of shards: even, and where the rows already lie."""

from collections import Counter

import numpy as np
import pytest

from deepgen.dask.placement import place


def even(homes, slots):
    """Whether nobody has more in turn than it must."""
    depth = -(-len(homes) // sum(slots.values()))
    return all(count <= depth * slots[home] for home, count in Counter(homes).items())


def test_shards_stay_where_they_are_if_that_is_even():
    held = [["b"], ["a"], ["a"], ["b"]]
    assert place(held, {"a": 1, "b": 1}) == ["b", "a", "a", "b"]
    assert place([["b"], ["b"], ["a"]], {"a": 1, "b": 2}) == ["b", "b", "a"]


def test_shards_of_one_worker_are_shared_out():
    assert place([["a"]] * 4, {"a": 1, "b": 1}) == ["a", "a", "b", "b"]
    assert Counter(place([["a"]] * 8, {"a": 1, "b": 3})) == {"a": 2, "b": 6}


def test_shards_of_lost_workers_go_to_others():
    assert sorted(place([["lost"], []], {"a": 1, "b": 1})) == ["a", "b"]


def test_of_several_holders_the_one_with_most_room_is_taken():
    assert place([["a"], ["a", "b"], ["b"], ["a", "b"]], {"a": 1, "b": 1}) == ["a", "a", "b", "b"]
    assert place([["a", "b"], ["a"], ["a"], ["b"]], {"a": 1, "b": 1}) == ["b", "a", "a", "b"]


def test_any_shards_are_even_on_any_workers():
    rng = np.random.default_rng(0)
    for _ in range(300):
        slots = {f"w{number}": int(rng.integers(1, 4)) for number in range(rng.integers(1, 6))}
        names = [*slots, "lost"]
        held = [
            list(rng.choice(names, size=rng.integers(0, 3), replace=True))
            for _ in range(rng.integers(1, 20))
        ]
        homes = place(held, slots)
        assert len(homes) == len(held)
        assert even(homes, slots)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_of_one_worker_are_trained_on_by_both():
    distributed = pytest.importorskip(
        "distributed", reason="dask is in the extra 'dask'; the gate's stage 'dask' installs it"
    )
    da = pytest.importorskip("dask.array")
    from shards.rows import X, Y, fitted_on, regressor, weights_of

    from deepgen.dask.collections import partitions_of
    from deepgen.dask.executor import DaskExecutor
    from deepgen.distributed import fit_shards

    chunks = (100, 100, 100, len(X) - 300)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        one = sorted(client.nthreads())[0]
        held = [
            client.persist(da.from_array(values, chunks=(chunks, *values.shape[1:])), workers=[one])
            for values in (X, Y)
        ]
        distributed.wait(held)
        model = regressor(max_iter=3)
        executor = DaskExecutor(client, partitions_of(*held), None)
        fit_shards(model, executor, local_steps=3)
        homes = client.who_has(executor._shards)
    assert set(Counter(home for (home, *_) in homes.values()).values()) == {2}
    parts = np.split(np.arange(len(X)), np.cumsum(chunks)[:-1])
    serial, _ = fitted_on(parts, regressor(max_iter=3), local_steps=3)
    np.testing.assert_array_equal(weights_of(model), weights_of(serial))
