r"""Neural collapse: how far the last features of a classifier are from one point per class.

At the end of training to zero error and beyond, the features of each class shrink to their mean
(NC1), the class means form a simplex with equal lengths and angles (NC2), the output weights align
with them (NC3), and the network decides as the nearest class mean does (NC4).

Source: V. Papyan, X. Y. Han, D. L. Donoho, "Prevalence of neural collapse during the terminal phase
of deep learning training", PNAS 117, 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import in_style
from deepgen._engine.arrays import FloatArray
from deepgen.probe.probe import check_probe

if TYPE_CHECKING:
    from deepgen.probe import Probe

__all__ = ["NeuralCollapse", "neural_collapse"]


@dataclass(frozen=True, eq=False)
class NeuralCollapse(ShownAsTable):
    r"""Distances from collapse, all 0 where it is complete.

    Parameters
    ----------
    within : float
        NC1: :math:`\mathrm{tr}(\Sigma_W \Sigma_B^+) / C`, with the covariance within classes and
        that of the class means.
    equal_norms : float
        NC2: standard deviation over mean of the lengths of the centred class means.
    equal_angles : float
        NC2: mean distance of the cosines between centred class means from -1 / (C - 1).
    self_duality : float
        NC3: squared Frobenius distance of output weights and class means, each centred over the
        classes and of length 1.
    disagreement : float
        NC4: share of rows for which the network and the nearest class mean differ.
    cosines : ndarray of shape (n_classes, n_classes)
        Cosines between centred class means.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.generalization import NeuralCollapse
    >>> NeuralCollapse(0.01, 0.1, 0.05, 0.2, 0.0, np.eye(2))
    NeuralCollapse(NC1 0.01, NC2 0.1 and 0.05, NC3 0.2, NC4 0)
    """

    within: float
    equal_norms: float
    equal_angles: float
    self_duality: float
    disagreement: float
    cosines: FloatArray

    def __repr__(self) -> str:
        return (
            f"NeuralCollapse(NC1 {self.within:.4g}, NC2 {self.equal_norms:.4g} and "
            f"{self.equal_angles:.4g}, NC3 {self.self_duality:.4g}, NC4 {self.disagreement:.4g})"
        )

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the cosines between class means beside those of a simplex.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes; None makes a new figure.

        Returns
        -------
        ax : matplotlib.axes.Axes
            The axes drawn on.
        """
        ax = axes_or_new(ax)
        pairs = self.cosines[np.triu_indices(len(self.cosines), 1)]
        ax.hist(pairs, bins=20, label="pairs of classes")
        ax.axvline(-1 / (len(self.cosines) - 1), color="black", label="simplex")
        ax.set(xlabel="cosine between centred class means", ylabel="pairs")
        ax.legend()
        return ax


def neural_collapse(probe: Probe) -> NeuralCollapse:
    r"""Measure how far the features before the output layer have collapsed to class means.

    Parameters
    ----------
    probe : Probe
        Classifier of two or more classes with a hidden layer, and rows of every class.

    Returns
    -------
    collapse : NeuralCollapse
        NC1 to NC4.

    Raises
    ------
    ValueError
        If the network is no such classifier, has no hidden layer, or rows of a class are missing.

    Notes
    -----
    Features are the inputs of the output layer in float64. Classes count equally whatever their
    numbers of rows: the centre is the mean of class means, and the covariance within is the mean
    over classes. A network of two classes has one output z; its weights are taken as those of the
    outputs (0, z), which centring over classes makes (-z/2, z/2). Adding the same vector to the
    weights of all classes changes no probability, hence the centring in NC3. Sample weights do not
    count. The cost is one pass forward and the pseudoinverse of a matrix of the layer's width.

    References
    ----------
    .. [1] V. Papyan, X. Y. Han, D. L. Donoho, "Prevalence of neural collapse during the terminal
       phase of deep learning training", PNAS 117, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from deepgen import MLPClassifier, Probe
    >>> from deepgen.generalization import neural_collapse
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier((16,), solver="lbfgs", alpha=0.1, max_iter=2000, random_state=0)
    >>> collapse = neural_collapse(Probe(net.fit(X, y), X, y))
    >>> bool(collapse.within > 0), bool(collapse.disagreement < 0.2)
    (True, True)
    """
    check_probe(probe)
    labels = getattr(probe._estimator._targets, "labels", None)
    if labels is None or labels.multilabel or len(labels.classes) < 2:
        raise ValueError("neural_collapse needs a classifier with one class per row, two or more")
    network = probe.network
    if network.n_layers < 2:
        raise ValueError("neural_collapse needs a hidden layer, the network has none")
    y = np.asarray(probe.data.y).ravel().astype(np.int64)
    n_classes = len(labels.classes)
    counts = np.bincount(y, minlength=n_classes)
    if not counts.all():
        missing = labels.classes[np.flatnonzero(counts == 0)[0]]
        raise ValueError(f"neural_collapse needs rows of every class, and {missing} has none")
    last = network.n_layers - 1
    features = network.activations(probe.data.X, last - 1)
    means = np.stack([features[y == c].mean(axis=0) for c in range(n_classes)])
    centred = means - means.mean(axis=0)
    deviations = (features - means[y]) / np.sqrt(n_classes * counts[y])[:, None]
    within, between = deviations.T @ deviations, centred.T @ centred / n_classes
    lengths = np.linalg.norm(centred, axis=1)
    if not (lengths > 0).all():
        raise ValueError("the features of two classes have one mean: there is nothing to compare")
    cosines = centred @ centred.T / np.outer(lengths, lengths)
    pairs = cosines[np.triu_indices(n_classes, 1)]

    weights = network.effective().coefs()[last].T
    if labels.binary:
        weights = np.vstack([np.zeros_like(weights), weights])
    weights = weights - weights.mean(axis=0)
    dual = weights / np.linalg.norm(weights) - centred / np.linalg.norm(centred)
    distances = np.sum(means**2, axis=1) - 2 * features @ means.T
    decided = labels.decide(network.outputs(probe.data.X)).astype(np.int64)
    return NeuralCollapse(
        within=float(np.trace(within @ np.linalg.pinv(between, hermitian=True)) / n_classes),
        equal_norms=float(lengths.std() / lengths.mean()),
        equal_angles=float(np.abs(pairs + 1 / (n_classes - 1)).mean()),
        self_duality=float(np.sum(dual**2)),
        disagreement=float(np.mean(distances.argmin(axis=1) != decided)),
        cosines=cosines,
    )
