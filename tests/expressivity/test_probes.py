"""Probes are measured as their models are, at the weights that they hold."""

import numpy as np

from deepgen import Probe
from deepgen.expressivity import breakpoints, count_regions, linear_regions
from expressivity.networks import he_network

WINDOW = ((-5.0, 5.0), (-5.0, 5.0))


def test_a_probe_is_measured_like_its_model(rng):
    model = he_network(0, (2, 5, 5, 1))
    X = rng.normal(size=(10, 2))
    probe = Probe(model, X, model.predict(X))
    for measure in (linear_regions, count_regions):
        here, there = measure(probe, WINDOW), measure(model, WINDOW)
        assert here.n_activation_regions == there.n_activation_regions
    line = breakpoints(probe, X[0], X[1])
    assert np.array_equal(line.points, breakpoints(model, X[0], X[1]).points)


def test_a_probe_elsewhere_is_measured_there(rng):
    model = he_network(0)
    X = rng.normal(size=(10, 2))
    probe = Probe(model, X, model.predict(X))
    assert breakpoints(probe.at(0 * probe.parameters), X[0], X[1]).n_pieces == 1
    assert linear_regions(probe, WINDOW).n_activation_regions == 203
