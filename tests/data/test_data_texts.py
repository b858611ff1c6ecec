"""Texts: folders and files by class, lines with their class, long writing, and what audits say."""

import gzip
import random
import tarfile
import zipfile

import numpy as np
import pytest

from brique import data
from brique.data import audit
from brique.data.audit import texts as texts_audit
from brique.data.dataset import build
from brique.data.near_duplicates import minhash
from brique.data.raw.column import Labels, Texts
from brique.data.raw.source import Source
from brique.data.sources.texts import documents, labeled_lines, long_texts
from brique.errors import DataError

WORDS = [
    "owl",
    "mouse",
    "night",
    "field",
    "moon",
    "barn",
    "wing",
    "hunt",
    "egg",
    "nest",
    "wind",
    "rain",
    "leaf",
    "snow",
    "star",
    "hill",
]


def sentences(n, seed=0, words=WORDS, length=9):
    draw = random.Random(seed)
    return [" ".join(draw.choices(words, k=length)) + f" {seed}-{i}" for i in range(n)]


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return folder


def by_folder(root, n=20):
    for label in ("good", "bad"):
        said = sentences(n, len(label))
        write(root / label, {f"{i}.txt": f"{label}\n{text}\n" for i, text in enumerate(said)})
    return root


def by_file(root, n=30, ending=""):
    files = {
        f"mr.{label}{ending}": "\n".join(sentences(n, len(label))) for label in ("pos", "neg!")
    }
    return write(root, files)


def sizes(opened):
    return [len(opened.train), len(opened.valid), len(opened.test)]


def kinds(opened, severity=None):
    found = audit.findings(opened)
    return {(one.kind, one.split) for one in found if severity in (None, one.severity)}


def found(opened, kind):
    return [one for one in audit.findings(opened) if one.kind == kind]


def real(name, **options):
    try:
        return data.open(name, **options)
    except DataError as error:
        if "it is not built in" in str(error):
            pytest.skip(f"{name} is not under BRIQUE_DATA")
        raise


def said(opened, part, i):
    kind = opened.schema["text"]
    return kind.restore(part[i]["text"])


# Folders and files by class.


def test_folders_of_texts_by_class_are_read(tmp_path):
    opened = data.open(by_folder(tmp_path / "reviews"))
    assert sizes(opened) == [28, 4, 8]
    assert opened.schema.inputs == ("text",)
    assert opened.schema.target == "label"
    assert opened.schema["label"].names == ("bad", "good")
    assert opened.schema["text"].unit == "words"
    assert opened.train.name(0) == "bad/0.txt"
    for part in (opened.train, opened.valid, opened.test):
        for i in range(len(part)):
            name = part.name(int(part.ids[i]))
            first = said(opened, part, i).split()[0] if part is opened.train else None
            assert name.startswith(opened.schema["label"].restore(part[i]["label"]))
            assert first in (None, name.split("/")[0])


def test_parts_above_the_classes_are_obeyed(tmp_path):
    root = tmp_path / "reviews"
    by_folder(root / "train", 10)
    by_folder(root / "test", 5)
    by_folder(root / "val", 3)
    write(root / "train", {"unsup/1.txt": "no class", "urls.txt": "http://x"})
    opened = data.open(root)
    assert sizes(opened) == [20, 6, 10]
    assert opened.schema["label"].names == ("bad", "good")
    assert any("train/unsup has no classes, ignored" in note for note in opened.notes)
    assert opened.test.name(int(opened.test.ids[0])).startswith("test/bad/")


def test_a_file_with_a_line_for_each_text_is_a_class(tmp_path):
    opened = data.open(by_file(tmp_path / "mr"))
    assert opened.schema["label"].names == ("neg!", "pos")
    assert sum(sizes(opened)) == 60
    assert opened.train.name(0) == "mr.neg!:1"
    write(tmp_path / "animals", {"cats.txt": "tom\nfelix\n\n", "dogs.txt": "rex\r\nlassie\n"})
    write(tmp_path / "animals", {"README.md": "about", "owls.txt": "hedwig"})
    opened = data.open(tmp_path / "animals", kind="texts")
    assert opened.schema["label"].names == ("cats", "dogs", "owls")
    assert opened.schema["text"].unit == "characters"
    assert sum(sizes(opened)) == 5
    assert "\r" not in opened.schema["text"].vocabulary
    assert any("its texts are single words, so they are cut into" in n for n in opened.notes)
    assert "cats.txt: blank lines are left out, 1 of them." in opened.notes


@pytest.mark.parametrize("make", [by_file, by_folder])
def test_archives_and_packed_files_open_as_the_folder_does(tmp_path, make):
    root = make(tmp_path / "set")
    plain = data.open(root)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in sorted(root.rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path).as_posix())
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        archive.add(root, "set")
    for name in ("set.zip", "set.tar.gz"):
        assert data.open(tmp_path / name).fingerprint == plain.fingerprint


def test_packed_files_are_read_as_plain_ones(tmp_path):
    plain = data.open(by_file(tmp_path / "a"))
    assert data.open(by_file(tmp_path / "b", ending=".gz")).fingerprint == plain.fingerprint


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["rt-polarity.pos", "rt-polarity.neg"], ["pos", "neg"]),
        (["a_happy_2.txt", "a_healthy_2.txt"], ["happy", "healthy"]),
        (["happy.txt.gz", "healthy.txt"], ["happy", "healthy"]),
        (["x.txt", "x.txt2"], ["txt", "txt2"]),
        (["Arabic.txt", "Czech.txt"], ["Arabic", "Czech"]),
    ],
)
def test_a_class_is_named_by_what_differs_in_the_names_of_files(tmp_path, names, classes):
    assert documents._distinct_names([tmp_path / name for name in names]) == classes


def test_a_bad_file_is_left_out_and_named(tmp_path):
    root = by_folder(tmp_path / "set", 9)
    write(root / "bad", {"a.txt": b"one\0two", "b.txt": "", "c.txt": " \n", "d.pdf": "x"})
    write(root / "good", {"z.txt.gz": "fine"})
    (root / "good" / "y.txt.gz").write_bytes(b"\x1f\x8bcut")
    opened = data.open(root)
    assert sum(sizes(opened)) == 19
    skipped = dict(opened.skipped)
    assert skipped["bad/a.txt"] == "holds NUL bytes, so it is not a text; leave it out"
    assert skipped["bad/b.txt"] == skipped["bad/c.txt"] == "is empty"
    assert "cannot be read" in skipped["good/y.txt.gz"]
    assert "bad: files other than texts are ignored, 1 of them." in opened.notes


def test_encodings_are_told_and_guessed(tmp_path):
    root = by_folder(tmp_path / "set", 9)
    write(root / "good", {
        "l.txt": "eins\ncaf\xe9 \u201csehr\u201d".encode("cp1252"), "m.txt": "\xe9".encode("latin-1"),
        "b.txt": "\ufeffmarked".encode(), "u.txt": "sixteen \xe9".encode("utf-16"),
    })  # fmt: skip
    opened = data.open(root)
    vocabulary = set(opened.schema["text"].vocabulary)
    texts_ = {opened.source.fields["text"].text(i) for i in range(22)}
    assert {"eins\ncaf\xe9 \u201csehr\u201d", "marked", "sixteen \xe9"} <= texts_
    assert "\ufeffmarked" not in vocabulary
    (finding,) = found(opened, "encoding")
    assert finding.items == (("l.txt", "line 2", "byte 0xE9"), ("m.txt", "line 1", "byte 0xE9"))
    assert finding.count == 2
    assert finding.reason.startswith("2 files are not UTF-8")


def test_what_is_given_as_test_is_test(tmp_path):
    opened = data.open(by_folder(tmp_path / "a"), test=by_folder(tmp_path / "b", 4))
    assert sizes(opened) == [36, 4, 8]
    with pytest.raises(DataError, match="is not a folder or archive; give one of texts by class"):
        data.open(tmp_path / "a", test=tmp_path / "none")
    root = tmp_path / "whole"
    by_folder(root / "train")
    by_folder(root / "test", 3)
    with pytest.raises(DataError, match="whole: it already has a folder test; leave out --test"):
        data.open(root, test=tmp_path / "b")


def test_classes_that_only_test_has_are_an_error_unless_renamed(tmp_path):
    root = tmp_path / "set"
    by_folder(root / "train")
    write(root / "test", {"good/1.txt": "a", "Bad/1.txt": "b"})
    with pytest.raises(DataError, match="test/Bad/1.txt is of class 'Bad'.*--rename 'Bad=bad'"):
        data.open(root)
    assert sizes(data.open(root, rename={"Bad": "bad"})) == [36, 4, 2]


def test_one_class_or_no_text_is_refused(tmp_path):
    root = write(tmp_path / "set", {"a/1.txt": "x", "b/1.txt": ""})
    with pytest.raises(DataError, match="two classes or more to train on, got only 'a'; add"):
        data.open(root, kind="texts")
    with pytest.raises(DataError, match="expected a folder of texts by class, got one file"):
        data.open(root / "a" / "1.txt", kind="texts")
    write(root, {"a/1.txt": ""})
    with pytest.raises(DataError, match="expected one example or more, got none; ./1.txt: is"):
        data.open(root, kind="texts")


@pytest.mark.parametrize(
    "files",
    [
        {"a/1.png": b"\x89PNG\r\n\0\0", "b/2.png": b"\x89PNG\r\n\0\0"},
        {"a.csv": "x,y\n1,2\n", "b.csv": "x,y\n1,2\n"},
        {"train.en": "a b\n" * 9, "train.de": "a b\n" * 9},
        {"a.txt": "One line.\n\nAnother.\n\n" * 9, "b.txt": "Prose.\n\nIs so.\n\n" * 9},
        {"a.txt": "only one file\n" * 9},
        {"a.npy": b"\x93NUMPY\0", "b.npy": b"\x93NUMPY\0"},
        {},
    ],
)
def test_other_sources_are_no_texts_by_class(tmp_path, files):
    (tmp_path / "set").mkdir()
    assert not documents.fits(write(tmp_path / "set", files))


# Lines with their class.


LINES = {
    "coarse": ("DESC:manner How does it work ?", "NUM:date When was it ?"),
    "marked": ("__label__good what a film", "__label__bad what a bore"),
    "tab": ("ham\tsee you at eight", "spam\twin a prize today"),
    "last": ("see you at eight\tham", "win a prize today\tspam"),
}


@pytest.mark.parametrize("layout", LINES)
def test_lines_that_hold_their_class_are_read(tmp_path, layout):
    one, two = LINES[layout]
    content = "".join(f"{one} {i}\n{two} {i}\r\n\n" if layout != "last" else
                      f"{i} {one}\n{i} {two}\r\n\n" for i in range(20))  # fmt: skip
    write(tmp_path, {"all.txt": content})
    opened = data.open(tmp_path / "all.txt")
    wanted = {"coarse": ("DESC", "NUM"), "marked": ("bad", "good")}.get(layout, ("ham", "spam"))
    assert opened.schema["label"].names == wanted
    assert sizes(opened) == [28, 4, 8]
    assert "label" not in opened.schema["text"].vocabulary
    assert opened.train.name(2) == "all.txt:4"
    assert "2 classes" not in str(opened.skipped)


def test_parts_of_lines_are_told_by_names_or_test(tmp_path):
    train = "".join(f"A:x one {i}\nB:y two {i}\n" for i in range(20))
    test = "".join(f"A:x three {i}\n" for i in range(5))
    root = write(tmp_path / "q", {"q.train": train, "q.test.gz": test, "README": "about"})
    opened = data.open(root)
    assert sizes(opened) == [36, 4, 5]
    write(tmp_path, {"a.lines": train, "b.lines": test})
    told = data.open(tmp_path / "a.lines", test=tmp_path / "b.lines")
    assert sizes(told) == [36, 4, 5]
    fine = data.open(root, target="fine")
    assert fine.schema["fine"].names == ("A:x", "B:y")
    assert fine.schema.target == "fine"
    assert "label" not in fine.schema.fields
    with pytest.raises(DataError, match="no field 'fin' to predict among label, fine; did you"):
        data.open(root, target="fin")


def test_lines_without_class_are_left_out_and_named(tmp_path):
    good = "".join(f"__label__a one {i}\n__label__b two {i}\n" for i in range(105))
    write(tmp_path, {"x.txt": f"{good}no class\n__label__a __label__b both of them\n"})
    opened = data.open(tmp_path / "x.txt")
    assert opened.skipped == (
        ("x.txt:211", "has no class with a text after it"),
        ("x.txt:212", "has 2 classes, expected one"),
    )
    write(tmp_path, {"y.txt": "__label__a one\n" * 250 + "bad\n" * 300})
    with pytest.raises(DataError, match="y.txt:251 has no class .* and so have 300 of 550 lines"):
        data.open(tmp_path / "y.txt", kind="lines")


def test_any_first_word_is_the_class_where_the_kind_is_told(tmp_path):
    write(tmp_path, {"x.txt": "1 a fine film\n0 a bore\n" * 5, "y.txt": "\nword\n"})
    opened = data.open(tmp_path / "x.txt", kind="lines")
    assert opened.schema["label"].names == ("0", "1")
    with pytest.raises(DataError, match="expected lines that begin with their class, such as .*'w"):
        data.open(tmp_path / "y.txt", kind="lines")


@pytest.mark.parametrize(
    "content",
    [
        "ROMEO: But soft, what light\nJULIET: O Romeo\n" * 9,
        "see http://x.y now\n" * 9,
        "a\tb\tc\n1\t2\t3\n" * 9,
        "12:30 it rained\n13:30 it did not\n" * 9,
        "".join(f"word{i}\tanother{i}\n" for i in range(20)),
        "\0\1\2",
        "",
    ],
)
def test_other_files_are_no_lines_with_classes(tmp_path, content):
    write(tmp_path, {"x.txt": content})
    assert not labeled_lines.fits(tmp_path / "x.txt")


# Writing.


def prose(n=400):
    return "\n\n".join(f"Chapter {i}.\n{text}" for i, text in enumerate(sentences(n, 7)))


def joined(opened):
    parts = (opened.train, opened.valid, opened.test)
    return "".join(
        opened.source.fields["text"].text(i) for part in parts for i in part.ids.tolist()
    )


@pytest.mark.parametrize("unit", ["characters", "words", "subwords"])
def test_pieces_of_writing_are_the_text_again_in_order(tmp_path, unit):
    if unit == "subwords":
        pytest.importorskip("tokenizers")
    write(tmp_path, {"book.txt": f"  {prose()}\n"})
    opened = data.open(tmp_path / "book.txt", unit=unit, length=40)
    assert joined(opened) == f"  {prose()}\n"
    assert opened.schema.targets == ()
    n = sum(sizes(opened))
    assert len(opened.test) == round(n * 0.2)
    assert len(opened.valid) == round((n - len(opened.test)) * 0.1)
    lengths = opened.train["text"].lengths
    assert int(lengths.max()) <= 40
    if unit == "subwords":
        assert float(lengths.float().mean()) > 30
    else:
        assert set(lengths.tolist()) == {40}


def test_writing_is_cut_by_place_within_each_book(tmp_path):
    books = {"a.txt": prose(300), "b.md.gz": prose(500), "README": "about these"}
    opened = data.open(write(tmp_path / "books", books))
    assert opened.schema["text"].unit == "characters"
    for book in ("a.txt", "b.md.gz"):
        parts = []
        for place, part in enumerate((opened.train, opened.valid, opened.test)):
            ids = [i for i in part.ids.tolist() if part.name(i).startswith(book)]
            parts += [(i, place) for i in ids]
        assert [place for _, place in sorted(parts)] == sorted(place for _, place in parts)
        assert {place for _, place in parts} == {0, 1, 2}
    assert opened.train.name(1) == "a.txt, from character 257"
    assert any("consecutive segments of 256 characters" in note for note in opened.notes)


def test_files_of_writing_named_by_part_are_the_parts(tmp_path):
    files = {"wiki.train.txt": prose(), "wiki.valid.txt": prose(50), "wiki.test.txt": prose(60)}
    opened = data.open(write(tmp_path / "wiki", files))
    assert len(opened.test) == -(-len(prose(60)) // 256)
    assert len(opened.valid) == -(-len(prose(50)) // 256)
    told = data.open(tmp_path / "wiki" / "wiki.train.txt", test=tmp_path / "wiki/wiki.test.txt")
    n = -(-len(prose()) // 256)
    assert sizes(told) == [n - round(n / 10), round(n / 10), len(opened.test)]
    assert told.valid.ids.min() > told.train.ids.max()  # by place, not drawn


def test_a_length_below_one_and_empty_or_binary_writing_are_refused(tmp_path):
    write(tmp_path, {"x.txt": "some text", "e.txt": "", "n.txt": b"a\0b"})
    with pytest.raises(DataError, match="length must be 1 or more characters, got 0; pass a"):
        data.open(tmp_path / "x.txt", length=0)
    with pytest.raises(DataError, match="expected one example or more, got none"):
        data.open(tmp_path / "e.txt", kind="writing")
    with pytest.raises(
        DataError, match="n.txt: holds NUL bytes, so it is not a text; leave it out"
    ):
        data.open(tmp_path / "n.txt", kind="writing")
    assert not long_texts.fits(tmp_path / "n.txt")
    write(tmp_path, {"long.txt": "no line ends here " * 9000, "pickle": b"\x80\x04cos\nsystem\n"})
    assert long_texts.fits(tmp_path / "long.txt")
    assert not long_texts.fits(tmp_path / "pickle")
    assert sizes(data.open(tmp_path / "x.txt")) == [1, 0, 0]


# Audit.


def test_the_audit_finds_near_copies_within_and_across_parts(tmp_path):
    root = tmp_path / "set"
    said = sentences(40, 1, length=14)
    copies = {"1.txt": said[0].upper().replace(" ", ",  "), "2.txt": said[1]}
    write(root / "train" / "a", {f"{i}.txt": text for i, text in enumerate(said)})
    write(root / "train" / "b", {f"{i}.txt": t for i, t in enumerate(sentences(40, 2))})
    write(root / "train" / "b", {"c.txt": f"{said[2]} !", "d.txt": f"{said[3]} once"})
    write(root / "test", {f"a/{name}": text for name, text in copies.items()})
    write(root / "test", {f"b/{i}.txt": text for i, text in enumerate(sentences(9, 3))})
    opened = data.open(root)
    near = found(opened, "nearly leaked")
    assert [one.items for one in near] == [(("train/a/0.txt", "test/a/1.txt"),)]
    assert near[0].severity == "error"
    assert [one.items for one in found(opened, "leaked")] == [(("train/a/1.txt", "test/a/2.txt"),)]
    (within,) = found(opened, "nearly duplicate")
    assert within.items == (
        ("train/a/2.txt", "train/b/c.txt"),
        ("train/a/3.txt", "train/b/d.txt"),
    )
    (contrary,) = found(opened, "contradictory")
    assert contrary.items[0] == ("train/a/2.txt (a)", "train/b/c.txt (b)")
    assert contrary.count == 2


def test_near_copies_of_texts_are_drawn_to_one_side(tmp_path):
    said = [sentences(60, seed, length=14) for seed in (1, 2)]
    for name, texts_ in zip("ab", said, strict=True):
        write(tmp_path / name, {f"{i}.txt": text for i, text in enumerate(texts_)})
        again = {f"{i}-again.txt": f"{texts_[i].upper()} !" for i in range(30)}
        write(tmp_path / name, again)
    opened = data.open(tmp_path)
    assert len(opened.test) == 36
    assert not found(opened, "nearly leaked")
    assert found(opened, "nearly duplicate")
    for fold in opened.folds(3):
        assert not found(fold, "nearly leaked")
    pairs = {frozenset((f"{n}/{i}.txt", f"{n}/{i}-again.txt")) for n in "ab" for i in range(30)}
    names = opened.source.names
    assert {frozenset((names[a], names[b])) for a, b in opened.source.near_pairs.tolist()} == pairs


def test_texts_of_one_template_are_drawn_one_by_one(tmp_path):
    template = " ".join(sentences(1, 7, length=60))
    for name in "ab":
        write(tmp_path / name, {f"{i}.txt": f"{template} {name} {i}" for i in range(30)})
    opened = data.open(tmp_path)
    assert len(opened.test) == 12
    (note,) = [note for note in opened.notes if "nearly the same" in note]
    assert "60 of 60 examples" in note
    assert ("nearly leaked", "test") in kinds(opened)


def test_runs_of_words_find_all_near_copies_and_nothing_else():
    texts_ = sentences(400, 5, length=30, words=[f"w{i}" for i in range(500)])
    for i in range(0, 200, 2):
        words = texts_[i].split()
        texts_[i + 1] = " ".join([*words[:-2], "x", "y"]).title()
    pairs = set(map(tuple, minhash.near_pairs(texts_).tolist()))
    assert pairs == {(i, i + 1) for i in range(0, 200, 2)}
    assert len(minhash.near_pairs(["", " !"])) == 0
    assert minhash.near_pairs(["Owl", "owl!", "mouse"]).tolist() == [[0, 1]]
    assert minhash.near_pairs(["a b", "b a", "A b"]).tolist() == [[0, 2]]


def test_the_audit_finds_empty_long_broken_and_unknown_texts(tmp_path):
    root = by_folder(tmp_path / "set")
    write(root / "good", {
        "long.txt": "owl " * 700, "fffd.txt": "caf\ufffd au lait",
        "moji.txt": "le caf\u00e9 noir".encode().decode("latin-1"), "fine.txt": "Ünï \u00c3 \u00c2",
    })  # fmt: skip
    opened = data.open(root)
    (broken,) = found(opened, "wrong encoding")
    assert sorted(item[0] for item in broken.items) == ["good/fffd.txt", "good/moji.txt"]
    assert ("good/moji.txt", "\u00c3\u00a9", "\u00e9") in broken.items
    assert texts_audit._find_mojibake("it\u00e2\u20ac\u2122s") == ("\u00e2\u20ac\u2122", "\u2019")
    assert texts_audit._find_mojibake("S\u00e3o Paulo, caf\u00e9\u2019, \u00c4\u201c") is None
    (long,) = found(opened, "long text")
    assert long.items == (("good/long.txt", "700"),)
    write(
        tmp_path, {"x.tab": "a\tone\n" * 2 + "".join(f"a\tsay {i}\nb\tbe {i}\n" for i in range(40))}
    )
    opened = data.open(tmp_path / "x.tab")
    (unknown,) = found(opened, "unknown tokens")
    assert unknown.split == "test"
    assert unknown.count == sum(int(n) for _, n in unknown.items)
    assert "are not in the training vocabulary" in unknown.reason
    fields = {"text": Texts(["one", "", "two"]), "label": Labels(["a", "b", "a"], True)}
    (empty,) = found(build(Source("x", fields, targets=("label",))), "empty text")
    assert empty.items == (("example 1",),)


def test_the_audit_doubts_classes_that_the_words_deny(tmp_path):
    rows = [f"owl\t{text}" for text in sentences(200, 1, WORDS[:8])]
    rows += [f"fox\t{text}" for text in sentences(200, 2, WORDS[8:])]
    rows[7] = rows[7].replace("owl\t", "fox\t")
    rows[300] = rows[300].replace("fox\t", "owl\t")
    write(tmp_path, {"x.txt": "\n".join(rows)})
    (doubtful,) = found(data.open(tmp_path / "x.txt"), "suspect label")
    assert {item[:3] for item in doubtful.items} == {
        ("x.txt:8", "fox", "owl"), ("x.txt:301", "owl", "fox")
    }  # fmt: skip
    assert rows[7].split("\t")[1][:20] in " ".join(item[4] for item in doubtful.items)


def test_clean_texts_have_no_findings(tmp_path):
    words = [f"word{i}" for i in range(400)]
    files = {f"{c}/{i}.txt": t for c in "ab" for i, t in enumerate(
        sentences(60, ord(c), words, 40))}  # fmt: skip
    opened = data.open(write(tmp_path / "set", files))
    assert kinds(opened, "error") | kinds(opened, "warning") == set()


# Real sets.


def test_names_are_of_eighteen_languages():
    opened = real("names")
    assert sum(sizes(opened)) == 20_050
    assert len(opened.schema["label"].names) == 18
    assert opened.schema["text"].unit == "characters"
    assert "Russian" in opened.schema["label"].names
    everyone = np.concatenate(
        [p["label"].numpy() for p in (opened.train, opened.valid, opened.test)]
    )
    assert (everyone == opened.schema["label"].prepare("Russian")).sum() == 9_384


def test_reviews_are_half_and_half():
    opened = real("movie-review-polarity")
    assert opened.schema["label"].names == ("neg", "pos")
    assert sum(sizes(opened)) == 10_662
    assert sum(int(p["label"].sum()) for p in (opened.train, opened.valid, opened.test)) == 5_331
    assert ("encoding", None) in kinds(opened)


def test_questions_have_coarse_and_fine_classes():
    opened = real("trec")
    assert len(opened.train) + len(opened.valid) == 5_452
    assert len(opened.test) == 500
    assert opened.schema["label"].names == ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
    assert len(real("trec", target="fine").schema["fine"].names) == 50


def test_shakespeare_is_cut_into_characters():
    opened = real("tinyshakespeare")
    parts = (opened.train, opened.valid, opened.test)
    assert sum(len(part["text"].values) for part in parts) == 1_115_394
    assert len(opened.schema["text"].vocabulary) == 65
    assert joined(opened).startswith("First Citizen:\nBefore we proceed")


def test_words_with_their_tags_that_are_taken_for_lines_are_said_to_look_so(tmp_path):
    sentence = ["the\tDET", "cat\tNOUN", "sleeps\tVERB", "a\tDET", "dog\tNOUN", ""]
    (tmp_path / "t.txt").write_text("\n".join(sentence * 12))
    opened = data.open(tmp_path / "t.txt", kind="lines")
    assert any("--kind tags reads it so" in note for note in opened.notes)
    rows = [f"{'good' if n % 2 else 'bad'}\tit was number {n}" for n in range(60)]
    (tmp_path / "u.txt").write_text("\n".join([*rows, "", *rows[:3]]))
    assert not any("--kind tags" in note for note in data.open(tmp_path / "u.txt").notes)
