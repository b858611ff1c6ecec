"""How to reproduce a run: command, seed, versions, fingerprint, time."""

import json
import shlex
from typing import Any

from brique.page.facts import Facts
from brique.page.markup import (
    Section,
    box,
    count,
    definition_list,
    details,
    figure,
    name,
    seconds,
    text,
)  # fmt: skip

EXACTNESS_LEVELS = {
    "bit": "bit-identical with the same versions, type of machine and number of threads",
    "order": "same random numbers and order of examples; sums may differ in the last bits",
}
MAX_PHASES = 12
EXCLUDED = ("total", "report")  # not shown: the report cannot time itself


def section(facts: Facts) -> Section:
    """Return command, code, versions, time by phase, and how often test was read."""
    record = facts.record.json
    body = _command(facts) + _timing(record.get("seconds", {})) + _test_reads(record["data"])
    rows = [
        (text(key), text(json.dumps(value), 300)) for key, value in facts.record.settings.items()
    ]
    if rows:
        table_rows = "".join(
            f'<tr><th scope="row">{title}</th><td>{content}</td></tr>'
            for title, content in rows[:100]
        )
        table = f"<table>{table_rows}</table>"
        body += details("All settings", box("settings", table))
    return Section("reproduction", "Reproduction", body)


def _command(facts: Facts) -> str:
    record = facts.record.json
    rows: list[tuple[str, str]] = []
    if record.get("command"):
        rows.append(("Command", f"<code>{text(record['command'], 600)}</code>"))
    copy = f"brique copy {shlex.quote(str(facts.record.folder))} mine.py"
    rows.append(("To copy the code", f"<code>{text(copy, 600)}</code>"))
    rows.append(("Seed", f"{record['seed']}"))
    level = str(record.get("exactness", ""))
    if level in EXACTNESS_LEVELS:
        rows.append(("Exactness", f"<b>{level}</b>: {EXACTNESS_LEVELS[level]}"))
    threads = record["launch"].get("threads")
    if threads:
        rows.append(("Threads", text(threads)))
    for entry in record["data"][:8]:
        fingerprint = f"<code>{text(entry['fingerprint'], 64)}</code>"
        rows.append((f"Fingerprint of {name(entry.get('name', 'the data'), 40)}", fingerprint))
    rows.append(("Checksum of the code", f"<code>{text(facts.record.source_sha256, 64)}</code>"))
    versions = record.get("versions")
    if isinstance(versions, dict):
        versions_text = " · ".join(f"{text(key)} {text(value)}" for key, value in versions.items())
        rows.append(("Versions", versions_text))
    return definition_list(rows)


def _timing(durations: dict[str, Any]) -> str:
    """Return the seconds of each phase as bars."""
    phases = [
        (key, float(value))
        for key, value in durations.items()
        if isinstance(value, int | float) and value > 0 and key not in EXCLUDED
    ]
    if not phases:
        return ""
    total = sum(value for _, value in phases)
    longest = max(phases, key=lambda phase: phase[1])
    rows = "".join(
        f'<tr><th scope="row">{text(key.replace("_", " "), 30)}</th><td><svg class="bar"'
        f' aria-hidden="true"><rect width="{max(0.5, 100 * value / longest[1]):.1f}%"/></svg></td>'
        f'<td class="num">{seconds(value)}</td></tr>'
        for key, value in phases[:MAX_PHASES]
    )
    share = "most of the time" if longest[1] > total / 2 else "the longest"
    title = f"{text(longest[0].replace('_', ' ')).capitalize()} took {share}"
    caption = f"{seconds(total)} in total, not counting this report."
    return figure(title, caption, f'<table class="strips bars"><tbody>{rows}</tbody></table>\n')


def _test_reads(entries: list[dict[str, Any]]) -> str:
    """Return how often the test split was read."""
    num_reads = sum(int(entry.get("test_reads", 0)) for entry in entries)
    if num_reads == 1:
        description = "once, after training and model selection."
    elif num_reads:
        description = f"{count(num_reads, 'time')}: results on a reused test split are optimistic."
    else:
        description = "0 times in this run."
    return f"<p>The test split was read {description}</p>\n"
