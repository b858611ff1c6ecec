"""How a series goes on: loss, answers with a band, scores and the judgement."""

from brique.tasks.forecast.bands import calibrate as calibrate
from brique.tasks.forecast.evaluate import judge as judge
from brique.tasks.forecast.loss import loss as loss
from brique.tasks.forecast.predict import Answer as Answer
from brique.tasks.forecast.predict import answered as answered
from brique.tasks.forecast.reading import Look as Look
from brique.tasks.forecast.reading import look as look
from brique.tasks.forecast.summary import sentence as sentence
