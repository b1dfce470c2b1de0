"""Tools for calls of the engine: threads, random streams, chunks of rows."""
