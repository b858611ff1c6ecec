"""What a text is in another language: loss, answers, scores and the judgement."""

from brique.tasks.translation.evaluate import evaluate as evaluate
from brique.tasks.translation.loss import loss as loss
from brique.tasks.translation.predict import Answer as Answer
from brique.tasks.translation.predict import predict as predict
from brique.tasks.translation.reading import Validation as Validation
from brique.tasks.translation.reading import validate as validate
from brique.tasks.translation.summary import sentence as sentence
