"""Schedules in training: what the steps get, what is watched, how a training goes on."""

import pickle

import numpy as np
import pytest

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen.optimizers import SGD
from deepgen.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosLog,
    FlatCos,
    InvScaling,
    OneCycle,
    Plateau,
    Position,
    Snapshot,
    Warmup,
)
from estimators.samples import curve, features, same_bits, weights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = features()
Y = curve(X)
STEPS = 5  # of an epoch: 157 rows in batches of 32
ALL = [
    Adaptive(),
    Cosine(warmup=2, n_epochs=12),
    CosLog(n_epochs=12),
    FlatCos(n_epochs=12),
    InvScaling(),
    OneCycle(n_epochs=12),
    Plateau(patience=1, threshold=0.5),
    Snapshot(3, n_epochs=12),
    Warmup(Plateau(patience=1, threshold=0.5), epochs=2),
    Warmup(InvScaling(), epochs=3),
    Warmup(Cosine(n_epochs=9), epochs=3),
]
BY_NAME = sorted(set(SCHEDULES) - {"adaptive", "constant", "invscaling"})


def model_of(**settings):
    common = dict(hidden_layer_sizes=(8,), batch_size=32, random_state=3, tol=0.0)
    return MLPRegressor(**{**common, "n_iter_no_change": np.inf, **settings})


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", SGD(momentum=0.0)], ids=repr)
@pytest.mark.parametrize("name", BY_NAME)
def test_every_schedule_acts_for_every_solver_and_step(name, solver):
    model = model_of(learning_rate=name, solver=solver, max_iter=6).fit(X, Y)
    plain = model_of(solver=solver, max_iter=6).fit(X, Y)
    ends = [Position(epoch, STEPS - 1, STEPS, 0, 6) for epoch in range(6)]
    rates = [SCHEDULES[name]().rates(0.001, here, 1, {})[0] for here in ends]
    np.testing.assert_allclose(model.history_["learning_rate"], rates, rtol=1e-12)
    # Losses that fall are no plateau.
    assert same_bits(model, plain) == (name == "plateau")


def test_weights_move_by_the_rate_of_each_step():
    """Steps along a constant gradient add up to the sum of the rates."""
    ones = np.ones((40, 1))
    model = MLPRegressor(
        hidden_layer_sizes=(),
        solver=SGD(momentum=0.0, learning_rate_init=0.1),
        learning_rate=Cosine(),
        loss="absolute_error",
        target_scaling=None,
        batch_size=10,
        max_iter=3,
        alpha=0.0,
        dtype="float64",
    )
    model.fit(ones, np.full(40, 100.0), coefs_init=[np.zeros((1, 1))])
    travelled = Cosine(n_epochs=3).rates(0.1, Position(0, 0, 4, 0, 3), 12, {}).sum()
    np.testing.assert_allclose(model.coefs_[0], travelled, rtol=1e-12)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
@pytest.mark.parametrize("way", ["pickle", "file"])
def test_training_goes_on_to_the_bit(schedule, way, tmp_path):
    settings = dict(learning_rate=schedule)
    if schedule == Adaptive():
        settings |= dict(n_iter_no_change=1, tol=0.1)
    once = model_of(max_iter=12, **settings).fit(X, Y, weights())
    twice = model_of(max_iter=6, warm_start=True, **settings).fit(X, Y, weights())
    if way == "pickle":
        twice = pickle.loads(pickle.dumps(twice))
    else:
        twice.save(tmp_path / "model")
        twice = deepgen.load(tmp_path / "model")
    twice.fit(X, Y, weights())
    assert same_bits(once, twice)
    rates = once.history_["learning_rate"]
    assert rates.tolist() == twice.history_["learning_rate"].tolist()
    assert len(rates) == 12
    assert len(set(rates)) > 1


@pytest.mark.parametrize("schedule", [*ALL, "cosine"], ids=repr)
def test_partial_fits_equal_one_fit(schedule):
    settings = dict(learning_rate=schedule)
    if schedule == Adaptive():
        settings |= dict(n_iter_no_change=1, tol=0.1)
    # A schedule over max_iter epochs is planned for as many as the estimator says.
    once = model_of(max_iter=7, **settings).fit(X, Y)
    pieces = model_of(max_iter=7, **settings)
    for _ in range(7):
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X, Y)))
    assert same_bits(once, pieces)


def test_after_its_end_a_schedule_holds():
    model = model_of(learning_rate="cosine", max_iter=4, warm_start=True).fit(X, Y)
    with pytest.warns(UserWarning, match=r"Cosine\(\) is used up after 4 epochs.*warm_start=False"):
        model.fit(X, Y)
    rates = model.history_["learning_rate"]
    assert rates[3:].tolist() == [rates[3]] * 5
    assert rates[3] > 0


def used_up(caught):
    return sum("used up" in str(one.message) for one in caught)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle", Warmup(Cosine(), epochs=1)], ids=repr)
def test_partial_fit_warns_once_that_the_planned_epochs_are_over(schedule, recwarn):
    model = model_of(learning_rate=schedule, max_iter=4)
    for number in range(1, 8):
        model.partial_fit(X, Y)
        assert used_up(recwarn) == (number > 4)
    assert "warm_start" not in str(recwarn[0].message)


def test_a_fit_that_crosses_the_planned_end_warns_once(recwarn):
    model = model_of(learning_rate="cosine", max_iter=6, warm_start=True, tol=10.0)
    model.set_params(n_iter_no_change=2).fit(X, Y)
    assert model.n_iter_ == 4
    model.set_params(n_iter_no_change=np.inf).fit(X, Y)
    assert used_up(recwarn) == 1


@pytest.mark.parametrize(
    "schedule", [Adaptive(min_rate=1e-5), Plateau(patience=0, threshold=1, min_rate=1e-5)]
)
def test_a_warm_start_whose_rate_was_cut_to_the_lowest_warns(schedule, recwarn):
    settings = dict(solver="sgd", learning_rate=schedule, max_iter=30, warm_start=True)
    model = model_of(**settings, tol=10.0, n_iter_no_change=1).fit(X, 1e-6 * Y)
    assert not used_up(recwarn)
    model.fit(X, Y + 1)
    assert used_up(recwarn) == 1


@pytest.mark.parametrize(
    "schedule", ["constant", "plateau", "invscaling", Cosine(n_epochs=4), Cosine(min_rate=5e-4)]
)
def test_a_rate_that_is_meant_to_hold_does_not_warn(schedule, recwarn):
    settings = dict(solver="sgd", learning_rate=schedule, max_iter=4, warm_start=True)
    model_of(**settings).fit(X, Y).fit(X, Y).fit(X, Y)
    assert not used_up(recwarn)


def test_threads_do_not_change_the_bits():
    one, two = (model_of(learning_rate="one_cycle", max_iter=4, n_jobs=n).fit(X, Y) for n in (1, 2))
    assert same_bits(one, two)


def cuts(model):
    rates = model.history_["learning_rate"]
    return np.flatnonzero(np.diff(rates)) + 1


def test_a_plateau_watches_the_validation_loss():
    rows = np.random.default_rng(0).permutation(len(Y))
    noise = Y[rows]  # nothing to be learned: what fits the rows makes validation worse
    settings = dict(learning_rate=Plateau(patience=3), max_iter=60, learning_rate_init=0.02)
    unseen = model_of(**settings).fit(X, noise)
    watched = model_of(**settings).fit(X, noise, X_val=X, y_val=Y)
    losses, rate, expected = watched.history_["val_loss"], Plateau(patience=3), []
    state = {}
    for epoch, loss in enumerate(losses[:-1], start=1):
        if rate.end_epoch(0.02, loss, state):
            expected.append(epoch)
    assert cuts(watched).tolist() == expected
    assert len(expected) > 0
    assert cuts(unseen).tolist() != expected


@pytest.mark.parametrize("schedule", ["plateau", Plateau(patience=4)], ids=repr)
def test_a_cut_gives_the_lower_rate_its_time_before_early_stopping(schedule):
    settings = dict(early_stopping=True, n_iter_no_change=10, learning_rate_init=0.05)
    model = model_of(learning_rate=schedule, max_iter=400, **settings).fit(X, Y)
    without = model_of(max_iter=400, **settings).fit(X, Y)
    assert without.n_iter_ < model.n_iter_ < 400
    first = cuts(model)[0]
    assert model.validation_scores_[:first] == without.validation_scores_[:first]
    # It ends when the last rate has had its patience: ten stale epochs and one more.
    assert model.n_iter_ - cuts(model)[-1] >= 11


def test_patience_shorter_than_the_schedules_ends_training_without_a_cut():
    model = model_of(learning_rate=Plateau(patience=9), tol=10.0, n_iter_no_change=3, max_iter=50)
    assert model.fit(X, Y).n_iter_ == 5
    assert len(cuts(model)) == 0


def test_adaptive_goes_on_after_early_stopping_would_have_ended():
    settings = dict(early_stopping=True, n_iter_no_change=3, learning_rate_init=0.05, max_iter=300)
    model = model_of(learning_rate=Adaptive(min_rate=0.001), **settings).fit(X, Y)
    without = model_of(**settings).fit(X, Y)
    assert model.n_iter_ > without.n_iter_
    np.testing.assert_allclose(model.history_["learning_rate"][-1], 0.05 / 5**3)
    assert model.best_validation_score_ >= without.best_validation_score_


def test_another_schedule_does_not_inherit_what_the_last_one_remembers():
    model = model_of(learning_rate=Adaptive(), tol=10.0, n_iter_no_change=1, max_iter=5)
    model.set_params(warm_start=True).fit(X, Y)
    assert model.history_["learning_rate"][-1] < 0.001
    model.set_params(learning_rate=Plateau(), tol=0.0, max_iter=1).fit(X, Y)
    assert model.history_["learning_rate"][-1] == 0.001


def test_losses_of_another_kind_are_not_compared():
    model = model_of(learning_rate=Plateau(patience=0), max_iter=1, warm_start=True)
    model.fit(X, np.exp(Y))
    # The Poisson loss is far above the squared error that it follows.
    model.set_params(loss="poisson", warm_start=False).fit(X, np.exp(Y))
    model.set_params(loss="huber", warm_start=False).fit(X, Y)
    assert len(cuts(model)) == 0


@pytest.mark.parametrize("name", [*BY_NAME, Cosine(), Adaptive()], ids=repr)
def test_lbfgs_says_that_it_chooses_its_steps_itself(name):
    with pytest.warns(UserWarning, match=r"learning_rate=.* has no effect with solver='lbfgs'"):
        model_of(solver="lbfgs", learning_rate=name, max_iter=2).fit(X, Y)


def test_schedules_act_in_every_member_and_for_classes():
    y = np.where(Y > 0, "high", "low")
    model = MLPClassifier(
        learning_rate="coslog4",
        n_members=2,
        max_iter=3,
        random_state=0,
        tol=0,
        hidden_layer_sizes=4,
    ).fit(X, y)
    first, second = (member.history_["learning_rate"] for member in model.members_)
    assert first.tolist() == second.tolist()
    assert len(set(first)) == 3


def test_fields_are_reached_by_set_params():
    model = model_of(learning_rate=Warmup(Cosine(), epochs=1))
    model.set_params(learning_rate__schedule__min_rate=0.01, learning_rate__epochs=2)
    assert model.learning_rate == Warmup(Cosine(min_rate=0.01), epochs=2)
    assert repr(model.learning_rate) == "Warmup(schedule=Cosine(min_rate=0.01), epochs=2)"
    with pytest.raises(ValueError, match=r"Cosine: min_rate must be in \[0, inf\), got -1"):
        model.set_params(learning_rate__schedule__min_rate=-1).fit(X, Y)


def test_a_name_stands_for_its_object():
    for name in BY_NAME:
        named = model_of(learning_rate=name, max_iter=3).fit(X, Y)
        assert same_bits(named, model_of(learning_rate=SCHEDULES[name](), max_iter=3).fit(X, Y))
    assert Constant() == SCHEDULES["constant"]()
