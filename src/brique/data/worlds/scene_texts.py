"""Texts of a scene: a caption, a question and its answer."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from brique.data.core.batch import Values
from brique.data.worlds.draws import Draws, encode_texts
from brique.data.worlds.rendering import COLORS, SHAPES, SIZES

COUNTS = ("one", "two", "three")
ANSWERS = (*COLORS, *SHAPES, *COUNTS, "yes", "no")
RELATIONS = ("left", "right", "above", "below")
WORDS = (
    *("?", "a", "and", "are", "color", "how", "is", "largest", "many", "of", "shape", "shapes"),
    *("the", "there", "which", *RELATIONS, *SIZES, *COLORS, *SHAPES),
)
_QUESTIONS = 6  # kinds of them


class Shape(NamedTuple):
    """A shape in words; x and y of its center, in pixels."""

    color: str
    shape: str
    x: float
    y: float


def scene_texts(
    draws: Draws, scenes: Sequence[Sequence[Shape]], is_large: Sequence[bool]
) -> dict[str, Values]:
    """Return captions, questions (Raggeds) and answers (n,), int64, for scenes.

    scenes: the shapes of each, the largest first. is_large: whether that is "large", or "small".
    """
    kinds = draws.integers("question", _QUESTIONS).tolist()
    question_draws = draws.uniform("asked", 3).tolist()
    captions = [
        caption(shapes, is_first_large)
        for shapes, is_first_large in zip(scenes, is_large, strict=True)
    ]
    questions = [
        question(*arguments) for arguments in zip(scenes, kinds, question_draws, strict=True)
    ]
    answers = torch.tensor([ANSWERS.index(answer) for _, answer in questions])
    return {
        "caption": encode_texts(captions, WORDS),
        "question": encode_texts([text for text, _ in questions], WORDS),
        "answer": answers,
    }


def caption(shapes: Sequence[Shape], is_large: bool) -> list[str]:
    """Return the words of a caption: the largest shape, and its position relative to the others."""
    first, *others = shapes
    words = ["a", SIZES[is_large], first.color, first.shape]
    for index, other in enumerate(others):
        words += ["and"] if index else []
        words += [*_relation(first, other), "a", other.color, other.shape]
    return words


def question(shapes: Sequence[Shape], kind: int, draws: Sequence[float]) -> tuple[list[str], str]:
    """Return the words of a question of a kind and its answer; dice: three numbers in [0, 1)."""
    first = shapes[0]
    if kind == 1:
        return ["which", "shape", "is", "the", "largest", "?"], first.shape
    if kind == 2:
        return ["how", "many", "shapes", "are", "there", "?"], COUNTS[len(shapes) - 1]
    if kind == 3:
        color, shape, answer = _shape_to_ask(shapes, draws)
        return ["is", "there", "a", color, shape, "?"], answer
    if kind == 4 and len(shapes) > 1:
        other = shapes[1 + int(draws[0] * (len(shapes) - 1))]
        first_shape, second_shape = (first, other) if draws[1] < 0.5 else (other, first)
        is_true = draws[2] < 0.5
        side = (
            _relation(first_shape, second_shape)
            if is_true
            else _relation(second_shape, first_shape)
        )
        words = [
            "is",
            "the",
            first_shape.color,
            first_shape.shape,
            *side,
            "the",
            second_shape.color,
            second_shape.shape,
            "?",
        ]
        return words, "yes" if is_true else "no"
    chosen_shape = shapes[int(draws[0] * len(shapes))]
    if kind == 5 and [other.shape for other in shapes].count(chosen_shape.shape) == 1:
        return ["which", "color", "is", "the", chosen_shape.shape, "?"], chosen_shape.color
    return ["which", "color", "is", "the", "largest", "shape", "?"], first.color


def _shape_to_ask(shapes: Sequence[Shape], draws: Sequence[float]) -> tuple[str, str, str]:
    """Return a color and a shape, and whether they occur together."""
    present = [(candidate.color, candidate.shape) for candidate in shapes]
    if draws[0] < 0.5:
        return *present[int(draws[1] * len(present))], "yes"
    pairs = [(color, shape) for color in COLORS for shape in SHAPES]
    absent = [pair for pair in pairs if pair not in present]
    return *absent[int(draws[1] * len(absent))], "no"


def _relation(first: Shape, second: Shape) -> list[str]:
    """Return the position of one relative to two, on the axis on which they are farther apart."""
    right, down = first.x - second.x, first.y - second.y
    if abs(right) > abs(down):
        return ["right" if right > 0 else "left", "of"]
    return ["below" if down > 0 else "above"]
