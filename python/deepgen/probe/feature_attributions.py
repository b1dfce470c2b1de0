"""Attributions of the outputs of an MLP to its features, one member after the other."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepgen._engine.arrays import FloatArray
from deepgen.losses import Quantile
from deepgen.probe.attributions import Attributions
from deepgen.probe.probe import Probe

__all__ = [
    "MOST_WORK",
    "Contributions",
    "MemberOutputs",
    "feature_attributions",
    "gradient_contributions",
]

UNITS: Final = {"identity": "target", "exp": "log of the prediction"}
"""Unit of the outputs by the inverse of the link; of all others it is a logit."""
MOST_NUMBERS: Final = 200_000_000
"""Largest number of contributions; 1.6 GB."""
MOST_WORK: Final = 2e11
"""Multiply-adds for the slopes of all points of a member: some minutes."""
NUMBERS_AT_ONCE: Final = 4_000_000
"""Number of slopes that are held at once."""


class MemberOutputs:
    """The outputs of one network before the link, in units of the predictions, and their slopes.

    Parameters
    ----------
    mlp : MLPRegressor or MLPClassifier
        Fitted, with one network.
    row : ndarray of shape (1, n_features)
        Any row, for the probe.
    max_work : float, default=2e11
        Largest number of multiply-adds for slopes.

    Examples
    --------
    >>> import numpy as np
    >>> from deepgen.expressivity import rect
    >>> from deepgen.probe.feature_attributions import MemberOutputs
    >>> outputs = MemberOutputs(rect(0.0, 1.0, 3.0, eps=0.5), np.zeros((1, 1)))
    >>> outputs.slopes(np.array([[0.25]])).tolist()
    [[[6.0]]]
    """

    def __init__(self, mlp: Any, row: FloatArray, max_work: float = MOST_WORK) -> None:
        self.max_work = max_work
        self.mlp = copy.copy(mlp)
        # Rows come as arrays, whatever the training data were.
        vars(self.mlp).pop("feature_names_in_", None)
        # One row of data is enough, since Jacobians are computed at given points.
        self._probe = Probe(self.mlp, row, self.mlp.predict(row))
        self._scale, self._shift = np.ones(1), np.zeros(1)
        if hasattr(mlp, "target_scale_") and mlp.out_activation_ == "identity":
            self._scale, self._shift = mlp.target_scale_, mlp.target_mean_
        elif hasattr(mlp, "target_scale_") and mlp.out_activation_ == "exp":
            self._shift = np.log(mlp.target_scale_)
        elif len(getattr(mlp, "classes_", ())) == 1:
            # The network's logit is that of a class which is not there.
            self._scale = -np.ones(1)
        self.n_outputs = self._probe.n_outputs
        self.work_per_point = float(self._probe.n_parameters * (1 + self.n_outputs))

    def outputs(self, points: FloatArray) -> FloatArray:
        """Return the outputs at some points.

        Parameters
        ----------
        points : ndarray of shape (m, n_features)
            Features in float64.

        Returns
        -------
        outputs : ndarray of shape (m, n_outputs)
            Targets, logarithms of predictions, or logits.
        """
        raw: FloatArray = self._probe.network.outputs(np.ascontiguousarray(points))
        return raw * self._scale + self._shift

    def slopes(self, points: FloatArray) -> FloatArray:
        """Return the derivatives of the outputs with respect to the features.

        Parameters
        ----------
        points : ndarray of shape (m, n_features)
            Features in float64.

        Returns
        -------
        slopes : ndarray of shape (m, n_outputs, n_features)
            In units of `outputs`.
        """
        return self._probe.jacobian(points) * self._scale[:, None]

    def points_at_once(self, n_features: int) -> int:
        """Return the number of points whose slopes are held at once.

        Parameters
        ----------
        n_features : int
            Number of features.

        Returns
        -------
        n_points : int
            At least 1.
        """
        return max(1, NUMBERS_AT_ONCE // (self.n_outputs * max(n_features, 1)))

    def check_work(self, n_points: int) -> None:
        """Refuse more points than there is time for.

        Parameters
        ----------
        n_points : int
            Number of points whose slopes are wanted.

        Raises
        ------
        ValueError
            If they take more than ``max_work`` multiply-adds.
        """
        work = n_points * self.work_per_point
        if work > self.max_work:
            raise ValueError(
                f"{n_points:,} points of {self.work_per_point:,.0f} multiply-adds each are "
                f"{work:.1e}, more than max_work={self.max_work:.0e}: give fewer rows, or for "
                "integrated gradients a larger tolerance"
            )


Contributions: TypeAlias = Callable[
    [MemberOutputs, FloatArray, FloatArray], tuple[FloatArray, NDArray[np.int64]]
]
"""Function from outputs, rows and baseline to contributions and each row's number of points."""


def gradient_contributions(
    outputs: MemberOutputs, X: FloatArray, baseline: FloatArray
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the slope at each row times the row's distance from the baseline.

    Parameters
    ----------
    outputs : MemberOutputs
        One network.
    X : ndarray of shape (n_samples, n_features)
        Rows.
    baseline : ndarray of shape (n_features,)
        Baseline.

    Returns
    -------
    contributions : ndarray of shape (n_samples, n_outputs, n_features)
        What each feature adds, to first order.
    n_points : ndarray of shape (n_samples,)
        Ones.
    """
    outputs.check_work(len(X))
    slopes = outputs.slopes(X)
    slopes *= (X - baseline)[:, None, :]
    return slopes, np.ones(len(X), dtype=np.int64)


def feature_attributions(
    mlp: Any,
    X: FloatArray,
    baseline: FloatArray,
    method: str = "gradient",
    contributions: Contributions = gradient_contributions,
    max_work: float = MOST_WORK,
) -> Attributions:
    """Attribute the outputs of an MLP to its features.

    Parameters
    ----------
    mlp : MLPRegressor or MLPClassifier
        Fitted, with any number of members.
    X : ndarray of shape (n_samples, n_features)
        Rows in float64.
    baseline : ndarray of shape (n_features,)
        Point from which contributions are counted.
    method : str, default='gradient'
        Name of the kind of contributions.
    contributions : callable, default=gradient_contributions
        Function that computes them for one network.
    max_work : float, default=2e11
        Largest number of multiply-adds per member.

    Returns
    -------
    attributions : Attributions
        Of features; their names are positions, or those of the training data.

    Raises
    ------
    ValueError
        If the outputs have no slopes or are not the predictions, or if there is too much to do.
    """
    members = mlp.members_
    _refuse_what_has_no_slopes(members[0])
    n_numbers = X.size * members[0].network_.core.n_outputs
    if n_numbers > MOST_NUMBERS:
        raise ValueError(
            f"{n_numbers:,} contributions, more than {MOST_NUMBERS:,}: give fewer rows"
        )
    values: FloatArray = np.zeros(1)
    base: FloatArray = np.zeros(1)
    end: FloatArray = np.zeros(1)
    n_points = np.zeros(len(X), dtype=np.int64)
    for member in members:
        outputs = MemberOutputs(member, X[:1], max_work)
        added, points = contributions(outputs, X, baseline)
        values, n_points = values + added / len(members), n_points + points
        base = base + outputs.outputs(baseline[None])[0] / len(members)
        end = end + outputs.outputs(X) / len(members)
    gap = end - base - values.sum(axis=2)
    values = np.moveaxis(values, 2, 1)
    classes = getattr(mlp, "classes_", None)
    names: tuple[Any, ...] = tuple(range(values.shape[2]))
    if classes is not None:
        names = tuple(classes.tolist())[-values.shape[2] :]
    return Attributions(
        columns=tuple(getattr(mlp, "feature_names_in_", range(X.shape[1]))),
        values=values[:, :, 0] if len(names) == 1 else values,
        unit=UNITS.get(members[0].out_activation_, "logit"),
        outputs=names,
        base=base,
        gap=gap[:, 0] if len(names) == 1 else gap,
        method=method,
        n_points=n_points,
    )


def _refuse_what_has_no_slopes(mlp: Any) -> None:
    loss = mlp._targets.loss
    if isinstance(loss, Quantile) and loss.levels is not None:
        raise ValueError(
            "several quantiles have outputs that are increments: fit one quantile to attribute it"
        )
    if any(embedding.member.name == "levels" for embedding in mlp.network_.core.spec.embeddings):
        raise ValueError(
            "attributions need slopes, and predictions have none with respect to the codes of "
            "category_embedding: fit without category_embedding"
        )
