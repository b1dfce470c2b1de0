"""Optimizers: rules that turn gradients into changes of the weights."""

from deepgen.optimizers.adadelta import AdaDelta
from deepgen.optimizers.adagrad import AdaGrad
from deepgen.optimizers.adam import Adam
from deepgen.optimizers.adamw import AdamW
from deepgen.optimizers.asam import ASAM
from deepgen.optimizers.gsam import GSAM
from deepgen.optimizers.kfac import KFAC
from deepgen.optimizers.lbfgs import LBFGS
from deepgen.optimizers.lpfsgd import LPFSGD
from deepgen.optimizers.optimizer import FirstOrder, Optimizer
from deepgen.optimizers.rmsprop import RMSProp
from deepgen.optimizers.sam import SAM
from deepgen.optimizers.sgd import SGD
from deepgen.optimizers.shampoo import Shampoo

__all__ = [
    "ASAM",
    "GSAM",
    "KFAC",
    "LBFGS",
    "LPFSGD",
    "SAM",
    "SGD",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "FirstOrder",
    "Optimizer",
    "RMSProp",
    "Shampoo",
]

SOLVERS: dict[str, type[Optimizer]] = {
    "adadelta": AdaDelta,
    "adagrad": AdaGrad,
    "adam": Adam,
    "adamw": AdamW,
    "kfac": KFAC,
    "lbfgs": LBFGS,
    "rmsprop": RMSProp,
    "sgd": SGD,
    "shampoo": Shampoo,
}
"""Names that ``solver`` accepts."""

WRAPPERS: tuple[type[Optimizer], ...] = (ASAM, GSAM, LPFSGD, SAM)
"""Wrappers around another optimizer; objects only, since a name could not say which."""
