"""Where things are in a picture: loss, boxes, average precision and the judgement."""

from brique.tasks.detect.evaluate import judge as judge
from brique.tasks.detect.found import Found as Found
from brique.tasks.detect.found import found as found
from brique.tasks.detect.loss import loss as loss
from brique.tasks.detect.metrics import Look as Look
from brique.tasks.detect.metrics import look as look
from brique.tasks.detect.predict import Answer as Answer
from brique.tasks.detect.predict import answered as answered
from brique.tasks.detect.predict import answers as answers
from brique.tasks.detect.predict import calibrate as calibrate
from brique.tasks.detect.predict import placed as placed
from brique.tasks.detect.reading import wanted as wanted
from brique.tasks.detect.summary import sentence as sentence
