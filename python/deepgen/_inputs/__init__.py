"""Conversion of the user's X, y and weights to the engine's arrays, and back."""
