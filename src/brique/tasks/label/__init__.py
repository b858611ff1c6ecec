"""Several questions of classes about one thing: the labels that it bears, or what it is in each.

Loss, answers, scores, calibration and the judgement.
"""

from brique.tasks.label.answer import Answer as Answer
from brique.tasks.label.answer import answered as answered
from brique.tasks.label.answer import answers as answers
from brique.tasks.label.answer import loss as loss
from brique.tasks.label.answer import weights as weights
from brique.tasks.label.judging import judge as judge
from brique.tasks.label.reading import calibrate as calibrate
from brique.tasks.label.scores import Look as Look
from brique.tasks.label.scores import look as look
from brique.tasks.label.words import sentence as sentence
