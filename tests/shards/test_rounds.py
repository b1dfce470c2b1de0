"""Rounds: local steps are a pure function, averages are in order and in double."""

import numpy as np
import pytest

from deepgen.distributed import Advanced, Rows, SerialExecutor, Steps, advance, combine, fit_shards
from deepgen.distributed.advance import State
from shards.rows import X, Y, fitted_on, parts_of, regressor, weights_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Recording(SerialExecutor):
    """Keeps what it was asked for, and what came of it."""

    def advance(self, work, shares, state, steps):
        result = super().advance(work, shares, state, steps)
        self.asked = [*getattr(self, "asked", []), (work, shares, state, steps)]
        self.results = [*getattr(self, "results", []), result]
        return result


def recorded(n_shards, model, **options):
    executor = Recording([Rows.read(model, X[part], Y[part]) for part in parts_of(n_shards)])
    fit_shards(model, executor, **options)
    return executor


def same(a, b):
    np.testing.assert_array_equal(a.state.parameters, b.state.parameters)
    for name, values in a.state.optimizer.items():
        np.testing.assert_array_equal(values, b.state.optimizer[name])


def test_steps_are_a_pure_function_of_shard_and_state():
    """Two rounds equal one of all their steps, wherever in a pass they begin."""
    executor = recorded(3, regressor(dropout=0.2, clip_norm=1.0), local_steps=4)
    work, _, state, _ = executor.asked[1]
    shard = executor._shards[1]
    before = state.parameters.copy()
    rates = np.linspace(0.001, 0.01, 40)
    whole = advance(work, 1, shard, state, Steps(1, 2, rates, {}))
    same(advance(work, 1, shard, state, Steps(1, 2, rates, {})), whole)
    np.testing.assert_array_equal(state.parameters, before)
    for cut in (1, 7, 8, 39):
        first = advance(work, 1, shard, state, Steps(1, 2, rates[:cut], {}))
        second = advance(work, 1, shard, first.state, Steps(2, 2 + cut, rates[cut:], {}))
        same(second, whole)
        assert first.n_steps + second.n_steps == 40
    # Another shard with the same rows has another order of them.
    assert not np.array_equal(
        advance(work, 2, shard, state, Steps(1, 2, rates, {})).state.parameters,
        whole.state.parameters,
    )


def test_arrays_at_odd_addresses_are_the_same():
    def odd(values):
        padded = np.zeros(values.nbytes + 1, np.uint8)
        moved = padded[1:].view(values.dtype).reshape(values.shape)
        moved[...] = values
        return moved

    executor = recorded(2, regressor(), local_steps=4)
    work, _, state, steps = executor.asked[1]
    shard = executor._shards[0]
    moved = type(shard)(odd(shard.X), odd(shard.y))
    there = State(odd(state.parameters), {n: odd(v) for n, v in state.optimizer.items()})
    odd_steps = Steps(steps.number, steps.first, odd(steps.rates), {})
    assert not odd_steps.rates.flags.aligned
    same(advance(work, 0, moved, there, odd_steps), advance(work, 0, shard, state, steps))


def result_of(parameters, moments, loss=1.0, finite=True, path="avx2"):
    state = State(
        np.array(parameters, np.float32),
        {"adam_0": np.array(moments, np.float32), "n_steps": np.array([5])},
    )
    return Advanced(state, loss, 2 * loss, 10, 5, finite, (path,))


def test_averages_are_by_share_in_double():
    tiny = 2.0**-30
    results = [result_of([1.0, 4.0], [0.0]), result_of([tiny, 0.0], [8.0], loss=3.0, path="avx512")]
    mean = combine([0.25, 0.75], results)
    np.testing.assert_array_equal(mean.state.parameters, np.float32([0.25 + 0.75 * tiny, 1.0]))
    np.testing.assert_array_equal(mean.state.optimizer["adam_0"], [6.0])
    np.testing.assert_array_equal(mean.state.optimizer["n_steps"], [5])
    assert mean.state.parameters.dtype == np.float32
    assert (mean.loss, mean.gradient_norm, mean.n_rows, mean.n_steps) == (2.5, 5.0, 20, 5)
    assert mean.finite
    assert mean.paths == ("avx2", "avx512")
    # Numbers that cancel in the order of the shards, and in float32 would leave nothing.
    large = [result_of([v, 0], [0]) for v in (1e8, 1.0, -1e8)]
    third = combine([1 / 3] * 3, large).state.parameters[0]
    assert third == np.float32(1 / 3 * 1e8 + 1 / 3 - 1 / 3 * 1e8)
    assert not combine([0.5, 0.5], [results[0], result_of([0, 0], [0], finite=False)]).finite


def test_moments_and_statistics_of_batch_norm_are_averages():
    executor = recorded(3, regressor(normalization="batch"), local_steps=4)
    work, shares, state, steps = executor.asked[2]
    each = [advance(work, k, shard, state, steps) for k, shard in enumerate(executor._shards)]
    assert work.core.n_parameters > work.core.n_trainable
    mean = sum(s * a.state.parameters.astype(np.float64) for s, a in zip(shares, each, strict=True))
    got = executor.results[2].state
    np.testing.assert_array_equal(got.parameters, mean.astype(np.float32))
    assert len({a.state.parameters[-1] for a in each}) == 3
    moments = [a.state.optimizer["adam_1"] for a in each]
    np.testing.assert_allclose(got.optimizer["adam_1"], np.average(moments, axis=0, weights=shares))


def test_nesterov_between_rounds_is_that_of_the_formula():
    executor = recorded(3, regressor(normalization="batch"), local_steps=2, outer="nesterov")
    n, velocity = executor.asked[0][0].core.n_trainable, 0.0
    states = [asked[2].parameters for asked in executor.asked]
    means = [result.state.parameters for result in executor.results]
    assert len(states) > 4
    for before, mean, after in zip(states, means, states[1:], strict=False):
        change = before[:n].astype(np.float64) - mean[:n]
        velocity = 0.9 * velocity + change
        wanted = before[:n] - 0.7 * (change + 0.9 * velocity)
        np.testing.assert_array_equal(after[:n], wanted.astype(np.float32))
        # The statistics of batch norm have no momentum.
        np.testing.assert_array_equal(after[n:], mean[n:])


def test_the_length_of_rounds_decides_on_nothing_else():
    """Rates follow the steps, not the rounds, and each round begins where the last one ended."""
    executor = recorded(2, regressor(learning_rate="cosine"), local_steps=3)
    steps = [asked[3] for asked in executor.asked]
    assert [each.number for each in steps] == list(range(1, len(steps) + 1))
    assert [each.first for each in steps] == list(
        np.cumsum([0] + [len(each.rates) for each in steps[:-1]])
    )
    whole = recorded(2, regressor(learning_rate="cosine"), local_steps=10**6)
    rates = [np.concatenate([a[3].rates for a in e.asked]) for e in (executor, whole)]
    np.testing.assert_array_equal(*rates)
    assert len(whole.asked) == 4  # a round never goes beyond the epoch


def test_ctrl_c_keeps_the_last_whole_round():
    class Interrupted(Recording):
        def advance(self, work, shares, state, steps):
            if steps.number == 6:
                raise KeyboardInterrupt
            return super().advance(work, shares, state, steps)

    model = regressor()
    executor = Interrupted([Rows.read(model, X[part], Y[part]) for part in parts_of(2)])
    with pytest.warns(UserWarning, match="interrupted by user"):
        fit_shards(model, executor, local_steps=3)
    np.testing.assert_array_equal(weights_of(model), executor.results[-1].state.parameters)
    assert len(executor.results) == 5
    assert np.isfinite(model.predict(X)).all()


def test_several_simd_paths_are_told_once():
    class Mixed(SerialExecutor):
        def advance(self, work, shares, state, steps):
            result = super().advance(work, shares, state, steps)
            return Advanced(**{**vars(result), "paths": ("avx2", "avx512")})

    model = regressor()
    executor = Mixed([Rows.read(model, X[part], Y[part]) for part in parts_of(2)])
    with pytest.warns(UserWarning, match="Set DEEPGEN_SIMD=avx2") as told:
        fit_shards(model, executor, local_steps=3)
    assert len([each for each in told if "SIMD" in str(each.message)]) == 1


def test_shards_beyond_the_first_are_drawn_apart():
    ours, _ = fitted_on(parts_of(2), regressor(dropout=0.3))
    again, _ = fitted_on(parts_of(2), regressor(dropout=0.3))
    other, _ = fitted_on(parts_of(2), regressor(dropout=0.3, random_state=4))
    np.testing.assert_array_equal(weights_of(ours), weights_of(again))
    assert not np.array_equal(weights_of(ours), weights_of(other))
