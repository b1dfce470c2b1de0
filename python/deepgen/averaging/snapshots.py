"""Snapshots: an ensemble of the weights at the ends of the cycles of one training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.averaging.averaging import Averaging

__all__ = ["Snapshots"]


@dataclass(repr=False)
class Snapshots(Averaging):
    r"""One training in ``n_members`` cycles; the weights at the end of each cycle are a member.

    Notes
    -----
    The learning rate is that of ``deepgen.schedules.Snapshot`` with one cycle per member. Training
    runs through all cycles, and patience does not end it. Predictions of the members are averaged
    as in other ensembles, but the cost is that of one training.

    The class has no settings: the estimators split the training into cycles and keep the weights at
    the end of each.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. Hopcroft and K. Weinberger, "Snapshot ensembles:
       train 1, get M for free", ICLR 2017.

    Examples
    --------
    >>> from deepgen.averaging import Snapshots
    >>> Snapshots()
    Snapshots()
    """

    name: ClassVar[str] = "snapshot"
