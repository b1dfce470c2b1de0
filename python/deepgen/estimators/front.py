"""Front of a network: embeddings and input scale before the first layer."""

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
    """Return the embeddings of an estimator.

    Parameters
    ----------
    model : BaseMLP
        Estimator with the parameters.

    Returns
    -------
    embeddings : list of Embedding
        Embeddings given as objects or by name, the one of categories first.
    """
    found: list[Embedding] = []
    if model.category_embedding is not None:
        found.append(model.category_embedding)
    if model.numerical_embedding is not None:
        what = "numerical_embedding"
        found.append(resolve(model.numerical_embedding, NUMERICAL_EMBEDDINGS, what))
    return found


def front_settings(model: Any, data: Data, before: Network | None) -> dict[str, Any]:
    """Return the front's arguments of `deepgen._core.NetworkSpec`.

    Parameters
    ----------
    model : BaseMLP
        Estimator with the parameters.
    data : Data
        Training samples.
    before : Network or None
        Network to be continued; its embeddings keep their constants.

    Returns
    -------
    settings : dict
        Keyword arguments.

    Raises
    ------
    ValueError
        If X is sparse, or features are not columns of X.
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
    """Write the initial parameters of a network's front.

    Parameters
    ----------
    model : BaseMLP
        Estimator with the parameters.
    network : Network
        Network; parameters of its front are overwritten, an input scale by ones.
    rng : numpy.random.Generator
        Generator they are drawn from.
    """
    blocks = network.blocks()
    for embedding in embeddings_of(model):
        embedding.start(rng, blocks)
    if model.input_scale:
        blocks["input_scale"][...] = 1.0
