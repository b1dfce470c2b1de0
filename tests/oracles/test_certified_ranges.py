"""Certified ranges against auto_LiRPA's CROWN, where it is installed."""

import numpy as np
import pytest
from generalization.random_networks import random_network

from deepgen.generalization import output_bounds
from deepgen.probe.folded_layers import folded_layers

torch = pytest.importorskip("torch")

ACTIVATIONS = {
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "tanh": torch.nn.Tanh,
    "logistic": torch.nn.Sigmoid,
}


def crown(model, box):
    """The ranges of the same layers by auto_LiRPA, whose tables are in float32."""
    lirpa = pytest.importorskip("auto_LiRPA")
    modules = []
    for layer in folded_layers(model):
        affine = torch.nn.Linear(*layer.weights.shape)
        affine.weight.data = torch.tensor(layer.weights.T.copy(), dtype=torch.float32)
        affine.bias.data = torch.tensor(layer.intercepts, dtype=torch.float32)
        modules.append(affine)
        if layer.activation != "identity":
            modules.append(ACTIVATIONS[layer.activation]())
    low, high = torch.tensor(box.T[:, None].copy(), dtype=torch.float32)
    middle = (low + high) / 2
    bounded = lirpa.BoundedModule(torch.nn.Sequential(*modules), middle, device="cpu")
    ball = lirpa.PerturbationLpNorm(norm=np.inf, x_L=low, x_U=high)
    ends = bounded.compute_bounds(x=(lirpa.BoundedTensor(middle, ball),), method="CROWN")
    return np.stack([end.detach().numpy()[0] for end in ends], axis=1)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("half", [0.02, 0.2, 1.0])
@pytest.mark.filterwarnings("ignore")
def test_ranges_are_no_wider_than_those_of_auto_lirpa(activation, half):
    ratios = []
    for seed in range(5):
        model = random_network(
            seed, n_inputs=6, widths=(20, 20, 20), n_outputs=3, activation=activation
        )
        centre = np.random.default_rng(seed).standard_normal(6)
        box = np.stack([centre - half, centre + half], axis=1)
        theirs = crown(model, box)
        bounds = output_bounds(model, box)
        ratios.append((bounds.upper - bounds.lower) / (theirs[:, 1] - theirs[:, 0]))
    print(f"{activation} {half}: {np.mean(ratios):.4f}, at most {np.max(ratios):.4f}")
    assert np.max(ratios) <= 1.01
