"""Entities marked by tags in BIO form, and counts of target, predicted and correct ones.

A tag gives the position of a word in an entity, and its type: B-PER, I-PER, O. The rules
are those of conlleval (Tjong Kim Sang, De Meulder 2003, arXiv:cs/0306050) and of seqeval, for
IOB1, IOB2 and BIOES; the letters of BILOU and BMES stand for those of BIOES.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from brique.evaluation import bootstrap

_TAG = re.compile(r"([BIESLUM])(?:[-_](.+))?", re.IGNORECASE)
_EQUIVALENT_LETTERS = {"L": "E", "U": "S", "M": "I"}  # of other schemes
_START_PAIRS = {("E", "E"), ("E", "I"), ("S", "E"), ("S", "I"), ("O", "E"), ("O", "I")}
_END_PAIRS = {(a, b) for a in "BI" for b in "BSO"}
_OUTSIDE = ("O", "")


@dataclass(frozen=True)
class EntityCounts:
    """Entity counts of N texts, by type.

    num_target, num_predicted, num_correct: (N, T), float64.
    """

    num_target: Tensor
    num_predicted: Tensor
    num_correct: Tensor

    def f1(self, weights: Tensor) -> Tensor:
        """Return the F1 over all types (R,), for bootstrap weights of the texts (R, N)."""
        num_correct, num_total = (
            weights @ counts.sum(dim=1)
            for counts in (self.num_correct, self.num_target + self.num_predicted)
        )
        return 2 * num_correct / num_total.clamp(min=1e-12)

    def metrics(self) -> dict[str, float]:
        """Return "f1", "precision" and "recall" over all entities; undefined values are 0."""
        num_target, num_predicted, num_correct = (
            float(counts.sum())
            for counts in (self.num_target, self.num_predicted, self.num_correct)
        )
        return {
            "f1": 2 * num_correct / (num_target + num_predicted)
            if num_target + num_predicted
            else 0.0,
            "precision": num_correct / num_predicted if num_predicted else 0.0,
            "recall": num_correct / num_target if num_target else 0.0,
        }

    def interval(self, groups: Tensor | None) -> list[float]:
        """Return the 95% interval of the F1, by resampling texts or groups of texts."""
        return list(bootstrap.interval(self.f1, self.num_target, groups))


def entity_types(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the entity types of tags, sorted; None for tags that are not in BIO form.

    Each tag but "O" must begin with a letter of a scheme and "-", at least one with B, I or S.

    >>> entity_types(["O", "B-PER", "I-PER"]), entity_types(["B", "I", "O"])
    (('PER',), ('',))
    >>> entity_types(["DET", "NOUN"]) is None
    True
    """
    inside_names = [name for name in names if name.upper() != "O"]
    matches = [_TAG.fullmatch(name) for name in inside_names]
    if (
        not inside_names
        or not all(matches)
        or not any(match[1].upper() in "BIS" for match in matches if match)
    ):
        return None
    if any(match[2] is None for match in matches if match) and len(inside_names) == len(names):
        return None  # letters alone, without O
    return tuple(sorted({match[2] or "" for match in matches if match}))


def count_entities(
    target: Tensor, predictions: Tensor, lengths: Tensor, names: Sequence[str]
) -> EntityCounts:
    """Return the counts of target, predicted and correct entities.

    target, predictions: tags (M,), int64, of N concatenated texts. lengths: words per text (N,).
    names: of the tags, in BIO form.
    """
    types = entity_types(names)
    assert types is not None
    entities = [_entities(tags, lengths, names, types) for tags in (target, predictions)]
    correct = torch.tensor(
        sorted({*map(tuple, entities[0].tolist())} & {*map(tuple, entities[1].tolist())})
    )
    counts = [
        _counts_by_text(rows, len(lengths), len(types)) for rows in (*entities, correct.view(-1, 4))
    ]
    return EntityCounts(*counts)


def _counts_by_text(entities: Tensor, num_texts: int, num_types: int) -> Tensor:
    """Return the number of entities (E, 4) of each text and type: (N, T), float64."""
    cells = entities[:, 0] * num_types + entities[:, 3]
    return (
        torch.bincount(cells.long(), minlength=num_texts * num_types)
        .view(num_texts, num_types)
        .double()
    )


def _entities(tags: Tensor, lengths: Tensor, names: Sequence[str], types: Sequence[str]) -> Tensor:
    """Return text, start, stop and type of each entity: (E, 4), int64."""
    parsed = [_parse_tag(name) for name in names] + [_OUTSIDE]
    outside = len(names)
    is_start = torch.tensor(
        [[_starts_entity(previous, current) for current in parsed] for previous in parsed]
    )
    is_stop = torch.tensor(
        [[_ends_entity(previous, current) for current in parsed] for previous in parsed]
    )
    text_of_word = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    padded = torch.full((len(tags) + len(lengths) + 1,), outside)  # an O before and after each text
    padded[torch.arange(len(tags)) + text_of_word + 1] = tags
    previous_tags, tags_here = padded[:-1], torch.cat([padded[1:], padded[:1]])[:-1]
    starts_at = is_start[previous_tags, tags_here].nonzero().flatten()
    stops_at = is_stop[previous_tags, tags_here].nonzero().flatten()
    text_stops = lengths.cumsum(0) + torch.arange(len(lengths))  # position of the O after each text
    text = torch.searchsorted(text_stops, starts_at, right=True)
    type_ids = torch.tensor([types.index(tag[1]) if tag[1] in types else 0 for tag in parsed])
    return torch.stack([text, starts_at, stops_at, type_ids[tags_here[starts_at]]], dim=1)


def _parse_tag(name: str) -> tuple[str, str]:
    """Return the letter and type of a tag."""
    match = _TAG.fullmatch(name)
    if match is None:
        return _OUTSIDE
    letter = match[1].upper()
    return _EQUIVALENT_LETTERS.get(letter, letter), match[2] or ""


def _starts_entity(previous: tuple[str, str], current: tuple[str, str]) -> bool:
    """Tell whether an entity starts at the current tag."""
    if current == _OUTSIDE:
        return False
    pair = (previous[0], current[0])
    return current[0] in "BS" or pair in _START_PAIRS or previous[1] != current[1]


def _ends_entity(previous: tuple[str, str], current: tuple[str, str]) -> bool:
    """Tell whether an entity ends before the current tag."""
    if previous == _OUTSIDE:
        return False
    return (
        previous[0] in "ES" or (previous[0], current[0]) in _END_PAIRS or previous[1] != current[1]
    )
