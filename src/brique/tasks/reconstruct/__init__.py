"""Pictures through a few numbers and back: loss, answers, scores, the judgement, comparisons."""

from brique.tasks.reconstruct.evaluate import judge as judge
from brique.tasks.reconstruct.loss import loss as loss
from brique.tasks.reconstruct.pictures import named as named
from brique.tasks.reconstruct.pictures import principal as principal
from brique.tasks.reconstruct.pictures import rebuilt as rebuilt
from brique.tasks.reconstruct.pictures import rows as rows
from brique.tasks.reconstruct.predict import Answer as Answer
from brique.tasks.reconstruct.predict import answered as answered
from brique.tasks.reconstruct.reading import calibrate as calibrate
from brique.tasks.reconstruct.reading import look as look
from brique.tasks.reconstruct.summary import sentence as sentence
