"""Deep pictures: their brightness is stretched from the range of the training part."""

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.data import audit
from brique.errors import DataError
from brique.schema import Picture, Schema
from brique.schema.pictures import read_with_info


def deep(seed, low=90, high=700, size=(32, 32)):
    """A picture of a camera of 12 bits in 16."""
    return np.random.default_rng(seed).integers(low, high, size).astype(np.uint16)


def saved(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def folder(root, ending=".tif", n=20, **more):
    for i in range(n):
        saved(root / "ab"[i % 2] / f"{i}{ending}", deep(i, **more))
    return root


def findings(opened, kind):
    return [one for one in audit.findings(opened) if one.kind == kind]


def assert_equal_to_files(opened, root):
    assert not opened.skipped
    kind = Schema.from_json(opened.schema.to_json())["image"]
    for part in (opened.train, opened.valid, opened.test):
        for row, pixels in zip(part.ids.tolist(), part["image"], strict=True):
            assert torch.equal(kind.prepare(root / part.name(row)), pixels), part.name(row)


@pytest.mark.parametrize("ending", [".tif", ".png", ".pgm"])
@pytest.mark.parametrize("options", [{}, {"size": 20}, {"size": (48, 24), "channels": 3}])
def test_the_range_of_train_is_stretched(tmp_path, ending, options):
    opened = data.open(folder(tmp_path, ending), **options)
    assert len(opened.train["image"].unique()) > 400
    assert opened.schema["image"].shape[0] == options.get("channels", 1)
    assert float(opened.train["image"].min()) == 0.0
    assert float(opened.train["image"].max()) == 1.0
    assert_equal_to_files(opened, tmp_path)


def test_the_range_is_fitted_on_train_alone(tmp_path):
    for part, (low, high) in {"train": (90, 700), "test": (20, 4000)}.items():
        folder(tmp_path / part, low=low, high=high)
    opened = data.open(tmp_path)
    assert opened.schema["image"].value_range == (90, 699)
    (finding,) = findings(opened, "out of range")
    assert (finding.severity, finding.count) == ("warning", 20)
    assert "brightness outside 90 to 699, the range of train, where it is clipped" in finding.reason
    assert float(opened.test["image"].max()) == 1.0
    assert_equal_to_files(opened, tmp_path)
    fold = opened.for_selection()
    assert_equal_to_files(fold, tmp_path)


def test_wide_whole_numbers_and_floats_are_stretched(tmp_path):
    for kind, change in {
        "i": lambda a: a.astype(np.int32),
        "f": lambda a: a.astype(np.float32) / 65535,
        "wide": lambda a: a.astype(np.float32) - 300,
    }.items():
        for i in range(12):
            saved(tmp_path / kind / "ab"[i % 2] / f"{i}.tif", change(deep(i)))
        opened = data.open(tmp_path / kind)
        assert len(opened.train["image"].unique()) > 400, kind
        assert_equal_to_files(opened, tmp_path / kind)


def test_pictures_of_8_bits_stay_as_they_are(tmp_path):
    for i in range(12):
        saved(tmp_path / "ab"[i % 2] / f"{i}.png", deep(i, 0, 256).astype(np.uint8))
    opened = data.open(tmp_path)
    assert opened.train["image"].dtype == torch.uint8
    assert opened.schema["image"].value_range is None


def test_a_mix_of_depths_is_said(tmp_path):
    folder(tmp_path, n=16)
    for i in range(16, 20):
        saved(tmp_path / "ab"[i % 2] / f"{i}.png", deep(i, 0, 256).astype(np.uint8))
    opened = data.open(tmp_path)
    (finding,) = findings(opened, "mixed depth")
    assert (finding.severity, finding.count) == ("warning", 4)
    assert "16 of 20 pictures have more than 8 bits per channel and are rescaled" in finding.reason
    assert_equal_to_files(opened, tmp_path)
    grey = np.asarray(Image.open(tmp_path / "a" / "16.png")).astype(np.float32) / 255
    assert np.array_equal(opened.source.fields["image"].values[8, 0].numpy(), grey)


def test_floats_among_whole_numbers_are_left_out(tmp_path):
    folder(tmp_path, n=12)
    saved(tmp_path / "a" / "f.tif", deep(1).astype(np.float32))
    reasons = dict(data.open(tmp_path).skipped)
    assert "holds floats and most others whole numbers, on another scale" in reasons["a/f.tif"]


def test_colors_of_16_bits_are_said(tmp_path):
    for i in range(12):
        image = np.random.default_rng(i).integers(0, 4096, (32, 32, 3)).astype(np.uint16)
        path = tmp_path / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(deep_color(image))
    opened = data.open(tmp_path)
    assert opened.train["image"].max() == 15  # the upper 8 bits, as Pillow reads them
    (finding,) = findings(opened, "truncated depth")
    assert (finding.severity, finding.count) == ("warning", 12)
    assert "16-bit color, read with its upper 8 bits only: 12 of 12" in finding.reason


def test_colors_of_16_bits_are_known_in_other_formats(tmp_path):
    (tmp_path / "a.ppm").write_bytes(b"P6 2 2 4095\n" + bytes(24))
    (tmp_path / "b.ppm").write_bytes(b"P6 2 2 255\n" + bytes(12))
    (tmp_path / "a.tif").write_bytes(tiff_color(np.zeros((2, 2, 3), "<u2")))
    assert read_with_info(tmp_path / "a.ppm")[1].is_truncated
    assert read_with_info(tmp_path / "a.tif")[1].is_truncated
    assert not read_with_info(tmp_path / "b.ppm")[1].is_truncated


def tiff_color(array):
    """Return a TIFF of colors of 16 bits, one strip."""
    import struct

    height, width, _ = array.shape
    bits = struct.pack("<HHH", 16, 16, 16)
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 8), (259, 3, 1, 1),
               (262, 3, 1, 2), (273, 4, 1, 14), (277, 3, 1, 3), (278, 3, 1, height),
               (279, 4, 1, array.nbytes)]  # fmt: skip
    start = 14 + array.nbytes
    head = b"II*\0" + struct.pack("<I", start) + bits + array.tobytes()
    fields = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return head + struct.pack("<H", len(entries)) + fields + bytes(4)


def deep_color(array):
    """Return a PNG of colors of 16 bits."""
    import struct
    import zlib

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def test_arrays_of_16_bits_are_stretched():
    pixels = np.stack([deep(i) for i in range(20)])
    opened = data.arrays(image=pixels, label=[0, 1] * 10)
    kind, low = opened.schema["image"], pixels[opened.train.ids.numpy()].min()
    assert kind.value_range[0] == low
    for row, stored in zip(opened.test.ids.tolist(), opened.test["image"], strict=True):
        for source in (pixels[row], Image.fromarray(pixels[row]), torch.from_numpy(pixels[row])):
            assert torch.equal(kind.prepare(source), stored)


def test_objects_hold_what_is_prepared_from_their_pictures():
    class Items:
        def __init__(self, items):
            self.items = items

        def __len__(self):
            return len(self.items)

        def __getitem__(self, i):
            return self.items[i]

    for make in (
        lambda i: Image.fromarray(deep(i)),
        lambda i: torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(i)),
        lambda i: deep(i, 0, 256).astype(np.uint8),
    ):
        for options in ({}, {"size": 20}):
            made = [make(i) for i in range(20)]
            opened = data.open(Items([(one, i % 2) for i, one in enumerate(made)]), **options)
            for row, stored in zip(opened.train.ids.tolist(), opened.train["image"], strict=True):
                assert torch.equal(opened.schema["image"].prepare(made[row]), stored)


def test_inside_the_grey_round_a_deep_picture_is_the_middle():
    kind = Picture((1, 10, 20), letterbox=True, value_range=(100, 300))
    pixels = kind.prepare(np.full((10, 10), 300, np.uint16))
    assert pixels.unique().tolist() == [0.5, 1.0]
    assert Picture((1, 10, 20), letterbox=True).prepare(
        np.full((10, 10), 65535, np.uint16)
    ).unique().tolist() == [128, 255]


def test_a_range_is_two_finite_numbers():
    for wrong in ((1.0,), (2.0, 1.0), (0.0, float("inf")), 3.0):
        with pytest.raises(
            DataError, match="picture: value_range must be two finite numbers, the lower"
        ):
            Picture((1, 4, 4), value_range=wrong)
    with pytest.raises(DataError, match="expected finite brightness up to 16,777,216, got NaN"):
        Picture((1, 2, 2), value_range=(0, 1)).prepare(
            Image.fromarray(np.full((2, 2), np.nan, "f4"))
        )


def test_what_is_asked_beyond_the_range_is_said(tmp_path):
    kind = Picture((1, 32, 32), value_range=(90.0, 699.0))
    low, high = kind.clipped_range(saved(tmp_path / "a.tif", deep(1, 0, 4000)))
    assert low < 90
    assert 3500 < high < 4000
    assert kind.clipped_range(saved(tmp_path / "b.tif", deep(1))) is None


def test_other_data_are_stretched_by_the_range_of_the_model(tmp_path):
    opened = data.open(folder(tmp_path / "mine"))
    others = data.open(folder(tmp_path / "theirs", low=500, high=3000), size=20)
    told = data.align_schema(others, opened.schema)
    kind = opened.schema["image"]
    same = data.align_schema(data.open(tmp_path / "theirs"), opened.schema)
    row = int(same.train.ids[0])
    assert torch.equal(
        same.train["image"][0], kind.prepare(tmp_path / "theirs" / same.train.name(row))
    )
    assert told.train["image"].shape[1:] == kind.shape
