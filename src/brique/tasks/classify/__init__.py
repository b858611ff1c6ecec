"""Which of K classes a thing belongs to: loss, answers, scores, calibration and the judgement."""

from brique.evaluation.classes import Look as Look
from brique.evaluation.classes import accuracy as accuracy
from brique.evaluation.classes import interval as interval
from brique.evaluation.classes import look as look
from brique.tasks.classify.calibration import calibrate as calibrate
from brique.tasks.classify.evaluate import judge as judge
from brique.tasks.classify.loss import loss as loss
from brique.tasks.classify.loss import weights as weights
from brique.tasks.classify.predict import Answer as Answer
from brique.tasks.classify.predict import answered as answered
from brique.tasks.classify.predict import answers as answers
from brique.tasks.classify.summary import sentence as sentence
