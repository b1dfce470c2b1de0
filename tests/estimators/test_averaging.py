"""averaging='ema' and 'swa': what is predicted with, what training goes on from."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_multilabel_classification

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen._training import first_order as training
from deepgen._training.slice_sizer import SliceSizer
from deepgen.averaging import EMA, SWA
from deepgen.normalizations import BatchNorm
from deepgen.schedules import Constant, Cosine
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
AVERAGES = [EMA(decay=0.9), SWA(start=2), SWA(start=3, learning_rate=0.02)]
every_average = pytest.mark.parametrize("averaging", AVERAGES, ids=repr)


def model_of(averaging=None, estimator=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, tol=0.0)
    common |= dict(max_iter=8, n_iter_no_change=np.inf, learning_rate_init=0.01)
    return estimator(**{**common, **settings}, averaging=averaging)


def paths(monkeypatch, **settings):
    """Weights after each step and each epoch of a training that averages nothing."""
    steps, ends = [], []
    run_epoch = training.run_epoch

    def noting(trainer, plan, state, pace, buffer):
        here = np.empty_like(buffer)
        one_step = SliceSizer()
        one_step.record = lambda n_steps, seconds, n_threads: None
        run = trainer.run

        class Noting:
            def __getattr__(self, name):
                return getattr(trainer, name)

            def run(self, *args, **options):
                progress = run(*args, **options)
                trainer.store(here)
                steps.append(here.copy())
                return progress

        epoch = run_epoch(Noting(), plan, state, one_step, buffer)
        ends.append(here.copy())
        return epoch

    with monkeypatch.context() as patch:
        patch.setattr(training, "run_epoch", noting)
        model = model_of(dtype="float64", **settings).fit(X, Y)
    return model, np.array(steps), np.array(ends)


def test_the_exponential_average_is_its_closed_form_on_the_path_of_the_weights(monkeypatch):
    model = model_of(EMA(decay=0.9), dtype="float64").fit(X, Y)
    plain, steps, _ = paths(monkeypatch)
    assert len(steps) == 8 * 5
    # d^(t-1) w_1 + (1 - d) sum_{k=2}^t d^(t-k) w_k
    shares = 0.1 * 0.9 ** np.arange(len(steps) - 1, -1, -1)
    shares[0] = 0.9 ** (len(steps) - 1)
    assert shares.sum() == pytest.approx(1)
    np.testing.assert_allclose(model.network_.parameters, shares @ steps, rtol=1e-10)
    assert not same_bits(model, plain)


@pytest.mark.parametrize(("start", "n_counted"), [(2, 6), (0.75, 2), (0.0, 8), (7, 1)])
def test_the_stochastic_average_is_the_mean_of_the_last_epochs(start, n_counted, monkeypatch):
    model = model_of(SWA(start), dtype="float64").fit(X, Y)
    _, _, ends = paths(monkeypatch)
    assert len(ends) == 8
    mean = ends[-n_counted:].mean(axis=0)
    np.testing.assert_allclose(model.network_.parameters, mean, rtol=1e-12, atol=1e-15)


def test_no_decay_is_no_average():
    assert same_bits(model_of(EMA(decay=0.0)).fit(X, Y), model_of().fit(X, Y))


@every_average
def test_training_is_that_without_an_average(averaging):
    """Losses are those of the weights that steps go on from."""
    learning_rate = Constant()
    if averaging == AVERAGES[2]:

        class Then(Constant):
            def rates(self, base, position, n_steps, memory):
                return np.full(n_steps, base if position.epoch < 3 else 0.02)

        learning_rate = Then()
    averaged = model_of(averaging).fit(X, Y, weights())
    plain = model_of(learning_rate=learning_rate).fit(X, Y, weights())
    assert averaged.loss_curve_ == plain.loss_curve_
    assert averaged.history_["learning_rate"].tolist() == plain.history_["learning_rate"].tolist()
    assert not same_bits(averaged, plain)


@pytest.mark.filterwarnings("ignore:averaging='swa' averaged nothing")
@every_average
@pytest.mark.parametrize("way", ["pickle", "file"])
@pytest.mark.parametrize("settings", [{}, {"normalization": "batch"}, {"dtype": "float64"}])
def test_training_goes_on_to_the_bit(averaging, way, settings, tmp_path):
    once = model_of(averaging, **settings).fit(X, Y, weights())
    for first in (1, 4, 6):
        twice = model_of(averaging, **settings, warm_start=True, max_iter=first)
        twice.fit(X, Y, weights())
        if way == "pickle":
            twice = pickle.loads(pickle.dumps(twice))
        else:
            twice.save(tmp_path / "model")
            twice = deepgen.load(tmp_path / "model")
        twice.set_params(max_iter=8 - first).fit(X, Y, weights())
        assert same_bits(once, twice)
        assert once.loss_curve_ == twice.loss_curve_


@every_average
@pytest.mark.parametrize("normalization", [None, "batch"])
def test_partial_fits_equal_one_fit(averaging, normalization):
    once = model_of(averaging, normalization=normalization).fit(X, Y)
    pieces = model_of(averaging, normalization=normalization)
    for _ in range(8):
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X, Y)))
    assert same_bits(once, pieces)


@every_average
def test_validation_and_early_stopping_see_the_average(averaging):
    stopping = dict(early_stopping=True, n_iter_no_change=5, tol=0.01, max_iter=200)
    model = model_of(averaging, **stopping).fit(X, Y)
    rows = training_rows(model)
    assert model.n_iter_ < 200
    measured = model_of(averaging, max_iter=6).fit(X, Y, X_val=X, y_val=Y)
    assert measured.score(X, Y) == pytest.approx(measured.history_["val_score"][-1], rel=1e-5)
    assert max(model.validation_scores_) == model.best_validation_score_
    held = np.setdiff1d(np.arange(len(Y)), rows)
    assert model.score(X[held], Y[held]) == pytest.approx(model.best_validation_score_, abs=1e-5)


def training_rows(model):
    from deepgen._training.validation import split_rows

    return split_rows(len(Y), 0.1, model._training_state.seed, None)[0]


@every_average
def test_early_stopping_with_an_average_goes_on_to_the_bit(averaging):
    settings = dict(early_stopping=True, n_iter_no_change=100, learning_rate_init=0.05)
    once = model_of(averaging, max_iter=12, **settings).fit(X, Y)
    twice = model_of(averaging, max_iter=6, warm_start=True, **settings).fit(X, Y)
    assert same_bits(once, pickle.loads(pickle.dumps(twice)).fit(X, Y))


@every_average
@pytest.mark.parametrize("validated", [True, False])
def test_statistics_of_batch_norm_are_those_of_the_averaged_weights(averaging, validated):
    held = dict(X_val=X, y_val=Y) if validated else {}
    model = model_of(averaging, normalization=BatchNorm(momentum=0.01), dtype="float64")
    network = model.fit(X, Y, **held).network_
    before = {name: block.copy() for name, block in network.blocks().items()}
    network.recalibrate(X)
    for name, block in network.blocks().items():
        assert np.array_equal(block, before[name]), name
    if validated:
        assert model.score(X, Y) == pytest.approx(model.history_["val_score"][-1])
    mean, variance = network.moments(X, 0)
    np.testing.assert_allclose(before["mean_0"], mean)
    np.testing.assert_allclose(before["variance_0"], variance)


@every_average
def test_threads_do_not_change_the_bits(averaging):
    one, two = (model_of(averaging, n_jobs=n).fit(X, Y) for n in (1, 2))
    assert same_bits(one, two)


@every_average
def test_weights_that_the_user_changed_begin_a_new_average(averaging):
    model = model_of(averaging, warm_start=True, learning_rate_init=1e-30).fit(X, Y)
    model.set_params(averaging=averaging if isinstance(averaging, EMA) else SWA(start=0))
    for layer in model.coefs_:
        layer[...] = 0
    for layer in model.intercepts_:
        layer[...] = 0.25
    model.set_params(max_iter=1).fit(X, Y)
    assert all(np.abs(layer).max() < 1e-20 for layer in model.coefs_)
    assert all((layer == 0.25).all() for layer in model.intercepts_)


def test_an_average_can_be_left_and_taken_up_between_calls():
    model = model_of(EMA(decay=0.9), max_iter=4, warm_start=True).fit(X, Y)
    model.set_params(averaging=None).fit(X, Y)
    assert same_bits(model, model_of(max_iter=8).fit(X, Y))
    model.set_params(averaging="ema", max_iter=1).fit(X, Y)
    assert not same_bits(model, model_of(max_iter=9).fit(X, Y))


def test_the_mean_of_epochs_has_a_rate_of_its_own():
    model = model_of(SWA(start=0.5, learning_rate=0.2), learning_rate=Cosine(), max_iter=4)
    rates = model.fit(X, Y).history_["learning_rate"]
    assert rates[2:].tolist() == [0.2, 0.2]
    assert rates[1] < rates[0] < 0.01
    from deepgen.schedules import Adaptive
    from deepgen.schedules.then_constant import ThenConstant

    memory, held = {}, ThenConstant(Adaptive(), start=1, rate=1.0)
    assert held.stagnate(0.1, memory) and not held.end_epoch(0.1, 1.0, memory)
    assert memory == {"n_cuts": 1}


def test_a_training_that_ends_before_the_average_begins_says_so():
    model = model_of("swa", tol=10.0, n_iter_no_change=3, max_iter=50)
    with pytest.warns(UserWarning, match="averaged nothing: training ended after 5 epochs, before"):
        model.fit(X, Y)
    assert same_bits(model, model_of(tol=10.0, n_iter_no_change=3, max_iter=50).fit(X, Y))


@every_average
@pytest.mark.parametrize("settings", [{"solver": "sgd"}, {"solver": "adamw"}, {"clip_norm": 0.5}])
def test_averages_stand_around_every_solver(averaging, settings):
    averaged, plain = model_of(averaging, **settings), model_of(**settings)
    averaged.fit(X, Y), plain.fit(X, Y)
    if averaging != AVERAGES[2]:
        assert averaged.loss_curve_ == plain.loss_curve_
    assert not same_bits(averaged, plain)


@every_average
def test_averages_serve_classes_labels_outputs_members_and_sparse_features(averaging):
    classifier = dict(estimator=MLPClassifier, max_iter=5)
    labels = np.array(["low", "high"])[(Y > 0).astype(int)]
    model = model_of(averaging, **classifier, class_weight="balanced").fit(X, labels, weights())
    assert model.score(X, labels) > 0.5
    XL, several = make_multilabel_classification(100, 5, n_classes=3, random_state=0)
    assert model_of(averaging, **classifier).fit(XL, several).predict(XL).shape == (100, 3)
    assert model_of(averaging).fit(X, np.stack([Y, -Y], axis=1)).predict(X).shape == (157, 2)
    rows = sparse.csr_matrix(np.where(np.abs(X) > 1, X, 0))
    dense = model_of(averaging, dtype="float64").fit(rows.toarray(), Y)
    csr = model_of(averaging, dtype="float64").fit(rows, Y)
    np.testing.assert_allclose(csr.predict(rows), dense.predict(rows), rtol=1e-8)
    members = model_of(averaging, n_members=2).fit(X, Y).members_
    assert all(member.averaging == averaging for member in members)


def test_a_name_stands_for_its_object():
    assert same_bits(model_of("ema").fit(X, Y), model_of(EMA()).fit(X, Y))
    assert same_bits(model_of("swa").fit(X, Y), model_of(SWA()).fit(X, Y))


@pytest.mark.parametrize("averaging", ["ema", "swa", "snapshot"])
def test_lbfgs_refuses_averages(averaging):
    model = model_of(averaging, solver="lbfgs", n_members=2)
    with pytest.raises(ValueError, match="solver='lbfgs' does not support averaging"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    ("averaging", "message"),
    [
        (EMA(decay=1.0), r"EMA: decay must be in \[0, 1\), got 1.0"),
        (SWA(start=-1), r"SWA: start must be in \[0, inf\), got -1"),
        (SWA(learning_rate=0), r"SWA: learning_rate must be in \(0, inf\), got 0"),
        ("polyak", "'averaging' parameter of MLPRegressor must be .*'polyak'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(averaging, message):
    with pytest.raises(ValueError, match=message):
        model_of(averaging).fit(X, Y)


@every_average
def test_a_training_that_diverged_keeps_usable_weights(averaging):
    y = Y.copy()
    model = model_of(averaging, solver="sgd", learning_rate_init=0.01, max_iter=4, warm_start=True)
    model.fit(X, y)
    model.set_params(learning_rate_init=1e30, max_iter=3)
    if averaging == AVERAGES[2]:
        model.set_params(averaging=SWA(start=3, learning_rate=1e30))
    model.fit(X, y)
    assert np.isfinite(model.predict(X)).all()
    model.set_params(learning_rate_init=0.01, max_iter=2).fit(X, y)
    assert np.isfinite(model.predict(X)).all()
