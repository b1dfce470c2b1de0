"""What Python needs to call the engine well: threads, random streams, rows in chunks."""
