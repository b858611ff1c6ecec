"""Words and their tags in columns: known by their lines, whatever the file is called."""

import pytest

from brique import data
from brique.data.sources.tables import tabular
from brique.data.sources.texts import conll, labeled_lines

SENTENCES = [
    [("Anna", "NNP", "B-PER"), ("Lee", "NNP", "I-PER"), ("saw", "VBD", "O"), ("Rome", "NNP", "B-LOC")],
    [("It", "PRP", "O"), ("rains", "VBZ", "O"), (".", ".", "O")],
    [("IBM", "NNP", "B-ORG"), ("grows", "VBZ", "O"), ("#", "SYM", "O"), ("1", "CD", "O")],
]  # fmt: skip


def written(gap=" ", columns=(0, 2), times=8, before="", between=""):
    """Return sentences as lines: the word first, the tag last."""
    blocks = [
        between + "\n".join(gap.join(word[c] for c in columns) for word in sentence)
        for sentence in SENTENCES * times
    ]
    return before + "\n\n".join(blocks) + "\n"


def said(opened):
    """Return the words and tags of each sentence, in order."""
    source = opened.source
    kind = opened.schema[opened.schema.target]
    words = [tuple(text) for text in source.fields["words"].texts]
    tags = [tuple(names) for names in source.fields[opened.schema.target].names]
    assert {tag for names in tags for tag in names} <= set(kind.names)
    return [tuple(zip(*pair, strict=True)) for pair in zip(words, tags, strict=True)]


def expected(column=2, times=8):
    return [tuple((w[0], w[column]) for w in sentence) for sentence in SENTENCES * times]


BIOES = {"B-PER": "B-PER", "I-PER": "E-PER", "B-LOC": "S-LOC", "B-ORG": "S-ORG", "O": "O"}


@pytest.mark.parametrize(
    "name",
    ["one.txt", "one.conll", "one.bio", "one.iob", "one.iob2", "one.tsv", "one", "one.dat", "eng.all"],
)  # fmt: skip
@pytest.mark.parametrize("gap", [" ", "\t"])
def test_tags_are_known_by_their_lines(tmp_path, name, gap):
    (tmp_path / name).write_text(written(gap))
    assert said(data.open(tmp_path / name)) == expected()


@pytest.mark.parametrize(
    "text",
    [
        written(columns=(0, 1, 2)),
        written(columns=(0, 1, 1, 1, 1, 1, 1, 1, 1, 2)),
        written("\t", before="-DOCSTART-\t-X-\n\n"),
        written(before="-DOCSTART- -X- O O\n\n"),
        written("\t", between="# id = 3\tdomain=en\n", columns=(0, 1, 1, 2)),
        written(between="# text = It rains .\n"),
        written("\t", before="Token\tTag\n"),
        written().replace("\n", "\r\n"),
        "\ufeff" + written(),
        written() + "\n\n\n",
    ],
)
def test_what_stands_between_sentences_is_no_word(tmp_path, text):
    (tmp_path / "one.txt").write_bytes(text.encode())
    opened = data.open(tmp_path / "one.txt")
    assert said(opened) == expected()
    assert not opened.skipped


def test_parts_of_speech_are_known_by_their_lines(tmp_path):
    (tmp_path / "one.txt").write_text(written(columns=(0, 1)))
    assert said(data.open(tmp_path / "one.txt")) == expected(1)


def test_other_forms_of_bio_are_tags_too(tmp_path):
    text = written()
    for old, new in BIOES.items():
        text = text.replace(f" {old}\n", f" {new}\n")
    (tmp_path / "one.txt").write_text(text)
    assert data.open(tmp_path / "one.txt").schema["tag"].names == (
        "B-PER", "E-PER", "O", "S-LOC", "S-ORG",
    )  # fmt: skip
    (tmp_path / "two.txt").write_text(written().replace(" B-", " I-"))  # IOB1
    assert data.open(tmp_path / "two.txt").schema["tag"].names == ("I-LOC", "I-ORG", "I-PER", "O")


def test_a_column_that_counts_words_is_no_word(tmp_path):
    blocks = [
        "\n".join(f"{n}\t{word}\t{tag}\t{pos}" for n, (word, tag, pos) in enumerate(sentence, 1))
        for sentence in SENTENCES * 8
    ]
    (tmp_path / "one.tsv").write_text("\n\n".join(blocks))
    opened = data.open(tmp_path / "one.tsv")
    assert said(opened) == expected()
    assert any("its first column counts the words" in note for note in opened.notes)


def test_a_word_may_hold_a_blank_between_tabs(tmp_path):
    (tmp_path / "one.txt").write_text(written("\t").replace("Lee", "de Vries"))
    assert said(data.open(tmp_path / "one.txt"))[0][1] == ("de Vries", "I-PER")


def test_lines_of_words_alone_are_named(tmp_path):
    (tmp_path / "one.txt").write_text(written() + "\nlone\nBob B-PER\n")
    opened = data.open(tmp_path / "one.txt")
    assert said(opened) == expected()
    assert dict(opened.skipped) == {
        "one.txt:113": "tags: line 113: expected 2 columns at 'lone', got 1; correct it"
    }


def test_files_of_parts_and_one_without_tags(tmp_path):
    for name in ("train.txt", "dev.txt"):
        (tmp_path / name).write_text(written())
    (tmp_path / "test.txt").write_text(written(columns=(0,)))
    opened = data.open(tmp_path)
    assert dict(opened.skipped) == {"test.txt": "its lines do not hold words with tags"}
    assert len(opened.valid) == 24


TABLES = {
    "a.tsv": "name\tlabel\n" + "".join(f"thing {n}\t{'yn'[n % 2]}\n" for n in range(40)),
    "b.tsv": "".join(f"{n}\t{n * 2}\t{n % 3}\n" for n in range(40)),
    "c.tsv": "word\tcount\tkind\n" + "".join(f"w{n}\t{n}\tab\n" for n in range(40)) + "\n\n",
    "d.csv": written(","),
    "texts.txt": "".join(f"see {n}\tham\nwin it {n}\tspam\n\n" for n in range(20)),
    "numbers.txt": "\n\n".join("\n".join(f"{n} {n + k}" for n in range(9)) for k in range(9)),
    "lines.txt": "".join(f"DESC:x how is thing {n}?\nNUM:y how many are {n}?\n" for n in range(40)),
    "poem.txt": "\n\n".join(f"the sea{n}\nthe land{n}\nno hand{n}" for n in range(20)),
    "prose.txt": "It was a dark night.\n\nNo one spoke.\n\nThen it rained, and we left.\n" * 9,
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_and_texts_are_no_tags(tmp_path, name):
    file = tmp_path / name
    file.write_text(TABLES[name])
    assert not conll.fits(file)


def test_tags_are_neither_tables_nor_lines(tmp_path):
    (tmp_path / "one.tsv").write_text(written("\t"))
    assert data.open(tmp_path / "one.tsv").schema["tag"].kind == "tags"
    assert tabular.fits(tmp_path / "one.tsv")  # by its ending, so tags are asked first
    assert not labeled_lines.fits(tmp_path / "one.tsv")
