"""Marks of missing values, such as NA: when they are classes, and findings on them."""

from brique.data.finding import Finding, Severity
from brique.data.sources.columns.guess import format_rows, guess_kind
from brique.data.sources.layout.text_files import format_names
from brique.data.sources.tables.frame import Frame
from brique.options import Options
from brique.schema.numerals import parse_numeral

_CLASS_WORDS = frozenset(
    ("na", "n/a", "n.a.", "n.a", "none", "null")
)  # that may be the name of a class
_USUAL_NA_VALUES = frozenset(
    ("na", "n/a", "nan", "null", "none", "?", "-")
)  # that are never values
_MIN_SHARE = 0.05  # of the cells for a class; a rarer mark is missing
_MIN_ROWS = 3  # rows


def keep_literal_values(
    frame: Frame, key: str, explicit_kind: str | None, options: Options, *, is_target: bool
) -> None:
    """Treat marks of a column as classes: all with --types category, else frequent words.

    An empty cell is always missing. An input with a single mark keeps it as the class "missing".
    """
    na_counts = frame.na_counts(key)
    if not na_counts:
        return
    if explicit_kind in ("category", "text"):
        frame.treat_as_literal(key, na_counts)
        return
    renamed = na_counts.keys() & (options.rename or {}).keys()
    if renamed:
        frame.treat_as_literal(key, renamed)
    candidates = {
        value: count for value, count in na_counts.items() if value.casefold() in _CLASS_WORDS
    }
    column = frame.raw_column(key)
    if explicit_kind or not candidates or guess_kind(column, is_target=is_target) != "category":
        return
    if not is_target and has_single_notation(frame, key):
        return
    if 2 * sum(parse_numeral(cell) is not None for cell in column.sample) > len(column.sample):
        return  # a mark among numbers is not a class
    total = int(column.is_known.sum()) + sum(na_counts.values())
    frequent = [value for value, count in candidates.items()
             if count >= max(_MIN_ROWS, _MIN_SHARE * total) and value not in renamed]  # fmt: skip
    frame.treat_as_literal(key, frequent)
    if frequent:
        frame.findings.append(_class_finding(frame, key, frequent, candidates, is_target=is_target))


def has_single_notation(frame: Frame, key: str) -> bool:
    """Tell whether all missing cells of a column are written alike, so that no class is lost."""
    return len(frame.na_counts(key)) + bool(frame.columns[key].null_count) <= 1


def _class_finding(
    frame: Frame, key: str, frequent: list[str], counts: dict[str, int], *, is_target: bool
) -> Finding:
    row_count = sum(counts[value] for value in frequent)
    others = format_names(
        [name for name in frame.raw_column(key).sample if name not in frequent], 3
    )
    taken_as = (
        "a class, not a missing value" if len(frequent) == 1 else "classes, not missing values"
    )
    reason = (
        f"'{key}' holds {format_names(frequent)} in {format_rows(row_count)} beside {others},"
        f" read as {taken_as}."
    )
    remedy = (
        f"Say --types '{key}=category' if it is a class; leave the cells empty if nothing is known."
    )
    is_doubtful = is_target and any(value.casefold() != "none" for value in frequent)
    severity: Severity = "error" if is_doubtful else "warning" if is_target else "note"
    items = tuple((value, f"{counts[value]:,}") for value in frequent)
    return Finding("missing or class", severity, None, items, row_count, reason, remedy)


def missing_value_findings(frame: Frame, key: str, kind: str, *, is_target: bool) -> list[Finding]:
    """Return a finding on unusual marks of a column that count as missing.

    kind: the kind of the column; among classes a word such as None may be a class.
    """
    can_be_class = kind == "category" and (is_target or not has_single_notation(frame, key))
    usual = _USUAL_NA_VALUES - _CLASS_WORDS if can_be_class else _USUAL_NA_VALUES
    if kind == "category" and is_target:
        usual -= {"?", "-"}  # they drop rows, and "?" may be an answer
    na_counts = {
        value: n for value, n in frame.na_counts(key).items() if value.casefold() not in usual
    }
    if not na_counts:
        return []
    row_count = sum(na_counts.values())
    reason = (
        f"'{key}' holds {format_names(list(na_counts))} in {format_rows(row_count)}, which count"
        " as missing."
    )
    remedy = (
        f"Nothing, if that is right; if it is a class, say --types '{key}=category'."
        if kind == "category"
        else "Check where they come from: a failed formula, a missing measurement."
    )
    items = tuple((value, f"{count:,}") for value, count in na_counts.items())
    return [Finding("missing marks", "warning", None, items, row_count, reason, remedy)]
