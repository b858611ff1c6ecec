"""Which class each pixel of a picture is of: loss, answers, scores and the judgement."""

from brique.tasks.segment.evaluate import judge as judge
from brique.tasks.segment.loss import loss as loss
from brique.tasks.segment.loss import weights as weights
from brique.tasks.segment.metrics import Look as Look
from brique.tasks.segment.metrics import look as look
from brique.tasks.segment.predict import Answer as Answer
from brique.tasks.segment.predict import answered as answered
from brique.tasks.segment.predict import answers as answers
from brique.tasks.segment.predict import placed as placed
from brique.tasks.segment.summary import sentence as sentence
