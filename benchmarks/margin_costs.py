"""Print what the instruments of margins and bounds cost, in gradients over all rows.

python benchmarks/margin_costs.py [--units N] [--rows N] [--samples N]

Network, data and units are those of `landscape_costs.py`. Compression is measured at 100 rows with
ten draws, as in the table of measures.
"""

from landscape_costs import print_costs

from deepgen import Probe
from deepgen.generalization import (
    compress,
    compression,
    margins,
    measures,
    noise_flatness,
    norm_bounds,
    spectral_complexity,
)


def calls(models, X, y, _):
    """Yield name, unit and call; the unit says how many of it one call makes."""
    probe = Probe(models[0], X, y)
    yield "spectral_complexity", 1, lambda: spectral_complexity(probe)
    yield "margins", 1, lambda: margins(probe)
    yield "norm_bounds", 1, lambda: norm_bounds(probe, percentile=99)
    yield "noise_flatness, a draw", 8, lambda: noise_flatness(probe)
    yield "compression", 1, lambda: compression(probe, n_points=100, n_draws=10)
    yield "compress", 1, lambda: compress(probe)
    for group in ("size", "margin", "norms", "lipschitz", "sharpness", "compression"):
        yield f"measures, {group}", 1, lambda group=group: measures(probe, of=group)


def main(arguments=None):
    """Print the table."""
    print_costs(__doc__.partition("\n")[0], calls, arguments)


if __name__ == "__main__":
    main()
