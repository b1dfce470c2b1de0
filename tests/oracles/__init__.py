"""The twin and the engine against independent implementations: PyTorch and central differences."""
