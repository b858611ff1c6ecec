"""Networks that choose where to look."""
