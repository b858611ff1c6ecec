"""Networks that must not tell what they were not asked."""
