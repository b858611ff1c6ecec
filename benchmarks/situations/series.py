"""Cases of series: newest row first, moments in many forms, date and time in two columns."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

from brique import data
from brique.data import Data, audit
from brique.data.rows.inputs import read_inputs
from brique.errors import BriqueError
from situations import WrongError, each, expect, expect_finding, expect_note, variant, write

COUNT, PAST, AHEAD = 400, 6, 3
SPANS = {"kind": "series", "length": PAST, "ahead": AHEAD}
FIRST = datetime(2024, 4, 1, tzinfo=UTC)
HOURS = [FIRST + timedelta(hours=n) for n in range(COUNT)]
PLUS_2 = timezone(timedelta(hours=2))
Write = Callable[[datetime], str]


def rising() -> list[float]:
    """Return a load that rises by about 1 an hour."""
    draw = random.Random(20)
    return [round(100 + n + draw.gauss(0, 0.2), 3) for n in range(COUNT)]


LOADS = rising()


def windows(opened: Data) -> list[tuple[float, ...]]:
    """Return what each example spans, past and future, of all parts."""
    return [
        tuple(round(float(x), 3) for x in (*one["past"].flatten(), *one["future"].flatten()))
        for split in (opened.train, opened.valid, opened.test)
        for one in split
    ]


def expect_windows(opened: Data, loads: list[float]) -> None:
    """Raise WrongError unless the examples are the windows of a series, train first, test last."""
    span = PAST + AHEAD
    right = {tuple(loads[n : n + span]): n for n in range(len(loads) - span + 1)}
    places = [right.get(one, -1) for one in windows(opened)]
    if not places or -1 in places:
        raise WrongError(f"{places.count(-1)} of {len(places)} windows are not of the series")
    expect(sorted(places) == places and len(places) >= len(loads) * 0.9, True, "order and number")


def file_of(
    at: Path, header: str, write_time: Write, times: list[datetime], sign: str = ","
) -> Path:
    """Write a series; the header may name several columns for the time."""
    rows = [f"{write_time(t)}{sign}{load:.3f}" for t, load in zip(times, LOADS, strict=True)]
    return write(at, "\n".join([f"{header}{sign}load", *reversed(rows)]) + "\n")


def backwards(at: Path, given: tuple[str, Write, list[datetime]]) -> None:
    """Check a file that begins with its newest row: windows, note, and how it goes on."""
    header, write_time, times = given
    path = file_of(at / "t.csv", header, write_time, times)
    opened = data.open(path, target="load", **SPANS)
    expect_windows(opened, LOADS)
    expect_note(opened, "newest row is first")
    (asked,) = read_inputs(opened.schema, (path,))
    got = [round(float(x), 3) for x in asked.value.flatten()]
    expect(got, LOADS[-PAST:], "the past that predict takes")


def months(count: int) -> list[datetime]:
    """Return the first days of months."""
    return [datetime(1985 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(count)]


def quarters(count: int) -> list[datetime]:
    """Return the first days of quarters."""
    return [datetime(1910 + n // 4, n % 4 * 3 + 1, 1, tzinfo=UTC) for n in range(count)]


def days(count: int) -> list[datetime]:
    """Return days."""
    return [datetime(2022, 3, 1, tzinfo=UTC) + timedelta(days=n) for n in range(count)]


each("20", "sorted by time, and said; the newest rows are asked, in their order", backwards, {
    "ISO with an offset": ("time", lambda t: t.astimezone(PLUS_2).isoformat(), HOURS),
    "milliseconds": ("time", lambda t: str(int(t.timestamp() * 1000)), HOURS),
    "AM and PM": ("time", lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}", HOURS),
    "fractions": ("time", lambda t: f"{t:%Y-%m-%d %H:%M:%S}.000", HOURS),
    "plain": ("time", lambda t: f"{t:%Y-%m-%d %H:%M:%S}", HOURS),
    "Z": ("when", lambda t: f"{t:%Y-%m-%dT%H:%M:%SZ}", HOURS),
    "day first, with points": ("Datum", lambda t: f"{t:%d.%m.%Y %H:%M}", HOURS),
    "seconds, with decimals": ("timestamp", lambda t: f"{t.timestamp():.1f}", HOURS),
    "nanoseconds": ("time", lambda t: str(int(t.timestamp()) * 10**9), HOURS),
    "compact": ("time", lambda t: f"{t:%Y%m%dT%H%M%S}", HOURS),
    "names of months": ("time", lambda t: f"{t:%d-%b-%Y %H:%M}", HOURS),
    "weekdays": ("time", lambda t: f'"{t:%a, %d %b %Y %H:%M:%S} +0000"', HOURS),
    "days, American": ("date", lambda t: f"{t:%m/%d/%Y}", days(COUNT)),
    "days as digits": ("date", lambda t: f"{t:%Y%m%d}", days(COUNT)),
    "months": ("month", lambda t: f"{t:%b %Y}", months(COUNT)),
    "quarters": ("quarter", lambda t: f"{t.year}Q{(t.month + 2) // 3}", quarters(COUNT)),
    "quarters, Q first": ("q", lambda t: f"Q{(t.month + 2) // 3} {t.year}", quarters(COUNT)),
})  # fmt: skip


@variant("20", "decimal commas, newest first", "sorted; the numbers of the commas")
def commas(at: Path) -> None:
    """Check a European export of a series."""
    rows = [f"{t:%d.%m.%Y %H:%M};{load:.3f}".replace(".", ",").replace(",", ".", 2)
            for t, load in zip(HOURS, LOADS, strict=True)]  # fmt: skip
    path = write(at / "t.csv", "\n".join(["Zeit;load", *reversed(rows)]) + "\n")
    expect_windows(data.open(path, target="load", **SPANS), LOADS)


def not_moments(at: Path, given: tuple[str, dict[str, str]]) -> None:
    """Check that rows are not taken as even in silence: refused, or a warning with the first."""
    header, options = given
    rows = [f"slot {n * 7919 % 1000}x,{load:.3f}" for n, load in enumerate(LOADS)]
    path = write(at / "t.csv", "\n".join([f"{header},load", *rows]) + "\n")
    try:
        opened = data.open(path, target="load", **options, **SPANS)
    except BriqueError as error:
        expect("'slot 0x' in row 2" in str(error), True, str(error))
        expect(options, {}, "refused in spite of")
        return
    if not options:
        warned = [one for one in audit.findings(opened) if one.severity in ("warning", "error")]
        shown = [one for one in warned if "slot 0x" in one.reason + str(one.items)]
        expect(bool(shown), True, f"a warning with the first row, of {len(warned)}")
    expect_windows(opened, LOADS)


each("20", "refused with the row, or a warning that shows the first rows", not_moments, {
    "a column time that holds none": ("time", {}),
    "the same with --time none": ("time", {"time": "none"}),
    "no column of moments": ("slot", {}),
})  # fmt: skip


@variant("20", "a load that counts the hours, newest first", "it is the series, no index")
def counting(at: Path) -> None:
    """Check that what a person names is not left out as a count of the rows."""
    rows = [f"{t:%Y-%m-%d %H:%M},{n}" for n, t in enumerate(HOURS)]
    path = write(at / "t.csv", "\n".join(["time,load", *reversed(rows)]) + "\n")
    expect_windows(data.open(path, target="load", **SPANS), [float(n) for n in range(COUNT)])


@variant("20", "two sensors mixed, newest first", "a series each, no window of both")
def sensors(at: Path) -> None:
    """Check rows of two sensors in one file."""
    rows: list[str] = []
    for t, load in zip(HOURS, LOADS, strict=True):
        rows += [
            f"{t:%Y-%m-%d %H:%M},{key},{load + 1000 * far:.3f}" for far, key in enumerate("ab")
        ]
    path = write(at / "t.csv", "\n".join(["time,sensor,load", *reversed(rows)]) + "\n")
    opened = data.open(path, target="load", **SPANS)
    both = [one for one in windows(opened) if max(one) - min(one) > 100]
    expect(both, [], "windows of both")
    steps = {round(b - a) for one in windows(opened) for a, b in pairwise(one)}
    expect(steps <= {0, 1, 2}, True, f"rises by 1 an hour, got steps {sorted(steps)[:5]}")


# 21: date and time in two columns are one series


def two_columns(at: Path, given: dict[str, Any]) -> None:
    """Check that columns together tell the time."""
    header, write_time = given["header"], given["time"]
    rows = [f"{write_time(t)};{load:.2f}" for t, load in zip(HOURS, LOADS, strict=True)]
    path = write(at / "t.csv", "\n".join([f"{header};load", *rows]) + "\n")
    opened = data.open(path, target="load", **SPANS)
    expect_windows(opened, [round(load, 2) for load in LOADS])
    expect(opened.schema.inputs, ("past",))
    expect(opened.schema["past"].names, ("load",), "columns of the past")
    (asked,) = read_inputs(opened.schema, (path,))
    got = [round(float(x), 2) for x in asked.value.flatten()]
    expect(got, [round(load, 2) for load in LOADS[-PAST:]], "the past that predict takes")


each("21", "one hourly series of the load alone", two_columns, {
    "Date and Time": {"header": "Date;Time",
                      "time": lambda t: f"{t.day}/{t.month}/{t.year};{t:%H:%M:%S}"},
    "Datum and Uhrzeit": {"header": "Datum;Uhrzeit", "time": lambda t: f"{t:%d.%m.%Y;%H:%M}"},
    "date and hour": {"header": "date;hour", "time": lambda t: f"{t:%Y-%m-%d};{t.hour}"},
    "day and AM/PM": {"header": "Day;Time", "time": lambda t: f"{t:%Y-%m-%d;%I:%M %p}"},
    "Time before Date": {"header": "Time;Date", "time": lambda t: f"{t:%H:%M:%S;%m/%d/%Y}"},
    "year, month, day, hour": {"header": "year;month;day;hour",
                               "time": lambda t: f"{t.year};{t.month};{t.day};{t.hour}"},
    "date of midnight and time": {"header": "Date;Time",
                                  "time": lambda t: f"{t:%Y-%m-%d} 00:00:00;{t:%H:%M:%S}"},
    "digits and hours of four": {"header": "date;hhmm",
                                 "time": lambda t: f"{t:%Y%m%d};{t.hour * 100:04d}"},
})  # fmt: skip


@variant("21", "; and three digits behind the point", "one series, and an error with both readings")
def three_digits(at: Path) -> None:
    """Check that the sign before decimals is asked for in a series as in a table."""
    times: Write = lambda t: f"{t.day}/{t.month}/{t.year};{t:%H:%M:%S}"  # noqa: E731 - as above
    path = file_of(at / "t.csv", "Date;Time", times, HOURS, ";")
    expect_finding(data.open(path, target="load", **SPANS), "decimal sign", "error", "--decimal")
    opened = data.open(path, target="load", decimal="point", **SPANS)
    expect_windows(opened, LOADS)
