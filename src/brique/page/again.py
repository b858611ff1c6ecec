"""What would bring the same result again: command, seed, versions, fingerprint, time."""

import json
import shlex
from typing import Any

from brique.page.facts import Facts
from brique.page.markup import (
    Section,
    box,
    count,
    details,
    figure,
    name,
    pairs,
    seconds,
    text,
)  # fmt: skip

LEVELS = {
    "bit": "bit for bit, on the same versions, kind of machine and number of threads",
    "order": "the same draws and order of examples; sums may differ in the last bits",
}
PARTS = 12
OUTSIDE = ("total", "report")  # of the parts that are shown: the page cannot time itself


def section(facts: Facts) -> Section:
    """Return what would reproduce the run, where its time went, and how often test was read."""
    record = facts.record.json
    body = _command(facts) + _time(record.get("seconds", {})) + _reads(record["data"])
    rows = [
        (text(key), text(json.dumps(value), 300)) for key, value in facts.record.settings.items()
    ]
    if rows:
        lines = "".join(f'<tr><th scope="row">{a}</th><td>{b}</td></tr>' for a, b in rows[:100])
        table = f"<table>{lines}</table>"
        body += details("Every setting of the run", box("settings", table))
    return Section("again", "The same again", body)


def _command(facts: Facts) -> str:
    record = facts.record.json
    rows: list[tuple[str, str]] = []
    if record.get("command"):
        rows.append(("Command", f"<code>{text(record['command'], 600)}</code>"))
    copy = f"brique copy {shlex.quote(str(facts.record.folder))} mine.py"
    rows.append(("Its code, to edit", f"<code>{text(copy, 600)}</code>"))
    rows.append(("Seed", f"{record['seed']}"))
    level = str(record.get("exactness", ""))
    if level in LEVELS:
        rows.append(("Exactness", f"<b>{level}</b>: {LEVELS[level]}"))
    threads = record["launch"].get("threads")
    if threads:
        rows.append(("Threads", text(threads)))
    for entry in record["data"][:8]:
        print_ = f"<code>{text(entry['fingerprint'], 64)}</code>"
        rows.append((f"Fingerprint of {name(entry.get('name', 'the data'), 40)}", print_))
    rows.append(("Checksum of the code", f"<code>{text(facts.record.source_sha256, 64)}</code>"))
    versions = record.get("versions")
    if isinstance(versions, dict):
        listed = " · ".join(f"{text(key)} {text(value)}" for key, value in versions.items())
        rows.append(("Versions", listed))
    return pairs(rows)


def _time(spent: dict[str, Any]) -> str:
    """Return the seconds of each part as bars."""
    parts = [
        (key, float(value))
        for key, value in spent.items()
        if isinstance(value, int | float) and value > 0 and key not in OUTSIDE
    ]
    if not parts:
        return ""
    total = sum(value for _, value in parts)
    longest = max(parts, key=lambda part: part[1])
    rows = "".join(
        f'<tr><th scope="row">{text(key.replace("_", " "), 30)}</th><td><svg class="bar"'
        f' aria-hidden="true"><rect width="{max(0.5, 100 * value / longest[1]):.1f}%"/></svg></td>'
        f'<td class="num">{seconds(value)}</td></tr>'
        for key, value in parts[:PARTS]
    )
    title = f"{text(longest[0].replace('_', ' ')).capitalize()} took most of the time"
    says = f"{seconds(total)} in all, without writing this page."
    return figure(title, says, f'<table class="strips bars"><tbody>{rows}</tbody></table>\n')


def _reads(entries: list[dict[str, Any]]) -> str:
    """Say how often the test part was read."""
    times = sum(int(entry.get("test_reads", 0)) for entry in entries)
    if times == 1:
        says = "once, after training and all choices: the result is not the best of many tries."
    elif times:
        says = f"{count(times, 'time')}: the more often it is looked at, the more it flatters."
    else:
        says = "not once in this run."
    return f"<p>The test part was read {says}</p>\n"
