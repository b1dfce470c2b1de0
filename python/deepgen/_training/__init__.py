"""The loops over epochs, and all that they keep."""
