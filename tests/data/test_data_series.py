"""Series: the same rows written in many forms open to the same values, and odd ones are said."""

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import torch
from openpyxl import Workbook

from brique import data
from brique.data.rows.inputs import read_inputs
from brique.data.rows.last_window import last_windows
from brique.errors import DataError
from brique.schema import Number, Schema
from brique.schema.time_index import TimeIndex

COUNT, LENGTH, AHEAD = 300, 6, 3
VALUES = np.round(100 + np.cumsum(np.random.default_rng(0).normal(size=COUNT)), 2)
PLUS_2 = timezone(timedelta(hours=2))
HOURS = [datetime(2024, 5, 30, tzinfo=UTC) + timedelta(hours=i) for i in range(COUNT)]
DAYS = [datetime(2021, 3, 1, tzinfo=UTC) + timedelta(days=i) for i in range(COUNT)]
MONTHS = [datetime(1990 + i // 12, i % 12 + 1, 1, tzinfo=UTC) for i in range(COUNT)]
QUARTERS = [datetime(1930 + i // 4, i % 4 * 3 + 1, 1, tzinfo=UTC) for i in range(COUNT)]
FIELDS = {"length": LENGTH, "horizon": AHEAD, "kind": "series", "target": "load"}


def iso(t):
    return f"{t:%Y-%m-%d %H:%M:%S}"


def quarter(t):
    return (t.month + 2) // 3


HOURLY = {  # header and cells of the time
    "iso": ("time", iso),
    "T": ("when", lambda t: f"{t:%Y-%m-%dT%H:%M}"),
    "Z": ("when", lambda t: f"{t:%Y-%m-%dT%H:%M:%SZ}"),
    "offset": ("time", lambda t: t.astimezone(PLUS_2).isoformat()),
    "offset without colon": ("time", lambda t: f"{t.astimezone(PLUS_2):%Y-%m-%d %H:%M:%S%z}"),
    "fraction": ("time", lambda t: iso(t) + ".000"),
    "comma fraction": ("time", lambda t: f'"{iso(t)},000"'),
    "am": ("time", lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}"),
    "small am": ("time", lambda t: f"{t:%m/%d/%Y %I:%M%p}".lower()),
    "day first": ("Datum", lambda t: f"{t:%d.%m.%Y %H:%M}"),
    "short year": ("time", lambda t: f"{t:%d/%m/%y %H:%M}"),
    "month first": ("time", lambda t: f"{t:%m/%d/%Y %H:%M}"),
    "year first": ("time", lambda t: f"{t:%Y/%m/%d %H:%M}"),
    "named": ("time", lambda t: f"{t:%d-%b-%Y %H:%M}"),
    "weekday": ("time", lambda t: f'"{t:%a, %d %b %Y %H:%M:%S} +0000"'),
    "compact": ("time", lambda t: f"{t:%Y%m%dT%H%M}"),
    "digits": ("timestamp", lambda t: f"{t:%Y%m%d%H%M}"),
    "s": ("timestamp", lambda t: int(t.timestamp())),
    "ms": ("ts", lambda t: int(t.timestamp() * 1000)),
    "us": ("time_us", lambda t: int(t.timestamp() * 1e6)),
    "s unnamed": ("x", lambda t: int(t.timestamp())),
    "float": ("time", lambda t: f"{t.timestamp():.2f}"),
    "two columns": ("Date;Time", lambda t: f"{t.day}/{t.month}/{t.year};{t:%H:%M:%S}"),
    "german": ("Datum;Uhrzeit", lambda t: f"{t:%d.%m.%Y};{t:%H:%M}"),
    "date and am": ("day;time", lambda t: f"{t:%Y-%m-%d};{t:%I:%M %p}"),
    "date and hour": ("date;hour", lambda t: f"{t:%Y-%m-%d};{t.hour}"),
    "digits and hour": ("date;hhmm", lambda t: f"{t:%Y%m%d};{t.hour * 100}"),
    "midnight and time": ("Date;Time", lambda t: f"{t:%Y-%m-%d} 00:00:00;{t:%H:%M:%S}"),
    "pieces": ("Year;Month;Day;Hour", lambda t: f"{t.year};{t.month};{t.day};{t.hour}"),
    "pieces and time": ("year;month;day;time", lambda t: f"{t.year};{t:%B};{t.day};{t:%H:%M}"),
}


def written(path, rows, header, delimiter=";", decimal="."):
    """Write rows of (cells of the time, value)."""
    said = [(cells, f"{value:.2f}".replace(".", decimal)) for cells, value in rows]
    lines = [f"{cells}{delimiter}{value}" for cells, value in said]
    path.write_text("\n".join([f"{header}{delimiter}load", *lines]) + "\n")
    return path


def form(path, way, times=HOURS, values=VALUES, **options):
    header, cell = way
    return written(
        path, [(cell(t), v) for t, v in zip(times, values, strict=True)], header, **options
    )


def windows(values=VALUES):
    """Return pasts and futures of all parts by hand: 80% of the moments are not for test."""
    test = round(len(values) * 0.8)
    valid = round(test * 0.9)
    parts = [(0, valid), (valid, test), (test, len(values))]
    found = []
    for begin, end in parts:
        starts = [s for s in range(begin, end - AHEAD + 1) if s >= LENGTH]
        past = np.stack([values[s - LENGTH : s, None] for s in starts]).astype(np.float32)
        future = np.stack([values[s : s + AHEAD] for s in starts]).astype(np.float32)
        found.append((torch.from_numpy(past), torch.from_numpy(future)))
    return found


def check(opened, values=VALUES):
    for part, (past, future) in zip(
        (opened.train, opened.valid, opened.test), windows(values), strict=True
    ):
        assert torch.equal(part["past"], past)
        assert torch.equal(part["future"], future)


def kinds(opened):
    return [(one.kind, one.severity) for one in opened.source.findings if one.kind != "level"]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("way", HOURLY)
def test_the_same_hours_open_to_the_same_windows(tmp_path, way, newest_first):
    turn = -1 if newest_first else 1
    path = form(tmp_path / "a.csv", HOURLY[way], HOURS[::turn], VALUES[::turn])
    opened = data.open(path, **FIELDS)
    check(opened)
    assert opened.source.times[0] == HOURS[LENGTH].timestamp()
    assert not [one for one in kinds(opened) if one[1] != "note"]
    assert ("the newest row is first" in " ".join(opened.notes)) == newest_first
    clock = opened.schema["past"].time_index
    assert (clock.step, clock.is_monthly) == (3600, False)
    assert Schema.from_json(opened.schema.to_json()) == opened.schema
    (last,) = last_windows(path, opened.schema["past"])
    assert torch.equal(last.values[:, 0], torch.tensor(VALUES[-LENGTH:], dtype=torch.float32))
    assert bool(last.notes) == newest_first


DAILY = {
    "iso": ("date", lambda t: f"{t:%Y-%m-%d}"),
    "digits": ("date", lambda t: f"{t:%Y%m%d}"),
    "digits unnamed": ("x", lambda t: f"{t:%Y%m%d}"),
    "american": ("date", lambda t: f'"{t:%B} {t.day}, {t.year}"'),
    "pieces": ("yyyy;mm;dd", lambda t: f"{t:%Y;%m;%d}"),
    "day of year": ("year;doy", lambda t: f"{t.year};{t.timetuple().tm_yday}"),
    "ordinal": ("date", lambda t: f"{t:%Y-%j}"),
}
MONTHLY = {
    "iso": ("month", lambda t: f"{t:%Y-%m}"),
    "slash": ("month", lambda t: f"{t:%m/%Y}"),
    "short": ("period", lambda t: f"{t:%b %Y}"),
    "long": ("period", lambda t: f"{t:%B %Y}"),
    "two digits": ("period", lambda t: f"{t:%b-%y}"),
    "M": ("period", lambda t: f"{t:%YM%m}"),
    "digits": ("date", lambda t: f"{t:%Y%m}"),
    "first day": ("date", lambda t: f"{t:%d/%m/%Y}"),
    "first day, month first": ("date", lambda t: f"{t:%m/%d/%Y}"),
    "pieces": ("Year;Month", lambda t: f"{t:%Y};{t:%b}"),
}
QUARTERLY = {
    "Q": ("period", lambda t: f"{t.year}Q{quarter(t)}"),
    "-Q": ("quarter", lambda t: f"{t.year}-Q{quarter(t)}"),
    "Q first": ("period", lambda t: f"Q{quarter(t)} {t.year}"),
    "pieces": ("year;quarter", lambda t: f"{t.year};{quarter(t)}"),
}


@pytest.mark.parametrize("way", DAILY)
def test_the_same_days_open_to_the_same_windows(tmp_path, way):
    opened = data.open(form(tmp_path / "a.csv", DAILY[way], DAYS), **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.step_text == "1 day"
    assert not [one for one in kinds(opened) if one[1] != "note"]


@pytest.mark.parametrize("way", MONTHLY)
def test_the_same_months_open_to_the_same_windows(tmp_path, way):
    opened = data.open(form(tmp_path / "a.csv", MONTHLY[way], MONTHS), **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.step_text == "1 month"
    assert not [one for one in kinds(opened) if one[1] != "note"]


@pytest.mark.parametrize("way", QUARTERLY)
def test_the_same_quarters_open_to_the_same_windows(tmp_path, way):
    opened = data.open(form(tmp_path / "a.csv", QUARTERLY[way], QUARTERS), **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.step_text == "3 months"


def test_weeks_and_years_and_days_of_a_spreadsheet(tmp_path):
    weeks = [datetime(2018, 1, 1, tzinfo=UTC) + timedelta(weeks=i) for i in range(COUNT)]
    opened = data.open(form(tmp_path / "w.csv", ("week", lambda t: f"{t:%G-W%V}"), weeks), **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.step_text == "1 week"
    pieces = ("Year;Week", lambda t: f"{t:%G;%V}")
    check(data.open(form(tmp_path / "p.csv", pieces, weeks), **FIELDS))
    years = form(tmp_path / "y.csv", ("year", lambda t: 1700 + t), range(COUNT))
    opened = data.open(years, **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.step_text == "12 months"
    serial = ("day", lambda t: f"{45000 + t / 24:.10f}")
    excel = form(tmp_path / "e.csv", serial, range(COUNT))
    opened = data.open(excel, time="day", **FIELDS)
    check(opened)


def test_a_series_of_milliseconds_keeps_its_order_and_step(tmp_path):
    first = datetime(2024, 5, 30, tzinfo=UTC)
    fine = [first + timedelta(milliseconds=4 * i) for i in range(COUNT)]
    ways = {
        "iso": ("time", lambda t: t.isoformat(timespec="milliseconds")),
        "ms": ("time", lambda t: round(t.timestamp() * 1000)),
        "float": ("time", lambda t: f"{t.timestamp():.3f}"),
    }
    for way in ways.values():
        opened = data.open(form(tmp_path / "a.csv", way, fine[::-1], VALUES[::-1]), **FIELDS)
        check(opened)
        assert opened.schema["past"].time_index.step == pytest.approx(0.004)
        assert not [one for one in kinds(opened) if one[1] != "note"]


def test_parquet_keeps_the_milliseconds_of_a_series(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    for unit, kind in (("ms", "timestamp"), ("ns", "timestamp")):
        step = 4 if unit == "ms" else 4_000_000
        when = pa.array(np.arange(COUNT) * step, pa.timestamp(unit))
        parquet.write_table(pa.table({"at": when, "load": VALUES}), tmp_path / "t.parquet")
        opened = data.open(tmp_path / "t.parquet", **FIELDS)
        check(opened)
        assert opened.schema["past"].time_index.step == pytest.approx(0.004), kind


def test_decimal_commas_and_missing_marks_of_a_series(tmp_path):
    path = form(tmp_path / "a.csv", HOURLY["german"], decimal=",")
    opened = data.open(path, **FIELDS)
    check(opened)
    (last,) = last_windows(path, opened.schema["past"])
    assert torch.equal(last.values[:, 0], torch.tensor(VALUES[-LENGTH:], dtype=torch.float32))
    lines = path.read_text().splitlines()
    lines[40] = lines[40].rpartition(";")[0] + ";N/A"
    path.write_text("\n".join(lines))
    (finding,) = [one for one in data.open(path, **FIELDS).source.findings if one.kind == "missing"]
    assert finding.items == (("load", "1"),)


def test_the_columns_of_time_can_be_named(tmp_path):
    path = tmp_path / "a.csv"
    rows = [(f"{t:%d.%m.%Y};{iso(t)};{t:%H:%M}", v) for t, v in zip(DAYS, VALUES, strict=True)]
    written(path, rows, "day;made;at")
    opened = data.open(path, time="day,at", types={"made": "leave"}, **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.columns == ("day", "at")
    with pytest.raises(DataError, match="--time names no column 'when' among day, made, at, load"):
        data.open(path, time="day,when", **FIELDS)
    with pytest.raises(
        DataError, match="a.csv: load: expected timestamps such as 2024-03-01 17:30, got"
    ):
        data.open(path, time="day,load", **FIELDS)


def test_offsets_change_within_a_file_and_leave_no_gap(tmp_path):
    berlin = [datetime(2024, 3, 25, tzinfo=UTC) + timedelta(hours=i) for i in range(COUNT)]
    change = datetime(2024, 3, 31, 1, tzinfo=UTC)

    def local(t):
        return t.astimezone(PLUS_2 if t >= change else timezone(timedelta(hours=1))).isoformat()

    opened = data.open(form(tmp_path / "a.csv", ("time", local), berlin), **FIELDS)
    check(opened)
    assert kinds(opened) == []


@pytest.mark.parametrize("minutes", [60, 15])
@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize(
    ("zone", "begin"),
    [("Europe/Berlin", (2024, 3, 30)), ("Europe/Berlin", (2024, 10, 26)),
     ("America/New_York", (2024, 3, 9)), ("America/New_York", (2024, 11, 2)),
     ("Australia/Sydney", (2024, 10, 5)), ("Australia/Sydney", (2024, 4, 6))],
)  # fmt: skip
def test_clock_changes_are_neither_gaps_nor_doubled(tmp_path, zone, begin, minutes, turn):
    zoneinfo = pytest.importorskip("zoneinfo")
    try:
        place = zoneinfo.ZoneInfo(zone)
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("no data of time zones")
    first = datetime(*begin, tzinfo=UTC)
    times = [first + timedelta(minutes=minutes * i) for i in range(COUNT)]
    local = ("time", lambda t: f"{t.astimezone(place):%Y-%m-%d %H:%M}")
    opened = data.open(form(tmp_path / "a.csv", local, times[::turn], VALUES[::turn]), **FIELDS)
    check(opened)
    assert kinds(opened) == [("clock change", "note")]
    (finding,) = [one for one in opened.source.findings if one.kind == "clock change"]
    assert "1 times an hour is skipped or repeated by a clock change" in finding.reason


def test_an_hour_that_lacks_on_another_day_is_a_gap(tmp_path):
    times = [t for t in HOURS if t != HOURS[40]]
    values = np.delete(VALUES, 40)
    opened = data.open(form(tmp_path / "a.csv", HOURLY["iso"], times, values), **FIELDS)
    assert kinds(opened) == [("gap", "warning")]


def test_day_and_month_are_told_apart_by_even_steps(tmp_path):
    hours = [datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(240)]
    for order in ("%m/%d/%Y", "%d/%m/%Y"):
        path = form(
            tmp_path / "a.csv", ("t", lambda t, o=order: f"{t:{o} %H:%M}"), hours, VALUES[:240]
        )
        opened = data.open(path, kind="series", length=2, horizon=1)
        assert opened.schema["past"].time_index == TimeIndex(
            ("t",), (order,), 3600, has_offset=False
        )
        assert kinds(opened) == [("date as text", "note")]
        (finding,) = [one for one in opened.source.findings if one.kind == "date as text"]
        assert "which makes the rows even and ordered" in finding.reason


def test_day_and_month_that_nothing_tells_apart_are_a_warning(tmp_path):
    days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(12)]
    path = form(tmp_path / "a.csv", ("t", lambda t: f"{t:%m/%d/%Y}"), days, VALUES[:12])
    opened = data.open(path, kind="series", length=2, horizon=1)
    (finding,) = [one for one in opened.source.findings if one.kind == "date as text"]
    assert finding.severity == "warning"
    assert "with the day before the month, though another order fits too" in finding.reason


def test_rows_of_several_sensors_are_never_one_series(tmp_path):
    lines = ["time,sensor,load"]
    for t, v in zip(HOURS, VALUES, strict=True):
        lines += [f"{iso(t)},{key},{v * key:.2f}" for key in (1, 2, 3)]
    path = tmp_path / "long.csv"
    path.write_text("\n".join(lines))
    opened = data.open(path, **FIELDS)
    assert "3 series, named by sensor, as rows share times" in " ".join(opened.notes)
    assert opened.schema["past"].time_index.key == "sensor"
    past, future = windows()[0]
    assert torch.equal(opened.train["past"][: len(past)], past)
    assert torch.equal(opened.train["future"][: len(past)], future)
    assert len(opened.train) == 3 * len(past)
    assert data.open(path, group="sensor", **FIELDS).fingerprint == opened.fingerprint
    asked = last_windows(path, opened.schema["past"])
    assert [one.name for one in asked] == ["1", "2", "3"]
    wanted = torch.tensor(np.round(VALUES[-LENGTH:] * 3, 2), dtype=torch.float32)
    torch.testing.assert_close(asked[2].values[:, 0], wanted)
    bare = [",".join(line.split(",")[::2]) for line in lines]
    (tmp_path / "bare.csv").write_text("\n".join(bare))
    with pytest.raises(
        DataError, match="600 of 900 rows have the time of another and other values,"
    ):
        data.open(tmp_path / "bare.csv", **FIELDS)


def test_sensors_named_by_two_columns_or_by_texts(tmp_path):
    rows = ["time,site,what,load"]
    for t, v in zip(HOURS, VALUES, strict=True):
        rows += [f"{iso(t)},{a},{b},{v:.2f}" for a in ("x", "y") for b in ("in", "out")]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    opened = data.open(tmp_path / "a.csv", **FIELDS)
    assert "4 series, named by site,what" in " ".join(opened.notes)
    past, _ = windows()[0]
    assert torch.equal(opened.train["past"][: len(past)], past)
    assert len(opened.train) == 4 * len(past)
    again = data.open(tmp_path / "a.csv", group="site,what", **FIELDS)
    assert again.fingerprint == opened.fingerprint
    with pytest.raises(DataError, match="a.csv: --group names no column 'where' among time, site"):
        data.open(tmp_path / "a.csv", group="site,where", **FIELDS)


def test_sensors_that_report_in_turn_are_told_apart(tmp_path):
    rows = ["time,sensor,load"]
    for t, v in zip(HOURS, VALUES, strict=True):
        late = t + timedelta(minutes=7)
        rows += [f"{iso(t)},a,{v:.2f}", f"{iso(late)},b,{-v:.2f}"]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    opened = data.open(tmp_path / "a.csv", **FIELDS)
    assert "2 series, named by sensor" in " ".join(opened.notes)
    past, _ = windows()[0]
    assert torch.equal(opened.train["past"][: len(past)], past)


def test_sensors_that_take_turns_at_even_times_are_told_apart(tmp_path):
    header, (a, b) = "time;{};load", ("north", "south")
    for name, is_key in (("sensor", True), ("shift", False)):
        rows = [f"{iso(t)};{(a, b)[i % 2]};{VALUES[i] + 100 * (i % 2):.2f}"
                for i, t in enumerate(HOURS)]  # fmt: skip
        (tmp_path / "a.csv").write_text("\n".join([header.format(name), *rows]) + "\n")
        opened = data.open(tmp_path / "a.csv", **FIELDS)
        assert (opened.schema["past"].time_index.key == name) == is_key
        if is_key:
            assert opened.train["past"].shape[2] == 1
            assert ("2 series, named by sensor" in " ".join(opened.notes)) == is_key
            past = torch.tensor(VALUES[: 2 * LENGTH : 2, None], dtype=torch.float32)
            assert torch.equal(opened.train["past"][0], past)


def test_numbers_with_words_among_them_say_no_time(tmp_path):
    cells = [f"{v:.2f}" if i % 50 != 7 else "k.A." for i, v in enumerate(VALUES)]
    rows = [f"{iso(t)};{cell}" for t, cell in zip(HOURS, cells, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["time;load", *rows]) + "\n")
    opened = data.open(tmp_path / "a.csv", **FIELDS)
    assert "also holds" not in " ".join(opened.notes)


def test_a_column_of_numbers_with_many_texts_is_named(tmp_path):
    cells = ["<5" if i % 5 == 2 else f"{v:.2f}" for i, v in enumerate(VALUES)]
    rows = [f"{iso(t)};{cell}" for t, cell in zip(HOURS, cells, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["time;load", *rows]) + "\n")
    with pytest.raises(DataError, match="'<5' in row 4 of 'load' is not a number: correct it"):
        data.open(tmp_path / "a.csv", **FIELDS)
    opened = data.open(tmp_path / "a.csv", types={"load": "number"}, **FIELDS)
    assert opened.schema["past"].names == ("load",)


def test_many_rows_without_a_time_are_an_error(tmp_path):
    rows = [f"{t:%Y-%m-%d} {t.hour}:00;{v}" if t.hour % 2 == 0 else f";{v}"
            for t, v in zip(HOURS, VALUES, strict=True)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(["time;load", *rows]) + "\n")
    assert ("no time", "error") in kinds(data.open(tmp_path / "a.csv", **FIELDS))


def test_a_wide_table_with_classes_stays_one_series(tmp_path):
    rows = ["time,wind,load"]
    rows += [f"{iso(t)},{'NE' if i % 3 else 'S'},{v:.2f}" for i, (t, v) in
             enumerate(zip(HOURS, VALUES, strict=True))]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(rows))
    opened = data.open(tmp_path / "a.csv", **FIELDS)
    assert opened.schema["past"].names == ("wind=NE", "wind=S", "load")
    assert opened.schema["past"].time_index.key is None


def test_equal_moments_are_named_with_their_remedy(tmp_path):
    rows = [(iso(t), v) for t, v in zip(HOURS, VALUES, strict=True)]
    opened = data.open(written(tmp_path / "a.csv", [*rows, rows[7]], "time"), **FIELDS)
    check(opened)
    (finding,) = [one for one in opened.source.findings if one.kind == "duplicate time"]
    assert (finding.severity, finding.items) == ("warning", (("row 302", rows[7][0]),))
    odd = (rows[7][0], 5.0)
    opened = data.open(written(tmp_path / "b.csv", [*rows[:8], odd, *rows[8:]], "time"), **FIELDS)
    check(opened)
    (finding,) = [one for one in opened.source.findings if one.kind == "duplicate time"]
    assert (finding.severity, finding.items) == ("error", (("row 10", rows[7][0]),))
    assert "1 rows of b.csv have the time of another, 1 of them with other values" in finding.reason
    assert "--group" in finding.remedy


def test_rows_out_of_order_are_sorted_and_said(tmp_path):
    order = np.random.default_rng(1).permutation(COUNT)
    path = form(tmp_path / "a.csv", HOURLY["am"], [HOURS[i] for i in order], VALUES[order])
    opened = data.open(path, **FIELDS)
    check(opened)
    assert kinds(opened) == [("unsorted", "warning")]
    (last,) = last_windows(path, opened.schema["past"])
    assert torch.equal(last.values[:, 0], torch.tensor(VALUES[-LENGTH:], dtype=torch.float32))


def test_moments_that_cannot_be_read_are_refused_by_name(tmp_path):
    names = {3: "März", 4: "April", 5: "Mai"}
    german = ("Datum", lambda t: f"{t.day}. {names[t.month]} {t.year}")
    path = form(tmp_path / "a.csv", german, DAYS[:92], VALUES[:92])
    says = (
        r"a.csv: Datum: expected timestamps such as 2024-03-01 17:30, got '1. März 2021' in row 2"
    )
    with pytest.raises(DataError, match=says) as raised:
        data.open(path, **FIELDS)
    assert "months are read by their English names" in str(raised.value)
    assert "take the rows as even with --time none" in str(raised.value)
    opened = data.open(path, time="none", types={"Datum": "leave"}, **FIELDS)
    check(opened, VALUES[:92])
    zone = ("time", lambda t: f"{t:%Y-%m-%d %H:%M} CET")
    with pytest.raises(DataError, match="time: expected timestamps .* no names of time zones"):
        data.open(form(tmp_path / "b.csv", zone), **FIELDS)


def test_offsets_now_and_then_in_a_series_are_an_error(tmp_path):
    mixed = ("time", lambda t: t.isoformat() if t.hour % 2 else iso(t))
    opened = data.open(form(tmp_path / "a.csv", mixed), **FIELDS)
    assert ("mixed offsets", "error") in kinds(opened)


def test_rows_that_are_asked_are_read_as_in_training(tmp_path):
    opened = data.open(form(tmp_path / "a.csv", HOURLY["german"]), **FIELDS)
    kind = opened.schema["past"]
    wanted = torch.tensor(VALUES[-LENGTH:], dtype=torch.float32)
    other = ("Datum;Uhrzeit", lambda t: f"{t:%Y-%m-%d};{t:%I:%M %p}")  # ISO is read as well
    for way, turn in ((HOURLY["german"], -1), (other, 1)):
        some, values = HOURS[-20:][::turn], VALUES[-20:][::turn]
        (last,) = last_windows(form(tmp_path / "b.csv", way, some, values), kind)
        assert torch.equal(last.values[:, 0], wanted)
    with pytest.raises(DataError, match="b.csv: there is no column 'Datum' for the time of"):
        last_windows(form(tmp_path / "b.csv", HOURLY["iso"]), kind)
    kind = data.open(form(tmp_path / "c.csv", HOURLY["short year"]), **FIELDS).schema["past"]
    few = [datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(30)]
    (last,) = last_windows(form(tmp_path / "d.csv", HOURLY["short year"], few, VALUES[:30]), kind)
    assert torch.equal(last.values[:, 0], torch.tensor(VALUES[24:30], dtype=torch.float32))
    assert last.notes == ()


def test_a_series_is_read_in_every_form_of_tables(tmp_path):
    rows = [{"time": iso(t), "load": float(v)} for t, v in zip(HOURS, VALUES, strict=True)]
    book = Workbook()
    book.active.append(["read me", "first"])
    book.active.append(["a", 1])
    sheet = book.create_sheet("hours")
    sheet.append(["time", "load"])
    for time, value in zip(HOURS, VALUES, strict=True):
        sheet.append([time.replace(tzinfo=None), float(value)])
    book.save(tmp_path / "a.xlsx")
    (tmp_path / "a.json").write_text(json.dumps(rows))
    form(tmp_path / "a.txt", HOURLY["iso"], delimiter="\t")
    for name in ("a.xlsx", "a.json", "a.txt"):
        options = {"sheet": "hours"} if name == "a.xlsx" else {}
        opened = data.open(tmp_path / name, **options, **FIELDS)
        check(opened)
        found = read_inputs(opened.schema, (tmp_path / name,))
        wanted = torch.tensor(VALUES[-LENGTH:], dtype=torch.float32)
        assert [torch.equal(one.value[:, 0], wanted) for one in found] == [True]
    with pytest.raises(DataError, match="--sheet is for spreadsheets"):
        data.open(tmp_path / "a.json", sheet="hours", **FIELDS)


def test_rows_at_another_step_are_refused(tmp_path):
    kind = data.open(form(tmp_path / "a.csv", HOURLY["iso"]), **FIELDS).schema["past"]
    path = form(tmp_path / "b.csv", HOURLY["iso"], HOURS[::2], VALUES[::2])
    (last,) = last_windows(path, kind)
    assert isinstance(last.values, DataError)
    assert str(last.values) == (
        "b.csv: expected rows 1 hour apart, as in training, got 2 hours (2024-06-11 08:00:00, then"
        " 2024-06-11 10:00:00); give rows at that step"
    )
    kind = data.open(form(tmp_path / "a.csv", MONTHLY["iso"], MONTHS), **FIELDS).schema["past"]
    days = form(tmp_path / "b.csv", ("month", lambda t: f"{t:%Y-%m-%d}"), DAYS)
    (last,) = last_windows(days, kind)
    assert "expected rows 1 month apart, as in training, got 1 day" in str(last.values)
    middle = [t + timedelta(days=14) for t in MONTHS]  # as far apart, but not the first of each
    (last,) = last_windows(
        form(tmp_path / "c.csv", ("month", lambda t: f"{t:%Y-%m-%d}"), middle), kind
    )
    assert torch.equal(last.values[:, 0], torch.tensor(VALUES[-LENGTH:], dtype=torch.float32))


def test_data_at_another_step_are_not_judged(tmp_path):
    from brique.data.rows.align_schema import align_schema

    model = data.open(form(tmp_path / "a.csv", HOURLY["iso"]), **FIELDS)
    same = data.open(form(tmp_path / "b.csv", HOURLY["ms"]), **FIELDS)
    assert torch.equal(align_schema(same, model.schema).train["past"], same.train["past"])
    other = data.open(form(tmp_path / "c.csv", HOURLY["iso"], HOURS[::2], VALUES[::2]), **FIELDS)
    with pytest.raises(
        DataError, match="c.csv: expected rows 1 hour apart, as in training, got 2 h"
    ):
        align_schema(other, model.schema)


def test_a_clock_that_is_none_is_refused():
    with pytest.raises(
        DataError, match="time index: expected a pattern for each of 1 columns, got 0; pass"
    ):
        TimeIndex(("time",), ())
    with pytest.raises(
        DataError, match="time index: step must be above 0, got 0.0; pass such, or none"
    ):
        TimeIndex(step=0.0)
    value = Schema({"past": Number(shape=(2, 1), names=("a",), time_index=TimeIndex())}).to_json()
    value["fields"]["past"]["time_index"]["patterns"] = 3
    with pytest.raises(
        DataError, match="field 'past': time_index: patterns: expected a list of texts, got 3"
    ):
        Schema.from_json(value)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_count_of_the_rows_is_no_channel(tmp_path, turn):
    rows = list(zip(HOURS, VALUES, strict=True))[::turn]
    lines = [f"{i},{iso(t)},{v:.2f}" for i, (t, v) in enumerate(rows)]
    (tmp_path / "a.csv").write_text("\n".join([",time,load", *lines]))
    check(data.open(tmp_path / "a.csv", **FIELDS))


def test_days_with_half_hours_counted_are_one_series(tmp_path):
    halves = [datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=30 * i) for i in range(COUNT)]
    counted = ("DATE;PERIOD", lambda t: f"{t:%d-%b-%Y};{t.hour * 2 + t.minute // 30 + 1}")
    opened = data.open(form(tmp_path / "a.csv", counted, halves), **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.patterns == ("%d %B %Y", "1/48")


def test_times_of_day_alone_are_of_one_day(tmp_path):
    minutes = [datetime(2024, 5, 1, tzinfo=UTC) + timedelta(minutes=i) for i in range(COUNT)]
    opened = data.open(
        form(tmp_path / "a.csv", ("time", lambda t: f"{t:%H:%M}"), minutes), **FIELDS
    )
    check(opened)
    with pytest.raises(
        DataError, match="time: expected timestamps such as 2024-03-01 17:30, got '00:00'"
    ):
        data.open(form(tmp_path / "b.csv", ("time", lambda t: f"{t:%H:%M}")), **FIELDS)


def test_days_of_a_spreadsheet_are_told_by_types(tmp_path):
    serial = ("when", lambda t: f"{45000 + t / 24:.10f}")
    path = form(tmp_path / "e.csv", serial, range(COUNT))
    opened = data.open(path, types={"when": "timestamp"}, **FIELDS)
    check(opened)
    assert opened.schema["past"].time_index.patterns == ("@excel",)


@pytest.mark.parametrize("more", ["", ",wind"])
def test_a_target_that_counts_the_rows_is_no_index(tmp_path, more):
    rows = [f"{iso(t)},{i}" + (more and f",{i % 7}") for i, t in enumerate(HOURS)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([f"time,load{more}", *rows]) + "\n")
    options = FIELDS if more else {**FIELDS, "target": None}
    opened = data.open(path, **options)
    assert opened.schema["future"].names == ("load",)
    assert opened.train["future"][0].tolist() == [LENGTH, LENGTH + 1, LENGTH + 2]
