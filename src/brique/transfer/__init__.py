"""Starting from what is learnt already: published weights, or an earlier run."""

from brique.transfer.rates import parameter_groups as parameter_groups
from brique.transfer.start import Pretrained as Pretrained
from brique.transfer.start import resolve_source as resolve_source
from brique.transfer.start import load_pretrained as load_pretrained
from brique.transfer.start import expected_input as expected_input
