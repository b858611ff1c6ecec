"""How much of something there is: loss, answers with intervals, scores and the judgement."""

from brique.tasks.regress.answer import Answer as Answer
from brique.tasks.regress.answer import answered as answered
from brique.tasks.regress.answer import answers as answers
from brique.tasks.regress.answer import loss as loss
from brique.tasks.regress.answer import spread as spread
from brique.tasks.regress.answer import wanted as wanted
from brique.tasks.regress.intervals import calibrate as calibrate
from brique.tasks.regress.judging import judge as judge
from brique.tasks.regress.scores import Look as Look
from brique.tasks.regress.scores import look as look
from brique.tasks.regress.words import sentence as sentence
