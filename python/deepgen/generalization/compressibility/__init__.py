"""Compressibility: how much noise a network suppresses, and how small it can be made."""
