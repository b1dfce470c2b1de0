"""Embeddings: trained maps of single features, which stand before the first layer.

An object holds settings only; what is trained belongs to the network, as its weights do.
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
"""The names that ``numerical_embedding`` takes."""
