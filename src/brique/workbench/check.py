"""Audits data before anything is trained on them."""

import csv
import io
import time
from pathlib import Path
from typing import Any

from brique import data, files, page
from brique.data import audit, shown
from brique.data.finding import Finding

_EXAMPLES = 3  # that are shown


def check(
    source: str | Path,
    *,
    csv: Path | str | None = None,
    html: Path | str | None = None,
    **options: Any,  # noqa: ANN401 - each has a type of its own, in `brique.data.open`
) -> dict[str, Any]:
    """Return what may spoil a result on a data set, as JSON values.

    source: a data set as for `train`.
    csv: a file to write the findings to, one row an item; replaced if it exists.
    html: a file to write a page of the audit to, with examples; replaced if it exists.
    options: those of `brique.data.open`, such as target=, kind=, size=.
    Returns "name"; "fields", what each is; "targets"; "examples", three of train; "findings", worst
    first, each with kind, severity, split, items, count, reason and remedy; "verdict", their sum in
    a sentence; "splits": examples and classes of each part; "notes": what was decided on opening;
    "seconds". Raises DataError when there is no
    such source, or it cannot be a data set.
    """
    begun = time.perf_counter()
    for out in (csv, html):
        if out is not None:
            test = options.get("test")
            tests = () if test is None else (test, Path(source).parent / test)
            files.check_is_other(out, source, *tests)
    opened = data.open(source, **options)
    ready = time.perf_counter()
    findings = audit.findings(opened)
    seconds = {"opening": ready - begun, "audit": time.perf_counter() - ready}
    if csv is not None:
        files.write(csv, _table(findings))
    found = [one.to_json() for one in findings]
    if html is not None:
        page.write_audit(html, opened, found, audit.verdict(findings))
    return {
        "name": opened.name,
        "fields": shown.kinds(opened),
        "targets": list(opened.schema.targets),
        "examples": shown.examples(opened, opened.train.ids[:_EXAMPLES].tolist()),
        "findings": found,
        "verdict": audit.verdict(findings),
        "splits": audit.counts(opened),
        "notes": list(opened.notes),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def _table(findings: list[Finding]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(audit.table(findings))
    return text.getvalue()
