"""A network as a chain of matrices without intercepts: the form that bounds by norms assume.

    f(x) = A_L s_(L-1)(A_(L-1) ... s_1(A_1 x)),   s_i(0) = 0

Intercepts become weights of a constant: the input gets an entry 1, every hidden matrix the row
(0, ..., 0, 1), and the activation is the identity there. A residual sum becomes a product in the
same way: the output to be added is carried along by an identity matrix. Rows that carry a number
are no parameters; their reference is the row itself, which is fixed before any data are seen. For
residual blocks this is the reference 'identity'.

Source: P. Bartlett, D. Foster, M. Telgarsky, "Spectrally-normalized margin bounds for neural
networks", NeurIPS 2017, theorem 1.1 and the remark on residual layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from deepgen._engine.arrays import FloatArray
from deepgen.expressivity.piecewise import LEAKS
from deepgen.generalization.lipschitz_constants.slope_ranges import slope_range
from deepgen.probe.folded_layers import FoldedLayer, folded_layers

__all__ = ["MatrixChain", "chain_of_layers", "matrix_chain"]

# Largest number of multiply-adds for the spectral norms, about half a minute.
MAX_WORK = 2e11


@dataclass(frozen=True, eq=False)
class MatrixChain:
    """The matrices of a network, from the features to the outputs.

    Parameters
    ----------
    matrices : list of ndarray of shape (out, in)
        Weights with intercepts and carried outputs as further rows and columns.
    carried : list of ndarray of shape (out, in)
        The part of each matrix that is no parameter: ones that carry a constant or an output.
    layers : list of FoldedLayer
        The layers; the activation of each acts on the first ``width`` entries of its product.
    has_constant : bool
        Whether the inputs get an entry 1, for the intercepts.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization.norms.matrix_chain import matrix_chain
    >>> [matrix.shape for matrix in matrix_chain(rect(0.0, 1.0, 1.0)).matrices]
    [(5, 2), (1, 5)]
    """

    matrices: list[FloatArray]
    carried: list[FloatArray]
    layers: list[FoldedLayer]
    has_constant: bool

    @cached_property
    def spectral_norms(self) -> FloatArray:
        """Largest singular value of each matrix; `check_work` refuses matrices that are too large.

        Computed once, by a singular value decomposition.
        """
        self.check_work()
        return np.array([np.linalg.norm(A, 2) for A in self.matrices])

    def check_work(self) -> None:
        """Refuse matrices whose singular values take too long.

        Raises
        ------
        ValueError
            If they take more than 2e11 multiply-adds.
        """
        work = sum(A.size * min(A.shape) for A in self.matrices)
        if work > MAX_WORK:
            raise ValueError(
                f"the singular values of these layers take {work:.1e} multiply-adds, more than "
                f"{MAX_WORK:.0e}"
            )

    @property
    def lipschitz(self) -> FloatArray:
        """Largest absolute slope of each layer's activation; at least 1 where it carries."""
        return np.array(
            [
                max(_steepest(layer), 1.0 if len(A) > layer.width else 0.0)
                for layer, A in zip(self.layers, self.matrices, strict=True)
            ]
        )

    @property
    def is_homogeneous(self) -> bool:
        """Whether the activations are homogeneous: ReLU, leaky ReLU or the identity."""
        return all(layer.activation in LEAKS for layer in self.layers)

    def leaks(self, index: int) -> FloatArray:
        """Return the slopes for negative arguments of a layer with a homogeneous activation.

        Parameters
        ----------
        index : int
            Number of the layer, from 0.

        Returns
        -------
        leaks : ndarray of shape (out,)
            1 where the layer carries an entry.
        """
        layer = self.layers[index]
        slopes = np.ones(len(self.matrices[index]))
        slopes[: layer.width] = LEAKS[layer.activation]
        if layer.slopes is not None:  # z + a (f(z) - z)
            slopes[: layer.width] = 1 + layer.slopes * (slopes[: layer.width] - 1)
        return slopes

    def inputs(self, X: FloatArray) -> FloatArray:
        """Return the inputs of the chain.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Features.

        Returns
        -------
        inputs : ndarray of shape (n_samples, n_features) or (n_samples, n_features + 1)
            With a 1 at the end of each row if there are intercepts.
        """
        X = np.asarray(X, dtype=np.float64)
        return np.column_stack([X, np.ones(len(X))]) if self.has_constant else X


def _steepest(layer: FoldedLayer) -> float:
    """Return the largest absolute slope of a layer's activation."""
    return float(np.abs(slope_range(layer)).max())


def matrix_chain(model: Any) -> MatrixChain:
    """Return the chain of matrices of a fitted network.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with one network, without embedded features.

    Returns
    -------
    chain : MatrixChain
        Matrices in float64, batch norm by its running statistics and reparametrizations folded in.

    Notes
    -----
    `chain_of_layers` refuses what is no such chain: layer norm, DeepNorm and highway layers, and
    activations that are not 0 at 0.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization.norms.matrix_chain import matrix_chain
    >>> matrix_chain(rect(0.0, 1.0, 1.0)).has_constant
    True
    """
    layers = folded_layers(model)
    return chain_of_layers(layers, any(layer.intercepts.any() for layer in layers))


def chain_of_layers(layers: Sequence[FoldedLayer], has_constant: bool) -> MatrixChain:
    """Return the chain of matrices of some layers.

    Parameters
    ----------
    layers : sequence of FoldedLayer
        Hidden layers, then the output layer.
    has_constant : bool
        Whether the inputs get an entry 1, for the intercepts.

    Returns
    -------
    chain : MatrixChain
        The matrices.

    Raises
    ------
    ValueError
        If the network is no such chain.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization.norms.matrix_chain import chain_of_layers
    >>> from deepgen.probe.folded_layers import folded_layers
    >>> chain_of_layers(folded_layers(rect(0.0, 1.0, 1.0)), True).matrices[0].shape
    (5, 2)
    """
    for index, layer in enumerate(layers):
        if reason := _refusal(layer):
            raise ValueError(f"layer {index} {reason}")
    matrices, carried = [], []
    # Columns of the parts of a layer's input: the output below it, those carried along, the 1.
    below = layers[0].weights.shape[0]
    columns: dict[int, slice] = {-1: slice(0, below)}
    n_columns = below + has_constant
    for index, layer in enumerate(layers):
        is_last = index == len(layers) - 1
        kept = [
            source
            for source in columns
            if source >= 0 and any(later.skip_from == source for later in layers[index + 1 :])
        ]
        n_rows = layer.width + sum(layers[source].width for source in kept)
        n_rows += has_constant and not is_last
        A, fixed = np.zeros((n_rows, n_columns)), np.zeros((n_rows, n_columns))
        A[: layer.width, columns[index - 1]] = layer.weights.T
        if has_constant:
            A[: layer.width, -1] = layer.intercepts
        if layer.skip_from >= 0:
            fixed[: layer.width, columns[layer.skip_from]] = np.eye(layer.width)
        rows = {index: slice(0, layer.width)}
        first = layer.width
        for source in kept:
            width = layers[source].width
            rows[source] = slice(first, first + width)
            fixed[rows[source], columns[source]] = np.eye(width)
            first += width
        if has_constant and not is_last:
            fixed[-1, -1] = 1.0
        matrices.append(A + fixed)
        carried.append(fixed)
        columns, n_columns = rows, n_rows
    return MatrixChain(matrices, carried, list(layers), bool(has_constant))


def _refusal(layer: FoldedLayer) -> str:
    """Return why a layer is no matrix followed by an activation that is 0 at 0, or ''."""
    if layer.skip == "highway":
        return "has skip 'highway', which multiplies by a gate: it is no product of matrices"
    if layer.skip == "deepnorm" or layer.normalized:
        return "has layer norm, which divides by the deviation of a row: it is no matrix"
    if layer.activation == "logistic":
        return f"has activation {layer.activation!r}, which is not 0 at 0, as the theorem assumes"
    if layer.skip is not None and (layer.activation != "identity" or layer.slopes is not None):
        return f"adds an earlier output after the activation {layer.activation!r}"
    return ""
