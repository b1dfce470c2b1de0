"""A network with its parameters, and the rules that start them."""
