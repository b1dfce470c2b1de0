"""Optimizers: how a gradient becomes a change of the weights."""

from deepgen.optimizers.adadelta import AdaDelta
from deepgen.optimizers.adagrad import AdaGrad
from deepgen.optimizers.adam import Adam
from deepgen.optimizers.adamw import AdamW
from deepgen.optimizers.lbfgs import LBFGS
from deepgen.optimizers.optimizer import FirstOrder, Optimizer
from deepgen.optimizers.rmsprop import RMSProp
from deepgen.optimizers.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "FirstOrder",
    "Optimizer",
    "RMSProp",
]

SOLVERS: dict[str, type[Optimizer]] = {
    "adadelta": AdaDelta,
    "adagrad": AdaGrad,
    "adam": Adam,
    "adamw": AdamW,
    "lbfgs": LBFGS,
    "rmsprop": RMSProp,
    "sgd": SGD,
}
"""The names that ``solver`` takes."""
