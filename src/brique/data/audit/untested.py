"""Audit of the audit: which tests for what falsifies a result could not be run, and why."""

from collections.abc import Iterator

from torch import Tensor

from brique.data import echoes, likeness
from brique.data.audit.goals import LEAST as FEWEST_ROWS
from brique.data.audit.seen import Seen
from brique.data.finding import Finding
from brique.data.ragged import Ragged
from brique.schema import Signal

NOT_TESTED = "not tested"


def findings(seen: Seen) -> Iterator[Finding]:
    """Yield one note that names the tests that were not run, if there are any."""
    items = tuple(_untested(seen))
    if items:
        yield Finding(
            NOT_TESTED, "note", None, items, len(items),
            f"Not tested: {'; '.join(f'{what} ({why})' for what, why in items)}.",
            "Look for them by other means.",
        )  # fmt: skip


def _untested(seen: Seen) -> Iterator[tuple[str, str]]:
    if seen.pictures is not None and min(seen.pictures.shape[2:]) < likeness.LEAST_SIDE:
        files = seen.source.originals
        if files is None or not len(files.thumbs):
            yield "near copies", f"pictures of less than {likeness.LEAST_SIDE} pixels"
    for name, kind in seen.kinds.items():
        value = seen.fields[name]
        if isinstance(kind, Signal) and isinstance(value, Ragged) and len(value) > echoes.MOST:
            yield "near copies", f"more than {echoes.MOST:,} sounds"
    inputs = [seen.fields[name] for name in seen.kinds if name not in seen.source.targets]
    has_columns = any(isinstance(value, Tensor) and value.ndim == 1 for value in inputs)
    if has_columns and seen.source.targets and 1 < len(seen.source) < FEWEST_ROWS:
        yield "columns that tell the target", f"fewer than {FEWEST_ROWS} examples"
