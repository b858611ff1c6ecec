"""How a series goes on: loss, answers with a band, scores and the judgement."""

from brique.tasks.forecast.answer import Answer as Answer
from brique.tasks.forecast.answer import answered as answered
from brique.tasks.forecast.answer import loss as loss
from brique.tasks.forecast.bands import calibrate as calibrate
from brique.tasks.forecast.judging import judge as judge
from brique.tasks.forecast.reading import Look as Look
from brique.tasks.forecast.reading import look as look
from brique.tasks.forecast.words import sentence as sentence
