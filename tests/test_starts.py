"""Of starts of one folder at once one runs; without a folder each has its own.

benchmarks/starts.py starts ten trainings, four trainings of folds and four searches.
"""

from pathlib import Path

from brique.cli import main
from brique.run import read_run
from starting import settled, together

LENET = ("run", "lenet5", "--turns", "20", "--device", "cpu")


def test_of_three_starts_at_once_one_has_the_folder(tmp_path: Path):
    one = [[*LENET, "--seed", str(seed), "--out", "one"] for seed in range(3)]
    ended = together([*one, LENET, LENET], tmp_path, seconds=300)  # and two without a folder
    assert [one.is_refused for one in ended[:3]].count(True) == 2
    ran = [one for one in ended if one.code == 0]
    folders = [tmp_path / one.folder for one in ran]
    assert len(set(folders)) == len(ran) == 3
    assert [read_run(folder).state for folder in folders] == ["finished"] * 3
    seed = ran[0].words[ran[0].words.index("--seed") + 1]
    assert main([*LENET, "--seed", seed, "--out", "alone"]) == 0
    assert folders[0] == tmp_path / "one"
    assert settled(folders[0]) == settled(tmp_path / "alone")
    assert settled(folders[1]) == settled(folders[2])
