"""Sharpness: how fast the loss rises around a network's weights."""
