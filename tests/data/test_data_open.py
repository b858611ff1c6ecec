"""Sources by name and path: digits, idx, CIFAR-10's binaries."""

import gzip
import struct

import numpy as np
import pytest
import torch

from brique import data
from brique.errors import DataError


def write_idx(path, array, packed=False):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    content = head + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    if packed:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))
    else:
        path.write_bytes(content)


def mnist(folder, packed=False, train=50, test=20):
    rng = np.random.default_rng(0)
    for part, n in (("train", train), ("t10k", test)):
        pixels = rng.integers(0, 256, (n, 6, 5), dtype=np.uint8)
        write_idx(folder / f"{part}-images-idx3-ubyte", pixels, packed)
        write_idx(folder / f"{part}-labels-idx1-ubyte", np.arange(n) % 10, packed)
    return folder


def cifar(folder, n=20):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"):
        rows = rng.integers(0, 256, (n, 3073), dtype=np.uint8)
        rows[:, 0] = np.arange(n) % 10
        (folder / name).write_bytes(rows.tobytes())
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    return folder


def test_digits_are_built_in():
    from sklearn.datasets import load_digits

    digits = data.open("digits")
    assert digits.name == "digits"
    assert [len(digits.train), len(digits.valid), len(digits.test)] == [1295, 143, 359]
    assert digits.schema["image"].shape == (1, 8, 8)
    assert digits.schema["label"].names == tuple("0123456789")
    assert digits.schema.target == "label"
    pixels, labels = load_digits(return_X_y=True)
    expected = np.rint(pixels[digits.test.ids] * 255 / 16).reshape(-1, 1, 8, 8)
    assert np.array_equal(digits.test["image"].numpy(), expected)
    assert np.array_equal(digits.test["label"].numpy(), labels[digits.test.ids])


def test_the_split_of_digits_never_moves():
    assert data.open("digits").test.ids[:8].tolist() == [8, 11, 12, 20, 21, 24, 29, 31]


def test_digits_are_fitted_as_prepare_fits_them():
    small, big = data.open("digits"), data.open("digits", size=28, channels=3)
    assert torch.equal(small.train.ids, big.train.ids)
    kind = big.schema["image"]
    assert kind.shape == (3, 28, 28)
    for source, fitted in zip(small.train["image"][:20], big.train["image"][:20], strict=True):
        assert torch.equal(kind.prepare(source), fitted)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
def test_idx_files_are_read(tmp_path, packed, below):
    mnist(tmp_path / "some" / below, packed)
    opened = data.open(tmp_path / "some")
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [40, 10, 20]
    assert opened.schema["image"].shape == (1, 6, 5)
    assert opened.schema["label"].names == tuple("0123456789")
    assert opened.test["label"].tolist() == [i % 10 for i in range(20)]
    pixels = np.random.default_rng(0).integers(0, 256, (50, 6, 5), dtype=np.uint8)
    assert np.array_equal(opened.train["image"][:, 0].numpy(), pixels[opened.train.ids])


def test_idx_without_test_draws_one(tmp_path):
    mnist(tmp_path, train=100)
    for part in ("images-idx3", "labels-idx1"):
        (tmp_path / f"t10k-{part}-ubyte").unlink()
    opened = data.open(tmp_path)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [70, 10, 20]


def edit(name, change):
    def spoil(folder):
        file = folder / name
        file.write_bytes(change(file.read_bytes()))

    return spoil


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (edit("train-images-idx3-ubyte", lambda b: b[:-7]),
         "m: train-images-idx3-ubyte should hold 1,500 bytes after its head but holds 1,493"),
        (edit("train-images-idx3-ubyte", lambda b: b + b"0"), "but holds more; fetch it again"),
        (edit("train-images-idx3-ubyte", lambda b: b[:9]), "is not an idx file of bytes with 3"),
        (edit("train-labels-idx1-ubyte", lambda b: b"\0\0\x0d\1" + b[4:]), "is not an idx file of"),
        (lambda f: write_idx(f / "train-labels-idx1-ubyte", np.arange(9)),
         "m: train-images-idx3-ubyte holds 50 pictures but train-labels-idx1-ubyte 9 labels"),
        (lambda f: write_idx(f / "t10k-labels-idx1-ubyte", np.full(20, 77)),
         "m: the test labels hold the class 77, which no training picture has; check that"),
        (lambda f: (f / "train-labels-idx1-ubyte").unlink(), "has no labels beside it; add"),
        (lambda f: (f / "train-images-idx3-ubyte").unlink(), "m: expected train-images-idx3-ubyte"),
        (lambda f: ((f / "train-images-idx3-ubyte").unlink(),
                    (f / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b junk")),
         r"m: train-images-idx3-ubyte.gz cannot be read \(.*\); fetch it again"),
    ],
)  # fmt: skip
def test_damaged_idx_files_are_named(tmp_path, spoil, text):
    spoil(mnist(tmp_path / "m"))
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / "m")


def test_cifar_binaries_are_read(tmp_path):
    opened = data.open(cifar(tmp_path / "c"))
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [30, 10, 20]
    assert opened.schema["label"].names == tuple("abcdefghij")
    rows = np.frombuffer((tmp_path / "c" / "test_batch.bin").read_bytes(), np.uint8)
    rows = rows.reshape(-1, 3073)
    assert np.array_equal(opened.test["image"].flatten(1).numpy(), rows[:, 1:])
    assert opened.test["label"].tolist() == rows[:, 0].tolist()


def test_damaged_cifar_files_are_named(tmp_path):
    folder = cifar(tmp_path / "c")
    (folder / "batches.meta.txt").write_text("a b c")
    with pytest.raises(
        DataError, match=r"data_batch_1.bin holds class 9, but batches.meta.txt name"
    ):
        data.open(folder)
    (folder / "data_batch_2.bin").write_bytes(b"123")
    (folder / "batches.meta.txt").unlink()
    with pytest.raises(DataError, match=r"data_batch_2.bin has 3 bytes, not a multiple of 3,073"):
        data.open(folder)


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_1.pkl"])
def test_pickles_are_refused_with_the_format_to_use(tmp_path, name):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / name).write_bytes(b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.")
    text = rf"cifar-10-batches-py: {name} is a pickle, .* use CIFAR-10's binary version"
    for source in (folder, tmp_path, folder / name):
        with pytest.raises(DataError, match=text):
            data.open(source)


def test_names_are_looked_up_in_brique_data(tmp_path, monkeypatch):
    mnist(tmp_path / "b" / "My_MNIST" / "raw")
    cifar(tmp_path / "b" / "cifar-10-batches-bin")
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("BRIQUE_DATA", f"{tmp_path / 'none'}:{tmp_path / 'a'}:{tmp_path / 'b'}")
    assert len(data.open("my-mnist").test) == 20
    assert data.open("mymnist").name == "mymnist"
    assert data.open("cifar10").schema["image"].shape == (3, 32, 32)
    text = (
        r"data: no 'my-mnis': it is not built in \(digits\), no such path exists, and it is not in "
        r"BRIQUE_DATA \(.*b\); did you mean 'my_mnist'\?"
    )
    with pytest.raises(DataError, match=text):
        data.open("my-mnis")


def test_folders_of_several_sets_are_not_guessed(tmp_path):
    mnist(tmp_path / "all" / "MNIST" / "raw")
    cifar(tmp_path / "all" / "cifar-10-batches-bin")
    with pytest.raises(
        DataError, match="known kind, but cifar-10-batches-bin, MNIST; give a file, or a layout"
    ):
        data.open(tmp_path / "all")


def test_empty_name_is_an_error():
    with pytest.raises(DataError, match="data: got an empty name; pass 'digits', a path, or a"):
        data.open("")


def test_unknown_names_say_what_was_tried(tmp_path, monkeypatch):
    monkeypatch.delenv("BRIQUE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"data: no 'digit': .*BRIQUE_DATA is not set; did you mean "
                                        r"'digits'\?"):  # fmt: skip
        data.open("digit")
    with pytest.raises(DataError, match="as BRIQUE_DATA is not set; check the name"):
        data.open("qqq")
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataError, match=r"did you mean '.*/photos'\?"):
        data.open(tmp_path / "photo")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("houses.csv", "houses.csv: is empty; give a table with a header and rows"),
        (
            "photos.zip",
            "photos.zip: cannot be opened as an archive .File is not a zip file.; fetch it",
        ),
        ("set.pkl", "set.pkl is a pickle, which can run code"),
        ("cat.jpg", "cat.jpg: is one file of no known kind; .* the folder that holds a folder of"),
    ],
)
def test_files_are_refused(tmp_path, file, text):
    (tmp_path / file).touch()
    with pytest.raises(DataError, match=text):
        data.open(tmp_path / file)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"target": "price"},
            "digits: --target means nothing for packed pictures, which know --channels, --size",
        ),
        ({"kind": "table"}, "digits: is built in and its kind is known, got --kind; leave it out"),
        ({"header": False}, "digits: --header means nothing for packed pictures"),
        ({"test": "x"}, "digits: --test means nothing for packed pictures"),
        ({"size": 0}, "data: size must be 1 or more pixels, got 0; leave it out"),
        ({"size": 100_000}, "100000 x 100000 is over the limit of 50 million pixels"),
        ({"channels": 2}, r"data: channels must be 1 \(gray\) or 3 \(color\), got 2; pass either"),
    ],
)
def test_options_that_make_no_sense_are_named(options, text):
    with pytest.raises(DataError, match=text):
        data.open("digits", **options)


def has(name):
    try:
        data.open(name, size=8)
    except DataError:
        return False
    return True


def test_mnist_has_its_mean_and_spread():
    try:
        opened = data.open("mnist")
    except DataError:
        pytest.skip("needs MNIST: a folder 'MNIST' under BRIQUE_DATA")
    assert [len(opened.train) + len(opened.valid), len(opened.test)] == [60_000, 10_000]
    assert opened.schema["image"].mean == pytest.approx((0.1307,), abs=1e-3)
    assert opened.schema["image"].std == pytest.approx((0.3081,), abs=1e-3)


def test_cifar_has_its_classes():
    try:
        opened = data.open("cifar-10")
    except DataError:
        pytest.skip("needs CIFAR-10: a folder 'cifar-10-batches-bin' under BRIQUE_DATA")
    assert opened.schema["label"].names[:3] == ("airplane", "automobile", "bird")
    assert opened.test["label"].bincount().tolist() == [1000] * 10
