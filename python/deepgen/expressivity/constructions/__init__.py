"""Networks with weights computed by hand: exact functions without training."""
