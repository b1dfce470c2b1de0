"""The executable specification of the engine: plain, slow and obvious NumPy in float64.

Reading order: random, activations, normalizations, reparametrizations, skips, losses, embeddings,
network, probe, optimizers, batch_ensemble, wrappers, augmentations, pretexts,
mixup, fisher, kfac, shampoo, trainer.
Nothing here is fast and nothing here knows the engine; tests/engine compares the engine with it and
tests/oracles compares both with PyTorch.
"""

from . import mixup, probe, random
from .activations import ACTIVATIONS
from .augmentations import AUGMENTATIONS
from .embeddings import EMBEDDINGS, EmbeddingSpec
from .losses import LOSSES
from .network import (
    Block,
    Component,
    LayerSpec,
    NetworkSpec,
    effective,
    forward,
    is_weight,
    layout,
    loss,
    loss_and_gradient,
    n_parameters,
    n_trainable,
    outputs,
    predict,
    pull_back,
    split,
)
from .normalizations import DEFAULTS as NORMALIZATIONS
from .pretexts import PRETEXTS
from .reparametrizations import REPARAMETRIZATIONS
from .skips import SKIPS
from .solvers import OPTIMIZERS
from .trainer import Progress, Trainer
from .wrappers import WRAPPERS

__all__ = [
    "ACTIVATIONS",
    "AUGMENTATIONS",
    "EMBEDDINGS",
    "LOSSES",
    "NORMALIZATIONS",
    "OPTIMIZERS",
    "PRETEXTS",
    "REPARAMETRIZATIONS",
    "SKIPS",
    "WRAPPERS",
    "Block",
    "Component",
    "EmbeddingSpec",
    "LayerSpec",
    "NetworkSpec",
    "Progress",
    "Trainer",
    "effective",
    "forward",
    "is_weight",
    "layout",
    "loss",
    "loss_and_gradient",
    "mixup",
    "n_parameters",
    "n_trainable",
    "outputs",
    "predict",
    "probe",
    "pull_back",
    "random",
    "split",
]
