import pytest
import torch

from brique import data, nets
from brique.data import arrays
from brique.planning import Request, multiplications, seconds_per_turn, shorten
from brique.tasks.classify import plan as planning
from brique.tasks.classify import train
from brique.tasks.classify.plan import epochs_for, plan_pictures


def blank(count, shape=(3, 32, 32), classes=("cat", "dog")):
    """Return pictures without content: a plan looks at shapes, numbers and edges only."""
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8)
    split = ["train", "valid", "test"] + ["train"] * (count - 3)
    labels = [i % len(classes) for i in range(count)]
    return arrays(image=pixels, label=labels, classes=classes, split=split)


def test_the_plan_is_the_same_for_the_same_data_and_minutes():
    digits = data.open("digits")
    first, again = (plan_pictures(digits, Request(source="digits", seed=3)) for _ in range(2))
    assert first == again
    assert first["seed"] == 3
    assert first["turns"] == epochs_for(1295) * (1295 // first["batch_size"])
    assert set(first) <= set(train.Args.__dataclass_fields__)


def test_epochs_are_obeyed_whatever_the_time():
    request = Request(source="digits", epochs=2, minutes=1e-3)
    settings = plan_pictures(data.open("digits"), request)
    assert settings["turns"] == 2 * (1295 // settings["batch_size"])


def test_less_time_never_gives_a_longer_plan_and_only_so_much_fits():
    photos = blank(4000)
    costs = []
    for minutes in (0.02, 0.1, 0.5, 2, 10, 60):
        settings = plan_pictures(photos, Request(source="x", minutes=minutes))
        shape = {name: settings[name] for name in ("width", "depth", "stages", "stem")}
        net = nets.residual(**nets.residual_arguments(photos.schema), **shape)
        work = (
            3
            * settings["batch_size"]
            * multiplications(net, (3, 32, 32))
            / planning.MULTIPLICATIONS_PER_SECOND
        )
        seconds = settings["turns"] * (planning.TURN_SECONDS + work)
        assert seconds <= 60 * minutes
        costs.append(seconds)
    assert costs == sorted(costs)


def test_multiplications_are_those_that_arithmetic_gives():
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2, padding=1), torch.nn.Flatten(), torch.nn.Linear(128, 5)
    )
    assert multiplications(net, (3, 8, 8)) == 4 * 4 * 8 * 3 * 9 + 128 * 5
    assert net.training
    assert not net[0]._forward_hooks


@pytest.mark.parametrize(
    ("shape", "stem", "stages"),
    [((1, 8, 8), 1, 2), ((1, 28, 28), 1, 3), ((3, 32, 32), 1, 4), ((3, 64, 64), 2, 4),
     ((1, 112, 92), 2, 4), ((3, 224, 224), 4, 4), ((3, 1, 5), 1, 2)],
)  # fmt: skip
def test_the_last_stage_has_some_places_whatever_the_size(shape, stem, stages):
    settings = plan_pictures(blank(40, shape), Request(source="x", minutes=1))
    assert (settings["stem"], settings["stages"]) == (stem, stages)


def test_what_would_show_something_else_is_left_out():
    def changed(**settings):
        return plan_pictures(blank(40, **settings), Request(source="x"))

    assert changed()["mirror"]
    assert not changed(shape=(1, 32, 32))["mirror"]
    assert not changed(classes=("a", "b"))["mirror"]
    assert not changed(classes=("turn left", "turn right"))["mirror"]
    assert changed(shape=(3, 64, 64))["light"] > 0
    assert changed()["zoom"] == changed()["rotate"] == 0
    assert changed(shape=(1, 28, 28))["zoom"] > 0


def test_of_many_pictures_it_is_sgd():
    few, many = blank(200, (1, 8, 8)), blank(10_100, (1, 4, 4))
    assert plan_pictures(few, Request(source="x"))["optimizer"] == "adamw"
    assert plan_pictures(many, Request(source="x"))["optimizer"] == "sgd"


def test_a_net_that_starts_from_weights_has_a_plan_of_its_own():
    frozen = plan_pictures(
        blank(200, (3, 64, 64)), Request(source="x", start="w.safetensors", freeze=True)
    )
    assert (frozen["freeze"], frozen["shift"], frozen["optimizer"]) == (True, 0.0, "adamw")
    assert frozen["turns"] == 8 * (198 // 16)
    tuned = plan_pictures(
        blank(200, (3, 64, 64)), Request(source="x", start="w.safetensors", epochs=2)
    )
    assert tuned["body_lr"] < 0.1
    assert tuned["turns"] == 2 * (198 // 16)


def test_beyond_the_edge_lies_the_background_if_there_is_one():
    pixels = torch.full((60, 1, 16, 16), 255, dtype=torch.uint8)
    pixels[:, :, 4:12, 4:12] = torch.randint(0, 256, (60, 1, 8, 8), dtype=torch.uint8)
    paper = arrays(image=pixels, label=[0, 1] * 30)
    assert plan_pictures(paper, Request(source="x"))["fill"] == 1.0
    assert plan_pictures(data.open("digits"), Request(source="x"))["fill"] == 0.0
    assert plan_pictures(blank(40), Request(source="x"))["fill"] is None


@pytest.mark.parametrize(
    ("count", "classes", "minutes", "is_halved"),
    [(400, 2, 10, True), (400, 2, 0.2, False), (130, 2, 10, True), (90, 2, 10, False),
     (400, 99, 10, False), (2000, 2, 10, False)],
)  # fmt: skip
def test_small_data_are_halved_where_time_allows(count, classes, minutes, is_halved):
    """Not: too little time, too few pictures or of some class, or enough of them in valid."""
    valid = 30 if count < 2000 else 150
    photos = arrays(
        image=torch.zeros(count, 1, 16, 16, dtype=torch.uint8),
        label=[i % classes for i in range(count)], classes=[f"c{i}" for i in range(classes)],
        split=["valid"] * valid + ["train"] * (count - valid),
    )  # fmt: skip
    settings = plan_pictures(photos, Request(source="x", minutes=minutes))
    assert settings["halves"] is is_halved
    assert not plan_pictures(photos, Request(source="x", start="w", freeze=True))["halves"]


def test_a_measured_speed_only_shortens():
    settings = {"turns": 100, "average": 0.9}
    assert shorten(settings, 0.1, minutes=1) == settings
    assert shorten(settings, 1.2, minutes=1)["turns"] == 50


def test_measuring_the_speed_leaves_nothing_behind():
    digits = data.open("digits")
    settings = plan_pictures(digits, Request(source="digits")) | {"width": 8}
    torch.manual_seed(7)
    before = torch.get_rng_state()
    assert seconds_per_turn(train, settings, digits, torch.device("cpu")) > 0
    assert torch.equal(torch.get_rng_state(), before)
