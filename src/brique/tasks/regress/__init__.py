"""How much of something there is: loss, answers with intervals, scores and the judgement."""

from brique.tasks.regress.evaluate import judge as judge
from brique.tasks.regress.intervals import calibrate as calibrate
from brique.tasks.regress.loss import loss as loss
from brique.tasks.regress.loss import spread as spread
from brique.tasks.regress.loss import wanted as wanted
from brique.tasks.regress.metrics import Look as Look
from brique.tasks.regress.metrics import look as look
from brique.tasks.regress.predict import Answer as Answer
from brique.tasks.regress.predict import answered as answered
from brique.tasks.regress.predict import answers as answers
from brique.tasks.regress.summary import sentence as sentence
