"""How moments are written: one text read by the pattern of its column."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

SECOND = 1_000_000  # in microseconds, the unit of all moments here
_DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_EXCEL = date(1899, 12, 30).toordinal() - _EPOCH  # day 0 of a spreadsheet
_UNITS = {"@s": SECOND, "@ms": 1000, "@us": 1, "@ns": 1e-3, "@excel": _DAY}

DATES = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d.%m.%y", "%y.%m.%d", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d",
    "%d %B %Y", "%B %d %Y", "%Y %B %d", "%d %B %y", "%B %d %T %Y",
    "%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%YM%m", "%B %Y", "%Y %B", "%B %y",
    "%Y-Q%q", "Q%q %Y", "%qQ%Y", "%G-W%V", "%Y-%j",
)  # fmt: skip
"""Patterns of dates beside ISO 8601, the commoner first; a time of day may follow each."""
NUMBERS = ("@s", "@ms", "@us", "@ns", "%Y%m%d", "%Y%m", "%Y", "@excel")
"""Patterns of whole numbers: units since 1970, compact dates, years, days of a spreadsheet."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    "|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_TIME = (
    r"(?P<H>\d{1,2})(?::(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d+))?)?(?:\s*uhr)?"
    r"(?:\s*(?P<p>[ap])\.?\s?m\.?)?|\s*(?P<P>[ap])\.?\s?m\.?)"
)
_COMPACT = r"(?P<H>\d\d)(?P<M>\d\d)(?:(?P<S>\d\d)(?:[.,]?(?P<f>\d+))?)?"
_ZONE = r"(?:\s*(?P<z>z|(?:utc|gmt)?[+-]\d\d(?::?\d\d)?|utc|gmt)(?:\s*[\[(][^\])]*[\])])?)?"
_MARKS = {
    "%Y": r"(?P<Y>\d{4})", "%G": r"(?P<Y>\d{4})", "%y": r"(?P<y>\d\d)", "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})", "%q": r"(?P<q>[1-4])", "%V": r"(?P<V>\d\d)(?:-?(?P<u>[1-7]))?",
    "%j": r"(?P<j>\d{3})", "%B": rf"(?P<B>{_NAMES})\.?", "%b": rf"(?P<B>{_NAMES})\.?", "%T": _TIME,
}  # fmt: skip
_TIME_FIRST = re.compile(
    r"(\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s*[ap]\.?m\.?)?)[\s,]+(\D*\d.*)", re.IGNORECASE
)
_CLOCK = re.compile(_TIME, re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d*))?")


@dataclass(frozen=True, slots=True)
class Read:
    """A moment that was read.

    micros: microseconds since 1970-01-01 UTC. has_time: whether it says a time of day.
    has_offset: whether it says its offset from UTC; without one it is taken for UTC. is_utc:
        whether that is 0, or not said.
    """

    micros: int
    has_time: bool
    has_offset: bool
    is_utc: bool = True


def read_moment(text: str, pattern: str | None) -> Read | None:
    """Return the moment that a text says, or None.

    pattern: one of DATES or NUMBERS, or None for ISO 8601; a time of day and an offset may follow.
    """
    text = text.strip()
    if pattern is None and (plain := _plain(text)) is not None:
        return plain
    if pattern in _UNITS:
        found = _units(text, _UNITS[pattern], _EXCEL * _DAY if pattern == "@excel" else 0)
        return None if found is None else Read(found, True, pattern != "@excel")
    if text[1:3].find(":") >= 0 and (turned := _TIME_FIRST.fullmatch(text)):
        text = f"{turned[2]} {turned[1]}"
    for one in ("%Y-%m-%d", "%Y%m%d", "%G-W%V") if pattern is None else (pattern,):
        match = _form(one).fullmatch(text)
        if match is not None:
            return _found(match.groupdict())
    return None


def _plain(text: str) -> Read | None:
    """Return what the commonest form says, 2024-03-01 17:30:00, by a faster reader."""
    if len(text) not in (10, 16, 19) or text[4] != "-" or text[7] != "-" or text[10:11] not in " T":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is not None:
        return None
    micros = (found.toordinal() - _EPOCH) * _DAY
    micros += (found.hour * 3600 + found.minute * 60 + found.second) * SECOND
    return Read(micros, len(text) > 10, has_offset=False)


def time_of_day(text: str) -> int | None:
    """Return the time of day that a text says, such as 13:05 or 1:05 pm, in microseconds."""
    match = _CLOCK.fullmatch(text.strip())
    return None if match is None else _time(match.groupdict())


def month_of(text: str) -> int | None:
    """Return the number of a month by its English name."""
    match = re.fullmatch(rf"({_NAMES})\.?", text.strip(), re.IGNORECASE)
    return None if match is None else _MONTHS.index(match[1][:3].casefold()) + 1


@lru_cache(maxsize=256)
def _form(pattern: str) -> re.Pattern[str]:
    """Return the form of a text of a pattern; what a pattern says of the time of day is dropped."""
    dated = re.split(r"[ T]+%[HI]", pattern)[0].replace(",", "")
    named = "%B" in dated or "%b" in dated
    made: str = ""
    for piece in re.findall(r"%.|[^%]", dated):
        if piece in _MARKS:
            made += _MARKS[piece] + ("(?:st|nd|rd|th)?" if named and piece == "%d" else "")
        elif named:
            made += r"(?:[\s./,-]+|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d))"
        elif "q" in dated:
            made += r"[\s:./-]?" if piece in " -" else re.escape(piece)
        else:
            made += {"W": "-?W", "M": "-?M"}.get(piece) or re.escape(piece)
    made = made.replace(r"\--?W", "-?W")
    if dated.replace("%b", "%B") == "%Y%m%d":
        made = made.replace(r"\d{1,2}", r"\d\d")
        tail = rf"(?:[T\s_-]?{_COMPACT}{_ZONE}|[T\s]{_TIME.replace('?P<', '?P<x')}{_ZONE_X})?"
    elif dated == "%Y%m":
        made, tail = made.replace(r"\d{1,2}", r"\d\d"), ""
    elif "%T" in dated:
        tail = _ZONE
    else:
        tail = rf"(?:(?:\s*[T,;_]\s*|\s+(?:at\s+)?|:){_TIME}{_ZONE})?"
    return re.compile(_WEEKDAY + made + tail, re.IGNORECASE)


_ZONE_X = _ZONE.replace("?P<", "?P<x")


def _found(said: dict[str, str | None]) -> Read | None:
    said = {key.removeprefix("x"): value for key, value in said.items() if value is not None}
    days = _days(said)
    time = _time(said) if "H" in said else 0
    if days is None or time is None:
        return None
    zone = (said.get("z") or "").casefold()
    digits = re.sub(r"[^\d]", "", zone)
    shift = (int(digits[:2]) * 60 + int(digits[2:] or 0)) * 60 * SECOND if digits else 0
    shift = -shift if "-" in zone else shift
    return Read((days - _EPOCH) * _DAY + time - shift, "H" in said, bool(zone), not shift)


def _days(said: dict[str, str | None]) -> int | None:
    """Return the ordinal number of a day, the first of a month, quarter or week; or None."""

    def number(key: str, other: int = 1) -> int:
        return int(said.get(key) or other)

    short = number("y", 0)
    year = number("Y") if "Y" in said else short + (1900 if short >= 69 else 2000)
    try:
        if "V" in said:
            return date.fromisocalendar(year, number("V"), number("u")).toordinal()
        if "j" in said:
            day = date(year, 1, 1).toordinal() + number("j") - 1
            return day if date.fromordinal(day).year == year and number("j") else None
        month = number("m") if "B" not in said else month_of(said["B"] or "") or 0
        month = 3 * number("q") - 2 if "q" in said else month
        return date(year, month, number("d")).toordinal()
    except (ValueError, OverflowError):
        return None


def _time(said: dict[str, str | None]) -> int | None:
    """Return microseconds of the day; midnight may be 24:00."""
    hour, minute, second = (int(said.get(key) or 0) for key in "HMS")
    half = (said.get("p") or said.get("P") or "").casefold()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    micros = int(((said.get("f") or "") + "000000")[:6])
    is_end = hour == 24 and not (minute or second or micros)
    if (hour > 23 and not is_end) or minute > 59 or second > 60:
        return None
    return ((hour * 60 + minute) * 60 + second) * SECOND + micros


def _units(text: str, unit: float, first: int) -> int | None:
    """Return a number of units as microseconds, its fraction kept."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(match[2]) > 20:
        return None
    whole, rest = int(match[2]), match[3] or ""
    micros = whole // 1000 if unit < 1 else whole * int(unit)
    micros += round(float(f"0.{rest or 0}") * unit)
    return first + (-micros if match[1] == "-" else micros)
