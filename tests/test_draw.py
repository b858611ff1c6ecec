import pytest
import torch

from brique.draw import Panel
from brique.draw.colors import PALETTE, rgb
from brique.errors import ShapeError


def share(pixels, color):
    """Return the share of pixels near a color."""
    wanted = torch.tensor(color)[:, None, None]
    return ((pixels.int() - wanted).abs().amax(0) < 12).float().mean().item()


def test_a_panel_is_pixels_of_its_size():
    pixels = Panel("title", size=(120, 300)).pixels()
    assert (pixels.shape, pixels.dtype) == ((3, 120, 300), torch.uint8)
    assert share(pixels, (255, 255, 255)) > 0.9


def test_a_line_and_marks_stand_where_they_belong():
    bare = {"bare": True, "size": (104, 104)}  # the field: 2 to 102
    pixels = Panel(**bare).line([0, 1], [0.25, 0.25], color=4, width=3).pixels()
    found = (
        (pixels.int() - torch.tensor(rgb(PALETTE[4]))[:, None, None]).abs().amax(0) < 12
    ).nonzero()
    assert found[:, 0].float().mean().item() == pytest.approx(77, abs=1)
    assert (found[:, 1].max() - found[:, 1].min()).item() > 96
    pixels = Panel(**bare).points([0.5], [0.5], color=2, radius=5).pixels()
    found = (
        (pixels.int() - torch.tensor(rgb(PALETTE[2]))[:, None, None]).abs().amax(0) < 12
    ).nonzero()
    assert found.float().mean(0).tolist() == pytest.approx([52, 52], abs=1)


def test_what_lies_outside_is_cut_off():
    plain = Panel("t", x=(0, 1), y=(0, 1)).pixels()
    outside = Panel("t", x=(0, 1), y=(0, 1)).line([-1, 2], [3, 3]).points([1.5, 0.5], [0.5, -0.5])
    assert torch.equal(outside.line([1.1, 1.1], [-5, 5]).pixels(), plain)


def test_a_line_is_broken_where_a_number_is_not_finite():
    whole = Panel(bare=True).line([0, 0.5, 1], [0.5, 0.5, 0.5], color=0).pixels()
    broken = (
        Panel(bare=True)
        .line([0, 0.1, 0.5, 0.9, 1], [0.5, 0.5, float("nan"), 0.5, 0.5], color=0)
        .pixels()
    )
    color = rgb(PALETTE[0])
    assert 0.1 < share(broken, color) / share(whole, color) < 0.3


def test_logarithmic_heights_are_even_steps():
    panel = Panel(y=(1e-4, 1), log=True, bare=True, size=(104, 104)).points([0.5], [1e-2], color=2)
    wanted = torch.tensor(rgb(PALETTE[2]))[:, None, None]
    found = ((panel.pixels().int() - wanted).abs().amax(0) < 12).nonzero()
    assert found.float().mean(0).tolist() == pytest.approx([52, 52], abs=1)


def test_shade_words_and_names_are_drawn():
    grid = torch.tensor([[0.0, 0.0], [1.0, 1.0]])  # high where y is high
    pixels = Panel(bare=True, size=(104, 104)).heatmap(grid).pixels().float()
    assert pixels[:, 10].mean() < 180 < 240 < pixels[:, 94].mean()
    color = rgb(PALETTE[4])
    assert share(Panel(bare=True).text(0.5, 0.5, "words", color=4).pixels(), color) > 0
    assert share(Panel().line([], [], color=4, label="a name").pixels(), color) > 0


def test_a_drawing_can_go_on():
    panel = Panel(bare=True)
    before = panel.pixels()
    after = panel.line([0, 1], [0, 1]).pixels()
    assert share(before, (255, 255, 255)) == 1.0 > share(after, (255, 255, 255))


def test_bad_axes_and_points_are_refused():
    with pytest.raises(
        ShapeError, match=r"Panel: x must rise.*got x=\(1, 1\).*pass \(low, high\)\."
    ):
        Panel(x=(1, 1))
    with pytest.raises(ShapeError, match=r"above 0 with log; got .*y=\(0, 1\), log=True"):
        Panel(y=(0, 1), log=True)
    with pytest.raises(
        ShapeError, match="Panel: 2 numbers x but 1 numbers y; pass as many of both"
    ):
        Panel().line([0, 1], [0])


def test_frames_become_an_animation(tmp_path):
    from PIL import Image

    from brique.run.image_grid import grid

    frames = torch.stack([torch.full((2, 3, 30, 30), level / 4) for level in range(4)])
    (tmp_path / "moving.png").write_bytes(grid(frames, "here"))
    with Image.open(tmp_path / "moving.png") as image:
        assert (image.format, image.n_frames, image.size) == ("PNG", 4, (61, 30))
        levels = []
        for number in range(4):
            image.seek(number)
            levels.append(image.convert("L").getpixel((5, 5)))
    assert levels == [0, 64, 128, 191]
    with pytest.raises(ShapeError, match=r"here: expected pictures .* got shape \(4, 2, 2, 5, 5\)"):
        grid(torch.zeros(4, 2, 2, 5, 5), "here")


def test_a_graph_grows_with_the_computation_and_has_two_ways():
    from brique.draw import graph

    w = torch.ones(3, requires_grad=True)
    short, long = (w * 2).sum(), (w * 2).tanh().exp().sum()
    assert graph(long, w=w).shape[1] > graph(short, w=w).shape[1]
    forward, backward = graph(long, w=w), graph(long, backward=True, w=w)
    assert share(forward, rgb(PALETTE[5])) > 0.001 > share(forward, rgb(PALETTE[6]))
    assert share(backward, rgb(PALETTE[6])) > 0.001 > share(backward, rgb(PALETTE[5]))
    assert not torch.equal(graph(long, w=w), graph(long, other=w))  # leaves are named


def test_a_result_without_a_graph_is_refused():
    from brique.draw import graph

    with pytest.raises(ShapeError, match="graph: the result depends on no tensor that requires"):
        graph(torch.ones(()))
