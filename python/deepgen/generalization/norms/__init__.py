"""Norms: margins, and sizes of weights that bound the error on new data."""
