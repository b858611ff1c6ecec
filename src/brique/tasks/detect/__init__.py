"""Where things are in a picture: loss, boxes, average precision and the judgement."""

from brique.tasks.detect.answer import Answer as Answer
from brique.tasks.detect.answer import answered as answered
from brique.tasks.detect.answer import answers as answers
from brique.tasks.detect.answer import calibrate as calibrate
from brique.tasks.detect.answer import placed as placed
from brique.tasks.detect.found import Found as Found
from brique.tasks.detect.found import found as found
from brique.tasks.detect.judging import judge as judge
from brique.tasks.detect.loss import loss as loss
from brique.tasks.detect.reading import wanted as wanted
from brique.tasks.detect.scores import Look as Look
from brique.tasks.detect.scores import look as look
from brique.tasks.detect.words import sentence as sentence
