"""Mixup and augmentation from the estimators: what they promise in theory, and going on exactly."""

import pickle

import numpy as np
import pytest
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import reference
from deepgen import MLPClassifier, MLPRegressor
from deepgen.augmentation import AUGMENTATIONS, Jitter, Mask, SwapNoise
from deepgen.estimators.settings import draw_seed
from deepgen.optimizers import SGD
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
KINDS = {
    "mixup": dict(mixup=0.4),
    **{name: dict(augmentation=name) for name in AUGMENTATIONS},
    "both": dict(mixup=0.2, augmentation=SwapNoise(0.3), normalization="batch", dropout=0.2),
}


def model_of(kind, estimator=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3)
    return estimator(**{**common, **KINDS[kind], **settings})


@pytest.mark.parametrize("kind", KINDS)
def test_two_fits_with_a_pickle_between_equal_one(kind):
    once = model_of(kind, max_iter=6).fit(X, Y, weights())
    twice = model_of(kind, max_iter=3, warm_start=True).fit(X, Y, weights())
    twice = pickle.loads(pickle.dumps(twice)).fit(X, Y, weights())
    assert same_bits(once, twice)
    assert np.array_equal(once.loss_curve_, twice.loss_curve_)


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fits_equal_one_fit(kind):
    once, pieces = model_of(kind, max_iter=4).fit(X, Y), model_of(kind)
    for _ in range(4):
        pieces.partial_fit(X, Y)
    assert same_bits(once, pieces)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_changes_training_and_nothing_else(kind):
    """The same start, the same rows set aside, and validation on rows as they are."""
    settings = dict(early_stopping=True, n_iter_no_change=np.inf, max_iter=2)
    plain = MLPRegressor(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, **settings)
    model = model_of(kind, **settings)
    model.set_params(normalization=None, dropout=0.0)
    for each in (plain, model):
        each.set_params(solver=SGD(learning_rate_init=1e-30)).fit(X, Y)
    assert np.array_equal(plain.validation_scores_, model.validation_scores_)
    assert plain.loss_curve_[0] != model.loss_curve_[0]


@pytest.mark.parametrize("kind", KINDS)
def test_members_draw_as_each_would_alone(kind):
    model = model_of(kind, n_members=2, max_iter=2).fit(X, Y)
    assert not same_bits(*model.members_)
    alone = clone(model.members_[1]).fit(X, Y)
    assert same_bits(alone, model.members_[1])


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_lbfgs_refuses_augmentation_by_name(name):
    with pytest.raises(ValueError, match="solver='lbfgs' does not support augmentation"):
        MLPRegressor(solver="lbfgs", augmentation=name).fit(X, Y)


def test_lbfgs_refuses_mixup_by_name():
    with pytest.raises(ValueError, match="solver='lbfgs' does not support mixup"):
        MLPRegressor(solver="lbfgs", mixup=0.2).fit(X, Y)


def test_jitter_refuses_sparse_features_by_name_and_leaves_the_model_as_it_was():
    model = model_of("jitter", max_iter=2).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="'jitter' does not support sparse X.*'mask' and 'swap'"):
        model.fit(sparse.csr_matrix(X), Y)
    assert np.array_equal(model.predict(X), before)


@pytest.mark.parametrize("kind", ["mixup", "swap"])
@pytest.mark.parametrize("estimator", [MLPRegressor, MLPClassifier])
def test_sparse_features_train_as_dense_ones(kind, estimator):
    some = np.where(np.abs(X) > 0.7, X, 0.0)
    y = Y if estimator is MLPRegressor else np.digitize(Y, [-0.5, 0.5])
    settings = dict(max_iter=5, dtype="float64")
    dense = model_of(kind, estimator, **settings).fit(some, y)
    csr = model_of(kind, estimator, **settings).fit(sparse.csc_matrix(some), y)
    np.testing.assert_allclose(csr.coefs_[0], dense.coefs_[0], rtol=1e-9, atol=1e-11)


def test_multilabel_and_several_outputs_take_both():
    labels = (np.column_stack([Y, -Y, X[:, 0]]) > 0).astype(int)
    model = model_of("both", MLPClassifier, max_iter=60).fit(X, labels)
    assert model.score(X, labels) > 0.5
    model = model_of("both", max_iter=60).fit(X, np.column_stack([Y, X[:, 0]]))
    assert model.score(X, np.column_stack([Y, X[:, 0]])) > 0.3


def test_settings_of_an_object_can_be_searched():
    search = GridSearchCV(
        MLPRegressor(max_iter=2, augmentation=Mask()),
        {"augmentation__probability": [0.0, 0.5]},
        cv=2,
    ).fit(X, Y)
    assert search.best_params_["augmentation__probability"] in (0.0, 0.5)


@pytest.mark.parametrize(
    "settings",
    [
        dict(mixup=-0.1),
        dict(mixup="0.2"),
        dict(augmentation="noise"),
        dict(augmentation=Jitter(scale=-1.0)),
        dict(augmentation=Mask(probability=1.1)),
        dict(augmentation=SwapNoise(probability=None)),
    ],
)
def test_what_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match="mixup|augmentation|scale|probability"):
        MLPRegressor(**settings).fit(X, Y)


def one_step(y, *, estimator=MLPRegressor, alpha=0.0, **settings):
    """The model after a step of size 1 on all rows, and the first epoch's loss."""
    model = estimator(
        hidden_layer_sizes=(4,),
        activation="tanh",
        solver=SGD(momentum=0.0, nesterov=False, learning_rate_init=1.0),
        alpha=alpha,
        batch_size=len(y),
        max_iter=1,
        mixup=0.8,
        random_state=7,
        dtype="float64",
        shuffle=False,
        **settings,
    )
    return model.fit(X[: len(y)], y)


def sides(n, sample_weight):
    (share, own), (rest, partners) = reference.mixup.sides(0.8, seed_of(7), 0, 0, sample_weight)
    return share, rest, own[:n], partners[:n]


def seed_of(random_state):
    """The engine's seed as an estimator draws it."""
    return draw_seed(MLPRegressor(random_state=random_state))


def loss_of_mixed_targets(model, start, targets, loss_of, sample_weight):
    """The weighted mean of ``loss_of(outputs, mixed targets)`` at the starting weights."""
    n = len(targets)
    share, rest, own, partners = sides(n, sample_weight)
    mixed = share * X[own] + rest * X[partners]
    z = np.tanh(mixed @ start[0][0] + start[1][0]) @ start[0][1] + start[1][1]
    y = share * targets[own] + rest * targets[partners]
    return loss_of(z, y), (share, rest, own, partners)


def starting(model, y):
    """The weights that a model starts with, as its own initializer draws them."""
    still = clone(model).set_params(solver=SGD(learning_rate_init=1e-300, momentum=0.0))
    still.fit(X[: len(y)], y)
    return still.coefs_, still.intercepts_


def log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def test_mixup_of_cross_entropy_is_the_loss_of_soft_labels():
    labels = np.arange(60) % 3
    model = one_step(labels, estimator=MLPClassifier)
    one_hot = np.eye(3)[labels]
    losses, (share, *_) = loss_of_mixed_targets(
        model,
        starting(model, labels),
        one_hot,
        lambda z, y: -(y * log_softmax(z)).sum(axis=1),
        np.ones(60),
    )
    assert 0.01 < share < 0.99
    assert model.loss_curve_[0] == pytest.approx(losses.mean(), rel=1e-12)


def test_mixup_of_squared_error_is_that_of_mixed_targets_and_a_constant():
    y = Y[:60]
    model = one_step(y, target_scaling=None)
    losses, (share, rest, own, partners) = loss_of_mixed_targets(
        model,
        starting(model, y),
        y[:, None],
        lambda z, y: 0.5 * ((z - y) ** 2).sum(axis=1),
        np.ones(60),
    )
    constant = 0.5 * share * rest * (y[own] - y[partners]) ** 2
    assert constant.mean() > 0.01
    assert model.loss_curve_[0] == pytest.approx((losses + constant).mean(), rel=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_a_step_follows_the_slope_of_the_mixed_loss(loss):
    """The first epoch's loss, as a function of the starting weights, falls along the step."""
    y = np.abs(Y[:40]) + 0.1
    settings = dict(loss=loss, alpha=0.5)
    model = one_step(y, **settings)
    coefs, intercepts = ([np.array(a) for a in arrays] for arrays in starting(model, y))
    still = clone(model).set_params(solver=SGD(learning_rate_init=1e-300, momentum=0.0))

    def loss_at(coefs, intercepts):
        start = dict(coefs_init=coefs, intercepts_init=intercepts)
        return still.fit(X[:40], y, **start).loss_curve_[0]

    h, rng = 1e-5, np.random.default_rng(0)
    for _ in range(4):
        ways = [[rng.normal(size=a.shape) for a in arrays] for arrays in (coefs, intercepts)]
        ahead, behind = (
            loss_at(
                *(
                    [a + s * h * d for a, d in zip(arrays, way, strict=True)]
                    for arrays, way in zip((coefs, intercepts), ways, strict=True)
                )
            )
            for s in (1, -1)
        )
        moved = sum(
            (d * (before - after)).sum()
            for arrays, afters, way in zip(
                (coefs, intercepts), (model.coefs_, model.intercepts_), ways, strict=True
            )
            for before, after, d in zip(arrays, afters, way, strict=True)
        )
        assert (ahead - behind) / (2 * h) == pytest.approx(moved, rel=1e-6, abs=1e-8)


@pytest.mark.slow
def test_jitter_of_a_linear_model_is_ridge_in_expectation():
    """The least squares that noise is averaged into: (X'X + n scale^2 S^2)^-1 X'y."""
    rng = np.random.default_rng(0)
    spread = np.array([1.0, 10.0, 0.1])
    table = rng.normal(size=(300, 3)) * spread
    table -= table.mean(axis=0)
    y = table @ (np.array([1.0, -2.0, 0.5]) / spread) + 0.1 * rng.normal(size=300)
    y -= y.mean()
    scale = 0.7
    variances = table.var(axis=0)
    ridge = np.linalg.solve(table.T @ table + 300 * scale**2 * np.diag(variances), table.T @ y)
    gradients = []
    for epoch in range(1, 401):
        # One step over all rows: its gradient at the ridge weights is zero but for the noise.
        model = MLPRegressor(
            hidden_layer_sizes=(),
            solver=SGD(momentum=0.0, nesterov=False, learning_rate_init=1.0),
            alpha=0.0,
            batch_size=300,
            max_iter=1,
            augmentation=Jitter(scale=scale),
            random_state=epoch,
            target_scaling=None,
            dtype="float64",
        )
        model.fit(table, y, coefs_init=[ridge[:, None]])
        gradients.append((ridge - model.coefs_[0][:, 0]) / spread)
    gradients = np.array(gradients)
    standard_error = gradients.std(axis=0) / np.sqrt(len(gradients))
    without = table.T @ (table @ ridge - y) / 300 / spread
    assert (np.abs(gradients.mean(axis=0)) < 4 * standard_error).all()
    assert (np.abs(without) > 20 * standard_error).all()


@pytest.mark.parametrize("a", [0.01, 0.1, 0.2, 0.5, 0.500001, 1.0, 2.0, 50.0])
def test_shares_are_beta_distributed(a):
    keys = [reference.random.child(1234, i) for i in range(20_000)]
    shares = np.array([reference.random.symmetric_beta(a, key) for key in keys])
    assert ((shares >= 0) & (shares <= 1)).all()
    beta = stats.beta(a, a)
    if a >= 0.1:  # below, much of the mass is nearer to an end than the last double is
        assert stats.kstest(shares, beta.cdf).pvalue > 1e-3
    variance, excess = beta.stats("vk")
    within = 4 / np.sqrt(len(shares))
    assert shares.mean() == pytest.approx(0.5, abs=within * np.sqrt(variance))
    squares = (shares - 0.5) ** 2
    assert squares.mean() == pytest.approx(variance, abs=within * variance * np.sqrt(2 + excess))


@pytest.mark.parametrize("a", [1e-320, 1e-300, 1e-3, 1e300])
def test_shares_of_extreme_parameters_are_numbers(a):
    shares = [reference.random.symmetric_beta(a, key) for key in range(100)]
    assert all(0.0 <= share <= 1.0 for share in shares)
    model = MLPRegressor(mixup=a, max_iter=2, batch_size=16).fit(X, Y)
    assert np.isfinite(model.loss_)


def test_noise_is_normally_distributed():
    """Tails included: beyond the lowest layer fall about 13 of 50,000."""
    draw = reference.random.Ziggurat.instance().normal
    noise = np.array([draw(99, i) for i in range(50_000)])
    assert stats.kstest(noise, "norm").pvalue > 1e-3
    edge = reference.random.Ziggurat.instance().tail_from
    assert 3 <= (np.abs(noise) > edge).sum() <= 30
    pairs = np.corrcoef(noise[:-1], noise[1:])[0, 1]
    assert abs(pairs) < 4 / np.sqrt(len(noise))
