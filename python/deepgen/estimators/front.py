"""What an estimator puts between features and the first layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepgen import _core
from deepgen._component import resolve
from deepgen._network.network import Network
from deepgen._training.data import Data
from deepgen.embeddings import NUMERICAL_EMBEDDINGS, Embedding

__all__ = ["embeddings_of", "front_settings", "start_front"]


def embeddings_of(model: Any) -> list[Embedding]:
    """Return the embeddings that an estimator asks for.

    Parameters
    ----------
    model : BaseMLP
        Whose constructor parameters are read.

    Returns
    -------
    embeddings : list of Embedding
        The objects themselves or those that are named, that of categories first.
    """
    found: list[Embedding] = []
    if model.category_embedding is not None:
        found.append(model.category_embedding)
    if model.numerical_embedding is not None:
        what = "numerical_embedding"
        found.append(resolve(model.numerical_embedding, NUMERICAL_EMBEDDINGS, what))
    return found


def front_settings(model: Any, data: Data, before: Network | None) -> dict[str, Any]:
    """Return what the engine's description of a network says of its front.

    Parameters
    ----------
    model : BaseMLP
        Whose constructor parameters are read.
    data : Data
        The training samples.
    before : Network or None
        The network that training goes on with, which keeps what was learned of earlier samples.

    Returns
    -------
    settings : dict
        For `deepgen._core.NetworkSpec`.

    Raises
    ------
    ValueError
        If X is sparse, or features do not fit.
    """
    if not isinstance(data.X, np.ndarray):
        raise ValueError(
            "embeddings and input_scale do not support sparse X, since they map zeros too; give "
            "X.toarray()"
        )
    known = [] if before is None else before.core.spec.embeddings
    kept = {(e.member.name, *e.features): e.constants for e in known}
    rows = data.X if data.rows is None else data.X[data.rows]
    specs: list[_core.EmbeddingSpec] = []
    taken: set[int] = set()
    for embedding in embeddings_of(model):
        member, features = embedding.to_core(), embedding.columns(rows.shape[1], taken)
        constants = kept.get((member.name, *features))
        if constants is None:
            constants = embedding.constants(rows[:, features])
        taken.update(features)
        specs.append(_core.EmbeddingSpec(member=member, features=features, constants=constants))
    return {"embeddings": specs, "input_scale": bool(model.input_scale)}


def start_front(model: Any, network: Network, rng: np.random.Generator) -> None:
    """Write starting numbers into the front of a network.

    Parameters
    ----------
    model : BaseMLP
        Whose constructor parameters are read.
    network : Network
        Its front's numbers are overwritten: an input scale by ones.
    rng : numpy.random.Generator
        Where they are drawn from.
    """
    blocks = network.blocks()
    for embedding in embeddings_of(model):
        embedding.start(rng, blocks)
    if model.input_scale:
        blocks["input_scale"][...] = 1.0
