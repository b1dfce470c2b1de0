"""The laboratory's framework and the experiments of the lecture."""
