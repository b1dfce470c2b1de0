"""K-FAC against its twin, and against what its factors and its step are by definition."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from small_networks import (
    BATCH,
    LAYER,
    LOSS_COMPONENTS,
    NONE,
    describe,
    network_of,
    residual,
    two_hidden,
)

import reference
from deepgen._engine.blas import one_blas_thread
from engine.building import cast, parameters_after, rows_of_csr, trainer_of
from engine.strategies import assert_close, every_path
from engine.test_trainer import assert_training_equals_twin
from reference import Component, LayerSpec
from reference.fisher import information, sampled_gradients


@pytest.fixture(autouse=True)
def quiet_blas():
    """As estimators train: threads of BLAS would wait for each other on small matrices."""
    import scipy.linalg.cython_lapack  # noqa: F401

    with one_blas_thread():
        yield


LIKELIHOODS = [loss for loss in LOSS_COMPONENTS if "focal" not in loss.name]
FOCAL = [loss for loss in LOSS_COMPONENTS if "focal" in loss.name]


def kfac(**settings):
    return Component("kfac", {"interval": 3.0, "kl_clip": np.inf, "damping": 0.1, **settings})


FORMS = [
    kfac(),
    kfac(eigen=1.0),
    kfac(empirical=1.0),
    kfac(empirical=1.0, eigen=1.0, kl_clip=1e-4),
    kfac(kl_clip=1e-3, momentum=0.5, weight_decay=0.3),
    kfac(factor_decay=0.5, interval=1.0, largest_factor=4.0),
    kfac(eigen=1.0, interval=2.0, largest_factor=4.0),
]


@every_path
@pytest.mark.parametrize("optimizer", FORMS, ids=describe)
def test_every_form_equals_the_twin(simd, optimizer):
    assert_training_equals_twin(two_hidden(), optimizer, simd=simd)


@pytest.mark.parametrize("optimizer", FORMS[:4], ids=describe)
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("normalization", [NONE, BATCH, LAYER], ids=describe)
@pytest.mark.parametrize("build", [two_hidden, residual])
def test_norms_skips_and_dropout_train_as_the_twin(build, normalization, dropout, optimizer):
    spec = build(normalization=normalization)
    hidden = [replace(layer, dropout=dropout) for layer in spec.layers[:-1]]
    assert_training_equals_twin(replace(spec, layers=[*hidden, spec.layers[-1]]), optimizer)


@pytest.mark.parametrize("loss", LIKELIHOODS, ids=describe)
def test_every_likelihood_trains_as_the_twin(loss):
    assert_training_equals_twin(two_hidden(loss=loss), kfac())


@pytest.mark.parametrize("loss", FOCAL, ids=describe)
def test_a_loss_that_is_no_likelihood_is_refused_unless_the_fisher_is_empirical(loss):
    with pytest.raises(ValueError, match="no likelihood.*fisher='empirical'"):
        trainer_of(two_hidden(loss=loss), kfac())
    assert_training_equals_twin(two_hidden(loss=loss), kfac(empirical=1.0))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("eigen", [0.0, 1.0])
def test_bias_and_weights_train_as_the_twin(eigen, weighted, bias):
    assert_training_equals_twin(two_hidden(bias=bias), kfac(eigen=eigen), weighted=weighted)


@pytest.mark.parametrize("limit", [16.0, 40.0, 4096.0])
@every_path
def test_wide_layers_in_several_panels_and_blocks_train_as_the_twin(simd, limit):
    spec = network_of(LayerSpec(width=70, activation="tanh"), LayerSpec(width=33), n_inputs=37)
    for eigen in (0.0, 1.0):
        optimizer = kfac(eigen=eigen, largest_factor=limit)
        assert_training_equals_twin(spec, optimizer, simd=simd, n=70, batch_size=32, n_epochs=1)


def test_float32_stays_close_to_the_twin_for_an_epoch():
    assert_training_equals_twin(two_hidden(), kfac(), dtype="float32", n_epochs=1)


class Run:
    """Some epochs of a network on rows that may be sparse."""

    def __init__(self, optimizer, *, csr=False, dtype="float64", spec=None, **options):
        random_state = np.random.default_rng(0)
        self.spec = two_hidden() if spec is None else spec
        X = random_state.normal(size=(60, self.spec.n_inputs))
        X[random_state.random(X.shape) < 0.5] = 0.0
        y = random_state.normal(size=(60, 3))
        self.trainer = trainer_of(self.spec, optimizer, dtype=dtype, batch_size=20, **options)
        X = rows_of_csr(sparse.csr_matrix(X), dtype) if csr else cast(X, dtype)
        weights = cast(random_state.uniform(0.1, 2.0, size=60), dtype)
        self.trainer.set_data(X, cast(y, dtype), weights)
        start = 0.3 * random_state.normal(size=reference.n_parameters(self.spec))
        self.start = cast(start, dtype)
        self.trainer.load(self.start)

    def epochs(self, *numbers, n_threads=1, slice_size=3):
        for number in numbers:
            self.trainer.begin_epoch(number)
            while not self.trainer.run(np.full(slice_size, 0.05), n_threads).epoch_done:
                pass
        return self.parameters()

    def parameters(self):
        return parameters_after(self.trainer, self.start)


WIDE = network_of(
    LayerSpec(width=70, normalization=LAYER, dropout=0.2), LayerSpec(width=70), n_inputs=40
)
BITS = [kfac(), kfac(eigen=1.0), kfac(empirical=1.0, largest_factor=24.0, kl_clip=1e-4)]


@pytest.mark.slow
@pytest.mark.parametrize("csr", [False, True])
@pytest.mark.parametrize("optimizer", BITS, ids=describe)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_and_slices_leave_the_bits_alone(dtype, optimizer, csr):
    options = {"csr": csr, "dtype": dtype, "spec": WIDE, "alpha": 0.1}
    whole = Run(optimizer, **options).epochs(0, 1, 2)
    assert np.isfinite(whole).all()
    for n_threads, slice_size in ((1, 1), (2, 2), (3, 3)):
        run = Run(optimizer, **options)
        parts = run.epochs(0, 1, 2, n_threads=n_threads, slice_size=slice_size)
        np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("optimizer", BITS, ids=describe)
@pytest.mark.parametrize("slice_size", [1, 3])
def test_training_goes_on_from_the_saved_state_to_the_bit(slice_size, optimizer):
    whole = Run(optimizer).epochs(0, 1, 2)
    before = Run(optimizer)
    before.epochs(0)
    after = Run(optimizer)
    after.trainer.load(before.parameters())
    after.trainer.set_state(before.trainer.state())
    np.testing.assert_array_equal(after.epochs(1, 2, slice_size=slice_size), whole)

    # A trainer that has already made steps takes the state as well.
    other = Run(optimizer)
    other.epochs(5)
    other.trainer.load(before.parameters())
    other.trainer.set_state(before.trainer.state())
    np.testing.assert_array_equal(other.epochs(1, 2), whole)


@pytest.mark.parametrize("limit", [3.0, 4096.0])
def test_sparse_rows_train_as_dense_ones(limit):
    optimizer = kfac(largest_factor=limit)
    dense, csr = (Run(optimizer, csr=csr).epochs(0, 1, 2) for csr in (False, True))
    assert_close(csr, dense, 1e-12)


def factors_of(run, layer):
    state = run.trainer.state()
    sides = [state[f"kfac_{side}_{layer}_statistic"] for side in ("inputs", "gradients")]
    return [side.reshape(2 * [round(np.sqrt(side.size))]) for side in sides]


def test_a_layers_factors_are_the_moments_of_what_it_sees():
    """Of the linear net z = [x 1] W with squared error and one output, whose slopes are +-1."""
    spec = network_of(n_inputs=5, n_outputs=1)
    random_state = np.random.default_rng(1)
    X, y = random_state.normal(size=(30, 5)), random_state.normal(size=(30, 1))
    weights = random_state.uniform(0.0, 2.0, size=30)
    trainer = trainer_of(spec, kfac(), batch_size=30)
    trainer.set_data(X, y, weights)
    trainer.load(random_state.normal(size=6))
    trainer.begin_epoch(0)
    trainer.run(np.array([0.1]))
    run = Run.__new__(Run)
    run.trainer = trainer
    A, G = factors_of(run, 0)
    ones = np.column_stack([X, np.ones(30)])
    np.testing.assert_allclose(A, np.average(ones[:, :, None] * ones[:, None], 0, weights))
    np.testing.assert_allclose(G, [[1.0]])


def exact_fisher(spec, parameters, x, draws):
    """E[g g^T] of one row's gradient, by drawing targets from the model's predictions."""
    trace = reference.network.forward(spec, parameters, x)
    z = trace[-1].outputs
    gradients = [
        reference.network.gradient_from_outputs(
            spec, parameters, trace, sampled_gradients(spec.loss.name, z, {}, key)
        )
        for key in range(draws)
    ]
    return np.mean([np.outer(g, g) for g in gradients], axis=0)


def test_for_one_row_the_kronecker_product_of_the_factors_is_the_fisher_matrix():
    """A block of E[g g^T] is E[a a^T] (x) E[s s^T] where a is the same in every draw."""
    spec = network_of(LayerSpec(width=3, activation="tanh"), n_inputs=2, n_outputs=1)
    random_state = np.random.default_rng(2)
    parameters = random_state.normal(size=reference.n_parameters(spec))
    x = random_state.normal(size=(1, 2))
    fisher = exact_fisher(spec, parameters, x, draws=4)  # a sign squared is 1 in every draw
    trainer = trainer_of(spec, kfac(), batch_size=1)
    trainer.set_data(x, np.zeros((1, 1)))
    trainer.load(parameters)
    trainer.begin_epoch(0)
    trainer.run(np.array([0.1]))
    run = Run.__new__(Run)
    run.trainer = trainer
    begin = 0
    for layer in (0, 1):
        A, G = factors_of(run, layer)
        size = len(A) * len(G)
        block = fisher[begin : begin + size, begin : begin + size]
        np.testing.assert_allclose(block, np.kron(A, G), atol=1e-13)
        begin += size


@pytest.mark.parametrize("loss", LIKELIHOODS, ids=describe)
def test_sampled_gradients_have_mean_zero_and_the_fisher_information_as_second_moment(loss):
    """Against the mean curvature over targets that the model predicts: Bartlett's identity."""
    settings = {**reference.LOSSES[loss.name].defaults, **loss.settings}
    n, k = 4_000, 3
    z = np.tile([[0.3, -0.8, 0.5]], (n, 1))
    s = sampled_gradients(loss.name, z, settings, key=7)
    moment = s.T @ s / n
    if loss.name == "log_loss":
        p = reference.LOSSES["log_loss"].means(z[:1])[0]
        expected = np.diag(p) - np.outer(p, p)
    else:
        expected = np.diag(information(loss.name, z[:1], settings)[0])
        if loss.name == "quantile" and not np.isscalar(settings["quantile"]):
            rise = 1.0 / (1.0 + np.exp(-z[0]))
            jacobian = np.tril(np.tile([1.0, rise[1], rise[2]], (k, 1)))
            expected = jacobian.T @ expected @ jacobian
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((moment - expected) / scale).max() < 0.1  # six standard errors
    assert np.abs(s.mean(axis=0) / np.sqrt(np.diag(expected))).max() < 0.1


MOMENTS = {
    "poisson": lambda z, y: (np.exp(z) - y) ** 2,
    "gamma": lambda z, y: (1.0 - y * np.exp(-z)) ** 2,
    "binary_log_loss": lambda z, y: (1.0 / (1.0 + np.exp(-z)) - y) ** 2,
}


@pytest.mark.parametrize("loss", sorted(MOMENTS))
def test_the_fisher_information_is_the_variance_of_the_slope_over_predicted_targets(loss):
    random_state = np.random.default_rng(3)
    z, n = 0.4, 400_000
    mean = np.exp(z)
    targets = {
        "poisson": lambda: random_state.poisson(mean, n),
        "gamma": lambda: random_state.exponential(mean, n),
        "binary_log_loss": lambda: random_state.random(n) < 1.0 / (1.0 + np.exp(-z)),
    }[loss]()
    expected = information(loss, np.array([[z]]), {})[0, 0]
    assert MOMENTS[loss](z, targets).mean() == pytest.approx(expected, rel=0.02)


def linear_problem(X, y, optimizer, start):
    trainer = trainer_of(network_of(n_inputs=X.shape[1], n_outputs=1), optimizer, batch_size=len(X))
    trainer.set_data(X, y)
    trainer.load(start)
    trainer.begin_epoch(0)
    trainer.run(np.array([1.0]))
    return parameters_after(trainer, start)


@pytest.mark.parametrize("eigen", [0.0, 1.0])
def test_one_undamped_step_of_a_linear_layer_lands_on_least_squares(eigen, rng):
    X, y = rng.normal(size=(50, 4)) + 1.0, rng.normal(size=(50, 1))
    optimizer = kfac(damping=0.0, eigen=eigen, momentum=0.0)
    after = linear_problem(X, y, optimizer, rng.normal(size=5))
    solution = np.linalg.lstsq(np.column_stack([X, np.ones(50)]), y, rcond=None)[0]
    np.testing.assert_allclose(after, solution[:, 0], rtol=1e-11)


def test_undamped_steps_do_not_see_an_invertible_affine_map_of_the_inputs(rng):
    """Functions after several steps of a net agree where its first layer undoes the map."""
    spec = network_of(LayerSpec(width=5, activation="tanh"), n_inputs=3, n_outputs=2)
    X, y = rng.normal(size=(80, 3)), rng.normal(size=(80, 2))
    M, shift = rng.normal(size=(3, 3)) + 2.0 * np.eye(3), rng.normal(size=3)
    parameters = rng.normal(size=reference.n_parameters(spec))
    mapped = parameters.copy()
    blocks = reference.split(spec, mapped)
    blocks["coefs_0"][...] = np.linalg.solve(M, blocks["coefs_0"])
    blocks["intercepts_0"][...] -= shift @ blocks["coefs_0"]
    outputs = []
    for features, start in ((X, parameters), (X @ M + shift, mapped)):
        optimizer = kfac(damping=0.0, interval=1.0, momentum=0.5, empirical=1.0)
        trainer = trainer_of(spec, optimizer, batch_size=80)
        trainer.set_data(features, y)
        trainer.load(start)
        for epoch in range(3):
            trainer.begin_epoch(epoch)
            trainer.run(np.array([0.3]))
        outputs.append(reference.outputs(spec, parameters_after(trainer, start), features))
    assert_close(outputs[1], outputs[0], 1e-8)
    assert np.abs(outputs[0] - reference.outputs(spec, parameters, X)).max() > 0.1


def test_the_eigenbasis_form_solves_with_the_damped_kronecker_product(rng):
    spec = network_of(LayerSpec(width=4, activation="tanh"), n_inputs=3, n_outputs=2)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    start = rng.normal(size=reference.n_parameters(spec))
    trainer = trainer_of(spec, kfac(eigen=1.0, damping=0.02, momentum=0.0), batch_size=20)
    trainer.set_data(X, y)
    trainer.load(start)
    trainer.begin_epoch(0)
    trainer.run(np.array([1.0]))
    run = Run.__new__(Run)
    run.trainer = trainer
    _, gradient = reference.loss_and_gradient(spec, start, X, y)
    begin = 0
    for layer in (0, 1):
        A, G = factors_of(run, layer)
        size = len(A) * len(G)
        part = slice(begin, begin + size)
        v = np.linalg.solve(np.kron(A, G) + 0.02 * np.eye(size), gradient[part])
        np.testing.assert_allclose((start - parameters_after(trainer, start))[part], v, rtol=1e-9)
        begin += size


def test_a_factor_that_cannot_be_inverted_leaves_the_gradient_as_it_is(rng):
    """A constant feature of 1 beside the bias makes A singular, and nothing damps it."""
    X, y = np.ones((8, 1)), rng.normal(size=(8, 1))
    start = rng.normal(size=2)
    spec = network_of(n_inputs=1, n_outputs=1)
    after = linear_problem(X, y, kfac(damping=0.0, momentum=0.0), start)
    _, gradient = reference.loss_and_gradient(spec, start, X, y)
    np.testing.assert_allclose(after, start - gradient, rtol=1e-14)


def test_a_factor_that_is_not_finite_leaves_the_root_before(rng):
    spec = two_hidden()
    trainer = trainer_of(spec, kfac(), batch_size=8)
    X = rng.normal(size=(16, 4))
    X[3, 2] = 1e300  # its square is none, while tanh takes it
    trainer.set_data(X, rng.normal(size=(16, 3)))
    start = rng.normal(size=reference.n_parameters(spec))
    trainer.load(start)
    trainer.begin_epoch(0)
    assert trainer.run(np.full(2, 1e-305)).finite
    run = Run.__new__(Run)
    run.trainer = trainer
    assert not np.isfinite(factors_of(run, 0)[0]).all()
    root = trainer.state()["kfac_inputs_0_inverse"]
    np.testing.assert_array_equal(root.reshape(5, 5), np.eye(5))
