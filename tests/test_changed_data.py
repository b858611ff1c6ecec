"""A run goes on with the data that it began with, or says what of them has changed."""

import json
import os
import shutil
import signal
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import brique
from brique.cli import main
from brique.errors import Interrupted, RunError
from brique.game.play import Play
from brique.run import read_run


def photos(folder: Any):
    draw = np.random.default_rng(0)
    for kind in ("disc", "square"):
        (folder / kind).mkdir(parents=True)
        for number in range(20):
            pixels = draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{number}.png")
    return folder


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a run that was stopped in its third turn, of pictures in the folder photos."""
    photos(tmp_path / "photos")
    return _stopped(monkeypatch, "photos", tmp_path / "run")


def _stopped(monkeypatch: pytest.MonkeyPatch, source: Any, out: Any, **options: Any):
    play_next = Play.__next__

    def next_and_stop(play: Any):
        turn = play_next(play)
        os.kill(os.getpid(), signal.SIGINT)
        return turn

    with monkeypatch.context() as patch:
        patch.setattr(Play, "__next__", next_and_stop)
        with pytest.raises(Interrupted):
            brique.train(source, quick=True, out=out, **options)
    assert read_run(out).state == "stopped"
    return out


def test_data_as_they_were_go_on(stopped: Path):
    assert read_run(brique.resume(stopped)).state == "finished"


def test_what_was_renamed_removed_added_and_changed_is_named(stopped: Path, tmp_path: Path):
    folder = tmp_path / "photos"
    (folder / "disc/0.png").rename(folder / "disc/zero.png")
    (folder / "disc/1.png").unlink()
    shutil.copy(folder / "square/3.png", folder / "square/new.png")
    Image.new("RGB", (8, 8)).save(folder / "square/2.png")
    says = (
        "resume: the data of .*run have changed since it began: .*photos: 1 renamed"
        r" \(disc/0.png to disc/zero.png\); 1 removed \(disc/1.png\); 1 added \(square/new.png\);"
        r" 1 changed \(square/2.png\); put them back, or take them as they are now with --changed"
    )
    with pytest.raises(RunError, match=says):
        brique.resume(stopped)
    assert read_run(stopped).state == "stopped"
    assert read_run(brique.resume(stopped, changed=True)).json["changed"]


def test_a_class_that_was_renamed_is_named(
    stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "photos/disc").rename(tmp_path / "photos/round")
    assert main(["resume", str(stopped)]) == 2
    assert "20 renamed (disc/0.png to round/0.png" in capsys.readouterr().err


def test_files_that_were_copied_have_not_changed(stopped: Path, tmp_path: Path):
    shutil.copytree(tmp_path / "photos", tmp_path / "again")
    shutil.rmtree(tmp_path / "photos")
    (tmp_path / "again").rename(tmp_path / "photos")  # other times, the same content
    assert read_run(brique.resume(stopped)).state == "finished"


def test_a_run_goes_on_from_another_folder(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "far").mkdir()
    monkeypatch.chdir(tmp_path / "far")
    assert read_run(brique.resume("../run")).state == "finished"
    assert brique.evaluate("../run")["task"] == "classify"


def test_data_that_are_gone_are_named_by_their_place(stopped: Path, tmp_path: Path):
    (tmp_path / "photos").rename(tmp_path / "pictures")
    with pytest.raises(RunError, match="were at .*photos, where nothing is now; put them back"):
        brique.resume(stopped)


def test_an_archive_names_its_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def pack(skip: Any = ()):
        with zipfile.ZipFile(tmp_path / "photos.zip", "w") as packed:
            for file in sorted((tmp_path / "photos").rglob("*.png")):
                if file.name not in skip:
                    packed.write(file, file.relative_to(tmp_path / "photos"))

    photos(tmp_path / "photos")
    pack()
    run = _stopped(monkeypatch, "photos.zip", tmp_path / "run")
    pack(skip=("7.png",))
    with pytest.raises(RunError, match=r"2 removed \(disc/7.png, square/7.png\)"):
        brique.resume(run)


def test_a_table_that_changed_is_named_and_evaluate_refuses_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = [f"{n % 7},{n % 3},{'up' if n % 7 > 3 else 'down'}" for n in range(120)]
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["a,b,label", *rows]) + "\n")
    run = _stopped(monkeypatch, "t.csv", tmp_path / "run")
    brique.resume(run)
    table.write_text("\n".join(["a,b,label", *rows[:-1]]) + "\n")
    with pytest.raises(RunError, match=r"evaluate: the data of .*: 1 changed \(t.csv\)"):
        brique.evaluate(run)
    assert brique.evaluate(run, changed=True)["task"] == "classify"


def test_a_damaged_list_of_the_data_is_one_sentence(stopped: Path):
    path = Path(stopped, "data.json")
    assert json.loads(path.read_text())["roots"][0]["name"] == "photos"
    path.write_text('{"roots": [1]}')
    with pytest.raises(
        RunError, match=r"data.json: cannot be read \(.*names no format\); remove it"
    ):
        brique.resume(stopped)


@pytest.mark.parametrize("place", [40, -40])
def test_a_flipped_bit_in_the_list_of_the_data_is_named(stopped: Path, place: Any):
    path, said = Path(stopped, "data.json"), "its checksum does not fit"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[place] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(RunError, match=said):
        brique.resume(stopped)
    path.write_bytes(whole)
    brique.resume(stopped)
    path.write_bytes(flipped)
    with pytest.raises(RunError, match=said):
        brique.evaluate(stopped)


def test_a_list_of_an_older_brique_is_read(stopped: Path, tmp_path: Path):
    path = Path(stopped, "data.json")
    value = json.loads(path.read_text())
    value.pop("checksum")
    path.write_text(json.dumps(value | {"format": 1}))
    (tmp_path / "photos/disc/1.png").unlink()
    with pytest.raises(RunError, match=r"1 removed \(disc/1.png\)"):
        brique.resume(stopped)
