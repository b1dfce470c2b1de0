"""What the exact enumerators may cost, in processor time, far above what they take."""

import time

import numpy as np

from deepgen import MLPRegressor
from deepgen.expressivity import breakpoints, linear_regions
from expressivity.networks import he_network


def seconds(measure, *arguments):
    start = time.process_time()
    measure(*arguments)
    return time.process_time() - start


def test_a_line_through_three_layers_of_256_takes_less_than_a_second():
    model = he_network(0, (5, 256, 256, 256, 1), bias=0.1)
    assert breakpoints(model, np.full(5, -3.0), np.full(5, 3.0)).n_pieces > 500
    assert seconds(breakpoints, model, np.full(5, -3.0), np.full(5, 3.0)) < 1


def test_a_window_of_a_trained_network_of_two_layers_of_64_takes_less_than_ten_seconds(rng):
    X = rng.uniform(-1, 1, (2000, 2))
    model = MLPRegressor(hidden_layer_sizes=(64, 64), learning_rate_init=5e-3, random_state=0)
    for _ in range(100):
        model.partial_fit(X, np.sin(6 * X[:, 0]) * np.cos(5 * X[:, 1]))
    window = ((-1.0, 1.0), (-1.0, 1.0))
    assert linear_regions(model, window).n_linear_regions > 1500
    assert seconds(linear_regions, model, window) < 10
