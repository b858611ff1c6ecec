"""Stories in which people move, take things and drop them; a question, its answer, its proof."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

import torch

from brique.data.core.batch import Values
from brique.data.core.ragged import Ragged
from brique.data.dataset import Data, build
from brique.data.worlds.draws import Draws, encode_texts, generate, select_fields
from brique.errors import DataError
from brique.schema import Category, Field, Number, Text

_Item = TypeVar("_Item")
PEOPLE = ("mary", "john", "sandra", "daniel")
ROOMS = ("kitchen", "garden", "office", "hallway", "bathroom", "bedroom")
THINGS = ("apple", "football", "milk", "book")
FACTS = ("one", "two", "three")
SHORTEST, LONGEST = 5, 12  # sentences, before those that make a question possible
_OPENINGS = len(PEOPLE) * len(ROOMS) * len(PEOPLE) * (len(ROOMS) - 1)
_GO = (("went", "to"), ("moved", "to"), ("walked", "to"))
_TAKE = (("took",), ("grabbed",), ("picked", "up"))
_DROP = (("dropped",), ("put", "down"))
_WORDS = (
    *(".", "?", "the", "where", "is", "was", "before"),
    *("went", "moved", "walked", "to", "took", "grabbed", "picked", "up", "dropped", "put", "down"),
    *(*PEOPLE, *ROOMS, *THINGS),
)
_KINDS: dict[str, Field] = {
    "story": Text(_WORDS, lower=True),
    "question": Text(_WORDS, lower=True),
    "answer": Category(ROOMS),
    "facts": Category(FACTS),
    "support": Number(is_sequence=True, is_integer=True),
}


def stories(
    n: int = 4000,
    *,
    facts: Sequence[int] = (1, 2, 3),
    target: str | None = "answer",
    seed: int = 0,
) -> Data:
    """Return stories in which people move about, take things and drop them, and a question to each.

    n: training examples; valid has a tenth as many, test a fifth.
    facts: how many sentences an answer may need: 1 "where is mary ?", 2 "where is the apple ?", 3
        "where was the apple before the kitchen ?"; drawn with equal chances.
    target: "answer", a room, from `story` and `question`; or None, which keeps `facts` and
        `support`, the numbers of the sentences that prove the answer, counted from 0, too.
    Test differs: who goes where in its first two sentences never occurs in train or valid.
    Raises DataError for other facts or another target.
    Source: Weston et al. 2015, "Towards AI-complete question answering", tasks 1 to 3.
    """
    if not facts or not set(facts) <= {1, 2, 3}:
        raise DataError(f"stories: facts must be some of 1, 2 and 3, got {facts}; pass (1,)")
    targets = {"answer": ("story", "question", "->", "answer")}
    kinds, target_names = select_fields("stories", _KINDS, targets, target)
    make = partial(_make_examples, facts=sorted(set(facts)))
    return build(generate("stories", make, kinds, n=n, seed=seed, targets=target_names))


def _make_examples(draws: Draws, facts: Sequence[int]) -> dict[str, Values]:
    openings = draws.part_integers("opening", _OPENINGS // 10).tolist()
    lengths = (SHORTEST + draws.integers("length", LONGEST - SHORTEST + 1)).tolist()
    kinds = [facts[choice] for choice in draws.integers("facts", len(facts)).tolist()]
    draws_of = draws.uniform("events", LONGEST + 6, 4).tolist()
    generated = [
        _tell_story(*arguments)
        for arguments in zip(openings, lengths, kinds, draws_of, strict=True)
    ]
    offsets = torch.tensor([0, *kinds]).cumsum(0)
    return {
        "story": encode_texts([story.words for story in generated], _WORDS),
        "question": encode_texts([story.question for story in generated], _WORDS),
        "answer": torch.tensor([ROOMS.index(story.answer) for story in generated]),
        "facts": torch.tensor(kinds) - 1,
        "support": Ragged(
            torch.tensor([sentence for story in generated for sentence in story.support]), offsets
        ),
    }


class _Story(NamedTuple):
    words: list[str]
    question: list[str]
    answer: str
    support: list[int]


class _Location(NamedTuple):
    """Position of a person or thing, and the sentence that proves it."""

    room: str
    sentence: int


@dataclass
class _World:
    """State of the world during a story.

    lying: rooms of the things that nobody carries. taken: by thing, who took it last, and in which
    sentence; dropped: the sentence in which it was dropped after that.
    trails: by thing, its stays since it was taken. been: rooms where it is known to have been.
    """

    lying: dict[str, str]
    sentences: list[list[str]] = field(default_factory=list[list[str]])
    people: dict[str, _Location] = field(default_factory=dict[str, _Location])
    last_taken: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    trails: dict[str, list[_Location]] = field(default_factory=dict[str, list[_Location]])
    visited: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def carried_things(self, person: str) -> list[str]:
        """Return what a person carries."""
        taken_things = [thing for thing, (owner, _) in self.last_taken.items() if owner == person]
        return [thing for thing in taken_things if thing not in self.lying]

    def go(self, person: str, room: str, die: float) -> None:
        """Add a sentence: a person goes to a room."""
        location = self.people[person] = _Location(room, len(self.sentences))
        for thing in self.carried_things(person):
            self.trails[thing].append(location)
            self.visited[thing].append(room)
        self._add_sentence(person, _pick(_GO, die), room)

    def take(self, person: str, thing: str, die: float) -> None:
        """Add a sentence: a person takes a thing in their room."""
        del self.lying[thing]
        self.last_taken[thing] = (person, len(self.sentences))
        self.dropped.pop(thing, None)
        self.trails[thing] = [self.people[person]]
        self.visited.setdefault(thing, []).append(self.people[person].room)
        self._add_sentence(person, _pick(_TAKE, die), thing)

    def drop(self, person: str, thing: str, die: float) -> None:
        """Add a sentence: a person drops a thing."""
        self.lying[thing] = self.people[person].room
        self.dropped[thing] = len(self.sentences)
        self._add_sentence(person, _pick(_DROP, die), thing)

    def has_new_room(self, thing: str) -> bool:
        """Return whether a thing was carried to where it is, and for the first time."""
        *rooms, now = self.visited[thing]
        return len(self.trails[thing]) > 1 and now not in rooms

    def _add_sentence(self, person: str, verb: Sequence[str], object_name: str) -> None:
        self.sentences.append([person, *verb, "the", object_name, "."])


def _tell_story(opening: int, length: int, facts: int, draws: Sequence[Sequence[float]]) -> _Story:
    """Return a story of `length` sentences or a few more, and a question on that many facts."""
    rooms = [int(die * len(ROOMS)) for die in draws[0]]
    world = _World({thing: ROOMS[room] for thing, room in zip(THINGS, rooms, strict=True)})
    opening, first = divmod(opening, len(PEOPLE))
    opening, room = divmod(opening, len(ROOMS))
    other, second = divmod(opening, len(PEOPLE))
    world.go(PEOPLE[first], ROOMS[room], draws[1][0])
    world.go(PEOPLE[second], ROOMS[(room + 1 + other) % len(ROOMS)], draws[1][1])
    for die in draws[3 : length + 1]:
        _random_event(world, die)
    question_parts = _make_question(world, facts, draws[2])
    if question_parts is None:
        _fetch_and_carry(world, draws[-4:])
        question_parts = _make_question(world, facts, draws[2])
    assert question_parts is not None
    question, answer, support = question_parts
    words = [word for sentence in world.sentences for word in sentence]
    return _Story(words, question, answer, sorted(support))


def _random_event(world: _World, draws: Sequence[float]) -> None:
    """Add an event: somebody takes or drops something, or goes to another room."""
    person = _pick(PEOPLE, draws[0])
    location = world.people.get(person)
    things_here = [
        thing for thing in THINGS if location and world.lying.get(thing) == location.room
    ]
    carried_things = world.carried_things(person)
    if things_here and draws[1] < 0.8:
        world.take(person, _pick(things_here, draws[2]), draws[3])
    elif carried_things and draws[1] < 0.25:
        world.drop(person, _pick(carried_things, draws[2]), draws[3])
    else:
        other_rooms = [room for room in ROOMS if location is None or room != location.room]
        world.go(person, _pick(other_rooms, draws[2]), draws[3])


def _fetch_and_carry(world: _World, draws: Sequence[Sequence[float]]) -> None:
    """Add events: somebody fetches a thing and carries it to a room where it was not before."""
    thing = min(THINGS, key=lambda name: len(set(world.visited.get(name, ()))))
    person = next((name for name in PEOPLE if thing in world.carried_things(name)), None)
    if person is None:
        person = _pick(PEOPLE, draws[0][0])
        location = world.people.get(person)
        if location is None or location.room != world.lying[thing]:
            world.go(person, world.lying[thing], draws[0][1])
        world.take(person, thing, draws[1][1])
    unvisited = [room for room in ROOMS if room not in world.visited[thing]]
    world.go(person, _pick(unvisited, draws[2][0]), draws[2][1])


def _make_question(
    world: _World, facts: int, draws: Sequence[float]
) -> tuple[list[str], str, list[int]] | None:
    """Return a question that needs that many facts, its answer and facts; None if there is none."""
    if facts == 1:
        person = _pick(list(world.people), draws[0])
        location = world.people[person]
        return ["where", "is", person, "?"], location.room, [location.sentence]
    if facts == 2:
        things = list(world.trails)
        if not things:
            return None
        thing = _pick(things, draws[0])
        location = world.trails[thing][-1]
        fact = world.dropped.get(thing, world.last_taken[thing][1])
        return ["where", "is", "the", thing, "?"], location.room, [location.sentence, fact]
    things = [thing for thing in world.trails if world.has_new_room(thing)]
    if not things:
        return None
    thing = _pick(things, draws[0])
    previous, current = world.trails[thing][-2:]
    question = ["where", "was", "the", thing, "before", "the", current.room, "?"]
    return (
        question,
        previous.room,
        [previous.sentence, world.last_taken[thing][1], current.sentence],
    )


def _pick(items: Sequence[_Item], draw: float) -> _Item:
    return items[int(draw * len(items))]
