"""Folders and files of images."""
