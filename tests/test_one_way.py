"""Whatever opens for training and whatever is asked is prepared in one way, bit for bit.

Each kind of data is drawn anew every day; benchmarks/one_way.py draws 200 files of each.
"""

from datetime import date

import pytest

import one_way

TODAY = date.today().toordinal()


@pytest.mark.parametrize("kind", one_way.KINDS)
def test_what_training_opens_is_what_predict_prepares(kind, tmp_path):
    compared, different = one_way.differences(kind, 32, TODAY, tmp_path)
    assert compared >= 16
    assert different == []
