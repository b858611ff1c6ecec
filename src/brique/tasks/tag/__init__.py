"""Which class each word of a text is of: loss, answers, scores and the judgement."""

from brique.tasks.tag.evaluate import judge as judge
from brique.tasks.tag.loss import loss as loss
from brique.tasks.tag.predict import Answer as Answer
from brique.tasks.tag.predict import answered as answered
from brique.tasks.tag.predict import worded as worded
from brique.tasks.tag.reading import Look as Look
from brique.tasks.tag.reading import check as check
from brique.tasks.tag.reading import look as look
from brique.tasks.tag.summary import sentence as sentence
from brique.tasks.tag.summary import sentence_of_entities as sentence_of_entities
