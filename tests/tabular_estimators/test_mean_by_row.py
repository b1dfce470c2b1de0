"""Means over the networks that have a row."""

import numpy as np

from deepgen import TabularClassifier
from deepgen.tabular.mean_by_row import Part, mean_by_row

from .frames import TINY, frame


def test_each_row_gets_the_mean_of_the_networks_that_have_it(rng):
    table = rng.normal(size=(4, 20, 3))
    has = rng.random((4, 20)) < 0.5
    parts = []
    for predictions, mask in zip(table, has, strict=True):
        rows = rng.permutation(np.flatnonzero(mask))
        parts.append(Part(rows, predictions[rows]))
    mean = mean_by_row(parts)
    assert mean.rows.tolist() == np.flatnonzero(has.any(axis=0)).tolist()
    sums = (table * has[:, :, None]).sum(axis=0)[mean.rows]
    assert np.allclose(mean.predictions, sums / has.sum(axis=0)[mean.rows, None])


def test_no_rows_have_no_mean():
    nothing = Part(np.empty(0, dtype=np.int64), np.empty((0, 2)))
    assert mean_by_row([nothing, nothing]).predictions.shape == (0, 2)


def test_a_baseline_that_some_networks_lack_is_scored_on_the_rows_of_the_others(monkeypatch):
    # Of few rows some networks see one class only, and have no logistic regression.
    monkeypatch.setattr("deepgen.tabular.summary.LINEAR_ROWS", 4)
    table = frame(100)
    y = np.where(np.arange(100) % 5, "usual", "rare")
    model = TabularClassifier(n_members=4, network=TINY, random_state=0).fit(table, y)
    assert 0.3 < float(model.summary_.rpartition("logistic regression ")[2].split()[0]) <= 1
