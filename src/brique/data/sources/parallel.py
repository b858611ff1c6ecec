"""Parallel text: files train.en, train.de, ... line by line, or one table of two columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from brique.data.column import Texts
from brique.data.place import Place, plain_name
from brique.data.source import Source
from brique.data.sources.shelf import check_train, few, lines, part_of, parted, parts_of, shelf
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import natural
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
_CODES = frozenset(_ISO_639.split())
_NAME = re.compile(r"(.+)\.([a-z]+)((?:[-_][a-z0-9]+)?)")
_UNITS: tuple[Unit, ...] = ("words", "characters", "subwords")
_COLUMNS = ["text", "translation"]  # of a table whose first line names no languages


@dataclass
class Side(Texts):
    """A text of each example in one of several languages."""


@dataclass
class _Read:
    """Texts as they were found, by language, and what is known of each row."""

    source: Source
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    called: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])


def fits(place: Place) -> bool:
    """Tell whether a place holds files of one name that end in codes of languages."""
    return place.is_dir() and bool(_aligned(shelf(place), _CODES))


def read(name: str, place: Place, asked: Options) -> Source:
    """Return texts of one meaning, a field for each language.

    Files are named PART.LANGUAGE; line n of one is a translation of line n of the others. Of
    several test files the first by name is taken; `test` names another. One file is a table of two
    columns with a tab between them. `target` is the language to translate to: of two the later by
    its code, of three or more none unless it is told; types={"de": "leave"} leaves one out.
    Raises DataError where the numbers of lines differ, or there is no such language.
    """
    if asked.unit not in (None, *_UNITS):
        raise DataError(
            f"{name}: unit must be one of {', '.join(_UNITS)}, got '{asked.unit}'"
            f"{nearest(str(asked.unit), _UNITS) or '; choose one'}"
        )
    found = _Read(Source(name, {}))
    source, files = found.source, shelf(place)
    if sets := _aligned(files, _CODES) or _aligned(files, None):
        _read_sets(found, _chosen(source, _left(name, sets, asked), asked.test))
    else:
        for file, part in parted(source, files, asked.test):
            _read_table(found, file, part, asked.header)
    check_train(source, found.parts)
    source.part, source.names = parts_of(found.parts), found.called
    source.targets = _target(source, tuple(found.texts), asked.target)
    unit: Unit = asked.unit or "words"  # pyright: ignore[reportAssignmentType] - checked above
    source.fields = {
        language: Side(texts, unit, lower=asked.lower) for language, texts in found.texts.items()
    }
    return source


Sets = dict[str, dict[str, Place]]  # files by what stands before the language, and language


def _aligned(files: Iterable[Place], codes: frozenset[str] | None) -> Sets:
    """Return files whose names differ in the language alone, two or more of one set.

    codes: of languages that are let in; None lets any in.
    """
    sets: Sets = {}
    for file in files:
        found = _NAME.fullmatch(plain_name(file))
        if found and (codes is None or found[2] in codes):
            sets.setdefault(found[1], {})[_named(found[2] + found[3])] = file
    return {stem: sets[stem] for stem in sorted(sets, key=natural) if len(sets[stem]) > 1}


def _named(language: str) -> str:
    """Return the field of a language: "pt-br" is pt_br."""
    return language.replace("-", "_").replace(" ", "_")


def _left(name: str, sets: Sets, asked: Options) -> Sets:
    """Return the files without languages that are to be left out. Raises DataError."""
    known = sorted({language for texts in sets.values() for language in texts})
    for language, kind in (asked.types or {}).items():
        if language not in known or kind != "leave":
            raise DataError(
                f"{name}: types of parallel text leave languages out, such as"
                f" {{'{known[0]}': 'leave'}}, got {{'{language}': '{kind}'}}"
                f"{nearest(language, known) or '; leave it out'}"
            )
    away = set(asked.types or ())
    if len(known) - len(away) < 2:
        raise DataError(
            f"{name}: expected two languages or more, got {', '.join(sorted({*known} - away))};"
            " leave fewer out"
        )
    return {
        stem: {language: file for language, file in texts.items() if language not in away}
        for stem, texts in sets.items()
    }


def _chosen(
    source: Source, sets: Sets, test: str | None
) -> list[tuple[str, int | None, dict[str, Place]]]:
    """Return the sets that are read, with their parts; one test set, and all languages in each."""
    parts = {stem: part_of(next(iter(texts.values()))) for stem, texts in sets.items()}
    tests = [stem for stem, part in parts.items() if part == 2 and len(sets) > 1]
    if test is not None and test.casefold() not in tests:
        raise DataError(
            f"{source.name}: test must be one of {', '.join(tests) or 'no test files'}, got"
            f" '{test}'{nearest(test, tests) or '; choose one, or leave it out'}"
        )
    taken = test.casefold() if test else next(iter(tests), None)
    if len(tests) > 1:
        others = ", ".join(stem for stem in tests if stem != taken)
        source.notes.append(f"{source.name}: {taken} is the test part; --test takes {others}.")
    if len(sets) == 1:
        return [(stem, None, texts) for stem, texts in sets.items()]
    has_parts = any(part is not None for part in parts.values())
    trained = [texts for stem, texts in sets.items() if parts[stem] == 0]
    languages = {language for texts in trained or sets.values() for language in texts}
    kept: list[tuple[str, int | None, dict[str, Place]]] = []
    for stem, texts in sets.items():
        if missing := sorted(languages - texts.keys()):
            source.skipped.append((stem, f"has no text in {', '.join(missing)}"))
        elif has_parts and parts[stem] is None:
            source.skipped.append((stem, "its name tells of no part: train, valid or test"))
        elif stem == taken or parts[stem] != 2:
            told = {language: texts[language] for language in languages}
            kept.append((stem, parts[stem], told))
    return sorted(kept, key=lambda one: one[1] or 0)


def _read_sets(found: _Read, sets: Sequence[tuple[str, int | None, Mapping[str, Place]]]) -> None:
    """Add the texts of files, line by line. Raises DataError where their numbers differ."""
    for stem, part, files in sets:
        texts = {language: lines(file, found.source) for language, file in sorted(files.items())}
        counts = {language: len(rows) for language, rows in texts.items()}
        most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        if counts[most] != counts[least]:
            raise DataError(
                f"{found.source.name}: {stem}: expected as many lines in each language, got "
                f"{counts[most]:,} in {files[most].name} but {counts[least]:,} in"
                f" {files[least].name}; mend them, or give the files that belong together"
            )
        for language, rows in texts.items():
            found.texts.setdefault(language, []).extend(row.strip() for row in rows)
        found.called += [f"{stem}:{number}" for number in range(1, counts[most] + 1)]
        found.parts += [part] * counts[most]


def _read_table(found: _Read, file: Place, part: int | None, header: bool | None) -> None:
    """Add the first two columns of a table. Raises DataError where it has not two."""
    rows = [line.split("\t") for line in lines(file, found.source)]
    first = [cell.strip().casefold() for cell in rows[0][:2]] if rows else []
    has_header = all(cell in _CODES for cell in first) if header is None else header
    names = [_named(cell) for cell in first] if has_header else _COLUMNS
    if len(first) < 2 or len({*names}) < 2:
        raise DataError(
            f"{found.source.name}: {file.name}: expected two columns with a tab between them, got"
            f" {few(first) or 'no lines'}; give such a table, or files such as train.en and"
            " train.de"
        )
    names = list(found.texts) or names
    for number, row in enumerate(rows[int(has_header) :], 1 + has_header):
        if len(row) < 2:
            found.source.skipped.append((f"{file.name}:{number}", "has one column, not two"))
            continue
        for language, text in zip(names, row, strict=False):
            found.texts.setdefault(language, []).append(text.strip())
        found.called.append(f"{file.name}:{number}")
        found.parts.append(part)
    if max(map(len, rows)) > 2:
        found.source.notes.append(f"{file.name}: the first two columns are read, no others.")


def _target(source: Source, languages: Sequence[str], target: str | None) -> tuple[str, ...]:
    """Return the language to translate to, or none. Raises DataError for one that there is not."""
    chosen = None if target is None else _named(target)
    if chosen is not None and chosen not in languages:
        raise DataError(
            f"{source.name}: target must be one of {', '.join(languages)}, got '{target}'"
            f"{nearest(chosen, languages) or '; choose one'}"
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
