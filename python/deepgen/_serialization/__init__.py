"""Models as plain data, and their file format."""
