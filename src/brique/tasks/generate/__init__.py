"""Pictures that a net makes: loss, the judgement beside simple methods, and what a reader sees."""

from brique.evaluation.classifier import gap as gap
from brique.evaluation.classifier import reader_of as reader_of
from brique.evaluation.classifier import recognized as recognized
from brique.tasks.generate.evaluate import judge as judge
from brique.tasks.generate.learning import learn as learn
from brique.tasks.generate.learning import look as look
from brique.tasks.generate.loss import loss as loss
from brique.tasks.generate.predict import answered as answered
from brique.tasks.generate.summary import sentence as sentence
