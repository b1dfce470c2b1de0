"""Optimizers: how a gradient becomes a change of the weights."""

from deepgen.optimizers.adam import Adam
from deepgen.optimizers.adamw import AdamW
from deepgen.optimizers.lbfgs import LBFGS
from deepgen.optimizers.optimizer import FirstOrder, Optimizer
from deepgen.optimizers.sgd import SGD

__all__ = ["LBFGS", "SGD", "Adam", "AdamW", "FirstOrder", "Optimizer"]

SOLVERS: dict[str, type[Optimizer]] = {"adam": Adam, "adamw": AdamW, "lbfgs": LBFGS, "sgd": SGD}
"""The names that ``solver`` takes."""
