"""Tables that other programs wrote open to the values and kinds that were meant.

Some are drawn anew every day; benchmarks/tables.py draws 520.
"""

import random
from datetime import date

import pytest

import random_tables

TODAY = date.today().toordinal()


@pytest.mark.parametrize("dialect", random_tables.DIALECTS)
def test_a_table_opens_to_what_was_meant(dialect, tmp_path):
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        draw = random.Random(f"{dialect} {TODAY} {number}")
        assert random_tables.differences(draw, dialect, folder)[0] == []
