"""What a text is in another language: loss, answers, scores and the judgement."""

from brique.tasks.translation.answer import Answer as Answer
from brique.tasks.translation.answer import answered as answered
from brique.tasks.translation.answer import loss as loss
from brique.tasks.translation.judging import judge as judge
from brique.tasks.translation.reading import Look as Look
from brique.tasks.translation.reading import look as look
from brique.tasks.translation.words import sentence as sentence
