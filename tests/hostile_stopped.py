"""What a run that stopped in the middle may hold that a stranger sent, and what its data may be.

A case changes `live/run`, whose data are `live/data`, a folder of pictures.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brique import files, reader
from hostile import DEEP, Change, content, link, long, outside, pipe, record, settings


def listing(change: Callable[[dict[str, Any]], object]) -> Change:
    """Return a change of data.json, with a checksum that fits."""

    def spoil(run: Path) -> None:
        value = json.loads((run / "data.json").read_text())
        change(value)
        value.pop("checksum", None)
        files.write_json(run / "data.json", value | {"checksum": reader.checksum(value)})

    return spoil


def root(**values: Any) -> Change:
    return listing(lambda value: value["roots"][0].update(values))


def stamp(*numbers: Any) -> Change:
    """Return a change of all stamps, so that each file must be looked at."""

    def change(value: dict[str, Any]) -> None:
        listed = value["roots"][0]["files"]
        listed.update({name: list(numbers) for name in listed})

    return listing(change)


def placed(make: Callable[[Path], object], *, follows: bool = True) -> Change:
    """Return a change that puts something in the place of the data; or beside, named by data.json."""

    def change(run: Path) -> None:
        data = run.parent / "data"
        place = data if follows else run.parent / "other"
        if follows:
            shutil.rmtree(data)
        make(place)
        root(path=str(place))(run)

    return change


def looped(place: Path) -> None:
    (place / "a").mkdir(parents=True)
    (place / "a" / "b").symlink_to(place)
    (place / "c").symlink_to(place / "c")


def one_picture(make: Callable[[Path], object]) -> Change:
    def change(run: Path) -> None:
        first = min((run.parent / "data").rglob("*.png"))
        first.unlink()
        make(first)

    return change


def zero(place: Path) -> None:
    place.symlink_to("/dev/zero")


def weights(make: Callable[[Path], object]) -> Change:
    """Return a change after which the run begins with weights that are none."""

    def change(run: Path) -> None:
        make(run.parent / "w.safetensors")
        settings(start=f"timm:resnet10t:{run.parent / 'w.safetensors'}")(run)

    return change


STOPPED: dict[str, Change] = {
    "as it was": lambda run: None,
    "batch": settings(batch_size=10**15),
    "width": settings(width=10**6),
    "depth": settings(depth=10**8),
    "depth of a million": settings(depth=10**6),
    "seed": settings(seed=2**200),
    "seed of the record": record(seed=2**200),
    "no turns": settings(turns=0),
    "size of pictures": settings(options={"size": 10000000}),
    "weights that are a pipe": weights(os.mkfifo),
    "weights without end": weights(zero),
    "weights that are a folder": weights(Path.mkdir),
    "data without end": settings(data="/dev/zero"),
    "data that are a terminal": settings(data="/dev/tty"),
    "a name of data that is long": settings(data="x" * 10**6),
    "an empty data.json": content("data.json", ""),
    "a deep data.json": content("data.json", DEEP),
    "a data.json of nothing": content("data.json", "{}"),
    "a data.json with another checksum": content("data.json", '{"format": 2, "checksum": "x"}'),
    "a data.json of a newer format": content("data.json", '{"format": 9}'),
    "a pipe as data.json": pipe("data.json"),
    "data.json without end": link("data.json", "/dev/zero"),
    "a long data.json": long("data.json", 50 << 30),
    "a data.json outside": outside("data.json"),
    "no roots": listing(lambda value: value.pop("roots")),
    "no fingerprints": listing(lambda value: value.pop("fingerprints")),
    "roots of a number": listing(lambda value: value.update(roots=3)),
    "roots of an object": listing(lambda value: value.update(roots={"a": 1})),
    "a root of a text": listing(lambda value: value.update(roots=["x"])),
    "fingerprints of a list": listing(lambda value: value.update(fingerprints=[1])),
    "fingerprints of other data": listing(lambda value: value.update(fingerprints={"x": "y"})),
    "a root without path": listing(lambda value: value["roots"][0].pop("path")),
    "a path of a number": root(path=3),
    "an empty path": root(path=""),
    "a long path": root(path="/" + "x" * 10**6),
    "a path with a zero byte": root(path="/a\0b"),
    "files of a list": root(files=[1]),
    "files of texts": root(files={"a.png": "x"}),
    "many files": root(files={f"{number}.png": [1, 1, "x"] for number in range(300_000)}),
    "sizes of 10^13": stamp(10**13, 1, "x"),
    "sizes of many digits": stamp(10**300, -(10**300), "x"),
    "a size of NaN": content("data.json", '{"format": 2, "roots": NaN}'),
    "sizes of texts": stamp("x", [], {}),
    "files that could not be read": stamp(0, 0, "unreadable: x"),
    "a path without end": root(path="/dev/zero"),
    "a path to all files": root(path="/proc/self/fd"),
    "a pipe as path": placed(os.mkfifo, follows=False),
    "a path to links in a loop": placed(looped, follows=False),
    "data that became a pipe": placed(os.mkfifo),
    "data that became zeros without end": placed(zero),
    "data that became links in a loop": placed(looped),
    "data that became a file of 50 GB": placed(lambda place: os.truncate(made(place), 50 << 30)),
    "data that are gone": placed(lambda place: None),
    "a picture that became a pipe": one_picture(os.mkfifo),
    "a picture without end": one_picture(zero),
    "a picture of 50 GB": one_picture(lambda place: os.truncate(made(place), 50 << 30)),
}
"""Changes of a run that stopped in its turns, after which `resume` is asked."""


def made(place: Path) -> Path:
    place.touch()
    return place
