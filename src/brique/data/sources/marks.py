"""Marks of what is missing, such as NA: where they are classes, and what is said of them."""

from brique.data.finding import Finding, Severity
from brique.data.sources.frame import Frame
from brique.data.sources.guess import kind_of, rows_said
from brique.data.sources.shelf import few
from brique.options import Options
from brique.schema.numerals import numeral

_WORDS = frozenset(("na", "n/a", "n.a.", "n.a", "none", "null"))  # that may name a class
_QUIET = frozenset(("na", "n/a", "nan", "null", "none", "?", "-"))  # that no one takes for a value
_OFTEN = 0.05  # of the cells: a class; a rarer mark is missing
_LEAST = 3  # rows


def keep_words(
    frame: Frame, key: str, told: str | None, asked: Options, *, is_target: bool
) -> None:
    """Take marks of a column for classes: all where a person says so, else words that are frequent.

    An empty cell is always missing. An input of one mark alone keeps it as the class "missing".
    """
    found = frame.marks(key)
    if not found:
        return
    if told in ("category", "text"):
        frame.keep_words(key, found)
        return
    renamed = found.keys() & (asked.rename or {}).keys()
    if renamed:
        frame.keep_words(key, renamed)
    words = {mark: count for mark, count in found.items() if mark.casefold() in _WORDS}
    cut = frame.cut(key)
    if told or not words or kind_of(cut, is_target=is_target) != "category":
        return
    if not is_target and is_alone(frame, key):
        return
    if 2 * sum(numeral(cell) is not None for cell in cut.sample) > len(cut.sample):
        return  # a mark among numbers is no class
    total = int(cut.is_known.sum()) + sum(found.values())
    often = [mark for mark, count in words.items()
             if count >= max(_LEAST, _OFTEN * total) and mark not in renamed]  # fmt: skip
    frame.keep_words(key, often)
    if often:
        frame.findings.append(_of_classes(frame, key, often, words, is_target=is_target))


def is_alone(frame: Frame, key: str) -> bool:
    """Tell whether what is missing in a column is all written alike, so that no class is lost."""
    return len(frame.marks(key)) + bool(frame.columns[key].null_count) <= 1


def _of_classes(
    frame: Frame, key: str, often: list[str], counts: dict[str, int], *, is_target: bool
) -> Finding:
    rows = sum(counts[mark] for mark in often)
    others = few([name for name in frame.cut(key).sample if name not in often], 3)
    taken = "a class, not a missing value" if len(often) == 1 else "classes, not missing values"
    reason = f"'{key}' holds {few(often)} in {rows_said(rows)} beside {others}, taken for {taken}."
    remedy = (
        f"Say --types '{key}=category' if it is a class; leave the cells empty if nothing is known."
    )
    is_doubtful = is_target and any(mark.casefold() != "none" for mark in often)
    severity: Severity = "error" if is_doubtful else "warning" if is_target else "note"
    items = tuple((mark, f"{counts[mark]:,}") for mark in often)
    return Finding("missing or class", severity, None, items, rows, reason, remedy)


def of_marks(frame: Frame, key: str, kind: str, *, is_target: bool) -> list[Finding]:
    """Return a finding on marks of a column that count as missing and could be missed.

    kind: what the column is taken for; in one of classes a word such as None may be one.
    """
    may_lose = kind == "category" and (is_target or not is_alone(frame, key))
    quiet = _QUIET - _WORDS if may_lose else _QUIET
    if kind == "category" and is_target:
        quiet -= {"?", "-"}  # rows are left out by them, and "?" may be an answer
    found = {mark: n for mark, n in frame.marks(key).items() if mark.casefold() not in quiet}
    if not found:
        return []
    rows = sum(found.values())
    reason = f"'{key}' holds {few(list(found))} in {rows_said(rows)}, which count as missing."
    remedy = (
        f"Nothing, if that is meant; where it is a class, say --types '{key}=category'."
        if kind == "category"
        else "Look where they come from: a formula that failed, a measurement that lacks."
    )
    items = tuple((mark, f"{count:,}") for mark, count in found.items())
    return [Finding("missing marks", "warning", None, items, rows, reason, remedy)]
