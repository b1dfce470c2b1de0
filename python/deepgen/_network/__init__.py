"""A network with its parameters, and the rules for its starting weights."""
