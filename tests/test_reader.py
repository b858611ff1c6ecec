"""Files of a run: regular, not too long, of the form that brique writes, or refused by name."""

import json
import os
import socket

import pytest
import torch

from brique import files, reader
from brique.errors import StoreError


def refused(read, path):
    with pytest.raises(StoreError) as caught:
        read(path)
    return str(caught.value)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "device").symlink_to("/dev/zero")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.relpath(tmp_path / "socket"))
    for read in (reader.read, reader.read_json, reader.read_tensors, reader.sha256):
        assert refused(read, tmp_path / "pipe") == f"{tmp_path}/pipe: is a named pipe, not a file"
        assert refused(read, tmp_path / "folder").endswith("folder: is a folder, not a file")
        assert refused(read, tmp_path / "device").endswith("device: is a device, not a file")
        assert refused(read, tmp_path / "socket").endswith("socket: is a socket, not a file")
        assert refused(read, tmp_path / "none").endswith("none: is missing")
    listener.close()


def test_a_link_is_followed_within_its_folder_only(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out.json").write_text("{}")
    (tmp_path / "in" / "a.json").symlink_to(tmp_path / "out.json")
    (tmp_path / "in" / "b.json").symlink_to(tmp_path / "in" / "c.json")
    (tmp_path / "in" / "c.json").write_text("{}")
    assert reader.read_json(tmp_path / "in" / "a.json") == {}  # named by a person
    assert reader.read_json(tmp_path / "in" / "b.json", tmp_path / "in") == {}
    with pytest.raises(StoreError, match=r"a\.json: lies outside the folder"):
        reader.read_json(tmp_path / "in" / "a.json", tmp_path / "in")


def test_a_file_that_is_too_long_is_not_read(tmp_path):
    with (tmp_path / "run.json").open("wb") as file:
        file.truncate(10 << 30)
    says = r"run\.json: has 10,737,418,240 bytes, more than the 33,554,432 that are read"
    with pytest.raises(StoreError, match=says):
        reader.read_json(tmp_path / "run.json")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no JSON"),
        (b"[]", "holds a list, not an object"),
        (b'{"a":' * 10_000, "is nested too deeply"),
        (b'{"a": NaN}', "is no JSON (NaN is no number of JSON)"),
        (b'{"a": -Infinity}', "is no JSON (-Infinity is no number of JSON)"),
        (b'{"a": 1e999}', "is no JSON (1e999 is no finite number)"),
        (b'{"a": "\\ud83d"}', "is no JSON"),
        (b"\xff\xfe{}", "is no JSON"),
        (b'{"a": ' + b"1" * 5000 + b"}", "is no JSON"),
    ],
)
def test_json_of_another_form_is_refused(tmp_path, content, says):
    (tmp_path / "x.json").write_bytes(content)
    assert says in refused(reader.read_json, tmp_path / "x.json")


def test_a_record_is_covered_by_its_own_checksum(tmp_path):
    path = tmp_path / "run.json"
    files.write_sealed(path, {"a": [1, 2.5, "ä"], "b": {}})
    whole = path.read_bytes()
    assert reader.read_sealed(path) == json.loads(whole)
    without_effect = 0
    for place in range(len(whole)):
        for bit in range(8):
            content = bytearray(whole)
            content[place] ^= 1 << bit
            path.write_bytes(content)
            try:
                assert reader.read_sealed(path) == json.loads(whole)
                without_effect += 1
            except StoreError:
                pass
    assert without_effect < 0.1 * 8 * len(whole)  # a space that becomes another one
    path.write_text('{"format": 1, "a": 3}')
    assert reader.read_sealed(path)["a"] == 3  # of an older version, which had none


def test_an_empty_manifest_is_damage(tmp_path):
    with files.new_folder(tmp_path / "made") as part:
        files.write(part / "a", "aaaa")
    (tmp_path / "made" / "manifest.json").write_text('{"format": 1, "files": {}}')
    assert files.damage(tmp_path / "made") == "its manifest does not list a file"
    entry = {"size": 4, "sha256": files.sha256(tmp_path / "made" / "a")}
    files.write_json(tmp_path / "made" / "manifest.json", {"format": 1, "files": {"a": entry}})
    assert files.damage(tmp_path / "made", ("a",)) is None
    assert files.damage(tmp_path / "made", ("b",)) == "its manifest does not list b"


def test_tensors_come_back_or_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    files.write_tensors(path, {"x": torch.arange(3)})
    assert torch.equal(reader.read_tensors(path)["x"], torch.arange(3))
    path.write_bytes(path.read_bytes()[:40])
    assert "x.safetensors: cannot be read (" in refused(reader.read_tensors, path)


def test_a_text_that_is_no_utf8_is_refused_with_its_place(tmp_path):
    (tmp_path / "note").write_bytes(b"ab\xff")
    with pytest.raises(StoreError, match=r"note: is no UTF-8 \(byte 2\)"):
        reader.read_text(tmp_path / "note")
