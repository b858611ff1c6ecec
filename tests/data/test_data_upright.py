"""Pictures are turned once: what `data.open` gives for a file is what `prepare` makes of it."""

import io
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.errors import DataError, ShapeError
from brique.schema import picture_orientation, picture_shape

STORED = {  # from what is seen to what lies in the file, by the number of EXIF
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
ENDINGS = {".jpg": {"quality": 95}, ".png": {}, ".webp": {"lossless": True}, ".tif": {}}
MODES = ("L", "RGB", "RGBA", "P", "CMYK", "1", "LA", "I;16")


def seen(seed, size=(40, 30), channels=3):
    return np.random.default_rng(seed).integers(0, 256, (*size, channels), np.uint8)


def moded(array, mode):
    image = Image.fromarray(array)
    if mode == "I;16":
        return Image.fromarray(array[..., 0].astype(np.uint16) * 257)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(array[..., 1]))
        return image.convert(mode)
    return image.convert(mode)


def stored(path, array, orientation, mode="RGB"):
    """Save what is seen so that the note of a file turns it back."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = np.ascontiguousarray(STORED[orientation](array))
    more = dict(ENDINGS[path.suffix])
    if mode == "P":
        more["transparency"] = 3
    path.parent.mkdir(parents=True, exist_ok=True)
    moded(lying, mode).save(path, exif=exif, **more)
    return path


def is_writable(ending, mode):
    wrong = {".jpg": ("RGBA", "P", "LA", "I;16"), ".png": ("CMYK",),
             ".webp": ("P", "CMYK", "1", "LA", "I;16"), ".tif": ("P", "LA")}  # fmt: skip
    return mode not in wrong[ending]


def album(root, size=(40, 30)):
    """Make pictures of two classes in all formats, modes and orientations; return their files."""
    pairs = [(e, m) for e in ENDINGS for m in MODES if is_writable(e, m)]
    found = []
    for number, (ending, mode) in enumerate(pairs):
        for orientation in STORED:
            place = root / "ab"[number % 2] / f"{ending[1:]}-{mode}-{orientation}{ending}"
            found.append(stored(place, seen(100 * number + orientation, size), orientation, mode))
    return found


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos") / "photos"
    assert len(album(root)) == 160
    return root


def assert_equal_to_files(opened, root, field="image"):
    """Assert that each picture of a data set is what its schema prepares from its file."""
    assert not opened.skipped
    kind, count = opened.schema[field], 0
    for part in (opened.train, opened.valid, opened.test):
        for row, pixels in zip(part.ids.tolist(), part[field], strict=True):
            name = part.name(row)
            assert torch.equal(kind.prepare(root / name), pixels), name
            count += 1
    return count


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_is_turned_once_whoever_opens_it(tmp_path, ending, orientation):
    array = np.zeros((24, 16, 3), np.uint8)
    array[:8] = (250, 20, 20)  # a red sky
    array[16:, :8] = 255
    path = stored(tmp_path / f"a{ending}", array, orientation)
    found = picture_orientation(path)
    lying = STORED[orientation](array).shape[:2]
    assert (found.number, found.stored_size, found.upright_size) == (orientation, lying, (24, 16))
    assert picture_shape(path) == (3, 24, 16)
    stored(tmp_path / "set" / "x" / f"1{ending}", array, orientation)
    stored(tmp_path / "set" / "y" / f"2{ending}", array, 1)
    stored(tmp_path / "set" / "y" / f"3{ending}", array[:, ::-1], 1)
    opened = data.open(tmp_path / "set")
    kind = opened.schema["image"]
    assert kind.shape == (3, 24, 16)
    upright = opened.source.fields["image"][0].permute(1, 2, 0).numpy().astype(int)
    assert np.abs(upright - array)[2:6, 2:14].max() < 30  # a JPEG blurs edges
    for source in (path, str(path), Image.open(path), upright.astype(np.uint8)):
        assert torch.equal(kind.prepare(source), opened.source.fields["image"][0])


@pytest.mark.parametrize(
    "options",
    [{}, {"size": 32}, {"size": (20, 40)}, {"size": (40, 30)}, {"size": 100, "channels": 1}],
)
def test_folders_hold_what_their_files_are_prepared_to(photos, options):
    assert assert_equal_to_files(data.open(photos, **options), photos) == 160


def test_archives_hold_what_their_files_are_prepared_to(photos, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", photos)
    opened = data.open(packed, size=24)
    assert assert_equal_to_files(opened, photos) == 160
    assert opened.fingerprint == data.open(photos, size=24).fingerprint


def test_tables_and_flat_folders_hold_what_their_files_are_prepared_to(photos, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    rows = ["file,light"]
    for number, file in enumerate(sorted(photos.rglob("*.*"))):
        shutil.copy(file, flat / f"{number}{file.suffix}")
        rows.append(f"{number}{file.suffix},{number / 7}")
    assert assert_equal_to_files(data.open(flat, size=24), flat) == 160
    (flat / "rows.csv").write_text("\n".join(rows))
    opened = data.open(flat / "rows.csv", target="light", size=24)
    assert assert_equal_to_files(opened, flat, "file") == 160


def test_boxes_hold_pictures_as_their_files_are_prepared_inside(photos, tmp_path):
    root = tmp_path / "boxes"
    root.mkdir()
    for number, file in enumerate(sorted(photos.rglob("*.*"))):
        shutil.copy(file, root / f"{number}{file.suffix}")
        (root / f"{number}.xml").write_text(
            f"<annotation><filename>{number}{file.suffix}</filename><size><width>30</width><height>"
            "40</height></size><object><name>x</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>20"
            "</xmax><ymax>20</ymax></bndbox></object></annotation>"
        )
    opened = data.open(root, size=(24, 48))
    assert opened.schema["image"].letterbox
    assert assert_equal_to_files(opened, root) == 160


def test_captions_hold_what_their_files_are_prepared_to(photos, tmp_path):
    root = tmp_path / "captions"
    root.mkdir()
    lines = []
    for number, file in enumerate(sorted(photos.rglob("*.*"))):
        shutil.copy(file, root / f"{number}{file.suffix}")
        lines.append(f"{number}{file.suffix}#0\tpicture number {number} .")
    (root / "captions.txt").write_text("\n".join(lines))
    opened = data.open(root, size=24)
    kind = opened.schema["image"]
    for row, pixels in zip(opened.train.ids.tolist(), opened.train["image"], strict=True):
        assert torch.equal(kind.prepare(root / opened.train.name(row).split("#")[0]), pixels)


class Items:
    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


@pytest.mark.parametrize("options", [{}, {"size": (20, 40)}, {"size": 24, "channels": 1}])
def test_objects_hold_what_is_prepared_from_their_files(photos, options):
    files = sorted(photos.rglob("*.*"))
    opened = data.open(
        Items([(Image.open(file), i % 2) for i, file in enumerate(files)]), **options
    )
    for part in (opened.train, opened.valid, opened.test):
        for row, pixels in zip(part.ids.tolist(), part["image"], strict=True):
            assert torch.equal(opened.schema["image"].prepare(files[row]), pixels), files[row]


def test_images_that_were_turned_by_hand_stay(tmp_path):
    from PIL import ImageOps

    path = stored(tmp_path / "a.jpg", seen(1), 6)
    opened = Image.open(path)
    kind = data.open(Items([(opened, 0), (opened, 1), (opened, 0)])).schema["image"]
    assert kind.shape == (3, 40, 30)
    assert torch.equal(kind.prepare(ImageOps.exif_transpose(opened)), kind.prepare(path))
    small = Image.open(path)
    small.draft("RGB", (15, 20))  # a decoder that leaves out detail
    assert kind.prepare(small).shape == (3, 40, 30)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "I;16"])
def test_images_and_arrays_in_memory_are_turned_once(tmp_path, mode):
    files = [stored(tmp_path / f"{n}.png", seen(n), n, mode) for n in STORED]
    images = [Image.open(file) for file in files]
    for opened in (
        data.arrays(image=images, label=[0, 1] * 4),
        data.open({"image": images, "label": [0, 1] * 4}),
    ):
        assert opened.schema["image"].shape == (1 if mode in ("L", "I;16") else 3, 40, 30)
        for part in (opened.train, opened.valid, opened.test):
            for row, pixels in zip(part.ids.tolist(), part["image"], strict=True):
                assert torch.equal(opened.schema["image"].prepare(files[row]), pixels)


def test_arrays_with_channels_last_are_pictures():
    pixels = np.stack([seen(n) for n in range(10)])
    opened = data.arrays(image=pixels, label=[0, 1] * 5)
    assert opened.schema["image"].shape == (3, 40, 30)
    row = int(opened.train.ids[0])
    assert torch.equal(opened.train["image"][0], opened.schema["image"].prepare(pixels[row]))


def test_images_of_several_sizes_or_depths_are_refused():
    small, large = Image.fromarray(seen(1)), Image.fromarray(seen(1, (9, 9)))
    with pytest.raises(
        ShapeError, match="arrays: image: expected pictures of one size, got 2, such"
    ):
        data.arrays(image=[small, large], label=[0, 1])
    deep = Image.fromarray(np.zeros((40, 30), np.uint16))
    with pytest.raises(DataError, match="arrays: image: expected pictures of one depth; save all"):
        data.arrays(image=[small, deep], label=[0, 1])


@pytest.mark.parametrize("note", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0xx" * 9])
def test_a_damaged_note_turns_nothing(tmp_path, note):
    whole = io.BytesIO()
    Image.fromarray(seen(2)).save(whole, "JPEG", quality=95)
    raw = whole.getvalue()
    segment = b"\xff\xe1" + (len(note) + 2).to_bytes(2) + note
    for folder in "ab":
        (tmp_path / folder).mkdir()
        for i in range(3):
            (tmp_path / folder / f"{i}.jpg").write_bytes(raw[:2] + segment + raw[2:])
    opened = data.open(tmp_path)
    assert opened.schema["image"].shape == (3, 40, 30)
    assert assert_equal_to_files(opened, tmp_path) == 6


@pytest.mark.parametrize("number", [0, 9, 255])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path, number):
    exif = Image.Exif()
    exif[0x0112] = number
    for ending, more in ENDINGS.items():
        Image.fromarray(seen(3)).save(tmp_path / f"a{ending}", exif=exif, **more)
        found = picture_orientation(tmp_path / f"a{ending}")
        assert (found.number, found.stored_size, found.upright_size) == (1, (40, 30), (40, 30))
