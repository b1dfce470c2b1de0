"""What the experiments on training methods stand on."""

import numpy as np
import pytest

from deepgen import MLPRegressor
from deepgen.experiments import early_stopping, stronger_optimizer
from deepgen.experiments.digits import split_digits
from deepgen.experiments.rates import best_rate, tuning_seeds
from deepgen.experiments.tasks import draw_task
from deepgen.experiments.training import fit_quietly


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


def test_computing_counts_training_rows_and_a_third_of_validation_rows():
    X = np.linspace(-1, 1, 100)[:, None]
    whole, stopped = (
        fit_quietly(
            MLPRegressor(
                hidden_layer_sizes=(4,), max_iter=2, n_iter_no_change=np.inf, early_stopping=stop
            ),
            X,
            X[:, 0],
        )
        for stop in (False, True)
    )
    assert early_stopping._rows(whole, 100) == 200
    assert early_stopping._rows(stopped, 100) == pytest.approx(2 * (90 + 10 / 3))


@pytest.mark.parametrize("module", [early_stopping, stronger_optimizer])
def test_tables_do_not_depend_on_the_number_of_jobs(module):
    tables = {module.run(quick=True, seeds=1, n_jobs=n_jobs).to_csv() for n_jobs in (1, 2)}
    assert len(tables) == 1


def test_random_labels_are_drawn_apart_from_the_split():
    clean, noisy = draw_task("digits", 5), draw_task("digits, 30 % random labels", 5)
    assert np.array_equal(clean.X, noisy.X)
    # A label drawn at random is the right one in a tenth of the cases.
    assert np.mean(clean.y != noisy.y) == pytest.approx(0.27, abs=0.05)
