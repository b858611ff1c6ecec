"""What is taken over from weights and runs is what they held, and what does not fit is named."""

import json
import os
import socket
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

import brique
from brique import data, files, nets, transfer
from brique.errors import DataError, ModelError, PlayError, ShapeError
from brique.game import Game, Player, cosine
from brique.recipes.convolutional import lenet5
from brique.run import Launch, Run, launched
from brique.tasks import eval_mode


def shared(path: str) -> Path:
    """Return a path under BRIQUE_DATA, or skip the test."""
    for folder in os.environ.get("BRIQUE_DATA", "").split(os.pathsep):
        if folder and (Path(folder) / path).exists():
            return Path(folder) / path
    pytest.skip(f"needs {path} under BRIQUE_DATA")


def photos(classes=("cat", "dog"), *, channels=3, size=64, count=20):
    pixels = torch.rand(count, channels, size, size)
    labels = [i % len(classes) for i in range(count)]
    return data.arrays(image=pixels, label=labels, classes=list(classes))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file such as is published: torchvision's names, half precision, 1,000 classes."""
    torch.manual_seed(1)
    net = nets.squeezenet(3, 1000)
    tensors = {
        name.removeprefix("body."): (value.half() if value.ndim == 4 else value).contiguous()
        for name, value in net.state_dict().items()
        if name.startswith("body.features")
    }
    tensors["classifier.1.weight"] = torch.randn(1000, 512, 1, 1).half()
    tensors["classifier.1.bias"] = torch.randn(1000)
    path = tmp_path_factory.mktemp("weights") / "published.safetensors"
    save_file(tensors, path)
    return path


def changed(weights, tmp_path, change):
    """Return a copy of the file whose tensors are changed."""
    tensors = load_file(weights)
    change(tensors)
    save_file(tensors, tmp_path / "changed.safetensors")
    return tmp_path / "changed.safetensors"


def by_hand(tensors, pixels):
    """SqueezeNet 1.1 written out: pictures -> the places of its last features (N, 512, H, W)."""

    def convolution(x, name, **settings):
        weight, bias = tensors[f"{name}.weight"].float(), tensors[f"{name}.bias"]
        return functional.conv2d(x, weight, bias, **settings).relu()

    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    x = (pixels - mean) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    x = convolution(x, "features.0", stride=2)
    for number in range(2, 13):
        name = f"features.{number}"
        if number in (2, 5, 8):
            x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        else:
            few = convolution(x, f"{name}.squeeze")
            wide = convolution(few, f"{name}.expand3x3", padding=1)
            x = torch.cat([convolution(few, f"{name}.expand1x1"), wide], dim=1)
    return x


# The net


def test_squeezenet_has_the_published_number_of_parameters():
    assert sum(p.numel() for p in nets.squeezenet(3, 1000).parameters()) == 1_235_496


def test_squeezenet_takes_pictures_of_any_size_from_17():
    net = nets.squeezenet(1, 4, 0.5, 0.5).eval()
    for shape in ((17, 17), (17, 40), (64, 64), (33, 97)):
        assert net(torch.rand(2, 1, *shape)).shape == (2, 4)


def test_squeezenet_is_rebuilt_from_json():
    origin = json.loads(json.dumps(nets.built_by(nets.squeezenet(3, 2, dropout=0.2))))
    twin = nets.BUILDERS[origin["builder"]](**origin["arguments"])
    assert twin.head[0].p == 0.2
    assert json.loads(json.dumps(nets.built_by(twin))) == origin


def test_the_published_net_names_every_photo_as_published():
    from PIL import Image

    weights = shared("weights/squeezenet1_1.safetensors")
    expected = json.loads((weights.parent / "squeezenet1_1.expected.json").read_text())["top5"]
    body = transfer.load_pretrained(weights, photos().schema).net.body.eval()
    tensors = load_file(weights)
    found = {}
    for name in expected:
        image = Image.open(weights.parents[1] / name).convert("RGB")
        scale = 256 / min(image.size)
        sides = [round(side * scale) for side in image.size]
        image = image.resize(sides, Image.Resampling.BILINEAR)
        left, top = ((side - 224) // 2 for side in image.size)
        pixels = data.arrays(
            image=torch.tensor(list(image.crop((left, top, left + 224, top + 224)).tobytes()))
            .view(1, 224, 224, 3)
            .permute(0, 3, 1, 2)
            .to(torch.uint8),
        )
        batch = next(pixels.train.batches(1))
        with torch.no_grad():
            places = body.features(body.standardize(batch.image))
            weight, bias = tensors["classifier.1.weight"].float(), tensors["classifier.1.bias"]
            scores = functional.conv2d(places, weight, bias).relu().mean((2, 3))
        found[name] = scores[0].topk(5).indices.tolist()
    assert len(found) == 22
    assert found == {name: [entry["index"] for entry in top] for name, top in expected.items()}


# Weights


def test_features_are_those_of_the_weights(weights):
    started = transfer.load_pretrained(weights, photos().schema)
    pixels = torch.rand(3, 3, 70, 51)
    with eval_mode(started.net):
        found = started.net.body(pixels)
    expected = by_hand(load_file(weights), pixels).mean((2, 3))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
    assert found.std() > 0


def test_what_was_taken_over_is_said(weights):
    started = transfer.load_pretrained(str(weights), photos(("a", "b", "c")).schema)
    assert started.summary == (
        "50 of 52 tensors of published.safetensors (SqueezeNet 1.1); a new head for 3 classes"
    )
    assert (started.size, started.channels) == (224, 3) == transfer.expected_input(weights)
    assert started.sha256 == files.sha256(weights)
    assert started.net.head[-2].out_features == 3
    assert all(part.training for part in started.net.modules())


def test_weights_without_their_classifier_are_enough(weights, tmp_path):
    path = changed(
        weights, tmp_path, lambda t: [t.pop(f"classifier.1.{n}") for n in ("weight", "bias")]
    )
    assert transfer.load_pretrained(path, photos().schema).summary.startswith("50 of 50 tensors")


def test_what_is_wanted_is_told_without_drawing_anything(weights):
    before = torch.get_rng_state()
    transfer.expected_input(weights)
    assert torch.equal(torch.get_rng_state(), before)


def rename(tensors):
    tensors["features.0.kernel"] = tensors.pop("features.0.weight")
    tensors["features.3.squeeze.weight"] = torch.zeros(8, 64, 1, 1)


def test_weights_that_do_not_fit_are_named_and_counted(weights, tmp_path):
    path = changed(weights, tmp_path, rename)
    message = (
        r"changed\.safetensors: does not fit SqueezeNet 1\.1, the nearest of the nets that brique "
        r"knows, which has 50 tensors: 1 missing \(features\.0\.weight\); 1 unexpected "
        r"\(features\.0\.kernel\); 1 of another shape \(features\.3\.squeeze\.weight: \(8, 64, 1, "
        r"1\) for \(16, 64, 1, 1\)\); pass weights of that net, or name their net by timm:NAME:FILE"
    )
    for door in (
        transfer.expected_input,
        partial(transfer.load_pretrained, schema=photos().schema),
    ):
        with pytest.raises(ModelError, match=message):
            door(path)


def test_weights_of_something_else_name_the_nearest(tmp_path):
    path = tmp_path / "else.safetensors"
    save_file({f"layer{i}.weight": torch.zeros(1) for i in range(9)}, path)
    with pytest.raises(ModelError, match=r"50 missing \(.*, \.\.\.\); 9 unexpected \(layer0"):
        transfer.expected_input(path)


def test_numbers_that_are_not_finite_are_refused(weights, tmp_path):
    path = changed(weights, tmp_path, lambda t: t["features.7.squeeze.bias"].fill_(torch.nan))
    with pytest.raises(
        ModelError,
        match=r"1 of 52 tensors hold numbers that are not finite \(features\.7\.squeeze\.bias\)",
    ):
        transfer.load_pretrained(path, photos().schema)


def test_sources_that_are_none_are_told(weights, tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"\x80\x04cos\nsystem\n")
    (tmp_path / "no.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    (tmp_path / "cut.safetensors").write_bytes(weights.read_bytes()[:-100])
    save_file(
        {"body.1.weight": torch.zeros(2), "head.1.bias": torch.zeros(2)},
        tmp_path / "net.safetensors",
    )
    (tmp_path / "empty").mkdir()
    for source, message in {
        "nowhere": "nowhere: no such weights file or run to start from; pass",
        "weights.pth": r"weights must be a \.safetensors file, since other formats can run code",
        "no.safetensors": r"cannot be read as safetensors \(.*\); fetch or save the weights again",
        "cut.safetensors": "cannot be read as safetensors",
        "net.safetensors": "these are the tensors of a run's net, .* pass the folder of the run",
        "empty": "neither a run nor a model folder",
        "timm:resnet18": "timm:resnet18: names no weights file, and brique downloads none",
        "timm:": "timm:NAME:FILE",
        "timm:resnet18:nowhere.safetensors": "nowhere.safetensors: no such weights file",
    }.items():
        for door in (
            transfer.expected_input,
            partial(transfer.load_pretrained, schema=photos().schema),
        ):
            with pytest.raises(ModelError, match=message) as caught:
                door(source)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("channels", "size"), [(1, 64), (3, 8)])
def test_pictures_that_the_net_does_not_take_are_told(weights, channels, size):
    schema = photos(channels=channels, size=size).schema
    with pytest.raises(
        ShapeError,
        match=rf"its net does not take pictures of {channels} channels and {size} x {size} pixels; "
        r"open the data with size=224, channels=3\.",
    ):
        transfer.load_pretrained(weights, schema)


def test_data_that_are_no_pictures_are_refused(weights):
    schema = data.arrays(x=torch.rand(20, 3), label=[0, 1] * 10).schema
    with pytest.raises(
        DataError,
        match=r"transfer: expected one picture and a category as target, got x \(number\)",
    ):
        transfer.load_pretrained(weights, schema)


# Earlier runs

TEMPERATURE = 2.0


def few_digits(classes):
    """The digits 0, 1, ... that are among the classes, their numbers in that order."""
    from sklearn.datasets import load_digits

    digits = load_digits()  # not by data.open, whose ten classes the run's model would name
    wanted = [i for i, label in enumerate(digits.target) if str(label) in classes][:200]
    labels = [list(classes).index(str(digits.target[i])) for i in wanted]
    pixels = torch.from_numpy(digits.images[wanted]).float()[:, None] / 16
    return data.arrays(image=pixels, label=labels, classes=list(classes))


def residual_run(out, classes):
    """A run of a net with norms on some digits: its body's buffers matter."""
    with launched(Launch(out=out, quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        digits = few_digits(classes)
        net = run.place(nets.residual(1, len(classes), 0.3, 0.4, width=4, stages=2))
        adam = partial(torch.optim.Adam, lr=1e-2)
        game = Game(Player("reader", net, partial(paid, net), adam))
        for _ in run.play(game, digits.train.batches(32, turns=20)):
            pass
        net.head[-1].value.fill_(TEMPERATURE)  # as if it had been calibrated
        run.finish(net=net)
    return out


def play_one_turn(run, dataset):
    """Play a turn on the data, so that the run records them; no net that it saves is trained."""
    net = run.place(nn.Linear(1, 1))
    player = Player("p", net, lambda _: net(torch.ones(2, 1)).pow(2).mean(), torch.optim.SGD)
    for _ in run.play(Game(player), dataset.train.batches(4, turns=1)):
        pass


def paid(net, batch):
    return functional.cross_entropy(net(batch.image), batch.label)


@pytest.fixture(scope="module")
def half_run(tmp_path_factory):
    return residual_run(tmp_path_factory.mktemp("half") / "run", "01234")


@pytest.mark.parametrize("classes", ["0123456789", "9876543210", "57391"])
def test_classes_are_joined_by_name(half_run, classes):
    digits = few_digits(classes)
    started = transfer.load_pretrained(half_run, digits.schema)
    old = brique.load(half_run).net
    pixels = next(digits.train.batches(30)).image
    with eval_mode(started.net), eval_mode(old):
        found, before = started.net(pixels), old(pixels)
    joined = [name for name in classes if name in "01234"]
    for name in joined:  # to the net, a class that it knew scores as it did
        expected = before[:, int(name)] * TEMPERATURE
        torch.testing.assert_close(found[:, classes.index(name)], expected)
    new = [i for i, name in enumerate(classes) if name not in "01234"]
    assert found.shape == (30, len(classes))
    assert found[:, new].std(0).min() > 0
    assert (
        f"{len(joined)} classes joined by name ({', '.join(joined)}), {len(new)} new"
        in started.summary
    )
    assert started.summary.startswith(f"the body of {half_run} (residual, ")
    assert (started.size, started.channels) == (8, 1) == transfer.expected_input(half_run)
    assert started.sha256 == files.sha256(half_run / "model" / "net.safetensors")


def test_a_run_with_none_of_the_classes_gives_its_body(half_run):
    started = transfer.load_pretrained(half_run, few_digits("789").schema)
    assert started.summary.endswith("; a new head for 3 classes")
    assert started.net.head[-2].out_features == 3
    old = brique.load(half_run).net.body.state_dict()
    for name, value in started.net.body.state_dict().items():
        assert torch.equal(value, old[name])


def test_the_temperature_of_a_run_is_not_taken_over(half_run):
    assert float(brique.load(half_run).net.head[-1].value) == TEMPERATURE
    assert (
        float(transfer.load_pretrained(half_run, few_digits("01234").schema).net.head[-1].value)
        == 1.0
    )


def test_a_continued_run_is_itself_a_run(half_run, tmp_path):
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        digits = few_digits("0123456789")
        net = run.place(transfer.load_pretrained(half_run, digits.schema).net)
        net(next(digits.train.batches(2)).image)
        play_one_turn(run, digits)
        run.finish(net=net)
    again = transfer.load_pretrained(tmp_path / "run", digits.schema)
    assert "10 classes joined by name (0, 1, 2, 3, 4, ...), 0 new" in again.summary
    for name, value in net.state_dict().items():
        assert torch.equal(again.net.state_dict()[name], value)


def test_pictures_of_other_channels_are_told_for_a_run(half_run):
    with pytest.raises(ShapeError, match=r"open the data with size=8, channels=1\."):
        transfer.load_pretrained(half_run, photos().schema)


def test_runs_that_cannot_go_on_are_told(tmp_path, half_run):
    with launched(Launch(out=tmp_path / "lenet", quiet=True)):
        lenet5.main(lenet5.Args(turns=3))
    with pytest.raises(
        ModelError,
        match="its net was built by 'recipe:lenet5', which has no body and head for other classes",
    ):
        transfer.expected_input(tmp_path / "lenet")
    with launched(Launch(out=tmp_path / "own", quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        run.place(net := nn.Sequential(nn.Flatten(), nn.Linear(64, 5)))
        play_one_turn(run, few_digits("01234"))
        run.finish(net=net)
    with pytest.raises(ModelError, match="its net was built by 'source'"):
        transfer.load_pretrained(tmp_path / "own", few_digits("01234").schema)
    with launched(Launch(out=tmp_path / "arrays", quiet=True)):
        Run.start(__file__, lenet5.Args()).finish(codebook=torch.ones(3), task="none")
    with pytest.raises(ModelError, match="its model has no net that classifies pictures"):
        transfer.expected_input(tmp_path / "arrays")
    with launched(Launch(out=tmp_path / "table", quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        run.place(net := nets.residual(1, 2, 0.3, 0.4, width=4, stages=1))
        play_one_turn(run, data.arrays(x=torch.rand(20, 3), label=[0, 1] * 10))
        run.finish(net=net)
    with pytest.raises(
        ModelError,
        match="its net was not trained to classify pictures, but on number, category",
    ):
        transfer.expected_input(tmp_path / "table")


def test_a_run_whose_folder_lies_is_told(tmp_path, half_run):
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in (half_run / "model").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    transfer.load_pretrained(copy, few_digits("01").schema)
    value = json.loads((copy / "model.json").read_text())
    value["schema"]["fields"]["label"]["names"] += ["5", "6"]
    (copy / "model.json").write_text(json.dumps(value))
    with pytest.raises(ModelError, match=r"the model is damaged: model\.json has"):
        transfer.expected_input(copy)
    seal(copy)
    with pytest.raises(
        ModelError, match="its net scores 5 classes, but its schema names 7; restore"
    ):
        transfer.load_pretrained(copy, few_digits("56").schema)


def seal(folder):
    """Make the manifest fit whatever lies in a model folder."""
    entries = {
        f.name: {"size": f.stat().st_size, "sha256": files.sha256(f)}
        for f in folder.iterdir()
        if f.name != "manifest.json"
    }
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "files": entries}))


# Training on from there


def test_a_frozen_body_stays_as_it_was_to_the_bit(half_run):
    digits = few_digits("0123456789")
    net = transfer.load_pretrained(half_run, digits.schema).net
    before = {name: value.clone() for name, value in net.state_dict().items()}
    sgd = partial(torch.optim.SGD, lr=0.1)
    game = Game(Player("reader", net.head, partial(paid, net), sgd), reads=[net.body])
    turns = list(game.play(digits.train.batches(32, turns=10)))
    assert len(turns) == 10
    changed = {n for n, value in net.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {"head.1.weight", "head.1.bias"}
    assert all(p.grad is None and p.requires_grad for p in net.body.parameters())


def test_a_frozen_training_equals_one_on_the_features_alone(half_run):
    digits = few_digits("0123456789")
    net = transfer.load_pretrained(half_run, digits.schema).net
    weight, bias = (p.detach().clone().requires_grad_() for p in net.head.parameters())
    adam = partial(torch.optim.AdamW, lr=1e-2)
    game = Game(Player("reader", net.head, partial(paid, net), adam), reads=[net.body])
    list(game.play(digits.train.batches(32, turns=10)))
    plain = adam([weight, bias])
    with eval_mode(net):
        batches = [(net.body(b.image), b.label) for b in digits.train.batches(32, turns=10)]
    for features, label in batches:
        plain.zero_grad()
        functional.cross_entropy(features @ weight.T + bias, label).backward()
        plain.step()
    torch.testing.assert_close(net.head[1].weight, weight)
    torch.testing.assert_close(net.head[1].bias, bias)


def test_two_learning_rates_move_head_and_body_each_by_its_own(half_run):
    digits = few_digits("0123456789")
    net = transfer.load_pretrained(half_run, digits.schema).net
    before = {name: p.detach().clone() for name, p in net.named_parameters()}

    def sgd(named):
        return torch.optim.SGD(transfer.parameter_groups(named, lr=0.5, body_lr=0.01))

    game = Game(Player("reader", net, partial(paid, net), sgd, schedule=cosine))
    list(game.play(digits.train.batches(32, turns=1)))
    for name, p in net.named_parameters():
        rate = 0.5 if name.startswith("head.") else 0.01
        torch.testing.assert_close(p.detach(), before[name] - rate * p.grad, msg=name)


def test_two_learning_rates_follow_the_schedule_together(half_run):
    net = transfer.load_pretrained(half_run, few_digits("01").schema).net
    made = []

    def adam(named):
        made.append(torch.optim.AdamW(transfer.parameter_groups(named, lr=1e-2, body_lr=1e-3)))
        return made[0]

    game = Game(Player("reader", net, partial(paid, net), adam, schedule=lambda p: 1 - p))
    list(game.play(few_digits("01").train.batches(8, turns=4)))
    assert [group["lr"] for group in made[0].param_groups] == pytest.approx([2.5e-4, 2.5e-3])


@pytest.mark.parametrize("head", ["tail.", ""])
def test_two_learning_rates_need_two_groups(head):
    pairs = nets.squeezenet(1, 2, 0.5, 0.5).named_parameters()
    with pytest.raises(
        PlayError, match=r"parameter_groups: the names of \d+ of 52 parameters begin with"
    ):
        transfer.parameter_groups(pairs, lr=1e-2, body_lr=1e-3, head=head)


# timm


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def timm():
    return pytest.importorskip("timm", reason="timm is not installed (the extra zoo)")


@pytest.fixture(scope="module")
def timm_weights(timm, tmp_path_factory):
    torch.manual_seed(2)
    net = timm.create_model("test_resnet", pretrained=False).train()
    with torch.no_grad():
        net(torch.rand(8, 3, 64, 64))  # moves what its norms have measured
    path = tmp_path_factory.mktemp("timm") / "test_resnet.safetensors"
    save_file(net.state_dict(), path)
    return net.eval(), path


@pytest.mark.usefixtures("no_network")
def test_a_net_of_timm_starts_from_local_weights(timm_weights):
    net, path = timm_weights
    started = transfer.load_pretrained(f"timm:test_resnet:{path}", photos(("a", "b", "c")).schema)
    pixels = torch.rand(2, 3, 64, 64)
    mean, spread = (torch.tensor(net.default_cfg[k]).view(3, 1, 1) for k in ("mean", "std"))
    with torch.no_grad(), eval_mode(started.net):
        features = started.net.body(pixels)
        expected = net.forward_head(net.forward_features((pixels - mean) / spread), pre_logits=True)
    torch.testing.assert_close(features, expected)
    count = len(net.state_dict())
    assert started.summary == (
        f"{count - 2} of {count} tensors of test_resnet.safetensors (timm:test_resnet); a new head "
        "for 3 classes"
    )
    assert (started.size, started.channels) == (160, 3)


@pytest.mark.usefixtures("no_network")
def test_a_model_of_timm_comes_back(timm_weights, tmp_path):
    _, path = timm_weights
    with launched(Launch(out=tmp_path / "run", quiet=True)):
        run = Run.start(__file__, lenet5.Args())
        pictures = photos()
        net = run.place(transfer.load_pretrained(f"timm:test_resnet:{path}", pictures.schema).net)
        pixels = next(pictures.train.batches(4)).image
        with eval_mode(net):
            expected = net(pixels)
        play_one_turn(run, pictures)
        run.finish(net=net)
    value = json.loads((tmp_path / "run" / "model" / "model.json").read_text())
    assert value["nets"]["net"]["builder"] == "timm:test_resnet"
    model = brique.load(tmp_path / "run")
    with eval_mode(model.net):
        assert torch.equal(model.net(pixels), expected)
    again = transfer.load_pretrained(tmp_path / "run", photos(("dog", "fox")).schema)
    assert "1 classes joined by name (dog), 1 new" in again.summary


@pytest.mark.usefixtures("no_network")
def test_names_that_timm_does_not_know_are_told(timm, weights):
    for name, message in {
        "resnet_18": "timm has no such net; did you mean 'resnet",
        "resnet18.nothing": "Invalid pretrained tag .*; leave the tag out",
        "hf-hub": "timm:hf-hub: timm has no such net",
        "resnet18": r"does not fit timm:resnet18 which has 1\d\d tensors: \d+ missing",
    }.items():
        with pytest.raises(ModelError, match=message):
            transfer.load_pretrained(f"timm:{name}:{weights}", photos().schema)


@pytest.mark.usefixtures("no_network")
def test_a_net_of_timm_for_one_size_says_which(timm, tmp_path):
    path = tmp_path / "vit.safetensors"
    save_file(timm.create_model("test_vit3", pretrained=False).state_dict(), path)
    with pytest.raises(
        ShapeError, match=r"64 x 64 pixels; open the data with size=160, channels=3"
    ):
        transfer.load_pretrained(f"timm:test_vit3:{path}", photos().schema)
    assert (
        transfer.load_pretrained(f"timm:test_vit3:{path}", photos(size=160, count=10).schema).size
        == 160
    )


@pytest.mark.usefixtures("no_network")
def test_a_net_of_timm_that_cannot_be_made_is_told(timm):
    from brique.nets import zoo

    with pytest.raises(ModelError, match="cannot be made for -1 channels without its classifier"):
        zoo.build("test_resnet", channels=-1, classes=2, mean=[0.5], std=[0.5])


def test_without_timm_the_extra_is_named(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(
        ModelError,
        match=r"the library timm is not installed; add it with pip install 'brique\[zoo\]'",
    ):
        transfer.expected_input(f"timm:resnet18:{weights}")
