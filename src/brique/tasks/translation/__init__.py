"""What a text is in another language: loss, answers, scores and the judgement."""

from brique.tasks.translation.evaluate import judge as judge
from brique.tasks.translation.loss import loss as loss
from brique.tasks.translation.predict import Answer as Answer
from brique.tasks.translation.predict import answered as answered
from brique.tasks.translation.reading import Look as Look
from brique.tasks.translation.reading import look as look
from brique.tasks.translation.summary import sentence as sentence
