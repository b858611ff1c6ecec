"""The page of a run: one HTML file that says what was asked, what came out and how far to trust it.

The charts are SVG written here, not by a library of figures: their ink follows the reader's light
or dark scheme, their letters keep their size on a telephone, and they are made in milliseconds.
"""

from brique.page.audit import write_audit as write_audit
from brique.page.report import write as write
