"""Audits data before anything is trained on them."""

import time
from pathlib import Path
from typing import Any

from brique import data
from brique.data.audit import summary


def check(source: str | Path, *, size: int | None = None) -> dict[str, Any]:
    """Return what may spoil a result on a data set, as JSON values.

    source: a data set as for `train`.
    size: height and width that pictures are brought to, as in `brique.data.open`.
    Returns "name"; "findings", worst first, each with kind, severity, split, items, count, reason
    and remedy; "splits": examples and classes of each part; "notes": what was decided on opening;
    "seconds". Raises DataError when there is no such source, or it cannot be a data set.
    """
    begun = time.perf_counter()
    opened = data.open(source, size=size)
    ready = time.perf_counter()
    found = summary(opened)
    seconds = {"opening": ready - begun, "audit": time.perf_counter() - ready}
    rounded = {name: round(value, 3) for name, value in seconds.items()}
    return {"name": opened.name, **found, "notes": list(opened.notes), "seconds": rounded}
