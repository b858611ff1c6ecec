"""Several questions of classes about one thing: the labels that it bears, or what it is in each.

Loss, answers, scores, calibration and the judgement.
"""

from brique.tasks.label.evaluate import judge as judge
from brique.tasks.label.loss import loss as loss
from brique.tasks.label.loss import weights as weights
from brique.tasks.label.metrics import Look as Look
from brique.tasks.label.metrics import look as look
from brique.tasks.label.predict import Answer as Answer
from brique.tasks.label.predict import answered as answered
from brique.tasks.label.predict import answers as answers
from brique.tasks.label.reading import calibrate as calibrate
from brique.tasks.label.summary import sentence as sentence
