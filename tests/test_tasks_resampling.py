"""What chance could do: intervals and comparisons hold with few groups, and none are invented."""

import math

import torch

from brique.cli import main
from brique.data import arrays
from brique.run import read_run
from brique.tasks import classify, regress, resampling
from brique.tasks.words import within


def mean_of(values):
    return lambda often: often @ values / often.sum(dim=1)


def test_alike_systems_are_told_apart_as_seldom_as_said_with_few_groups():
    draw = torch.Generator().manual_seed(0)
    for groups in (3, 5, 30):
        gaps = torch.randn(2000, groups, generator=draw, dtype=torch.float64)
        told = [resampling.beside("x", torch.zeros(groups), gap)["outcome"] for gap in gaps]
        assert 0.03 < sum(one != "even" for one in told) / len(told) < 0.07


def test_two_examples_that_agree_prove_nothing():
    found = resampling.beside("x", torch.zeros(2), torch.ones(2))
    assert found["outcome"] == "even"
    assert found["p"] == 0.5
    assert resampling.beside("x", torch.zeros(8), torch.ones(8))["outcome"] == "better"
    assert resampling.beside("x", torch.zeros(1), torch.ones(1))["p"] == 1.0


def test_a_score_that_is_no_mean_is_compared_by_itself():
    draw = torch.Generator().manual_seed(1)
    net, rival = torch.rand(200, 2, generator=draw, dtype=torch.float64), torch.full((200, 2), 0.4)

    def ahead(often):  # the smaller of two means
        ours, other = often @ net, often @ rival.double()
        return (ours.amin(dim=1) - other.amin(dim=1)) / often.sum(dim=1)

    found = resampling.beside_score("x", ahead, net)
    assert found["outcome"] == "better"
    assert found["examples"] == 200
    turned = resampling.beside_score("x", lambda often: -ahead(often), net)
    assert turned["outcome"] == "worse"
    assert turned["p"] == found["p"]


def test_where_most_draws_have_no_score_there_is_no_interval():
    values = torch.tensor([1.0, 0.0], dtype=torch.float64)
    low, high = resampling.interval(lambda often: 1 / (often @ values), values)
    assert math.isnan(low)
    assert math.isnan(high)
    assert within([None, None], str) == "no interval: too few examples or groups"
    assert within([0.25, 0.5], "{:.0%}".format) == "95% interval 25% to 50%"


def test_never_and_always_are_not_certain():
    for count in (8, 1000):
        low, high = resampling.interval(mean_of(torch.zeros(count).double()), torch.zeros(count))
        assert low == 0
        assert math.isclose(high, 1.959964**2 / (count + 1.959964**2))
        low, high = resampling.interval(mean_of(torch.ones(count).double()), torch.zeros(count))
        assert high == 1
        assert 0 < low < 1


def test_examples_that_hang_together_count_as_one():
    draw = torch.Generator().manual_seed(2)
    level = torch.randn(20, generator=draw, dtype=torch.float64)
    together = torch.arange(20).repeat_interleave(50)
    values = level[together]  # 1,000 examples that say 20 things
    low, high = resampling.interval(mean_of(values), values, together)
    alone = resampling.interval(mean_of(values), values)
    assert high - low > 4 * (alone[1] - alone[0])
    assert math.isclose(high - low, 2 * 1.96 * float(level.std()) / 20**0.5, rel_tol=0.2)
    found = resampling.beside("x", values, torch.zeros(1000), together)
    assert found["examples"] == 20
    assert found["unit"] == "group"
    assert found["p"] > resampling.beside("x", values, torch.zeros(1000))["p"]


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
    found = [classify.judge(Signs(), one, compare=False).values for one in (wide, narrow)]
    (low, high), (least, most) = (one["interval"]["accuracy"] for one in found)
    assert high - low > 2 * (most - least)
    assert found[0]["comparison"]["unit"] == "group"
    assert "only_net" in found[1]["comparison"]
    number = arrays(x=x, y=x[:, 0], target="y", group=named)
    values = regress.judge(torch.nn.Identity(), number, compare=False).values
    assert values["comparison"]["examples"] == len(number.test) / 20


def test_one_group_alone_has_no_interval():
    values = torch.rand(50)
    low, high = resampling.interval(mean_of(values.double()), values, torch.full((50,), 7))
    assert math.isnan(low)
    assert math.isnan(high)


def test_a_report_of_one_group_claims_no_interval(tmp_path):
    rows = [f"{k % 7},{k // 30},{'no' if k % 2 else 'yes'}" for k in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(["a,patient,ill", *rows]))
    words = ["train", str(tmp_path / "t.csv"), "--target", "ill", "--group", "patient"]
    assert main([*words, "--epochs", "2", "--out", str(tmp_path / "run")]) == 0
    assert read_run(tmp_path / "run").result["interval"]["accuracy"] == [None, None]
    page = (tmp_path / "run" / "report.html").read_text()
    assert "no interval: too few examples or groups" in page
    assert "Too few test examples, or groups of them" in page
    assert "a paired test on 1 group" in page
