"""The page of a run: one HTML file that says what was asked, what came out and how far to trust it.

The charts are SVG written here, not by a library of figures: their ink follows the reader's light
or dark scheme, their letters keep their size on a telephone, and they are made in milliseconds.

Room and verb have one name, so the room can be called: `brique.report(run)`.
"""

import sys
from pathlib import Path
from types import ModuleType

from brique.report.page import write as write


class _Room(ModuleType):
    def __call__(self, run: str | Path, *, trust: bool = False) -> Path:
        """Write the page of a run and return its path; see `brique.report.opening.report`."""
        from brique.report.opening import report

        return report(run, trust=trust)


sys.modules[__name__].__class__ = _Room
