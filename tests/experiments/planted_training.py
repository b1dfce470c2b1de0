"""Planted measurements of the experiments on methods of training."""

import numpy as np

from deepgen.experiments.claims import (
    early_stopping,
    pretext_tasks,
    rare_features,
    regularizer_costs,
    sam_flatness,
)
from experiments.planted import SEEDS, near


def plant_early_stopping(holds):
    """The stop saves computing and costs no error; or it costs both."""
    computing, error = (0.3, 0.9) if holds else (1.9, 1.5)
    return [
        {
            kind: [
                early_stopping.Stopping(
                    np.ones((3, 9)),
                    2,
                    5,
                    np.array([[computing * factor, 1.0]] * 2),
                    np.array([[error * factor, 1.0]] * 2),
                )
                for factor in near(1.0)
            ]
            for kind in early_stopping.TASKS
        }
    ]


def plant_pretext_tasks(holds):
    """Pretraining takes errors off where labels are few and none where they are many; or adds."""
    few = 0.3 if holds else 0.6
    alone, warm = near(0.5, 0.5, 0.3, 0.2, 0.1), near(few, few, 0.3, 0.2, 0.1)
    return [dict.fromkeys(pretext_tasks.DATA, np.stack([alone, *[warm] * 6], axis=1))]


def plant_rare_features(holds):
    """Adaptive methods leave rare words less, and SGD wants high rates for them; or reversed."""
    good = {
        method: 0.1 if (method in rare_features.RIVALS) == holds else 1.0
        for method in rare_features.METHODS
    }
    cells = [
        (kind, method, kappa)
        for kappa in rare_features.KAPPAS
        for kind in rare_features.MODELS
        for method in rare_features.METHODS
    ]
    n_tenths = rare_features.TENTHS + 1
    rates = np.log2(rare_features._rates("SGD"))[:, None, None]
    best = np.where(np.arange(n_tenths) >= 7, 3.0 if holds else -3.0, 0.0)
    curves = np.broadcast_to((rates - best) ** 2, (len(rates), SEEDS, n_tenths))
    return [
        {cell: near(*[good[cell[1]]] * n_tenths) for cell in cells},
        dict.fromkeys(rare_features.MODELS, curves),
    ]


def plant_regularizer_costs(holds):
    """Regularizers cost time and lower the error; or they are dear by step, quick and harmful."""
    cheap, dear = (1.0, 1.9) if holds else (2.0, 1.0)
    epochs, error = (20.0, 0.1) if holds else (2.0, 0.5)
    measured = {}
    for method in regularizer_costs.METHODS:
        plain = method == "plain"
        curves = np.full((SEEDS, 2, 10), 0.2 if plain else error) * near(1.0)[:, None, None]
        measured[method] = regularizer_costs.Costs(
            near(1.0 if plain else dear if method == "SAM" else cheap),
            near(10.0 if plain else epochs),
            curves,
        )
    return [measured]


def plant_sam_flatness(holds):
    """SAM is flatter at equal loss and gains little; or sharper at another loss, and gains much."""
    sgd, sam = (0.11, 0.1) if holds else (0.3, 0.1)
    pairs = []
    for factor in near(1.0):
        curves = tuple(
            np.array([[1.0, loss], [0.5, error]])
            for loss, error in ((0.1, sgd * factor), (0.1 if holds else 0.3, sam))
        )
        eigenvalues = (5.0, factor) if holds else (1.0, 5.0 * factor)
        pairs.append(sam_flatness.Training(curves, (2, 2), eigenvalues, 5.0))
    return [{(name, "SAM"): pairs for name in sam_flatness.TASKS}]
