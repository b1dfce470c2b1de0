"""Certified ranges: what predictions cannot leave while the inputs stay in a box."""
