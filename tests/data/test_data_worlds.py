"""Generated worlds: the truth they state is the truth they draw, and test stays apart from train."""

import re
import time

import pytest
import torch

from brique import data
from brique.data import worlds
from brique.data.core.batch import Batch
from brique.data.core.ragged import Ragged
from brique.data.worlds.draws import Draws
from brique.data.worlds.grammar import WORD_LISTS
from brique.data.worlds.rendering import TEST_TEXTURES, TEXTURES, Outlines, ellipse, stroke
from brique.errors import DataError
from brique.schema import Schema

ALL = {
    "faces": {"target": None},
    "figures": {"target": None},
    "grammar": {"target": None},
    "points": {},
    "scenes": {"target": None},
    "stereo": {"target": None},
    "stories": {"target": None},
    "throws": {"length": None},
}


def small(name, n=40, **settings):
    return worlds.WORLDS[name](n=n, **(ALL[name] | settings))


@pytest.fixture(scope="module")
def scenes():
    return worlds.scenes(300, target=None)


def equal(one, two):
    if isinstance(one, Ragged):
        return torch.equal(one.values, two.values) and torch.equal(one.offsets, two.offsets)
    return torch.equal(one, two)


# Every world


@pytest.mark.parametrize("name", ALL)
def test_the_parts_have_their_sizes_and_a_stream_gives_batches(name):
    world = small(name)
    assert [len(world.train), len(world.valid), len(world.test)] == [40, 4, 8]
    assert world.name.startswith(f"world:{name}")
    assert world.train.name(3) == "train 3"
    assert "generated with seed 0" in world.notes[0]
    batch = next(iter(world.train.batches(16, epochs=1, seed=0)))
    assert isinstance(batch, Batch)
    assert len(batch) == 16
    assert Schema.from_json(world.schema.to_json()) == world.schema


@pytest.mark.parametrize("name", ALL)
def test_a_small_world_is_the_start_of_a_large_one(name):
    few, many = small(name, n=10), small(name, n=290)  # more than are drawn at once
    for part in ("train", "valid", "test"):
        for field in few.schema.fields:
            one, two = getattr(few, part)[field], getattr(many, part)[field]
            assert equal(one, two[: len(one)]), (part, field)


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_draws_the_same_and_another_does_not(name):
    first, again, other = (small(name, seed=seed) for seed in (3, 3, 4))
    assert first.fingerprint == again.fingerprint != other.fingerprint


@pytest.mark.parametrize("name", ALL)
def test_no_part_begins_as_another(name):
    world = small(name)
    for field in world.schema.inputs:
        parts = [getattr(world, part)[field] for part in ("train", "valid", "test")]
        assert not equal(parts[0][:4], parts[1][:4])
        assert not equal(parts[0][:8], parts[2][:8])
        break


@pytest.mark.parametrize("name", ["figures", "scenes", "faces"])
def test_textures_of_test_never_come_in_train(name):
    world = small(name, n=200)
    new = torch.tensor([TEXTURES.index(texture) for texture in TEST_TEXTURES])
    assert torch.isin(world.test["texture"], new).all()
    assert len(world.test["texture"].unique()) == 2
    for part in (world.train, world.valid):
        assert not torch.isin(part["texture"], new).any()
    assert len(world.train["texture"].unique()) == 4


def test_a_target_keeps_the_fields_of_its_task_alone():
    tasks = {
        "shape": (("image",), ("shape",)),
        "mask": (("image",), ("mask",)),
        "boxes": (("image",), ("boxes", "classes")),
        "answer": (("image", "question"), ("answer",)),
    }
    for target, (inputs, targets) in tasks.items():
        world = worlds.scenes(4, target=target)
        assert (world.schema.inputs, world.schema.targets) == (inputs, targets)
    assert worlds.figures(4).schema.targets == ("joints",)
    assert worlds.stories(4).schema.inputs == ("story", "question")
    assert worlds.stereo(4, target="seen").schema.targets == ("seen",)
    assert worlds.throws(4, target="bounce").schema.inputs == ("frames",)
    assert worlds.faces(4, target="tilt").schema.target == "tilt"


# Draws


def draws(part="train", n=2000, seed=0):
    return Draws("a world", seed, part, torch.arange(n))


def test_draws_are_even_and_independent_of_one_another():
    drawn = draws()
    one, two = drawn.uniform("one"), drawn.uniform("two")
    assert abs(float(one.mean()) - 0.5) < 0.03
    assert abs(float(torch.corrcoef(torch.stack([one, two]))[0, 1])) < 0.07
    assert drawn.integers("dice", 6).bincount(minlength=6).min() > 250
    normal = drawn.normal("normal", 3)
    assert abs(float(normal.mean())) < 0.05
    assert abs(float(normal.std()) - 1) < 0.05


def test_parts_own_numbers_of_their_own():
    owned = {
        part: set(draws(part).part_integers("cell", 3).tolist())
        for part in ("train", "valid", "test")
    }
    assert {part: len(cells) for part, cells in owned.items()} == {
        "train": 21,
        "valid": 3,
        "test": 6,
    }
    assert set.union(*owned.values()) == set(range(30))
    apart = {part: (draws(part).part_uniform("cell", 3) * 30).long() for part in owned}
    assert {part: set(cells.tolist()) for part, cells in apart.items()} == owned


# Drawing


def test_outlines_cover_the_area_of_a_circle_of_their_radius():
    shape = torch.arange(4)
    middle, radius = torch.full((4,), 31.3), torch.full((4,), 12.0)
    covered = Outlines(shape, middle, middle, radius, torch.full((4,), 0.3)).coverage(64)
    area = covered.sum((1, 2))
    assert torch.allclose(area, torch.full((4,), torch.pi * 144), rtol=0.02)
    at = (covered * (torch.arange(64) + 0.5)).sum((1, 2)) / area
    assert torch.allclose(at, middle, atol=0.1)
    assert ((covered > 0.02) & (covered < 0.98)).float().mean() > 0.01  # soft edges


def test_corners_point_where_they_are_turned():
    zero = torch.zeros(1)
    up = Outlines(torch.tensor([2]), zero + 32, zero + 32, zero + 10, zero - torch.pi / 2)
    rows = up.coverage(64)[0].sum(1)
    inside = rows.nonzero().flatten()
    assert rows[inside[1]] < 6 < 20 < rows[inside[-2]]  # a corner above, a side below
    assert 32 - 15.6 - 1 < inside[0] < 32 - 15.6 + 2.5


def test_strokes_and_ellipses_cover_what_they_should():
    line = stroke(torch.tensor([[8.0, 16]]), torch.tensor([[24.0, 16]]), torch.tensor([4.0]), 32)
    assert float(line.sum()) == pytest.approx(16 * 4 + torch.pi * 4, rel=0.03)
    radii = torch.tensor([[10.0, 4.0]])
    oval = ellipse(torch.tensor([[16.0, 16]]), radii, torch.tensor([torch.pi / 2]), 32)
    assert float(oval.sum()) == pytest.approx(torch.pi * 40, rel=0.03)
    rows, columns = oval[0].amax(1) > 0.5, oval[0].amax(0) > 0.5
    assert int(rows.sum()) == pytest.approx(20, abs=2)
    assert int(columns.sum()) == pytest.approx(8, abs=2)


# Scenes


def test_boxes_of_scenes_lie_round_the_pixels_of_the_mask(scenes):
    mask = scenes.train["mask"]
    assert scenes.schema["mask"].names == ("background", "circle", "square", "triangle", "star")
    for i in range(60):
        boxes, classes = scenes.train["boxes"][i], scenes.train["classes"][i]
        inside = torch.zeros(64, 64, dtype=torch.bool)
        for (x0, y0, x1, y1), kind in zip(boxes.int().tolist(), classes.tolist(), strict=True):
            part = mask[i, y0:y1, x0:x1] == kind + 1
            assert part.any(0)[[0, -1]].all()
            assert part.any(1)[[0, -1]].all()
            inside[y0:y1, x0:x1] = True
        assert not mask[i][~inside].any()


def test_factors_of_scenes_are_those_of_the_largest_shape(scenes):
    part = scenes.train
    counts = part["classes"].lengths
    assert torch.equal(counts - 1, part["count"])
    firsts = part["classes"].values[part["classes"].offsets[:-1]]
    assert torch.equal(firsts, part["shape"])
    alone = (counts == 1).nonzero().flatten()
    area = (part["mask"][alone] > 0).sum((1, 2))
    is_large = part["size"][alone] == 1
    assert area[is_large].min() > 1.3 * area[~is_large].max()
    boxes = part["boxes"].values[part["boxes"].offsets[:-1]][alone]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    right, low = (middle > 32).unbind(1)
    assert torch.equal(2 * low.long() + right.long(), part["place"][alone])
    others = torch.ones(len(part["classes"].values), dtype=torch.bool)
    others[part["classes"].offsets[:-1]] = False
    assert len(part["classes"].values[others].unique()) == 4


def test_colors_of_scenes_are_those_drawn(scenes):
    from brique.data.worlds.rendering import COLOR_VALUES

    part = scenes.train
    alone = (part["count"] == 0).nonzero().flatten()
    seen = torch.stack(
        [part["image"][i][:, part["mask"][i] > 0].float().mean(1) for i in alone.tolist()]
    )
    hue = seen / seen.norm(dim=1, keepdim=True)
    known = COLOR_VALUES / COLOR_VALUES.norm(dim=1, keepdim=True)
    near = (hue @ known.T).argmax(1) == part["color"][alone]
    assert near.float().mean() > 0.95  # the light and the haze change some


def test_depth_of_scenes_is_that_of_the_shape_in_front(scenes):
    part = scenes.train
    assert scenes.schema["depth"].shape == (1, 64, 64)
    assert torch.equal(part["depth"][:, 0] > 0, part["mask"] > 0)
    levels = torch.tensor([len(depth.unique()) - 1 for depth in part["depth"]])
    assert (levels == part["count"] + 1).float().mean() > 0.97  # two may be alike


def test_what_is_said_of_scenes_is_true(scenes):
    schema, part = scenes.schema, scenes.train
    answers: set[str] = set()
    for i in range(200):
        example = part[i]
        words = schema["caption"].restore(example["caption"]).split()
        size, color, shape = (
            schema[name].restore(example[name]) for name in ("size", "color", "shape")
        )
        assert words[:4] == ["a", size, color, shape]
        assert sum(word in ("left", "right", "above", "below") for word in words) == int(
            example["count"]
        )
        question = schema["question"].restore(example["question"])
        answer = schema["answer"].restore(example["answer"])
        answers.add(answer)
        if question == "which color is the largest shape ?":
            assert answer == color
        elif question == "which shape is the largest ?":
            assert answer == shape
        elif question.startswith("how many"):
            assert answer == ("one", "two", "three")[example["count"]]
        elif question.startswith("is there"):
            *_, asked_color, asked_shape, _ = question.split()
            named = [
                words[k - 1 : k + 1] for k, w in enumerate(words) if w in schema["shape"].names
            ]
            assert ([asked_color, asked_shape] in named) == (answer == "yes")
        elif question.startswith("is the"):
            assert answer in ("yes", "no")
        else:
            name = question.split()[-2]
            assert [w for w in words if w in schema["shape"].names].count(name) == 1
            assert words[words.index(name) - 1] == answer
    assert len(answers) == 15


def test_shapes_of_scenes_are_all_seen(scenes):
    boxes = scenes.train["boxes"].values
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= 3
    assert boxes.min() >= 0
    assert boxes.max() <= 64


def test_thousand_scenes_take_little_time():
    start = time.process_time()
    worlds.scenes(800, target=None)
    assert time.process_time() - start < 4  # 0.6 s on a free core


# Figures, faces, stereo, throws, points


def test_joints_of_figures_lie_on_their_limbs():
    figures = worlds.figures(100)
    joints = figures.train["joints"]
    assert joints.min() > 1
    assert joints.max() < 63
    assert len(worlds.JOINTS) == joints.shape[1] == len(worlds.BONES) + 1
    image = figures.train["image"].float()
    rows = torch.arange(100)[:, None]
    at = joints.long()
    hands = [worlds.JOINTS.index(name) for name in ("left hand", "right hand")]
    red_over_blue = (image[:, 0] - image[:, 2])[rows, at[..., 1], at[..., 0]][:, hands]
    assert (red_over_blue[:, 0] > 0).float().mean() > 0.9  # orange; another limb may lie above
    assert (red_over_blue[:, 1] < 0).float().mean() > 0.9  # blue


def test_faces_are_as_their_numbers_say():
    faces = worlds.faces(300, target=None)
    part = faces.train
    assert torch.equal(part["smile"] > 0, part["mood"] == 1)
    assert part["smile"].abs().min() >= 0.3
    for name, low, high in (("eyes", 0.15, 1), ("tilt", -0.4, 0.4), ("skin", 0, 1)):
        assert part[name].min() >= low
        assert part[name].max() <= high
    light = part["image"].float().amax(1).mean((1, 2))
    assert torch.corrcoef(torch.stack([light, part["skin"]]))[0, 1] < -0.1
    assert faces.schema["skin"].mean == pytest.approx(0.5, abs=0.06)


def test_right_pictures_are_left_ones_moved_by_the_disparity():
    pairs = worlds.stereo(60, target=None)
    left, right = (pairs.train[side][:, 0].float() for side in ("left", "right"))
    moved, seen = pairs.train["disparity"], pairs.train["seen"] == 1
    at = torch.arange(64) - moved
    low = at.floor().long()
    there = [right.gather(2, (low + k).clamp(0, 63)) for k in (0, 1)]
    guess = torch.lerp(*there, at - low)
    inside = seen & (low >= 0)
    gain = (guess * inside).sum((1, 2)) / (left * inside).sum((1, 2))  # each pair has one
    error = (guess / gain[:, None, None] - left).abs()
    assert float(error[inside].mean()) < 7 < 20 < float(error[~seen].mean())
    assert float(moved.min()) >= 1
    assert float(moved.max()) <= 10
    assert 0.02 < float((~seen).float().mean()) < 0.2


def test_outlines_of_stereo_differ_between_train_and_test():
    pairs = worlds.stereo(60, target=None)
    full = []
    for part in (pairs.train, pairs.test):
        near = part["disparity"] == part["disparity"].amax((1, 2), keepdim=True)
        across, along = near.any(1).sum(1), near.any(2).sum(1)
        inside = (near.sum((1, 2)) / (across * along)).float()
        full.append(float(inside.median()))
    assert full[0] > full[1] + 0.05  # a star fills less of its box


def test_balls_follow_gravity_and_keep_their_bounce():
    throws = worlds.throws(200)
    path, gravity = throws.train["path"], throws.train["gravity"]
    assert path.shape == (200, 16, 2)
    free = ((path > 5) & (path < 27)).all((1, 2))  # touched nothing
    assert free.sum() > 5
    second = path.diff(dim=1).diff(dim=1)[free]
    assert torch.allclose(second[..., 0], torch.zeros(()), atol=1e-4)
    assert torch.allclose(second[..., 1], gravity[free, None].expand(-1, 14), atol=1e-4)
    frames = throws.train["frames"]
    assert frames.shape == (200, 16, 1, 32, 32)
    weight = frames.sum((3, 4))
    middle = torch.arange(32) + 0.5
    x = (frames.sum(3) * middle).sum(3) / weight
    y = (frames.sum(4) * middle).sum(3) / weight
    assert torch.allclose(torch.cat([x, y], 2), path, atol=0.1)
    assert throws.train["bounce"].min() >= 0.5


def test_throws_of_drawn_length_are_ragged():
    throws = worlds.throws(100, length=None)
    lengths = throws.train["path"].lengths
    assert (int(lengths.min()), int(lengths.max())) == (10, 20)
    assert torch.equal(throws.train["frames"].lengths, lengths)
    fixed = worlds.throws(100, length=20)
    assert torch.equal(throws.train["path"][5], fixed.train["path"][5][: lengths[5]])


@pytest.mark.parametrize("kind", ["moons", "circles", "spirals", "xor", "blobs", "checkerboard"])
def test_points_are_told_by_neighbours_and_by_no_line(kind):
    points = worlds.points(kind, 1000, noise=0.02)
    x, label = points.train["x"], points.train["label"]
    assert x.abs().max() < 2
    assert label.bincount().min() > 250
    near = torch.cdist(points.test["x"], x).argmin(1)
    right = (label[near] == points.test["label"]).float().mean()
    assert right > 0.9
    if kind != "blobs":
        ones = torch.cat([x, torch.ones(len(x), 1)], 1)
        line = torch.linalg.lstsq(ones, 2.0 * label - 1).solution
        assert (((ones @ line) > 0) == (label == 1)).float().mean() < 0.9


def test_noise_moves_points_by_as_much():
    still, moved = (worlds.points("xor", 1000, noise=noise) for noise in (0, 0.3))
    off = moved.train["x"] - still.train["x"]
    assert float(off.std()) == pytest.approx(0.3, rel=0.05)


def test_exact_points_of_test_lie_where_train_has_none():
    points = worlds.points("xor", 2000, noise=0)
    cells = [
        set((part["x"][:, 0] * 50 + 50).floor().int().tolist())
        for part in (points.train, points.valid, points.test)
    ]
    assert [len(some) for some in cells] == [70, 10, 20]
    assert len(set.union(*cells)) == 100


# Stories


def told(world, part):
    schema = world.schema
    for i in range(len(part)):
        example = part[i]
        yield (
            schema["story"].restore(example["story"]).removesuffix(" .").split(" . "),
            schema["question"].restore(example["question"]).split(),
            schema["answer"].restore(example["answer"]),
            example["support"].tolist(),
        )


def where(sentences):
    """Follow a story: rooms of the people and, while they are known, those of the things."""
    people, things, held = {}, {}, {}
    for sentence in sentences:
        who, *_, what = sentence.split()
        if what in ("apple", "football", "milk", "book"):
            things.setdefault(what, [people.get(who)])
            held[what] = None if "drop" in sentence or "put" in sentence else who
        else:
            people[who] = what
            for thing, by in held.items():
                if by == who:
                    things[thing].append(what)
    return people, things


def test_answers_of_stories_follow_from_the_story_and_from_its_support():
    world = worlds.stories(400, target=None)
    for sentences, question, answer, support in told(world, world.train):
        assert 5 <= len(sentences) <= 15
        assert support == sorted(set(support))
        for some in (sentences, [sentences[at] for at in support]):
            people, things = where(some)
            if len(support) == 1:
                assert people[question[2]] == answer
            elif len(support) == 2:
                assert things[question[3]][-1] == answer
            else:
                *_, before, now = things[question[3]]
                assert (before, now) == (answer, question[6])
    counts = world.train["facts"].bincount()
    assert counts.min() > 100


def test_nobody_takes_what_lies_elsewhere():
    world = worlds.stories(300, target=None)
    for sentences, *_ in told(world, world.train):
        people, lies, by = {}, {}, {}
        for sentence in sentences:
            who, *verb, what = sentence.split()
            if what not in ("apple", "football", "milk", "book"):
                assert people.get(who) != what
                people[who] = what
            elif verb[0] in ("dropped", "put"):
                assert by.pop(what) == who
                lies[what] = people[who]
            else:
                assert what not in by
                assert lies.pop(what, people[who]) == people[who]
                by[what] = who


def test_stories_of_test_begin_as_none_of_train():
    world = worlds.stories(2000, target=None)
    starts = []
    for part in (world.train, world.valid, world.test):
        words = [[s.split() for s in story[:2]] for story, *_ in told(world, part)]
        starts.append({(a[0], a[-1], b[0], b[-1]) for a, b in words})
    assert not starts[0] & starts[1]
    assert not starts[0] & starts[2]
    assert len(starts[0]) > 300


def test_stories_ask_for_as_many_facts_as_said():
    world = worlds.stories(50, facts=(3, 1), target=None)
    assert set(world.train["support"].lengths.tolist()) == {1, 3}


SAID = {"the": "l", "a": "un", "some": "des", "and": "et", "but": "mais", "because": "car"}
THINGS, LIKE, DOING = ({en: rest for en, *rest in words} for words in WORD_LISTS)


def in_french(words):
    """Yield the French of a list of English words, each read once, by a grammar of its own."""
    many, denied, start, waiting = False, False, "", []
    for word in words:
        one = word.removesuffix("s")
        if word in LIKE:
            waiting.append(LIKE[word][0])
        elif one in THINGS:
            many, (thing, *feminine) = word != one, THINGS[one]
            end = "e" * len(feminine) + "s" * many
            article = {"l": "les" if many else "la" if feminine else "le", "un": "un" + end}
            yield from [article.get(start, start), thing + "s" * many]
            yield from [like + end for like in reversed(waiting)]
            waiting = []
        elif one in DOING:
            does = DOING[one][0] + "nt" * many
            yield from ["ne", does, "pas"] if denied else [does]
            denied = False
        elif word in ("do", "does", "not"):
            denied = True
        elif word in ("the", "a", "some"):
            start = SAID[word]
        else:
            yield SAID[word]


def test_sentences_agree_and_turn_adjectives_round():
    world = worlds.grammar(4000)
    english, french = (world.schema[name] for name in ("en", "fr"))
    pairs = {
        english.restore(en): french.restore(fr)
        for part in (world.train, world.valid, world.test)
        for en, fr in zip(part["en"], part["fr"], strict=True)
    }
    assert 5190 < len(pairs) <= 5200  # hardly two are alike
    assert {word for en in pairs for word in en.split()} == set(english.vocabulary)
    assert {word for fr in pairs.values() for word in fr.split()} == set(french.vocabulary)
    assert {en: " ".join(in_french(en.split())) for en in pairs} == pairs


def test_who_does_what_in_sentences_of_test_goes_together_in_none_of_train():
    world = worlds.grammar(3000)
    done = []
    for part in (world.train, world.valid, world.test):
        texts = [world.schema["en"].restore(text) for text in part["en"]]
        clauses = [c.split() for text in texts for c in re.split(" (?:and|but|because) ", text)]
        ones = [[word.removesuffix("s") for word in clause] for clause in clauses]
        done.append(
            {tuple(next(w for w in one if w in k) for k in (THINGS, DOING)) for one in ones}
        )
    assert [len(pairs) for pairs in done] == [294, 42, 84]  # 30 nouns, 14 verbs, parted 7 : 1 : 2
    assert len(set.union(*done)) == 420


# Opening by name, and what is refused


def test_worlds_open_by_name():
    opened = data.open("world:points")
    assert opened.fingerprint == worlds.points().fingerprint
    assert data.open("world:points").train["x"] is not None
    assert data.open("world:throws", target="gravity").schema.target == "gravity"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: data.open("world:scene"),
            "data: no world 'scene' among faces, figures, grammar, points, scenes, stereo, stories, "
            "throws; choose one; did you mean 'scenes'?",
        ),
        (
            lambda: data.open("world:points", kind="table"),
            "world:points: is generated, got --kind table; leave it out",
        ),
        (
            lambda: data.open("world:scenes", size=32),
            "world:scenes: --size means nothing for generated worlds, which know --target; leave it",
        ),
        (
            lambda: data.open("world:points", target="label"),
            "world:points: --target means nothing for generated worlds, which know no options",
        ),
        (
            lambda: worlds.scenes(4, target="colour"),
            "scenes: no target 'colour' among shape, color, size, place, count, mask, depth, "
            "caption, boxes, answer; choose one, or None for all fields; did you mean 'color'?",
        ),
        (
            lambda: worlds.grammar(target="french"),
            "grammar: no target 'french' among fr, en; choose one, or None for all fields",
        ),
        (lambda: worlds.faces(0), "faces: n must be 1 or more, got 0; pass how many training"),
        (
            lambda: worlds.points("moon"),
            "points: no kind 'moon' among moons, circles, spirals, xor, blobs, checkerboard; choose"
            " one; did you mean 'moons'?",
        ),
        (
            lambda: worlds.points(noise=-1),
            "points: noise must be 0 or more, got -1; pass a standard deviation",
        ),
        (
            lambda: worlds.throws(length=1),
            "throws: length must be 2 or more, got 1; pass how many frames",
        ),
        (
            lambda: worlds.stories(facts=(4,)),
            "stories: facts must be some of 1, 2 and 3, got (4,); pass (1,)",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(make, says):
    with pytest.raises(DataError) as raised:
        make()
    assert str(raised.value).startswith(says)
