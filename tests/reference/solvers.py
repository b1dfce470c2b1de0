"""Every optimizer by the engine's name: elementwise rules and preconditioners."""

from . import optimizers
from .kfac import KFAC
from .shampoo import Shampoo

OPTIMIZERS = {**optimizers.OPTIMIZERS, "kfac": KFAC, "shampoo": Shampoo}
