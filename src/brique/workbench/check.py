"""Audit of a data set before training."""

import csv
import io
import time
from pathlib import Path
from typing import Any

from brique import data, files, page
from brique.data import audit
from brique.data.finding import Finding
from brique.data.rows import describe

_NUM_EXAMPLES = 3  # that are shown


def check(
    source: str | Path,
    *,
    csv: Path | str | None = None,
    html: Path | str | None = None,
    **options: Any,  # noqa: ANN401 - each has a type of its own, in `brique.data.open`
) -> dict[str, Any]:
    """Audit a data set; return findings that may invalidate results, as JSON values.

    source: a data set as for `train`.
    csv: output file for the findings, one row per item; overwritten if it exists.
    html: output file for the audit page, with examples; overwritten if it exists.
    options: those of `brique.data.open`, such as target=, kind=, size=.
    Returns "name"; "fields", what each is; "targets"; "examples", three of train; "findings", worst
    first, each with kind, severity, split, items, count, reason and remedy; "verdict", their sum in
    a sentence; "splits": examples and classes of each part; "notes": what was decided on opening;
    "seconds". Raises DataError when there is no
    such source, or it cannot be a data set.
    """
    started = time.perf_counter()
    for output in (csv, html):
        if output is not None:
            test = options.get("test")
            test_paths = () if test is None else (test, Path(source).parent / test)
            files.check_not_input(output, source, *test_paths)
    dataset = data.open(source, **options)
    opened_at = time.perf_counter()
    findings = audit.findings(dataset)
    seconds = {"opening": opened_at - started, "audit": time.perf_counter() - opened_at}
    if csv is not None:
        files.write(csv, _to_csv(findings))
    entries = [finding.to_json() for finding in findings]
    if html is not None:
        page.write_audit(html, dataset, entries, audit.verdict(findings))
    return {
        "name": dataset.name,
        "fields": describe.describe_fields(dataset),
        "targets": list(dataset.schema.targets),
        "examples": describe.describe_examples(dataset, dataset.train.ids[:_NUM_EXAMPLES].tolist()),
        "findings": entries,
        "verdict": audit.verdict(findings),
        "splits": audit.counts(dataset),
        "notes": list(dataset.notes),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
    }


def _to_csv(findings: list[Finding]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(audit.table(findings))
    return text.getvalue()
