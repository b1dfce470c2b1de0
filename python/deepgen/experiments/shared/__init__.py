"""What several experiments measure with: tasks, learning rates, sweeps."""
