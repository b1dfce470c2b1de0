"""What the experiments on training methods stand on."""

import numpy as np
import pytest
from scipy import sparse

from deepgen import MLPRegressor
from deepgen.experiments import (
    early_stopping,
    rare_features,
    regularizer_costs,
    sam_flatness,
    stronger_optimizer,
)
from deepgen.experiments.claims.pretext_tasks import first_of_each_class
from deepgen.experiments.claims.rare_features import METHODS, RIVALS, full_batch, word_counts
from deepgen.experiments.shared.digits import split_digits
from deepgen.experiments.shared.rates import best_rate, tuning_seeds
from deepgen.experiments.shared.tasks import draw_task
from deepgen.experiments.shared.training import fit_quietly


def test_the_first_labels_are_of_all_classes_and_grow_by_adding():
    y = np.random.default_rng(0).integers(10, size=1200)
    few, many = first_of_each_class(y, 30), first_of_each_class(y, 100)
    assert np.bincount(y[few]).tolist() == [3] * 10
    assert set(few) < set(many) and len(many) == 100


@pytest.mark.parametrize("share", [0.1, 1.0, 1.9])
def test_descent_leaves_of_each_word_what_the_closed_form_says(share):
    p = word_counts(50) / word_counts(50).sum()
    eta = share / p[0]
    expected = (1 - eta * p) ** 40
    assert full_batch(METHODS["SGD"], eta, 50, 40) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("method", RIVALS)
def test_adaptive_methods_leave_of_each_word_the_same(method):
    # What is left of the difference is epsilon beside a gradient of p_j, 1e-3 for the rarest.
    errors = full_batch(METHODS[method], 0.003, 200, 50)
    assert 0 < errors.max() < 0.99
    assert np.ptp(errors) < 1e-3


def test_adagrad_has_its_closed_form_while_gradients_hardly_change():
    # With a gradient that stays, step t is eta / sqrt(t).
    steps = np.arange(1.0, 11.0)
    expected = 1 - 1e-4 * np.sum(1 / np.sqrt(steps))
    assert full_batch(METHODS["AdaGrad"], 1e-4, 20, 10) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("hidden", [(), (16, 32)])
@pytest.mark.parametrize("method", METHODS)
def test_sparse_rows_train_as_dense_ones_do(hidden, method):
    draw = np.random.default_rng(0)
    words = (50 * draw.random(400) ** 3).astype(int)
    X, y = np.eye(50)[words], draw.standard_normal(400)
    trained = []
    for rows in (X, sparse.csr_array(X)):
        model = MLPRegressor(
            hidden_layer_sizes=hidden,
            solver=METHODS[method],
            learning_rate_init=0.01,
            batch_size=32,
            max_iter=5,
            n_iter_no_change=np.inf,
            dtype="float64",
            random_state=0,
        )
        trained.append(fit_quietly(model, rows, y))
    one, other = (model.network_.parameters for model in trained)
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_a_rate_that_failed_once_is_not_chosen():
    assert best_rate([1.0, 2.0, 4.0], [[3.0, 2.0, 0.0], [3.0, 2.0, np.inf]]) == 2.0
    with pytest.raises(ValueError, match="no learning rate"):
        best_rate([1.0], [[np.nan]])
    assert not set(tuning_seeds(5)) & set(range(10**6))


def test_images_to_train_on_choose_by_and_test_on_are_different_ones():
    everything = split_digits(3, n_val=0, n_test=0)
    digits = split_digits(3, n_val=297)
    parts = [digits.X, digits.X_val, digits.X_test]
    assert [len(part) for part in parts] == [1000, 297, 500]
    assert sum(map(len, (digits.y, digits.y_val, digits.y_test))) == len(everything.y) == 1797

    def rows(images):
        return sorted(map(tuple, images))

    assert rows(np.concatenate(parts)) == rows(everything.X)


def test_a_run_stops_after_ten_epochs_without_a_lower_loss():
    falling = list(np.linspace(1, 0, 30))
    assert early_stopping._end(falling) is None
    assert early_stopping._end(falling[:20] + [2.0] * 9) is None
    assert early_stopping._end(falling[:20] + [2.0] * 10) == (30, 20)
    # Smaller steps than the tolerance do not count as lower, but their weights are kept.
    assert early_stopping._end([1.0, *(1.0 - 1e-6 * np.arange(1, 11))]) == (11, 11)


def test_the_stop_and_the_end_belong_to_one_run():
    run = early_stopping._run(("sine", 1000, 12))
    n_epochs = run.curves.shape[1]
    assert run.kept <= run.stopped <= n_epochs == 12
    assert run.errors[0].tolist() == [run.curves[2, run.kept - 1], run.curves[2, -1]]
    # 160 rows to train on, 40 to watch without a backward pass, then all 200.
    one = run.stopped * (160 + 40 / 3)
    expected = np.array([[one, 12 * 160], [one + run.kept * 200, 12 * 200]]) / 1e3
    np.testing.assert_allclose(run.computing, expected, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("module", [early_stopping, stronger_optimizer])
def test_tables_do_not_depend_on_the_number_of_jobs(module):
    tables = {module.run(quick=True, seeds=1, n_jobs=n_jobs).to_csv() for n_jobs in (1, 2)}
    assert len(tables) == 1


@pytest.mark.parametrize("kappa", rare_features.KAPPAS)
def test_there_are_fewer_steps_than_kappa(kappa):
    counts = word_counts(kappa)
    n_steps = rare_features.EPOCHS * np.ceil(counts.sum() / rare_features.BATCH)
    assert counts[0] / counts[-1] == kappa > n_steps


def test_errors_are_above_the_least_loss_on_the_rows():
    # Noise of .1 would leave .01 above the truth; the distance is to the mean of the rows.
    errors = rare_features._errors((("linear", "AdaGrad", 30), 2.0, 1000))
    assert errors.shape == (rare_features.TENTHS + 1,)
    assert 0 < errors[-1] < 0.001 < errors[-2] < 1


@pytest.mark.claims
def test_rare_words_want_a_higher_rate():
    result = rare_features.run(quick=True, seeds=2)
    verdicts = {finding.what: finding.verdict for finding in result.findings}
    closed = [what for what in verdicts if what.startswith("full batch")]
    assert len(closed) == 4
    assert {verdicts[what] for what in closed} == {"supported"}


def test_two_runs_meet_at_the_least_loss_that_both_reach():
    fast, slow = np.array([0.9, 0.5, 0.2, 0.1]), np.array([0.8, 0.6, 0.4])
    assert sam_flatness._meeting(fast, slow) == (3, 3)
    assert sam_flatness._meeting(slow, fast) == (3, 3)
    assert sam_flatness._meeting(np.array([0.8, 0.4, 0.6]), fast) == (2, 3)


def test_sam_takes_as_many_gradients_in_half_the_epochs():
    pairs = sam_flatness._train(("sine", 1000, 8))
    assert len(pairs) == len(sam_flatness.WRAPPED)
    for pair in pairs:
        assert [one.shape for one in pair.curves] == [(2, 8), (2, 4)]
        assert pair.errors == tuple(one[1, -1] for one in pair.curves)
        assert max(pair.losses) == max(one[0].min() for one in pair.curves)
        assert min(pair.eigenvalues) > 0 and pair.last > 0


def test_random_labels_are_drawn_apart_from_the_split():
    clean, noisy = draw_task("digits", 5), draw_task("digits, 30 % random labels", 5)
    assert np.array_equal(clean.X, noisy.X)
    # A label drawn at random is the right one in a tenth of the cases.
    assert np.mean(clean.y != noisy.y) == pytest.approx(0.27, abs=0.05)


def test_sam_is_predicted_to_take_nearly_twice_as_long():
    # Two gradients, but one update.
    assert 1.9 < regularizer_costs.predicted_ratio("SAM") < 2
    assert regularizer_costs.predicted_ratio("mixup") == 1


def test_the_epoch_of_a_level_lies_between_two_epochs():
    losses = np.array([1.0, 0.4, 0.1, 0.2])
    assert regularizer_costs._crossing(losses, 0.2) == pytest.approx(2.5)
    assert regularizer_costs._crossing(losses, 0.1) == 3
    assert regularizer_costs._crossing(losses, 1.0) == 1
    assert np.isnan(regularizer_costs._crossing(losses, 0.05))


def test_losses_are_those_of_the_unchanged_images():
    plain, dropout, sam = (
        regularizer_costs._learn((method, 1000, 8)) for method in ("plain", "dropout", "SAM")
    )
    assert plain.shape == dropout.shape == (2, 8) and sam.shape == (2, 4)
    digits = split_digits(1000, n_test=1797 - regularizer_costs.N_TRAIN)
    model = regularizer_costs._model("dropout", (64, 64), 1000, max_iter=8)
    fit_quietly(model, digits.X, digits.y)
    right = model.predict_proba(digits.X)[np.arange(300), digits.y]
    assert dropout[0, -1] == pytest.approx(-np.log(right).mean(), rel=1e-4)
    error = np.mean(model.predict(digits.X_test) != digits.y_test)
    assert dropout[1, -1] == pytest.approx(error, abs=1e-6)


@pytest.mark.slow
def test_step_times_are_ratios_to_the_plain_step():
    ratios = regularizer_costs._step_ratios(1, seed=0)
    assert ratios.shape == (len(regularizer_costs.METHODS),)
    assert ratios[0] == 1
