"""Time budgets: what is begun ends in time."""

import time

import pytest

from deepgen import TabularClassifier, TabularRegressor
from deepgen._user_warnings import warn
from deepgen.tabular import time_budget
from deepgen.tabular.plan import make_plan
from deepgen.tabular.samples import Samples

from .frames import TINY, frame, labels, numbers

TABLE = frame(200)


def test_networks_are_added_while_time_is_left_but_no_more_than_asked_for():
    model = TabularRegressor(network=TINY, max_time=30.0, n_jobs=2).fit(TABLE, numbers(TABLE))
    assert model.n_members_ == 5
    assert len({member.random_state for member in model.members_}) == 5
    two = TabularClassifier(network=TINY, max_time=30.0, n_members=2, n_jobs=1)
    assert two.fit(TABLE, labels(TABLE)).n_members_ == 2
    assert two.plan_.n_members == 2


def test_a_schedule_that_does_not_fit_is_shortened_and_ends(monkeypatch):
    monkeypatch.setattr(time_budget, "seconds_per_epoch", lambda *data: 0.05)
    model = TabularRegressor(max_time=3.0, n_jobs=1, network={"hidden_layer_sizes": (8,)})
    model.fit(TABLE, numbers(TABLE))
    assert model.n_members_ == 1
    history = model.history_
    assert 30 <= len(history["epoch"]) == model.plan_.n_epochs <= 50
    # The annealed rate has come to its end.
    assert history["learning_rate"][-1] < 0.05 * history["learning_rate"].max()


def test_a_network_that_would_not_end_is_not_begun(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(time_budget, "seconds_per_epoch", lambda *data: 0.001)
    began = time.perf_counter()
    real = time_budget.time.perf_counter
    monkeypatch.setattr(time_budget.time, "perf_counter", lambda: began + clock[0] + 0 * real())
    train = time_budget.Plan.train

    def slow(plan, *data, **changes):
        clock[0] += 4.0
        return train(plan, *data, **changes | {"max_time": None})

    monkeypatch.setattr(time_budget.Plan, "train", slow)
    model = TabularRegressor(network=TINY, max_time=10.0, n_jobs=1).fit(TABLE, numbers(TABLE))
    assert model.n_members_ == 2


def test_no_time_at_all_gives_one_epoch_and_a_warning_that_it_was_cut():
    model = TabularRegressor(max_time=1e-6, random_state=0)
    with pytest.warns(match="max_time"):
        model.fit(TABLE, numbers(TABLE))
    assert len(model.history_["epoch"]) == 1


def test_the_pipeline_is_refused_where_the_clock_has_planned():
    model = TabularRegressor(network=TINY, max_time=5.0).fit(TABLE, numbers(TABLE))
    with pytest.raises(ValueError, match="max_time=5 planned this fit"):
        model.to_pipeline()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_is_timed_is_scaled_to_all_rows():
    y = numbers(TABLE)
    plan = make_plan(
        "fast", "regression", n_rows=200, parameters={"n_jobs": 1, "early_stopping": False}
    )
    encoder = plan.make_encoder()
    samples = Samples(encoder.fit_transform(TABLE), y)
    seconds = time_budget.seconds_per_epoch(plan, samples, Samples(), left=1e3)
    assert 0 < seconds < 1


def test_after_an_interruption_no_network_is_begun(monkeypatch):
    train = time_budget.Plan.train

    def interrupted(plan, *data, **changes):
        warn("Training interrupted by user.")
        return train(plan, *data, **changes)

    monkeypatch.setattr(time_budget, "seconds_per_epoch", lambda *data: 0.001)
    monkeypatch.setattr(time_budget.Plan, "train", interrupted)
    model = TabularRegressor(network=TINY, max_time=30.0, n_jobs=1)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(TABLE, numbers(TABLE))
    assert model.n_members_ == 1
