"""Pretraining: transformers that learn features from rows without labels."""
