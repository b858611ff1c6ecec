"""Moments: many ways to write them, read by one reader in tables and in series."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
import torch

from brique import data
from brique.data.sources.columns.date_patterns import pattern_of
from brique.errors import DataError
from brique.schema import Category, Number, Schema, Text, Timestamp
from brique.schema.timestamp_patterns import month_number, parse_time_of_day, parse_timestamp

PLUS_2 = timezone(timedelta(hours=2))
MINUTE = datetime(2024, 3, 1, 13, 5)


def second(moment):
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).timestamp()


WAYS = {
    "2024-03-01 13:05": None,
    "2024-03-01T13:05:00": None,
    "2024-03-01T13:05:00.000": None,
    "2024-03-01 13:05:00,000": None,
    "2024-03-01T13:05:00Z": None,
    "2024-03-01T15:05+02:00": None,
    "2024-03-01 15:05:00 +0200": None,
    "2024-03-01 08:05:00-05": None,
    "2024-03-01 13:05:00 UTC": None,
    "2024-03-01T14:05+01:00[Europe/Berlin]": None,
    "2024-03-01 1:05 pm": None,
    "20240301T1305": None,
    "01/03/2024 13:05": "%d/%m/%Y",
    "03/01/2024 01:05:00 PM": "%m/%d/%Y",
    "3/1/2024 1:05PM": "%m/%d/%Y",
    "01.03.2024, 13:05:00": "%d.%m.%Y",
    "01.03.24 13:05 Uhr": "%d.%m.%y",
    "24/03/01 13:05": "%y/%m/%d",
    "2024/03/01 13:05": "%Y/%m/%d",
    "1 March 2024 1:05 p.m.": "%d %B %Y",
    "01-Mar-2024 13:05": "%d %B %Y",
    "01/Mar/2024:13:05:00 +0000": "%d %B %Y",
    "Fri, 01 Mar 2024 15:05:00 +0200": "%d %B %Y",
    "Friday, March 1, 2024 1:05 PM": "%B %d %Y",
    "Fri Mar  1 13:05:00 2024": "%B %d %T %Y",
    "13:05 01/03/2024": "%d/%m/%Y",
    "1709298300": "@s",
    "1709298300.0": "@s",
    "1709298300000": "@ms",
    "1709298300000000": "@us",
    "1709298300000000000": "@ns",
    "202403011305": "%Y%m%d",
    "20240301130500": "%Y%m%d",
    "45352.545138888889": "@excel",
}


@pytest.mark.parametrize(("text", "pattern"), WAYS.items())
def test_one_moment_is_read_in_many_ways(text, pattern):
    read = parse_timestamp(text, pattern)
    assert read is not None
    assert abs(read.micros / 1e6 - second(MINUTE)) < 1e-3
    assert read.has_time


@pytest.mark.parametrize(
    ("text", "pattern", "day"),
    [
        ("2024-03", "%Y-%m", "2024-03-01"), ("03/2024", "%m/%Y", "2024-03-01"),
        ("Mar 2024", "%B %Y", "2024-03-01"), ("March 2024", "%B %Y", "2024-03-01"),
        ("Mar-24", "%B %y", "2024-03-01"), ("2024M03", "%YM%m", "2024-03-01"),
        ("202403", "%Y%m", "2024-03-01"), ("2024", "%Y", "2024-01-01"),
        ("2024Q2", "%Y-Q%q", "2024-04-01"), ("2024-Q2", "%Y-Q%q", "2024-04-01"),
        ("Q2 2024", "Q%q %Y", "2024-04-01"), ("2024-W05", "%G-W%V", "2024-01-29"),
        ("2024-W05-3", None, "2024-01-31"), ("2024-061", "%Y-%j", "2024-03-01"),
        ("20240301", None, "2024-03-01"), ("1st March 2024", "%d %B %Y", "2024-03-01"),
        ("31/12/2023 24:00", "%d/%m/%Y", "2024-01-01"),
    ],
)  # fmt: skip
def test_days_months_quarters_and_weeks_are_read(text, pattern, day):
    read = parse_timestamp(text, pattern)
    assert read is not None
    assert read.micros == np.datetime64(day, "us").astype(int)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2024-02-30", None), ("2024-03-01 25:00", None), ("2024-03-01 13:60", None),
        ("2024-03-01 13:05 pm", None), ("2024-03-01 13:05 CET", None), ("2024-03-01-05", "%Y-%m"),
        ("13:05", None), ("32/01/2024", "%d/%m/%Y"), ("2024-Q5", "%Y-Q%q"), ("2024-W60", "%G-W%V"),
        ("1. März 2024", "%d %B %Y"), ("2023-366", "%Y-%j"), ("soon", "@s"), ("", None),
    ],
)  # fmt: skip
def test_what_is_no_moment_is_none(text, pattern):
    assert parse_timestamp(text, pattern) is None


def test_times_of_day_and_months_by_name():
    assert (
        parse_time_of_day("13:05:00.5")
        == parse_time_of_day("1:05:00.5 pm")
        == (13 * 3600 + 300.5) * 1e6
    )
    assert parse_time_of_day("12:00 AM") == 0
    assert parse_time_of_day("soon") is None
    assert [month_number(name) for name in ("Jan", "sept.", "December", "Mai")] == [1, 9, 12, None]


def test_the_year_of_two_digits_stands_where_fewer_values_are():
    days = [datetime(2024, 3, 1) + timedelta(days=i) for i in range(60)]
    assert pattern_of([f"{day:%y/%m/%d}" for day in days]) == ("%y/%m/%d", "%d/%m/%y")
    assert pattern_of([f"{day:%d/%m/%y}" for day in days]) == ("%d/%m/%y", None)
    assert pattern_of(["Mar 01", "Mar 02"]) == ("%B %y", "%B %d")


def table(tmp_path, moments, name="when"):
    """Open a table of moments, and a number that grows with them."""
    lines = [f'"{moment}",{row * 7 % 11},{row}.5' for row, moment in enumerate(moments)]
    (tmp_path / "t.csv").write_text("\n".join([f"{name},x,y", *lines]))
    return data.open(tmp_path / "t.csv", target="y")


HOURS = [datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=7 * i) for i in range(200)]
COLUMNS = {
    "iso": lambda t: f"{t:%Y-%m-%d %H:%M}",
    "offset": lambda t: t.astimezone(PLUS_2).isoformat(),
    "mixed offsets": lambda t: t.astimezone(PLUS_2 if t.day % 2 else UTC).isoformat(),
    "fraction": lambda t: f"{t:%Y-%m-%d %H:%M:%S}.000",
    "am": lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}",
    "small am": lambda t: f"{t:%m/%d/%Y %I:%M%p}".lower(),
    "german": lambda t: f"{t:%d.%m.%Y %H:%M}",
    "named": lambda t: f"{t:%a, %d %b %Y %H:%M:%S}",
    "s": lambda t: int(t.timestamp()),
    "ms": lambda t: int(t.timestamp() * 1000),
    "us": lambda t: int(t.timestamp() * 1e6),
    "float": lambda t: f"{t.timestamp():.3f}",
    "compact": lambda t: f"{t:%Y%m%dT%H%M}",
    "digits": lambda t: f"{t:%Y%m%d%H%M}",
}


@pytest.mark.parametrize("way", COLUMNS)
def test_a_column_of_a_table_is_asked_as_it_was_opened(tmp_path, way):
    cells = [COLUMNS[way](moment) for moment in HOURS]
    opened = table(tmp_path, cells, name="event_time")
    kind = opened.schema["event_time"]
    assert isinstance(kind, Timestamp)
    assert opened.store.fields["event_time"].tolist() == [int(t.timestamp()) for t in HOURS]
    assert Schema.from_json(opened.schema.to_json())["event_time"] == kind
    for moment, cell in zip(HOURS, cells, strict=True):
        assert int(kind.prepare(cell)) == int(moment.timestamp())
        assert int(kind.prepare(str(cell))) == int(moment.timestamp())


def test_months_and_quarters_of_a_table_are_moments(tmp_path):
    starts = [np.datetime64("1990-01") + 3 * i for i in range(60)]
    ways = {
        "%Y-Q%q": [f"{m.item():%Y}Q{m.item().month // 3 + 1}" for m in starts],
        "%m/%Y": [f"{m.item():%m/%Y}" for m in starts],
        "%B %Y": [f"{m.item():%B %Y}" for m in starts],
    }
    for pattern, cells in ways.items():
        opened = table(tmp_path, cells)
        assert opened.schema["when"].pattern == pattern
        wanted = [int(m.astype("datetime64[s]").astype(int)) for m in starts]
        assert opened.store.fields["when"].tolist() == wanted


def test_numbers_are_moments_by_name_and_size_alone(tmp_path):
    seconds = [1_700_000_000 + 977 * i for i in range(60)]
    assert isinstance(table(tmp_path, seconds, "time").schema["time"], Timestamp)
    assert isinstance(table(tmp_path, seconds, "sold").schema["sold"], Number)
    assert isinstance(table(tmp_path, range(60), "time").schema["time"], Number)
    assert isinstance(table(tmp_path, range(1960, 2020), "year").schema["year"], Number)
    days = [int(f"{t:%Y%m%d}") for t in HOURS]
    assert isinstance(table(tmp_path, days, "date").schema["date"], Timestamp)
    assert isinstance(table(tmp_path, days, "amount").schema["amount"], Number)
    assert isinstance(
        table(tmp_path, ["2024-03"] * 30 + ["x"] * 30).schema["when"], Category | Text
    )


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (range(40_000, 40_060), "2009-07-06"), (range(1960, 2020), "1960-01-01"),
        (range(1_700_000_000, 1_700_000_060), "2023-11-14T22:13:20"),
    ],
)  # fmt: skip
def test_a_person_may_say_that_numbers_are_moments(tmp_path, cells, first):
    lines = [f"{cell},{row % 7},{row}.5" for row, cell in enumerate(cells)]
    (tmp_path / "t.csv").write_text("\n".join(["a,x,y", *lines]))
    opened = data.open(tmp_path / "t.csv", target="y", types={"a": "timestamp"})
    wanted = int(np.datetime64(first, "s").astype(int))
    assert int(opened.store.fields["a"][0]) == wanted
    assert int(opened.schema["a"].prepare(cells[0])) == wanted
    (finding,) = [one for one in opened.source.findings if one.kind == "date as text"]
    assert "holds numbers such as" in finding.reason


def test_offsets_are_kept_as_in_training(tmp_path):
    zoned = table(tmp_path, [COLUMNS["offset"](t) for t in HOURS]).schema["when"]
    assert zoned.has_offset is True
    with pytest.raises(DataError, match="expected a moment with its offset from UTC, as in train"):
        zoned.prepare("2024-03-01 17:30")
    bare = table(tmp_path, [COLUMNS["iso"](t) for t in HOURS]).schema["when"]
    assert bare.has_offset is False
    with pytest.raises(DataError, match="expected a moment without its offset from UTC, as in tra"):
        bare.prepare("2024-03-01 17:30+02:00")
    assert int(bare.prepare("2024-03-01 17:30Z")) == int(bare.prepare("2024-03-01 17:30"))
    assert int(Timestamp().prepare("2024-03-01 17:30+02:00")) == int(
        bare.prepare("2024-03-01 15:30")
    )


def test_offsets_that_are_written_now_and_then_are_an_error(tmp_path):
    cells = [COLUMNS["offset" if i % 2 else "iso"](t) for i, t in enumerate(HOURS)]
    opened = table(tmp_path, cells)
    (finding,) = [one for one in opened.source.findings if one.kind == "mixed offsets"]
    assert finding.severity == "error"
    assert "others without one in 100 rows, which count as UTC" in finding.reason
    assert finding.items[0] == ("row 2", "when", cells[0])


def test_a_moment_of_another_pattern_is_refused_and_iso_is_read():
    kind = Timestamp(pattern="%d/%m/%Y")
    assert int(kind.prepare("2024-03-01")) == int(kind.prepare("01/03/2024"))
    with pytest.raises(DataError, match="expected a moment written as %d/%m/%Y, got '03/13/2024'"):
        kind.prepare("03/13/2024")
    assert torch.equal(kind.prepare(MINUTE), kind.prepare("01/03/2024 13:05"))
    assert torch.equal(kind.prepare(MINUTE.date()), kind.prepare("01/03/2024"))


def test_parquet_keeps_fractions_of_seconds_for_series_and_whole_ones_for_tables(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    when = pa.array(np.arange(60) * 250_000, pa.timestamp("us"))
    held = pa.table({"when": when, "x": np.arange(60) % 7, "y": np.arange(60) + 0.5})
    parquet.write_table(held, tmp_path / "t.parquet")
    opened = data.open(tmp_path / "t.parquet", target="y")
    assert opened.store.fields["when"].tolist() == [i // 4 for i in range(60)]


def test_the_quick_way_of_reading_is_the_slow_one():
    from brique.schema.timestamp_patterns import _compile_pattern, _from_groups

    draw = np.random.default_rng(0)
    for second in draw.integers(-(10**10), 10**10, 300).tolist():
        whole = str(np.datetime64(second, "s"))
        for text in (whole, whole.replace("T", " "), whole[:16], whole[:10]):
            match = _compile_pattern("%Y-%m-%d").fullmatch(text)
            assert parse_timestamp(text, None) == _from_groups(match.groupdict())


def test_the_last_rows_of_a_table_by_date_and_time_in_two_columns(tmp_path):
    hours = HOURS[:100]
    order = np.random.default_rng(0).permutation(100)
    lines = [f"{hours[i]:%d.%m.%Y};{hours[i]:%H:%M};{i % 7};{i}.5" for i in order.tolist()]
    (tmp_path / "t.csv").write_text("\n".join(["Day;At;x;y", *lines]))
    opened = data.open(tmp_path / "t.csv", target="y", time="Day,At")
    assert sorted(opened.test["y"].flatten().tolist()) == [i + 0.5 for i in range(80, 100)]
    fine = [f"2024-03-01 00:00:00.{i:03d}" for i in range(100)]
    lines = [f"{fine[i]};{i % 7};{i}.5" for i in order.tolist()]
    (tmp_path / "f.csv").write_text("\n".join(["at;x;y", *lines]))
    opened = data.open(tmp_path / "f.csv", target="y", time="at", types={"at": "leave"})
    assert sorted(opened.test["y"].flatten().tolist()) == [i + 0.5 for i in range(80, 100)]


def test_a_column_called_as_moments_that_are_not_read_is_said(tmp_path):
    opened = table(tmp_path, [f"{t.day}. März {t.year}" for t in HOURS], "Datum")
    (finding,) = [one for one in opened.source.findings if one.kind == "timestamps not read"]
    assert finding.severity == "warning"
    assert (
        "such as '1. März 2024', are not read as timestamps: they count as words" in finding.reason
    )
