"""Tools that several experiments share: tasks, learning rates, sweeps."""
