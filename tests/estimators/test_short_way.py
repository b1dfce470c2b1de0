"""How many hands data pass through on their way into a fit."""

import sys
from pathlib import Path

import numpy as np
import pytest

import deepgen
from deepgen import MLPRegressor

PACKAGE = str(Path(deepgen.__file__).parent)


def calls_of(function):
    """Files below the package of the Python functions that are called, one entry per call."""
    files = []

    def note(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            files.append(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return files


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_epoch_without_options_takes_few_calls_in_few_files():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 4))
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=1)
    for _ in range(2):  # imports and caches of the first fits are not counted
        model.fit(X, X[:, 0])
    files = calls_of(lambda: model.fit(X, X[:, 0]))
    assert 0 < len(files) <= 150
    assert len(set(files)) <= 30
