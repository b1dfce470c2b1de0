"""The executable specification of the engine: plain, slow and obvious NumPy in float64.

Reading order: random, activations, normalizations, skips, losses, network, probe, optimizers,
trainer.
Nothing here is fast and nothing here knows the engine; tests/engine compares the engine with it and
tests/oracles compares both with PyTorch.
"""

from . import probe, random
from .activations import ACTIVATIONS
from .losses import LOSSES
from .network import (
    Block,
    Component,
    LayerSpec,
    NetworkSpec,
    forward,
    is_weight,
    layout,
    loss,
    loss_and_gradient,
    n_parameters,
    n_trainable,
    outputs,
    predict,
    split,
)
from .normalizations import DEFAULTS as NORMALIZATIONS
from .optimizers import OPTIMIZERS
from .skips import SKIPS
from .trainer import Progress, Trainer

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "NORMALIZATIONS",
    "OPTIMIZERS",
    "SKIPS",
    "Block",
    "Component",
    "LayerSpec",
    "NetworkSpec",
    "Progress",
    "Trainer",
    "forward",
    "is_weight",
    "layout",
    "loss",
    "loss_and_gradient",
    "n_parameters",
    "n_trainable",
    "outputs",
    "predict",
    "probe",
    "random",
    "split",
]
