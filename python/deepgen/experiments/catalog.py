"""The catalog: all experiments in the order of the lecture."""

from __future__ import annotations

from typing import Final

from deepgen._names import hint
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
from deepgen.experiments.runner import Runner

__all__ = ["CATALOG", "find_experiment"]

CATALOG: Final[tuple[Runner, ...]] = (
    three_errors.run,
    optimizer_costs.run,
    rect.run,
    bumps.run,
    bounded_sigma.run,
    tri.run,
    square.run,
    universal_approximation.run,
    shallow_deep.run,
    regions.run,
    smooth_activations.run,
    mlp_loss.run,
    stochastic_mlp_loss.run,
    seed_spread.run,
    zero_training_error.run,
    saddle_escape.run,
    linear_path.run,
    mode_connectivity.run,
    edge_of_stability.run,
    noise_floor.run,
    helpful_noise.run,
    loss_geometry.run,
    minibatch_redundancy.run,
    large_batch.run,
    rare_features.run,
    deep_gradients.run,
    conditioning.run,
    conditioning_fixes.run,
    normalizers.run,
    batch_norm_batch_size.run,
    regression_1d.run,
    oversized_nets.run,
    label_learning_curve.run,
    pretext_tasks.run,
    width_sweep.run,
    depth_sweep.run,
    double_descent.run,
    net_double_descent.run,
    early_stopping.run,
    regularizer_costs.run,
    remedies.run,
    sam_flatness.run,
    ensembles.run,
    stronger_optimizer.run,
    random_labels.run,
    margin_distributions.run,
    compressibility.run,
    combined_causes.run,
    bad_minima.run,
    minima_measures.run,
    decision_regions.run,
    lipschitz_capacity.run,
)
"""One entry per experiment."""


def find_experiment(name: str) -> Runner:
    """Return the experiment with a given name.

    Parameters
    ----------
    name : str
        Name in the output of `deepgen experiment list`.

    Returns
    -------
    run : Runner
        The experiment, a callable.

    Raises
    ------
    ValueError
        If there is no such experiment; the message lists the known ones.

    Examples
    --------
    >>> from deepgen.experiments import find_experiment
    >>> find_experiment("mlp_loss").experiment.seeds
    100
    """
    runners = {runner.experiment.name: runner for runner in CATALOG}
    if name not in runners:
        raise ValueError(
            f"unknown experiment '{name}'; known: {', '.join(runners)}.{hint(name, runners)}"
        )
    return runners[name]
