"""The claims of the lecture, one experiment per file."""
