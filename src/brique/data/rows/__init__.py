"""Rows, files and folders from outside, prepared by the same code as in training."""
