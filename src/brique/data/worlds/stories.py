"""Stories in which people move, take things and drop them; a question, its answer, its proof."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

import torch

from brique.data.batch import Values
from brique.data.parts import Data, build
from brique.data.ragged import Ragged
from brique.data.worlds.draws import Draws, chosen, drawn, numbered
from brique.errors import DataError
from brique.schema import Category, Field, Number, Text

_Any = TypeVar("_Any")
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
    "support": Number(varies=True, whole=True),
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
    target: "answer", a room, told from `story` and `question`; or None, which keeps `facts` and
        `support`, the numbers of the sentences that prove the answer, counted from 0, too.
    Test differs: who goes where in its first two sentences never is so in train or valid.
    Raises DataError for facts that are none of these, or another target.
    Source: Weston et al. 2015, "Towards AI-complete question answering", tasks 1 to 3.
    """
    if not facts or not set(facts) <= {1, 2, 3}:
        raise DataError(f"stories: facts must be some of 1, 2 and 3, got {facts}; pass (1,)")
    targets = {"answer": ("story", "question", "->", "answer")}
    kinds, aims = chosen("stories", _KINDS, targets, target)
    make = partial(_made, facts=sorted(set(facts)))
    return build(drawn("stories", make, kinds, n=n, seed=seed, targets=aims))


def _made(draws: Draws, facts: Sequence[int]) -> dict[str, Values]:
    openings = draws.owned("opening", _OPENINGS // 10).tolist()
    lengths = (SHORTEST + draws.whole("length", LONGEST - SHORTEST + 1)).tolist()
    kinds = [facts[place] for place in draws.whole("facts", len(facts)).tolist()]
    dice = draws.uniform("events", LONGEST + 6, 4).tolist()
    told = [_told(*each) for each in zip(openings, lengths, kinds, dice, strict=True)]
    offsets = torch.tensor([0, *kinds]).cumsum(0)
    return {
        "story": numbered([one.words for one in told], _WORDS),
        "question": numbered([one.question for one in told], _WORDS),
        "answer": torch.tensor([ROOMS.index(one.answer) for one in told]),
        "facts": torch.tensor(kinds) - 1,
        "support": Ragged(torch.tensor([at for one in told for at in one.support]), offsets),
    }


class _Told(NamedTuple):
    words: list[str]
    question: list[str]
    answer: str
    support: list[int]


class _Stay(NamedTuple):
    """Where somebody or something is, and the sentence that says so."""

    room: str
    said: int


@dataclass
class _World:
    """What is true while a story is told.

    hidden: rooms of the things that nobody carries. taken: by thing, who took it last and where
    that is said; dropped: where it is said that it was put down, after that.
    trails: by thing, its stays since it was taken. been: rooms where it is known to have been.
    """

    hidden: dict[str, str]
    sentences: list[list[str]] = field(default_factory=list[list[str]])
    people: dict[str, _Stay] = field(default_factory=dict[str, _Stay])
    taken: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    trails: dict[str, list[_Stay]] = field(default_factory=dict[str, list[_Stay]])
    been: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def carried(self, person: str) -> list[str]:
        """Return what a person carries."""
        held = [thing for thing, (who, _) in self.taken.items() if who == person]
        return [thing for thing in held if thing not in self.hidden]

    def go(self, person: str, room: str, die: float) -> None:
        """Tell that a person goes to a room."""
        stay = self.people[person] = _Stay(room, len(self.sentences))
        for thing in self.carried(person):
            self.trails[thing].append(stay)
            self.been[thing].append(room)
        self._say(person, _pick(_GO, die), room)

    def take(self, person: str, thing: str, die: float) -> None:
        """Tell that a person takes a thing that lies where they are."""
        del self.hidden[thing]
        self.taken[thing] = (person, len(self.sentences))
        self.dropped.pop(thing, None)
        self.trails[thing] = [self.people[person]]
        self.been.setdefault(thing, []).append(self.people[person].room)
        self._say(person, _pick(_TAKE, die), thing)

    def drop(self, person: str, thing: str, die: float) -> None:
        """Tell that a person drops a thing."""
        self.hidden[thing] = self.people[person].room
        self.dropped[thing] = len(self.sentences)
        self._say(person, _pick(_DROP, die), thing)

    def is_clear(self, thing: str) -> bool:
        """Return whether a thing was carried to where it is, and for the first time."""
        *rooms, now = self.been[thing]
        return len(self.trails[thing]) > 1 and now not in rooms

    def _say(self, person: str, verb: Sequence[str], what: str) -> None:
        self.sentences.append([person, *verb, "the", what, "."])


def _told(opening: int, length: int, facts: int, dice: Sequence[Sequence[float]]) -> _Told:
    """Return a story of `length` sentences or a few more, and a question that needs so many."""
    rooms = [int(die * len(ROOMS)) for die in dice[0]]
    world = _World({thing: ROOMS[room] for thing, room in zip(THINGS, rooms, strict=True)})
    opening, first = divmod(opening, len(PEOPLE))
    opening, room = divmod(opening, len(ROOMS))
    other, second = divmod(opening, len(PEOPLE))
    world.go(PEOPLE[first], ROOMS[room], dice[1][0])
    world.go(PEOPLE[second], ROOMS[(room + 1 + other) % len(ROOMS)], dice[1][1])
    for die in dice[3 : length + 1]:
        _happen(world, die)
    asked = _asked(world, facts, dice[2])
    if asked is None:
        _errand(world, dice[-4:])
        asked = _asked(world, facts, dice[2])
    assert asked is not None
    question, answer, support = asked
    words = [word for sentence in world.sentences for word in sentence]
    return _Told(words, question, answer, sorted(support))


def _happen(world: _World, die: Sequence[float]) -> None:
    """Let one thing happen: somebody takes or drops something, or goes to another room."""
    person = _pick(PEOPLE, die[0])
    stay = world.people.get(person)
    here = [thing for thing in THINGS if stay and world.hidden.get(thing) == stay.room]
    held = world.carried(person)
    if here and die[1] < 0.8:
        world.take(person, _pick(here, die[2]), die[3])
    elif held and die[1] < 0.25:
        world.drop(person, _pick(held, die[2]), die[3])
    else:
        free = [room for room in ROOMS if stay is None or room != stay.room]
        world.go(person, _pick(free, die[2]), die[3])


def _errand(world: _World, dice: Sequence[Sequence[float]]) -> None:
    """Let somebody fetch a thing and carry it to a room where it was not before."""
    thing = min(THINGS, key=lambda one: len(set(world.been.get(one, ()))))
    person = next((one for one in PEOPLE if thing in world.carried(one)), None)
    if person is None:
        person = _pick(PEOPLE, dice[0][0])
        stay = world.people.get(person)
        if stay is None or stay.room != world.hidden[thing]:
            world.go(person, world.hidden[thing], dice[0][1])
        world.take(person, thing, dice[1][1])
    new = [room for room in ROOMS if room not in world.been[thing]]
    world.go(person, _pick(new, dice[2][0]), dice[2][1])


def _asked(
    world: _World, facts: int, dice: Sequence[float]
) -> tuple[list[str], str, list[int]] | None:
    """Return a question that needs so many facts, its answer and its facts; None if none does."""
    if facts == 1:
        person = _pick(list(world.people), dice[0])
        stay = world.people[person]
        return ["where", "is", person, "?"], stay.room, [stay.said]
    if facts == 2:
        things = list(world.trails)
        if not things:
            return None
        thing = _pick(things, dice[0])
        stay = world.trails[thing][-1]
        fact = world.dropped.get(thing, world.taken[thing][1])
        return ["where", "is", "the", thing, "?"], stay.room, [stay.said, fact]
    things = [thing for thing in world.trails if world.is_clear(thing)]
    if not things:
        return None
    thing = _pick(things, dice[0])
    before, now = world.trails[thing][-2:]
    question = ["where", "was", "the", thing, "before", "the", now.room, "?"]
    return question, before.room, [before.said, world.taken[thing][1], now.said]


def _pick(among: Sequence[_Any], die: float) -> _Any:
    return among[int(die * len(among))]
