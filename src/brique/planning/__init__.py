"""What the plans of all trainings share."""

from brique.planning.cost import LOOKS as LOOKS
from brique.planning.cost import SHARE as SHARE
from brique.planning.cost import decay as decay
from brique.planning.cost import multiplications as multiplications
from brique.planning.cost import seconds_a_turn as seconds_a_turn
from brique.planning.cost import shortened as shortened
from brique.planning.request import Request as Request
