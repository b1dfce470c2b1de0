"""Networks that fold the plane: the bound of Montufar et al. is reached; and what holds for all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import breakpoints, count_regions, linear_regions, region_bounds
from deepgen.expressivity.piecewise import piecewise_linear_of


def folding(n_folds, lines, *, scale=1.0, shift=0.0):
    """Fold [0, 1]^2 onto itself in halves, n_folds times along each axis, then cut by lines.

    ``lines`` (n, 3) are p x + q y + r in the folded square; inputs are scale x + shift.
    """
    p, q, r = np.asarray(lines, dtype=float).T
    # u - v with u = (2x)_+ and v = (4x - 2)_+ is the fold.
    unfold = np.kron(np.eye(2), [[1.0], [-1.0]])
    double = np.kron(np.eye(2), [[2.0, 4.0]])
    bias = np.array([0.0, -2.0, 0.0, -2.0])
    first = shift * double.sum(axis=0) + bias
    coefs = [scale * double] + [unfold @ double] * (n_folds - 1)
    weights = np.arange(1.0, len(lines) + 1.0)[:, None]
    return regressor_from_layers(
        [*coefs, unfold @ np.stack([p, q]), weights],
        [first, *[bias] * (n_folds - 1), r, np.zeros(1)],
    )


# Four lines whose six crossings lie inside the unit square.
LINES = [(1.0, 0.1, -0.5), (0.1, 1.0, -0.45), (1.0, 1.0, -1.1), (1.0, -1.0, 0.13)]


@pytest.mark.parametrize("n_folds", [1, 2, 3, 4])
@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (1 / 3, 0.1), (1e-5, 0.5)])
def test_the_lower_bound_is_reached(n_folds, scale, shift):
    model = folding(n_folds, LINES, scale=scale, shift=shift)
    ends = tuple(float((end - shift) / scale) for end in (0.0, 1.0))
    count = linear_regions(model, (ends, ends)).n_activation_regions
    assert count == region_bounds((2, *[4] * (n_folds + 1))).montufar_lower
    assert count == 4**n_folds * 11


def test_linear_programs_find_the_same():
    window = ((0.0, 1.0), (0.0, 1.0))
    assert count_regions(folding(1, LINES), window).n_activation_regions == 44


@pytest.mark.slow
@given(
    seed=st.integers(0, 10**6),
    widths=st.lists(st.integers(1, 10), min_size=1, max_size=5),
    reach=st.sampled_from([1e-2, 1.0, 1e4]),
    parameters=st.sampled_from([{}, {"activation": "leaky_relu"}, {"skip": "residual"}]),
)
def test_cells_have_patterns_and_areas_of_their_own(seed, widths, reach, parameters):
    rng = np.random.default_rng(seed)
    sizes = [2, *widths, 2]
    coefs = [rng.normal(size=shape) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
    intercepts = [rng.normal(size=width) for width in sizes[1:]]
    model = regressor_from_layers(coefs, intercepts, **parameters)
    window = ((-reach, 1.1 * reach), (-0.9 * reach, reach))
    result = linear_regions(model, window)
    # The set of points with one pattern is convex, so no pattern can have two cells.
    assert len(np.unique(result.patterns, axis=0)) == result.n_activation_regions
    assert result.n_linear_regions <= result.n_activation_regions
    assert result.areas.min() > 0
    assert result.areas.sum() == pytest.approx(2.1 * 1.9 * reach**2, rel=1e-10)
    if "skip" not in parameters:
        assert result.n_activation_regions <= region_bounds((2, *widths)).serra_upper
    X = np.stack([polygon.mean(axis=0) for polygon in result.polygons])
    mapped = np.einsum("coi,ci->co", result.maps, np.hstack([X, np.ones((len(X), 1))]))
    size = np.abs(mapped).max()
    np.testing.assert_allclose(mapped, model.predict(X), atol=1e-10 * size)
    line = breakpoints(model, X[0], X[-1] + 1e-3 * reach)
    t = (line.t[1:] + line.t[:-1]) / 2
    middles = line.a + t[:, None] * (line.b - line.a)
    values = (line.values[1:] + line.values[:-1]) / 2
    np.testing.assert_allclose(model.predict(middles), values, atol=1e-10 * np.abs(values).max())
    seen = piecewise_linear_of(model).patterns(middles)
    assert len(np.unique(seen, axis=0)) <= line.n_activation_pieces
