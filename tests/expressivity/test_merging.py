"""Linear regions, against connected areas of equal gradient on a fine grid of pixels."""

import numpy as np
import pytest
from scipy.ndimage import label

from deepgen.estimators.from_weights import regressor_from_layers
from deepgen.expressivity import linear_regions
from deepgen.expressivity.piecewise import piecewise_linear_of

REACH, N_PIXELS = 2.0, 800
# Regions of a few pixels may fall apart or vanish on the grid.
LARGE = 100 * (2 * REACH / N_PIXELS) ** 2


def pixels_of_cells(model, result):
    """The cell of each pixel's middle, by its pattern."""
    axis = REACH * (2 * (np.arange(N_PIXELS) + 0.5) / N_PIXELS - 1)
    X = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    patterns = piecewise_linear_of(model).patterns(X)
    bit = 2 ** np.arange(patterns.shape[1])
    cell_of = np.full(2 ** len(bit), -1)
    cell_of[result.patterns @ bit] = np.arange(len(result.patterns))
    cells = cell_of[patterns @ bit]
    assert cells.min() >= 0
    return cells.reshape(N_PIXELS, N_PIXELS)


@pytest.mark.parametrize("seed", range(8))
def test_regions_are_connected_areas_of_one_gradient(seed):
    # Two units that are mostly off: many switches of the first layer reach no output.
    state = np.random.RandomState(seed)
    model = regressor_from_layers(
        [state.randn(2, 8), state.randn(8, 2), state.randn(2, 1)],
        [state.randn(8), -2 + 0.3 * state.randn(2), [0.0]],
    )
    result = linear_regions(model, ((-REACH, REACH), (-REACH, REACH)))
    assert result.n_linear_regions < result.n_activation_regions
    gradients = result.maps[:, 0, :2].round(9) + 0.0
    _, kind = np.unique(gradients, axis=0, return_inverse=True)
    image = kind.ravel()[pixels_of_cells(model, result)]
    sizes = []
    for gradient in np.unique(image):
        labels, _ = label(image == gradient)
        sizes.extend(np.bincount(labels.ravel())[1:])
    areas = np.bincount(result.regions, weights=result.areas)
    seen = np.sort(np.array(sizes) * (2 * REACH / N_PIXELS) ** 2)[::-1]
    expected = np.sort(areas)[::-1]
    n_large = int((expected > LARGE).sum())
    np.testing.assert_allclose(seen[:n_large], expected[:n_large], atol=0.02, rtol=0.02)
    assert (seen[n_large:] < 1.5 * LARGE).all()
