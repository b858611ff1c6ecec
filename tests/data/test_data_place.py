"""Places: files, folders and archives are read in one way; hostile ones do no harm."""

import gzip
import io
import os
import stat
import struct
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from brique import data
from brique.data import audit
from brique.data.files import archive
from brique.data.files.place import (
    Member,
    list_files,
    plain_name,
    read_content,
    relative,
    resolve_place,
    skipped_files,
)
from brique.errors import DataError

TREE = {
    "photos/cat/1.txt": b"one",
    "photos/cat/2.txt": b"two",
    "photos/dog/a b.txt": b"three",
    "photos/dog/deep/4.txt": gzip.compress(b"four"),
    "photos/.hidden": b"no",
    "__MACOSX/photos/cat/._1.txt": b"no",
}


def write_folder(root: Path, tree=TREE) -> Path:
    for name, some in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(some)
    return root


def write_zip(path: Path, tree=TREE, **options) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, some in tree.items():
            opened.writestr(name, some, **options)
    return path


def write_tar(path: Path, tree=TREE) -> Path:
    mode = {".tgz": "gz", ".gz": "gz", ".bz2": "bz2", ".xz": "xz"}.get(path.suffix, "")
    with tarfile.open(path, f"w:{mode}") as opened:
        for name, some in tree.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(some)
            opened.addfile(entry, io.BytesIO(some))
    return path


def write(path: Path, tree=TREE) -> Path:
    return (write_zip if path.suffix == ".zip" else write_tar)(path, tree)


ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".ZIP")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_is_read_as_its_folder_is(tmp_path, ending):
    folder = write_folder(tmp_path / "plain") / "photos"
    packed = tmp_path / f"photos{ending}"
    (write_zip if ending.casefold() == ".zip" else write_tar)(packed)
    root = resolve_place(packed)
    assert isinstance(root, Member)
    assert root.name == "photos"
    assert [relative(f, root) for f in list_files(root)] == [
        relative(f, folder) for f in list_files(folder)
    ]
    assert [read_content(f) for f in list_files(root)] == [
        read_content(f) for f in list_files(folder)
    ]
    assert [e.name for e in root.iterdir()] == ["cat", "dog"]
    one = root / "cat" / "1.txt"
    assert (one.name, one.stem, one.suffix, one.parent.name) == ("1.txt", "1", ".txt", "cat")
    assert one.is_file()
    assert not one.is_dir()
    assert one.parent.is_dir()
    assert not (root / "cat" / "9.txt").exists()
    assert one.open("rb").read() == b"one"
    assert one.read_text() == "one"
    assert (root / "dog/./a b.txt").exists()
    assert str(one) == f"{packed}/photos/cat/1.txt"
    assert {one, root / "cat/1.txt"} == {one}
    assert list(skipped_files(root)) == []


def test_files_packed_by_gzip_are_unpacked_wherever_they_lie(tmp_path):
    tree = {"a.csv.gz": gzip.compress(b"1,2"), "b.CSV": b"3,4"}
    for place in (
        write_folder(tmp_path / "f", tree),
        resolve_place(write_zip(tmp_path / "z.zip", tree)),
        resolve_place(write_tar(tmp_path / "t.tar.gz", tree)),
    ):
        assert [plain_name(f) for f in list_files(place)] == ["a.csv", "b.csv"]
        assert [read_content(f) for f in list_files(place)] == [b"1,2", b"3,4"]


def test_parts_and_several_folders_stay_where_they_are(tmp_path):
    only_train = resolve_place(
        write_zip(tmp_path / "a.zip", {"train/cat/1.txt": b"", "readme.txt": b""})
    )
    assert [e.name for e in only_train.iterdir()] == ["readme.txt", "train"]
    deep = resolve_place(write_zip(tmp_path / "b.zip", {"x/y/train/1": b"", "x/y/test/1": b""}))
    assert [e.name for e in deep.iterdir()] == ["test", "train"]
    beside = resolve_place(write_zip(tmp_path / "c.zip", {"x/1.txt": b"", "data.csv": b""}))
    assert sorted(e.name for e in beside.iterdir()) == ["data.csv", "x"]


def test_a_folder_with_one_archive_and_notes_is_that_archive(tmp_path):
    write_zip(tmp_path / "photos.zip")
    for note in ("README", "LICENSE.txt", "photos.txt", "photos.names", "SHA256SUMS", ".x"):
        (tmp_path / note).write_text("about")
    assert [e.name for e in resolve_place(tmp_path).iterdir()] == ["cat", "dog"]
    (tmp_path / "train.csv").write_text("1,2")
    assert resolve_place(tmp_path) == tmp_path
    (tmp_path / "train.csv").unlink()
    write_tar(tmp_path / "more.tar")
    assert resolve_place(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("name", "below"),
    [("sst", 3), ("names", 18), ("fsdd", 3000), ("movie-review-polarity", 2), ("music", 382)],
)
def test_shipped_archives_are_found(name, below):
    shelves = [Path(s) for s in os.environ.get("BRIQUE_DATA", "").split(os.pathsep) if s]
    found = [shelf / name for shelf in shelves if (shelf / name).is_dir()]
    if not found:
        pytest.skip(f"needs {name}: a folder under BRIQUE_DATA")
    assert len(list_files(resolve_place(found[0]))) == below


# Pictures in archives


def album(root: Path) -> Path:
    draw = np.random.default_rng(0)
    for part, n in (("train", 5), ("test", 3)):
        for label in ("cat", "dog"):
            (root / part / label).mkdir(parents=True)
            for i in range(n):
                pixels = draw.integers(0, 256, (20, 16, 3), np.uint8)
                Image.fromarray(pixels).save(root / part / label / f"{i}.{'png' if i else 'jpg'}")
    (root / "train" / "cat" / "bad.png").write_bytes(b"")
    return root


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
@pytest.mark.parametrize("above", ["", "photos/"])
def test_pictures_in_an_archive_open_as_in_a_folder(tmp_path, ending, above):
    folder = album(tmp_path / "photos")
    tree = {above + f.relative_to(folder).as_posix(): f.read_bytes() for f in list_files(folder)}
    packed = write(tmp_path / f"photos{ending}", tree)
    plain, opened = data.open(folder), data.open(packed)
    assert opened.fingerprint == plain.fingerprint
    assert opened.skipped == plain.skipped
    assert opened.skipped[0][0] == "train/cat/bad.png"
    assert torch.equal(opened.train["image"], plain.train["image"])
    names = [opened.train.name(i) for i in opened.train.ids.tolist()]
    assert names == [plain.train.name(i) for i in plain.train.ids.tolist()]
    said = [(f.kind, f.items) for f in audit.findings(plain)]
    assert [(f.kind, f.items) for f in audit.findings(opened)] == said


def test_a_damaged_picture_in_an_archive_is_left_out(tmp_path):
    folder = album(tmp_path / "photos")
    tree = {f.relative_to(folder).as_posix(): f.read_bytes() for f in list_files(folder)}
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as opened:
        for name, some in tree.items():
            opened.writestr(name, some)
        start = opened.getinfo("train/dog/1.png").header_offset
    raw = bytearray(packed.read_bytes())
    raw[start + 200] ^= 255
    packed.write_bytes(bytes(raw))
    skipped = dict(data.open(packed).skipped)
    assert set(skipped) == {"train/cat/bad.png", "train/dog/1.png"}
    assert "Bad CRC-32 for file" in skipped["train/dog/1.png"]
    assert "cannot be read (" in skipped["train/dog/1.png"]


# What archives may do to us


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_names_that_lead_out_are_left_out(tmp_path, ending):
    tree = {"../up.txt": b"1", "a/../../b.txt": b"2", "/etc/passwd": b"3", "a/c.txt": b"4"}
    tree |= {"a\\d.txt": b"5", "C:\\e.txt": b"6"}
    root = resolve_place(write(tmp_path / f"x{ending}", tree))
    found = {relative(f, root): read_content(f) for f in list_files(root)}
    assert found == {"C:/e.txt": b"6", "a/c.txt": b"4", "a/d.txt": b"5", "etc/passwd": b"3"}
    assert list(skipped_files(root)) == [
        ("../up.txt", "has a name that leads out of the archive"),
        ("a/../../b.txt", "has a name that leads out of the archive"),
    ]
    assert not (root / ".." / "up.txt").exists()


def test_links_and_devices_in_archives_are_not_followed(tmp_path):
    (tmp_path / "secret").write_text("secret")
    with tarfile.open(tmp_path / "x.tar", "w") as opened:
        for name, kind in (("a", tarfile.SYMTYPE), ("b", tarfile.LNKTYPE), ("c", tarfile.FIFOTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, str(tmp_path / "secret")
            opened.addfile(entry)
        entry = tarfile.TarInfo("d.txt")
        opened.addfile(entry, io.BytesIO())
    root = resolve_place(tmp_path / "x.tar")
    assert [f.name for f in list_files(root)] == ["d.txt"]
    reason = "is a link, which is not followed in an archive"
    assert list(skipped_files(root)) == [("a", reason), ("b", reason), ("c", "is no plain file")]
    link = zipfile.ZipInfo("a")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as opened:
        opened.writestr(link, str(tmp_path / "secret"))
        opened.writestr("d.txt", b"")
    root = resolve_place(tmp_path / "x.zip")
    assert [f.name for f in list_files(root)] == ["d.txt"]
    assert list(skipped_files(root)) == [("a", reason)]


def test_a_file_where_a_folder_is_does_not_confuse(tmp_path):
    root = resolve_place(
        write_tar(tmp_path / "x.tar", {"a": b"1", "a/b": b"2", "c/d": b"3", "c": b"4"})
    )
    assert [relative(f, root) for f in list_files(root)] == ["a", "c/d"]
    assert [name for name, _ in skipped_files(root)] == ["a/b", "c"]
    assert skipped_files(root)[0][1] == "has the name of a folder or file beside it"


def test_bombs_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_ALWAYS_ALLOWED", 1 << 16)
    tree = {"a/zeros.txt": bytes(1 << 20), "a/some.txt": b"some"}
    root = resolve_place(write_zip(tmp_path / "x.zip", tree))
    assert [f.name for f in list_files(root)] == ["some.txt"]
    reason = "unpacks to 0.0 GiB or more; unpack it and give the folder"
    assert list(skipped_files(root)) == [("a/zeros.txt", reason)]
    with pytest.raises(DataError, match=r"x.tar.gz: unpacks to 0.0 GiB or more; unpack it and"):
        resolve_place(write_tar(tmp_path / "x.tar.gz", tree))
    (tmp_path / "zeros.csv.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    with pytest.raises(DataError, match=r"zeros.csv.gz: unpacks to 0.0 GiB or more; unpack it fir"):
        read_content(tmp_path / "zeros.csv.gz")
    assert (
        len(list_files(resolve_place(write_tar(tmp_path / "x.tar", tree)))) == 2
    )  # it is as large as it says
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 16)
    draw = np.random.default_rng(0).bytes(1 << 17)
    with pytest.raises(DataError, match=r"y.tar: unpacks to"):
        resolve_place(write_tar(tmp_path / "y.tar", {"a": draw}))
    assert (
        list(skipped_files(resolve_place(write_zip(tmp_path / "y.zip", {"a": draw, "b": b""}))))
        != []
    )


def test_a_size_that_lies_unpacks_no_more(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"a.txt": bytes(5000)})
    raw = path.read_bytes().replace(struct.pack("<I", 5000), struct.pack("<I", 10))
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"x.zip: a.txt cannot be read \(Bad CRC-32"):
        read_content(resolve_place(path) / "a.txt")


def test_a_locked_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"a.txt": b"1", "b.txt": b"2"})
    raw = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.find(mark)
        raw[place + flags] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(
        DataError,
        match=r"x.zip: is locked with a password \(a.txt of 1 such files\); unpack it and give",
    ):
        resolve_place(path)


def test_archives_in_archives_are_named(tmp_path):
    inner = write_zip(tmp_path / "inner.zip").read_bytes()
    outer = write_zip(tmp_path / "outer.zip", {"x/inner.zip": inner, "x/README.md": b""})
    with pytest.raises(
        DataError, match=r"outer.zip: holds nothing but another archive \(inner.zip\); unpack it"
    ):
        resolve_place(outer)
    beside = resolve_place(write_zip(tmp_path / "both.zip", {"inner.zip": inner, "a.csv": b"1"}))
    assert [f.name for f in list_files(beside)] == ["a.csv", "inner.zip"]


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tar.xz", ".tar.bz2"])
def test_archives_cut_short_or_of_noise_are_refused(tmp_path, ending):
    tree = {f"{i}.txt": np.random.default_rng(i).bytes(3000) for i in range(9)}
    raw = write(tmp_path / f"x{ending}", tree).read_bytes()
    for name, some in (("cut", raw[: len(raw) // 2]), ("noise", b"noise" * 999), ("empty", b"")):
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(some)
        with pytest.raises(DataError, match=rf"{name}{ending}: .*(archive|unpacks|cannot be read)"):
            for file in list_files(resolve_place(path)) or [resolve_place(path)]:
                read_content(file)
    with pytest.raises(DataError, match=r"cannot be opened as an archive \(.*\); fetch it again"):
        resolve_place(tmp_path / f"noise{ending}")


def test_names_in_other_encodings_can_be_written(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"Xr/1.txt": b"1", "Y/2.txt": b"2"})
    raw = path.read_bytes().replace(b"Xr/1", "ü/1".encode())  # UTF-8 that does not say so
    path.write_bytes(raw)
    assert [e.name for e in resolve_place(path).iterdir()] == ["Y", "ü"]
    with tarfile.open(tmp_path / "x.tar", "w", encoding="latin-1") as opened:
        for name in ("Größe/1.txt", "Y/2.txt"):
            opened.addfile(tarfile.TarInfo(name), io.BytesIO())
    names = [e.name for e in resolve_place(tmp_path / "x.tar").iterdir()]
    assert names == ["Größe", "Y"]
    assert "".join(names).encode()


def test_many_members_are_listed_fast(tmp_path):
    tree = {f"c{i % 100}/{i}.txt": b"x" for i in range(20_000)}
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, some in tree.items():
            opened.writestr(name, some)
    begun = time.process_time()
    root = resolve_place(path)
    assert len(list_files(root)) == 20_000
    assert time.process_time() - begun < 5


def test_threads_may_read_at_once(tmp_path):
    draw = np.random.default_rng(0)
    tree = {f"{i}.bin": draw.bytes(int(draw.integers(1, 20_000))) for i in range(60)}
    for ending in (".zip", ".tar", ".tar.gz"):
        root = resolve_place(write(tmp_path / f"x{ending}", tree))
        wrong = []

        def read(root=root, wrong=wrong):
            for file in list_files(root):
                if read_content(file) != tree[file.name]:
                    wrong.append(file.name)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


# Files that are none


def test_links_on_the_disk(tmp_path):
    write_folder(tmp_path, {"a/1.txt": b"1"})
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "broken.txt").symlink_to("nowhere.txt")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert [relative(f, tmp_path) for f in list_files(tmp_path)] == [
        "a/1.txt", "a/broken.txt", "b/1.txt", "b/broken.txt"
    ]  # fmt: skip
    assert not (tmp_path / "a" / "broken.txt").exists()
    with pytest.raises(
        DataError, match=r"broken.txt: cannot be read \(No such file or directory\)"
    ):
        read_content(tmp_path / "a" / "broken.txt")


def test_pipes_and_folders_are_no_content(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"pipe.csv: cannot be read \(it is a pipe or device, no"):
        read_content(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\); replace it"):
        read_content(tmp_path)
    root = resolve_place(write_zip(tmp_path / "x.zip", {"a/1": b"", "b/2": b""}))
    with pytest.raises(DataError, match=r"a: cannot be read \("):
        read_content(root / "a")
    with pytest.raises(DataError, match=r"9: cannot be read \("):
        read_content(root / "9")
    with pytest.raises(ValueError, match="place: a member of an archive is opened as rb, not w"):
        (root / "a" / "1").open("w")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    (tmp_path / "a").mkdir(mode=0)
    with pytest.raises(DataError, match=r"a: the folder cannot be read \(.*\); change who may"):
        list_files(tmp_path)


def test_a_gz_that_is_damaged_is_named(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"1,2" * 999)[:-9])
    with pytest.raises(DataError, match=r"a.csv.gz: cannot be read \(Compressed file ended"):
        read_content(tmp_path / "a.csv.gz")


# Archives with a flipped bit


def packed_bitmaps(folder, ending):
    """Return an archive of pictures that have no checksum of their own."""
    names = []
    rng = np.random.default_rng(3)
    for number in range(12):
        path = folder / "pictures" / "ab"[number % 2] / f"n{number}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).save(path)
        names.append(path)
    out = folder / f"pictures{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
            for path in names:
                made.write(path, path.relative_to(folder).as_posix())
    else:
        with tarfile.open(out, "w:" + ending.split(".")[-1].replace("tar", "")) as made:
            for path in names:
                made.add(path, path.relative_to(folder).as_posix())
    return out


def everything(path):
    """Return all that an archive says, files and what it leaves out, or why it is refused."""
    try:
        found = archive.Archive(path)
        return {parts: found.content(parts) for parts in found.files}, found.skipped, ""
    except DataError as error:
        return {}, [], str(error)


@pytest.mark.parametrize("ending", [".zip", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_flipped_bit_in_an_archive_with_a_checksum_is_named_or_without_effect(tmp_path, ending):
    path = packed_bitmaps(tmp_path, ending)
    whole, before = path.read_bytes(), everything(path)
    named = 0
    for number in range(40):
        content = bytearray(whole)
        content[(2 * number + 1) * len(whole) // 80] ^= 1 << number % 8
        path.write_bytes(content)
        after = everything(path)
        assert after == before or after[1] or path.name in after[2], number
        named += bool(after[2])
    assert named > 20


def test_the_checksum_at_the_end_of_a_packed_tar_is_read(tmp_path):
    path = packed_bitmaps(tmp_path, ".tar.gz")
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # of the CRC itself
    path.write_bytes(content)
    says = r"pictures.tar.gz: cannot be opened as an archive \(CRC check failed\); fetch it again"
    with pytest.raises(DataError, match=says):
        archive.Archive(path)


def test_a_plain_tar_says_where_a_head_is_damaged_or_its_end_is_missing(tmp_path):
    path = packed_bitmaps(tmp_path, ".tar")
    whole = path.read_bytes()
    with tarfile.open(path) as opened:
        third = opened.getmembers()[2]
    content = bytearray(whole)
    content[third.offset + 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"\(the head of a file in it is damaged\); fetch it again"):
        archive.Archive(path)
    path.write_bytes(whole[: third.offset])
    with pytest.raises(DataError, match=r"\(its end is missing\); fetch it again"):
        archive.Archive(path)
