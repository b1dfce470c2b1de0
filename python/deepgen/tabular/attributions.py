"""Attributions: first-order contributions of a table's columns to predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepgen._display.axes import axes_or_new
from deepgen._display.style import in_style
from deepgen._engine.arrays import AnyArray, FloatArray
from deepgen._names import shortened
from deepgen.losses import Gamma, Poisson, Quantile
from deepgen.probe import Probe

__all__ = ["ColumnAttributions", "attribute"]

# Largest number of columns in a figure.
DRAWN = 20


@dataclass(frozen=True)
class ColumnAttributions:
    r"""First-order contributions of each column to each row's prediction.

    With the encoded row z, the mean encoded training row m and the network's output f,

    .. math::
        a_c = \sum_{j \in c} \frac{\partial f}{\partial z_j} (z_j - m_j)

    is the sum over the features j of a column c, averaged over members.

    Parameters
    ----------
    columns : tuple of str or int
        Names of the columns, positions for an array; dropped columns have zeros.
    values : ndarray of shape (n_samples, n_columns) or (n_samples, n_columns, n_outputs)
        The attributions.
    unit : str
        Unit of the values: 'target', 'log of the prediction' or 'logit'.
    outputs : tuple
        Meaning of the last axis: classes, or numbers of targets; a single entry if there is no
        axis.

    Notes
    -----
    Gradients are local: steps of the function elsewhere have no effect, and the values do not sum
    to the prediction as integrated gradients do. Clipping of predictions to the range of the
    training targets is ignored too.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.tabular import ColumnAttributions
    >>> values = np.array([[1.0, -2.0], [3.0, 0.0]])
    >>> ColumnAttributions(("age", "size"), values, "target", (0,)).mean()
    array([2., 1.])
    """

    columns: tuple[Any, ...]
    values: FloatArray
    unit: str
    outputs: tuple[Any, ...]

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
        n_rows = f"{len(self.values):,} rows"
        return f"ColumnAttributions({n_rows}, mean size in {self.unit}: {shortened(lines, DRAWN)})"

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

        Raises
        ------
        MissingExtra
            If matplotlib is not installed.
        """
        ax = axes_or_new(ax)
        importance = self.mean()
        order = np.argsort(-importance, kind="stable")[:DRAWN][::-1]
        ax.barh([str(self.columns[place]) for place in order], importance[order])
        ax.set_xlabel(f"mean size of what a column adds ({self.unit})")
        return ax


def attribute(model: Any, encoded: AnyArray) -> ColumnAttributions:
    """Attribute predictions to the columns of a table.

    Parameters
    ----------
    model : BaseTabular
        Fitted estimator.
    encoded : ndarray of shape (n_samples, n_encoded)
        Rows encoded by its encoder.

    Returns
    -------
    attributions : ColumnAttributions
        Attributions of each row and column.

    Raises
    ------
    ValueError
        If several quantiles are predicted, since the network's outputs are then not the
        predictions.
    """
    members = model.mlp_.members_
    loss = members[0]._targets.loss
    if isinstance(loss, Quantile) and loss.levels is not None:
        raise ValueError(
            "several quantiles have outputs that are increments: fit one quantile to attribute it"
        )
    if len(model.encoder_.category_features_):
        raise ValueError(
            "attributions need slopes, and predictions have none with respect to the codes of "
            "category_embedding: fit without category_embedding"
        )
    difference = encoded.astype(np.float64) - model.encoded_mean_
    total: Any = None
    for mlp in members:
        # One row of data is enough, since Jacobians are computed at given points.
        probe = Probe(mlp, encoded[:1], mlp.predict(encoded[:1]))
        slopes = probe.jacobian(encoded) * difference[:, None, :]
        if hasattr(mlp, "target_scale_") and not isinstance(loss, Poisson | Gamma):
            slopes *= mlp.target_scale_[:, None]
        total = slopes if total is None else total + slopes
    total /= len(members)
    encoder = model.encoder_
    names = getattr(encoder, "feature_names_in_", range(encoder.n_features_in_))
    values = np.zeros((len(total), len(names), total.shape[1]))
    for place, added in zip(encoder.feature_columns_, np.moveaxis(total, 2, 0), strict=True):
        values[:, place] += added
    unit = "target"
    if hasattr(model, "classes_"):
        unit = "logit"
    elif isinstance(loss, Poisson | Gamma):
        unit = "log of the prediction"
    outputs: tuple[Any, ...] = tuple(range(values.shape[2]))
    if hasattr(model, "classes_") and values.shape[2] == len(model.classes_):
        outputs = tuple(model.classes_.tolist())
    if values.shape[2] == 1:
        values = values[:, :, 0]
        outputs = (model.classes_[-1],) if hasattr(model, "classes_") else (0,)
    return ColumnAttributions(tuple(names), values, unit, outputs)
