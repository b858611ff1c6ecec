"""Transfer learning: nets that start from published weights or from an earlier run."""

from brique.transfer.learning_rates import parameter_groups as parameter_groups
from brique.transfer.pretrained import Pretrained as Pretrained
from brique.transfer.pretrained import expected_input as expected_input
from brique.transfer.pretrained import load_pretrained as load_pretrained
from brique.transfer.pretrained import resolve_source as resolve_source
