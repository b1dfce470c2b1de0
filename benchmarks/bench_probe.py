"""What do a probe's measurements cost beside a gradient, and the matrix G beside writing it?

`probe_costs.py` prints the ratios as a table.
"""

import time

import numpy as np
import pytest
from probe_costs import EIGHT, NETWORKS, Costs

# The answer is asserted at fewer samples than are timed, where it needs every gradient.
FEW = 100

every_network = pytest.mark.parametrize(
    ("widths", "n"), NETWORKS, ids=["-".join(map(str, widths)) for widths, _ in NETWORKS]
)
timed = pytest.mark.benchmark(timer=time.thread_time)


def every_gradient(costs):
    G = np.empty((costs.n, costs.P))
    costs.probe.gradients(costs.point, G, 0, costs.n)
    return G


def differences(costs, step=1e-6):
    """The Hessian's product with v by differences of the gradient."""
    v = costs.v / np.linalg.norm(costs.v)
    at, slopes = costs.point, []
    for sign in (1, -1):
        moved = costs.parameters.copy()
        moved[: costs.P] += sign * step * v
        costs.point = costs.probe.point(moved)
        slopes.append(costs.gradient())
    costs.point = at
    return (slopes[0] - slopes[1]) / (2 * step) * np.linalg.norm(costs.v)


ANSWERS = {
    "hvp": differences,
    "G.T @ u": lambda costs: every_gradient(costs).T @ costs.u,
    "G @ v": lambda costs: every_gradient(costs) @ costs.v,
    "norms": lambda costs: np.linalg.norm(every_gradient(costs), axis=1),
}


@timed
@every_network
def test_gradient(benchmark, widths, n):
    benchmark.group = f"probe of {'-'.join(map(str, widths))}"
    costs = Costs(widths, n)
    _, expected = costs.network.loss_and_gradient(costs.parameters, costs.X, costs.y)
    np.testing.assert_allclose(benchmark(costs.gradient), expected, rtol=1e-8, atol=1e-12)


@timed
@every_network
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_measurement(benchmark, name, widths, n):
    benchmark.group = f"probe of {'-'.join(map(str, widths))}"
    # Of a smooth activation, so that differences of the gradient cross no kink.
    few = Costs(widths, FEW, activation="silu")
    expected = ANSWERS[name](few)
    tolerance = 1e-5 if name == "hvp" else 1e-10
    actual = few.calls()[name]()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    benchmark(Costs(widths, n).calls()[name])


@timed
@pytest.mark.parametrize("how", ["at once", "one after the other"])
@pytest.mark.parametrize("name", sorted({"hvp", "gauss_newton", "G.T @ u", "G @ v"}))
@pytest.mark.parametrize(("widths", "n"), EIGHT)
def test_eight_vectors(benchmark, widths, n, name, how):
    benchmark.group = f"eight products {name} of {'-'.join(map(str, widths))}"
    at_once, single = Costs(widths, n).eight()[name]
    np.testing.assert_array_equal(at_once(), single())
    benchmark(at_once if how == "at once" else single)


@timed
@every_network
def test_every_gradient_beside_writing_an_array(benchmark, widths, n):
    costs = Costs(widths, n)
    gradients, writing = costs.matrix()
    benchmark.group = f"G of {'-'.join(map(str, widths))}, {writing().nbytes / 1e6:.0f} MB"
    G = benchmark.pedantic(gradients, rounds=3)
    np.testing.assert_allclose(np.linalg.norm(G[:FEW], axis=1), costs.norms()[:FEW])


@timed
@every_network
def test_writing_an_array(benchmark, widths, n):
    _, writing = Costs(widths, n).matrix()
    benchmark.group = f"G of {'-'.join(map(str, widths))}, {writing().nbytes / 1e6:.0f} MB"
    assert benchmark.pedantic(writing, rounds=3).min() == 1.0
