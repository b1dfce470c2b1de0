"""LipSDP-Neuron, against its published value, the chain, closed forms and solvers that fail."""

import sys

import numpy as np
import pytest

from deepgen._optional import MissingExtra
from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.generalization import lipschitz
from deepgen.generalization.lipschitz_constants.lipschitz_product import layer_bounds
from deepgen.generalization.lipschitz_constants.lipsdp import _certified, _form, lipsdp
from deepgen.generalization.lipschitz_constants.predicting_layers import predicting_layers
from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
from generalization.random_networks import all_kinds, random_network
from generalization.test_lipschitz import QUICK, published

pytest.importorskip("cvxpy", reason="LipSDP needs cvxpy: the extra sdp")


def parts(model):
    layers, _, _ = predicting_layers(model, what="a bound")
    return layers, [slope_range(layer) for layer in layers], layer_bounds(layers)[0]


def test_published_weights(shared_data):
    model = published(shared_data, "random_weights.mat")
    result = lipschitz(model, n_points=60)
    assert result.lipsdp == pytest.approx(36.482, abs=1e-3)
    assert result.exact <= result.lipsdp <= result.product
    assert result.upper == result.lipsdp


@pytest.mark.parametrize("n", [13, pytest.param(65, marks=pytest.mark.slow)])
def test_the_chain_holds_for_all_activations_and_skips(n):
    n_solved = n_useful = 0
    for model in all_kinds(n):
        result = lipschitz(model, **{**QUICK, "sdp": None})
        if result.lipsdp is None:
            assert "layer norm" in result.missing["lipsdp"]
            continue
        n_solved += 1
        n_useful += result.lipsdp < 0.95 * result.product
        assert (result.exact or result.lower) <= result.lipsdp <= result.product
        assert result.upper == min(result.lipsdp, result.pattern_maximum)
    assert n_solved >= 0.6 * n
    assert n_useful >= 0.5 * n_solved


def test_a_linear_network_has_the_norm_of_its_product():
    rng = np.random.default_rng(0)
    A, B = rng.standard_normal((3, 5)), rng.standard_normal((5, 2))
    model = regressor_from_layers([A, B], [np.zeros(5), np.zeros(2)], activation="identity")
    assert lipsdp(*parts(model)) == pytest.approx(np.linalg.norm(A @ B, 2), rel=1e-6)


def test_one_unit_between_one_input_and_one_output():
    model = regressor_from_layers([[[3.0]], [[2.0]]], [[0.0], [0.0]], activation="logistic")
    assert lipsdp(*parts(model)) == pytest.approx(1.5, rel=1e-6)


@pytest.mark.parametrize("r", [0.0, 1e-3, 1.0])
def test_any_multipliers_give_a_true_bound(r):
    # As if the solver had stopped early, or returned nonsense.
    rng = np.random.default_rng(0)
    for seed in range(20):
        model = random_network(seed)
        layers, slopes, bounds = parts(model)
        form = _form(layers, slopes, bounds)
        inputs = np.zeros(form.outputs.shape[1])
        inputs[: form.n_inputs] = 1.0
        T = rng.exponential(10.0 ** rng.integers(-6, 3), len(form.above))
        bound = np.sqrt(_certified(form, T, r, inputs)) * bounds[-1]
        assert bound >= lipschitz(model, **QUICK).exact


def test_without_cvxpy_the_default_says_so_and_the_demand_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "cvxpy", None)
    result = lipschitz(random_network(0), **{**QUICK, "sdp": None})
    assert result.lipsdp is None and "cvxpy is not installed" in repr(result)
    with pytest.raises(MissingExtra, match=r"LipSDP needs cvxpy: pip install 'deepgen\[sdp\]'"):
        lipschitz(random_network(0), **{**QUICK, "sdp": True})


def test_not_asked_for():
    assert lipschitz(random_network(0), **QUICK).missing["lipsdp"] == "not asked for"
