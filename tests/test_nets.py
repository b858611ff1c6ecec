import json

import pytest
import torch

from brique import nets
from brique.bricks import ResidualBlock
from brique.data import arrays
from brique.errors import DataError
from brique.schema import Category, Number, Picture, Schema


@pytest.mark.parametrize("size", [(1, 1), (5, 5), (8, 8), (28, 28), (64, 48), (33, 97), (224, 224)])
@pytest.mark.parametrize(("stem", "stages"), [(1, 2), (2, 3), (4, 4)])
def test_residual_takes_pictures_of_any_size(size, stem, stages):
    net = nets.residual(3, 7, [0.1, 0.2, 0.3], [1, 1, 1], width=4, stem=stem, stages=stages)
    pixels = torch.rand(2, 3, *size)
    assert net.body(pixels).shape == (2, 4 * 2 ** (stages - 1))
    assert net(pixels).shape == (2, 7)


def test_residual_has_the_parameters_that_arithmetic_gives():
    net = nets.residual(1, 10, 0.3, 0.4, width=8, depth=2, stages=2)
    stem = 8 * 9 + 2 * 8
    first = 2 * (2 * 8 * 8 * 9 + 2 * 2 * 8)
    second = (8 * 16 + 16 * 16) * 9 + 2 * 2 * 16 + (8 * 16 + 2 * 16) + 2 * 16 * 16 * 9 + 2 * 2 * 16
    head = 16 * 10 + 10
    assert sum(p.numel() for p in net.parameters()) == stem + first + second + head


def test_a_residual_block_passes_on_what_it_was_given_at_first():
    block = ResidualBlock(4, 4)
    x = torch.rand(3, 4, 5, 5)
    assert torch.equal(block.eval()(x), x)
    assert not torch.equal(ResidualBlock(4, 8, stride=2).eval()(x)[:, :4], x[:, :, ::2, ::2])


def test_a_net_remembers_how_it_was_built_in_json():
    net = nets.residual(1, 10, [0.3], [0.4])
    origin = nets.built_by(net)
    assert origin == {
        "builder": "brique.nets.residual",
        "arguments": {
            "channels": 1, "classes": 10, "mean": [0.3], "std": [0.4],
            "width": 16, "depth": 1, "stages": 3, "stem": 1, "dropout": 0.0,
        },
    }  # fmt: skip
    again = json.loads(json.dumps(origin))
    twin = nets.BUILDERS[again["builder"]](**again["arguments"])
    assert [p.shape for p in twin.parameters()] == [p.shape for p in net.parameters()]
    assert nets.built_by(torch.nn.Linear(1, 1)) is None


def test_what_a_net_remembers_is_no_part_of_it():
    net = nets.residual(1, 10, 0.3, 0.4)
    assert not any("built" in name for name in net.state_dict())
    assert [name for name, _ in net.named_children()] == ["body", "head"]


def test_every_builder_stands_in_the_table_under_its_own_name():
    for name, builder in nets.BUILDERS.items():
        assert name == f"brique.nets.{builder.__name__}"
        assert vars(nets)[builder.__name__] is builder


def test_default_arguments_come_from_the_schema():
    pixels = torch.rand(40, 3, 8, 12)
    pixels[:, 1] = 0.5  # a constant channel: its std is 0, which cannot be divided by
    schema = arrays(image=pixels, label=[0, 1] * 20, classes=["cat", "dog"]).schema
    arguments = nets.residual_arguments(schema)
    assert arguments["channels"] == 3
    assert arguments["classes"] == 2
    assert arguments["mean"] == list(schema["image"].mean)
    assert arguments["std"][1] == 1.0
    assert nets.residual(**arguments)(pixels).isfinite().all()


def test_default_arguments_without_anything_fitted():
    schema = Schema({"x": Picture((1, 8, 8)), "y": Category(("a", "b"))}, ("y",))
    assert nets.residual_arguments(schema)["mean"] == [0.0]


def test_a_schema_without_picture_is_refused():
    schema = Schema({"x": Number(), "y": Category(("a", "b"))}, ("y",))
    with pytest.raises(
        DataError, match=r"expected one picture .* got x \(number\), y \(category\)"
    ):
        nets.residual_arguments(schema)
