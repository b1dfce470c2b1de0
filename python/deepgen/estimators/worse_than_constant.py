"""A check after a fit: a warning with advice if the network is worse than a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen._engine.arrays import AnyArray
from deepgen._inputs.regression_targets import RegressionTargets
from deepgen._inputs.targets import EncodedTargets, Targets
from deepgen._names import shortened
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen._user_warnings import warn

__all__ = ["FEW_EPOCHS", "MUCH_WORSE", "warn_if_worse"]

# After fewer epochs than FEW_EPOCHS the start may still dominate; then only a loss of so many times
# the constant's is suspicious.
FEW_EPOCHS, MUCH_WORSE = 20, 10.0
# Relative excess of the loss of a network that has learned to predict a constant.
TOLERANCE = 0.01
# Resolution of losses that are differences of numbers of size 1.
ROUNDING = 1e-15
# Features whose scales differ by more do not train together; targets whose spread is a smaller
# share of their size lose it to rounding.
FAR = 1e3
# Largest number of multiply-adds of the check: some tenths of a second on one thread.
WORK, FEWEST_ROWS = 2e9, 1000
# Largest number of features in the message.
MAX_NAMES = 10


def warn_if_worse(
    targets: Targets,
    network: Network,
    X: Any,
    names: AnyArray | None,
    encoded: EncodedTargets,
    data: Data,
    n_epochs: int,
) -> None:
    """Warn if a network's loss on its training rows is above that of a constant prediction.

    Both losses are in float64, without L2, dropout and other parts of training; with many rows, on
    evenly spaced ones. The text contains no number of the fit, so the members of an ensemble give
    equal texts.

    Parameters
    ----------
    targets : Targets
        Targets with the loss.
    network : Network
        Network after training.
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Features of all samples of the call, validated.
    names : ndarray of shape (n_features,) or None
        Names of the features, if they have any.
    encoded : EncodedTargets
        Targets of the samples.
    data : Data
        Training rows.
    n_epochs : int
        Number of epochs of the call.

    Warns
    -----
    ConvergenceWarning
        If it is above; after fewer than 20 epochs, if the loss is more than ten times as high.
    """
    rows = np.arange(len(data.y), dtype=np.int64) if data.rows is None else data.rows
    most = max(FEWEST_ROWS, int(WORK / network.core.n_parameters))
    rows = np.ascontiguousarray(rows[:: -(-len(rows) // most)])
    y = targets.encode(encoded.y[rows], np.dtype(np.float64))
    weights = None if data.weights is None else data.weights[rows]
    if (y == y[0]).all() or not (weights is None or weights.any()):
        return  # nothing to be better at
    outputs = network.outputs(data.X, rows=rows)
    constant = targets.loss_of_constant(network, y, weights)
    allowed = MUCH_WORSE if n_epochs < FEW_EPOCHS else 1 + TOLERANCE
    if targets.loss_of(network, outputs, y, weights) <= allowed * constant + ROUNDING:
        return
    from sklearn.exceptions import ConvergenceWarning

    causes = [_about_features(X, names), _about_targets(targets, encoded)]
    advice = [cause for cause in causes if cause] or [
        "More epochs or another learning_rate_init may help; where they do not, the features tell "
        "next to nothing."
    ]
    warn(
        "The fit ended worse than a constant: on its training rows the loss is above that of the "
        f"same prediction for all of them. {' '.join(advice)}",
        ConvergenceWarning,
    )


def _about_features(X: Any, names: AnyArray | None) -> str:
    """Describe features that are far from the scale of others, or from 1, with advice."""
    if isinstance(X, np.ndarray):
        largest = np.maximum(X.max(axis=0), -X.min(axis=0)).astype(np.float64)
    else:
        largest = abs(X).max(axis=0).toarray().ravel().astype(np.float64)
    used = np.flatnonzero(largest)
    if not len(used):
        return ""
    low = used[np.argmin(largest[used])]
    wide = used[largest[used] > FAR * largest[low]]

    def name(column: int) -> str:
        shown = f"column {column}" if names is None else repr(str(names[column]))
        return f"{shown} ({largest[column]:.3g})"

    if len(wide):
        wide = wide[np.argsort(-largest[wide], kind="stable")]
        what = (
            f"The scales of the features differ by more than {FAR:g}, by their largest absolute "
            f"values: {shortened([*map(name, wide)], MAX_NAMES)} against {name(low)}. Scale"
        )
    elif largest.max() > FAR:
        what = f"The features reach {largest.max():.3g}. Scale"
    else:
        return ""
    return (
        f"{what} them, as by make_pipeline(StandardScaler(), model); QuantileTransformer() suits "
        "columns with long tails."
    )


def _about_targets(targets: Targets, encoded: EncodedTargets) -> str:
    """Describe targets far from zero whose mean is not subtracted, with advice."""
    if not isinstance(targets, RegressionTargets) or targets.loss.has_own_scale:
        return ""
    y = encoded.y.reshape(len(encoded.y), -1)
    far = np.abs(y.mean(axis=0)) > FAR * y.std(axis=0)
    if not (far & (targets.scaling.mean == 0)).any():
        return ""
    cure = (
        "'squared_error' with target_scaling='standard' takes their mean off."
        if targets.loss.positive_link
        else "target_scaling='standard' takes their mean off."
    )
    return f"The targets lie far from zero for their spread; {cure}"
