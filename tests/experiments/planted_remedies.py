"""Planted measurements of the experiments on remedies, combined causes and conditioning."""

import itertools

import numpy as np

from deepgen.experiments.claims import combined_causes, conditioning_fixes, remedies
from experiments.planted import SEEDS, near


def plant_remedies(holds):
    """Remedies help, SAM most without jitter; or all do harm, SAM most without jitter."""
    errors = {}
    for remedy, jitter in (*remedies.CELLS, *remedies.FEWER):
        gain = 0.0 if remedy in ("none", "fewer rows") else 0.05
        if remedy == "SAM" and jitter:
            gain = 0.025
        gain += 0.05 * jitter
        if not holds:
            gain = -gain
        errors[remedy, jitter] = 0.2 * (1 - gain) * near(1.0, 1.0, 1.0)
    return [errors]


def plant_combined_causes(holds):
    """Each cause helps, and more beside others; or each does harm, and more beside others."""
    gap = np.empty((SEEDS, 3, *(2,) * len(combined_causes.CAUSES)))
    for combination in itertools.product((0, 1), repeat=len(combined_causes.CAUSES)):
        number = sum(combination)
        change = (0.01 * number + 0.005 * number**2) * (-1 if holds else 1)
        gap[(slice(None), slice(None), *combination)] = 0.3 + change + 0.01 * (near(1, 1, 1) - 1)
    return [gap, gap + 0.01]


def plant_conditioning_fixes(holds):
    """Every fix is quicker and fits better; or the plain methods and deep plain nets are better."""
    slow = ("SGD", "Adam", conditioning_fixes.STARTS[0])
    steps = {
        (inputs, method): near(500.0 if (method in slow) == holds else 100.0)
        for inputs in conditioning_fixes.INPUTS
        for method in conditioning_fixes.METHODS
    }
    errors = {}
    for kind in conditioning_fixes.SKIPS:
        deep = 0.5 if (kind == "plain") == holds else 0.05
        errors[kind, conditioning_fixes.SHALLOW] = near(0.1)
        errors[kind, conditioning_fixes.DEEP] = near(deep)
    return [steps, errors]
