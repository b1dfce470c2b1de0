"""Callbacks of this package."""
