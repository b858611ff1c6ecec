"""Writes the page of a run."""

from brique.report.opening import report as report
