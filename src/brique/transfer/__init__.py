"""Starting from what is learnt already: published weights, or an earlier run."""

from brique.transfer.rates import two_rates as two_rates
from brique.transfer.start import Started as Started
from brique.transfer.start import resolved as resolved
from brique.transfer.start import start as start
from brique.transfer.start import wants as wants
