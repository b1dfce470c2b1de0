"""Tables: reading, encoding, fitting, saving."""
