"""What is said of a scene: a caption, a question and its answer."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from brique.data.batch import Values
from brique.data.worlds.drawing import COLORS, SHAPES, SIZES
from brique.data.worlds.draws import Draws, numbered

COUNTS = ("one", "two", "three")
ANSWERS = (*COLORS, *SHAPES, *COUNTS, "yes", "no")
RELATIONS = ("left", "right", "above", "below")
WORDS = (
    *("?", "a", "and", "are", "color", "how", "is", "largest", "many", "of", "shape", "shapes"),
    *("the", "there", "which", *RELATIONS, *SIZES, *COLORS, *SHAPES),
)
_QUESTIONS = 6  # kinds of them


class Thing(NamedTuple):
    """A shape as it is spoken of; x and y of its middle, in pixels."""

    color: str
    shape: str
    x: float
    y: float


def said(
    draws: Draws, scenes: Sequence[Sequence[Thing]], is_large: Sequence[bool]
) -> dict[str, Values]:
    """Return captions, questions (Raggeds) and answers (n,), int64, for scenes.

    scenes: the shapes of each, the largest first. is_large: whether that is "large", or "small".
    """
    kinds = draws.whole("question", _QUESTIONS).tolist()
    dice = draws.uniform("asked", 3).tolist()
    captions = [caption(things, large) for things, large in zip(scenes, is_large, strict=True)]
    asked = [question(*each) for each in zip(scenes, kinds, dice, strict=True)]
    answers = torch.tensor([ANSWERS.index(answer) for _, answer in asked])
    return {
        "caption": numbered(captions, WORDS),
        "question": numbered([text for text, _ in asked], WORDS),
        "answer": answers,
    }


def caption(things: Sequence[Thing], is_large: bool) -> list[str]:
    """Return the words of a caption: the largest shape, and where it lies from each other one."""
    first, *others = things
    words = ["a", SIZES[is_large], first.color, first.shape]
    for place, other in enumerate(others):
        words += ["and"] if place else []
        words += [*_side(first, other), "a", other.color, other.shape]
    return words


def question(things: Sequence[Thing], kind: int, dice: Sequence[float]) -> tuple[list[str], str]:
    """Return the words of a question of a kind and its answer; dice: three numbers in [0, 1)."""
    first = things[0]
    if kind == 1:
        return ["which", "shape", "is", "the", "largest", "?"], first.shape
    if kind == 2:
        return ["how", "many", "shapes", "are", "there", "?"], COUNTS[len(things) - 1]
    if kind == 3:
        color, shape, answer = _perhaps(things, dice)
        return ["is", "there", "a", color, shape, "?"], answer
    if kind == 4 and len(things) > 1:
        other = things[1 + int(dice[0] * (len(things) - 1))]
        one, two = (first, other) if dice[1] < 0.5 else (other, first)
        is_so = dice[2] < 0.5
        side = _side(one, two) if is_so else _side(two, one)
        words = ["is", "the", one.color, one.shape, *side, "the", two.color, two.shape, "?"]
        return words, "yes" if is_so else "no"
    thing = things[int(dice[0] * len(things))]
    if kind == 5 and [other.shape for other in things].count(thing.shape) == 1:
        return ["which", "color", "is", "the", thing.shape, "?"], thing.color
    return ["which", "color", "is", "the", "largest", "shape", "?"], first.color


def _perhaps(things: Sequence[Thing], dice: Sequence[float]) -> tuple[str, str, str]:
    """Return a color and a shape that are there together, or are not, and which it is."""
    there = [(thing.color, thing.shape) for thing in things]
    if dice[0] < 0.5:
        return *there[int(dice[1] * len(there))], "yes"
    pairs = [(color, shape) for color in COLORS for shape in SHAPES]
    free = [pair for pair in pairs if pair not in there]
    return *free[int(dice[1] * len(free))], "no"


def _side(one: Thing, two: Thing) -> list[str]:
    """Return where one lies from two, by the axis on which they lie farther apart."""
    right, down = one.x - two.x, one.y - two.y
    if abs(right) > abs(down):
        return ["right" if right > 0 else "left", "of"]
    return ["below" if down > 0 else "above"]
