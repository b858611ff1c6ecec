"""Evaluation shared by all tasks: metrics, confidence intervals, baselines, sentences."""
