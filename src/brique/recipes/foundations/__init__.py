"""Gradients, approximation, optimization, and the first classifier."""
