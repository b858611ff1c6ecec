"""Recursive networks, over trees."""
