"""Numerals: how people write numbers, with signs, groups of digits, decimal signs and units."""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Decimal = Literal["point", "comma", "either"]
"""Which sign stands before decimals: "either" has both, and no sign between thousands."""
Shape = Literal["whole", "long", "1.5", "1,5", "1.234", "1,234", "1,234.5", "1.234,5"]
"""What the signs of a numeral tell: "1.234" and "1,234" can be read in two ways."""

MULTIPLES = frozenset(
    ("k", "m", "b", "bn", "mn", "mio", "mrd", "tsd", "thousand", "million", "billion", "lakh")
)  # fmt: skip
_SIGNS = "$€£¥₹₽₩₺₫฿₪₴₦₱₡₲₵₸₭₮¢"
_CODES = (
    "USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|SEK|NOK|DKK|PLN|CZK|HUF|RON|RUB|TRY|AUD|CAD|NZD|HKD|SGD|MXN"
    r"|BRL|ZA[R]|KRW|Rs\.?|Fr\.?|kr\.?|zł"
)
_MONEY = rf"(?:[A-Z]{{0,3}}[{_SIGNS}]|{_CODES})"
_BODY = (
    r"[1-9][0-9]{0,2}(?:(?P<gap>[ '])[0-9]{3})(?:(?P=gap)[0-9]{3})*(?:[.,][0-9]*)?"
    r"|[0-9][0-9.,]*|[.,][0-9]+"
)
_UNIT = (
    rf"/?(?:[%‰°{_SIGNS}]|[^\W\d_])"
    rf"(?:[%‰°{_SIGNS}/·*^.]|[^\W\d_]|-1|[-^]?[234](?![0-9])| (?=[^\W\d_%/]))*"
)
_NUMERAL = re.compile(
    rf"(?P<open>\()?(?P<sign>[+-] ?)?(?P<before>{_MONEY})? ?(?P<inner>\(|[+-])?"
    rf"(?P<body>{_BODY})(?P<power>[eE][+-]?[0-9]+)?(?P<space> ?)(?P<after>{_UNIT})?"
    r"(?P<close>\))?(?P<last>-)?"
)
_SIMPLE = re.compile(r"([+-]?)((?:[0-9]+[.,]?|[.,][0-9])[0-9]*)([eE][+-]?[0-9]+)?")
_NO_UNIT = re.compile(
    r"(?:st|nd|rd|th|am|pm|a\.m|p\.m|q[1-4]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec"
    r"|january|february|march|april|june|july|august|september|october|november|december"
    r"|mon|tue|wed|thu|fri|sat|sun))(?:$|[ -])",
    re.IGNORECASE,
)
_ANY_CASE = frozenset(
    ("l", "h", "k", "kg", "km", "cm", "ft", "lb", "oz", "hz", "kw", "in", "yd", "db")
)
_KNOWN = (
    "%", "‰", "°", "°C", "°F", "C", "F", "K", "kg", "g", "mg", "μg", "t", "lb", "lbs", "oz",
    "st", "m", "cm", "mm", "μm", "nm", "km", "in", "ft", "yd", "mi", "mile", "m2", "cm2", "mm2",
    "km2", "ft2", "sqft", "sqm", "ha", "acre", "m3", "cm3", "l", "dl", "cl", "ml", "gal", "s",
    "ms", "μs", "ns", "min", "h", "hr", "hour", "d", "day", "week", "wk", "month", "mo", "year",
    "yr", "y", "m/s", "km/h", "kmh", "mph", "kn", "W", "kW", "MW", "V", "mV", "A", "mA", "Ω",
    "J", "kJ", "kcal", "cal", "kWh", "Wh", "Hz", "kHz", "MHz", "GHz", "Pa", "hPa", "kPa", "bar",
    "mbar", "psi", "B", "kB", "KB", "MB", "GB", "TB", "bit", "mol", "mmol/l", "mg/dl", "g/l",
    "mg/l", "μg/m3", "ppm", "ppb", "dB", "px", "pt", "bpm", "rpm",
)  # fmt: skip
_PARTS = {"º": "°", "\u2212": "-", "\u2013": "-", "\ufe63": "-", "\u2019": "'", "\u02bc": "'",
          "\u066b": ".", "\u066c": ","}  # fmt: skip
_LONGEST = 16  # letters of a unit


@dataclass(frozen=True)
class Numeral:
    """A number as it is written, taken apart.

    body: its digits, with points and commas, and without groups that blanks or apostrophes make.
    is_grouped: whether there were such groups. power: as "e5", or "".
    unit: "" if there is none. is_apart: whether a blank stands between number and unit.
    """

    sign: int
    body: str
    is_grouped: bool = False
    power: str = ""
    unit: str = ""
    is_apart: bool = False

    @property
    def shape(self) -> Shape:
        """What its signs tell of the decimal sign of its column."""
        if "." not in self.body and "," not in self.body:
            return "long" if len(self.body) > 3 and not self.is_grouped else "whole"
        if "." in self.body and "," in self.body:
            return "1,234.5" if self.body.rindex(".") > self.body.rindex(",") else "1.234,5"
        sign = "." if "." in self.body else ","
        if self.body.count(sign) > 1:
            return "1.234,5" if sign == "." else "1,234.5"
        is_open = re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", self.body) is not None
        is_open = is_open and not self.is_grouped and not self.power
        if sign == ".":
            return "1.234" if is_open else "1.5"
        return "1,234" if is_open else "1,5"

    def value(self, decimal: Decimal) -> float | None:
        """Return the number, or None where it cannot be read with that decimal sign."""
        if self.body == "inf":
            return self.sign * math.inf
        body = self.body
        if decimal == "either":
            if len(re.findall(r"[.,]", body)) > 1:
                return None
            body = body.replace(",", ".")
        else:
            mark, group = (",", ".") if decimal == "comma" else (".", ",")
            whole, _, rest = body.partition(mark)
            if group in rest or mark in rest or not _is_grouped(whole, group, self.is_grouped):
                return None
            body = whole.replace(group, "") + (f".{rest}" if rest else "")
        return self.sign * float(f"{body or 0}{self.power}")


def _is_grouped(whole: str, group: str, has_gaps: bool) -> bool:
    """Tell whether what stands before decimals is digits, in groups of three or as in India."""
    if group not in whole:
        return True
    if has_gaps:
        return False
    first, *others = whole.split(group)
    is_indian = group == "," and all(len(one) == 2 for one in others[:-1])
    sizes = all(len(one) == 3 for one in others) or (is_indian and len(others[-1]) == 3)
    return sizes and 0 < len(first) <= 3


def numeral(text: str) -> Numeral | None:
    """Return a number taken apart, or None where a text is none.

    >>> numeral("-$1,200.50").value("point"), numeral("35 m²").unit, numeral("(12.5)").sign
    (-1200.5, 'm2', -1)
    """
    if simple := _SIMPLE.fullmatch(text):
        sign, body, power = simple.groups()
        return Numeral(-1 if sign == "-" else 1, body, power=(power or "").casefold())
    text = _plain(text)
    if (small := text.lstrip("+-").casefold()) in ("inf", "infinity"):
        return (
            Numeral(-1 if text.startswith("-") else 1, "inf")
            if len(text) - len(small) < 2
            else None
        )
    found = _NUMERAL.fullmatch(text)
    if found is None:
        return None
    is_closed = bool(found["open"] or found["inner"] == "(")
    signs = [found["sign"], found["inner"] if found["inner"] != "(" else None, found["last"]]
    signs = [sign.strip() for sign in signs if sign]
    if is_closed != bool(found["close"]) or len(signs) + is_closed > 1:
        return None
    unit = _unit(found["before"] or "", found["after"] or "")
    body = found["body"]
    if unit is None or (found["last"] and not re.search(r"[.,]", body)):
        return None  # "2-" is a grade, "2.00-" a debt
    made = Numeral(
        -1 if is_closed or signs == ["-"] else 1,
        re.sub("[ ']", "", body), found["gap"] is not None, (found["power"] or "").casefold(),
        unit, bool(found["space"] or found["before"]),
    )  # fmt: skip
    return (
        made if any(made.value(sign) is not None for sign in ("point", "comma", "either")) else None
    )


def _plain(text: str) -> str:
    """Return a text with plain digits, blanks, minus signs and apostrophes."""
    text = text.strip()
    if text.isascii():
        return text
    if re.search(r"[0-9][⁰¹²³⁴⁵⁶⁷⁸⁹]", text):
        return ""  # a power that would become a digit
    for old, new in _PARTS.items():
        text = text.replace(old, new)
    digits = {ord(one): str(unicodedata.decimal(one)) for one in text if one.isdecimal()}
    return unicodedata.normalize("NFKC", text.translate(digits)).strip()


def _unit(before: str, after: str) -> str | None:
    """Return the unit of what stands about a number; None where it cannot be one."""
    after = after.strip().removesuffix(".").replace("^", "")
    if len(after) > _LONGEST or after.count(" ") > 1 or _NO_UNIT.match(after):
        return None
    before = before.removesuffix(".")
    if not before and after.startswith("/"):
        return None
    return f"{before}{after}" if after.startswith("/") else f"{before} {after}".strip()


def same_unit(one: str, other: str) -> bool:
    """Tell whether two spellings are of one unit: kg and KG, hour and hours, not mW and MW."""
    return unit_key(one) == unit_key(other)


@lru_cache(1024)
def unit_key(unit: str) -> str:
    """Return what the spellings of a unit have in common."""
    small = unit.casefold()
    if small in ("kgs", "lbs", "hrs"):
        return small[:-1]
    if len(unit) > 2 and not re.match(r"[mM][A-Z]", unit):
        return small[:-1] if len(small) > 3 and small.endswith("s") else small
    if unit.isupper() and len(unit) > 3:
        return small
    return small if small in _ANY_CASE else unit


_KNOWN_KEYS = frozenset(map(unit_key, _KNOWN))


def is_known_unit(unit: str) -> bool:
    """Tell whether a unit is one of those that are common, or money."""
    return unit_key(unit) in _KNOWN_KEYS or is_money(unit) or unit_key(unit).casefold() in MULTIPLES


def is_money(unit: str) -> bool:
    """Tell whether a unit begins or ends with the sign or the code of a currency."""
    return re.match(rf"{_MONEY}(?![^\W\d_])", unit) is not None
