"""averaging='snapshot': one training whose cycles leave the members behind."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

import deepgen
from deepgen import MLPClassifier, MLPRegressor
from deepgen._training import first_order as training
from deepgen.averaging import Snapshots
from deepgen.normalizations import BatchNorm
from deepgen.schedules import Snapshot
from estimators.samples import curve, features, same_bits, weights

X = features()
Y = curve(X)
STEPS = 5  # of an epoch


def model_of(estimator=MLPRegressor, **settings):
    common = dict(hidden_layer_sizes=(8, 8), batch_size=32, random_state=3, max_iter=9)
    common |= dict(n_members=3, averaging="snapshot", learning_rate_init=0.01)
    return estimator(**{**common, **settings})


def alone(model):
    return clone(model.members_[-1]).set_params(tol=0.0)


def bits(model):
    return [member.network_.parameters.tobytes() for member in model.members_]


def fit_quietly(model, *data):
    with pytest.warns(UserWarning):
        return model.fit(*data)


def test_the_last_member_is_one_training_with_the_snapshot_schedule():
    model = model_of().fit(X, Y, weights())
    assert len(model.members_) == 3
    single = MLPRegressor(
        hidden_layer_sizes=(8, 8),
        batch_size=32,
        random_state=3,
        max_iter=9,
        learning_rate=Snapshot(n_cycles=3),
        learning_rate_init=0.01,
        n_iter_no_change=np.inf,
    )
    assert same_bits(fit_quietly(single, X, Y, weights()), model.members_[-1])
    assert same_bits(fit_quietly(alone(model), X, Y, weights()), model.members_[-1])
    rates = model.members_[0].history_["learning_rate"]
    assert rates.tolist() == single.history_["learning_rate"].tolist()


@pytest.mark.parametrize(("n_members", "max_iter"), [(3, 9), (2, 7), (4, 9), (7, 8)])
def test_members_are_the_weights_after_the_last_step_of_each_cycle(
    n_members, max_iter, monkeypatch
):
    model = model_of(n_members=n_members, max_iter=max_iter).fit(X, Y)
    steps, run_epoch = [], training.run_epoch

    def noting(trainer, plan, state, pace, buffer):
        here, run = np.empty_like(buffer), trainer.run

        class OneByOne:
            def __getattr__(self, name):
                return getattr(trainer, name)

            def run(self, rates, **options):
                progress = run(rates[:1], **options)
                trainer.store(here)
                steps.append(here.copy())
                return progress

        return run_epoch(OneByOne(), plan, state, pace, buffer)

    monkeypatch.setattr(training, "run_epoch", noting)
    fit_quietly(alone(model), X, Y)
    total = max_iter * STEPS
    assert len(steps) == total
    length = -(-total // n_members)
    ends = [min(length * cycle, total) for cycle in range(1, n_members + 1)]
    assert [steps[end - 1].tobytes() for end in ends] == bits(model)


def test_predictions_are_means():
    model = model_of().fit(X, Y)
    each = [member.predict(X) for member in model.members_]
    np.testing.assert_allclose(model.predict(X), np.mean(each, axis=0), rtol=1e-6)
    iris = load_iris(return_X_y=True)
    classes = model_of(MLPClassifier).fit(*iris)
    mean = np.mean([member.predict_proba(iris[0]) for member in classes.members_], axis=0)
    np.testing.assert_allclose(classes.predict_proba(iris[0]), mean, atol=1e-6)
    with pytest.raises(AttributeError, match="coefs_ belongs to one network, and here are 3"):
        _ = classes.coefs_


def test_patience_does_not_end_the_cycles_and_their_end_is_no_warning(recwarn):
    model = model_of(tol=10.0, n_iter_no_change=1).fit(X, Y)
    assert [member.n_iter_ for member in model.members_] == [9, 9, 9]
    assert len(model.members_) == 3
    assert not recwarn.list


def test_the_same_seed_gives_the_same_members_whatever_the_threads():
    assert bits(model_of(n_jobs=1).fit(X, Y)) == bits(model_of(n_jobs=2).fit(X, Y))
    assert bits(model_of().fit(X, Y)) == bits(model_of(averaging=Snapshots()).fit(X, Y))
    assert bits(model_of(learning_rate="snapshot").fit(X, Y)) == bits(model_of().fit(X, Y))


def test_partial_fits_equal_one_fit_and_show_the_cycles_so_far(tmp_path):
    whole, pieces, seen = model_of().fit(X, Y), model_of(), []
    for epoch in range(9):
        if epoch == 5:
            pieces.save(tmp_path / "model")
            pieces = deepgen.load(tmp_path / "model")
        pieces = pickle.loads(pickle.dumps(pieces.partial_fit(X, Y)))
        seen.append(len(pieces.members_))
    assert bits(pieces) == bits(whole)
    assert seen == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_a_stopped_training_goes_on_to_the_bit():
    stopped = model_of(warm_start=True, max_time=1e-9)
    for _ in range(9):
        fit_quietly(stopped, X, Y)  # an epoch a call
    assert bits(stopped) == bits(model_of().fit(X, Y))


def test_after_the_cycles_the_last_member_goes_on():
    model = model_of(warm_start=True).fit(X, Y)
    before = bits(model)
    after = bits(model.fit(X, Y))
    assert after[:2] == before[:2] and after[2] != before[2]
    rates = model.members_[-1].history_["learning_rate"]
    assert rates[9:].tolist() == [rates[8]] * 9


def test_saved_and_loaded_models_predict_the_same(tmp_path):
    model = model_of().fit(X, Y)
    model.save(tmp_path / "model")
    assert bits(deepgen.load(tmp_path / "model")) == bits(model)
    assert model.members_[-1]._training_state.averaging_state == {}


def test_each_member_has_batch_statistics_of_its_own():
    model = model_of(normalization="batch", dtype="float64").fit(X, Y)
    means = [member.network_.blocks()["mean_0"] for member in model.members_]
    assert not np.array_equal(means[0], means[1])
    model = model_of(normalization=BatchNorm(recalibrate=True), dtype="float64").fit(X, Y)
    for member in model.members_:
        mean, _ = member.network_.moments(X, 0)
        np.testing.assert_allclose(member.network_.blocks()["mean_0"], mean)


def test_validation_data_are_measured():
    model = model_of().fit(X, Y, X_val=X, y_val=Y)
    assert len(model.members_[0].history_["val_score"]) == 9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(n_members=1), "n_members must be at least 2, such as 5, got 1"),
        (dict(max_iter=2), "n_members=3 cycles in max_iter epochs, .* got max_iter=2"),
        (dict(early_stopping=True), "does not support early_stopping=True"),
        (dict(learning_rate="cosine"), "must be 'constant' or 'snapshot', got 'cosine'"),
        (
            dict(batch_size=157, n_members=4, max_iter=5),
            "gives 5 steps, which cannot be cut into n_members=4 cycles of 2 each",
        ),
    ],
)
def test_what_contradicts_the_cycles_is_refused(settings, message):
    model = model_of(**settings)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "_members")


def test_members_of_another_kind_cannot_go_on():
    model = model_of(averaging=None, warm_start=True)
    fit_quietly(model, X, Y).set_params(averaging="snapshot")
    with pytest.raises(ValueError, match="not those of a training in 3 cycles"):
        model.fit(X, Y)
    model = model_of(warm_start=True).fit(X, Y).set_params(n_members=4)
    with pytest.raises(ValueError, match="not those of a training in 4 cycles"):
        model.fit(X, Y)


def test_a_fit_of_another_kind_leaves_nothing_behind():
    model = model_of().fit(X, Y)
    fit_quietly(model.set_params(averaging=None, n_members=1), X, Y)
    assert model.members_ == [model]
    model.set_params(averaging="snapshot", n_members=2).fit(X, Y)
    assert len(model.members_) == 2 and not hasattr(model, "coefs_")
