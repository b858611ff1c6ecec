"""Numerals: how people write numbers, with signs, groups of digits, decimal signs and units."""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Decimal = Literal["point", "comma", "either"]
"""Decimal sign; "either" allows both, without a thousands separator."""
Notation = Literal["whole", "long", "1.5", "1,5", "1.234", "1,234", "1,234.5", "1.234,5"]
"""Form of a numeral by its signs: "1.234" and "1,234" are ambiguous."""

MAGNITUDES = frozenset(
    ("k", "m", "b", "bn", "mn", "mio", "mrd", "tsd", "thousand", "million", "billion", "lakh")
)  # fmt: skip
_SIGNS = "$€£¥₹₽₩₺₫฿₪₴₦₱₡₲₵₸₭₮¢"
_CODES = (
    "USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|SEK|NOK|DKK|PLN|CZK|HUF|RON|RUB|TRY|AUD|CAD|NZD|HKD|SGD|MXN"
    r"|BRL|ZA[R]|KRW|Rs\.?|Fr\.?|kr\.?|zł"
)
_MONEY = rf"(?:[A-Z]{{0,3}}[{_SIGNS}]|{_CODES})"
_DIGITS = (
    r"[1-9][0-9]{0,2}(?:(?P<gap>[ '])[0-9]{3})(?:(?P=gap)[0-9]{3})*(?:[.,][0-9]*)?"
    r"|[0-9][0-9.,]*|[.,][0-9]+"
)
_UNIT = (
    rf"/?(?:[%‰°{_SIGNS}]|[^\W\d_])"
    rf"(?:[%‰°{_SIGNS}/·*^.]|[^\W\d_]|-1|[-^]?[234](?![0-9])| (?=[^\W\d_%/]))*"
)
_NUMERAL = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-] ?)?(?P<before>{_MONEY})? ?(?P<inner>\(|[+-])?"
    rf"(?P<body>{_DIGITS})(?P<power>[eE][+-]?[0-9]+)?(?P<space> ?)(?P<after>{_UNIT})?"
    r"(?P<close>\))?(?P<last>-)?"
)
_PLAIN_NUMBER = re.compile(r"([+-]?)((?:[0-9]+[.,]?|[.,][0-9])[0-9]*)([eE][+-]?[0-9]+)?")
_NON_UNITS = re.compile(
    r"(?:st|nd|rd|th|am|pm|a\.m|p\.m|q[1-4]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
    r"|january|february|march|april|june|july|august|september|october|november|december"
    r"|mon|tue|wed|thu|fri|sat|sun))(?:$|[ -])",
    re.IGNORECASE,
)
_ANY_CASE = frozenset(
    ("l", "h", "k", "kg", "km", "cm", "ft", "lb", "oz", "hz", "kw", "in", "yd", "db")
)
_KNOWN_UNITS = (
    "%", "‰", "°", "°C", "°F", "C", "F", "K", "kg", "g", "mg", "μg", "t", "lb", "lbs", "oz",
    "st", "m", "cm", "mm", "μm", "nm", "km", "in", "ft", "yd", "mi", "mile", "m2", "cm2", "mm2",
    "km2", "ft2", "sqft", "sqm", "ha", "acre", "m3", "cm3", "l", "dl", "cl", "ml", "gal", "s",
    "ms", "μs", "ns", "min", "h", "hr", "hour", "d", "day", "week", "wk", "month", "mo", "year",
    "yr", "y", "m/s", "km/h", "kmh", "mph", "kn", "W", "kW", "MW", "V", "mV", "A", "mA", "Ω",
    "J", "kJ", "kcal", "cal", "kWh", "Wh", "Hz", "kHz", "MHz", "GHz", "Pa", "hPa", "kPa", "bar",
    "mbar", "psi", "B", "kB", "KB", "MB", "GB", "TB", "bit", "mol", "mmol/l", "mg/dl", "g/l",
    "mg/l", "μg/m3", "ppm", "ppb", "dB", "px", "pt", "bpm", "rpm",
)  # fmt: skip
_CHARACTER_VARIANTS = {
    "º": "°", "\u2212": "-", "\u2013": "-", "\ufe63": "-", "\u2019": "'", "\u02bc": "'",
    "\u066b": ".", "\u066c": ",",
}  # fmt: skip
_MAX_UNIT_LENGTH = 16  # letters of a unit


@dataclass(frozen=True)
class Numeral:
    """The parts of a number as it is written.

    digits: with points and commas, but without spaces and apostrophes between groups.
    is_grouped: whether there were such groups. exponent: as "e5", or "".
    unit: "" if there is none. is_apart: whether there is a space between number and unit.
    """

    sign: int
    digits: str
    is_grouped: bool = False
    exponent: str = ""
    unit: str = ""
    has_space: bool = False

    @property
    def notation(self) -> Notation:
        """What its signs reveal about the decimal sign of its column."""
        if "." not in self.digits and "," not in self.digits:
            return "long" if len(self.digits) > 3 and not self.is_grouped else "whole"
        if "." in self.digits and "," in self.digits:
            return "1,234.5" if self.digits.rindex(".") > self.digits.rindex(",") else "1.234,5"
        separator = "." if "." in self.digits else ","
        if self.digits.count(separator) > 1:
            return "1.234,5" if separator == "." else "1,234.5"
        is_ambiguous = re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", self.digits) is not None
        is_ambiguous = is_ambiguous and not self.is_grouped and not self.exponent
        if separator == ".":
            return "1.234" if is_ambiguous else "1.5"
        return "1,234" if is_ambiguous else "1,5"

    def value(self, decimal: Decimal) -> float | None:
        """Return the number, or None if it does not have that decimal sign."""
        if self.digits == "inf":
            return self.sign * math.inf
        digits = self.digits
        if decimal == "either":
            if len(re.findall(r"[.,]", digits)) > 1:
                return None
            digits = digits.replace(",", ".")
        else:
            point, separator = (",", ".") if decimal == "comma" else (".", ",")
            integer, _, fraction = digits.partition(point)
            if (
                separator in fraction
                or point in fraction
                or not _is_grouped(integer, separator, self.is_grouped)
            ):
                return None
            digits = integer.replace(separator, "") + (f".{fraction}" if fraction else "")
        return self.sign * float(f"{digits or 0}{self.exponent}")


def _is_grouped(integer: str, separator: str, has_gaps: bool) -> bool:
    """Return whether the integer part is digits, in groups of three or as in India."""
    if separator not in integer:
        return True
    if has_gaps:
        return False
    first_group, *other_groups = integer.split(separator)
    is_indian = separator == "," and all(len(digits) == 2 for digits in other_groups[:-1])
    has_valid_sizes = all(len(digits) == 3 for digits in other_groups) or (
        is_indian and len(other_groups[-1]) == 3
    )
    return has_valid_sizes and 0 < len(first_group) <= 3


def parse_numeral(text: str) -> Numeral | None:
    """Return the parts of a number, or None if a text is not one.

    >>> [parse_numeral(text).value("point") for text in ("-$1,200.50", "35 m²", "(12.5)")]
    [-1200.5, 35.0, -12.5]
    """
    if simple_match := _PLAIN_NUMBER.fullmatch(text):
        sign, digits, exponent = simple_match.groups()
        return Numeral(-1 if sign == "-" else 1, digits, exponent=(exponent or "").casefold())
    text = _normalize(text)
    if (lowercase := text.lstrip("+-").casefold()) in ("inf", "infinity"):
        return (
            Numeral(-1 if text.startswith("-") else 1, "inf")
            if len(text) - len(lowercase) < 2
            else None
        )
    match = _NUMERAL.fullmatch(text)
    if match is None:
        return None
    is_parenthesized = bool(match["open"] or match["inner"] == "(")
    signs = [match["sign"], match["inner"] if match["inner"] != "(" else None, match["last"]]
    signs = [sign.strip() for sign in signs if sign]
    if is_parenthesized != bool(match["close"]) or len(signs) + is_parenthesized > 1:
        return None
    unit = _unit(match["before"] or "", match["after"] or "")
    digits = match["body"]
    if unit is None or (match["last"] and not re.search(r"[.,]", digits)):
        return None  # "2-" is a grade, "2.00-" a debt
    parsed = Numeral(
        -1 if is_parenthesized or signs == ["-"] else 1,
        re.sub("[ ']", "", digits), match["gap"] is not None, (match["power"] or "").casefold(),
        unit, bool(match["space"] or match["before"]),
    )  # fmt: skip
    return (
        parsed
        if any(parsed.value(sign) is not None for sign in ("point", "comma", "either"))
        else None
    )


def _normalize(text: str) -> str:
    """Return a text with ASCII digits, spaces, minus signs and apostrophes."""
    text = text.strip()
    if text.isascii():
        return text
    if re.search(r"[0-9][⁰¹²³⁴⁵⁶⁷⁸⁹]", text):
        return ""  # a superscript would become a digit
    for old, new in _CHARACTER_VARIANTS.items():
        text = text.replace(old, new)
    digits = {ord(char): str(unicodedata.decimal(char)) for char in text if char.isdecimal()}
    return unicodedata.normalize("NFKC", text.translate(digits)).strip()


def _unit(before: str, after: str) -> str | None:
    """Return the unit before or after a number; None if it cannot be one."""
    after = after.strip().removesuffix(".").replace("^", "")
    if len(after) > _MAX_UNIT_LENGTH or after.count(" ") > 1 or _NON_UNITS.match(after):
        return None
    before = before.removesuffix(".")
    if not before and after.startswith("/"):
        return None
    return f"{before}{after}" if after.startswith("/") else f"{before} {after}".strip()


def same_unit(unit: str, other: str) -> bool:
    """Return whether two spellings mean one unit: kg and KG, hour and hours, not mW and MW."""
    return unit_key(unit) == unit_key(other)


@lru_cache(1024)
def unit_key(unit: str) -> str:
    """Return a key that the spellings of a unit share."""
    lowercase = unit.casefold()
    if lowercase in ("kgs", "lbs", "hrs"):
        return lowercase[:-1]
    if len(unit) > 2 and not re.match(r"[mM][A-Z]", unit):
        return lowercase[:-1] if len(lowercase) > 3 and lowercase.endswith("s") else lowercase
    if unit.isupper() and len(unit) > 3:
        return lowercase
    return lowercase if lowercase in _ANY_CASE else unit


_KNOWN_UNIT_KEYS = frozenset(map(unit_key, _KNOWN_UNITS))


def is_known_unit(unit: str) -> bool:
    """Return whether a unit is a common one, or a currency."""
    return (
        unit_key(unit) in _KNOWN_UNIT_KEYS
        or is_money(unit)
        or unit_key(unit).casefold() in MAGNITUDES
    )


def is_money(unit: str) -> bool:
    """Return whether a unit begins or ends with the sign or code of a currency."""
    return re.match(rf"{_MONEY}(?![^\W\d_])", unit) is not None
