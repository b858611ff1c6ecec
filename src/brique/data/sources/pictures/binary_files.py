"""Pictures in binary files: the built-in digits, MNIST's idx, CIFAR-10's binaries."""

import gzip
import math
import re
import zlib

import numpy as np
import torch
from torch import Tensor

from brique.data.files.place import Place, read_content
from brique.data.raw.digests import all_digests
from brique.data.raw.source import Source
from brique.errors import DataError
from brique.options import Options
from brique.schema import Category, Picture

_IDX = re.compile(r"(train|t10k|test)[-_.](images|labels)[-_.]idx([13])[-_.]ubyte(\.gz)?")
_BATCH = re.compile(r"data_batch_.*\.bin")
_CIFAR_NAMES = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR_ROW = 1 + 3 * 32 * 32
_PICKLES = frozenset([".pkl", ".pickle", ".pt", ".pth", ".joblib"])

KIND: str = "packed pictures"
USES: frozenset[str] = frozenset({"size", "channels"})


def fits(place: Place) -> bool:
    """Tell whether a folder holds idx files or CIFAR-10's binaries. Raises DataError on pickles."""
    return place.is_dir() and bool(_cifar_folder(place) or _idx_folder(place))


def read(name: str, place: Place, options: Options) -> Source:
    """Return the pictures of a folder of idx files or of CIFAR-10's binaries."""
    if (folder := _cifar_folder(place)) is not None:
        return _resize(cifar(folder, name), options)
    folder = _idx_folder(place)
    if folder is None:
        raise DataError(
            f"{name}: expected MNIST's idx files or CIFAR-10's binaries, got neither; check the"
            " path"
        )
    return _resize(idx(folder, name), options)


def built_in(options: Options) -> Source:
    """Return the built-in digits."""
    return _resize(digits(), options)


def pickle_error(place: Place) -> DataError | None:
    """Return the error for a file that is a pickle, or None."""
    if place.suffix.casefold() in _PICKLES or place.name == "data_batch_1":
        return _pickle_error(place.parent.name, place.name)
    return None


def digits() -> Source:
    """Return scikit-learn's 1,797 handwritten digits, 8 x 8, 16 gray levels."""
    from sklearn.datasets import load_digits

    grades, labels = load_digits(return_X_y=True)  # (1797, 64) from 0 to 16
    pixels = np.rint(np.asarray(grades) * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    names = tuple(str(digit) for digit in range(10))
    return _labeled_source("digits", torch.from_numpy(pixels), np.asarray(labels), names)


def _idx_folder(folder: Place) -> Place | None:
    """Return the folder of idx files: `folder`, `folder/raw` or `folder/MNIST/raw`, or None."""
    for candidate in (
        folder,
        *_only_subfolder(folder, "raw"),
        *_only_subfolder(folder, "MNIST/raw"),
    ):
        if candidate.is_dir() and any(_IDX.fullmatch(file.name) for file in candidate.iterdir()):
            return candidate
    return None


def idx(folder: Place, name: str) -> Source:
    """Return the pictures of MNIST's layout in `folder`, plain or gz.

    Raises DataError when a file is missing, damaged, or does not fit the other.
    """
    files: dict[tuple[str, str], Place] = {}
    for file in sorted(
        folder.iterdir(), key=lambda file: file.name, reverse=True
    ):  # a plain file before its .gz
        if match := _IDX.fullmatch(file.name):
            part = "train" if match[1] == "train" else "test"
            files[part, match[2]] = file
    if ("train", "images") not in files:
        raise DataError(f"{name}: expected train-images-idx3-ubyte in {folder}; add it")
    pictures: list[Tensor] = []
    labels: list[np.ndarray] = []
    for part in ("train", "test"):
        if (part, "images") in files:
            images, part_labels = _read_idx_part(files, part, name)
            pictures.append(images)
            labels.append(part_labels)
    classes, class_indices = np.unique(np.concatenate(labels), return_inverse=True)
    unknown = np.setdiff1d(classes, labels[0])
    if len(unknown):
        raise DataError(
            f"{name}: the test labels hold the class {unknown[0]}, which no training picture has; "
            "check that the files belong together"
        )
    source = _labeled_source(
        name, torch.cat(pictures), class_indices, tuple(str(label) for label in classes)
    )
    source.part = _parts_of_sizes([len(p) for p in pictures])
    return source


def _cifar_folder(folder: Place) -> Place | None:
    """Return the folder of CIFAR-10's binaries, `folder` or one in it, or None.

    Raises DataError for pickles in their place.
    """
    for candidate in (folder, *_only_subfolder(folder, "cifar-10-batches-bin")):
        if (candidate / "data_batch_1.bin").is_file():
            return candidate
    for candidate in (folder, *_only_subfolder(folder, "cifar-10-batches-py")):
        for file in ("data_batch_1", "data_batch_1.pkl"):
            if (candidate / file).is_file():
                raise _pickle_error(candidate.name, file)
    return None


def _pickle_error(name: str, file: str) -> DataError:
    """Return the error for a pickle."""
    return DataError(
        f"{name}: {file} is a pickle, which can run code when it is read; use CIFAR-10's binary "
        "version (cifar-10-binary.tar.gz, with data_batch_1.bin), or folders of pictures by class"
    )


def cifar(folder: Place, name: str) -> Source:
    """Return the pictures of CIFAR-10's binary layout in `folder`.

    Raises DataError when a file is cut short or holds a class without a name.
    """
    meta = folder / "batches.meta.txt"
    text = meta.read_text("utf-8", errors="replace") if meta.is_file() else _CIFAR_NAMES
    names = tuple(text.split())
    train = [file for file in folder.iterdir() if _BATCH.fullmatch(file.name)]
    train.sort(key=lambda file: file.name)
    tables = [_cifar_table(file, len(names), name) for file in train]
    sizes = [sum(len(table) for table in tables)]
    if (folder / "test_batch.bin").is_file():
        tables.append(_cifar_table(folder / "test_batch.bin", len(names), name))
        sizes.append(len(tables[-1]))
    table = np.concatenate(tables)  # (N, 3073): class, then red, green, blue planes
    pixels = torch.from_numpy(np.ascontiguousarray(table[:, 1:]).reshape(-1, 3, 32, 32))
    source = _labeled_source(name, pixels, table[:, 0], names)
    source.part = _parts_of_sizes(sizes)
    return source


def _only_subfolder(folder: Place, subfolder: str) -> list[Place]:
    """Return [folder/subfolder] if it is the only folder there, else []."""
    siblings = [entry.name for entry in folder.iterdir() if entry.is_dir()]
    return [folder / subfolder] if siblings == [subfolder.split("/")[0]] else []


def _labeled_source(
    name: str, pixels: Tensor, labels: np.ndarray, names: tuple[str, ...]
) -> Source:
    channels, height, width = pixels.shape[1:]
    kinds = {"image": Picture((channels, height, width)), "label": Category(names)}
    fields = {"image": pixels, "label": torch.from_numpy(labels.astype(np.int64))}
    return Source(name, dict(fields), dict(kinds), ("label",))


def _parts_of_sizes(sizes: list[int]) -> Tensor | None:
    """Return the parts of examples, train first, test last; None without a test part."""
    if len(sizes) == 1:
        return None
    return torch.repeat_interleave(torch.tensor([0, 2], dtype=torch.uint8), torch.tensor(sizes))


def _read_idx_part(
    files: dict[tuple[str, str], Place], part: str, name: str
) -> tuple[Tensor, np.ndarray]:
    path = files[part, "images"]
    if (part, "labels") not in files:
        raise DataError(f"{name}: {path.name} has no labels beside it; add the file of its labels")
    images = _read_idx(path, axes=3, name=name)
    labels = _read_idx(files[part, "labels"], axes=1, name=name)
    if len(images) != len(labels):
        raise DataError(
            f"{name}: {path.name} holds {len(images)} pictures but "
            f"{files[part, 'labels'].name} {len(labels)} labels; fetch both again"
        )
    return torch.from_numpy(images).unsqueeze(1), labels


def _read_idx(path: Place, *, axes: int, name: str) -> np.ndarray:
    """Return the bytes of an idx file in its shape. Raises DataError when it is not one."""
    try:
        packed = path.open("rb")
        with packed, gzip.open(packed) if path.suffix == ".gz" else packed as file:
            header = file.read(4 + 4 * axes)
            sizes = np.frombuffer(header[4:], ">u4").tolist() if len(header) == 4 + 4 * axes else []
            if not sizes or header[:4] != bytes([0, 0, 8, axes]) or 0 in sizes:
                raise DataError(
                    f"{name}: {path.name} is not an idx file of bytes with {axes} axes; "
                    "fetch it again"
                )
            content = bytearray(file.read(math.prod(sizes) + 1))  # no more, whatever a .gz claims
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name}: {path.name} cannot be read ({error}); fetch it again") from error
    if len(content) != math.prod(sizes):
        actual = "more" if len(content) > math.prod(sizes) else f"{len(content):,}"
        raise DataError(
            f"{name}: {path.name} should hold {math.prod(sizes):,} bytes after its head but holds "
            f"{actual}; fetch it again"
        )
    return np.frombuffer(content, np.uint8).reshape(sizes)


def _cifar_table(path: Place, num_classes: int, name: str) -> np.ndarray:
    data = np.frombuffer(bytearray(read_content(path)), np.uint8)
    if not len(data) or len(data) % _CIFAR_ROW:
        raise DataError(
            f"{name}: {path.name} has {len(data):,} bytes, not a multiple of {_CIFAR_ROW:,}; "
            "fetch it again"
        )
    table = data.reshape(-1, _CIFAR_ROW)
    if int(table[:, 0].max()) >= num_classes:
        raise DataError(
            f"{name}: {path.name} holds class {table[:, 0].max()}, but batches.meta.txt names "
            f"{num_classes}; fetch both again"
        )
    return table


def _resize(source: Source, options: Options) -> Source:
    """Resize pictures in memory to a size and channels, as `Picture.prepare` does."""
    pictures = source.fields["image"]
    assert isinstance(pictures, Tensor)
    own_channels, height, width = pictures.shape[1:]
    requested_size = (options.size, options.size) if isinstance(options.size, int) else options.size
    picture = Picture((options.channels or own_channels, *(requested_size or (height, width))))
    if picture.shape != (own_channels, height, width):
        source.digests = all_digests(source, np.arange(len(pictures)))
        fitted = torch.empty(len(pictures), *picture.shape, dtype=torch.uint8)
        for row, pixels in enumerate(pictures.numpy()):
            fitted[row] = picture.prepare(pixels)
        source.fields = {**source.fields, "image": fitted}
        source.kinds["image"] = picture
    return source
