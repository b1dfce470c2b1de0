"""Networks that are built, not trained: exact functions with known weights."""
