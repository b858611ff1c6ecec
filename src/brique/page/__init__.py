"""The report of a run: one HTML file with the command, the data, the result and its uncertainty.

Charts are SVG written here, without a plotting library: they follow the light or dark color
scheme, keep their font size on a phone, and take milliseconds to make.
"""

from brique.page.audit import write_audit as write_audit
from brique.page.report import write as write
