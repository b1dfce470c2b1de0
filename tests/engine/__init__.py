"""The compiled engine against its NumPy twin, one file a room."""
