"""Attributions: what each feature or column adds to each prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepgen._display.axes import axes_or_new
from deepgen._display.shown_as_table import ShownAsTable
from deepgen._display.style import as_text, in_style
from deepgen._engine.arrays import FloatArray
from deepgen._names import shortened

__all__ = ["Attributions"]

# Largest number of columns in a figure.
DRAWN = 20


@dataclass(frozen=True, eq=False)
class Attributions(ShownAsTable):
    r"""Contributions of each column to each row's prediction, compared with a baseline.

    Parameters
    ----------
    columns : tuple of str or int
        Names of the columns, positions for an array; columns that an encoder dropped have zeros.
    values : ndarray of shape (n_samples, n_columns) or (n_samples, n_columns, n_outputs)
        The contributions, averaged over members.
    unit : str
        Unit of the values: 'target', 'log of the prediction' or 'logit'.
    outputs : tuple
        Meaning of the last axis: classes, or numbers of targets; a single entry if there is no
        axis.
    base : ndarray of shape (n_outputs,)
        Output at the baseline, averaged over members.
    gap : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Output minus ``base`` minus the sum of the contributions: 0, but for the error of the
        integral, for integrated gradients; for gradients what a first-order expansion leaves out.
    method : {'gradient', 'integrated'}
        Kind of contributions.
    n_points : ndarray of shape (n_samples,)
        Number of points at which the slopes of a row were taken, over all members.

    Notes
    -----
    Outputs are those before the link. With several members they are the mean of the members'
    outputs: for regressors with a squared loss this is the prediction, while the probabilities of a
    classifier are averaged after the link. Clipping of predictions to the range of the training
    targets is ignored.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.generalization import attributions
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 2.0]])
    >>> model = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0.0, tol=1e-9)
    >>> attributions(model.fit(X, 3 * X[:, 0]), X).mean().round(3)
    array([3., 0.])
    """

    columns: tuple[Any, ...]
    values: FloatArray
    unit: str
    outputs: tuple[Any, ...]
    base: FloatArray
    gap: FloatArray
    method: str
    n_points: NDArray[np.int64]

    def mean(self) -> FloatArray:
        """Return the importance of the columns: mean absolute value over rows and outputs.

        Returns
        -------
        importance : ndarray of shape (n_columns,)
            Numbers >= 0 in the unit of the values.
        """
        sizes = np.abs(self.values).mean(axis=0)
        return np.asarray(sizes.reshape(len(self.columns), -1).mean(axis=1))

    def __repr__(self) -> str:
        importance = self.mean()
        order = np.argsort(-importance, kind="stable")
        lines = [f"{self.columns[place]} {importance[place]:.3g}" for place in order]
        head = f"{self.method}, {len(self.values):,} rows, gap up to {np.abs(self.gap).max():.2g}"
        return f"Attributions({head}, mean size in {self.unit}: {shortened(lines, DRAWN)})"

    @in_style
    def plot(self, ax: Any = None) -> Any:
        """Plot the importance of the columns.

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
        importance = self.mean()
        order = np.argsort(-importance, kind="stable")[:DRAWN][::-1]
        ax.barh([as_text(self.columns[place]) for place in order], importance[order])
        ax.set_xlabel(f"mean size of what a column adds ({self.unit})")
        return ax
