"""Masks, boxes and key points of images."""
