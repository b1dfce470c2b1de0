"""Pretext tasks: training on rows alone, against the twin, finite differences and PyTorch."""

import numpy as np
import pytest
from scipy import sparse
from small_networks import BATCH, LAYER, NONE, describe, network_of

import reference
from engine.building import cast, parameters_after, rows_of_csr, trainer_of
from engine.strategies import assert_close, every_dtype, every_path
from reference import Component, LayerSpec

ADAM = Component("adam", {"epsilon": 1e-4})
DENOISING = Component("reconstruction")
VIME = Component("reconstruction", {"values": 2.0, "mask": 1.0})
CONTRAST = Component("contrast")
SHARP = Component("contrast", {"temperature": 0.1})
TASKS = [DENOISING, VIME, CONTRAST, SHARP]
MARGINAL = Component("marginal", {"probability": 0.5})

# Some epochs of Adam on a smooth network in float64.
TRAINED_TOLERANCE = 1e-9


def network_for(task, n_inputs=7, normalization=NONE, width=6, dropout=0.0):
    n_outputs = {"contrast": 5, "reconstruction": n_inputs * (2 if task is VIME else 1)}[task.name]
    kind = {"activation": "tanh", "normalization": normalization, "dropout": dropout}
    hidden = [LayerSpec(width=width, **kind), LayerSpec(width=width, **kind)]
    return network_of(*hidden, n_inputs=n_inputs, n_outputs=n_outputs)


def problem(spec, n=43, seed=0):
    """Rows of mixed scales with a column of two values and a constant one."""
    random_state = np.random.default_rng(seed)
    X = random_state.normal(size=(n, spec.n_inputs)) * np.geomspace(0.5, 2.0, spec.n_inputs)
    X[:, 1], X[:, 2] = X[:, 0] > 0, 0.7
    parameters = 0.4 * random_state.normal(size=reference.n_parameters(spec))
    for block in reference.layout(spec):
        if block.name.startswith("variance"):
            parameters[block.offset : block.offset + block.size] = 1.0
    return parameters, X


def assert_trains_as_the_twin(task, *, n_threads=1, simd="", weights=None, rows=None, **how):
    spec = how.pop("spec", None) or network_for(task)
    parameters, X = problem(spec, how.pop("n", 43))
    settings = {"alpha": 0.3, "batch_size": 20, "seed": 5, "augmentation": MARGINAL, **how}
    twin = reference.Trainer(spec, optimizer=ADAM, pretext=task, **settings)
    trainer = trainer_of(spec, ADAM, simd=simd, pretext=task, **settings)
    trainer.set_data(X, None, weights, rows)
    trainer.load(parameters)
    expected = parameters
    for epoch in range(3):
        rates = 0.02 / (1.0 + np.arange(trainer.steps_per_epoch))
        expected, wanted = twin.epoch(
            expected, X, None, weights, rows=rows, epoch=epoch, rates=rates
        )
        trainer.begin_epoch(epoch)
        progress = trainer.run(rates, n_threads)
        assert (progress.n_steps, progress.n_rows) == (wanted.n_steps, wanted.n_rows)
        assert progress.loss == pytest.approx(wanted.loss, rel=TRAINED_TOLERANCE)
        assert progress.gradient_norm == pytest.approx(wanted.gradient_norm, rel=TRAINED_TOLERANCE)
        assert_close(parameters_after(trainer, parameters), expected, TRAINED_TOLERANCE)
    assert np.abs(expected - parameters).max() > 1e-3


@every_path
@pytest.mark.parametrize("task", TASKS, ids=describe)
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_every_task_trains_as_the_twin(simd, task, n_threads):
    assert_trains_as_the_twin(task, simd=simd, n_threads=n_threads)


@pytest.mark.parametrize("task", TASKS, ids=describe)
@pytest.mark.parametrize("augmentation", ["none", "jitter", "mask", "swap"])
def test_every_augmentation_serves_every_task(task, augmentation):
    assert_trains_as_the_twin(task, augmentation=Component(augmentation))


@pytest.mark.parametrize("task", TASKS, ids=describe)
@pytest.mark.parametrize("normalization", [BATCH, LAYER], ids=describe)
def test_norms_and_dropout_serve_every_task(task, normalization):
    """Batch norm's statistics are those of both views together; masks differ between views."""
    spec = network_for(task, normalization=normalization, dropout=0.3)
    assert_trains_as_the_twin(task, spec=spec, n_threads=2)


@pytest.mark.parametrize("task", TASKS, ids=describe)
@pytest.mark.parametrize("n", [2, 3, 21, 40, 41])
def test_any_last_batch_trains_as_the_twin(task, n):
    """Compared rows are never alone: a last batch of one joins the one before."""
    assert_trains_as_the_twin(task, n=n)


@pytest.mark.parametrize("task", [DENOISING, VIME], ids=describe)
def test_weights_and_chosen_rows_train_as_the_twin(task):
    weights = np.random.default_rng(1).uniform(0.5, 2.0, 43)
    weights[::3] = 0.0
    rows = np.arange(1, 43, 2, dtype=np.int64)
    assert_trains_as_the_twin(task, weights=weights, rows=rows)


@pytest.mark.parametrize("name", ["sam", "clip_norm", "ema"])
def test_wrappers_see_the_same_views_whenever_they_look(name):
    assert_trains_as_the_twin(CONTRAST, wrappers=[Component(name)])


def one_step(task, z, X, changed, weights=None):
    weights = np.ones(len(z)) if weights is None else weights
    return reference.PRETEXTS[task.name](X, np.ones(len(X)), **task.settings).value_and_gradient(
        z, X, changed, weights
    )


@pytest.mark.parametrize("task", TASKS, ids=describe)
def test_the_twins_gradient_is_that_of_finite_differences(task):
    random_state = np.random.default_rng(3)
    X = random_state.normal(size=(8, 4))
    changed = np.where(random_state.uniform(size=X.shape) < 0.4, X[::-1], X)
    z = random_state.normal(size=(8, 8 if task is VIME else 4))
    gradient, measured, step = one_step(task, z, X, changed)[1], np.zeros_like(z), 1e-6
    for place in np.ndindex(z.shape):
        moved = [z.copy(), z.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        above, below = (one_step(task, at, X, changed)[0] for at in moved)
        measured[place] = (above - below) / (2 * step)
    np.testing.assert_allclose(gradient, measured, atol=1e-9)


def test_a_network_that_gives_nothing_has_no_direction_and_no_gradient():
    spec = network_for(CONTRAST)
    parameters, X = problem(spec)
    trainer = trainer_of(spec, ADAM, pretext=CONTRAST, batch_size=43)
    trainer.set_data(X, None)
    trainer.load(np.zeros_like(parameters))
    trainer.begin_epoch(0)
    progress = trainer.run(np.ones(1))
    assert progress.loss / progress.n_rows == pytest.approx(np.log(43))
    assert progress.gradient_norm == 0.0


@every_dtype
@pytest.mark.parametrize("task", TASKS, ids=describe)
def test_threads_and_slices_change_no_bit(dtype, task):
    spec = network_for(task, n_inputs=40, width=70, normalization=BATCH)
    parameters, X = (cast(array, dtype) for array in problem(spec, 500))

    def trained(n_threads, slices):
        trainer = trainer_of(
            spec, ADAM, dtype=dtype, batch_size=90, augmentation=MARGINAL, pretext=task
        )
        trainer.set_data(X, None)
        trainer.load(parameters)
        sums = []
        for epoch in range(2):
            trainer.begin_epoch(epoch)
            while not (progress := trainer.run(np.full(slices, 0.01), n_threads)).epoch_done:
                pass
            sums += [progress.loss, progress.gradient_norm]
        return parameters_after(trainer, parameters), sums

    expected, sums = trained(1, 100)
    assert np.isfinite(expected).all()
    for n_threads, slices in ((2, 1), (3, 2), (1, 4)):
        actual, other = trained(n_threads, slices)
        np.testing.assert_array_equal(actual, expected)
        assert other == sums


@pytest.mark.parametrize("task", TASKS, ids=describe)
def test_an_output_that_is_not_finite_stops_training(task):
    spec = network_for(task)
    parameters, X = problem(spec)
    parameters[-1] = np.inf
    trainer = trainer_of(spec, ADAM, pretext=task)
    trainer.set_data(X, None)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    assert not trainer.run(np.ones(1)).finite


def test_what_does_not_fit_a_task_is_refused_and_leaves_the_old_data():
    spec = network_for(VIME)
    parameters, X = problem(spec)
    with pytest.raises(ValueError, match="needs 7 outputs, the network has 14"):
        trainer_of(spec, ADAM, pretext=DENOISING).set_data(X, None)
    with pytest.raises(ValueError, match="no targets that mixup could mix"):
        trainer_of(spec, ADAM, pretext=VIME, mixup=0.5)
    with pytest.raises(ValueError, match="y must be None"):
        trainer_of(spec, ADAM, pretext=VIME).set_data(X, X)
    contrast = trainer_of(spec, ADAM, pretext=CONTRAST)
    with pytest.raises(ValueError, match="does not support sample weights"):
        contrast.set_data(X, None, np.ones(43))
    with pytest.raises(ValueError, match="at least two, got one training row"):
        contrast.set_data(X[:1], None)
    with pytest.raises(ValueError, match="needs batch_size 2 or more, got 1"):
        trainer_of(spec, ADAM, pretext=CONTRAST, batch_size=1).set_data(X, None)
    with pytest.raises(ValueError, match="no likelihood"):
        trainer_of(spec, Component("kfac"), pretext=VIME)
    trainer = trainer_of(spec, ADAM, pretext=VIME)
    trainer.set_data(X, None)
    with pytest.raises(ValueError, match="'reconstruction' does not support sparse X"):
        trainer.set_data(rows_of_csr(sparse.csr_matrix(X), "float64"), None)
    trainer.load(parameters)
    trainer.begin_epoch(0)
    assert trainer.run(np.full(9, 0.01)).n_rows == 43


@pytest.mark.parametrize("task", [None, DENOISING], ids=["supervised", "pretext"])
def test_only_a_pretext_task_trains_without_targets(task):
    spec = network_for(DENOISING)
    _, X = problem(spec)
    trainer = trainer_of(spec, ADAM, pretext=task)
    if task is None:
        with pytest.raises(TypeError, match="y must be"):
            trainer.set_data(X, None)
    else:
        trainer.set_data(X, None)
