"""Networks with attention."""
