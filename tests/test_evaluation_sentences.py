"""The sentence of a result, whatever the task."""

import pytest

from brique.evaluation.sentences import comparison_sentence, full_sentence, significance

NET = "Test accuracy 99.4% on 359 examples (95% CI 98.0 to 99.8%)"


def result(**changes):
    comparison = {"best": "svm", "p": 1.0, "outcome": "even", "examples": 359}
    return {"examples": 359, "comparison": comparison | changes}


def sentence(values, *, is_behind=False):
    return comparison_sentence(NET, "99.2%", values, {"svm": "RBF-SVM"}, is_behind=is_behind)


def test_score_interval_baseline_and_test_in_one_line():
    assert sentence(result()) == (
        f"{NET}. Best baseline: RBF-SVM, 99.2%; the difference is not significant (p = 1)."
    )
    assert sentence(result(p=0.0123, outcome="better")).endswith(
        "99.2%; the difference is significant (p = 0.012)."
    )
    assert "baseline: new, 99.2%" in sentence(result(best="new"))


@pytest.mark.parametrize(("outcome", "start"), [("worse", "Worse"), ("even", "No better")])
def test_a_net_that_does_not_beat_the_baseline_says_so_first(outcome, start):
    text = sentence(result(outcome=outcome, p=1e-9), is_behind=True)
    assert text.startswith(f"{start} than the best baseline. {NET}. Best baseline: RBF-SVM")
    assert text.endswith("significant (p < 0.0001).")


@pytest.mark.parametrize("comparison", [None, {}, {"best": "svm", "outcome": "even", "p": None}])
def test_without_a_p_value_the_difference_was_not_tested(comparison):
    assert significance(comparison) == "the difference was not tested"


def test_a_small_test_set_is_named():
    small = result() | {"examples": 12}
    assert sentence(small).endswith("(p = 1). Small test set: 12 examples.")
    assert sentence(result(unit="group", examples=7)).endswith(" Small test set: 7 groups.")


def test_what_limits_a_result_stands_before_it():
    values = result() | {
        "train_duplicates": 48,
        "unknown_classes": {"white": 10, "none": 0},
        "trust_errors": ["8 of 359 test examples are also in train.", "another"],
        "calibration": {"temperature": 1, "valid_examples": 19},
    }
    assert full_sentence(values, sentence) == (
        "Result not trustworthy: 8 of 359 test examples are also in train (and 1 more). 48 of 359"
        " test examples have the same inputs as training examples. 10 of 359 test examples are of"
        f" classes unknown to the net ('white') and count as errors. {NET}. Best baseline: RBF-SVM,"
        " 99.2%; the difference is not significant (p = 1). Probabilities are not calibrated: fewer"
        " than 20 validation examples."
    )
    many = {"unknown_classes": {str(i): 1 for i in range(7)}}
    assert "('0', '1', '2', '3', '4' and 2 more)" in full_sentence(result() | many, sentence)
    one = result() | {"train_duplicates": 1}
    assert full_sentence(one, sentence).startswith("1 of 359 test examples has the same inputs")
