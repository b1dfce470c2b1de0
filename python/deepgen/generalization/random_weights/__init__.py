"""Random weights: bounds and intervals by noise on a trained network."""
