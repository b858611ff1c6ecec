"""Texts, sentences, trees, stories."""
