"""Networks that follow the structure of what they read."""
