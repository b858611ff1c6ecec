"""Kinds prepare one example in one way, and schemas survive hostile JSON."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brique import schema
from brique.errors import DataError
from brique.schema import Category, Number, Picture, Schema, natural_key, read_picture

RED, WHITE = (200, 30, 60), (255, 255, 255)


def save(path: Path, image: Image.Image, **options) -> Path:
    image.save(path, **options)
    return path


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    generator = np.random.default_rng(0)
    shape = (height, width) if channels == 1 else (height, width, channels)
    return generator.integers(0, 256, shape, dtype=np.uint8)


def fails(text: str):
    return pytest.raises(DataError, match=text)


def full_schema() -> Schema:
    fields = {
        "image": Picture((1, 2, 3), mean=(0.5,), std=(0.25,)),
        "age": Number(mean=3.0, std=1.5, unit="years"),
        "words": Number(shape=(), is_sequence=True, is_integer=True),
        "point": Number((0.0, 1.0), (1.0, 2.0), shape=(2,)),
        "label": Category(("cat", "dog")),
    }
    return Schema(fields, ("label",))


def test_importing_schema_imports_no_torch():
    code = "import brique.schema, sys; assert not {'torch', 'numpy', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_schema_equals_what_its_json_says():
    import json

    whole = full_schema()
    again = Schema.from_json(json.loads(json.dumps(whole.to_json())))
    assert again == whole
    assert again.inputs == ("image", "age", "words", "point")
    assert again.target == "label"
    assert again["label"].names == ("cat", "dog")
    assert "age" in again


def test_json_has_the_form_of_the_model_file():
    assert Schema({"label": Category(("a", "b"))}, ("label",)).to_json() == {
        "fields": {"label": {"kind": "category", "names": ["a", "b"]}},
        "targets": ["label"],
    }
    assert Picture((1, 28, 28)).to_json() == {"kind": "picture", "shape": [1, 28, 28]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "schema: expected an object, got None; the file is damaged, or newer"),
        ({"fields": {}, "targets": [], "code": "x"}, "expected only fields, targets, got .'code'"),
        ({"fields": [], "targets": []}, "schema: fields: expected an object"),
        ({"fields": {}, "targets": "label"}, "schema: targets: expected a list of texts"),
        ({"fields": {"a": {"kind": "os.system"}}, "targets": []}, "field 'a': expected a kind"),
        ({"fields": {"a": {"kind": ["picture"]}}, "targets": []}, "field 'a': expected a kind"),
        ({"fields": {"a": {"kind": "category", "names": [1]}}, "targets": []}, "a list of texts"),
        ({"fields": {"a": {"kind": "category", "names": []}}, "targets": []}, "one or more"),
        (
            {"fields": {"a": {"kind": "category", "names": ["x"], "run": 1}}, "targets": []},
            "expected only has_other, names, got .'run'",
        ),
        ({"fields": {"a": {"kind": "picture", "shape": [1, 2]}}, "targets": []}, "three whole"),
        ({"fields": {"a": {"kind": "picture", "shape": [True, 2, 2]}}, "targets": []}, "a list of"),
        ({"fields": {"a": {"kind": "picture", "shape": 3}}, "targets": []}, "a list of numbers"),
        (
            {"fields": {"a": {"kind": "picture", "shape": [3, 10**5, 10**5]}}, "targets": []},
            "limit",
        ),
        (
            {"fields": {"a": {"kind": "picture", "shape": [1, 1, 1], "mean": 1}}, "targets": []},
            "mean must be 1 finite numbers",
        ),
        (
            {
                "fields": {"a": {"kind": "picture", "shape": [1, 1, 1], "mean": [0], "std": [-1]}},
                "targets": [],
            },
            "std must be 1 finite numbers, none below 0",
        ),
        (
            {"fields": {"a": {"kind": "number", "mean": float("nan")}}, "targets": []},
            "mean must be 1 finite numbers",
        ),
        (
            {"fields": {"a": {"kind": "number", "unit": 3}}, "targets": []},
            "unit: expected a text, got 3",
        ),
        ({"fields": {"a": {"kind": "number", "is_integer": 1}}, "targets": []}, "true or false"),
        ({"fields": {"a": {"kind": "number", "shape": [-1]}}, "targets": []}, "whole numbers of 0"),
        ({"fields": {"a": {"kind": "number"}}, "targets": ["b"]}, "target 'b' is not a field"),
        ({"fields": {"a": {"kind": "number"}}, "targets": ["a", "a"]}, "listed twice"),
    ],
)
def test_hostile_json_is_refused_in_one_sentence(value, text):
    with fails(text):
        Schema.from_json(value)


def test_missing_names_come_with_the_nearest():
    with fails("no field 'labek' among image, age, words, point, label; did you mean 'label'?"):
        full_schema()["labek"]
    with fails("no class 'cta' among cat, dog; did you mean 'cat'?"):
        full_schema()["label"].prepare("cta")
    with fails("no class 'x' among cat, dog; check its name"):
        full_schema()["label"].prepare("x")


def test_target_says_when_there_is_not_one():
    with fails("schema: expected one target, got none; name the field to predict"):
        Schema({"a": Number()}).target
    with fails("expected one target, got a, b"):
        Schema({"a": Number(), "b": Number()}, ("a", "b")).target


def test_class_listed_twice_is_refused():
    with fails("category: the class 'a' is listed twice"):
        Category(("a", "b", "a"))


def test_natural_order_puts_2_before_10():
    names = ["10", "2", "a10", "a2", "A3", "b", "1", "01", "", "²"]
    assert sorted(names, key=natural_key)[:4] == ["", "01", "1", "2"]
    order = sorted(names, key=natural_key)
    assert order.index("2") < order.index("10")
    assert order.index("a2") < order.index("A3") < order.index("a10")
    assert sorted(order[3:] + order[:3], key=natural_key) == order


def test_numbers_are_prepared_and_checked():
    assert Number().prepare(3).dtype == torch.float32
    assert Number(is_integer=True).prepare(3).dtype == torch.int64
    assert Number(shape=(2,), is_sequence=True).prepare([[1, 2], [3, 4], [5, 6]]).shape == (3, 2)
    with fails(r"number: expected shape \(2,\), got \(3,\); reshape it"):
        Number(shape=(2,)).prepare([1, 2, 3])
    with fails(r"number: expected shape \(length, 2\), got \(\); reshape it"):
        Number(shape=(2,), is_sequence=True).prepare(1)
    with fails(r"number: expected finite numbers, got nan; replace them"):
        Number().prepare(float("nan"))
    with fails(r"number: expected numbers, got 'three'; write it like 12\.5"):
        Number().prepare("three")
    with fails(r"number: expected numbers, got .*; pass numbers"):
        Number().prepare(object())
    assert Number(decimal="comma").prepare("1.000,5") == 1000.5
    with fails("number: expected numbers, got '9.5'; write it like 12,5"):  # that would be 95
        Number(decimal="comma").prepare("9.5")


def test_picture_of_its_own_size_is_not_touched():
    pixels = torch.from_numpy(noise(8, 6).transpose(2, 0, 1).copy())
    assert torch.equal(Picture((3, 8, 6)).prepare(pixels), pixels)


def test_picture_comes_as_a_copy():
    pixels = torch.zeros(1, 4, 4, dtype=torch.uint8)
    Picture((1, 4, 4)).prepare(pixels).fill_(7)
    floats = torch.zeros(1, 4, 4)
    Picture((1, 4, 4)).prepare(floats).fill_(7)
    assert not pixels.any()
    assert not floats.any()


def test_file_image_array_and_tensor_agree_bit_for_bit(tmp_path):
    array = noise(50, 70)
    path = save(tmp_path / "a.png", Image.fromarray(array))
    for picture in (Picture((3, 32, 32)), Picture((1, 20, 40)), Picture((3, 100, 64))):
        expected = picture.prepare(path)
        assert expected.shape == picture.shape
        assert expected.dtype == torch.uint8
        tensor = torch.from_numpy(array.transpose(2, 0, 1).copy())
        for source in (str(path), Image.open(path), array, tensor, tensor.numpy()[:, :, :]):
            assert torch.equal(picture.prepare(source), expected)


def test_floats_are_fitted_as_bytes_are():
    array = noise(50, 70)
    picture = Picture((3, 32, 32))
    floats = picture.prepare(array.astype(np.float64) / 255)
    assert floats.dtype == torch.float32
    assert (floats - Picture.to_float(picture.prepare(array))).abs().max() < 1.01 / 255


def test_fit_covers_and_cuts_about_the_middle():
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 255
    assert (Picture((1, 10, 10)).prepare(wide) == 255).all()
    assert (Picture((1, 5, 5)).prepare(wide)[:, :, 1:-1] == 255).all()
    assert (Picture((1, 10, 10)).prepare(wide.T.copy()) == 255).all()


def test_tiny_picture_is_enlarged():
    big = Picture((1, 28, 28)).prepare(np.full((8, 8), 99, np.uint8))
    assert big.shape == (1, 28, 28)
    assert (big == 99).all()


def test_channels_are_converted():
    grey = noise(4, 4, 1)
    assert torch.equal(Picture((3, 4, 4)).prepare(grey)[2], torch.from_numpy(grey))
    gray_rgb = np.repeat(grey[..., None], 3, 2)
    assert torch.equal(Picture((1, 4, 4)).prepare(gray_rgb)[0], torch.from_numpy(grey))
    floats = grey.astype(np.float32) / 255
    assert np.allclose(Picture((1, 4, 4)).prepare(np.repeat(floats[None], 3, 0))[0], floats)
    assert Picture((3, 4, 4)).prepare(floats).shape == (3, 4, 4)
    assert Picture((2, 4, 4)).prepare(np.zeros((2, 8, 8), np.uint8)).shape == (2, 4, 4)
    with fails("picture: expected 3 channels, got 2; convert it"):
        Picture((3, 4, 4)).prepare(np.zeros((2, 4, 4), np.uint8))
    with fails("picture: expected 2 channels, got 3; pass an array of that many"):
        Picture((2, 4, 4)).prepare(np.zeros((4, 4, 3), np.uint8))


def test_exif_rotation_is_applied(tmp_path):
    array = noise(4, 6)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = save(tmp_path / f"{orientation}.png", Image.fromarray(array), exif=exif)
        upright = {
            1: array, 2: array[:, ::-1], 3: array[::-1, ::-1], 4: array[::-1],
            5: array.transpose(1, 0, 2), 6: np.rot90(array, -1), 8: np.rot90(array),
            7: np.rot90(array, 2).transpose(1, 0, 2),
        }[orientation]  # fmt: skip
        picture = Picture((3, *upright.shape[:2]))
        expected = torch.from_numpy(upright.transpose(2, 0, 1).copy())
        assert torch.equal(picture.prepare(path), expected), orientation
        assert torch.equal(picture.prepare(Image.open(path)), expected), orientation
        assert schema.picture_shape(path) == (3, *upright.shape[:2])


def test_transparency_lies_over_white(tmp_path):
    picture = Picture((3, 2, 2))
    clear = Image.new("RGBA", (2, 2), (*RED, 0))
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([*RED, 0, 0, 0])
    for name, image, options in [
        ("rgba.png", clear, {}),
        ("la.png", Image.new("LA", (2, 2), (9, 0)), {}),
        ("p.png", palette, {"transparency": 0}),
        ("p.gif", palette, {"transparency": 0}),
        ("rgb.png", Image.new("RGB", (2, 2), RED), {"transparency": RED}),
        ("rgba.webp", clear, {"lossless": True}),
    ]:
        pixels = picture.prepare(save(tmp_path / name, image, **options))
        assert (pixels == 255).all(), name
    half = picture.prepare(np.full((2, 2, 4), (0, 0, 0, 128), np.uint8))
    assert ((half > 120) & (half < 135)).all()


def test_unusual_modes_are_read(tmp_path):
    picture = Picture((3, 2, 2))
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([*RED, 0, 0, 0])
    assert picture.prepare(save(tmp_path / "p.png", palette))[:, 0, 0].tolist() == list(RED)
    cmyk = save(tmp_path / "cmyk.tif", Image.new("CMYK", (2, 2), (0, 255, 255, 0)))
    assert picture.prepare(cmyk)[:, 0, 0].tolist() == [255, 0, 0]
    assert picture.prepare(save(tmp_path / "1.png", Image.new("1", (2, 2), 1))).min() == 255
    deep = Image.fromarray(np.full((2, 2), 65535, np.uint16))
    assert picture.prepare(save(tmp_path / "16.png", deep)).min() == 255
    middle = Image.fromarray(np.full((2, 2), 0x8000, np.uint16))
    assert picture.prepare(save(tmp_path / "16.tif", middle)).unique().tolist() == [128]
    (tmp_path / "16.pgm").write_bytes(b"P5 2 2 65535\n" + b"\x80\x00" * 4)
    assert picture.prepare(tmp_path / "16.pgm").unique().tolist() == [128]
    assert picture.prepare(np.full((2, 2), 0x8000, np.uint16)).unique().tolist() == [128]
    assert picture.prepare(np.ones((2, 2), bool)).min() == 255
    (tmp_path / "a.pbm").write_bytes(b"P1 2 2\n0 0 0 0\n")
    assert picture.prepare(tmp_path / "a.pbm").min() == 255


def test_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (2, 2), color) for color in (RED, WHITE, (0, 0, 0))]
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        lossless = {"lossless": True} if name == "a.webp" else {}
        path = save(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], **lossless)
        assert Picture((3, 2, 2)).prepare(path)[:, 0, 0].tolist() == list(RED), name


def test_bad_files_are_named(tmp_path):
    picture = Picture((3, 4, 4))
    with fails(r"picture .*none.png: there is no such file; check the path"):
        picture.prepare(tmp_path / "none.png")
    (tmp_path / "text.jpg").write_text("not a picture")
    with fails(r"text.jpg: expected a picture \(JPEG, PNG, .*\), got a text; convert it"):
        picture.prepare(tmp_path / "text.jpg")
    whole = io.BytesIO()
    Image.fromarray(noise(64, 64)).save(whole, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole.getvalue()[:-500])
    with fails(r"cut.jpg: cannot be decoded \(.*\); replace it or leave it out"):
        picture.prepare(tmp_path / "cut.jpg")
    (tmp_path / "empty.png").touch()
    with fails("empty.png: expected a picture"):
        picture.prepare(tmp_path / "empty.png")
    with fails("expected a file, got a folder of that name; rename it"):
        picture.prepare(tmp_path)


def test_formats_outside_the_list_are_refused(tmp_path):
    Image.fromarray(noise(4, 4)).save(tmp_path / "a.tga")
    (tmp_path / "a.tga").rename(tmp_path / "a.png")
    with fails("got none of these"):
        Picture((3, 4, 4)).prepare(tmp_path / "a.png")
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n")
    with fails("got a text"):
        Picture((3, 4, 4)).prepare(tmp_path / "a.eps")


@pytest.mark.parametrize("side", [7_100, 10_000, 50_000])
def test_pixel_limit_is_told_from_the_header(tmp_path, side):
    path = tmp_path / "bomb.pgm"
    path.write_bytes(f"P5 {side} {side} 255\n".encode())  # no pixels follow
    with fails("bomb.pgm: .*is over the limit of 50 million pixels; shrink it"):
        Picture((1, 4, 4)).prepare(path)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (np.zeros((4, 4), np.int64), "expected uint8 from 0 to 255 or floats .*, got int64"),
        (np.full((4, 4), 1.5), "got floats from 1.5 to 1.5; convert or divide them"),
        (np.full((4, 4), np.nan), "got floats from nan to nan"),
        (torch.zeros(2, 3, 4, 4), r"picture: expected an array \(height, width\) or .*2, 3, 4, 4"),
        (np.zeros((0, 4), np.uint8), "got shape .1, 0, 4.; pass one picture"),
        ([[object()]], "got object; convert or divide them"),
        (object(), r"expected an array .*, got shape \(\); pass one picture"),
    ],
)
def test_bad_arrays_are_named(source, text):
    with fails(text):
        Picture((1, 4, 4)).prepare(source)


def test_deep_pictures_outside_their_range_are_refused(tmp_path):
    path = save(tmp_path / "f.tif", Image.fromarray(np.full((2, 2), 300.0, np.float32)))
    with fails(
        "picture .*f.tif: expected brightness from 0 to 1, got 300 to 300; convert it to 8 or 16"
    ):
        Picture((1, 2, 2)).prepare(path)


def test_to_float_is_division_by_255():
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(Picture.to_float(every), every.float() / 255)
    assert Picture.to_float(every).dtype == torch.float32
    floats = torch.rand(4)
    assert Picture.to_float(floats) is floats


def test_reading_leaves_warning_filters_alone(tmp_path):
    import warnings

    path = save(tmp_path / "a.png", Image.fromarray(noise(4, 4)))
    before = list(warnings.filters)
    read_picture(path)
    assert list(warnings.filters) == before


def test_picture_shape_is_checked():
    with fails("picture: shape must be .channels, height, width., got .3, 0, 4."):
        Picture((3, 0, 4))
