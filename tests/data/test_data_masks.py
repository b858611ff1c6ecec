"""Masks as people have them: each gives the right classes, or says why it cannot."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from brique import data
from brique.errors import DataError
from brique.schema import Schema

SIZE = (48, 64)


def scene(seed, size=SIZE):
    """Return a picture, where its thing is, and the border of that."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    cy, cx, r = rng.integers(14, 34), rng.integers(14, size[1] - 14), rng.integers(7, 13)
    distance = (y - cy) ** 2 + (x - cx) ** 2
    inside = distance < r * r
    edge = (distance < (r + 2) ** 2) & ~inside
    pixels = rng.integers(0, 80, (*size, 3))
    pixels[inside] += 120
    return pixels.astype(np.uint8), inside, edge


def made(root, draw, shown="images/{}.png", mapped="masks/{}.png", n=12, **more):
    """Make pictures with masks that `draw` gives; return the folder and what is inside."""
    things = []
    for i in range(n):
        pixels, inside, edge = scene(i)
        for name, image in ((shown, Image.fromarray(pixels)), (mapped, draw(inside, edge))):
            file = root / name.format(i)
            file.parent.mkdir(parents=True, exist_ok=True)
            image.save(file, **(more if name == mapped else {}))
        things.append(inside)
    return things


def grey(array):
    return Image.fromarray(np.asarray(array).astype(np.uint8))


def classes(opened):
    """Return the class of each pixel of all masks by the name of the picture, and their names."""
    masks = opened.source.fields["mask"].numpy()
    return dict(zip(opened.source.names, masks, strict=True)), opened.schema["mask"].names


def found(opened, kind):
    return [one for one in opened.source.findings if one.kind == kind]


def indexed(array, colors):
    image = grey(array)
    image.putpalette([part for color in colors for part in color])
    return image


def rgba(inside, edge):
    array = np.zeros((*inside.shape, 4), np.uint8)
    array[inside], array[..., 3] = (255, 255, 255, 255), 255
    return Image.fromarray(array)


def cut_out(inside, edge):
    array = np.zeros((*inside.shape, 4), np.uint8)
    array[inside] = 255  # the rest is clear
    return Image.fromarray(array)


BINARY = {
    "0 and 255": lambda i, e: grey(i * 255),
    "saved as RGB": lambda i, e: grey(i * 255).convert("RGB"),
    "RGBA": rgba,
    "a thing cut out": cut_out,
    "bits": lambda i, e: Image.fromarray(i),
    "0 and 1": lambda i, e: grey(i),
    "0 and 1 as RGB": lambda i, e: grey(i).convert("RGB"),
    "16 bits": lambda i, e: Image.fromarray(i.astype(np.uint16)),
    "a palette": lambda i, e: indexed(i, [(0, 0, 0), (128, 0, 0)]),
    "0 and 128": lambda i, e: grey(i * 128),
}


@pytest.mark.parametrize("drawn", BINARY)
def test_masks_of_two_values_have_two_classes(tmp_path, drawn):
    things = made(tmp_path, BINARY[drawn])
    opened = data.open(tmp_path)
    masks, names = classes(opened)
    assert len(names) == 2
    for i, thing in enumerate(things):
        assert np.array_equal(masks[f"images/{i}.png"], thing), i
        expected = opened.schema["mask"].prepare(tmp_path / "masks" / f"{i}.png")
        assert np.array_equal(masks[f"images/{i}.png"], expected)


@pytest.mark.parametrize("ending", [".gif", ".bmp", ".tif", ".webp"])
def test_masks_in_other_formats_keep_their_numbers(tmp_path, ending):
    lossless = {"lossless": True} if ending == ".webp" else {}
    things = made(tmp_path, lambda i, e: grey(i * 255), mapped="masks/{}" + ending, **lossless)
    grey(np.full(SIZE, 255)).save(tmp_path / "masks" / f"99{ending}", **lossless)  # the thing alone
    grey(np.zeros(SIZE)).save(tmp_path / "images" / "99.png")
    masks, names = classes(data.open(tmp_path))
    assert names == ("0", "255")
    assert (masks["images/99.png"] == 1).all()
    assert np.array_equal(masks["images/3.png"], things[3])


def test_255_counts_for_nothing_beside_0_to_k_alone(tmp_path):
    made(tmp_path / "border", lambda i, e: grey(np.where(e, 255, i)))
    opened = data.open(tmp_path / "border")
    masks, names = classes(opened)
    assert names == ("0", "1")
    assert np.array_equal(masks["images/2.png"] == 255, scene(2)[2])
    assert any("pixels of 255 are ignored beside 0 to 1" in note for note in opened.notes)
    made(tmp_path / "levels", lambda i, e: grey(i * 255 + e * 128))
    opened = data.open(tmp_path / "levels")
    masks, names = classes(opened)
    assert names == ("0", "128", "255")
    _, inside, edge = scene(2)
    assert np.array_equal(masks["images/2.png"], inside * 2 + edge)
    assert any("255 is read as a class, like 0, 128" in note for note in opened.notes)
    assert not found(opened, "void or class")
    expected = opened.schema["mask"].prepare(tmp_path / "levels" / "masks" / "2.png")
    assert np.array_equal(masks["images/2.png"], expected)


def test_255_beside_numbers_with_gaps_is_an_error_that_a_list_mends(tmp_path):
    made(tmp_path, lambda i, e: grey(np.where(e, 255, i * 7)))
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("0", "7", "255")
    (finding,) = found(opened, "void or class")
    assert finding.severity == "error"
    assert "Masks hold 0, 7 and 255, which may be a class or ignored" in finding.reason
    (tmp_path / "classes.txt").write_text("0: ground\n7: ball\n255: void\n")
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("ground", "ball")
    assert np.array_equal(classes(opened)[0]["images/2.png"] == 255, scene(2)[2])
    (tmp_path / "classes.txt").write_text("0: ground\n7: ball\n255: rim\n")
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("ground", "ball", "rim")
    assert not found(opened, "void or class")


def test_levels_get_names_by_numbered_lines(tmp_path):
    made(tmp_path, lambda i, e: grey(i * 255 + e * 128))
    (tmp_path / "classes.txt").write_text("ground\nrim\nball\n")
    with pytest.raises(DataError, match=r"holds class 128 in .* name it there \(128: NAME\)"):
        data.open(tmp_path)
    (tmp_path / "classes.txt").write_text("0 ground\n128 rim\n255 ball\n")
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("ground", "rim", "ball")
    assert classes(opened)[0]["images/2.png"].max() == 2


def blurred(i, e):
    return grey(i * 255).resize((33, 25), 3).resize((64, 48), 3)


@pytest.mark.parametrize(
    ("draw", "ending"),
    [
        (blurred, ".png"),
        (lambda i, e: grey(i * 255).filter(ImageFilter.GaussianBlur(1)), ".png"),
        (lambda i, e: grey(i * 255).resize((32, 24), 2), ".png"),
        (lambda i, e: grey(i * 255).filter(ImageFilter.GaussianBlur(1)), ".jpg"),
        (lambda i, e: grey(i * 255 + e * 128), ".jpg"),
        (lambda i, e: grey(i * 60), ".jpg"),
    ],
)
def test_blurred_masks_are_refused_with_a_remedy(tmp_path, draw, ending):
    made(tmp_path, draw, mapped="masks/{}" + ending)
    with pytest.raises(DataError, match=r"choose a threshold and save it as PNG, or scale it by"):
        data.open(tmp_path)


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("again", [False, True])
def test_noise_of_compression_is_taken_from_black_and_white(tmp_path, quality, again):
    def draw(i, e):
        file = io.BytesIO()
        grey(i * 255).save(file, "JPEG", quality=quality)
        return Image.open(file)

    ending = ".png" if again else ".jpg"  # a JPEG that was saved as PNG keeps its noise
    things = made(tmp_path, draw, mapped="masks/{}" + ending, **({} if again else {"quality": 90}))
    opened = data.open(tmp_path)
    masks, names = classes(opened)
    assert names == ("0", "255")
    assert all(np.array_equal(masks[f"images/{i}.png"], t) for i, t in enumerate(things))
    (finding,) = found(opened, "compressed mask")
    assert (finding.severity, finding.count) == ("warning", len(things))
    expected = opened.schema["mask"].prepare(tmp_path / "masks" / f"2{ending}")
    assert np.array_equal(masks["images/2.png"], expected)


def test_compressed_numbers_of_classes_are_refused(tmp_path):
    made(tmp_path, lambda i, e: grey(i * 2 + e), mapped="masks/{}.jpg")
    with pytest.raises(DataError, match=r"lossily compressed, and hold no white; save the num"):
        data.open(tmp_path)


def test_numbers_with_gaps_in_areas_are_no_blur(tmp_path):
    def draw(i, e):
        bands = np.array([0, 4, 9, 30, 77])[np.arange(SIZE[1]) // 13].reshape(1, -1)
        return grey(np.where(i, 200, bands.repeat(SIZE[0], 0)))

    made(tmp_path, draw)
    assert data.open(tmp_path).schema["mask"].names == ("0", "4", "9", "30", "77", "200")


def test_grey_of_few_bits_keeps_its_numbers(tmp_path):
    made(tmp_path, lambda i, e: grey(i * 2 + e))
    for file in (tmp_path / "masks").iterdir():
        file.write_bytes(few_bits(np.asarray(Image.open(file)), 2))
        assert np.asarray(Image.open(file)).max() == 170  # as Pillow reads it
    opened = data.open(tmp_path)
    assert opened.schema["mask"].names == ("0", "1", "2")


def few_bits(array, bits):
    """Return a PNG of grey in samples of few bits."""
    import struct
    import zlib

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    each = 8 // bits
    packed = sum(array[:, k::each].astype(int) << (8 - bits * (k + 1)) for k in range(each))
    rows = b"".join(b"\0" + row.tobytes() for row in packed.astype(np.uint8))
    head = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], bits, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def colored(i, e):
    array = np.zeros((*i.shape, 3), np.uint8)
    array[i], array[e] = (128, 0, 0), (224, 224, 192)
    return Image.fromarray(array)


def test_colors_without_a_list_are_refused_and_told(tmp_path):
    made(tmp_path, colored)
    with pytest.raises(DataError, match=r"got colors \(RGB\), such as \(0, 0, 0\), \(128, 0, 0\)"):
        data.open(tmp_path)
    (tmp_path / "class_dict.csv").write_text(
        "name,r,g,b\nground,0,0,0\nball,128,0,0\nrim,224,224,192\n"
    )
    opened = data.open(tmp_path)
    masks, names = classes(opened)
    assert names == ("ground", "ball", "rim")
    expected = opened.schema["mask"].prepare(tmp_path / "masks" / "2.png")
    assert np.array_equal(masks["images/2.png"], expected)
    again = Schema.from_json(opened.schema.to_json())["mask"]
    assert torch.equal(again.prepare(tmp_path / "masks" / "2.png"), expected)
    colored(*scene(2)[1:]).resize((60, 45), 2).save(tmp_path / "masks" / "2.png")
    with pytest.raises(DataError, match=r"mask .*2.png: expected the numbers or colors of ground"):
        again.prepare(tmp_path / "masks" / "2.png")


def test_transparency_is_no_class(tmp_path):
    def draw(i, e):
        image = grey(np.zeros(i.shape)).convert("RGBA")
        image.putalpha(grey(i * 255))
        return image

    made(tmp_path, draw)
    with pytest.raises(DataError, match="is transparent in places, which may or may not mean a cl"):
        data.open(tmp_path)


def test_probabilities_are_refused(tmp_path):
    made(tmp_path, lambda i, e: Image.fromarray(i.astype(np.float32) * 0.9), mapped="masks/{}.tif")
    with pytest.raises(DataError, match=r"got 0 to 0.9 \(F\); choose a threshold, and save whole"):
        data.open(tmp_path)


def test_palettes_that_differ_are_an_error(tmp_path):
    made(tmp_path, lambda i, e: indexed(i, [(0, 0, 0), (200, 0, 0)]))
    assert not found(data.open(tmp_path), "palettes differ")
    _, inside, _ = scene(2)
    indexed(~inside, [(200, 0, 0), (0, 0, 0)]).save(tmp_path / "masks" / "2.png")
    (finding,) = found(data.open(tmp_path), "palettes differ")
    assert finding.severity == "error"
    assert "in masks/2.png 0 is #c80000, #000000 in masks/0.png" in finding.reason
    (tmp_path / "classes.txt").write_text("ground\nball\n")
    assert found(data.open(tmp_path), "palettes differ")[0].severity == "warning"


def test_masks_of_half_the_size_are_scaled_and_said(tmp_path):
    made(tmp_path, lambda i, e: grey(i).resize((32, 24), 0))
    opened = data.open(tmp_path)
    assert classes(opened)[0]["images/0.png"].shape == SIZE
    assert any("12 masks are of another size than the picture" in note for note in opened.notes)


def test_masks_on_their_side_are_refused_by_their_sizes(tmp_path):
    made(tmp_path, lambda i, e: grey(i.T))
    with pytest.raises(DataError, match="has 48 x 64 pixels, its picture 64 x 48; make both equal"):
        data.open(tmp_path)


@pytest.mark.parametrize(
    ("shown", "mapped"),
    [
        ("images/{}.png", "masks/{}_mask.png"),
        ("images/{}.png", "masks/{}-mask.png"),
        ("images/{}.png", "masks/{}_seg.png"),
        ("images/{}.png", "masks/mask_{}.png"),
        ("images/img_{}.png", "masks/mask_{}.png"),
        ("images/{}_image.png", "masks/{}_label.png"),
        ("images/{}_sat.png", "masks/{}_mask.png"),
        ("images/a_{}_leftImg8bit.png", "masks/a_{}_gtFine_labelIds.png"),
        ("images/{}.png", "masks/{}_segmentation.png"),
        ("images/{}.png", "labels/label_{}.png"),
        ("imgs/im{}.png", "segs/seg{}.png"),
        ("images/{}.png", "ground_truth/gt_{}.png"),
        ("images/x/{}.png", "masks/x/{}_groundtruth.png"),
    ],
)
def test_names_of_masks_lead_to_their_pictures(tmp_path, shown, mapped):
    things = made(tmp_path, lambda i, e: grey(i * 255), shown, mapped)
    opened = data.open(tmp_path)
    masks, _ = classes(opened)
    assert not opened.skipped
    for i, thing in enumerate(things):
        assert np.array_equal(masks[shown.format(i)], thing), i


def test_two_files_of_one_name_are_named(tmp_path):
    made(tmp_path, lambda i, e: grey(i * 255))
    grey(np.zeros(SIZE)).save(tmp_path / "masks" / "3.bmp")
    grey(np.zeros(SIZE)).save(tmp_path / "masks" / "4_mask.png")
    reasons = dict(data.open(tmp_path).skipped)
    assert reasons["masks/3.png"] == "has the same name as masks/3.bmp; remove one"
    assert reasons["masks/4_mask.png"] == "has the same name as masks/4.png; remove one"


STORED = {3: lambda a: a[::-1, ::-1], 6: lambda a: np.rot90(a, 1), 8: lambda a: np.rot90(a, -1)}


def turned(root, numbers, mask_as, size=SIZE, n=12):
    """Make photographs that a note turns, with masks that lie as `mask_as` says of each."""
    things = []
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    for i in range(n):
        pixels, inside, _ = scene(i, size)
        number = numbers[i % len(numbers)]
        exif = Image.Exif()
        exif[0x0112] = number
        lying = STORED.get(number, lambda a: a)
        photo = Image.fromarray(np.ascontiguousarray(lying(pixels)))
        photo.save(root / "images" / f"{i}.jpg", exif=exif, quality=95)
        how = mask_as(i)
        mask = grey(np.ascontiguousarray(inside if how == "seen" else lying(inside)) * 255)
        more = {"exif": exif} if how == "noted" else {}
        mask.save(root / "masks" / f"{i}.png", **more)
        things.append(inside)
    return things


@pytest.mark.parametrize("how", ["seen", "stored", "noted"])
@pytest.mark.parametrize("numbers", [(6,), (8, 1), (6, 3)])
def test_masks_lie_over_photographs_that_a_note_turns(tmp_path, how, numbers):
    things = turned(tmp_path / "set", numbers, lambda i: how)
    opened = data.open(tmp_path / "set")
    masks, _ = classes(opened)
    for i, thing in enumerate(things):
        assert np.array_equal(masks[f"images/{i}.jpg"], thing), i
    assert len(found(opened, "rotated mask")) == (how == "stored")
    assert not found(opened, "ambiguous mask")


@pytest.mark.parametrize(("numbers", "size"), [((3,), SIZE), ((6,), (48, 48))])
def test_masks_that_fit_either_way_are_an_error(tmp_path, numbers, size):
    turned(tmp_path / "set", numbers, lambda i: "stored", size)
    (finding,) = found(data.open(tmp_path / "set"), "ambiguous mask")
    assert finding.severity == "error"
    assert "may fit their photographs as stored or as rotated" in finding.reason
    assert finding.count == 12


def test_an_upright_photograph_with_a_turned_mask(tmp_path):
    made(tmp_path, lambda i, e: grey(i * 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = grey(np.ascontiguousarray(np.rot90(scene(2)[1])) * 255)
    lying.save(tmp_path / "masks" / "2.png", exif=exif)
    grey(scene(3)[1] * 255).save(tmp_path / "masks" / "3.png", exif=exif)  # turned away from it
    opened = data.open(tmp_path)
    assert np.array_equal(classes(opened)[0]["images/2.png"], scene(2)[1])
    reasons = dict(opened.skipped)
    assert reasons == {"masks/3.png": "has 48 x 64 pixels, its picture 64 x 48; make both equal"}
