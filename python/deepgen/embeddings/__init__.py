"""Embeddings: trained maps of single features, which stand before the first layer.

An object holds settings only; what is trained belongs to the network, as its weights do.
"""

from deepgen.embeddings.embedding import Embedding, NumericalEmbedding
from deepgen.embeddings.pbld import PBLD

__all__ = ["PBLD", "Embedding", "NumericalEmbedding"]

NUMERICAL_EMBEDDINGS: dict[str, type[NumericalEmbedding]] = {"pbld": PBLD}
"""The names that ``numerical_embedding`` takes."""
