"""Baselines: methods of scikit-learn on inputs of any kind, for classes and numbers.

Net and baselines are fitted on the same training part. A method that would take longer than a
minute on two cores is fitted on fewer examples, or with fewer trees.
"""

from brique.evaluation.baselines.fitting import BaselinePredictions as BaselinePredictions
from brique.evaluation.baselines.fitting import constant as constant
from brique.evaluation.baselines.fitting import fit_predict as fit_predict
