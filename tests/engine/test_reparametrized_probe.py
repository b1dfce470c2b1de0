"""The chain rule between trained numbers and effective weights, against the twin."""

import numpy as np
import pytest
from small_networks import LAYER, REPARAMETRIZATIONS, describe, problem, residual

import reference
from deepgen import _core
from engine.building import network_of
from engine.strategies import assert_close

# Float64 on both sides; some hundred products of order one, in another order.
TOLERANCE = 1e-11

every_member = pytest.mark.parametrize("member", REPARAMETRIZATIONS, ids=describe)


class Reparametrized:
    """A reparametrized problem, its chain rule, and a direction and slopes to send through it."""

    def __init__(self, member):
        self.spec = residual(LAYER, reparametrization=member)
        self.parameters, *_ = problem(self.spec)
        self.P = reference.n_trainable(self.spec)
        self.chain = _core.Chain(network_of(self.spec), self.parameters)
        rng = np.random.default_rng(1)
        self.direction, self.slopes, self.tangent = rng.normal(size=(3, self.P))
        self.gains = np.zeros(self.P, dtype=bool)
        for block in reference.layout(self.spec):
            if block.name.startswith("gain"):
                self.gains[block.offset : block.offset + block.size] = True

    def pulled(self, slopes):
        rows = slopes[np.newaxis].copy()
        self.chain.pull_back(rows)
        return rows[0]


@every_member
def test_directions_move_the_effective_weights_as_the_twins(member):
    case = Reparametrized(member)
    expected = reference.probe.pushed_forward(case.spec, case.parameters, case.direction)
    moved = case.chain.push_forward(case.direction)
    assert_close(moved[~case.gains], expected[~case.gains], TOLERANCE)
    assert not moved[case.gains].any()


@every_member
def test_gradients_are_pulled_back_as_the_twins(member):
    case = Reparametrized(member)
    expected = reference.pull_back(case.spec, case.parameters, case.slopes)
    assert_close(case.pulled(case.slopes), expected, TOLERANCE)


@every_member
def test_pulling_back_is_the_transpose_of_pushing_forward(member):
    case = Reparametrized(member)
    slopes = np.where(case.gains, 0.0, case.slopes)
    forward = slopes @ case.chain.push_forward(case.direction)
    assert forward == pytest.approx(case.pulled(slopes) @ case.direction, rel=1e-11)


@every_member
def test_the_pulled_back_gradient_moves_as_the_twins(member):
    case = Reparametrized(member)
    step = reference.probe.STEP
    moved = case.parameters + 1j * step * case.direction
    slopes = case.slopes + 1j * step * case.tangent
    expected = reference.pull_back(case.spec, moved, slopes).imag / step
    actual = case.tangent.copy()
    case.chain.pull_back_tangent(case.direction, case.slopes, actual)
    assert_close(actual, expected, TOLERANCE)


def test_what_does_not_fit_a_chain_is_refused():
    case = Reparametrized(REPARAMETRIZATIONS[1])
    with pytest.raises(ValueError, match="parameters has 3 entries"):
        _core.Chain(network_of(case.spec), np.zeros(3))
    with pytest.raises(ValueError, match="a probe measures in float64, the network is float32"):
        _core.Chain(network_of(case.spec, "float32"), case.parameters)
    with pytest.raises(ValueError, match="direction has 2 entries"):
        case.chain.push_forward(np.zeros(2))
    with pytest.raises(ValueError, match="direction"):
        case.chain.push_forward(np.full(case.P, np.nan))
    with pytest.raises(ValueError, match="gradients"):
        case.chain.pull_back(np.zeros((2, 3)))
    read_only = np.zeros((2, case.P))
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="gradients is read-only"):
        case.chain.pull_back(read_only)
    with pytest.raises(ValueError, match="tangent has 1 entries"):
        case.chain.pull_back_tangent(case.direction, case.slopes, np.zeros(1))
