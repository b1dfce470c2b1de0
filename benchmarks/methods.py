"""Methods that the table of scores compares: each is the base with one change, one line a method.

To add a method, add its line to METHODS.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from encoders import quantile_normal, standard
from sklearn.compose import TransformedTargetRegressor
from sklearn.neural_network import MLPClassifier as PeerClassifier
from sklearn.neural_network import MLPRegressor as PeerRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepgen import MLPClassifier, MLPRegressor
from deepgen.optimizers import ASAM, GSAM, LPFSGD, SAM, SGD

BASE = {
    "hidden_layer_sizes": (64, 64, 64),
    "batch_size": 128,
    "early_stopping": True,
    "n_iter_no_change": 8,
    "max_iter": 40,
}
"""Deep enough for skip connections; early stopping draws a tenth of the training rows."""


@dataclass(frozen=True)
class Method:
    """What a row of the table is.

    Parameters
    ----------
    changes : dict
        Parameters that differ from those of ``over``.
    over : dict
        What is changed.
    encoder : callable
        Takes a split and returns the encoder of its columns.
    peer : bool
        Whether scikit-learn's estimators are meant.
    """

    changes: dict = field(default_factory=dict)
    over: dict = field(default_factory=lambda: BASE)
    encoder: Callable = standard
    peer: bool = False

    @property
    def settings(self):
        """Everything that the score depends on beside table and seed."""
        return self.over | self.changes, self.peer, self.encoder.__name__

    def model(self, split, seed, **limits):
        """Return the unfitted pipeline for a split."""
        settings = {**self.over, **self.changes, **limits, "random_state": seed}
        if not self.peer:
            Model = MLPRegressor if split.is_regression else MLPClassifier
            net = Model(**settings)
        elif split.is_regression:
            peer = PeerRegressor(**settings)
            net = TransformedTargetRegressor(peer, transformer=StandardScaler())
        else:
            net = PeerClassifier(**settings)
        return make_pipeline(self.encoder(split), net)

    def score(self, split, seed, **limits):
        """Fit training and validation rows and return the score on the test rows."""
        rows = np.concatenate([split.train, split.val])
        return split.score(self.model(split, seed, **limits).fit(*split.part(rows)), split.test)

    def validate(self, split, seed, **limits):
        """Fit training rows and return the score on the validation rows."""
        split = split.with_validation()
        return split.score(
            self.model(split, seed, **limits).fit(*split.part(split.train)), split.val
        )


METHODS = {
    "scikit-learn, defaults": Method(over={}, peer=True),
    "deepgen, defaults": Method(over={}),
    "base: three layers of 64, early stopping": Method(),
    "SGD, Nesterov": Method({"solver": SGD(), "learning_rate_init": 0.02}),
    "AdaGrad": Method({"solver": "adagrad", "learning_rate_init": 0.02}),
    "RMSProp": Method({"solver": "rmsprop"}),
    "AdaDelta": Method({"solver": "adadelta"}),
    "AdamW": Method({"solver": "adamw"}),
    "K-FAC": Method({"solver": "kfac"}),
    "Shampoo": Method({"solver": "shampoo"}),
    "SAM": Method({"solver": SAM()}),
    "ASAM": Method({"solver": ASAM()}),
    "GSAM": Method({"solver": GSAM()}),
    "LPF-SGD": Method({"solver": LPFSGD()}),
    "silu": Method({"activation": "silu"}),
    "batch norm": Method({"normalization": "batch"}),
    "layer norm": Method({"normalization": "layer"}),
    "weight norm": Method({"normalization": "weight"}),
    "scaled weight standardization": Method(
        {"normalization": "scaled_weight_standardization", "initializer": "he_normal"}
    ),
    "residual": Method({"skip": "residual"}),
    "DeepNorm": Method({"skip": "deepnorm"}),
    "Fixup": Method({"skip": "fixup"}),
    "highway": Method({"skip": "highway"}),
    "dropout 0.1": Method({"dropout": 0.1}),
    "clipping at norm 1": Method({"clip_norm": 1.0}),
    "cosine schedule": Method({"learning_rate": "cosine"}),
    "one-cycle schedule": Method({"learning_rate": "one_cycle", "learning_rate_init": 5e-3}),
    "mixup 0.2": Method({"mixup": 0.2}),
    "Gaussian jitter": Method({"augmentation": "jitter"}),
    "feature masking": Method({"augmentation": "mask"}),
    "swap noise": Method({"augmentation": "swap"}),
    "EMA": Method({"averaging": "ema"}),
    "SWA, all epochs": Method({"averaging": "swa", "early_stopping": False}),
    "5 snapshots, all epochs": Method(
        {"averaging": "snapshot", "n_members": 5, "early_stopping": False}
    ),
    "learned line": Method({"averaging": "subspace"}),
    "5 members": Method({"n_members": 5}),
    "quantile-normal inputs": Method(encoder=quantile_normal),
}
