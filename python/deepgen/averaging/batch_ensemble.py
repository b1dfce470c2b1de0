"""BatchEnsemble: members that share the matrices of their hidden layers, trained together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from deepgen import _core
from deepgen._engine.arrays import AnyArray
from deepgen._engine.step_trainer import StepTrainer
from deepgen.averaging.averaging import Averaging

__all__ = ["BatchEnsemble", "PackedMembers"]


@dataclass(repr=False)
class BatchEnsemble(Averaging):
    r"""One training of ``n_members`` networks that share the matrices of their hidden layers.

    Notes
    -----
    A hidden layer of member k is :math:`z = ((x \odot r_k) W) \odot s_k + b_k`: the matrix W is
    shared, the scalings :math:`r_k, s_k` of its inputs and outputs, the intercepts and the vectors
    of norms are the member's own, and so is the whole last layer. Embeddings and the input scale
    are shared. At the start the scalings of the first layer's inputs are random signs and all
    others 1; each member draws its own intercepts and its own last layer.

    All members see the same batches, with dropout masks of their own. Shared numbers follow the
    gradient of the members' mean loss, a member's own numbers that of its own loss: each moves as
    it would in a network trained alone, whatever ``n_members``, so learning rates keep their
    meaning. ``alpha`` and weight decay act on W and on the last layers; ``clip_norm`` limits the
    norm over all numbers of all members. Rate factors of 'scale' apply to the scalings too.

    Each epoch is validated by the members' mean prediction, whose score decides when early stopping
    ends the training; each member is then kept as of the epoch of its own best score, as members
    trained alone are. ``loss_curve_`` and the validation loss are means over the members.

    After the fit ``members_`` are ordinary estimators with the matrices :math:`\mathrm{diag}(r_k) W
    \mathrm{diag}(s_k)`. A step costs as much as one step of each member; the optimizer's memory is
    that of one network and of the members' own numbers. The class has no settings: the number of
    members is the estimator's ``n_members``.

    References
    ----------
    .. [1] Y. Wen, D. Tran and J. Ba, "BatchEnsemble: an alternative approach to efficient ensemble
       and lifelong learning", ICLR 2020.
    .. [2] Y. Gorishniy, A. Kotelnikov and A. Babenko, "TabM: advancing tabular deep learning with
       parameter-efficient ensembling", ICLR 2025.

    Examples
    --------
    >>> from deepgen.averaging import BatchEnsemble
    >>> BatchEnsemble()
    BatchEnsemble()
    """

    name: ClassVar[str] = "batch_ensemble"
    replaces_weights: ClassVar[bool] = True
    predicts_with: ClassVar[tuple[str, ...]] = ("members",)


@dataclass(repr=False)
class PackedMembers(BatchEnsemble):
    """The training loop's form of `BatchEnsemble`, with the estimator's number of members.

    Parameters
    ----------
    n_members : int, default=16
        Number of members, in [2, 1024].

    Notes
    -----
    The entry 'members' of the state, (n_members, n_parameters), holds the members' networks: before
    the first step those that give vectors and last layers, then those that predict.

    Examples
    --------
    >>> from deepgen.averaging.batch_ensemble import PackedMembers
    >>> [wrapper.name for wrapper in PackedMembers(n_members=4).wrappers()]
    ['batch_ensemble']
    """

    family: ClassVar[str] = "wrappers"

    n_members: int = 16

    def wrappers(self) -> tuple[_core.Component, ...]:
        """Return the wrapper that trains all members."""
        return (self.to_core(),)

    def engine_state(
        self, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> dict[str, AnyArray]:
        """Return the members' networks, of which the engine takes what is their own at first."""
        members = state["members"].astype(weights.dtype)
        return {"batch_ensemble_members": members.ravel()}

    def prediction_weights(
        self, trainer: StepTrainer, weights: AnyArray, n_trainable: int, state: dict[str, Any]
    ) -> AnyArray:
        """Return the first member's weights, and store those of all in the state."""
        members = trainer.recall("batch_ensemble_members").reshape(self.n_members, -1)
        members[:, n_trainable:] = weights[n_trainable:]
        state["members"] = members
        first: AnyArray = members[0]
        return first
