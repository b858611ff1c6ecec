"""Stories with questions: numbered sentences, questions among them, as in bAbI."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import torch

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.files.place import Place
from brique.data.raw.column import Column, Labels, Texts
from brique.data.raw.source import Source
from brique.data.sources.layout.text_files import (
    check_train,
    data_files,
    files_with_parts,
    format_names,
    parts_tensor,
    read_head,
    read_lines,
)
from brique.errors import DataError, did_you_mean
from brique.options import Options
from brique.schema import Field, Number, natural_key

KIND: str = "stories"
USES: frozenset[str] = frozenset({"target", "test", "names", "lower", "rename"})

_LINE = re.compile(r"(\d+) (.*)")
_SENTENCE_OR_QUESTION = re.compile(
    r"[^\t]*[^\t?\s]\s*|[^\t]+\t[^\t]*(\t[\d ]*)?"
)  # or a question with an answer
_FIRST_STORY = re.compile(
    r"1 [^\t\n]*[^\s][^\t\n]*\n(?:.*\n)*?\d+ [^\t\n]+\t[^\t\n]+\t[\d ]+\r?(?:\n|$)"
)
_TARGETS = ("answer", "facts")


@dataclass
class SentencePool:
    """Distinct sentences, with one vocabulary.

    texts: the sentences. rows: for each column, the sentences of its examples.
    """

    texts: list[str]
    lower: bool = False
    columns: list[Ragged] = field(default_factory=list[Ragged])

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the vocabulary of training examples, and the token numbers of each sentence."""
        rows = torch.from_numpy(train)
        used = torch.cat([column.select(rows).values for column in self.columns]).unique()
        return Texts(self.texts, lower=self.lower).fit(used.numpy(), where)


@dataclass
class StoryText(Column):
    """Sentences of a pool, some for each example, read as one text.

    sentences: their indices in the pool.
    """

    pool: SentencePool
    sentences: Ragged

    def __post_init__(self) -> None:
        self.pool.columns.append(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)

    def text(self, row: int) -> str:
        """Return the text of an example."""
        indices = self.sentences[row]
        assert isinstance(indices, torch.Tensor)
        return " ".join(self.pool.texts[index] for index in indices.tolist())

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the pool's vocabulary, and the token numbers of each row, a Ragged."""
        kind, numbers = self.pool.fit(train, where)
        assert isinstance(numbers, Ragged)
        sentence_rows = numbers.select(self.sentences.values)
        return kind, Ragged(sentence_rows.values, sentence_rows.offsets[self.sentences.offsets])


@dataclass
class Answers(Labels):
    """An answer for each question; answers outside the training part are classes too.

    bAbI's tests hold lists in an order that no training question has: they cannot be
    answered correctly, and must count as wrong.
    """

    def fit(self, train: np.ndarray, where: str) -> tuple[Field, Values]:
        """Return the answers of all parts, naturally sorted, and numbers (N,), int64."""
        del train
        return super().fit(np.arange(len(self)), where)


@dataclass
class _QuestionData:
    """Questions, with the sentences before each."""

    source: Source
    indices: dict[str, int] = field(default_factory=dict[str, int])  # of sentences in the pool
    stories: list[list[int]] = field(default_factory=list[list[int]])
    questions: list[int] = field(default_factory=list[int])
    answers: list[str] = field(default_factory=list[str])
    facts: list[list[int]] = field(default_factory=list[list[int]])
    tasks: list[str] = field(default_factory=list[str])
    groups: list[int] = field(default_factory=list[int])
    example_names: list[str] = field(default_factory=list[str])
    parts: list[int | None] = field(default_factory=list[int | None])

    def add_sentence(self, text: str) -> int:
        """Return the index of a sentence in the pool."""
        return self.indices.setdefault(text, len(self.indices))


def fits(place: Place) -> bool:
    """Tell whether a place holds numbered sentences with questions among them."""
    files = data_files(place, (".txt",))
    return bool(files) and all(_FIRST_STORY.match(read_head(file)) for file in files[:2])


def read(name: str, place: Place, options: Options) -> Source:
    """Return questions with the story before them.

    Fields: `story`, all sentences of the story before the question; `question`; `task`, what stands
    in the file's name before "_", where there are several; and the target: `answer`, by default
    (several are one class, joined by ","), or `facts`, the indices into the story's
    sentences, from 0, that support the answer. Story and question share one
    vocabulary. Questions of one story stay in one part. `names` chooses files: "qa1", or a
    pattern such as "qa1*".
    """
    target = options.target or "answer"
    if target not in _TARGETS:
        raise DataError(
            f"{name}: target must be answer or facts, got '{target}'"
            f"{did_you_mean(target, _TARGETS) or '; choose one'}"
        )
    data = _QuestionData(Source(name, {}))
    source = data.source
    files = data_files(place, (".txt",)) or data_files(place)
    for file, part in files_with_parts(
        source, _select_files(name, files, options.names), options.test
    ):
        _read_stories(data, file, part)
    check_train(source, data.parts)
    source.part, source.names = parts_tensor(data.parts), data.example_names
    source.groups = np.array(data.groups)
    source.targets = (target,)
    pool = SentencePool(list(data.indices), options.lower)
    questions = [[question] for question in data.questions]
    fields: dict[str, Values | Column] = {
        "story": StoryText(pool, _ragged(data.stories)),
        "question": StoryText(pool, _ragged(questions)),
    }
    if len(set(data.tasks)) > 1:
        fields["task"] = Labels(data.tasks, example_names=data.example_names)
    if target == "answer":
        answers = [options.renamed(answer) for answer in data.answers]
        fields["answer"] = Answers(answers, True, data.example_names)
    else:
        fields["facts"] = _ragged(data.facts)
        source.kinds["facts"] = Number(is_sequence=True, is_integer=True)
    source.fields = fields
    _add_notes(data)
    return source


def _task(file: Place) -> str:
    """Return the task of a file: what stands in its name before "_"."""
    return file.name.split("_")[0].split(".")[0]


def _select_files(name: str, files: Sequence[Place], pattern: str | None) -> Sequence[Place]:
    """Return the files of a task or pattern. Raises DataError when there are none."""
    if pattern is None:
        return files
    chosen = [f for f in files if _task(f) == pattern or fnmatchcase(f.name, pattern)]
    if not chosen:
        tasks = sorted({_task(file) for file in files}, key=natural_key)
        raise DataError(
            f"{name}: names must be a task among {', '.join(tasks)}, or a pattern of files, got"
            f" '{pattern}'{did_you_mean(pattern, tasks) or '; choose one'}"
        )
    return chosen


def _read_stories(data: _QuestionData, file: Place, part: int | None) -> None:
    """Add the questions of a file."""
    try:
        text = read_lines(file, data.source)
    except DataError as error:
        data.source.skipped.append((file.name, str(error).removeprefix(f"{file.name}: ")))
        return
    sentences: list[int] = []  # sentences of the story so far
    index_by_line: dict[int, int] = {}  # their indices by line number
    group, last = data.groups[-1] if data.groups else -1, sys.maxsize
    for number, line in enumerate(text, 1):
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        if match is not None:
            if int(match[1]) <= last:  # numbers restart with each story
                sentences, index_by_line, group = [], {}, group + 1
            last = int(match[1])
        if match is None or not _SENTENCE_OR_QUESTION.fullmatch(match[2]):
            if line.strip():
                reason = "is neither a numbered sentence nor a question with an answer"
                data.source.skipped.append((f"{file.name}:{number}", reason))
            continue
        if "\t" not in match[2]:
            index_by_line[int(match[1])] = len(sentences)
            sentences.append(data.add_sentence(match[2].strip()))
            continue
        question, answer, *facts = (cell.strip() for cell in match[2].split("\t"))
        data.stories.append(list(sentences))
        data.questions.append(data.add_sentence(question))
        data.answers.append(answer)
        fact_lines = [int(fact) for fact in "".join(facts).split()]
        data.facts.append([index_by_line[fact] for fact in fact_lines if fact in index_by_line])
        data.tasks.append(_task(file))
        data.groups.append(group)
        data.example_names.append(f"{file.name}:{number}")
        data.parts.append(part)


def _ragged(rows: Sequence[Sequence[int]]) -> Ragged:
    values = np.fromiter((value for row in rows for value in row), np.int64)
    lengths = torch.tensor([0, *map(len, rows)])
    return Ragged(torch.from_numpy(values), lengths.cumsum(0))


def _add_notes(data: _QuestionData) -> None:
    source = data.source
    if source.skipped:
        source.notes.append(
            f"{source.name}: {len(source.skipped):,} lines or files cannot be read and are left"
            f" out: {format_names([location for location, _ in source.skipped], 3)}."
        )
    tasks = sorted(set(data.tasks), key=natural_key)
    if len(tasks) > 1:
        source.notes.append(
            f"{source.name}: {len(tasks)} tasks together, {format_names(tasks, 3)}; --names"
            f" {tasks[0]} takes one."
        )
