"""Print what Laplace, PAC-Bayes, influence and their neighbours cost, in gradients over all rows.

python benchmarks/uncertainty_costs.py [--units N] [--rows N] [--samples N]

Network, data and units are those of `landscape_costs.py`. Kernel and influence of rows on
themselves take some of the rows; a bound is given per draw, an intrinsic dimension per iteration.
"""

import warnings

from landscape_costs import print_costs
from sklearn.base import clone

from deepgen import Probe
from deepgen.generalization import (
    influence,
    intrinsic_dimension,
    laplace,
    neural_collapse,
    ntk,
    pac_bayes,
)

FEW, DRAWS, ITERATIONS = 50, 400, 5


def calls(models, X, y, _):
    """Yield name, unit and call; the unit says how many of it one call makes."""
    probe, few = Probe(models[0], X, y), Probe(models[0], X[:FEW], y[:FEW])
    for hessian in ("last_layer", "kronecker", "diagonal"):
        yield f"laplace, {hessian}", 1, lambda h=hessian: laplace(probe, h, alpha=1.0)
        posterior = laplace(probe, hessian, alpha=1.0)
        yield "deviation of a row", FEW, lambda p=posterior: p.output_covariance(few)
    done = influence(probe, X[:FEW], y[:FEW], tol=1e-4).n_products
    yield "influence, a product", done, lambda: influence(probe, X[:FEW], y[:FEW], tol=1e-4)
    yield "neural_collapse", 1, lambda: neural_collapse(probe)
    yield "ntk, a row", FEW, lambda: ntk(few)
    net = clone(models[0]).set_params(max_iter=1)
    yield (
        "pac_bayes, a draw",
        DRAWS,
        lambda: _quietly(lambda: pac_bayes(net, X, y, sigmas=[0.01], n_draws=DRAWS)),
    )
    yield (
        "intrinsic_dimension, an iteration",
        2 * ITERATIONS,
        lambda: intrinsic_dimension(net, X, y, dimensions=[10], max_iter=ITERATIONS),
    )


def _quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def main(arguments=None):
    """Print the table."""
    print_costs(__doc__.partition("\n")[0], calls, arguments)


if __name__ == "__main__":
    main()
