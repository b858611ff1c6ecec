"""Generative networks, and representations learned with them."""
