"""Print what the instruments of loss landscapes cost, in gradients over all rows.

python benchmarks/landscape_costs.py [--units N] [--rows N] [--samples N]

A classifier of 64 features and 10 classes with two hidden layers. Processor time of this process
with one thread; each cost is the median of samples, each of them beside a gradient.
"""

import argparse
import time
import warnings

import numpy as np

from deepgen import MLPClassifier, Probe
from deepgen.callbacks import Trajectory
from deepgen.optimization import align, balanced_probe, linear_path, loss_surface, trajectory_pca

POINTS = 5


def seconds(call):
    """Return the processor time of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def nets(units, n_rows):
    """Return two classifiers, their data and the trajectory of the first."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(n_rows, 64)), draw.integers(10, size=n_rows)
    trajectory = Trajectory(max_bytes=0)
    models = []
    for seed in (0, 1):
        model = MLPClassifier(
            (units, units),
            max_iter=10,
            tol=0,
            n_iter_no_change=np.inf,
            random_state=seed,
            n_jobs=1,
            dtype="float64",
        )
        if seed == 0:
            model.set_callbacks(trajectory)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            models.append(model.fit(X, y))
    return models, X, y, trajectory


def calls(models, X, y, trajectory):
    """Yield name, unit and call; the unit says how many of it one call makes."""
    a, b = models
    first, second = (Probe(model, X, y) for model in models)
    grid = {"alphas": np.linspace(-1, 1, POINTS), "betas": np.linspace(-1, 1, POINTS)}
    n = POINTS**2
    yield "loss_surface, a point", n, lambda: loss_surface(first, **grid)
    yield "with accuracy, a point", n, lambda: loss_surface(first, accuracy=True, **grid)
    yield "linear_path, a point", POINTS + 2, lambda: linear_path(first, second, n_points=POINTS)
    yield "align", 1, lambda: align(a, b)
    yield "balanced_probe", 1, lambda: balanced_probe(first)
    yield "trajectory_pca, a point", len(trajectory.epochs), lambda: trajectory_pca(trajectory)


def print_costs(description, calls, arguments=None):
    """Print a table of calls, which a function makes from what `nets` returns."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--samples", type=int, default=5)
    options = parser.parse_args(arguments)
    made = nets(options.units, options.rows)
    gradient = Probe(made[0][0], *made[1:3]).gradient
    gradient()
    print(f"64-{options.units}-{options.units}-10, {options.rows} rows")
    for name, count, call in calls(*made):
        pairs = [(seconds(call) / count, seconds(gradient)) for _ in range(options.samples)]
        cost = np.median([ours / unit for ours, unit in pairs])
        spent = np.median([ours for ours, _ in pairs])
        print(f"{name:34}{cost:8.2f} gradients {1e3 * spent:10.2f} ms")


def main(arguments=None):
    """Print the table."""
    print_costs(__doc__.partition("\n")[0], calls, arguments)


if __name__ == "__main__":
    main()
