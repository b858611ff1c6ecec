"""Which of K classes a thing belongs to: loss, answers, scores, calibration and the judgement."""

from brique.tasks.classify.answer import Answer as Answer
from brique.tasks.classify.answer import answered as answered
from brique.tasks.classify.answer import answers as answers
from brique.tasks.classify.answer import loss as loss
from brique.tasks.classify.answer import weights as weights
from brique.tasks.classify.calibration import calibrate as calibrate
from brique.tasks.classify.judging import judge as judge
from brique.tasks.classify.scores import Look as Look
from brique.tasks.classify.scores import accuracy as accuracy
from brique.tasks.classify.scores import interval as interval
from brique.tasks.classify.scores import look as look
from brique.tasks.classify.words import sentence as sentence
