"""A flipped bit, or a file that is cut short: named, or without any effect."""

import datetime
import importlib.util
from pathlib import Path


def test_a_sample_of_the_day_of_flips_and_cuts_is_named_or_without_effect(tmp_path):
    path = Path(__file__).parents[1] / "benchmarks" / "flips.py"
    spec = importlib.util.spec_from_file_location("flips", path)
    flips = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(flips)
    seed = datetime.datetime.now(datetime.UTC).date().toordinal()
    found, silent = flips.tried(tmp_path, 30, 10, seed)
    assert silent == [], seed
    assert found["finished: named"] + found["stopped: named"] > 8
