r"""The spectral complexity of a network.

For matrices A_i (out x in), reference matrices M_i, activations with Lipschitz constants rho_i, and
||B||_{2,1} the sum over the columns of B of their lengths,

    R_A = (prod_i rho_i ||A_i||_2) (sum_i (||A_i^T - M_i^T||_{2,1} / ||A_i||_2)^(2/3))^(3/2).

With margin gamma, n rows and confidence 1 - delta the share of wrong answers on new data is at most
the share of rows with a margin below gamma plus O~(||X||_F R_A ln(W) / (gamma n) + sqrt(ln(1/delta)
/ n)), W being the largest side of a matrix.

Source: P. Bartlett, D. Foster, M. Telgarsky, "Spectrally-normalized margin bounds for neural
networks", NeurIPS 2017, equation (1.2) and theorem 1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from deepgen._display.shown_as_table import ShownAsTable
from deepgen._engine.arrays import FloatArray
from deepgen.generalization.norms.matrix_chain import MatrixChain, chain_of_layers, matrix_chain
from deepgen.generalization.norms.starting_model import starting_model
from deepgen.probe.folded_layers import folded_layers

__all__ = ["SpectralComplexity", "spectral_complexity"]


@dataclass(frozen=True, eq=False)
class SpectralComplexity(ShownAsTable):
    """The spectral complexity R_A and its terms, layer by layer.

    Parameters
    ----------
    value : float
        R_A.
    spectral_norms : ndarray of shape (n_layers,)
        Spectral norm of each matrix.
    distances : ndarray of shape (n_layers,)
        (2, 1) norm of each transposed matrix minus its reference: the sum over units of the lengths
        of their incoming weights.
    lipschitz : ndarray of shape (n_layers,)
        Lipschitz constant of each activation.
    terms : ndarray of shape (n_layers,)
        (distance / spectral norm)^(2/3): how the layers share in R_A.
    largest_side : int
        Largest side W of a matrix, whose logarithm enters the bound.
    has_constant : bool
        Whether intercepts were turned into weights of a constant input 1.
    reference : str
        '0', 'start' or 'arrays'.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization import spectral_complexity
    >>> spectral_complexity(rect(0.0, 1.0, 1.0)).lipschitz.tolist()
    [1.0, 1.0]
    """

    value: float
    spectral_norms: FloatArray
    distances: FloatArray
    lipschitz: FloatArray
    terms: FloatArray
    largest_side: int
    has_constant: bool
    reference: str

    @property
    def product(self) -> float:
        """Product of Lipschitz constants and spectral norms: an upper bound of the network's."""
        return float(np.prod(self.lipschitz * self.spectral_norms))

    def __repr__(self) -> str:
        form = "intercepts as weights of a constant" if self.has_constant else "no intercepts"
        return (
            f"SpectralComplexity({self.value:.4g}, product of norms {self.product:.4g}, "
            f"{len(self.terms)} layers, reference {self.reference}, {form})"
        )


def spectral_complexity(model: Any, reference: Any = 0) -> SpectralComplexity:
    """Compute the spectral complexity of a fitted network.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier or Probe
        Fitted, with one network, without embedded features.
    reference : {0, 'start'} or sequence of array-like of shape (in, out), default=0
        Reference weights, which must not depend on the data: 0; the weights that training began
        from, built again from ``random_state``; or one array per layer, as in ``coefs_`` (their
        intercepts are 0).

    Returns
    -------
    complexity : SpectralComplexity
        ``value``, and its terms per layer.

    Raises
    ------
    ValueError
        If the network is no chain of matrices with activations that are 0 at 0 (layer norm,
        DeepNorm, highway, 'logistic'); if arrays do not fit; if the layers are too large for their
        singular values; or if the starting weights are not known: ``random_state=None``,
        ``coefs_init``, continued training, starts that depend on the rows.

    See Also
    --------
    margins : The margins that it normalizes.

    Notes
    -----
    The theorem knows no intercepts. Those of a network become weights of an input 1 that each layer
    carries on by a row (0, ..., 0, 1); every spectral norm is at least 1 then. Fit with
    ``bias=False`` where the theory is the point. A row that carries is no parameter, so its
    reference is itself; a residual layer carries the earlier output in the same way, which is the
    reference 'identity'. Batch norm enters with its running statistics, folded into the weights.

    R_A changes if the incoming weights of a unit are multiplied and its outgoing ones divided by a
    number, although the function stays the same. If the output layer is multiplied by c, or without
    intercepts any layer, R_A with reference 0 and the margins both grow by c.

    The cost is one singular value decomposition per layer: at most 2e11 multiply-adds.

    References
    ----------
    .. [1] P. Bartlett, D. Foster, M. Telgarsky, "Spectrally-normalized margin bounds for neural
       networks", NeurIPS 2017.

    Examples
    --------
    >>> from deepgen import MLPRegressor
    >>> from deepgen.generalization import spectral_complexity
    >>> net = MLPRegressor(hidden_layer_sizes=(8,), bias=False, random_state=0)
    >>> net = net.partial_fit([[0.0], [1.0]], [0.0, 1.0])
    >>> bool(spectral_complexity(net, "start").value < spectral_complexity(net).value)
    True
    """
    layers = folded_layers(model)
    weights, start, name = None, None, "0"
    if isinstance(reference, str):
        if reference != "start":
            raise ValueError(f"reference must be 0, 'start' or arrays, got {reference!r}")
        start, name = folded_layers(starting_model(model)), "start"
    elif not (isinstance(reference, Real) and reference == 0):
        weights, name = _checked(reference, [layer.weights.shape for layer in layers]), "arrays"
    chain = matrix_chain(model)
    if start is not None:
        has_constant = chain.has_constant or any(layer.intercepts.any() for layer in start)
        chain = chain_of_layers(layers, has_constant)
        references = chain_of_layers(start, has_constant).matrices
    else:
        references = [fixed.copy() for fixed in chain.carried]
        for layer, (M, given) in enumerate(zip(references, weights or [], strict=False)):
            below = layers[layer].weights.shape[0]
            M[: layers[layer].width, :below] += given.T
    return complexity_of(chain, references, name)


def complexity_of(
    chain: MatrixChain, references: Sequence[FloatArray], name: str
) -> SpectralComplexity:
    """Return the spectral complexity of a chain of matrices.

    Parameters
    ----------
    chain : MatrixChain
        Matrices of a network.
    references : sequence of ndarray of shape (out, in)
        Reference matrices.
    name : str
        Name of the reference.

    Returns
    -------
    complexity : SpectralComplexity
        Its value is right even where a matrix is 0.
    """
    norms, rho = chain.spectral_norms, chain.lipschitz
    distances = np.array(
        [
            np.linalg.norm(A - M, axis=1).sum()
            for A, M in zip(chain.matrices, references, strict=True)
        ]
    )
    # Each distance times the norms of the other layers: the product divides by no norm then.
    others = np.array([np.prod(np.delete(norms, layer)) for layer in range(len(norms))])
    value = float(np.prod(rho) * ((distances * others) ** (2 / 3)).sum() ** 1.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (distances / norms) ** (2 / 3)
    return SpectralComplexity(
        value=value,
        spectral_norms=norms,
        distances=distances,
        lipschitz=rho,
        terms=terms,
        largest_side=max(max(A.shape) for A in chain.matrices),
        has_constant=chain.has_constant,
        reference=name,
    )


def _checked(reference: Any, shapes: Sequence[tuple[int, ...]]) -> list[FloatArray]:
    """Return reference weights as arrays, or refuse what does not fit the layers."""
    if not hasattr(reference, "__len__") or len(reference) != len(shapes):
        raise ValueError(
            f"reference must be 0, 'start' or {len(shapes)} arrays, one per layer, got "
            f"{type(reference).__name__}"
        )
    arrays = [np.asarray(array, dtype=np.float64) for array in reference]
    for layer, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if array.shape != shape:
            raise ValueError(
                f"reference[{layer}] must have the shape {shape} of coefs_, got {array.shape}"
            )
        if not np.isfinite(array).all():
            raise ValueError(f"reference[{layer}] contains NaN or infinity")
    return arrays
