"""Embeddings: trained maps of single features before the first layer.

An object contains settings only; the trained parameters belong to the network.
"""

from deepgen.embeddings.category_embedding import CategoryEmbedding
from deepgen.embeddings.embedding import Embedding, NumericalEmbedding
from deepgen.embeddings.pbld import PBLD
from deepgen.embeddings.piecewise_linear import PiecewiseLinear

__all__ = ["PBLD", "CategoryEmbedding", "Embedding", "NumericalEmbedding", "PiecewiseLinear"]

NUMERICAL_EMBEDDINGS: dict[str, type[NumericalEmbedding]] = {
    "pbld": PBLD,
    "pwl": PiecewiseLinear,
}
"""Class per name of ``numerical_embedding``."""
