"""Planted measurements of the experiments on what makes nets generalize."""

from deepgen.experiments.claims import ensembles, lipschitz_capacity, net_double_descent
from experiments.planted import near


def plant_ensembles(holds):
    """Ensembles have a lower loss and snapshots differ least; or it is the other way round."""
    good, alike = (0.5, 0.1) if holds else (2.0, 0.9)
    measured = {}
    for task in ensembles.TASKS:
        for budget in ensembles.BUDGETS:
            for method in ensembles.METHODS:
                loss = near(1.0 if method == "one net" else good)
                difference = near(alike if method == "snapshots" else 0.5)
                measured[task, budget, method] = ensembles.Predictor(
                    loss, loss, loss, difference[::-1], difference
                )
    return [measured]


def plant_net_double_descent(holds):
    """Noise makes a peak over widths and over epochs, and only noise does; or it is reversed."""
    widths, peak = net_double_descent.WIDTHS, net_double_descent.PEAK
    risks, curves = {}, {}
    for name in net_double_descent.TRUTHS:
        for noise in net_double_descent.NOISES:
            high = 10.0 if bool(noise) == holds else 0.1
            low = {net_double_descent.NARROW: 1.0, net_double_descent.WIDE: 0.5 if holds else 2.0}
            risks[name, noise] = near(*[high if w == peak else low.get(w, 1.0) for w in widths])
    for task, noises in (
        ("norm", net_double_descent.NOISES),
        ("digits", net_double_descent.SHARES),
    ):
        early, late = (times[task] for times in (net_double_descent.EARLY, net_double_descent.LATE))
        for noise in noises:
            rises = bool(noise) == holds
            curve = [0.1 if epoch == late - 1 and not rises else 0.3 for epoch in range(late + 1)]
            curve[early - 1] = 0.2
            curve[-1] = 0.2
            curves[task, noise] = near(*curve)
    return [risks, curves]


def plant_lipschitz_capacity(holds):
    """Measures go along with the gap and parameters do not; or they do, and measures go against."""
    sign = 1 if holds else -1
    found = {name: sign * near(0.5, 0.4, 0.3) for name in lipschitz_capacity.MEASURES}
    found["parameters"] = near(0.01, 0.02, 0.01) if holds else near(0.5, 0.4, 0.3)
    shift = 0.0 if holds else 0.1
    return [found, {key: value + shift for key, value in lipschitz_capacity.REPRODUCED.items()}]
