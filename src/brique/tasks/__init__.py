"""What is asked of a net: a folder for each task, by the same names in each."""

from brique.evaluation.classification import accuracy as accuracy
from brique.inference import eval_mode as eval_mode
