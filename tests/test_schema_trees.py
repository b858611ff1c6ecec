"""Trees: from brackets to nodes and back."""

import json
import random

import pytest
import torch

from brique.errors import DataError
from brique.schema import Schema, Tree
from brique.schema.trees import format_tree, parse_tree

KIND = Tree(("It", "works", "well", "(", "1/2"))


def test_children_stand_before_parents():
    words, parents = KIND.prepare("(3 (2 It) (4 (3 works) (2 well)))")
    assert words.tolist() == [3, 4, 5, 0, 0]
    assert parents.tolist() == [4, 3, 3, 4, -1]
    assert words.dtype == parents.dtype == torch.int64


def test_labels_change_nothing():
    one, two = KIND.prepare("(3 (2 It) (4 works))"), KIND.prepare(" ( (It)\n(works) ) ")
    assert all(map(torch.equal, one, two))


def test_a_word_alone_is_a_tree():
    assert [value.tolist() for value in KIND.prepare("(It)")] == [[3], [-1]]
    assert [value.tolist() for value in KIND.prepare("(2 It)")] == [[3], [-1]]


def test_labels_are_of_nodes_and_may_be_missing():
    assert parse_tree("(3 (2 It) (works))").labels == ["2", None, "3"]
    assert parse_tree("((It) (works))").labels == [None, None, None]


def test_brackets_in_words_are_escaped():
    nodes = parse_tree(r"(2 (2 -LRB-) (2 x-rrb-) (2 1\/2) (2 8 1\/2))")
    assert nodes.words == ["(", "x)", "1/2", "8_1/2", None]
    assert format_tree(nodes.words, nodes.parents) == "((-LRB-) (x-RRB-) (1/2) (8_1/2))"


def test_unknown_words_and_small_letters():
    kind = Tree(("it",), lower=True)
    words, parents = kind.prepare("((IT) (rains))")
    assert words.tolist() == [3, 0, 0]
    assert kind.restore((words, parents)) == "((it) (\ufffd))"


def test_a_tree_of_2000_levels_is_read_and_written():
    text = "(2 (2 It) " * 2000 + "(2 works)" + ")" * 2000
    words, parents = KIND.prepare(text)
    assert len(words) == 4001
    assert int((parents == -1).sum()) == 1
    assert int(parents[-1]) == -1
    assert bool((parents[:-1] > torch.arange(4000)).all())
    again = KIND.prepare(KIND.restore((words, parents)))
    assert torch.equal(again[0], words)
    assert torch.equal(again[1], parents)


def test_restore_is_the_inverse_of_prepare():
    def grown(depth):
        if depth == 0 or random.random() < 0.3:
            return f"({random.choice(['It', 'works', 'well', '-LRB-'])})"
        return "(" + " ".join(grown(depth - 1) for _ in range(random.randint(1, 3))) + ")"

    random.seed(0)
    for _ in range(50):
        text = grown(5)
        assert KIND.restore(KIND.prepare(text)) == text


def test_a_tree_lives_in_json():
    schema = Schema({"tree": Tree(("It",), lower=True)})
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(3 (2 It) (4 works)", r"character 1: .* got a bracket that is not closed"),
        ("((It) (works)", r"character 1: .* got a bracket that is not closed"),
        ("((It) (works)))", r"character 15: .* got '\)' outside of brackets"),
        ("It works", r"character 1: .* got 'It' outside of brackets"),
        ("((It) works)", r"character 7: .* got 'works' without brackets of its own"),
        ("(3 It (4 works))", r"character 7: .* got a bracket after two words"),
        ("(It) (works)", r"character 6: .* got a second tree"),
        ("((It) ())", r"character 8: .* got an empty pair of brackets"),
        ("  ", r"character 1: expected brackets such as .* got no tree in '  '; mend it"),
    ],
)
def test_a_bracket_that_does_not_fit_is_named_by_its_place(text, says):
    with pytest.raises(DataError, match=says):
        KIND.prepare(text)


def test_what_is_no_text_is_refused():
    with pytest.raises(DataError, match="tree: expected a text in brackets, got 7; pass one"):
        KIND.prepare(7)
