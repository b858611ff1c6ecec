"""Timeline: the columns of a series that give the time of each row, and their times."""

from collections.abc import Mapping

import numpy as np

from brique.data.sources.columns.date_patterns import (
    are_mostly_numbers,
    are_numbers,
    best_patterns,
    is_time_name,
    is_year_name,
    name_words,
    number_patterns,
    patterns_of,
)
from brique.data.sources.columns.guess import RawColumn
from brique.data.sources.columns.timestamps import describe_pattern, parse_timestamps
from brique.data.sources.tables.time_columns import (
    DAY,
    ISO,
    RowTimes,
    check_unread,
    clock_values,
    component_named,
    evenness,
    is_component,
    is_hhmm,
    is_time_of_day,
    period_of_day,
    read_times,
    unread_error,
)
from brique.errors import DataError
from brique.schema.messages import alternatives
from brique.schema.time_index import TimeIndex
from brique.schema.timestamp_patterns import SECOND

_MIN_SHARE = 0.9  # of the known cells must be timestamps
_MIN_EVENNESS = 0.9  # share of the commonest step for numbers to be times
_CLOCK_NAMES = {"time", "uhrzeit", "zeit", "heure", "hora", "ora", "tijd", "hour", "hhmm", "clock"}
_COUNTER_NAMES = {"t", "time", "step", "seconds", "second", "elapsed", "timestep", "ms", "minutes"}
_AFTER_YEAR = ("month", "day of year", "week", "quarter")
_AFTER_MONTH = ("day", "hour", "minute", "second")


def find_row_times(
    raw_columns: Mapping[str, RawColumn], time_option: str | None, name: str
) -> RowTimes:
    """Return the time of each row, by the given columns, else by the likeliest ones.

    time_option: a column, several as "Date,Time", or "none": the rows are even, in file order.
    Without a time column the rows are even. Raises DataError.
    """
    if time_option is not None:
        if time_option.casefold() == "none" and time_option not in raw_columns:
            return _even_times(raw_columns)
        return _times_of_columns(raw_columns, time_option, name)
    for detect in (_from_timestamps, _from_named_numbers, _from_components, _from_numbers):
        row_times = detect(raw_columns)
        if row_times is not None:
            return row_times
    check_unread(raw_columns, name)
    return _even_times(raw_columns)


def times_as_trained(raw_columns: Mapping[str, RawColumn], clock: TimeIndex, name: str) -> RowTimes:
    """Return the time of each row, by the columns of the training data. Raises DataError.

    Timestamps of another pattern are read if all cells fit it. name: of the file.
    """
    if not clock.columns:
        return _even_times(raw_columns)
    for column in clock.columns:
        if column not in raw_columns:
            raise DataError(
                f"{name}: there is no column '{column}' for the time of a row"
                f"{alternatives(column, raw_columns)}"
            )
    index = next(
        (
            position
            for position, pattern in enumerate(clock.patterns)
            if pattern == ISO or pattern[0] in "%@"
        ),
        None,
    )
    if index is None:
        return _check_known(
            read_times(raw_columns, clock.columns, clock.patterns), raw_columns, name
        )
    raw_column, pattern = raw_columns[clock.columns[index]], clock.patterns[index]
    fits_trained = (
        parse_timestamps(raw_column, None if pattern == ISO else pattern).is_known.sum()
        >= _MIN_SHARE * raw_column.is_known.sum()
    )
    other_patterns = [
        candidate for candidate in _patterns(raw_column, by_name=False) if candidate != pattern
    ]
    patterns = [[candidate] for candidate in clock.patterns]
    patterns[index] = [pattern, *other_patterns] if fits_trained else other_patterns
    if not patterns[index]:
        raise unread_error(raw_column, name)
    row_times = _check_known(
        _best_reading(raw_columns, list(clock.columns), patterns), raw_columns, name
    )
    row_times.ambiguity = None if row_times.patterns == clock.patterns else row_times.ambiguity
    return row_times


def _check_known(row_times: RowTimes, raw_columns: Mapping[str, RawColumn], name: str) -> RowTimes:
    if not row_times.is_known.any():
        raise unread_error(raw_columns[row_times.columns[0]], name)
    return row_times


def _even_times(raw_columns: Mapping[str, RawColumn]) -> RowTimes:
    column = next(iter(raw_columns.values()))
    rows = np.arange(len(column.values), dtype=np.int64)
    texts = np.array([str(row_name).removeprefix("row ") for row_name in column.row_names], object)
    return RowTimes(rows * SECOND, np.ones(len(rows), bool), texts, (), ())


def _times_of_columns(
    raw_columns: Mapping[str, RawColumn], time_option: str, name: str
) -> RowTimes:
    """Return the time of each row, by the columns that --time names. Raises DataError."""
    names = (
        [time_option]
        if time_option in raw_columns
        else [column.strip() for column in time_option.split(",")]
    )
    for column in names:
        if column not in raw_columns:
            raise DataError(
                f"{name}: --time names no column '{column}'{alternatives(column, raw_columns)}"
            )
    if len(names) == 1:
        row_times = _timestamps_of(raw_columns[time_option], by_name=False) or _relative_times(
            raw_columns[time_option]
        )
        if row_times is None:
            raise unread_error(raw_columns[time_option], name)
        return row_times
    patterns = [_patterns_of(raw_columns[column], is_day=column == names[0]) for column in names]
    for column, pattern in zip(names, patterns, strict=True):
        if pattern is None:
            raise unread_error(raw_columns[column], name)
    return _best_reading(raw_columns, names, [pattern or [] for pattern in patterns])


def _patterns_of(column: RawColumn, *, is_day: bool) -> list[str] | None:
    """Return the patterns of one of several time columns, the likeliest first."""
    component = component_named(column.name)
    if component is not None and is_component(column, component):
        return [component]
    if is_time_of_day(column):
        return ["time"]
    patterns = _patterns(column, by_name=False)
    if patterns and (is_day or not are_numbers(column.sample)):
        return patterns
    if is_component(column, "hour"):
        return ["hour"]
    period = period_of_day(column)
    return [period] if period is not None else ["hhmm"] if is_hhmm(column) else None


def _best_reading(
    raw_columns: Mapping[str, RawColumn], names: list[str], patterns: list[list[str]]
) -> RowTimes:
    """Return the reading with the most even rows, and the ambiguity that remains."""
    index = next((i for i, candidates in enumerate(patterns) if len(candidates) > 1), None)
    if index is None:
        return read_times(raw_columns, names, [candidates[0] for candidates in patterns])
    readings = [
        read_times(
            raw_columns,
            names,
            [pattern if i == index else candidates[0] for i, candidates in enumerate(patterns)],
        )
        for pattern in patterns[index]
    ]
    scores = [_plausibility(reading) for reading in readings]
    best = max(range(len(readings)), key=lambda i: (scores[i], -i))
    chosen, first = readings[best], raw_columns[names[index]].distinct[0]
    is_sure = sorted(scores)[-2] < scores[best]
    description = describe_pattern(chosen.patterns[index])
    reason = "which makes the rows even and ordered" if is_sure else "though another order fits too"
    chosen.ambiguity = (
        f"'{names[index]}' holds dates such as {first}, read {description}, {reason}.",
        is_sure,
    )
    return chosen


def _plausibility(row_times: RowTimes) -> tuple[float, float]:
    """Return how even and how ordered the rows of a reading are."""
    known_times = row_times.micros[row_times.is_known]
    steps = np.diff(known_times)
    sortedness = max((steps >= 0).mean(), (steps <= 0).mean()) if len(steps) else 1.0
    return round(evenness(known_times), 2), round(float(sortedness), 2)


def _from_timestamps(raw_columns: Mapping[str, RawColumn]) -> RowTimes | None:
    """Return the timestamps of the column with the most distinct ones, with its time of day."""
    candidates = [
        candidate
        for column in raw_columns.values()
        if (candidate := _timestamps_of(column)) is not None
    ]
    if not candidates:
        return None
    counts = [len(np.unique(candidate.micros[candidate.is_known])) for candidate in candidates]
    best = max(range(len(candidates)), key=lambda i: (counts[i], -i))
    chosen = candidates[best]
    name = chosen.columns[0]
    with_clock = (
        _with_time_of_day(raw_columns, chosen)
        if counts[best] < _MIN_SHARE * len(chosen.micros)
        else None
    )
    chosen = with_clock or chosen
    chosen.unused_columns = [
        candidate.columns[0] for candidate in candidates if candidate.columns[0] != name
    ]
    return chosen


def _with_time_of_day(raw_columns: Mapping[str, RawColumn], base: RowTimes) -> RowTimes | None:
    """Return days combined with the times of another column, if the days repeat."""
    if (base.micros[base.is_known] % DAY).any():
        return None
    day = base.columns[0]
    others = [column for name, column in raw_columns.items() if name != day]
    clocks = [column for column in others if is_time_of_day(column)]
    clocks.sort(key=lambda column: not name_words(column.name) & _CLOCK_NAMES)
    columns, patterns = [day], [_patterns(raw_columns[day])]
    if clocks:
        columns, patterns = [day, clocks[0].name], [*patterns, ["time"]]
    else:
        for component in ("hour", "minute", "second"):
            component_column = next(
                (c for c in others if component_named(c.name) == component), None
            )
            if component_column is None or not is_component(component_column, component):
                break
            columns, patterns = [*columns, component_column.name], [*patterns, [component]]
        clock_named = [column for column in others if name_words(column.name) & _CLOCK_NAMES]
        numeric_clock = next(
            (column for column in clock_named if is_hhmm(column) or is_component(column, "hour")),
            None,
        )
        if len(columns) == 1 and numeric_clock is not None:
            columns.append(numeric_clock.name)
            patterns.append(["hour" if is_component(numeric_clock, "hour") else "hhmm"])
        periods = [
            (column.name, pattern)
            for column in others
            if (pattern := _period_in_day(base, column)) is not None
        ]
        if len(columns) == 1 and periods:
            columns.append(periods[0][0])
            patterns.append([periods[0][1]])
    return _best_reading(raw_columns, columns, patterns) if len(columns) > 1 else None


def _period_in_day(base: RowTimes, column: RawColumn) -> str | None:
    """Return the fraction of a day that a column counts, if it separates the rows of a day."""
    pattern = period_of_day(column)
    if pattern is None:
        return None
    clock = read_times({column.name: column}, [column.name], [pattern])
    return pattern if evenness(base.micros + clock.micros) >= _MIN_EVENNESS else None


def _from_named_numbers(raw_columns: Mapping[str, RawColumn]) -> RowTimes | None:
    """Return the timestamps of a numeric time column, by name: seconds since 1970, 20240301."""
    for column in raw_columns.values():
        if is_time_name(column.name) and are_numbers(column.sample):
            patterns = [
                pattern
                for pattern in number_patterns(column.distinct)
                if pattern not in ("%Y", "@excel")
            ]
            if patterns:
                row_times = _best_reading(raw_columns, [column.name], [patterns[:1]])
                repeats = len(np.unique(row_times.micros)) < _MIN_SHARE * len(row_times.micros)
                return (_with_time_of_day(raw_columns, row_times) if repeats else None) or row_times
    return None


def _from_components(raw_columns: Mapping[str, RawColumn]) -> RowTimes | None:
    """Return timestamps from the columns year, month, day, hour that exist."""
    components: dict[str, RawColumn] = {}
    for column in raw_columns.values():
        component = component_named(column.name)
        if (
            component is not None
            and component not in components
            and is_component(column, component)
        ):
            components[component] = column
    second = next((component for component in _AFTER_YEAR if component in components), None)
    if "year" not in components or second is None:
        return None
    used = ["year", second]
    for component in _AFTER_MONTH if second == "month" else ("hour", "minute"):
        if component in components:
            used.append(component)
        elif component != "day":
            break
    columns = [components[component].name for component in used]
    if "hour" not in used and (second != "month" or "day" in used):
        others = [column for column in raw_columns.values() if column.name not in columns]
        clock_named = [column for column in others if name_words(column.name) & _CLOCK_NAMES]
        if clock := next((column for column in others if is_time_of_day(column)), None):
            columns, used = [*columns, clock.name], [*used, "time"]
        elif clock := next((column for column in clock_named if is_hhmm(column)), None):
            columns, used = [*columns, clock.name], [*used, "hhmm"]
    return read_times(raw_columns, columns, used)


def _from_numbers(raw_columns: Mapping[str, RawColumn]) -> RowTimes | None:
    """Return a column of years, of even numbers of plausible size, or of counted time."""
    for column in raw_columns.values():
        if is_year_name(column.name) and number_patterns(column.distinct)[:1] == ["%Y"]:
            return read_times(raw_columns, [column.name], ["%Y"])
    for column in raw_columns.values():
        if not column.sample or not are_numbers(column.sample):
            continue
        for pattern in number_patterns(column.distinct):
            if pattern in ("%Y", "@excel", "%Y%m"):
                continue
            row_times = read_times(raw_columns, [column.name], [pattern])
            steps = np.diff(np.unique(row_times.micros))
            if len(steps) and steps.min() > SECOND and evenness(row_times.micros) >= _MIN_EVENNESS:
                return row_times
    for column in raw_columns.values():
        if is_time_of_day(column):
            row_times = read_times(raw_columns, [column.name], ["time"])
            steps = np.diff(row_times.micros[row_times.is_known])
            if (steps > 0).all() or (steps < 0).all():  # of one day
                return row_times
    for column in raw_columns.values():
        if (
            name_words(column.name) & _COUNTER_NAMES
            and (row_times := _relative_times(column)) is not None
        ):
            steps = np.diff(row_times.micros[row_times.is_known])
            if (steps > 0).all() or (steps < 0).all():
                return row_times
    return None


def _timestamps_of(column: RawColumn, *, by_name: bool = True) -> RowTimes | None:
    """Return the timestamps of one column, or None if it holds none.

    by_name: whether numbers need a column name that suggests time.
    """
    if by_name and column.is_text and are_mostly_numbers(column.sample):
        return None
    patterns = _patterns(column, by_name=by_name)
    return _best_reading({column.name: column}, [column.name], [patterns]) if patterns else None


def _patterns(column: RawColumn, *, by_name: bool = True) -> list[str]:
    """Return the patterns that match nearly all cells."""
    if not column.is_text:
        if "timestamp" in str(column.values.type):
            return [ISO]
        return [] if by_name else list(number_patterns(column.distinct))[:1]
    if are_numbers(column.sample):
        return list(number_patterns(column.distinct))[:1]
    patterns = patterns_of(column.distinct)
    if not patterns:
        patterns, share = best_patterns(column.distinct)
        if share < _MIN_SHARE:
            return []
        read_count = parse_timestamps(column, patterns[0]).is_known.sum()
        if read_count < _MIN_SHARE * column.is_known.sum():
            return []
    return [ISO if pattern is None else pattern for pattern in patterns]


def _relative_times(column: RawColumn) -> RowTimes | None:
    """Return a column of numbers as times in any unit."""
    values = clock_values(column, "number")
    if np.isnan(values).sum() > (1 - _MIN_SHARE) * len(values):
        return None
    return read_times({column.name: column}, [column.name], ["number"])
