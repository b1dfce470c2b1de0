"""Attributions of predictions to features or columns, by exact Jacobians."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from scipy.sparse import issparse
from sklearn.pipeline import Pipeline

from deepgen._engine.arrays import FloatArray
from deepgen._inputs.features import check_features
from deepgen._names import hint
from deepgen.generalization.integrated_gradients import integrated_contributions
from deepgen.generalization.settings import checked_size
from deepgen.preprocessing import TableEncoder
from deepgen.probe.attributions import Attributions
from deepgen.probe.feature_attributions import (
    MOST_WORK,
    feature_attributions,
    gradient_contributions,
)
from deepgen.probe.measured_model import measured_model
from deepgen.tabular.attributions import by_columns

__all__ = ["attributions"]

METHODS: Final = ("gradient", "integrated")
LEAST_TOLERANCE: Final = 1e-13
"""Below it rounding, not the rule, makes the error."""


def attributions(
    model: Any,
    X: Any,
    method: str = "gradient",
    baseline: Any = None,
    *,
    tolerance: float = 1e-6,
    max_work: float = MOST_WORK,
) -> Attributions:
    r"""Attribute each prediction to the features, or to the columns of a table.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, TabularRegressor, TabularClassifier or Pipeline
        Fitted, with any number of members, over which contributions are averaged. A pipeline ends
        with one of the others.
    X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
        Rows whose predictions are attributed.
    method : {'gradient', 'integrated'}, default='gradient'
        With the baseline b, 'gradient' is the slope at the row times the distance,
        :math:`\partial_j f(x) (x_j - b_j)`, and 'integrated' takes the mean of the slope on the
        straight way from b to x, so that contributions sum to :math:`f(x) - f(b)`.
    baseline : array-like of shape (n_features,) or (1, n_features), or data frame, default=None
        One row like those of X. None means the mean encoded training row for estimators of
        tables, and the mean of the given rows, behind the other steps of a pipeline, elsewhere.
    tolerance : float, default=1e-6
        Largest error of a row's integral, in [1e-13, 1), relative to the sum of the sizes of its
        contributions; only for 'integrated' and networks that are not piecewise linear.
    max_work : float, default=2e11
        Largest number of multiply-adds per member; the default takes some minutes.

    Returns
    -------
    attributions : Attributions
        ``values`` by row and column, in the ``unit`` of the outputs before the link, with ``base``,
        the output at the baseline, and ``gap``, what the contributions leave out.

    Raises
    ------
    TypeError
        If ``model`` is no estimator of this package.
    ValueError
        If several quantiles are predicted, or categories are embedded, since the outputs have no
        such slopes; if X or the baseline does not fit the model; or if there are more multiply-adds
        than ``max_work``, or more than 200 million contributions to compute.

    See Also
    --------
    deepgen.Probe.jacobian : The slopes themselves.

    Notes
    -----
    'gradient' takes one Jacobian per row and member, (1 + n_outputs) P multiply-adds. Its
    contributions are local, and exact for a linear network only.

    'integrated' is exact up to rounding for piecewise linear networks (ReLU, leaky ReLU or
    identity, with batch norm, residual and Fixup skips): one Jacobian per linear piece of the way.
    For others it uses a Gauss-Legendre rule of eight nodes on parts of the way, at least three
    times, and halves a part until the rule on its halves, and the rise of the outputs, agree with
    it. At a kink, such as those of SELU or of ReLU with layer norm, a part is halved about
    log2(1 / tolerance) times.

    Behind a pipeline's other steps features are those of the last one, except for a `TableEncoder`,
    whose columns they are. Any attribution depends on the baseline, and describes the network, not
    the data: of two equal columns one can have it all.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML
       2017.
    .. [2] A. Shrikumar, P. Greenside and A. Kundaje, "Learning important features through
       propagating activation differences", ICML 2017, for gradient times input.

    Examples
    --------
    >>> from deepgen.expressivity import rect
    >>> from deepgen.generalization import attributions
    >>> bump = rect(0.0, 1.0, 3.0, eps=0.5)
    >>> attributions(bump, [[0.75]], baseline=[-1.0]).values.tolist()
    [[0.0]]
    >>> attributions(bump, [[0.75]], "integrated", baseline=[-1.0]).values.tolist()
    [[3.0]]
    """
    if method not in METHODS:
        known = ", ".join(repr(name) for name in METHODS)
        raise ValueError(f"unknown method {method!r}; known: {known}.{hint(str(method), METHODS)}")
    number = isinstance(tolerance, int | float) and not isinstance(tolerance, bool)
    if not number or not LEAST_TOLERANCE <= tolerance < 1:
        raise ValueError(f"tolerance must be in [{LEAST_TOLERANCE:g}, 1), got {tolerance!r}")
    max_work = checked_size("max_work", max_work)
    mlp, rows = _rows(model, X)
    if baseline is None:
        start = getattr(_steps(model)[-1], "encoded_mean_", None)
        start = rows.mean(axis=0) if start is None else start
    else:
        # A single row may come without its axis.
        if isinstance(baseline, dict | str) or (not issparse(baseline) and np.ndim(baseline) == 0):
            raise ValueError(f"baseline must be one row like those of X, got {baseline!r}")
        is_row = not hasattr(baseline, "columns") and np.ndim(baseline) == 1
        points = _rows(model, np.asarray(baseline)[None] if is_row else baseline)[1]
        if len(points) != 1:
            raise ValueError(f"baseline must be one row, got {len(points)}")
        start = points[0]
    contributions: Any = gradient_contributions
    if method == "integrated":
        contributions = partial(integrated_contributions, tolerance=float(tolerance))
    result = feature_attributions(mlp, rows, start, method, contributions, max_work)
    return _named(result, model)


def _rows(model: Any, X: Any) -> tuple[Any, FloatArray]:
    """Return the MLP in a model, and the features (n, d) that reach it, in float64."""
    mlp, features = measured_model(model, X)
    features = features.toarray() if issparse(features) else features
    rows: FloatArray = check_features(mlp, features, np.dtype(np.float64), reset=False)
    return mlp, rows


def _named(result: Attributions, model: Any) -> Attributions:
    """Return contributions of a table's columns, or features with their names."""
    *before, last = _steps(model)
    if hasattr(last, "encoder_"):
        return by_columns(result, last.encoder_)
    if not before:
        return result
    if isinstance(before[-1], TableEncoder):
        return by_columns(result, before[-1])
    names = None
    try:
        for step in before:
            names = step.get_feature_names_out(names)
    except (AttributeError, NotImplementedError, ValueError):
        return result  # a step does not tell them
    return result if names is None else replace(result, columns=tuple(names))


def _steps(model: Any) -> list[Any]:
    """Return the steps of a pipeline and of those at its end; of another model only itself."""
    steps: list[Any] = []
    while isinstance(model, Pipeline):
        *before, model = [step for _, step in model.steps]
        steps += [step for step in before if step is not None and step != "passthrough"]
    return [*steps, model]
