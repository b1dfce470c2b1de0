"""Initializers with settings: starts from the training rows, or from given layers.

The other rules are names that ``initializer`` accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from deepgen._component import Component
from deepgen._settings import one_of

__all__ = ["DataDependent", "Pretrained"]


RULES = ("glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "orthogonal")
"""Names of rules that leave given layers as they are."""


@dataclass(repr=False)
class DataDependent(Component):
    r"""Scale each unit's weights and set its intercept by its pre-activations on training rows.

    Parameters
    ----------
    intercepts : {'mean', 'hull'}, default='mean'
        Point at which a unit is 0 before its activation: 'mean' is the mean of the training rows,
        as with the name 'data_dependent'; 'hull' is a random convex combination of five training
        rows, drawn for each unit, so that the kinks of a layer lie among the rows and apart from
        each other.

    Notes
    -----
    Layer by layer, each unit's weights are drawn from N(0, 1) and divided by the standard deviation
    of its pre-activations :math:`z = w^\top x` over at most 2048 training rows (those with a
    weight). With 'mean' :math:`b = -\bar z`, with 'hull' :math:`b = -\sum_{k=1}^5 s_k z_{i_k}`
    with rows :math:`i_k` drawn from those and shares s drawn uniformly from the simplex. This
    applies to all layers, the output layer included; layers without intercepts are only scaled.
    Each member of an ensemble draws its own points. The cost is two forward passes, with 'hull'
    three.

    References
    ----------
    .. [1] T. Salimans and D. P. Kingma, "Weight normalization: a simple reparameterization to
       accelerate training of deep neural networks", NeurIPS 2016, section 3.
    .. [2] D. Holzmueller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs
       and boosted trees on tabular data", NeurIPS 2024, appendix A (there 'he+5').

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.initializers import DataDependent
    >>> X = np.linspace(0, 1, 50).reshape(-1, 1)
    >>> start = DataDependent(intercepts="hull")
    >>> model = MLPRegressor(initializer=start, random_state=0).partial_fit(X, X[:, 0])
    >>> model.initializer
    DataDependent(intercepts='hull')
    """

    name: ClassVar[str] = "data_dependent"

    intercepts: str = one_of("mean", "mean", "hull")


@dataclass(repr=False, eq=False)
class Pretrained(Component):
    """Start the first layers at given weights, such as those of a pretrained encoder.

    Parameters
    ----------
    coefs : tuple of ndarray of shape (in, out), default=()
        Weights of the first layers.
    intercepts : tuple of ndarray of shape (out,), default=()
        Intercepts of the same layers.
    activations : tuple of str, default=()
        Activations that follow these layers.
    rest : str, default='glorot_uniform'
        Starting weights of the other layers: a name that ``initializer`` accepts, except
        'data_dependent', which would rescale the given layers too.

    See Also
    --------
    deepgen.pretraining.VIME.warm : An estimator with this initializer.

    Notes
    -----
    The network needs hidden layers of the same widths and activations in the same order, with
    intercepts and without skips, normalization, embeddings, input scale and
    ``parametrization='ntk'``; more hidden layers may follow. All members of an ensemble start at
    the given layers and differ in the other ones. As a parameter of the estimator it is kept by
    ``clone``, by searches and in saved files.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen import MLPRegressor
    >>> from deepgen.initializers import Pretrained
    >>> start = Pretrained((np.ones((1, 2)),), (np.zeros(2),), ("relu",))
    >>> start
    Pretrained(1-2)
    >>> model = MLPRegressor(hidden_layer_sizes=(2, 3), initializer=start, learning_rate_init=1e-9)
    >>> model.partial_fit([[0.0], [1.0]], [0.0, 1.0]).coefs_[0].round(3).tolist()
    [[1.0, 1.0]]
    """

    name: ClassVar[str] = "pretrained"

    coefs: tuple[NDArray[Any], ...] = ()
    intercepts: tuple[NDArray[Any], ...] = ()
    activations: tuple[str, ...] = ()
    rest: str = one_of("glorot_uniform", *RULES)

    def __repr__(self) -> str:
        # Whatever it holds, since a message that refuses it may show it.
        layers = self.coefs if isinstance(self.coefs, tuple | list) else ()
        shapes = [getattr(coefs, "shape", ()) for coefs in layers]
        widths = [n for shape in shapes[:1] for n in shape[:1]]
        widths += [n for shape in shapes for n in shape[1:]]
        return f"Pretrained({'-'.join(map(str, widths))})"

    def check(self) -> None:
        super().check()
        for name in ("coefs", "intercepts", "activations"):
            value = getattr(self, name)
            if not isinstance(value, tuple | list):
                raise ValueError(
                    f"Pretrained: {name} must be a tuple with an entry per layer, got {value!r:.60}"
                )
        if not len(self.coefs) == len(self.intercepts) == len(self.activations) > 0:
            raise ValueError(
                "Pretrained needs weights, intercepts and activations of one or more layers, got "
                f"{len(self.coefs)}, {len(self.intercepts)} and {len(self.activations)}"
            )
        n_inputs = None
        for layer, (coefs, intercepts) in enumerate(zip(self.coefs, self.intercepts, strict=True)):
            shape = np.shape(coefs)
            fits = len(shape) == 2 and n_inputs in (None, shape[0])
            if not fits or np.shape(intercepts) != shape[1:]:
                raise ValueError(
                    f"Pretrained: layer {layer} has weights of shape {shape} and intercepts of "
                    f"shape {np.shape(intercepts)}, which do not fit each other and the layer "
                    "before"
                )
            if any(np.asarray(part).dtype.kind not in "biuf" for part in (coefs, intercepts)):
                raise ValueError(f"Pretrained: layer {layer} has entries that are not real numbers")
            if not (np.isfinite(coefs).all() and np.isfinite(intercepts).all()):
                raise ValueError(f"Pretrained: layer {layer} has numbers that are not finite")
            n_inputs = shape[1]
