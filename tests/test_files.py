"""Files are whole or absent, whatever the disk does."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from brique import files
from brique.errors import StoreError


@pytest.mark.parametrize("fault", ["fail", "short"])
def test_a_write_that_fails_leaves_what_was_there(fault: files.Fault, tmp_path: Path):
    path = tmp_path / "deep" / "note.txt"
    files.write(path, "before")
    with files.faults({}) as count:
        files.write(tmp_path / "other", "x")
        operations = count()
    for number in range(1, operations):  # the last one syncs the folder: the rename has been made
        with (
            files.faults({number: fault}),
            pytest.raises(
                StoreError,
                match=r"cannot write .*note\.txt: No space left on device; free some space or choose another folder",
            ),
        ):
            files.write(path, "after" * 100)
        assert path.read_text() == "before"
        assert [p.name for p in path.parent.iterdir()] == ["note.txt"]
    files.write(path, "after")
    assert path.read_text() == "after"


def test_a_write_into_a_folder_that_refuses(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        files.write(tmp_path / "file" / "below", "x")


@pytest.mark.parametrize("fault", ["fail", "short"])
def test_a_folder_is_whole_or_absent(fault: files.Fault, tmp_path: Path):
    def fill():
        with files.new_folder(tmp_path / "made") as part:
            files.write(part / "a", "a")
            files.write_tensors(part / "b.safetensors", {"x": torch.ones(3)})

    with files.faults({}) as count:
        fill()
        operations = count()
    files.remove(tmp_path / "made")
    for number in range(1, operations):
        with files.faults({number: fault}), pytest.raises(StoreError):
            fill()
        assert not (tmp_path / "made").exists()
        assert list(tmp_path.iterdir()) == []
    fill()
    assert files.damage(tmp_path / "made") is None


def test_a_folder_is_replaced_whole(tmp_path: Path):
    for text in ("one", "two"):
        with files.new_folder(tmp_path / "made") as part:
            files.write(part / text, text)
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == ["manifest.json", "two"]


def test_a_folder_that_fails_in_the_block_does_not_appear(tmp_path: Path):
    with pytest.raises(KeyError), files.new_folder(tmp_path / "made") as part:
        files.write(part / "a", "a")
        raise KeyError("mine")
    assert list(tmp_path.iterdir()) == []


def test_damage_is_named(tmp_path: Path):
    with files.new_folder(tmp_path / "made") as part:
        files.write(part / "a", "aaaa")
    made = tmp_path / "made"
    assert files.damage(made) is None
    (made / "a").write_text("aaab")
    assert files.damage(made) == "a has changed"
    (made / "a").write_text("aaa")
    assert files.damage(made) == "a has 3 bytes, not 4"
    (made / "a").unlink()
    assert files.damage(made) == "a is missing"
    entry = {"size": 1, "sha256": "0"}
    (made / "manifest.json").write_text(json.dumps({"format": 1, "files": {"../x": entry}}))
    assert files.damage(made) == "../x lies outside the folder"
    (made / "manifest.json").write_text("[" * 100_000)
    assert files.damage(made) == "it has no readable manifest"
    (made / "manifest.json").write_text("[]")
    assert files.damage(made) == "it has no readable manifest"


def test_append_cut_and_sync(tmp_path: Path):
    path = tmp_path / "log"
    files.write(path, "")
    for line in ("one\n", "two\n", "three\n"):
        files.append(path, line)
    assert files.sync(path) == 14
    files.truncate(path, 8)
    assert path.read_text() == "one\ntwo\n"
    with files.faults({1: "short"}), pytest.raises(StoreError, match="cannot append to"):
        files.append(path, "four\n")
    for act in (lambda: files.truncate(path, 0), lambda: files.sync(path)):
        with files.faults({1: "fail"}), pytest.raises(StoreError, match="cannot (cut|sync)"):
            act()


def test_trees_come_back_as_they_went(tmp_path: Path):
    shared = torch.rand(3)
    tree = {
        "numbers": [1, -2.5, float("inf"), True, None],
        3: ("tuple", {"deep": [torch.arange(4), shared]}),
        "again": shared,
        "empty": {},
    }
    value, tensors = files.pack(tree)
    files.write_tensors(tmp_path / "t.safetensors", tensors)
    from safetensors.torch import load_file

    back = files.unpack(json.loads(json.dumps(value)), load_file(tmp_path / "t.safetensors"))
    assert back["numbers"] == tree["numbers"]
    assert back["empty"] == {}
    assert isinstance(back[3], tuple)
    assert torch.equal(back[3][1]["deep"][0], torch.arange(4))
    assert torch.equal(back["again"], shared)
    assert len(tensors) == 2
    nan, _ = files.pack(float("nan"))
    assert files.unpack(json.loads(json.dumps(nan)), {}) != files.unpack(nan, {})
    with pytest.raises(TypeError, match="cannot store a set"):
        files.pack({1, 2})


def test_one_process_holds_a_lock(tmp_path: Path):
    first, second = files.Lock(tmp_path), files.Lock(tmp_path)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    second.release()


def test_a_kill_in_the_middle_of_a_write_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "note.txt"
    files.write(path, "before")
    with files.faults({}) as count:
        files.write(tmp_path / "other", "x")
        operations = count()
    for number in range(1, operations + 1):
        child = os.fork()
        if child == 0:
            with files.faults({number: "kill"}):
                files.write(path, "after")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        assert path.read_text() == ("before" if number < operations else "after")


REASONS = {
    errno.ENOSPC: ("disk full", "No space left on device; free some space or choose"),
    errno.EDQUOT: ("quota used up", r"\(quota\) is used up; remove files of yours there or choose"),
    errno.EFBIG: ("file too large", "the file system takes no file so large; move the folder to"),
    errno.EROFS: (
        "read-only",
        "the file system is read-only; make it writable or choose another folder",
    ),
    errno.EACCES: ("not permitted", "it may not be written by you; change who may write there"),
    errno.ENOENT: ("folder gone", "the folder is gone; put it back or choose another folder"),
    errno.ENAMETOOLONG: ("name too long", "the name is too long; choose a shorter one"),
    errno.EBUSY: (
        "cannot be written",
        "Device or resource busy; mend that or choose another folder",
    ),
}


@pytest.mark.parametrize("number", REASONS)
def test_each_reason_has_its_own_sentence_once(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_write_synced", fail)
    state, says = REASONS[number]
    with (
        pytest.raises(StoreError, match=rf"^cannot write \S+/made: .*{says}") as error,
        files.new_folder(tmp_path / "made") as part,
    ):
        files.write(part / "a", "x")
    assert error.value.state == state
    assert (str(error.value).count("cannot"), str(error.value).count(";")) == (1, 1)
    assert list(tmp_path.iterdir()) == []


def test_paths_that_cannot_be_are_told_by_what_is_in_the_way(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    for path in ("file/below", "file/far/below"):
        with pytest.raises(
            StoreError,
            match=r"cannot write .*: \S+/file is a file and no folder; move it away or ch",
        ):
            files.write(tmp_path / path, "x")
    with pytest.raises(StoreError, match="the name is too long; choose a shorter one$"):
        files.write(tmp_path / ("x" * 300), "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        StoreError, match="there is a folder of that name; move that away or choose another name$"
    ):
        files.write(tmp_path / "folder", "x")


def test_nothing_is_appended_to_a_file_that_is_gone(tmp_path: Path):
    with pytest.raises(StoreError, match="cannot append to .*: the folder is gone"):
        files.append(tmp_path / "log", "x")
    assert list(tmp_path.iterdir()) == []
