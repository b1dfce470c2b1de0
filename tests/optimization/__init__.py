"""Diagnostics of optimization."""
