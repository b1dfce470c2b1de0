"""Print what Lipschitz constants and certified ranges cost, in gradients over all rows.

python benchmarks/bound_costs.py [--units N] [--rows N] [--samples N]

Network, data and units are those of `landscape_costs.py`. The first four lines are of a network of
two inputs and two hidden layers of 8 units, whose cells and patterns can be enumerated.
"""

import warnings

import numpy as np
from landscape_costs import print_costs

from deepgen import MLPRegressor
from deepgen.generalization import lipschitz, output_bounds

ALONE = {"n_points": 1, "max_cells": 1, "max_patterns": 1, "sdp": False}


def small():
    """Return a network of two inputs."""
    draw = np.random.default_rng(0)
    X = draw.normal(size=(300, 2))
    model = MLPRegressor(hidden_layer_sizes=(8, 8), max_iter=30, random_state=0, dtype="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, np.sin(3 * X[:, 0]) * X[:, 1])


def calls(models, X, _, __):
    """Yield name, unit and call; the unit says how many of it one call makes."""
    net, model = small(), models[0]
    yield "exact, two inputs", 1, lambda: lipschitz(net, **{**ALONE, "max_cells": 20_000})
    yield "pattern_maximum, 16 units", 1, lambda: lipschitz(net, **{**ALONE, "max_patterns": 2**16})
    yield "lipsdp, 18 unknowns", 1, lambda: lipschitz(net, **{**ALONE, "sdp": True})
    yield "exact range, two inputs", 1, lambda: output_bounds(net, [(-1, 1)] * 2)
    yield "product", 1, lambda: lipschitz(model, **ALONE)
    n = 1000
    yield "lower, a point", n, lambda: lipschitz(model, **{**ALONE, "n_points": n})
    box = np.stack([X[0] - 0.1, X[0] + 0.1], axis=1)
    yield "output_bounds", 1, lambda: output_bounds(model, box)


def main(arguments=None):
    """Print the table."""
    print_costs(__doc__.partition("\n")[0], calls, arguments)


if __name__ == "__main__":
    main()
