"""Snapshots: an ensemble of the weights that the cycles of one training end with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from deepgen.averaging.averaging import Averaging

__all__ = ["Snapshots"]


@dataclass(repr=False)
class Snapshots(Averaging):
    r"""One training in ``n_members`` cycles; the weights at the end of each are a member.

    Notes
    -----
    The learning rate is that of ``deepgen.schedules.Snapshot`` with a cycle for each member; the
    training runs through all of them, and patience does not end it. The members are averaged as
    those of independent trainings are, at the price of one.

    The object is a choice without settings: estimators cut the training into its cycles and keep
    the weights that these end with.

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
