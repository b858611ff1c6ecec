"""Options of data: one dataclass, shown as flags, written into settings and read back."""

import json

import pytest

from brique import data
from brique.cli.options import DataFlags, chosen
from brique.cli.parse import call
from brique.data import Options
from brique.errors import DataError, RunError
from brique.options import pair
from brique.workbench.settings import read_settings

GIVEN = {
    "target": "price", "kind": "table", "header": False, "test": "year=2019,2020",
    "size": (180, 240), "channels": 3, "types": {"a=b": "leave", "zip": "category"},
    "rename": {"<=50K.": "<=50K", "cats": "cat"}, "group": "person", "time": "day",
    "names": "{label}_{take}", "length": 9, "horizon": 2, "unit": "words", "lower": True,
    "sheet": "2", "decimal": "comma",
}  # fmt: skip


def parsed(words):
    found = []

    def command(*, options=None):
        found.append(chosen(options))
        return 0

    from typing import Annotated

    from cyclopts import Parameter

    command.__annotations__["options"] = Annotated[DataFlags | None, Parameter(name="*")]
    call(command, "brique x", words)
    return found[0]


def test_flags_give_the_options_that_words_came_from():
    options = Options(**GIVEN)
    assert options.given() == GIVEN
    assert parsed(options.words()) == options
    assert parsed(["--size", "64"]) == Options(size=64)
    assert parsed([]) == Options()
    assert parsed(["--header", "yes"]).header is True


def test_settings_of_a_file_give_the_options_that_were_written():
    options = Options(**GIVEN, fold=(2, 5))
    stored = {name: list(v) if isinstance(v, tuple) else v for name, v in options.given().items()}
    assert Options(**read_settings(stored, Options, "run.json")) == options
    with pytest.raises(RunError, match="run.json sets 'types' to"):
        read_settings({"types": {"a": 1}}, Options, "run.json")
    with pytest.raises(RunError, match="run.json sets 'fold' to"):
        read_settings({"fold": [1, 2, 3]}, Options, "run.json")


def test_a_pair_is_cut_at_its_first_equals_sign():
    assert pair("a=b=c") == ("a", "b=c")
    assert pair("a\\=b=c") == ("a=b", "c")
    assert pair("a=b\\=c") == ("a", "b=c")
    assert pair("=c") is None
    assert Options(rename={"a=b": "c"}).words() == ["--rename", "a\\=b=c"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--header maybe", "--header: expected yes or no, got 'maybe'; write one of them"),
        (
            "--size 6x",
            "--size: expected pixels such as 64, or width and height such as 240x180, got",
        ),
        ("--size 0", "data: size must be 1 or more pixels, got 0"),
        ("--rename cat", "--rename: expected two sides, such as OLD=NEW, got 'cat'; write it so"),
        ("--types =leave", "--types: expected two sides, such as OLD=NEW"),
        ("--decimal dot", "data: decimal: expected point or comma, got 'dot'"),
        ("--channels 2", "data: channels must be 1 (gray) or 3 (color), got 2"),
    ],
)
def test_a_value_that_no_data_have_is_refused(words, sentence):
    with pytest.raises(DataError) as raised:
        parsed(words.split())
    assert sentence in str(raised.value)


def test_numbers_and_paths_of_python_are_kept_as_run_json_has_them(tmp_path):
    options = Options(target=2, sheet=1, test=tmp_path / "t.csv", size=[180, 240])
    assert options == Options(target="2", sheet="1", test=str(tmp_path / "t.csv"), size=(180, 240))
    stored = json.loads(json.dumps(options.given()))
    assert Options(**read_settings(stored, Options, "run.json")) == options


def test_an_unknown_option_is_refused():
    with pytest.raises(DataError, match="data: no option 'groups'; did you mean 'group'"):
        data.open("digits", groups="a")
    with pytest.raises(DataError, match="data: no option 'zzzzz'; there are target, kind, header"):
        Options().replace(zzzzz=1)
