"""Print what the instruments of minima and of gradients cost, in gradients over all rows.

python benchmarks/minima_costs.py [--units N] [--rows N] [--samples N]

Network, data and units are those of `landscape_costs.py`. Sharpness is measured per search; a
poisoned fit has a fifth of the rows as poison, and is given per epoch and per gradient over its own
rows, beside the same epoch without poison.
"""

import warnings

import numpy as np
from landscape_costs import print_costs
from sklearn.base import clone

from deepgen import Probe
from deepgen.generalization import fit_poisoned, keskar_sharpness, randomize, sam_sharpness
from deepgen.optimization import gradient_flow

STEPS = 5
EPOCHS = 2


def calls(models, X, y, _):
    """Yield name, unit and call; the unit says how many of it one call makes."""
    probe = Probe(models[0], X, y)
    one = {"n_starts": 1}
    done = keskar_sharpness(probe, n_iter=STEPS, **one).n_evaluations
    yield (
        "keskar_sharpness, an evaluation",
        done,
        lambda: keskar_sharpness(probe, n_iter=STEPS, **one),
    )
    yield (
        "in 20 dimensions, an iteration",
        STEPS,
        lambda: keskar_sharpness(probe, n_dimensions=20, n_iter=STEPS, **one),
    )
    yield "sam_sharpness, a step", STEPS, lambda: sam_sharpness(probe, n_steps=STEPS, **one)
    yield (
        "adaptive, a step",
        STEPS,
        lambda: sam_sharpness(probe, adaptive=True, n_steps=STEPS, **one),
    )
    yield "gradient_flow", 1, lambda: gradient_flow(probe)
    yield "without singular values", 1, lambda: gradient_flow(probe, n_points=0)
    for how in ("labels", "shuffled_pixels", "random_pixels", "gaussian"):
        yield f"randomize, {how}", 1, lambda how=how: randomize(X, y, how, random_state=0)
    net = clone(models[0]).set_params(max_iter=EPOCHS)
    n_poison = len(X) // 5
    poison = X[:n_poison], np.roll(y[:n_poison], 1)
    for name, (X_poison, y_poison) in (
        ("fit_poisoned, an epoch", poison),
        ("without poison, an epoch", (X[:0], y[:0])),
    ):
        yield name, EPOCHS, lambda at=X_poison, labels=y_poison: _quietly(net, X, y, at, labels)


def _quietly(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fit_poisoned(*arguments)


def main(arguments=None):
    """Print the table."""
    print_costs(__doc__.partition("\n")[0], calls, arguments)


if __name__ == "__main__":
    main()
