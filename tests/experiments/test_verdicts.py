"""Each experiment's judgement, on planted measurements where its claim holds and where it fails.

Nothing is trained: a verdict must follow from the numbers, whichever way they point. Findings that
are theorems, and no measurement enters, are supported in both.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from deepgen._interval import wilson_interval
from deepgen.experiments import CATALOG
from deepgen.experiments.claims import (
    bad_minima,
    batch_norm_batch_size,
    bounded_sigma,
    bumps,
    combined_causes,
    compressibility,
    conditioning,
    conditioning_fixes,
    decision_regions,
    deep_gradients,
    depth_sweep,
    double_descent,
    early_stopping,
    edge_of_stability,
    ensembles,
    helpful_noise,
    label_learning_curve,
    large_batch,
    linear_path,
    lipschitz_capacity,
    loss_geometry,
    margin_distributions,
    minibatch_redundancy,
    minima_measures,
    mlp_loss,
    mode_connectivity,
    net_double_descent,
    noise_floor,
    normalizers,
    optimizer_costs,
    oversized_nets,
    pretext_tasks,
    random_labels,
    rare_features,
    rect,
    regions,
    regression_1d,
    regularizer_costs,
    remedies,
    saddle_escape,
    sam_flatness,
    seed_spread,
    shallow_deep,
    smooth_activations,
    square,
    stochastic_mlp_loss,
    stronger_optimizer,
    three_errors,
    tri,
    universal_approximation,
    width_sweep,
    zero_training_error,
)
from deepgen.experiments.finding import overall_verdict
from experiments import (
    planted_capacity,
    planted_expressivity,
    planted_generalization,
    planted_minima,
    planted_remedies,
    planted_sweeps,
    planted_training,
)
from experiments.planted import SEEDS, near


def plant_batch_norm_batch_size(holds):
    """Batch norm suffers from small batches and layer norm does not; or the other way round."""
    suffers, other = ("batch norm", "layer norm") if holds else ("layer norm", "batch norm")
    errors = {(2, suffers): 0.2, (64, suffers): 0.05, (2, other): 0.05, (64, other): 0.05}
    errors |= {(2, "plain"): 0.05, (64, "plain"): 0.05}
    if not holds:
        errors[64, "batch norm"] = 0.2
    return [{cell: near(error) for cell, error in errors.items()}]


def plant_conditioning(holds):
    plain, normalized = near(10.0, 100.0, 0.1, 5.0), near(5.0, 200.0, 0.1, 5.0)[::-1]
    if not holds:
        plain, normalized = normalized, plain
    return [{(("pixels", 1), False): plain, (("pixels", 1), True): normalized}]


def plant_edge_of_stability(holds):
    n = edge_of_stability.N_POINTS
    loss = np.geomspace(1, 0.1 if holds else 10.0, n)
    at = {edge_of_stability.N_ROWS: 1.0, edge_of_stability.BATCH: 0.6}
    runs = {}
    for batch, level in at.items():
        levels = near(level if holds else 1.5)[:, None] * np.ones(n)
        runs[0.1, batch] = np.stack([levels, loss ** near(1.0)[:, None]], axis=1)
    return [runs]


def plant_double_descent(holds):
    laws = np.array([double_descent.law(p) for p in double_descent.SIZES])
    gaussian = np.where(np.isfinite(laws), laws, 100.0) if holds else np.full(len(laws), 5.0)
    peak = 100.0 if holds else 1.0
    relu = [peak if p == 40 else 1.0 for p in double_descent.RELU_SIZES]
    return [near(*gaussian), near(*relu)]


def plant_linear_path(holds):
    return [[0.001, 0.002] * 20, 40] if holds else [[0.5, 0.6] * 20, 2]


def plant_loss_geometry(holds):
    plain = {3: 0.1, 21: 0.5} if holds else {3: 0.5, 21: 0.1}
    found = {("plain", depth): near(value) for depth, value in plain.items()}
    return [found | {("residual", depth): near(0.11 if holds else 0.5) for depth in (3, 21)}]


def plant_minibatch_redundancy(holds):
    copies = np.array(minibatch_redundancy.COPIES)
    full, stochastic = (copies, 0 * copies + 5.0) if holds else (0 * copies + 5.0, copies)
    return [np.tile(np.stack([full, stochastic], axis=1), (SEEDS, 1, 1)).astype(float)]


def plant_mlp_loss(holds):
    printed = SimpleNamespace(right=None, saddle=lambda _: [-1.0 if holds else 1.0])
    if holds:
        return [printed, np.zeros(3), 0.0, [0.001, 0.002], [0.001, 0.002]]
    return [printed, np.arange(3.0), 0.5, [0.50, 0.51], [0.50, 0.51]]


def plant_mode_connectivity(holds):
    left = {name: 0.1 if holds else 0.9 for name in mode_connectivity.NETS}
    left["512"] = 0.01 if holds else 0.95
    return [{name: near(1.0, share) for name, share in left.items()}]


def plant_noise_floor(holds):
    steps = np.array(noise_floor.STEPS)
    law = np.array([steps, 1 / steps]) if holds else np.array([1 / steps, steps])
    level = 1.0 if holds else 3.0
    found = level * near(*np.ones(6)).reshape(SEEDS, 2, 3) * law
    floors = np.stack([found, np.tile(law, (SEEDS, 1, 1))], axis=1)
    errors = near(0.1, 0.12) if holds else near(0.12, 0.1)
    return [{"linear": floors, "net": floors}, errors]


def plant_normalizers(holds):
    """Plain nets suffer from bad starts, normalized ones do not; or the other way round."""
    return [
        {
            (start, net): near(5.0 if start == "well scaled" or (net == "plain") != holds else 50.0)
            for start in normalizers.STARTS
            for net in normalizers.NETS
        }
    ]


def plant_optimizer_costs(holds):
    by_ratio = {}
    for ratio in optimizer_costs.RATIOS:
        logs = np.log(1 / optimizer_costs.DETERMINISTIC)
        samples = 1 / optimizer_costs.STOCHASTIC
        if holds:
            steps = {"GD": ratio * logs, "Newton": np.log(logs) + 5, "SGD": samples}
            steps["second-order SGD"] = samples
        else:
            steps = {"GD": logs**4, "Newton": ratio * logs, "SGD": samples**0.1}
            steps["second-order SGD"] = ratio * samples**2
        by_ratio[ratio] = [{"kappa": ratio, **steps} for _ in range(SEEDS)]
    return [by_ratio]


def plant_regression_1d(holds):
    wide = regression_1d.COMPLEXITY["perceptron"][1:]
    net, overfit = ((0.12, 0.16, 0.0), 2.0) if holds else ((0.3, 0.3, 0.0), 0.5)
    answers = {("perceptron", width, 0): net for width in wide}
    answers |= {("tree", 8, 0): (0.1, 0.2, 0.0), ("polynomial", 10, 0): (0.1, 0.2, 0.0)}
    answers |= {(kind, complexity, 0): (0.1, 0.2 * overfit, 0.0)
                for kind, complexity in (("tree", 64), ("polynomial", 20))}  # fmt: skip
    return [answers, wide, near(*[net[1]] * len(wide))]


def plant_saddle_escape(holds):
    grid = [(kappa, m) for kappa in saddle_escape.KAPPAS for m in saddle_escape.MOMENTA]
    # Plain descent needs kappa steps; momentum the root of that, or twice as many.
    steps = {(kappa, m): kappa if m == 0 or not holds else kappa**0.5 for kappa, m in grid}
    network = {0.0: 100, 0.9: 10 if holds else 100}
    return [steps, 50, {0.0: 50, 0.9: 50} if holds else {0.0: 5, 0.9: 5}, network]


def plant_seed_spread(holds):
    wild = 1 + 0.5 * np.linspace(-1, 1, SEEDS)
    return [(4, 64), dict.fromkeys((4, 64), near(0.2) if holds else 0.3 * wild)]


def plant_stochastic_mlp_loss(holds):
    left = np.tile(near(0.01 if holds else 0.9), 7)
    return [len(left) if holds else 0, left]


def plant_stronger_optimizer(holds):
    stronger, weaker = (0.1, 1.0) if holds else (1.0, 0.1)
    cells = [(labels, solver) for labels in stronger_optimizer.FLIPPED
             for solver in stronger_optimizer.SOLVERS]  # fmt: skip
    loss = {cell: near(stronger if cell[1] in stronger_optimizer.STRONGER else weaker)
            for cell in cells}  # fmt: skip
    error = {cell: near(0.1 if holds or cell[1] in stronger_optimizer.STRONGER else 0.5)
             for cell in cells}  # fmt: skip
    return [loss, error]


def plant_three_errors(holds):
    def result(approximation, estimation, optimization, rho=0.1):
        lowest = 1.0 + approximation
        return SimpleNamespace(
            approximation=approximation,
            bayes_risk=1.0,
            rho_asked=rho,
            repeats={
                "approximation": approximation,
                "risk_best": lowest + near(estimation),
                "risk": lowest + near(estimation) + near(optimization),
                "empirical_best": lowest - near(0.1) * (1 if holds else -1),
            },
        )

    pieces = {2: (0.3, 0.01), 64: (0.1, 0.3)} if holds else {2: (0.1, 0.3), 64: (0.3, 0.01)}
    sizes = {50: 0.3, 1600: 0.01} if holds else {50: 0.01, 1600: 0.3}
    tolerances = {0.2: 0.2, 0.02: 0.01} if holds else {0.2: 0.01, 0.02: 0.2}
    return [
        {k: result(*errors, 0.0) for k, errors in pieces.items()},
        {n: result(0.1, estimation, 0.0) for n, estimation in sizes.items()},
        {rho: result(0.1, 0.1, error, rho) for rho, error in tolerances.items()},
    ]


def plant_zero_training_error(holds):
    narrow, wide = (0, 50) if holds else (50, 0)
    widths = zero_training_error.WIDTHS
    return [{widths[2]: wilson_interval(narrow, 50), widths[-1]: wilson_interval(wide, 50)}]


MODULES = [
    bad_minima, batch_norm_batch_size, bounded_sigma, bumps, combined_causes,
    conditioning, conditioning_fixes, decision_regions,
    deep_gradients, depth_sweep, double_descent, early_stopping, edge_of_stability,
    compressibility, ensembles, helpful_noise, label_learning_curve, large_batch, linear_path,
    lipschitz_capacity, loss_geometry, margin_distributions, minibatch_redundancy,
    minima_measures, mlp_loss, mode_connectivity, net_double_descent, noise_floor, normalizers,
    optimizer_costs, oversized_nets, pretext_tasks, random_labels, rare_features, rect, regions,
    regression_1d, regularizer_costs, remedies, saddle_escape, sam_flatness, seed_spread,
    shallow_deep,
    smooth_activations, square, stochastic_mlp_loss, stronger_optimizer, three_errors, tri,
    universal_approximation, width_sweep, zero_training_error,
]  # fmt: skip

# How many findings of an experiment follow from theory or printed data alone.
THEOREMS = {
    rare_features: 4,  # full-batch descent of a quadratic
    stochastic_mlp_loss: 1,  # valleys of the printed data
}

PLANTS = {
    **vars(planted_expressivity),
    **vars(planted_generalization),
    **vars(planted_capacity),
    **vars(planted_minima),
    **vars(planted_remedies),
    **vars(planted_training),
    **vars(planted_sweeps),
    **globals(),
}

every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.EXPERIMENT.name)


def judge(module, holds):
    return module._judge(*PLANTS[f"plant_{module.EXPERIMENT.name}"](holds))


def test_every_experiment_is_judged_here():
    assert {module.run for module in MODULES} == set(CATALOG)


@every_module
def test_a_claim_that_holds_is_supported(module):
    findings = judge(module, True)
    assert overall_verdict(findings) == "supported", [str(finding) for finding in findings]


@every_module
def test_a_claim_that_is_reversed_is_not_supported_by_any_measurement(module):
    findings = judge(module, False)
    verdict = "mixed" if module in THEOREMS else "not supported"
    assert overall_verdict(findings) == verdict
    supported = [str(finding) for finding in findings if finding.verdict == "supported"]
    assert len(supported) == THEOREMS.get(module, 0), supported
