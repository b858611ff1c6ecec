"""Drawings as pixels: curves, points, heatmaps, graphs and trees for the pictures of a run."""

from brique.draw.graph import graph as graph
from brique.draw.heatmaps import heatmap as heatmap
from brique.draw.panel import Panel as Panel
from brique.draw.trees import tree as tree
