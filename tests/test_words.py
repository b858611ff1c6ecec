"""No private word stands where the field has one."""

import words


def test_no_word_that_is_out_is_used():
    found = [hit for path in words.files() for hit in words.hits(path)]
    assert not found, "\n".join(found[:40])


def test_a_word_that_is_out_is_found(tmp_path):
    path = tmp_path / "x.py"
    path.write_text('truth = "the forger was judged, named rightly"\nclass Look: ...\n')
    found = [hit.partition(f"{path}:")[2] for hit in words.hits(path)]
    assert [hit.split(":")[1].strip() for hit in found] == [
        "the name Look", "the name truth", "forger", "judged", "rightly", "'named rightly'"
    ]  # fmt: skip
