"""The lecture's own results behind its plots of the Lipschitz constant as a measure of capacity.

The file has the 1,188 distinct records of the lecture's 2,376: its two seeds of the data were one,
so that each record is there twice. Source: lectures-labs of m2dsupsdlclass (MIT licence),
`evaluations.log.gz` and `models.log.gz`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray

__all__ = ["LectureLogs", "load_lecture_logs"]

SOLVERS: Final = ("sgd", "adam", "lbfgs")
N_TRAIN, N_TEST = 30, 3000


@dataclass(frozen=True)
class LectureLogs:
    """Nets on half-moons of 30 points, some with wrong labels.

    Parameters
    ----------
    depth, width : ndarray of shape (1188,)
        Hidden layers and their units.
    solver : ndarray of shape (1188,)
        'sgd', 'adam' or 'lbfgs'.
    rate : ndarray of shape (1188,)
        Number of the setting of the learning rate.
    wrong_labels : ndarray of shape (1188,)
        Share of training labels that were drawn anew, 0 to 1.
    train_accuracy, test_accuracy : ndarray of shape (1188,)
        Share of right answers on the 30 training points, and on 3,000 test points with true labels.
    product : ndarray of shape (1188,)
        Product of spectral norms, which the lecture calls Lipschitz constant.
    mean_margin : ndarray of shape (1188,)
        What the lecture calls mean margin: absolute values of the logits of the net without its
        activations, and no margin of the net.
    n_params : ndarray of shape (1188,)
        Number of weights and intercepts.

    Examples
    --------
    >>> from deepgen.experiments.shared.lecture_logs import LectureLogs, load_lecture_logs
    >>> isinstance(load_lecture_logs(), LectureLogs)
    True
    """

    depth: NDArray[np.int64]
    width: NDArray[np.int64]
    solver: NDArray[np.str_]
    rate: NDArray[np.int64]
    wrong_labels: FloatArray
    train_accuracy: FloatArray
    test_accuracy: FloatArray
    product: FloatArray
    mean_margin: FloatArray
    n_params: NDArray[np.int64]

    @property
    def gap(self) -> FloatArray:
        """The lecture's 'excess risk': training minus test accuracy, at least 0."""
        return np.asarray(np.maximum(self.train_accuracy - self.test_accuracy, 0.0))


def load_lecture_logs() -> LectureLogs:
    """Load the lecture's records.

    Returns
    -------
    logs : LectureLogs
        Each distinct record once.

    Examples
    --------
    >>> from deepgen.experiments.shared.lecture_logs import load_lecture_logs
    >>> len(load_lecture_logs().gap)
    1188
    """
    path = resources.files("deepgen") / "data" / "lecture_capacity.npz"
    with path.open("rb") as file, np.load(file) as stored:
        return LectureLogs(
            stored["depth"].astype(np.int64),
            stored["width"].astype(np.int64),
            np.array(SOLVERS)[stored["solver"]],
            stored["rate"].astype(np.int64),
            stored["wrong_labels"] / 10,
            stored["train_right"] / N_TRAIN,
            stored["test_right"] / N_TEST,
            stored["product"].astype(np.float64),
            stored["margin"].astype(np.float64),
            stored["n_params"].astype(np.int64),
        )
