"""Checks that the audit could not run, and why."""

from collections.abc import Iterator

from torch import Tensor

from brique.data.audit.examples import Examples
from brique.data.audit.target_leaks import MIN_ROWS
from brique.data.core.ragged import Ragged
from brique.data.finding import Finding
from brique.data.near_duplicates import audio, images
from brique.schema import Signal

NOT_TESTED = "not tested"


def findings(examples: Examples) -> Iterator[Finding]:
    """Yield one note that names the checks that were not run, if there are any."""
    items = tuple(_untested(examples))
    if items:
        yield Finding(
            NOT_TESTED, "note", None, items, len(items),
            f"Not tested: {'; '.join(f'{test} ({reason})' for test, reason in items)}.",
            "Check this in another way.",
        )  # fmt: skip


def _untested(examples: Examples) -> Iterator[tuple[str, str]]:
    if examples.pictures is not None and min(examples.pictures.shape[2:]) < images.MIN_SIDE:
        files = examples.source.image_metadata
        if files is None or not len(files.thumbs):
            yield "near-duplicates", f"images smaller than {images.MIN_SIDE} pixels a side"
    for name, kind in examples.kinds.items():
        value = examples.fields[name]
        if isinstance(kind, Signal) and isinstance(value, Ragged) and len(value) > audio.MAX_SOUNDS:
            yield "near-duplicates", f"more than {audio.MAX_SOUNDS:,} sounds"
    inputs = [
        examples.fields[name] for name in examples.kinds if name not in examples.source.targets
    ]
    has_columns = any(isinstance(value, Tensor) and value.ndim == 1 for value in inputs)
    if has_columns and examples.source.targets and 1 < len(examples.source) < MIN_ROWS:
        yield "target leaks", f"fewer than {MIN_ROWS} examples"
