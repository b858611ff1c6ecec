"""Options of `data.open` as texts."""

import pytest
from brique.data.said import spelled

from brique import data
from brique.errors import DataError

SAID = {
    "target": "price", "kind": "table", "header": False, "test": "year=2019,2020", "size": 64,
    "channels": 3, "types": {"a=b": "leave", "zip": "category"},
    "rename": {"<=50K.": "<=50K", "cats": "cat"}, "group": "person", "time": "day",
    "names": "{label}_{take}", "length": 9, "ahead": 2, "unit": "words", "lower": True,
    "fold": (2, 5),
}  # fmt: skip


def test_what_is_spelled_reads_as_it_was():
    assert data.options(spelled(SAID)) == SAID
    assert spelled({"size": (180, 240), "group": None}) == ("size=240x180",)
    assert data.options(["size=240x180"]) == {"size": (180, 240)}
    assert data.options([]) == {}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "groups=a",
            "data: expected an option such as size=64, got 'groups=a'; did you mean 'group'",
        ),
        ("zzzzz=a", "got 'zzzzz=a'; there are kind, target, header, sheet, "),
        ("group", "data: expected an option such as size=64, got 'group'; did you mean 'group'"),
        ("length=-1", "--length: expected a whole number, got '-1'; write one"),
        ("lower=maybe", "--lower: expected yes or none, got 'maybe'; write one of them"),
        ("size=6x", "--size: expected pixels such as 64, or width and height such as 240x180, got"),
        ("rename=cat", "--rename: expected two sides, such as OLD=NEW, got 'cat'; write it so"),
        ("fold=2", "fold: expected a number and of how many, such as 1/5, got '2'; write it so"),
        ("size=", "--size: expected pixels such as 64"),
    ],
)
def test_what_is_no_option_is_refused(said, sentence):
    with pytest.raises(DataError) as raised:
        data.options([said])
    assert sentence in str(raised.value)


def test_an_option_is_said_once_and_pairs_are_told_apart():
    with pytest.raises(DataError, match="the option size is given more than once; give it once"):
        data.options(["size=3", "size=4"])
    with pytest.raises(DataError, match="'a=b' and 'c' cannot be told apart in 'a=b=c'; write the"):
        spelled({"rename": {"a=b": "c"}})
    with pytest.raises(DataError, match="got 'groups=a'; did you mean 'group'"):
        spelled({"groups": "a"})
