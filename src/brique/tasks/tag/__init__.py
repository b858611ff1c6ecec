"""Which class each word of a text is of: loss, answers, scores and the judgement."""

from brique.tasks.tag.answer import Answer as Answer
from brique.tasks.tag.answer import answered as answered
from brique.tasks.tag.answer import loss as loss
from brique.tasks.tag.answer import worded as worded
from brique.tasks.tag.judging import judge as judge
from brique.tasks.tag.reading import Look as Look
from brique.tasks.tag.reading import check as check
from brique.tasks.tag.reading import look as look
from brique.tasks.tag.words import sentence as sentence
from brique.tasks.tag.words import sentence_of_entities as sentence_of_entities
