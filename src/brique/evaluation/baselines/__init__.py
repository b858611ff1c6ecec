"""What needs no net: simple methods of scikit-learn on inputs of any kind, for classes and numbers.

Net and baselines learn from the same part; test is not looked at but to be answered. Where a method
would take longer than a minute on two cores it is fitted on fewer examples, or by fewer trees.
"""

from brique.evaluation.baselines.fitting import BaselinePredictions as BaselinePredictions
from brique.evaluation.baselines.fitting import constant as constant
from brique.evaluation.baselines.fitting import fit_predict as fit_predict
