"""Pictures that a net makes: loss, the judgement beside simple methods, and what a reader sees."""

from brique.tasks.generate.judging import judge as judge
from brique.tasks.generate.learning import answered as answered
from brique.tasks.generate.learning import learn as learn
from brique.tasks.generate.learning import look as look
from brique.tasks.generate.learning import loss as loss
from brique.tasks.generate.words import sentence as sentence
from brique.tasks.reader import gap as gap
from brique.tasks.reader import reader_of as reader_of
from brique.tasks.reader import recognized as recognized
