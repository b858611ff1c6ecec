"""How the data sets under BRIQUE_DATA are split: the same lines before and after a change.

    python benchmarks/splits.py > after.txt               all sets, those that are there
    python benchmarks/splits.py adult digits              some of them
    PYTHONPATH=OLD/src python benchmarks/splits.py        by an older checkout

Prints for each set its name, a digest of the part of each example, one of five folds, the
fingerprint of the data, and the sizes of train, valid and test. Compare the outputs with diff:
what differs in the parts is another split; what differs in the fingerprint alone is other values.
"""

import hashlib
import os
import sys

import numpy as np

from brique import data
from brique.errors import BriqueError
from kinds import CASES, shelves

ALONE = ("--task", "--from")  # flags of training, not of opening
MORE = {
    "digits": ("digits",),
    "chihuahua-muffin": ("chihuahua-muffin",),
    "orl-faces": ("orl-faces",),
    "cifar-10": ("cifar-10",),
    "iris": ("iris.csv",),
    "wine": ("wine.csv",),
    "banknote": ("banknote_authentication.csv",),
    "boston-housing": ("boston-housing.csv",),
    "higgs": ("higgs-10984.csv.gz",),
    "names": ("names.zip",),
    "sst": ("sst",),
    "multi30k": ("multi30k",),
    "tinyshakespeare": ("tinyshakespeare",),
}


def opened(words: tuple[str, ...]) -> data.Data:
    """Return a data set as the words of a command open it."""
    source, *flags = words
    options: dict[str, object] = {}
    for name, value in zip(flags[::2], flags[1::2], strict=True):
        if name in ALONE:
            continue
        one = data.options([f"{name.removeprefix('--')}={value}"])
        for key, read in one.items():
            old = options.get(key)
            options[key] = old | read if isinstance(old, dict) and isinstance(read, dict) else read
    return data.open(source, **options)  # type: ignore[arg-type]


def line(name: str, words: tuple[str, ...]) -> str:
    """Return what is to be compared of a set."""
    try:
        found = opened(words)
    except BriqueError as error:
        return f"{name}: {error}"
    assert found.source is not None
    parts = np.full(len(found.source), 3, np.uint8)
    for place, split in enumerate((found.train, found.valid, found.test)):
        parts[split.ids.numpy()] = place
    sizes = " / ".join(f"{int((parts == place).sum()):,}" for place in range(3))
    said = [f"parts {_short(parts)}", f"folds {_folds(found)}", f"data {found.fingerprint[:12]}"]
    return f"{name}: {', '.join(said)}, {sizes}"


def _folds(found: data.Data) -> str:
    try:
        ids = [fold.test.ids.numpy() for fold in found.folds(5)]
    except BriqueError:
        return "none"
    return _short(np.concatenate(ids))


def _short(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:12]


def main() -> None:
    """Print the lines of all sets, or of those named."""
    places = [one for one in shelves().split(os.pathsep) if one]
    hep = [os.path.join(one, "hep") for one in places if os.path.isdir(os.path.join(one, "hep"))]
    os.environ["BRIQUE_DATA"] = os.pathsep.join([*places, *hep])
    sets = {name: case.words for name, case in CASES.items()} | MORE
    for name in sys.argv[1:] or sets:
        print(line(name, sets[name]), flush=True)


if __name__ == "__main__":
    main()
