"""What chance could do: intervals and comparisons hold with few groups, and none are invented."""

import math

import torch

from brique.cli import main
from brique.data import arrays
from brique.evaluation import bootstrap
from brique.evaluation.calibration import bins
from brique.evaluation.sentences import interval_text, small_test_note
from brique.run import read_run
from brique.tasks import classify, regress


def mean_of(values):
    return lambda often: often @ values / often.sum(dim=1)


def test_alike_systems_are_told_apart_as_seldom_as_said_with_few_groups():
    draw = torch.Generator().manual_seed(0)
    for groups in (3, 5, 30):
        gaps = torch.randn(2000, groups, generator=draw, dtype=torch.float64)
        told = [bootstrap.compare("x", torch.zeros(groups), gap)["outcome"] for gap in gaps]
        assert 0.03 < sum(one != "even" for one in told) / len(told) < 0.07


def test_two_examples_that_agree_prove_nothing():
    found = bootstrap.compare("x", torch.zeros(2), torch.ones(2))
    assert found["outcome"] == "even"
    assert found["p"] == 0.5
    assert bootstrap.compare("x", torch.zeros(8), torch.ones(8))["outcome"] == "better"
    assert bootstrap.compare("x", torch.zeros(1), torch.ones(1))["p"] == 1.0


def test_a_score_that_is_no_mean_is_compared_by_itself():
    draw = torch.Generator().manual_seed(1)
    net, rival = torch.rand(200, 2, generator=draw, dtype=torch.float64), torch.full((200, 2), 0.4)

    def ahead(often):  # the smaller of two means
        ours, other = often @ net, often @ rival.double()
        return (ours.amin(dim=1) - other.amin(dim=1)) / often.sum(dim=1)

    found = bootstrap.compare_scores("x", ahead, net)
    assert found["outcome"] == "better"
    assert found["examples"] == 200
    turned = bootstrap.compare_scores("x", lambda often: -ahead(often), net)
    assert turned["outcome"] == "worse"
    assert turned["p"] == found["p"]


def test_where_most_draws_have_no_score_there_is_no_interval():
    values = torch.tensor([1.0, 0.0], dtype=torch.float64)
    low, high = bootstrap.interval(lambda often: 1 / (often @ values), values)
    assert math.isnan(low)
    assert math.isnan(high)


def said(ends, compared=None, examples=50):
    judged = {"interval": {"r2": ends}, "comparison": compared, "examples": examples}
    return interval_text(judged, "r2", "{:.0%}".format), small_test_note(judged)


def test_an_interval_says_by_what_it_is_and_few_groups_are_said_to_be_few():
    hung = {"unit": "group", "examples": 7}
    assert said([None, None]) == ("no 95% CI: too few examples or groups", "")
    assert said([0.25, 0.5]) == ("95% CI 25 to 50%", "")
    assert said([0.25, 0.5], hung) == (
        "95% CI 25 to 50%, resampling groups", " Small test set: 7 groups."
    )  # fmt: skip
    assert said([0.25, 0.5], hung | {"examples": 1})[1] == " Small test set: 1 group."
    assert said([0.25, 0.5], {"unit": "test example", "examples": 12}, 12)[1] == (
        " Small test set: 12 examples."
    )


def test_never_and_always_are_not_certain():
    for count in (8, 1000):
        low, high = bootstrap.interval(mean_of(torch.zeros(count).double()), torch.zeros(count))
        assert low == 0
        assert math.isclose(high, 1.959964**2 / (count + 1.959964**2))
        low, high = bootstrap.interval(mean_of(torch.ones(count).double()), torch.zeros(count))
        assert high == 1
        assert 0 < low < 1


def test_examples_that_hang_together_count_as_one():
    draw = torch.Generator().manual_seed(2)
    level = torch.randn(20, generator=draw, dtype=torch.float64)
    together = torch.arange(20).repeat_interleave(50)
    values = level[together]  # 1,000 examples that say 20 things
    low, high = bootstrap.interval(mean_of(values), values, together)
    alone = bootstrap.interval(mean_of(values), values)
    assert high - low > 4 * (alone[1] - alone[0])
    assert math.isclose(high - low, 2 * 1.96 * float(level.std()) / 20**0.5, rel_tol=0.2)
    found = bootstrap.compare("x", values, torch.zeros(1000), together)
    assert found["examples"] == 20
    assert found["unit"] == "group"
    assert found["p"] > bootstrap.compare("x", values, torch.zeros(1000))["p"]


def test_every_score_of_grouped_data_is_found_by_groups():
    draw = torch.Generator().manual_seed(3)
    person = torch.arange(60).repeat_interleave(20)
    x = torch.randn(60, 1, generator=draw)[person] + 0.01 * torch.randn(1200, 1, generator=draw)
    label = [
        "a" if one > 0 else "b" for one in x[:, 0] + 0.8 * torch.randn(60, generator=draw)[person]
    ]
    named = [f"person {one}" for one in person.tolist()]

    class Signs(torch.nn.Module):
        def forward(self, x):
            return torch.cat([x, -x], dim=1)

    wide = arrays(x=x, label=label, target="label", group=named)
    narrow = arrays(x=x, label=label, target="label")
    assert wide.test.groups.max() + 1 == len(wide.test) / 20
    assert narrow.test.groups is None
    found = [classify.evaluate(Signs(), one, compare=False).values for one in (wide, narrow)]
    (low, high), (least, most) = (one["interval"]["accuracy"] for one in found)
    assert high - low > 2 * (most - least)
    for name in ("a", "b"):
        wider, narrower = (one["classes"][name]["interval"] for one in found)
        assert wider[1] - wider[0] > 2 * (narrower[1] - narrower[0]), name
    assert found[0]["comparison"]["unit"] == "group"
    assert "only_net" in found[1]["comparison"]
    number = arrays(x=x, y=x[:, 0], target="y", group=named)
    values = regress.evaluate(torch.nn.Identity(), number, compare=False).values
    assert values["comparison"]["examples"] == len(number.test) / 20


def test_certainty_is_judged_by_groups():
    right = torch.arange(20).repeat_interleave(50) % 4 > 0
    chances = torch.tensor([0.75, 0.25]).expand(1000, 2)
    hung = torch.arange(20).repeat_interleave(50)
    spans = []
    for together in (None, hung, torch.zeros_like(hung)):
        (found,) = (one for one in bins(chances, (~right).long(), together) if one["count"])
        assert found["accuracy"] == 0.75
        spans.append(found["interval"][1] - found["interval"][0])
    assert spans[1] > 4 * spans[0]
    assert math.isnan(spans[2])


def test_one_group_alone_has_no_interval():
    values = torch.rand(50)
    low, high = bootstrap.interval(mean_of(values.double()), values, torch.full((50,), 7))
    assert math.isnan(low)
    assert math.isnan(high)


def test_a_report_of_one_group_claims_no_interval(tmp_path):
    rows = [f"{k},{k // 30},{'no' if k % 2 else 'yes'}" for k in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(["a,patient,ill", *rows]))
    words = ["train", str(tmp_path / "t.csv"), "--target", "ill", "--group", "patient"]
    assert main([*words, "--epochs", "2", "--out", str(tmp_path / "run")]) == 0
    assert read_run(tmp_path / "run").result["interval"]["accuracy"] == [None, None]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "no 95% CI: too few examples or groups" in page
    assert "Small test set: 1 group." in page
    assert "Too few test examples or groups for a confidence interval" in page
    assert "Paired test on 1 group" in page
