"""Agents that learn from rewards."""
