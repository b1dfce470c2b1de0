"""The training loops, and all that they keep between calls."""
