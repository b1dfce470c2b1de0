"""Shapes, networks and tolerances for the property tests."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from small_networks import BATCH, LAYER, LOSS_COMPONENTS, NONE, SKIP_COMPONENTS

from deepgen import _core
from reference import ACTIVATIONS, LayerSpec, NetworkSpec

# Around every register width and tile edge, one beyond them all, and the smallest.
AWKWARD = [1, 15, 16, 17, 63, 64, 65, 300]

PATHS = _core.simd_paths()
DTYPES = ["float32", "float64"]

# Largest difference from the float64 twin, relative to the largest entry. A sum over 300 products
# errs by some 10 units in the last place, a normalization of a nearly constant column magnifies
# that by up to 1 / sqrt(epsilon) = 300, and three layers add up.
TOLERANCE = {"float32": 2e-4, "float64": 1e-11}

every_path = pytest.mark.parametrize("simd", PATHS)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def property_test(max_examples):
    """Examples are the same in every run: a gate that fails must fail again when asked why.

    So many with the usual profile; one that takes a tenth of the examples takes it here too.
    """
    share = settings.default.max_examples / settings.get_profile("default").max_examples
    return settings(
        max_examples=max(1, round(share * max_examples)), deadline=None, derandomize=True
    )


def assert_close(actual, expected, tolerance):
    """Largest difference relative to the largest expected entry (at least 1e-3)."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    if expected.size:
        scale = max(np.abs(expected).max(), 1e-3)
        assert np.abs(actual - expected).max() <= tolerance * scale


awkward = st.sampled_from(AWKWARD)


@st.composite
def towers(draw):
    """Many narrow layers with skips over any distance, several from one layer included."""
    layers = []
    for l in range(draw(st.integers(4, 10))):
        width = draw(st.sampled_from([5, 5, 17]))
        equal = [k for k in range(l) if layers[k].width == width]
        layers.append(
            LayerSpec(
                width=width,
                activation=draw(st.sampled_from(["identity", "tanh", "silu", "elu"])),
                normalization=draw(st.sampled_from([NONE, NONE, BATCH, LAYER])),
                skip_from=draw(st.sampled_from([-1, *equal])),
                dropout=draw(st.sampled_from([0.0, 0.0, 0.3])),
                skip=draw(st.sampled_from(SKIP_COMPONENTS)),
            )
        )
    layers.append(LayerSpec(width=2, activation="identity"))
    return NetworkSpec(n_inputs=3, layers=layers, loss=LOSS_COMPONENTS[0])


@st.composite
def networks(draw, *, smooth=False):
    """Specs of up to three hidden layers over awkward widths.

    ``smooth`` leaves out functions with a kink: there a rounded pre-activation may fall on the
    other side than the twin's, and the derivatives differ altogether.
    """
    names, losses = sorted(ACTIVATIONS), LOSS_COMPONENTS
    if smooth:
        names = [name for name in names if name not in ("relu", "leaky_relu", "selu")]
        losses = [loss for loss in losses if loss.name not in ("absolute_error", "quantile")]
    layers = []
    for l in range(draw(st.integers(0, 3))):
        width = draw(awkward)
        equal = [k for k in range(l) if layers[k].width == width]
        layers.append(
            LayerSpec(
                width=width,
                activation=draw(st.sampled_from(names)),
                normalization=draw(st.sampled_from([NONE, BATCH, LAYER])),
                skip_from=draw(st.sampled_from([-1, *equal])),
                dropout=draw(st.sampled_from([0.0, 0.3])),
                skip=SKIP_COMPONENTS[(l + width) % len(SKIP_COMPONENTS)],
            )
        )
    loss = draw(st.sampled_from(losses))
    n_outputs = draw(st.sampled_from([1, 3, 17]))
    if loss.name in ("log_loss", "focal"):
        n_outputs = max(n_outputs, 2)
    if isinstance(loss.settings.get("quantile"), list):
        n_outputs = len(loss.settings["quantile"])
    layers.append(LayerSpec(width=n_outputs, activation="identity"))
    return NetworkSpec(n_inputs=draw(awkward), layers=layers, loss=loss, bias=draw(st.booleans()))
