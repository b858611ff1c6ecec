"""Networks whose output is independent of a protected or nuisance variable."""
