"""Shared parts of training plans: the request, the cost model and default settings."""

from brique.planning.cost import EVALUATIONS as EVALUATIONS
from brique.planning.cost import TRAINING_SHARE as TRAINING_SHARE
from brique.planning.cost import average_decay as average_decay
from brique.planning.cost import multiplications as multiplications
from brique.planning.cost import seconds_per_turn as seconds_per_turn
from brique.planning.cost import shorten as shorten
from brique.planning.request import Request as Request
