"""Texts with a structure: parallel texts, tags, trees, stories and captions."""

import gzip
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from brique import data
from brique.data import audit
from brique.data.raw.column import Sequences
from brique.errors import DataError


def files(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        path.write_bytes(packed)
    return folder


def sizes(opened):
    return [len(opened.train), len(opened.valid), len(opened.test)]


def shelf(*names):
    """Return the real data set of a name, or skip."""
    found = [
        Path(folder).joinpath(*names)
        for folder in os.environ.get("BRIQUE_DATA", "").split(os.pathsep)
        if folder
    ]
    path = next((path for path in found if path.exists()), None)
    if path is None:
        pytest.skip(f"{'/'.join(names)} is not under BRIQUE_DATA")
    return path


def kinds(opened):
    return {finding.kind: finding for finding in audit.findings(opened)}


def packings(folder, tmp_path):
    """Yield the same files as a folder, a zip and a tar.gz."""
    yield folder
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    yield tmp_path / "packed.zip"
    with tarfile.open(tmp_path / "packed.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    yield tmp_path / "packed.tar.gz"


# tags


def sentence(*rows, comment="# text = ..."):
    lines = [
        "\t".join([str(place), word, word.lower(), upos, xpos, "_", str(head), deprel, "_", "_"])
        for place, (word, upos, xpos, head, deprel) in enumerate(rows, 1)
    ]
    return "\n".join([comment, *lines]) + "\n\n"


CATS = sentence(("Cats", "NOUN", "NNS", 2, "nsubj"), ("sleep", "VERB", "VBP", 0, "root"))
DOGS = sentence(("Dogs", "NOUN", "NNS", 2, "nsubj"), ("bark", "VERB", "VBP", 0, "root"))
GO = sentence(("Go", "VERB", "VB", 0, "root"))


def conllu(folder, **parts):
    texts = {"train": CATS * 3 + DOGS, "dev": DOGS + GO, "test": GO} | parts
    named = {f"xx-ud-{part}.conllu.gz": text for part, text in texts.items()}
    return files(folder, named | {"LICENSE.txt": "free", "README.md": "# words"})


def test_conllu_opens_with_its_parts(tmp_path):
    opened = data.open(conllu(tmp_path / "ud"))
    assert sizes(opened) == [4, 2, 1]
    assert list(opened.schema.fields) == ["words", "upos"]
    assert opened.schema.target == "upos"
    assert opened.schema["upos"].names == ("NOUN", "VERB")
    assert opened.train[0]["upos"].tolist() == [0, 1]
    assert torch.equal(opened.schema["words"].prepare(["Cats", "sleep"]), opened.train[0]["words"])
    assert opened.train.name(3) == "xx-ud-train.conllu.gz:13"
    batch = next(iter(opened.train.batches(2, turns=1)))
    assert torch.equal(batch.words.offsets, batch.upos.offsets)
    assert "--target takes xpos, deprel, head" in opened.notes[0]


def test_a_set_of_tags_is_the_same_in_every_packing(tmp_path):
    folder = conllu(tmp_path / "ud")
    prints = [data.open(place).fingerprint for place in packings(folder, tmp_path)]
    assert len(set(prints)) == 1


@pytest.mark.parametrize("target", ["xpos", "deprel"])
def test_another_column_is_the_target_alone(tmp_path, target):
    opened = data.open(conllu(tmp_path / "ud", test=CATS, dev=DOGS), target=target)
    assert opened.schema.inputs == ("words",)
    assert opened.schema.target == target


def test_heads_come_with_their_relations(tmp_path):
    opened = data.open(conllu(tmp_path / "ud"), target="head")
    assert opened.schema.targets == ("head", "deprel")
    assert opened.train[0]["head"].tolist() == [2, 0]
    assert opened.schema["head"].is_sequence
    assert opened.schema["deprel"].restore(opened.train[0]["deprel"]) == ["nsubj", "root"]


def test_ranges_empty_nodes_and_comments_are_no_words(tmp_path):
    rows = GO.strip().splitlines()
    odd = "\n".join([rows[0], "1-2\tGono" + "\t_" * 8, rows[1], "1.1\tnot" + "\t_" * 8]) + "\n"
    opened = data.open(conllu(tmp_path / "ud", train=odd + "\n" + CATS))
    assert [len(opened.train[i]["words"]) for i in range(2)] == [1, 2]


def test_an_unknown_tag_outside_train_is_an_error_that_renaming_mends(tmp_path):
    odd = sentence(("Ow", "INTJ", "UH", 0, "root"))
    folder = conllu(tmp_path / "ud", test=GO + odd)
    says = (
        r"ud: upos: xx-ud-test.conllu.gz:4 holds 'INTJ', which no training example has among"
        r" NOUN, VERB.*; --rename 'INTJ=NEW' gives it another name"
    )
    with pytest.raises(DataError, match=says):
        data.open(folder)
    opened = data.open(folder, rename={"INTJ": "VERB"})
    assert opened.test[1]["upos"].tolist() == [1]


def test_a_broken_sentence_is_left_out_by_name(tmp_path):
    broken = "1\tGo\tgo\n\n" + GO.replace("1\tGo", "2\tGo") + GO.replace("\t0\troot", "\t7\troot")
    folder = conllu(tmp_path / "ud", train=CATS + broken + DOGS)
    (folder / "xx-ud-more-train.conllu").write_bytes(b"\0\1\2\n")
    opened = data.open(folder, target="head")
    assert sizes(opened) == [2, 2, 1]
    reasons = dict(opened.skipped)
    assert "expected 10 columns at '1', got 3" in reasons["xx-ud-train.conllu.gz:5"]
    assert "expected word 1, got 2" in reasons["xx-ud-train.conllu.gz:7"]
    assert "expected a head from 0 to 1 at word 1, got '7'" in reasons["xx-ud-train.conllu.gz:10"]
    assert "holds NUL bytes, so it is not a text" in reasons["xx-ud-more-train.conllu"]
    assert "4 sentences or files cannot be read" in opened.notes[0]


def test_columns_with_blank_lines_between(tmp_path):
    text = "-DOCSTART- -X- O\n\nEU NNP B-ORG\nsays VBZ O\n\nYes UH O\n"
    named = {"eng.train": text, "eng.testa": text, "eng.testb": text, "notes.iob": text}
    opened = data.open(files(tmp_path / "conll", named), kind="tags")
    assert sizes(opened) == [2, 2, 2]
    assert opened.schema["tag"].names == ("B-ORG", "O")
    assert opened.skipped == (("notes.iob", "its name has no part: train, valid or test"),)
    second = data.open(tmp_path / "conll", kind="tags", target="2")
    assert second.schema["tag"].names == ("NNP", "UH", "VBZ")


def test_columns_that_differ_are_named(tmp_path):
    text = "EU NNP B-ORG\nsays O\n\nlone\n\nYes UH O\n"
    file = files(tmp_path, {"one.iob": text + "Now RB O\n\n" * 9}) / "one.iob"
    opened = data.open(file)
    reasons = dict(opened.skipped)
    assert "expected 3 columns at 'says', got 2" in reasons["one.iob:1"]
    assert "line 4: expected 3 columns at 'lone', got 1" in reasons["one.iob:4"]
    with pytest.raises(DataError, match="no column 4 among 3; choose another target"):
        data.open(file, target="4")


def test_one_file_is_drawn_and_another_may_be_its_test(tmp_path):
    folder = files(tmp_path, {"a.conllu": (CATS + DOGS + GO) * 10, "b.conllu": GO * 3})
    assert sum(sizes(data.open(folder / "a.conllu"))) == 30
    opened = data.open(folder / "a.conllu", test=folder / "b.conllu")
    assert len(opened.test) == 3
    with pytest.raises(DataError, match="--test nowhere is no file or folder; check the path"):
        data.open(folder / "a.conllu", test="nowhere")
    conllu(tmp_path / "ud")
    with pytest.raises(DataError, match="it already has a test part; leave out --test"):
        data.open(tmp_path / "ud", test=folder / "b.conllu")


def test_sentences_on_the_target_of_tags(tmp_path):
    folder = conllu(tmp_path / "ud")
    says = "target must be one of upos, xpos, deprel, head, got 'upo'; did you mean 'upos'"
    with pytest.raises(DataError, match=says):
        data.open(folder, target="upo")
    files(tmp_path, {"one.iob": "Yes UH\n\n" * 9})
    with pytest.raises(DataError, match="target must be tag, the last column, or a number from 2"):
        data.open(tmp_path / "one.iob", target="ner")


def test_parts_need_examples(tmp_path):
    folder = files(tmp_path / "a", {"x-dev.conllu": GO, "x-test.conllu": GO})
    with pytest.raises(DataError, match="expected a train part beside valid, test, got none"):
        data.open(folder)
    folder = files(tmp_path / "b", {"x.conllu": "1\tGo\n"})
    with pytest.raises(DataError, match="expected one example or more, got none; x.conllu:1: tags"):
        data.open(folder)


def test_sequences_need_a_class():
    with pytest.raises(DataError, match="no training example has a class; leave the field out"):
        Sequences([[], []]).fit(np.array([0, 1]), "tags")
    kind, values = Sequences([["b"], [], ["a", "b"]]).fit(np.array([0, 2]), "tags")
    assert kind.names == ("a", "b")
    assert [one.tolist() for one in values] == [[1], [], [0, 1]]


def test_tags_are_audited(tmp_path):
    other = CATS.replace("VERB", "NOUN")
    found = kinds(data.open(conllu(tmp_path / "ud", train=CATS * 6 + other)))
    assert found["contradictory tags"].items == (
        ("xx-ud-train.conllu.gz:1", "xx-ud-train.conllu.gz:25", "word 2: VERB, NOUN"),
    )
    found = kinds(data.open(conllu(tmp_path / "rare", train=CATS * 6 + GO)))
    assert "rare tag" not in found
    found = kinds(data.open(conllu(tmp_path / "rare", train=CATS * 3 + GO)))
    assert found["rare tag"].items == (("NOUN", "3"), ("VERB", "4"))
    assert "2 classes of upos have fewer than 5 training examples" in found["rare tag"].reason


def test_tags_that_do_not_fit_their_words_are_an_error():
    from brique.data.audit import findings
    from brique.data.dataset import build
    from brique.data.raw.column import Texts
    from brique.data.raw.source import Source

    words, tags = [["a", "b"], ["a"], [], ["b"]], [["x", "y"], ["x", "y"], [], ["y"]]
    source = Source("odd", {"words": Texts(words), "tag": Sequences(tags)}, {}, ("tag",))
    found = {one.kind: one for one in findings(build(source, torch.zeros(4, dtype=torch.uint8)))}
    assert found["unequal lengths"].items == (("example 1", "1 words", "2 tag"),)
    assert found["empty text"].items == (("example 2", "words"),)


def test_english_ewt_has_the_sizes_of_its_statistics():
    opened = data.open(shelf("ud-english-ewt"))
    assert sizes(opened) == [12544, 2001, 2077]
    words = [len(part["words"].values) for part in (opened.train, opened.valid, opened.test)]
    assert words == [204577, 25147, 25094]
    assert len(opened.schema["upos"].names) == 17
    assert torch.equal(opened.train["words"].offsets, opened.train["upos"].offsets)


# trees

GOOD, BAD = "(4 (3 Very) (4 good))", "(0 (2 It) (1 (2 was) (0 bad)))"


def treebank(folder, ending=".txt", **parts):
    texts = {"train": f"{GOOD}\n{BAD}\n" * 3, "dev": GOOD + "\n", "test": BAD + "\n"} | parts
    return files(folder, {f"trees/{part}{ending}": text for part, text in texts.items()})


def test_trees_open_with_their_parts(tmp_path):
    opened = data.open(treebank(tmp_path / "bank"))
    assert sizes(opened) == [6, 1, 1]
    assert list(opened.schema.fields) == ["tree", "label"]
    assert opened.schema["label"].names == ("0", "4")
    tree = opened.train["tree"]
    assert tree.offsets.tolist()[:3] == [0, 3, 8]
    assert tree.parent[:8].tolist() == [2, 2, -1, 4, 3, 3, 4, -1]
    words, parents = opened.schema["tree"].prepare(BAD)
    assert torch.equal(tree[1], words)
    assert torch.equal(tree.parent[3:8], parents)
    assert opened.train.name(1) == "train.txt:2"
    assert "--target labels" in opened.notes[0]


def test_labels_of_nodes_lie_as_the_tree_does(tmp_path):
    opened = data.open(treebank(tmp_path / "bank"), target="labels")
    assert opened.schema.inputs == ("tree",)
    batch = next(iter(opened.train.batches(2, turns=1, shuffle=False)))
    assert torch.equal(batch.tree.offsets, batch.labels.offsets)
    assert torch.equal(batch.tree.parent, batch.labels.parent)
    names = opened.schema["labels"].restore(batch.labels[0])
    assert names == ["3", "4", "4"]


def test_trees_are_the_same_in_every_packing(tmp_path):
    folder = treebank(tmp_path / "bank", ending=".txt.gz")
    prints = [data.open(place).fingerprint for place in packings(folder, tmp_path)]
    assert len(set(prints)) == 1


def test_trees_without_labels_have_no_target(tmp_path):
    bank = {"train": "((It) (works))\n" * 3, "dev": "((It))\n", "test": "((It) (works))\n"}
    opened = data.open(treebank(tmp_path / "bank", **bank))
    assert list(opened.schema.fields) == ["tree"]
    assert opened.schema.targets == ()
    with pytest.raises(DataError, match="its trees have no labels, got --target 'label'"):
        data.open(tmp_path / "bank", target="label")


def test_a_line_that_is_no_tree_is_left_out(tmp_path):
    opened = data.open(treebank(tmp_path / "bank", train=f"{GOOD}\n{BAD}\n\n((It)\n{GOOD}\n"))
    assert sizes(opened)[0] == 3
    assert opened.skipped[0][0] == "train.txt:4"
    assert "got a bracket that is not closed" in opened.skipped[0][1]
    assert "1 lines or files are not trees" in opened.notes[0]


def test_sentences_on_the_target_of_trees(tmp_path):
    treebank(tmp_path / "bank")
    says = "target must be label, of the whole tree, or labels, .* got 'lable'; did you mean"
    with pytest.raises(DataError, match=says):
        data.open(tmp_path / "bank", target="lable")


def test_classes_of_trees_can_be_renamed(tmp_path):
    opened = data.open(treebank(tmp_path / "bank"), rename={"4": "good", "0": "bad"})
    assert opened.schema["label"].names == ("bad", "good")


def test_poems_in_brackets_are_no_trees(tmp_path):
    folder = files(tmp_path / "a", {"train.txt": "(Chorus)\n(La)\n" * 3})
    from brique.data.files.place import resolve_place
    from brique.data.sources.texts import trees

    assert not trees.fits(resolve_place(folder))
    assert trees.fits(resolve_place(treebank(tmp_path / "bank")))


def test_trees_are_audited(tmp_path):
    train = f"{GOOD}\n{BAD}\n(2 Yes)\n((It) (3 works))\n"
    found = kinds(data.open(treebank(tmp_path / "bank", train=train)))
    assert found["single node"].items == (("train.txt:3", "(Yes)"),)
    assert found["label missing"].items == (("train.txt:4",),)
    found = kinds(data.open(tmp_path / "bank", target="labels"))
    assert found["label missing"].items == (("train.txt:4",),)
    assert "a class of its own, 'missing'" in found["label missing"].reason


def test_the_sentiment_treebank_has_the_sizes_of_its_paper():
    opened = data.open(shelf("sst", "trainDevTestTrees_PTB.zip"))
    assert sizes(opened) == [8544, 1101, 2210]
    assert opened.schema["label"].names == tuple("01234")
    assert opened.skipped == ()
    assert len(opened.train["tree"].values) == 318582  # phrases with a label, as in the paper


# parallel text


def translated(folder, **more):
    contents = {}
    for part, n in (("train", 6), ("val", 2), ("test_2016", 2), ("test_2017", 3)):
        for language, word in (("en", "dog"), ("de", "Hund")):
            contents[f"{part}.{language}.gz"] = "".join(f"{word} {i}\n" for i in range(n))
    return files(folder, contents | more)


def test_parallel_text_opens_line_by_line(tmp_path):
    opened = data.open(translated(tmp_path / "pairs"))
    assert sizes(opened) == [6, 2, 2]
    assert list(opened.schema.fields) == ["de", "en"]
    assert opened.schema.target == "en"
    assert opened.schema["de"].restore(opened.train[4]["de"]) == "Hund 4"
    assert opened.schema["en"].restore(opened.train[4]["en"]) == "dog 4"
    assert opened.train.name(4) == "train:5"
    assert "--test takes test_2017" in opened.notes[0]
    assert "de is translated to en; --target de turns it round" in opened.notes[1]
    other = data.open(tmp_path / "pairs", target="de", test="test_2017", lower=True)
    assert sizes(other) == [6, 2, 3]
    assert other.schema.target == "de"
    assert other.schema["de"].vocabulary[0] == "hund"
    assert data.open(tmp_path / "pairs", unit="characters").schema["en"].unit == "characters"


def test_parallel_text_is_the_same_in_every_packing(tmp_path):
    folder = translated(tmp_path / "pairs")
    prints = [data.open(place).fingerprint for place in packings(folder, tmp_path)]
    assert len(set(prints)) == 1


def test_of_three_languages_the_target_is_to_be_chosen(tmp_path):
    more = {f"{part}.fr": "chien\n" * n for part, n in (("train", 6), ("val", 2), ("test_2016", 2))}
    more |= {"test_2016.cs": "pes\n" * 2}
    opened = data.open(translated(tmp_path / "pairs", **more))
    assert list(opened.schema.fields) == ["de", "en", "fr"]
    assert opened.schema.targets == ()
    assert "holds de, en, fr; --target fr chooses" in opened.notes[-1]
    assert data.open(tmp_path / "pairs", target="fr").schema.target == "fr"
    two = data.open(tmp_path / "pairs", types={"de": "leave"})
    assert list(two.schema.fields) == ["en", "fr"]
    assert two.schema.target == "fr"
    lacking = data.open(tmp_path / "pairs", target="fr", test="test_2017")
    assert lacking.skipped == (("test_2017", "has no text in fr"),)


def test_numbers_of_lines_must_agree(tmp_path):
    folder = translated(tmp_path / "pairs", **{"train.de.gz": "Hund\n" * 5})
    says = (
        "pairs: train: expected as many lines in each language, got 6 in train.en.gz but 5 in"
        " train.de.gz; correct them"
    )
    with pytest.raises(DataError, match=says):
        data.open(folder)


def test_only_a_line_feed_ends_a_line(tmp_path):
    folder = translated(
        tmp_path / "pairs",
        **{"train.de.gz": "a\u2028b\r\nc\x85d\r\ne\r\n", "train.en.gz": "a\nb\nc"},
    )
    assert sizes(data.open(folder))[0] == 3


def test_letters_of_windows_are_read_and_found(tmp_path):
    folder = translated(tmp_path / "pairs")
    (folder / "train.de.gz").write_bytes(gzip.compress("Hund\nBär\n".encode("cp1252") + b"x\n" * 4))
    opened = data.open(folder)
    assert "Bär" in opened.schema["de"].vocabulary
    assert kinds(opened)["encoding"].items == (("train.de.gz", "line 2", "byte 0xE4"),)
    (folder / "train.de.gz").write_bytes(gzip.compress(("Bär\n" * 6).encode("utf-16")))
    assert "Bär" in data.open(folder).schema["de"].vocabulary


def test_a_table_of_two_columns_is_parallel_text(tmp_path):
    rows = "".join(f"Go {i}.\tVa {i} !\tCC-BY\n" for i in range(20))
    file = (
        files(tmp_path, {"fra.tsv": rows + "alone\n", "few.tsv": "en\tto\nHi\tAlo\n"}) / "fra.tsv"
    )
    opened = data.open(file, kind="parallel")
    assert sum(sizes(opened)) == 20
    assert opened.schema.target == "translation"
    assert opened.skipped == (("fra.tsv:21", "has one column, not two"),)
    assert "the first two columns are read" in opened.notes[0]
    both = data.open(tmp_path / "few.tsv", kind="parallel", test=file)
    assert list(both.schema.fields) == ["en", "to"]
    assert len(both.test) == 20
    files(tmp_path, {"one.tsv": "alone\n"})
    says = "one.tsv: expected two columns with a tab between them, got alone; give such a table"
    with pytest.raises(DataError, match=says):
        data.open(tmp_path / "one.tsv", kind="parallel")


def test_sentences_on_options_of_parallel_text(tmp_path):
    folder = translated(tmp_path / "pairs", **{"notes.en": "x\n", "notes.de": "x\n"})
    assert data.open(folder).skipped[0][0] == "notes"
    for options, says in (
        ({"target": "fr"}, "target must be one of de, en, got 'fr'; choose one"),
        ({"test": "test_2018"}, "test must be one of test_2016, test_2017, got 'test_2018'; did"),
        ({"types": {"de": "number"}}, "types of parallel text leave languages out, such as"),
        ({"types": {"de": "leave"}}, "expected two languages or more, got en; leave fewer out"),
        ({"unit": "word"}, "unit must be one of words, characters, subwords, got 'word'; did you"),
    ):
        with pytest.raises(DataError, match=says):
            data.open(folder, **options)


def test_one_pair_of_files_is_drawn(tmp_path):
    folder = files(tmp_path / "pair", {"train.pt-br": "a\n" * 5, "train.en": "a\nb\nc\nd\ne\n"})
    opened = data.open(folder)
    assert list(opened.schema.fields) == ["en", "pt_br"]
    assert sizes(opened) == [3, 1, 1]


def test_files_of_other_endings_are_no_languages(tmp_path):
    from brique.data.files.place import resolve_place
    from brique.data.sources.texts import parallel

    assert not parallel.fits(resolve_place(files(tmp_path / "a", {"rt.pos": "x", "rt.neg": "y"})))
    assert not parallel.fits(resolve_place(files(tmp_path / "b", {"a.en": "x", "b.de": "y"})))


def test_parallel_text_is_audited(tmp_path):
    rng = np.random.default_rng(0)
    long = [" ".join(["word"] * n) + f" {i}" for i, n in enumerate(rng.integers(1, 30, 1200))]
    other = [line.replace("word", "Wort") for line in long]
    other[3], other[5], other[600] = "", "Wort", long[600]
    long[5] = " ".join(["word"] * 40)
    text = {"train.en": "\n".join(long), "train.de": "\n".join(other)}
    found = kinds(data.open(files(tmp_path / "pairs", text)))
    assert found["empty text"].items == (("train:4", "de"),)
    assert found["odd lengths"].items == (("train:6", "de: 1", "en: 40"),)
    assert found["untranslated"].items[0][:2] == ("train:601", "de = en")
    assert "misaligned" not in found


def test_shifted_lines_are_an_error(tmp_path):
    rng = np.random.default_rng(0)
    lines = [" ".join(["word"] * n) for n in rng.integers(1, 30, 1200)]
    moved = lines[:700] + lines[701:] + ["word"]
    folder = files(tmp_path, {"all.en": "\n".join(lines), "all.de": "\n".join(moved)})
    opened = data.open(folder)
    finding = kinds(opened)["misaligned"]
    assert finding.severity == "error"
    assert finding.items[-1] == ("all:1001", "all:1200", "en +1 lines against de")
    assert finding.items[0][0] in ("all:601", "all:801")


def test_multi30k_has_the_sizes_of_its_paper():
    opened = data.open(
        shelf("multi30k"), target="fr", types={"de": "leave"}, test="test_2017_mscoco"
    )
    assert sizes(opened) == [29000, 1014, 461]
    assert opened.schema.inputs == ("en",)


# stories

TALE = """1 Mary went to the kitchen.
2 John went home.
3 Where is Mary?\tkitchen\t1
4 Mary took the milk.
5 What does Mary carry?\tmilk,key\t4 1
1 John sat.
2 Where is John? \thome\t1
"""


def tasks(folder, **more):
    contents = {}
    for task in ("qa1_one", "qa2_two"):
        for part in ("train", "test"):
            contents[f"en/{task}_{part}.txt"] = TALE * 4
    return files(folder, contents | {"README.txt": "tasks", "LICENSE.txt": "free"} | more)


def test_stories_open_with_all_that_was_told_before(tmp_path):
    opened = data.open(tasks(tmp_path / "babi"))
    assert len(opened.train) + len(opened.valid) == 24
    assert len(opened.test) == 24
    assert list(opened.schema.fields) == ["story", "question", "task", "answer"]
    assert opened.schema.target == "answer"
    assert opened.schema["answer"].names == ("home", "kitchen", "milk,key")
    assert opened.schema["story"] == opened.schema["question"]
    second = int(opened.test.ids[1])
    assert opened.test.name(second) == "qa1_one_test.txt:5"
    told = "Mary went to the kitchen. John went home. Mary took the milk."
    assert torch.equal(opened.schema["story"].prepare(told), opened.test[1]["story"])
    asked = opened.schema["question"].prepare("What does Mary carry?")
    assert torch.equal(asked, opened.test[1]["question"])
    assert opened.schema["task"].restore(opened.test[1]["task"]) == "qa1"


def test_stories_are_the_same_in_every_packing(tmp_path):
    folder = tasks(tmp_path / "babi")
    prints = [data.open(place).fingerprint for place in packings(folder, tmp_path)]
    assert len(set(prints)) == 1


def test_questions_of_one_story_are_one_group(tmp_path):
    opened = data.open(tasks(tmp_path / "babi"))
    groups = opened.source.groups
    assert groups[:6].tolist() == [0, 0, 1, 2, 2, 3]
    assert len(set(groups.tolist())) == 32


def test_facts_are_places_among_the_sentences(tmp_path):
    opened = data.open(tasks(tmp_path / "babi"), target="facts", names="qa1")
    assert list(opened.schema.fields) == ["story", "question", "facts"]
    assert [opened.test[i]["facts"].tolist() for i in range(3)] == [[0], [2, 0], [0]]


def test_tasks_are_chosen_by_name_or_pattern(tmp_path):
    folder = tasks(tmp_path / "babi")
    assert len(data.open(folder, names="qa2").test) == 12
    assert len(data.open(folder, names="qa*_two_*").test) == 12
    says = "names must be a task among qa1, qa2, or a pattern of files, got 'qa3'; did you mean"
    with pytest.raises(DataError, match=says):
        data.open(folder, names="qa3")
    says = "target must be answer or facts, got 'answers'; did you mean 'answer'"
    with pytest.raises(DataError, match=says):
        data.open(folder, target="answers")


def test_stories_with_faults(tmp_path):
    odd = TALE + "Nobody counts.\n1 Who?\n2 Who?\tMary\t\tJohn\n3 Who?\t\t\n4 Who?\tEve\t9\n"
    folder = tasks(tmp_path / "babi", **{"en/qa1_one_test.txt": odd})
    (folder / "en" / "qa3_test.txt").write_bytes(b"1 a\0b\n")
    opened = data.open(folder)
    reasons = dict(opened.skipped)
    assert "is neither a numbered sentence" in reasons["qa1_one_test.txt:8"]
    assert "qa1_one_test.txt:9" in reasons
    assert "qa1_one_test.txt:10" in reasons
    assert "holds NUL bytes" in reasons["qa3_test.txt"]
    found = kinds(opened)
    assert found["no answer"].items == (("qa1_one_test.txt:11",),)
    assert ("qa1_one_test.txt:12", "Eve") in found["new answer"].items
    assert found["empty text"].items[0] == ("qa1_one_test.txt:11", "story")


def test_babi_has_the_sizes_of_its_paper():
    path = shelf("babi", "en.tar.gz")
    opened = data.open(path)
    assert len(opened.train) + len(opened.valid) == 20000
    assert len(opened.test) == 20000
    assert len(opened.schema["task"].names) == 20
    one = data.open(path, names="qa1")
    assert len(one.train) + len(one.valid) == 1000
    assert len(one.test) == 1000
    assert len(one.schema["answer"].names) == 6


# captions


def captions(folder, pictures=True):
    names = [f"{place}.jpg" for place in range(8)]
    lines = [f"{name}#{n}\tA dog number {name[0]} {n} .\n" for name in names for n in range(2)]
    lines += ["0.jpg.1#0\tA dog .\n"]
    lists = {"train": names[:4], "dev": names[4:5], "test": names[5:7]}
    contents = {f"F.{part}Images.txt": "\n".join(listed) for part, listed in lists.items()}
    folder = files(folder, contents | {"F.token.txt.gz": "".join(lines), "readme.txt": "Cite us."})
    if pictures:
        from PIL import Image

        (folder / "pictures").mkdir()
        rng = np.random.default_rng(0)
        for name in names:
            pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / name, quality=95)
    return folder


def test_captions_open_with_their_pictures(tmp_path):
    folder = captions(tmp_path / "shown")
    opened = data.open(folder)
    assert sizes(opened) == [8, 2, 4]
    assert list(opened.schema.fields) == ["image", "caption"]
    assert opened.schema.target == "caption"
    assert opened.schema["image"].shape == (3, 20, 24)
    file = folder / "pictures" / "5.jpg"
    assert torch.equal(opened.schema["image"].prepare(file), opened.test["image"][1])
    assert opened.test.name(int(opened.test.ids[1])) == "5.jpg#1"
    assert opened.source.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert "3 captions of 2 pictures on no list are left out: 0.jpg.1, 7.jpg" in opened.notes[0]
    assert data.open(folder, size=8, channels=1).schema["image"].shape == (1, 8, 8)


def test_captions_are_the_same_in_every_packing(tmp_path):
    folder = captions(tmp_path / "shown")
    prints = [data.open(place).fingerprint for place in packings(folder, tmp_path)]
    assert len(set(prints)) == 1


def test_captions_without_pictures_have_no_input(tmp_path):
    opened = data.open(captions(tmp_path / "text", pictures=False), lower=True)
    assert sizes(opened) == [8, 2, 4]
    assert list(opened.schema.fields) == ["caption"]
    assert "no pictures lie beside the captions" in opened.notes[-1]
    assert "duplicate" not in kinds(opened)


def test_captions_without_lists_are_drawn(tmp_path):
    folder = captions(tmp_path / "text", pictures=False)
    for part in ("train", "dev", "test"):
        (folder / f"F.{part}Images.txt").unlink()
    assert sum(sizes(data.open(folder))) == 17


def test_captions_are_audited(tmp_path):
    folder = captions(tmp_path / "shown")
    (folder / "pictures" / "1.jpg").write_bytes(b"no picture")
    (folder / "pictures" / "6.jpg").write_bytes((folder / "pictures" / "0.jpg").read_bytes())
    with (folder / "F.trainImages.txt").open("a") as listed:
        listed.write("\n99.jpg\n")
    text = gzip.decompress((folder / "F.token.txt.gz").read_bytes()).decode()
    text = text.replace("A dog number 2 0 .", "") + "nothing\n"
    (folder / "F.token.txt.gz").write_bytes(gzip.compress(text.encode()))
    opened = data.open(folder)
    assert sizes(opened) == [6, 2, 4]
    found = kinds(opened)
    assert found["odd name"].items == (("F.token.txt.gz:17", "0.jpg.1"),)
    assert found["no caption"].items == (("99.jpg", "train"),)
    assert found["unlisted"].count == 3
    assert found["empty text"].items == (("2.jpg#0", "caption"),)
    assert found["nearly leaked"].items == (("0.jpg#0", "6.jpg#0"),)
    reasons = dict(opened.skipped)
    assert "is not a caption such as" in reasons["F.token.txt.gz:18"]
    assert "pictures/1.jpg" in reasons


def test_a_picture_on_two_lists_is_an_error(tmp_path):
    folder = captions(tmp_path / "shown", pictures=False)
    (folder / "F.devImages.txt").write_text("0.jpg\n")
    with pytest.raises(DataError, match="0.jpg is listed for .* and for .*; take it off one list"):
        data.open(folder)
    with pytest.raises(DataError, match="unit must be one of words, .* got 'letters'; choose one"):
        data.open(folder, unit="letters")


def test_flickr8k_has_the_sizes_of_its_paper():
    opened = data.open(shelf("flickr8k-text"))
    assert sizes(opened) == [30000, 5000, 5000]
    assert kinds(opened)["odd name"].items[0][1] == "2258277193_586949ec62.jpg.1"
