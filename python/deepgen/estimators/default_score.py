"""DefaultScore: the score of the loss, computed from the engine's outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from deepgen._engine.arrays import AnyArray
from deepgen._engine.threads import effective_threads
from deepgen._inputs.targets import Targets
from deepgen._network.network import Network
from deepgen.estimators.validation_set import ValidationSet

__all__ = ["DefaultScore"]


class DefaultScore:
    """The score of validation samples with ``scoring=None``, of one network or of several.

    Parameters
    ----------
    model : BaseMLP
        Estimator with ``n_jobs``.
    targets : Targets
        Learned properties of the targets.
    held : ValidationSet
        Validation samples.

    Examples
    --------
    >>> from deepgen.estimators.default_score import DefaultScore
    >>> [name for name in vars(DefaultScore) if not name.startswith("_")]
    ['of_mean']
    """

    def __init__(self, model: Any, targets: Targets, held: ValidationSet) -> None:
        self.targets, self.held = targets, held
        self.n_threads = effective_threads(model.n_jobs)

    def __call__(self, network: Network, loss: float) -> float:
        return self.of_mean([network], lambda outputs: outputs[0])

    def of_mean(
        self, networks: Sequence[Network], mean: Callable[[list[AnyArray]], AnyArray]
    ) -> float:
        """Return the score of what the outputs of several networks give together.

        Parameters
        ----------
        networks : sequence of Network
            The networks.
        mean : callable
            Function from their outputs to those that are scored.

        Returns
        -------
        score : float
            Higher is better; NaN if an output is not finite or if there are too few samples.
        """
        targets, held = self.targets, self.held
        data = held.data
        read = [
            targets.read(network, data.X, rows=data.rows, n_threads=self.n_threads)
            for network in networks
        ]
        if any(n_wrong for _, n_wrong in read) or held.n_scored < targets.fewest_rows:
            return float("nan")
        outputs = mean([each for each, _ in read])
        return targets.score_outputs(held.y, data.of(data.y), outputs, held.sample_weight)
