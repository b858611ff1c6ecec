"""Timeline: which columns of a series say when each row was, and what they say."""

from collections.abc import Mapping

import numpy as np

from brique.data.sources.guess import Cut
from brique.data.sources.patterns import (
    are_mostly_numbers,
    are_numbers,
    commonest,
    is_named_so,
    is_named_year,
    number_patterns,
    patterns_of,
    words_of,
)
from brique.data.sources.pieces import (
    DAY,
    ISO,
    When,
    clock_of,
    is_clock,
    is_hhmm,
    is_piece,
    period_of,
    piece_named,
    read_as,
)
from brique.data.sources.timestamps import order_of, stamps
from brique.errors import DataError
from brique.schema.clock import Clock
from brique.schema.words import instead
from brique.schema.written import SECOND

_SHARE = 0.9  # of the cells that are there must be moments
_EVEN = 0.9  # share of the commonest step, from which numbers are taken for moments
_CLOCKS = {"time", "uhrzeit", "zeit", "heure", "hora", "ora", "tijd", "hour", "hhmm", "clock"}
_COUNTS = {"t", "time", "step", "seconds", "second", "elapsed", "timestep", "ms", "minutes"}


def ticks(micros: np.ndarray, *, is_calendar: bool) -> tuple[np.ndarray, bool]:
    """Return times in even units (N,), float64: months if all are the first moment of one."""
    moments = micros.astype("datetime64[us]")
    months = moments.astype("datetime64[M]")
    if is_calendar and len(micros) and (months.astype("datetime64[us]") == moments).all():
        return months.astype(np.float64), True
    first = int(micros.min()) // SECOND * SECOND if len(micros) else 0
    return (micros - first) / SECOND, False


def evenness(micros: np.ndarray, *, is_calendar: bool = True) -> float:
    """Return the share of the commonest step among different times."""
    steps = np.diff(ticks(np.unique(micros), is_calendar=is_calendar)[0])
    if not len(steps):
        return 0.0
    return float(np.unique(np.round(steps, 6), return_counts=True)[1].max() / len(steps))


def when(cuts: Mapping[str, Cut], told: str | None, name: str) -> When:
    """Return when each row was, by the columns told, else by those that say it.

    told: a column, several as "Date,Time", or "none": the rows are even as they stand.
    Where nothing says it, the rows are even. Raises DataError.
    """
    if told is not None and told.casefold() == "none" and told not in cuts:
        return _even(cuts)
    if told is not None:
        return _told(cuts, told, name)
    for guess in (_by_moments, _by_named_numbers, _by_pieces, _by_numbers):
        found = guess(cuts)
        if found is not None:
            return found
    _check_unread(cuts, name)
    return _even(cuts)


def asked_as(cuts: Mapping[str, Cut], clock: Clock, name: str) -> When:
    """Return when each row was, as the columns of the training data said it. Raises DataError.

    Moments that are written in another way are read where all fit it. name: of the file.
    """
    if not clock.columns:
        return _even(cuts)
    for column in clock.columns:
        if column not in cuts:
            raise DataError(
                f"{name}: there is no column '{column}', which says the time of a row"
                f"{instead(column, cuts)}"
            )
    place = next((i for i, way in enumerate(clock.ways) if way == ISO or way[0] in "%@"), None)
    if place is None:
        return _checked(read_as(cuts, clock.columns, clock.ways), cuts, name)
    cut, way = cuts[clock.columns[place]], clock.ways[place]
    own = stamps(cut, None if way == ISO else way).is_known.sum() >= _SHARE * cut.is_known.sum()
    others = [one for one in _patterns(cut, by_name=False) if one != way]
    ways = [[one] for one in clock.ways]
    ways[place] = [way, *others] if own else others
    if not ways[place]:
        raise _unread(cut, name)
    found = _checked(_decided(cuts, list(clock.columns), ways), cuts, name)
    found.doubt = None if found.ways == clock.ways else found.doubt
    return found


def _checked(found: When, cuts: Mapping[str, Cut], name: str) -> When:
    if not found.is_known.any():
        raise _unread(cuts[found.columns[0]], name)
    return found


def _even(cuts: Mapping[str, Cut]) -> When:
    cut = next(iter(cuts.values()))
    rows = np.arange(len(cut.values), dtype=np.int64)
    said = np.array([str(one).removeprefix("row ") for one in cut.called], object)
    return When(rows * SECOND, np.ones(len(rows), bool), said, (), ())


def _told(cuts: Mapping[str, Cut], told: str, name: str) -> When:
    """Return when each row was by the columns that a person names. Raises DataError."""
    names = [told] if told in cuts else [one.strip() for one in told.split(",")]
    for one in names:
        if one not in cuts:
            raise DataError(f"{name}: --time names no column '{one}'{instead(one, cuts)}")
    if len(names) == 1:
        found = _moments_of(cuts[told], by_name=False) or _relative(cuts[told])
        if found is None:
            raise _unread(cuts[told], name)
        return found
    ways = [_way_of(cuts[one], is_day=one == names[0]) for one in names]
    for one, way in zip(names, ways, strict=True):
        if way is None:
            raise _unread(cuts[one], name)
    return _decided(cuts, names, [way or [] for way in ways])


def _way_of(cut: Cut, *, is_day: bool) -> list[str] | None:
    """Return how one of several columns says its share of the time, the likeliest first."""
    piece = piece_named(cut.name)
    if piece is not None and is_piece(cut, piece):
        return [piece]
    if is_clock(cut):
        return ["time"]
    patterns = _patterns(cut, by_name=False)
    if patterns and (is_day or not are_numbers(cut.sample)):
        return patterns
    if is_piece(cut, "hour"):
        return ["hour"]
    period = period_of(cut)
    return [period] if period is not None else ["hhmm"] if is_hhmm(cut) else None


def _decided(cuts: Mapping[str, Cut], names: list[str], ways: list[list[str]]) -> When:
    """Return the reading by which the rows are the most even, and said what else there is."""
    place = next((i for i, some in enumerate(ways) if len(some) > 1), None)
    if place is None:
        return read_as(cuts, names, [some[0] for some in ways])
    found = [
        read_as(cuts, names, [way if i == place else some[0] for i, some in enumerate(ways)])
        for way in ways[place]
    ]
    marks = [_evidence(one) for one in found]
    best = max(range(len(found)), key=lambda i: (marks[i], -i))
    chosen, first = found[best], cuts[names[place]].distinct[0]
    is_sure = sorted(marks)[-2] < marks[best]
    how = order_of(chosen.ways[place])
    why = "as so the rows are even and in order" if is_sure else "though another order fits as well"
    chosen.doubt = (f"'{names[place]}' holds dates such as {first}, read {how}, {why}.", is_sure)
    return chosen


def _evidence(found: When) -> tuple[float, float]:
    """Return how even the rows of a reading are, and how far they stand in order."""
    known = found.micros[found.is_known]
    steps = np.diff(known)
    order = max((steps >= 0).mean(), (steps <= 0).mean()) if len(steps) else 1.0
    return round(evenness(known), 2), round(float(order), 2)


def _by_moments(cuts: Mapping[str, Cut]) -> When | None:
    """Return the moments of the column that has the most different ones, with its time of day."""
    found = [one for cut in cuts.values() if (one := _moments_of(cut)) is not None]
    if not found:
        return None
    counts = [len(np.unique(one.micros[one.is_known])) for one in found]
    best = max(range(len(found)), key=lambda i: (counts[i], -i))
    chosen = found[best]
    name = chosen.columns[0]
    paired = _with_time_of_day(cuts, chosen) if counts[best] < _SHARE * len(chosen.micros) else None
    chosen = paired or chosen
    chosen.others = [one.columns[0] for one in found if one.columns[0] != name]
    return chosen


def _with_time_of_day(cuts: Mapping[str, Cut], base: When) -> When | None:
    """Return days with the times of another column, where the days alone repeat."""
    if (base.micros[base.is_known] % DAY).any():
        return None
    day = base.columns[0]
    rest = [cut for name, cut in cuts.items() if name != day]
    clocks = [cut for cut in rest if is_clock(cut)]
    clocks.sort(key=lambda cut: not words_of(cut.name) & _CLOCKS)
    columns, ways = [day], [_patterns(cuts[day])]
    if clocks:
        columns, ways = [day, clocks[0].name], [*ways, ["time"]]
    else:
        for piece in ("hour", "minute", "second"):
            one = next((c for c in rest if piece_named(c.name) == piece), None)
            if one is None or not is_piece(one, piece):
                break
            columns, ways = [*columns, one.name], [*ways, [piece]]
        named = [cut for cut in rest if words_of(cut.name) & _CLOCKS]
        numbered = next((cut for cut in named if is_hhmm(cut) or is_piece(cut, "hour")), None)
        if len(columns) == 1 and numbered is not None:
            columns.append(numbered.name)
            ways.append(["hour" if is_piece(numbered, "hour") else "hhmm"])
        counted = [(cut.name, way) for cut in rest if (way := _period(base, cut)) is not None]
        if len(columns) == 1 and counted:
            columns.append(counted[0][0])
            ways.append([counted[0][1]])
    return _decided(cuts, columns, ways) if len(columns) > 1 else None


def _period(base: When, cut: Cut) -> str | None:
    """Return the share of a day that a column counts, where it alone tells the rows of a day."""
    way = period_of(cut)
    if way is None:
        return None
    found = read_as({cut.name: cut}, [cut.name], [way])
    return way if evenness(base.micros + found.micros) >= _EVEN else None


def _by_named_numbers(cuts: Mapping[str, Cut]) -> When | None:
    """Return the moments of a column of numbers that is called so: seconds since 1970, 20240301."""
    for cut in cuts.values():
        if is_named_so(cut.name) and are_numbers(cut.sample):
            patterns = [one for one in number_patterns(cut.distinct) if one not in ("%Y", "@excel")]
            if patterns:
                found = _decided(cuts, [cut.name], [patterns[:1]])
                repeats = len(np.unique(found.micros)) < _SHARE * len(found.micros)
                return (_with_time_of_day(cuts, found) if repeats else None) or found
    return None


def _by_pieces(cuts: Mapping[str, Cut]) -> When | None:
    """Return moments from columns year, month, day, hour, as far as there are such."""
    named: dict[str, Cut] = {}
    for cut in cuts.values():
        piece = piece_named(cut.name)
        if piece is not None and piece not in named and is_piece(cut, piece):
            named[piece] = cut
    second = next((p for p in ("month", "day of year", "week", "quarter") if p in named), None)
    if "year" not in named or second is None:
        return None
    used = ["year", second]
    rest = ("day", "hour", "minute", "second") if second == "month" else ("hour", "minute")
    for piece in rest:
        if piece in named:
            used.append(piece)
        elif piece != "day":
            break
    columns = [named[piece].name for piece in used]
    if "hour" not in used and (second != "month" or "day" in used):
        others = [cut for cut in cuts.values() if cut.name not in columns]
        named_so = [cut for cut in others if words_of(cut.name) & _CLOCKS]
        if clock := next((cut for cut in others if is_clock(cut)), None):
            columns, used = [*columns, clock.name], [*used, "time"]
        elif clock := next((cut for cut in named_so if is_hhmm(cut)), None):
            columns, used = [*columns, clock.name], [*used, "hhmm"]
    return read_as(cuts, columns, used)


def _by_numbers(cuts: Mapping[str, Cut]) -> When | None:
    """Return a column of years, or of even numbers of the size of moments, or counted time."""
    for cut in cuts.values():
        if is_named_year(cut.name) and number_patterns(cut.distinct)[:1] == ["%Y"]:
            return read_as(cuts, [cut.name], ["%Y"])
    for cut in cuts.values():
        if not cut.sample or not are_numbers(cut.sample):
            continue
        for pattern in number_patterns(cut.distinct):
            if pattern in ("%Y", "@excel", "%Y%m"):
                continue
            found = read_as(cuts, [cut.name], [pattern])
            steps = np.diff(np.unique(found.micros))
            if len(steps) and steps.min() > SECOND and evenness(found.micros) >= _EVEN:
                return found
    for cut in cuts.values():
        if is_clock(cut):
            found = read_as(cuts, [cut.name], ["time"])
            steps = np.diff(found.micros[found.is_known])
            if (steps > 0).all() or (steps < 0).all():  # of one day
                return found
    for cut in cuts.values():
        if words_of(cut.name) & _COUNTS and (found := _relative(cut)) is not None:
            steps = np.diff(found.micros[found.is_known])
            if (steps > 0).all() or (steps < 0).all():
                return found
    return None


def _moments_of(cut: Cut, *, by_name: bool = True) -> When | None:
    """Return the moments of one column, or None if it holds none.

    by_name: whether numbers are none, unless their column is called so.
    """
    if by_name and cut.is_text and are_mostly_numbers(cut.sample):
        return None
    patterns = _patterns(cut, by_name=by_name)
    return _decided({cut.name: cut}, [cut.name], [patterns]) if patterns else None


def _patterns(cut: Cut, *, by_name: bool = True) -> list[str]:
    """Return the patterns by which nearly all cells are moments."""
    if not cut.is_text:
        if "timestamp" in str(cut.values.type):
            return [ISO]
        return [] if by_name else list(number_patterns(cut.distinct))[:1]
    if are_numbers(cut.sample):
        return list(number_patterns(cut.distinct))[:1]
    found = patterns_of(cut.distinct)
    if not found:
        found, share = commonest(cut.distinct)
        if share < _SHARE:
            return []
        read = stamps(cut, found[0]).is_known.sum()
        if read < _SHARE * cut.is_known.sum():
            return []
    return [ISO if one is None else one for one in found]


def _relative(cut: Cut) -> When | None:
    """Return a column of numbers as times, whatever they count."""
    values = clock_of(cut, "number")
    if np.isnan(values).sum() > (1 - _SHARE) * len(values):
        return None
    return read_as({cut.name: cut}, [cut.name], ["number"])


def _unread(cut: Cut, name: str) -> DataError:
    row = int(np.flatnonzero(cut.is_known)[0]) if cut.is_known.any() else 0
    cell = cut.values[row].as_py() or ""
    words = any(len(word) > 2 for word in words_of(str(cell)))
    hint = " (months are read by their English names, and no names of time zones)" if words else ""
    return DataError(
        f"{name}: {cut.name}: expected moments such as 2024-03-01 17:30, got '{cell}' in"
        f" {cut.called[row]}{hint}; write them so, name another column with --time, or take the"
        " rows as even with --time none"
    )


def _check_unread(cuts: Mapping[str, Cut], name: str) -> None:
    """Raise DataError where a column is called as moments are, and holds texts that are none."""
    for cut in cuts.values():
        is_text = cut.is_text and not are_numbers(cut.sample)
        digits = sum(any(letter.isdigit() for letter in cell) for cell in cut.sample)
        if is_named_so(cut.name) and is_text and 2 * digits > len(cut.sample):
            raise _unread(cut, name)
