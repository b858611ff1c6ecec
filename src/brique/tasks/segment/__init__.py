"""Which class each pixel of a picture is of: loss, answers, scores and the judgement."""

from brique.tasks.segment.answer import Answer as Answer
from brique.tasks.segment.answer import answered as answered
from brique.tasks.segment.answer import answers as answers
from brique.tasks.segment.answer import placed as placed
from brique.tasks.segment.judging import judge as judge
from brique.tasks.segment.loss import loss as loss
from brique.tasks.segment.loss import weights as weights
from brique.tasks.segment.scores import Look as Look
from brique.tasks.segment.scores import look as look
from brique.tasks.segment.words import sentence as sentence
