"""Parallel text: files train.en, train.de, ... line by line, or one table of two columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brique.data.files.place import Place, plain_name
from brique.data.raw.column import Texts
from brique.data.raw.source import Source
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    files_with_parts,
    format_names,
    part_from_name,
    parts_tensor,
    read_lines,
)
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import natural_key
from brique.schema.texts import Unit

KIND: str = "parallel"
USES: frozenset[str] = frozenset({"target", "test", "types", "unit", "lower", "header"})

_ISO_639 = """
    aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy
    hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg
    li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or
    os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta
    te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_LANGUAGE_CODES = frozenset(_ISO_639.split())
_FILE_NAME = re.compile(r"(.+)\.([a-z]+)((?:[-_][a-z0-9]+)?)")
_UNITS: tuple[Unit, ...] = ("words", "characters", "subwords")
_DEFAULT_COLUMNS = ["text", "translation"]  # of a table without languages in its first line


@dataclass
class ParallelText(Texts):
    """A text of each example in one of several languages."""


@dataclass
class _ParallelData:
    """Texts by language, with the metadata of each row."""

    source: Source
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    example_names: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])


def fits(place: Place) -> bool:
    """Tell whether a place holds files of one name with language codes as suffix."""
    return place.is_dir() and bool(_aligned_files(data_files(place), _LANGUAGE_CODES))


def read(name: str, place: Place, options: Options) -> Source:
    """Return parallel texts, one field per language.

    Files are named PART.LANGUAGE; line n of one is a translation of line n of the others. Of
    several test files the first by name is taken; `test` names another. One file is a table of two
    columns with a tab between them. `target` is the language to translate to: of two the later by
    its code, of three or more none by default; types={"de": "leave"} leaves one out.
    Raises DataError if the numbers of lines differ, or a language is unknown.
    """
    if options.unit not in (None, *_UNITS):
        raise DataError(
            f"{name}: unit must be one of {', '.join(_UNITS)}, got '{options.unit}'"
            f"{did_you_mean(str(options.unit), _UNITS) or '; choose one'}"
        )
    data = _ParallelData(Source(name, {}))
    source, files = data.source, data_files(place)
    if sets := _aligned_files(files, _LANGUAGE_CODES) or _aligned_files(files, None):
        _read_sets(data, _select_sets(source, _drop_languages(name, sets, options), options.test))
    else:
        for file, part in files_with_parts(source, files, options.test):
            _read_table(data, file, part, options.header)
    check_train(source, data.parts)
    source.part, source.names = parts_tensor(data.parts), data.example_names
    source.targets = _target(source, tuple(data.texts), options.target)
    unit: Unit = options.unit or "words"  # pyright: ignore[reportAssignmentType] - checked above
    source.fields = {
        language: ParallelText(texts, unit, lower=options.lower)
        for language, texts in data.texts.items()
    }
    return source


FileSets = dict[str, dict[str, Place]]  # files by stem and language


def _aligned_files(files: Iterable[Place], codes: frozenset[str] | None) -> FileSets:
    """Return sets of two or more files whose names differ in the language only.

    codes: of the allowed languages; None allows any.
    """
    sets: FileSets = {}
    for file in files:
        match = _FILE_NAME.fullmatch(plain_name(file))
        if match and (codes is None or match[2] in codes):
            sets.setdefault(match[1], {})[_field_name(match[2] + match[3])] = file
    return {stem: sets[stem] for stem in sorted(sets, key=natural_key) if len(sets[stem]) > 1}


def _field_name(language: str) -> str:
    """Return the field of a language: "pt-br" is pt_br."""
    return language.replace("-", "_").replace(" ", "_")


def _drop_languages(name: str, sets: FileSets, options: Options) -> FileSets:
    """Return the files without the languages to leave out. Raises DataError."""
    languages = sorted({language for texts in sets.values() for language in texts})
    for language, kind in (options.types or {}).items():
        if language not in languages or kind != "leave":
            raise DataError(
                f"{name}: types of parallel text leave languages out, such as"
                f" {{'{languages[0]}': 'leave'}}, got {{'{language}': '{kind}'}}"
                f"{did_you_mean(language, languages) or '; leave it out'}"
            )
    left_out = set(options.types or ())
    if len(languages) - len(left_out) < 2:
        raise DataError(
            f"{name}: expected two languages or more, got"
            f" {', '.join(sorted({*languages} - left_out))}; leave fewer out"
        )
    return {
        stem: {language: file for language, file in texts.items() if language not in left_out}
        for stem, texts in sets.items()
    }


def _select_sets(
    source: Source, sets: FileSets, test: str | None
) -> list[tuple[str, int | None, dict[str, Place]]]:
    """Return the sets to read, with their parts; one test set, and all languages in each."""
    parts = {stem: part_from_name(next(iter(texts.values()))) for stem, texts in sets.items()}
    tests = [stem for stem, part in parts.items() if part == 2 and len(sets) > 1]
    if test is not None and test.casefold() not in tests:
        raise DataError(
            f"{source.name}: test must be one of {', '.join(tests) or 'no test files'}, got"
            f" '{test}'{did_you_mean(test, tests) or '; choose one, or leave it out'}"
        )
    test_set = test.casefold() if test else next(iter(tests), None)
    if len(tests) > 1:
        others = ", ".join(stem for stem in tests if stem != test_set)
        source.notes.append(f"{source.name}: {test_set} is the test part; --test takes {others}.")
    if len(sets) == 1:
        return [(stem, None, texts) for stem, texts in sets.items()]
    has_parts = any(part is not None for part in parts.values())
    train_sets = [texts for stem, texts in sets.items() if parts[stem] == 0]
    languages = {language for texts in train_sets or sets.values() for language in texts}
    selected: list[tuple[str, int | None, dict[str, Place]]] = []
    for stem, texts in sets.items():
        if missing := sorted(languages - texts.keys()):
            source.skipped.append((stem, f"has no text in {', '.join(missing)}"))
        elif has_parts and parts[stem] is None:
            source.skipped.append((stem, "its name has no part: train, valid or test"))
        elif stem == test_set or parts[stem] != 2:
            language_files = {language: texts[language] for language in languages}
            selected.append((stem, parts[stem], language_files))
    return sorted(selected, key=lambda entry: entry[1] or 0)


def _read_sets(
    data: _ParallelData, sets: Sequence[tuple[str, int | None, Mapping[str, Place]]]
) -> None:
    """Add the texts of files, line by line. Raises DataError if their numbers of lines differ."""
    for stem, part, files in sets:
        texts = {
            language: read_lines(file, data.source) for language, file in sorted(files.items())
        }
        counts = {language: len(rows) for language, rows in texts.items()}
        longest, shortest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        if counts[longest] != counts[shortest]:
            raise DataError(
                f"{data.source.name}: {stem}: expected as many lines in each language, got "
                f"{counts[longest]:,} in {files[longest].name} but {counts[shortest]:,} in"
                f" {files[shortest].name}; correct them, or give matching files"
            )
        for language, rows in texts.items():
            data.texts.setdefault(language, []).extend(row.strip() for row in rows)
        data.example_names += [f"{stem}:{number}" for number in range(1, counts[longest] + 1)]
        data.parts += [part] * counts[longest]


def _read_table(data: _ParallelData, file: Place, part: int | None, header: bool | None) -> None:
    """Add the first two columns of a table. Raises DataError if it has fewer."""
    rows = [line.split("\t") for line in read_lines(file, data.source)]
    first_row = [cell.strip().casefold() for cell in rows[0][:2]] if rows else []
    has_header = all(cell in _LANGUAGE_CODES for cell in first_row) if header is None else header
    names = [_field_name(cell) for cell in first_row] if has_header else _DEFAULT_COLUMNS
    if len(first_row) < 2 or len({*names}) < 2:
        raise DataError(
            f"{data.source.name}: {file.name}: expected two columns with a tab between them, got"
            f" {format_names(first_row) or 'no lines'}; give such a table, or files such as"
            " train.en and train.de"
        )
    names = list(data.texts) or names
    for number, row in enumerate(rows[int(has_header) :], 1 + has_header):
        if len(row) < 2:
            data.source.skipped.append((f"{file.name}:{number}", "has one column, not two"))
            continue
        for language, text in zip(names, row, strict=False):
            data.texts.setdefault(language, []).append(text.strip())
        data.example_names.append(f"{file.name}:{number}")
        data.parts.append(part)
    if max(map(len, rows)) > 2:
        data.source.notes.append(f"{file.name}: only the first two columns are read.")


def _target(source: Source, languages: Sequence[str], target: str | None) -> tuple[str, ...]:
    """Return the language to translate to, or none. Raises DataError for an unknown one."""
    chosen = None if target is None else _field_name(target)
    if chosen is not None and chosen not in languages:
        raise DataError(
            f"{source.name}: target must be one of {', '.join(languages)}, got '{target}'"
            f"{did_you_mean(chosen, languages) or '; choose one'}"
        )
    if chosen is not None:
        return (chosen,)
    last = languages[-1]
    if len(languages) == 2:
        source.notes.append(
            f"{source.name}: {languages[0]} is translated to {last}; --target {languages[0]} turns"
            " it round."
        )
        return (last,)
    source.notes.append(
        f"{source.name}: holds {', '.join(languages)}; --target {last} chooses the language to"
        " translate to."
    )
    return ()
