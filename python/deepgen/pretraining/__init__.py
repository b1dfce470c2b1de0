"""Pretraining: transformers that learn features from rows without labels."""

from __future__ import annotations

from deepgen.pretraining.denoising_autoencoder import DenoisingAutoencoder
from deepgen.pretraining.scarf import SCARF
from deepgen.pretraining.transformer import PretextTransformer
from deepgen.pretraining.vime import VIME

__all__ = ["SCARF", "VIME", "DenoisingAutoencoder", "PretextTransformer"]
