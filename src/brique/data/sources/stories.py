"""Stories with questions: numbered sentences, questions among them, as in bAbI."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import torch

from brique.data.batch import Values
from brique.data.column import Column, Labels, Texts
from brique.data.place import Place
from brique.data.ragged import Ragged
from brique.data.source import Source
from brique.data.sources.shelf import (
    beginning,
    check_train,
    few,
    lines,
    parted,
    parts_of,
    shelf,
)
from brique.errors import DataError, nearest
from brique.options import Options
from brique.schema import Field, Number, natural

KIND: str = "stories"
USES: frozenset[str] = frozenset({"target", "test", "names", "lower", "rename"})

_LINE = re.compile(r"(\d+) (.*)")
_TOLD = re.compile(r"[^\t]*[^\t?\s]\s*|[^\t]+\t[^\t]*(\t[\d ]*)?")  # or asked, with an answer
_FIRST = re.compile(r"1 [^\t\n]*[^\s][^\t\n]*\n(?:.*\n)*?\d+ [^\t\n]+\t[^\t\n]+\t[\d ]+\r?(?:\n|$)")
_TARGETS = ("answer", "facts")


@dataclass
class Book:
    """Sentences, each once, with one vocabulary for all that is told in them.

    texts: the sentences. told: what columns tell: for each, the sentences of its examples.
    """

    texts: list[str]
    lower: bool = False
    told: list[Ragged] = field(default_factory=list[Ragged])

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of what is told in training examples; numbers of each sentence."""
        rows = torch.from_numpy(train)
        used = torch.cat([told.select(rows).values for told in self.told]).unique()
        return Texts(self.texts, lower=self.lower).fitted(used.numpy(), where)


@dataclass
class Told(Column):
    """Sentences of a book, some for each example, read as one text.

    sentences: their places in the book.
    """

    book: Book
    sentences: Ragged

    def __post_init__(self) -> None:
        self.book.told.append(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)

    def said(self, row: int) -> str:
        """Return the text of an example."""
        places = self.sentences[row]
        assert isinstance(places, torch.Tensor)
        return " ".join(self.book.texts[place] for place in places.tolist())

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the book's vocabulary, and the numbers of all sentences in a row, a Ragged."""
        kind, numbers = self.book.fitted(train, where)
        assert isinstance(numbers, Ragged)
        laid = numbers.select(self.sentences.values)
        return kind, Ragged(laid.values, laid.offsets[self.sentences.offsets])


@dataclass
class Answers(Labels):
    """An answer for each question; those of no training question are classes too.

    bAbI's tests hold lists of things in an order that no training question has: they cannot be
    answered right, and have to count as wrong.
    """

    def fitted(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the answers of all parts, naturally sorted, and numbers (N,), int64."""
        del train
        return super().fitted(np.arange(len(self)), where)


@dataclass
class _Read:
    """Questions as they were found, with the sentences before each."""

    source: Source
    places: dict[str, int] = field(default_factory=dict[str, int])  # of sentences in the book
    stories: list[list[int]] = field(default_factory=list[list[int]])
    questions: list[int] = field(default_factory=list[int])
    answers: list[str] = field(default_factory=list[str])
    facts: list[list[int]] = field(default_factory=list[list[int]])
    tasks: list[str] = field(default_factory=list[str])
    groups: list[int] = field(default_factory=list[int])
    called: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])

    def place(self, text: str) -> int:
        """Return the place of a sentence in the book."""
        return self.places.setdefault(text, len(self.places))


def fits(place: Place) -> bool:
    """Tell whether a place holds numbered sentences with questions among them."""
    found = shelf(place, (".txt",))
    return bool(found) and all(_FIRST.match(beginning(file)) for file in found[:2])


def read(name: str, place: Place, asked: Options) -> Source:
    """Return questions with what was told before them.

    Fields: `story`, all sentences of the story before the question; `question`; `task`, what stands
    in the file's name before "_", where there are several; and the target: `answer`, by default
    (several are one class, with "," between them), or `facts`, the places among the story's
    sentences, from 0, of those that the answer follows from. Story and question share one
    vocabulary. Questions of one story stay in one part. `names` chooses files: "qa1", or a
    pattern such as "qa1*".
    """
    target = asked.target or "answer"
    if target not in _TARGETS:
        raise DataError(
            f"{name}: target must be answer or facts, got '{target}'"
            f"{nearest(target, _TARGETS) or '; choose one'}"
        )
    found = _Read(Source(name, {}))
    source = found.source
    files = shelf(place, (".txt",)) or shelf(place)
    for file, part in parted(source, _chosen(name, files, asked.names), asked.test):
        _stories(found, file, part)
    check_train(source, found.parts)
    source.part, source.names = parts_of(found.parts), found.called
    source.groups = np.array(found.groups)
    source.targets = (target,)
    book = Book(list(found.places), asked.lower)
    questions = [[question] for question in found.questions]
    fields: dict[str, Values | Column] = {
        "story": Told(book, _ragged(found.stories)),
        "question": Told(book, _ragged(questions)),
    }
    if len(set(found.tasks)) > 1:
        fields["task"] = Labels(found.tasks, called=found.called)
    if target == "answer":
        answers = [asked.renamed(answer) for answer in found.answers]
        fields["answer"] = Answers(answers, True, found.called)
    else:
        fields["facts"] = _ragged(found.facts)
        source.kinds["facts"] = Number(varies=True, whole=True)
    source.fields = fields
    _say(found)
    return source


def _task(file: Place) -> str:
    """Return the task of a file: what stands in its name before "_"."""
    return file.name.split("_")[0].split(".")[0]


def _chosen(name: str, files: Sequence[Place], pattern: str | None) -> Sequence[Place]:
    """Return the files of a task or pattern. Raises DataError when there are none."""
    if pattern is None:
        return files
    chosen = [f for f in files if _task(f) == pattern or fnmatchcase(f.name, pattern)]
    if not chosen:
        tasks = sorted({_task(file) for file in files}, key=natural)
        raise DataError(
            f"{name}: names must be a task among {', '.join(tasks)}, or a pattern of files, got"
            f" '{pattern}'{nearest(pattern, tasks) or '; choose one'}"
        )
    return chosen


def _stories(found: _Read, file: Place, part: int | None) -> None:
    """Add the questions of a file."""
    try:
        text = lines(file, found.source)
    except DataError as error:
        found.source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
        return
    told: list[int] = []  # sentences of the story so far
    numbered: dict[int, int] = {}  # their places by the number of their line
    group, last = found.groups[-1] if found.groups else -1, sys.maxsize
    for number, line in enumerate(text, 1):
        parts = _LINE.fullmatch(line.rstrip("\r\n"))
        if parts is not None:
            if int(parts[1]) <= last:  # numbers begin again with each story
                told, numbered, group = [], {}, group + 1
            last = int(parts[1])
        if parts is None or not _TOLD.fullmatch(parts[2]):
            if line.strip():
                reason = "is no numbered sentence, nor a question with an answer"
                found.source.skipped.append((f"{file.name}:{number}", reason))
            continue
        if "\t" not in parts[2]:
            numbered[int(parts[1])] = len(told)
            told.append(found.place(parts[2].strip()))
            continue
        question, answer, *facts = (cell.strip() for cell in parts[2].split("\t"))
        found.stories.append(list(told))
        found.questions.append(found.place(question))
        found.answers.append(answer)
        given = [int(fact) for fact in "".join(facts).split()]
        found.facts.append([numbered[fact] for fact in given if fact in numbered])
        found.tasks.append(_task(file))
        found.groups.append(group)
        found.called.append(f"{file.name}:{number}")
        found.parts.append(part)


def _ragged(rows: Sequence[Sequence[int]]) -> Ragged:
    values = np.fromiter((value for row in rows for value in row), np.int64)
    lengths = torch.tensor([0, *map(len, rows)])
    return Ragged(torch.from_numpy(values), lengths.cumsum(0))


def _say(found: _Read) -> None:
    source = found.source
    if source.skipped:
        source.notes.append(
            f"{source.name}: {len(source.skipped):,} lines or files cannot be read and are left"
            f" out: {few([place for place, _ in source.skipped], 3)}."
        )
    tasks = sorted(set(found.tasks), key=natural)
    if len(tasks) > 1:
        source.notes.append(
            f"{source.name}: {len(tasks)} tasks together, {few(tasks, 3)}; --names {tasks[0]} takes"
            " one."
        )
