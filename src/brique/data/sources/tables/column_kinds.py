"""One column of a table, read as its kind and checked."""

from typing import cast

import numpy as np

from brique.data.finding import Finding
from brique.data.raw.column import Column, Labels, Numbers, Texts
from brique.data.sources.columns.digit_strings import unread_number_findings
from brique.data.sources.columns.guess import RawColumn, guess_kind
from brique.data.sources.columns.number_checks import check_numbers, code_findings
from brique.data.sources.columns.timestamps import check_timestamps, unread_findings
from brique.data.sources.manifests import file_finder
from brique.data.sources.tables.frame import Frame
from brique.data.sources.tables.missing_values import missing_value_findings
from brique.errors import DataError
from brique.options import Options
from brique.schema.texts import Unit


def read_column(
    frame: Frame, key: str, explicit_kind: str | None, options: Options, is_target: bool
) -> Column | None:
    """Return one column as its kind, or None if it is empty. Raises DataError."""
    raw_column = frame.raw_column(key)
    kind = explicit_kind or guess_kind(raw_column, is_target=is_target)
    is_explicit = is_target or explicit_kind is not None
    if kind == "empty":
        frame.findings.append(_empty_column_finding(key))
        return None
    if kind == "number":
        column, findings = check_numbers(
            raw_column, is_explicit=explicit_kind is not None, is_target=is_target
        )
    elif kind == "timestamp":
        column, findings = check_timestamps(raw_column, is_explicit=is_explicit)
    elif kind == "category":
        column = _class_column(raw_column, frame, options, is_target)
        findings = [] if explicit_kind else code_findings(raw_column)
    else:
        unit = cast("Unit", options.unit or "words")  # the kind checks it
        if file_finder.are_picture_names(raw_column.sample):
            frame.findings.append(_missing_pictures_finding(key, raw_column.sample[0]))
        column = Texts(raw_column.texts(), unit, options.lower)
        findings = [] if explicit_kind else code_findings(raw_column)
    if explicit_kind is None and kind in ("category", "text"):
        findings = (
            findings
            or unread_findings(raw_column)
            or unread_number_findings(raw_column, kind, is_target=is_target)
        )
    frame.findings += findings
    if not is_target:
        frame.findings += missing_value_findings(frame, key, kind, is_target=False)
    if is_target:
        _check_target(frame, key, column, options)
    return column


def _empty_column_finding(key: str) -> Finding:
    reason = f"'{key}' is empty, so it is left out."
    remedy = "Remove the column, or fill it."
    return Finding("empty column", "warning", None, ((key,),), 1, reason, remedy)


def _missing_pictures_finding(key: str, cell: str) -> Finding:
    reason = f"'{key}' names pictures such as {cell}, which are not beside the table."
    remedy = "Put the table beside them; until then their names are read as texts."
    return Finding("no pictures", "warning", None, ((key,),), 1, reason, remedy)


def _class_column(column: RawColumn, frame: Frame, options: Options, is_target: bool) -> Column:
    """Return renamed classes, as an input or a target."""
    frame.classes |= {*column.names, *column.codes().names}
    coded = column.codes(options.rename)
    if not is_target:
        return coded
    texts = np.array([*coded.names, ""], object)[coded.codes].tolist()
    return Labels(texts, is_target=True, example_names=frame.row_names)


def _check_target(frame: Frame, key: str, column: Column, options: Options) -> None:
    """Raise DataError for a target with a single value, or values that are not finite."""
    first_value = column.text(0)
    if isinstance(column, Numbers) and not np.isfinite(column.values).all():
        row = int(np.flatnonzero(~np.isfinite(column.values))[0])
        raise DataError(
            f"{frame.name}: {key}: the target is not finite in {frame.row_names[row]}; correct"
            " it, or remove the row"
        )
    if not options.whole and all(column.text(row) == first_value for row in range(len(column))):
        raise DataError(
            f"{frame.name}: the target '{key}' is '{first_value}' in every row, so there is"
            " nothing to learn; choose another with --target"
        )
