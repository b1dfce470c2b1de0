"""Models as plain data, and the file that holds them."""
