"""Rows changed and mixed before layer 0, against the twin's draws and training."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    describe,
    residual,
    scaled_problem,
    two_hidden,
)
from small_networks import network_of as spec_of

import reference
from engine.building import cast, parameters_after, rows_of_csr, trainer_of
from engine.strategies import assert_close, every_dtype, every_path, property_test
from reference import Component, LayerSpec, NetworkSpec

ADAM = Component("adam", {"epsilon": 1e-4})
PLAIN_SGD = Component("sgd", {"momentum": 0.0, "nesterov": 0.0})
JITTER = Component("jitter", {"scale": 0.3})
MARGINAL = Component("marginal", {"probability": 0.4})
MASK = Component("mask", {"probability": 0.4})
SWAP = Component("swap", {"probability": 0.4})
CHANGES = [JITTER, MARGINAL, MASK, SWAP]
DENSE_ONLY = [JITTER, MARGINAL]

# Some epochs of Adam on a smooth network in float64.
TRAINED_TOLERANCE = 1e-9


def seen_rows(X, augmentation, *, weights=None, rows=None, seed=3, epoch=2, dtype="float64"):
    """The rows that a linear unit is shown in an epoch, in its order.

    From weights of zero and with a target of 1, a step of rate 1 on one row adds the row.
    """
    n_columns = X.shape[1]
    spec = NetworkSpec(
        n_inputs=n_columns, layers=[LayerSpec(width=1, activation="identity")], bias=False
    )
    trainer = trainer_of(
        spec, PLAIN_SGD, dtype=dtype, batch_size=1, seed=seed, augmentation=augmentation
    )
    inputs = rows_of_csr(X, dtype) if sparse.issparse(X) else cast(X, dtype)
    y = np.ones((X.shape[0], 1), dtype)
    trainer.set_data(inputs, y, cast(weights, dtype), rows)
    trainer.begin_epoch(epoch)
    start, seen = np.zeros(n_columns, dtype), []
    for _ in range(trainer.steps_per_epoch):
        trainer.load(start)
        if trainer.run(np.ones(1)).n_steps > len(seen):
            seen.append(parameters_after(trainer, start))
    return np.array(seen)


def table(n=40, n_columns=23, seed=0):
    random_state = np.random.default_rng(seed)
    scales = 10.0 ** random_state.uniform(-3, 3, n_columns)
    return 1.0 + scales * random_state.normal(size=(n, n_columns))


def changed_rows(X, component, *, weights=None, rows=None, seed=3, epoch=2, csr=False):
    """The same by the twin."""
    rows = np.arange(len(X)) if rows is None else rows
    weights = np.ones(len(X)) if weights is None else weights
    member = reference.AUGMENTATIONS[component.name]
    change = member(X[rows], weights[rows], csr=csr, **component.settings)
    order = rows[reference.random.order(seed, epoch, len(rows))]
    return change.epoch(seed, epoch, X[order], weights[order])


def assert_close_by_column(actual, expected):
    """Up to the last bits of means and deviations, which depend on the order of adding."""
    scales = np.abs(expected).max(axis=0)
    assert_close(actual / scales, expected / scales, 1e-14)


@pytest.mark.parametrize("component", CHANGES, ids=describe)
@pytest.mark.parametrize("chosen", [False, True])
def test_every_draw_is_the_twins_to_the_bit(component, chosen):
    X = table()
    rows = np.arange(1, 40, 2, dtype=np.int64)[::-1].copy() if chosen else None
    seen = seen_rows(X, component, rows=rows)
    expected = changed_rows(X, component, rows=rows)
    assert (seen != X[np.arange(40) if rows is None else rows][: len(seen)]).any()
    if component in (MARGINAL, SWAP):
        np.testing.assert_array_equal(seen, expected)
    else:
        assert_close_by_column(seen, expected)


def test_gaussian_noise_is_the_twins_to_the_bit():
    """Columns of two values one apart, half each: the deviation is exactly one half."""
    X = np.tile([[0.0], [1.0]], (1000, 7))
    component = Component("jitter", {"scale": 2.0})
    np.testing.assert_array_equal(seen_rows(X, component), changed_rows(X, component))


@pytest.mark.parametrize("component", CHANGES, ids=describe)
def test_rows_of_weight_zero_lend_neither_values_nor_statistics(component):
    X, weights = table(), np.random.default_rng(1).uniform(0.5, 2, 40)
    weights[::3] = 0.0
    changed = X.copy()
    changed[::3] = 1e6
    seen = seen_rows(X, component, weights=weights)
    np.testing.assert_array_equal(seen, seen_rows(changed, component, weights=weights))
    wanted = changed_rows(X, component, weights=weights)
    order = reference.random.order(3, 2, 40)
    assert_close_by_column(seen, wanted[weights[order] > 0])


@pytest.mark.parametrize("csr", [False, True])
def test_swap_noise_at_probability_one_shows_each_value_of_each_column_once(csr):
    X = table()
    X[X < 1.0] = 0.0
    seen = seen_rows(sparse.csr_matrix(X) if csr else X, Component("swap", {"probability": 1.0}))
    np.testing.assert_array_equal(np.sort(seen, axis=0), np.sort(X, axis=0))
    order = reference.random.order(3, 2, 40)
    filled = (X[order] != 0) & (seen != 0)
    assert filled.sum() > 100 and (seen[filled] != X[order][filled]).all()


def test_swap_noise_takes_features_of_one_row_from_several_donors():
    """Donors are four; two columns have the same one in about a quarter of all epochs."""
    X = np.arange(60.0)[:, None] + np.zeros((60, 2))
    component = Component("swap", {"probability": 1.0})
    same = 0
    for epoch in range(200):
        first, second = seen_rows(X, component, epoch=epoch).T[:, 0]
        same += first == second
    assert 30 < same < 75


def test_swap_noise_has_nobody_to_swap_with_in_a_table_of_one_row():
    X = table(n=1)
    np.testing.assert_array_equal(seen_rows(X, Component("swap", {"probability": 1.0})), X)


@pytest.mark.parametrize("component", [MASK, SWAP], ids=describe)
def test_csr_rows_change_as_the_same_rows_made_dense(component):
    X = table()
    X[np.random.default_rng(2).uniform(size=X.shape) < 0.7] = 0.0
    X[5] = 0.0
    seen = seen_rows(sparse.csr_matrix(X), component)
    np.testing.assert_array_equal(seen, changed_rows(X, component, csr=True))
    if component is SWAP:
        np.testing.assert_array_equal(seen, seen_rows(X, component))


def test_masked_features_are_about_as_many_as_asked_for():
    X = table(n=400)
    for probability in (0.0, 0.1, 0.5, 1.0):
        seen = seen_rows(X, Component("mask", {"probability": probability}))
        share = (seen != X[reference.random.order(3, 2, 400)]).mean()
        assert share == pytest.approx(probability, abs=4 * np.sqrt(0.25 / X.size))


def test_marginal_draws_take_each_value_of_a_column_as_often_and_columns_apart():
    """Two columns of row numbers: a row takes both from one row as rarely as by chance."""
    X = np.arange(60.0)[:, None] + np.zeros((60, 2))
    component = Component("marginal", {"probability": 1.0})
    seen = np.concatenate([seen_rows(X, component, epoch=epoch) for epoch in range(100)])
    counts = np.bincount(seen[:, 0].astype(int), minlength=60)
    assert stats.chisquare(counts).pvalue > 0.01
    assert 60 < (seen[:, 0] == seen[:, 1]).sum() < 140


@pytest.mark.parametrize("component", DENSE_ONLY, ids=describe)
def test_what_would_fill_zeros_refuses_csr_by_name_and_leaves_the_old_data(component):
    X = table()
    spec = spec_of(n_inputs=X.shape[1], n_outputs=1)
    trainer = trainer_of(spec, ADAM, augmentation=component)
    trainer.set_data(X, np.ones((40, 1)))
    with pytest.raises(ValueError, match=f"'{component.name}' does not support sparse X"):
        trainer.set_data(rows_of_csr(sparse.csr_matrix(X[:9]), "float64"), np.ones((9, 1)))
    trainer.load(np.zeros(reference.n_parameters(spec)))
    trainer.begin_epoch(0)
    assert trainer.run(np.full(9, 0.01)).n_rows == 40


@pytest.mark.parametrize("mixup", [-0.1, np.nan, np.inf])
def test_a_mixup_that_is_no_beta_parameter_is_refused(mixup):
    with pytest.raises(ValueError, match="mixup must be finite and not negative"):
        trainer_of(two_hidden(), ADAM, mixup=mixup)


def assert_trains_as_the_twin(
    spec, *, n=43, batch_size=8, csr=False, simd="", n_threads=1, weighted=True, zeros=False, **how
):
    parameters, X, y, weights = scaled_problem(spec, n, 5)
    weights = weights if weighted else None
    if zeros:
        weights[::3] = 0.0
    if csr:
        X = sparse.csr_matrix(np.where(np.random.default_rng(0).uniform(size=X.shape) < 0.4, X, 0))
    settings = {"alpha": 0.3, "batch_size": batch_size, "seed": 5, **how}
    twin = reference.Trainer(spec, optimizer=ADAM, **settings)
    trainer = trainer_of(spec, ADAM, simd=simd, **settings)
    trainer.set_data(rows_of_csr(X, "float64") if csr else X, y, weights)
    trainer.load(parameters)
    expected = parameters
    for epoch in range(3):
        rates = 0.02 / (1.0 + np.arange(trainer.steps_per_epoch))
        expected, wanted = twin.epoch(expected, X, y, weights, epoch=epoch, rates=rates)
        trainer.begin_epoch(epoch)
        progress = trainer.run(rates, n_threads)
        assert (progress.n_steps, progress.n_rows) == (wanted.n_steps, wanted.n_rows)
        assert progress.loss == pytest.approx(wanted.loss, rel=TRAINED_TOLERANCE)
        assert progress.gradient_norm == pytest.approx(wanted.gradient_norm, rel=TRAINED_TOLERANCE)
        assert_close(parameters_after(trainer, parameters), expected, TRAINED_TOLERANCE)
    assert np.abs(expected - parameters).max() > 1e-3


@every_path
@pytest.mark.parametrize("component", [Component("none"), *CHANGES], ids=describe)
@pytest.mark.parametrize("mixup", [0.0, 0.3, 2.0])
def test_every_augmentation_trains_as_the_twin_with_and_without_mixup(simd, component, mixup):
    assert_trains_as_the_twin(two_hidden(), augmentation=component, mixup=mixup, simd=simd)


@pytest.mark.parametrize("component", [Component("none"), MASK, SWAP], ids=describe)
@pytest.mark.parametrize("mixup", [0.0, 0.3])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_csr_rows_train_as_the_twin(component, mixup, n_threads):
    spec = replace(two_hidden(), n_inputs=30)
    how = {"n_threads": n_threads, "batch_size": 40, "n": 110, "csr": True}
    assert_trains_as_the_twin(spec, augmentation=component, mixup=mixup, **how)


@property_test(40)
@given(
    n=st.sampled_from([1, 2, 16, 33, 90]),
    n_columns=st.sampled_from([1, 7, 40]),
    density=st.sampled_from([0.0, 0.1, 1.0]),
    batch_size=st.sampled_from([1, 15, 33, 100]),
    share_of_zero_weights=st.sampled_from([0.0, 0.3, 0.9]),
    probability=st.sampled_from([0.3, 1.0]),
    mixup=st.sampled_from([0.0, 0.5]),
    n_threads=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_swapped_and_mixed_csr_rows_train_as_dense_ones(
    n, n_columns, density, batch_size, share_of_zero_weights, probability, mixup, n_threads, seed
):
    """Long rows among short ones and donors of weight 0: all have their room."""
    spec = replace(two_hidden(), n_inputs=n_columns)
    parameters, X, y, weights = scaled_problem(spec, n, seed)
    random_state = np.random.default_rng(seed)
    densities = random_state.choice([density, density / 4, 1.0], p=[0.5, 0.4, 0.1], size=(n, 1))
    X[random_state.uniform(size=X.shape) >= densities] = 0.0
    weights[random_state.uniform(size=n) < share_of_zero_weights] = 0.0
    results = []
    for inputs in (X, rows_of_csr(sparse.csr_matrix(X), "float64")):
        swap = Component("swap", {"probability": probability})
        trainer = trainer_of(
            spec, ADAM, batch_size=batch_size, seed=seed, augmentation=swap, mixup=mixup
        )
        trainer.set_data(inputs, y, weights)
        trainer.load(parameters)
        trainer.begin_epoch(0)
        trainer.run(np.full(trainer.steps_per_epoch, 0.01), n_threads)
        results.append(parameters_after(trainer, parameters))
    assert_close(results[1], results[0], TRAINED_TOLERANCE)


@pytest.mark.parametrize("loss", LOSS_COMPONENTS, ids=describe)
def test_every_loss_is_mixed_as_the_twin(loss):
    assert_trains_as_the_twin(two_hidden(loss=loss), mixup=0.7)


@pytest.mark.parametrize("build", [two_hidden, residual])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("zeros", [False, True])
def test_norms_dropout_and_rows_of_weight_zero_mix_as_the_twin(build, normalization, zeros):
    spec = build(normalization=normalization)
    hidden = [replace(layer, dropout=0.3) for layer in spec.layers[:-1]]
    spec = replace(spec, layers=[*hidden, spec.layers[-1]])
    assert_trains_as_the_twin(spec, augmentation=SWAP, mixup=0.4, zeros=zeros)


SEVERAL = {"line", "batch_ensemble"}
"""Wrappers of several networks, whose twins begin with more than one (test_line.py ...)."""


@pytest.mark.parametrize("name", sorted(set(reference.WRAPPERS) - SEVERAL))
@pytest.mark.parametrize("csr", [False, True])
def test_every_wrapper_sees_the_same_draw_whenever_it_looks(name, csr):
    """Those that look at a batch from two points too: no row is changed or mixed anew."""
    spec = replace(two_hidden(), n_inputs=9)
    how = {"wrappers": [Component(name)], "augmentation": SWAP, "mixup": 0.5}
    assert_trains_as_the_twin(spec, csr=csr, n_threads=2, batch_size=20, **how)


@pytest.mark.parametrize("n", [1, 9, 16, 17])
def test_any_last_batch_is_mixed_as_the_twin(n):
    """A row that is alone in its batch is its own partner."""
    assert_trains_as_the_twin(two_hidden(), mixup=0.4, n=n)


def trained(*, csr=False, n_threads=1, slices=(100,), dtype="float32", **how):
    """Parameters and sums of two epochs on a net that is worth three threads."""
    hidden = [
        LayerSpec(width=130, activation="gelu", normalization=BATCH, dropout=0.2),
        LayerSpec(width=70, activation="relu"),
    ]
    spec = spec_of(*hidden, n_inputs=60)
    parameters, X, y, weights = (cast(a, dtype) for a in scaled_problem(spec, 500, 0))
    if csr:
        X = rows_of_csr(sparse.csr_matrix(np.where(X > 1, X, 0)), dtype)
    trainer = trainer_of(spec, ADAM, dtype=dtype, batch_size=90, seed=1, **how)
    trainer.set_data(X, y, weights)
    trainer.load(parameters)
    sums = []
    for epoch in range(2):
        trainer.begin_epoch(epoch)
        done, turn = 0, 0
        while done < trainer.steps_per_epoch:
            rates = np.full(min(slices[turn % len(slices)], trainer.steps_per_epoch - done), 0.01)
            progress = trainer.run(rates, n_threads)
            done, turn = progress.n_steps, turn + 1
        sums += [progress.loss, progress.gradient_norm]
    return parameters_after(trainer, parameters), sums


@pytest.mark.slow
@every_dtype
@pytest.mark.parametrize("csr", [False, True])
@pytest.mark.parametrize("component", [Component("none"), *CHANGES], ids=describe)
def test_threads_and_slices_change_no_bit(dtype, csr, component):
    if csr and component in DENSE_ONLY:
        component = MASK
    how = {"csr": csr, "dtype": dtype, "augmentation": component, "mixup": 0.4}
    expected, sums = trained(**how)
    for n_threads, slices in ((2, (1,)), (3, (2, 1)), (1, (1, 3))):
        actual, other = trained(n_threads=n_threads, slices=slices, **how)
        np.testing.assert_array_equal(actual, expected)
        assert other == sums


@pytest.mark.parametrize("csr", [False, True])
def test_what_is_switched_off_changes_no_bit(csr):
    plain, _ = trained(csr=csr)
    nothing = [Component("mask", {"probability": 0.0}), Component("swap", {"probability": 0.0})]
    if not csr:
        nothing.append(Component("jitter", {"scale": 0.0}))
    for component in nothing:
        np.testing.assert_array_equal(trained(csr=csr, augmentation=component)[0], plain)
    assert (trained(csr=csr, mixup=1e-9)[0] != plain).any()


def test_the_streams_of_mixup_and_augmentation_do_not_meet():
    """What swap noise does to the rows is the same whether they are then mixed or not."""
    spec = spec_of(n_inputs=5, n_outputs=1, bias=False)
    X = np.arange(50.0).reshape(10, 5)
    steps = []
    for mixup in (0.0, 0.5):
        trainer = trainer_of(spec, PLAIN_SGD, batch_size=10, seed=4, augmentation=SWAP, mixup=mixup)
        trainer.set_data(X, np.full((10, 1), -1.0))
        trainer.load(np.zeros(5))
        trainer.begin_epoch(0)
        trainer.run(np.ones(1))
        steps.append(parameters_after(trainer, np.zeros(5)))
    np.testing.assert_allclose(*steps, rtol=1e-12)
