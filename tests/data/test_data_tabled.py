"""Sounds that a table names: which label and which part each has."""

import io
import wave

import numpy as np
import pytest

from brique import data
from brique.errors import DataError
from layouts import parts, told, write


def sounds(folder, some):
    folder.mkdir(parents=True, exist_ok=True)
    for i in some:
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            values = np.random.default_rng(i).uniform(-0.9, 0.9, 80)
            out.writeframes((values * 32767).astype("<i2").tobytes())
        (folder / f"{i:03d}.wav").write_bytes(file.getvalue())


KIND = {f"{i:03d}": ("no", "yes")[i % 2] for i in range(12)}


@pytest.mark.parametrize("place", ["labels.csv", "meta/labels.csv", "audio/labels.csv"])
@pytest.mark.parametrize("cell", ["{}.wav", "{}", "/srv/me/{}.wav"])
def test_a_table_says_what_sounds_are(tmp_path, place, cell):
    sounds(tmp_path / "s" / "audio", range(12))
    rows = "".join(f"{cell.format(stem)},{label}\n" for stem, label in KIND.items())
    write(tmp_path / "s" / place, "file,label\n" + rows)
    opened = data.open(tmp_path / "s")
    assert told(opened) == {f"audio/{stem}.wav": label for stem, label in KIND.items()}
    assert opened.schema.inputs == ("sound",)


def test_tables_of_parts_say_the_parts_of_sounds(tmp_path):
    root = tmp_path / "s"
    for part, some in (("train", range(8)), ("test", range(8, 12))):
        sounds(root / part, some)
        rows = "".join(f"{i:03d}.wav,{KIND[f'{i:03d}']}\n" for i in some)
        write(root / f"{part}.csv", "file,label\n" + rows)
    opened = data.open(root)
    assert {n for n, p in parts(opened).items() if p == "test"} == {
        f"test/{i:03d}.wav" for i in range(8, 12)
    }
    assert all(label == KIND[name[-7:-4]] for name, label in told(opened).items())


def test_parts_of_sounds_are_never_classes(tmp_path):
    for start, part in ((0, "Train_set"), (50, "TEST")):
        for n, label in enumerate(("no", "yes")):
            sounds(tmp_path / "s" / part / label, range(start + 10 * n, start + 10 * n + 5))
    opened = data.open(tmp_path / "s")
    assert opened.schema["label"].names == ("no", "yes")
    assert len(opened.test) == 10
    for part in ("valid", "test"):
        sounds(tmp_path / "t" / part, range(6))
    with pytest.raises(DataError, match="t: the folder test has the name of a part, and"):
        data.open(tmp_path / "t")
