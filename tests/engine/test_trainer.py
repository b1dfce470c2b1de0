"""Training against the twin, step by step."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    SKIP_COMPONENTS,
    describe,
    network_of,
    residual,
    scaled_problem,
    skipping,
    two_hidden,
)

import reference
from engine.building import cast, parameters_after, trainer_of
from engine.strategies import (
    AWKWARD,
    assert_close,
    every_path,
    networks,
    property_test,
    towers,
)
from reference import Component, LayerSpec

OPTIMIZERS = [
    Component("sgd", {"momentum": 0.0, "nesterov": 0.0}),
    Component("sgd", {"momentum": 0.8, "nesterov": 0.0}),
    Component("sgd"),
    Component("sgd", {"weight_decay": 0.5}),
    Component("adam"),
    Component("adam", {"eps_hat": 0.0}),
    Component("adam", {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2}),
    Component("adam", {"beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-2, "eps_hat": 0.0}),
    Component("adam", {"weight_decay": 0.5}),
    Component("adagrad", {"epsilon": 1e-4}),
    Component("adagrad", {"epsilon": 1e-4, "eps_inside": 1.0, "initial_accumulator": 0.1}),
    Component("adagrad", {"epsilon": 1e-4, "weight_decay": 0.5}),
    Component("rmsprop", {"epsilon": 1e-3}),
    Component("rmsprop", {"momentum": 0.8, "epsilon": 1e-3, "weight_decay": 0.5}),
    Component("rmsprop", {"momentum": 0.8, "epsilon": 1e-3, "eps_inside": 1.0, "rate_inside": 1.0}),
    Component("centered_rmsprop", {"rho": 0.8, "epsilon": 1e-2}),
    Component("centered_rmsprop", {"rho": 0.8, "momentum": 0.5, "epsilon": 1e-2}),
    Component("adadelta", {"epsilon": 1.0}),
    Component("adadelta", {"rho": 0.5, "epsilon": 1.0, "weight_decay": 0.5}),
]
ADAM = Component("adam", {"epsilon": 1e-4})

# Rounding grows from step to step: Adam divides by sqrt(v), which is tiny where a gradient was.
# Epsilon is kept well above rounding in the tests of many steps. Float32 runs few steps.
TRAINED_TOLERANCE = {"float32": 2e-3, "float64": 1e-9}

N_EPOCHS = 3


def with_dropout(spec, probability):
    hidden = [replace(layer, dropout=probability) for layer in spec.layers[:-1]]
    return replace(spec, layers=[*hidden, spec.layers[-1]])


def assert_training_equals_twin(
    spec,
    optimizer,
    *,
    wrappers=(),
    n=43,
    batch_size=8,
    dtype="float64",
    simd="",
    n_threads=1,
    alpha=0.3,
    weighted=True,
    shuffle=True,
    rows=None,
    seed=5,
    n_epochs=N_EPOCHS,
    rate_factors=None,
):
    """Parameters, running statistics and progress after each epoch."""
    parameters, X, y, weights = scaled_problem(spec, n, seed)
    weights = weights if weighted else None
    settings = {"alpha": alpha, "batch_size": batch_size, "shuffle": shuffle, "seed": seed}
    settings["rate_factors"] = rate_factors
    twin = reference.Trainer(spec, optimizer=optimizer, wrappers=wrappers, **settings)
    trainer = trainer_of(spec, optimizer, wrappers=wrappers, dtype=dtype, simd=simd, **settings)
    arrays = [cast(array, dtype) for array in (X, y, weights)]
    trainer.set_data(*arrays, rows)
    start = cast(parameters, dtype)
    trainer.load(start)
    n_rows = n if rows is None else len(rows)
    n_steps = len(twin.batches(n_rows))
    assert trainer.steps_per_epoch == n_steps
    expected = parameters
    for epoch in range(n_epochs):
        rates = 0.02 / (1.0 + epoch + np.arange(n_steps))
        expected, wanted = twin.epoch(expected, X, y, weights, rows=rows, epoch=epoch, rates=rates)
        trainer.begin_epoch(epoch)
        progress = trainer.run(rates, n_threads)
        tolerance = TRAINED_TOLERANCE[dtype]
        assert progress.finite and progress.epoch_done
        assert (progress.n_steps, progress.n_rows) == (wanted.n_steps, n_rows)
        assert progress.loss == pytest.approx(wanted.loss, rel=tolerance)
        assert progress.gradient_norm == pytest.approx(wanted.gradient_norm, rel=tolerance)
        assert_close(parameters_after(trainer, start), expected, tolerance)
    assert np.abs(expected - parameters).max() > 1e-3  # there was something to get right


@every_path
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=describe)
def test_every_form_of_every_optimizer_equals_the_twin(simd, optimizer):
    assert_training_equals_twin(two_hidden(), optimizer, simd=simd)


@every_path
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("build", [two_hidden, residual])
def test_norms_skips_and_dropout_train_as_the_twin(simd, build, normalization, dropout):
    spec = with_dropout(build(normalization=normalization), dropout)
    assert_training_equals_twin(spec, ADAM, simd=simd)


@every_path
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("skip", SKIP_COMPONENTS, ids=describe)
def test_every_skip_trains_as_the_twin(simd, skip, normalization, dropout):
    """Units and whole branches are dropped, before the sum as after the activation."""
    spec = skipping(skip, normalization, dropout=dropout)
    assert_training_equals_twin(spec, ADAM, simd=simd)


def test_branches_are_dropped_row_by_row_in_a_stream_of_their_own():
    still = skipping(SKIP_COMPONENTS[0])
    dropping = [
        replace(layer, branch_drop=0.5 if layer.skip_from >= 0 else 0.0) for layer in still.layers
    ]
    for dropout in (0.0, 0.3):
        spec = with_dropout(replace(still, layers=dropping), dropout)
        assert_training_equals_twin(spec, ADAM, n=64, batch_size=32)
    mask = reference.random.branch_mask(5, 0, 3, range(4000), 0.25)
    assert set(np.unique(mask)) == {0.0, 1 / 0.75}
    assert abs((mask == 0).mean() - 0.25) < 6 * np.sqrt(0.25 * 0.75 / 4000)
    units = reference.random.dropout_mask(5, 0, 3, range(4000), 1, 0.25)
    assert abs(np.corrcoef(mask[:, 0], units[:, 0])[0, 1]) < 6 / np.sqrt(4000)


@every_path
@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_every_loss_trains_as_the_twin(simd, loss):
    assert_training_equals_twin(two_hidden(loss=loss), OPTIMIZERS[1], simd=simd)


@pytest.mark.parametrize("activation", sorted(reference.ACTIVATIONS))
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@every_path
def test_every_activation_trains_as_the_twin(simd, dropout, activation):
    """The way back differs: some slopes come from the value, some from z, some from the product."""
    spec = with_dropout(two_hidden(activation), dropout)
    assert_training_equals_twin(spec, OPTIMIZERS[1], simd=simd)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_weights_alpha_shuffle_and_bias_train_as_the_twin(weighted, alpha, shuffle, bias):
    spec = with_dropout(residual(LAYER, bias=bias), 0.2)
    assert_training_equals_twin(spec, ADAM, weighted=weighted, alpha=alpha, shuffle=shuffle)


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("n", [1, 7, 8, 9, 15, 16, 17, 18])
def test_any_last_batch_trains_as_the_twin(normalization, n):
    """Under batch norm a last batch of one row joins the one before; one row alone cannot be."""
    if normalization is BATCH and n == 1:
        n = 2
    assert_training_equals_twin(two_hidden(normalization=normalization), ADAM, n=n)


def test_chosen_rows_train_as_the_twin():
    rows = np.random.default_rng(0).permutation(43)[:19].astype(np.int64)
    spec = with_dropout(residual(BATCH), 0.2)
    assert_training_equals_twin(spec, ADAM, rows=rows)
    assert_training_equals_twin(spec, ADAM, rows=rows, shuffle=False)


@pytest.mark.slow
@every_path
@property_test(30)
@given(
    spec=networks(),
    optimizer=st.sampled_from([OPTIMIZERS[1], OPTIMIZERS[2], ADAM]),
    n=st.sampled_from([16, 17, 64, 65, 130]),
    batch_size=st.sampled_from([15, 16, 64, 65, 300]),
    seed=st.integers(0, 1000),
    n_threads=st.integers(1, 3),
    alpha=st.sampled_from([0.0, 0.3]),
    weighted=st.booleans(),
)
def test_awkward_networks_train_as_the_twin(
    simd, spec, optimizer, n, batch_size, seed, n_threads, alpha, weighted
):
    assert_training_equals_twin(
        spec,
        optimizer,
        n=n,
        batch_size=batch_size,
        simd=simd,
        n_threads=n_threads,
        alpha=alpha,
        weighted=weighted,
        seed=seed,
        n_epochs=1,
    )


@pytest.mark.slow
@every_path
@property_test(30)
@given(spec=towers(), batch_size=st.sampled_from([8, 21, 42]), n_threads=st.integers(1, 3))
def test_towers_with_skips_train_as_the_twin(simd, spec, batch_size, n_threads):
    assert_training_equals_twin(
        spec, ADAM, batch_size=batch_size, simd=simd, n_threads=n_threads, n_epochs=1
    )


@pytest.mark.slow
@every_path
@pytest.mark.parametrize("width", AWKWARD)
def test_float32_stays_close_to_the_twin_for_an_epoch(simd, width):
    spec = network_of(
        LayerSpec(width=width, activation="tanh", normalization=LAYER),
        LayerSpec(width=width, activation="gelu", dropout=0.2, skip_from=0),
        n_inputs=17,
    )
    assert_training_equals_twin(
        spec, ADAM, n=65, batch_size=16, dtype="float32", simd=simd, n_epochs=1
    )


def zero_weight_run(weights, normalization=NONE):
    spec = two_hidden(normalization=normalization)
    parameters, X, y, _ = scaled_problem(spec, 12, 0)
    trainer = trainer_of(spec, ADAM, batch_size=4, shuffle=False, alpha=0.1)
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    progress = trainer.run(np.full(3, 0.01))
    return parameters, parameters_after(trainer, parameters), progress, trainer.state()


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_a_batch_without_weight_makes_no_step(normalization):
    """Neither weights, nor moments, nor running statistics nor the count of steps move."""
    weights = np.ones(12)
    weights[4:8] = 0.0
    _, after, progress, state = zero_weight_run(weights, normalization)
    assert progress.epoch_done and progress.finite
    assert (progress.n_steps, progress.n_rows) == (2, 8)

    spec = two_hidden(normalization=normalization)
    parameters, X, y, _ = scaled_problem(spec, 12, 0)
    kept = np.array([0, 1, 2, 3, 8, 9, 10, 11], dtype=np.int64)
    trainer = trainer_of(spec, ADAM, batch_size=4, shuffle=False, alpha=0.1)
    trainer.set_data(X, y, weights, kept)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    without = trainer.run(np.full(2, 0.01))
    np.testing.assert_array_equal(after, parameters_after(trainer, parameters))
    assert progress.loss == without.loss
    assert progress.gradient_norm == without.gradient_norm
    expected = trainer.state()
    assert state.keys() == expected.keys()
    for name in state:
        np.testing.assert_array_equal(state[name], expected[name])


def test_an_epoch_without_any_weight_changes_nothing():
    parameters, after, progress, state = zero_weight_run(np.zeros(12), BATCH)
    assert progress.epoch_done and progress.finite
    assert progress.n_steps == progress.n_rows == 0
    assert progress.loss == progress.gradient_norm == 0.0
    np.testing.assert_array_equal(after, parameters)
    for values in state.values():
        np.testing.assert_array_equal(values, 0)


def test_rows_of_weight_zero_count_for_nothing_but_batch_statistics():
    spec = two_hidden()
    parameters, X, y, weights = scaled_problem(spec, 8, 0)
    weights[::2] = 0.0
    changed = X.copy()
    changed[::2] = 77.0
    results = []
    for inputs in (X, changed):
        trainer = trainer_of(spec, ADAM, batch_size=8)
        trainer.set_data(inputs, y, weights)
        trainer.load(parameters)
        trainer.begin_epoch(0)
        trainer.run(np.full(1, 0.01))
        results.append(parameters_after(trainer, parameters))
    np.testing.assert_array_equal(*results)


def test_a_diverging_run_says_so_and_stops_there():
    spec = network_of(loss=Component("poisson"))
    parameters, X, y, _ = scaled_problem(spec, 40, 0)
    trainer = trainer_of(spec, OPTIMIZERS[0], batch_size=4)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    progress = trainer.run(np.full(10, 1e6))
    assert not progress.finite
    assert not progress.epoch_done
    assert 1 <= progress.n_steps < 10


@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
def test_nothing_of_a_diverged_run_survives_load_and_set_state(normalization):
    """Not even in the padding, which no flat vector shows."""
    spec = two_hidden(normalization=normalization)
    parameters, X, y, weights = scaled_problem(spec, 40, 0)
    results = []
    for diverges in (False, True):
        trainer = trainer_of(spec, ADAM, batch_size=8)
        trainer.set_data(X, y, weights)
        trainer.load(parameters)
        state = trainer.state()
        if diverges:
            trainer.begin_epoch(0)
            assert not trainer.run(np.full(5, np.nan)).finite
            trainer.load(parameters)
            trainer.set_state(state)
        trainer.begin_epoch(0)
        progress = trainer.run(np.full(5, 0.01))
        assert progress.finite
        results.append((progress.loss, progress.gradient_norm))
        results.append(parameters_after(trainer, parameters))
    assert results[0] == results[2]
    np.testing.assert_array_equal(results[1], results[3])


def test_data_that_is_refused_leaves_the_old_in_place():
    spec = two_hidden(normalization=BATCH)
    parameters, X, y, _ = scaled_problem(spec, 2, 0)
    results = []
    for refused in (False, True):
        trainer = trainer_of(spec, ADAM, batch_size=1)
        trainer.set_data(X, y)
        if refused:
            with pytest.raises(ValueError, match="batch_size 1"):
                trainer.set_data(np.ones((9, X.shape[1])), np.ones((9, y.shape[1])))
        assert trainer.steps_per_epoch == 1
        trainer.load(parameters)
        trainer.begin_epoch(0)
        assert trainer.run(np.full(5, 0.01)).n_rows == 2
        results.append(parameters_after(trainer, parameters))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("batch_size", [40, 41, 2**63 - 1])
def test_a_batch_size_beyond_the_data_makes_one_batch(batch_size):
    spec = two_hidden()
    parameters, X, y, _ = scaled_problem(spec, 40, 0)
    trainer = trainer_of(spec, ADAM, batch_size=batch_size)
    trainer.set_data(X, y)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    assert trainer.run(np.full(5, 0.01), 3).n_steps == 1
