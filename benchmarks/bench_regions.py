"""What do exact pieces cost beside looking for them on a grid of points?"""

import time

import numpy as np
import pytest

from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import breakpoints, linear_regions, sampled_patterns

timed = pytest.mark.benchmark(timer=time.thread_time)
WINDOW = ((-1.0, 1.0), (-1.0, 1.0))
N_POINTS = 100_000


def random_network(*widths):
    state = np.random.RandomState(0)
    coefs = [
        state.randn(n_in, n_out) * np.sqrt(2 / n_in)
        for n_in, n_out in zip(widths[:-1], widths[1:], strict=True)
    ]
    return regressor_from_layers(coefs, [0.3 * state.randn(n_out) for n_out in widths[1:]])


def sampled_bends(model, n_points=N_POINTS):
    """Changes of slope between points of the segment: at most the true number."""
    X = np.linspace([-1.0, -1.0], [1.0, 1.0], n_points)
    return int((np.abs(np.diff(model.predict(X), 2)) > 1e-12).sum())


@timed
@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_line(benchmark, method):
    benchmark.group = "pieces along a line, 2-256-256-256-1"
    model = random_network(2, 256, 256, 256, 1)
    exact = breakpoints(model, [-1.0, -1.0], [1.0, 1.0]).n_pieces
    if method == "exact":
        assert benchmark(breakpoints, model, [-1.0, -1.0], [1.0, 1.0]).n_pieces == exact
    else:
        # A bend shows in one second difference or in two.
        assert benchmark(sampled_bends, model) <= 2 * (exact - 1)


@timed
@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_window(benchmark, method):
    benchmark.group = "regions of a window, 2-64-64-1"
    model = random_network(2, 64, 64, 1)
    exact = linear_regions(model, WINDOW).n_activation_regions
    if method == "exact":
        assert benchmark(linear_regions, model, WINDOW).n_activation_regions == exact
    else:
        found = benchmark(
            sampled_patterns, model, WINDOW, n_samples=N_POINTS, random_state=0
        ).n_patterns
        assert 0.5 * exact < found <= exact
