"""Patterns of timestamps: one text read by the pattern of its column."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

SECOND = 1_000_000  # in microseconds, the unit of all times here
_DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_EXCEL_EPOCH = date(1899, 12, 30).toordinal() - _EPOCH  # day 0 of a spreadsheet
_EPOCH_UNITS = {"@s": SECOND, "@ms": 1000, "@us": 1, "@ns": 1e-3, "@excel": _DAY}

DATE_PATTERNS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d.%m.%y", "%y.%m.%d", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d",
    "%d %B %Y", "%B %d %Y", "%Y %B %d", "%d %B %y", "%B %d %T %Y",
    "%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%YM%m", "%B %Y", "%Y %B", "%B %y",
    "%Y-Q%q", "Q%q %Y", "%qQ%Y", "%G-W%V", "%Y-%j",
)  # fmt: skip
"""Patterns of dates besides ISO 8601, most common first; a time of day may follow each."""
NUMBER_PATTERNS = ("@s", "@ms", "@us", "@ns", "%Y%m%d", "%Y%m", "%Y", "@excel")
"""Patterns of integers: units since 1970, compact dates, years, days of a spreadsheet."""

_MONTH_ABBREVIATIONS = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_MONTH_NAMES = (
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
_DIRECTIVES = {
    "%Y": r"(?P<Y>\d{4})", "%G": r"(?P<Y>\d{4})", "%y": r"(?P<y>\d\d)", "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})", "%q": r"(?P<q>[1-4])", "%V": r"(?P<V>\d\d)(?:-?(?P<u>[1-7]))?",
    "%j": r"(?P<j>\d{3})", "%B": rf"(?P<B>{_MONTH_NAMES})\.?",
    "%b": rf"(?P<B>{_MONTH_NAMES})\.?", "%T": _TIME,
}  # fmt: skip
_TIME_FIRST = re.compile(
    r"(\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s*[ap]\.?m\.?)?)[\s,]+(\D*\d.*)", re.IGNORECASE
)
_TIME_PATTERN = re.compile(_TIME, re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?)(\d+)(?:\.(\d*))?")


@dataclass(frozen=True, slots=True)
class ParsedTimestamp:
    """A parsed timestamp.

    micros: microseconds since 1970-01-01 UTC.
    has_time: whether it has a time of day.
    has_offset: whether it has an offset from UTC; without one it is in UTC.
    is_utc: whether the offset is 0 or missing.
    """

    micros: int
    has_time: bool
    has_offset: bool
    is_utc: bool = True


def parse_timestamp(text: str, pattern: str | None) -> ParsedTimestamp | None:
    """Return the timestamp in a text, or None.

    pattern: one of DATES or NUMBERS, or None for ISO 8601; a time of day and an offset may follow.
    """
    text = text.strip()
    if pattern is None and (parsed := _parse_iso(text)) is not None:
        return parsed
    if pattern in _EPOCH_UNITS:
        micros = _parse_epoch(
            text, _EPOCH_UNITS[pattern], _EXCEL_EPOCH * _DAY if pattern == "@excel" else 0
        )
        return None if micros is None else ParsedTimestamp(micros, True, pattern != "@excel")
    if text[1:3].find(":") >= 0 and (time_first := _TIME_FIRST.fullmatch(text)):
        text = f"{time_first[2]} {time_first[1]}"
    for candidate in ("%Y-%m-%d", "%Y%m%d", "%G-W%V") if pattern is None else (pattern,):
        match = _compile_pattern(candidate).fullmatch(text)
        if match is not None:
            return _from_groups(match.groupdict())
    return None


def _parse_iso(text: str) -> ParsedTimestamp | None:
    """Parse the most common form, 2024-03-01 17:30:00, faster."""
    if len(text) not in (10, 16, 19) or text[4] != "-" or text[7] != "-" or text[10:11] not in " T":
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if parsed.tzinfo is not None:
        return None
    micros = (parsed.toordinal() - _EPOCH) * _DAY
    micros += (parsed.hour * 3600 + parsed.minute * 60 + parsed.second) * SECOND
    return ParsedTimestamp(micros, len(text) > 10, has_offset=False)


def parse_time_of_day(text: str) -> int | None:
    """Return the time of day in a text, such as 13:05 or 1:05 pm, in microseconds."""
    match = _TIME_PATTERN.fullmatch(text.strip())
    return None if match is None else _time_of_day_micros(match.groupdict())


def month_number(text: str) -> int | None:
    """Return the number of a month by its English name."""
    match = re.fullmatch(rf"({_MONTH_NAMES})\.?", text.strip(), re.IGNORECASE)
    return None if match is None else _MONTH_ABBREVIATIONS.index(match[1][:3].casefold()) + 1


@lru_cache(maxsize=256)
def _compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return the form of a text of a pattern, without its time of day."""
    date_pattern = re.split(r"[ T]+%[HI]", pattern)[0].replace(",", "")
    has_month_name = "%B" in date_pattern or "%b" in date_pattern
    regex: str = ""
    for token in re.findall(r"%.|[^%]", date_pattern):
        if token in _DIRECTIVES:
            regex += _DIRECTIVES[token] + (
                "(?:st|nd|rd|th)?" if has_month_name and token == "%d" else ""
            )
        elif has_month_name:
            regex += r"(?:[\s./,-]+|(?<=\d)(?=[a-z])|(?<=[a-z])(?=\d))"
        elif "q" in date_pattern:
            regex += r"[\s:./-]?" if token in " -" else re.escape(token)
        else:
            regex += {"W": "-?W", "M": "-?M"}.get(token) or re.escape(token)
    regex = regex.replace(r"\--?W", "-?W")
    if date_pattern.replace("%b", "%B") == "%Y%m%d":
        regex = regex.replace(r"\d{1,2}", r"\d\d")
        tail = rf"(?:[T\s_-]?{_COMPACT}{_ZONE}|[T\s]{_TIME.replace('?P<', '?P<x')}{_ZONE_X})?"
    elif date_pattern == "%Y%m":
        regex, tail = regex.replace(r"\d{1,2}", r"\d\d"), ""
    elif "%T" in date_pattern:
        tail = _ZONE
    else:
        tail = rf"(?:(?:\s*[T,;_]\s*|\s+(?:at\s+)?|:){_TIME}{_ZONE})?"
    return re.compile(_WEEKDAY + regex + tail, re.IGNORECASE)


_ZONE_X = _ZONE.replace("?P<", "?P<x")


def _from_groups(groups: dict[str, str | None]) -> ParsedTimestamp | None:
    groups = {key.removeprefix("x"): value for key, value in groups.items() if value is not None}
    day = _day_ordinal(groups)
    micros = _time_of_day_micros(groups) if "H" in groups else 0
    if day is None or micros is None:
        return None
    zone = (groups.get("z") or "").casefold()
    digits = re.sub(r"[^\d]", "", zone)
    offset = (int(digits[:2]) * 60 + int(digits[2:] or 0)) * 60 * SECOND if digits else 0
    offset = -offset if "-" in zone else offset
    return ParsedTimestamp(
        (day - _EPOCH) * _DAY + micros - offset, "H" in groups, bool(zone), not offset
    )


def _day_ordinal(groups: dict[str, str | None]) -> int | None:
    """Return the ordinal number of a day, the first of a month, quarter or week; or None."""

    def number(key: str, default: int = 1) -> int:
        return int(groups.get(key) or default)

    two_digit_year = number("y", 0)
    year = (
        number("Y") if "Y" in groups else two_digit_year + (1900 if two_digit_year >= 69 else 2000)
    )
    try:
        if "V" in groups:
            return date.fromisocalendar(year, number("V"), number("u")).toordinal()
        if "j" in groups:
            day = date(year, 1, 1).toordinal() + number("j") - 1
            return day if date.fromordinal(day).year == year and number("j") else None
        month = number("m") if "B" not in groups else month_number(groups["B"] or "") or 0
        month = 3 * number("q") - 2 if "q" in groups else month
        return date(year, month, number("d")).toordinal()
    except (ValueError, OverflowError):
        return None


def _time_of_day_micros(groups: dict[str, str | None]) -> int | None:
    """Return microseconds of the day; midnight may be 24:00."""
    hour, minute, second = (int(groups.get(key) or 0) for key in "HMS")
    meridiem = (groups.get("p") or groups.get("P") or "").casefold()
    if meridiem:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (meridiem == "p")
    micros = int(((groups.get("f") or "") + "000000")[:6])
    is_end = hour == 24 and not (minute or second or micros)
    if (hour > 23 and not is_end) or minute > 59 or second > 60:
        return None
    return ((hour * 60 + minute) * 60 + second) * SECOND + micros


def _parse_epoch(text: str, unit: float, epoch: int) -> int | None:
    """Return a number of units, with its fraction, in microseconds."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(match[2]) > 20:
        return None
    integer, fraction = int(match[2]), match[3] or ""
    micros = integer // 1000 if unit < 1 else integer * int(unit)
    micros += round(float(f"0.{fraction or 0}") * unit)
    return epoch + (-micros if match[1] == "-" else micros)
