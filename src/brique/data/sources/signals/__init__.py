"""Sounds and other signals."""
