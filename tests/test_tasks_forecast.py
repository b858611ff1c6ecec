"""Series: training, judgement by blocks, bands, answers from the last rows of a table."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import brique
from brique import data, nets
from brique.cli import main
from brique.data.rows.last_window import last_windows
from brique.errors import DataError, ShapeError
from brique.model import load
from brique.nets.prediction_interval import PredictionInterval
from brique.run import read_run
from brique.schema import Category, Number, Schema
from brique.tasks import forecast
from brique.tasks.forecast import train as trained
from brique.tasks.forecast.outputs import naive_forecast
from resuming import alone, assert_equal, stopped

SAID = {"kind": "series", "target": "load", "length": 24, "horizon": 6}
OPTIONS = data.Options(**SAID)


def table(path, rows=700, seed=0):
    """Write a table of hours: a wave of 24 hours that drifts, noise, and a column of classes."""
    draw = np.random.default_rng(seed)
    level = np.cumsum(draw.normal(0, 0.2, rows))
    hours = np.arange(rows)
    load_ = 10 + level + 3 * np.sin(2 * np.pi * hours / 24) + draw.normal(0, 0.1, rows)
    times = np.datetime64("2024-01-01T00:00:00") + hours.astype("timedelta64[h]")
    lines = ["when,load,other,wind"]
    for hour, time in enumerate(times):
        stamp = str(time).replace("T", " ")
        lines.append(f"{stamp},{load_[hour]:.4f},{draw.normal():.4f},{'NE' if hour % 3 else 'S'}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def hours(tmp_path_factory):
    return table(tmp_path_factory.mktemp("series") / "hours.csv")


@pytest.fixture(scope="module")
def run(hours, tmp_path_factory):
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        out = tmp_path_factory.mktemp("runs") / "series"
        patch.chdir(out.parent)
        return brique.train(hours, quick=True, out=out, **SAID)


def test_its_quick_form_learns_and_is_compared_by_blocks(run):
    result = read_run(run).result
    assert result["task"] == "forecast"
    assert result["test"]["skill"] > 0.5
    assert result["block"]["windows"] >= result["horizon"] == 6
    assert set(result["baseline"]) == {"naive", "mean", "last", "ridge", "all"}
    assert result["baseline"]["naive"]["skill"] == 0
    assert 0.6 < result["coverage"]["empirical"] <= 1
    assert len(result["coverage"]["steps"]) == len(result["steps"]["net"]) == 6
    assert result["comparison"]["examples"] == result["block"]["count"]
    assert "relative to the naive forecast for the next 6 steps of 'load' on" in forecast.sentence(
        result
    )
    assert read_run(run).json["data"][0]["test_reads"] == 1


def test_its_page_shows_forecasts_and_steps(run):
    page = (run / "report.html").read_text()
    for said in ("6 steps ahead", "error by step", "90% intervals cover"):
        assert said in page
    assert "is missing: run.json" not in page


def test_stopped_on_the_way_it_ends_in_equal_numbers(hours, tmp_path, monkeypatch):
    quick = trained.QUICK | {"turns": 20}
    args = trained.Args(data=str(hours), options=OPTIONS, **quick)
    whole = alone(trained.main, args, tmp_path / "whole")
    pieces = stopped(trained.main, args, tmp_path / "pieces", [4, 12], monkeypatch)
    assert_equal(whole, pieces)


def test_what_predict_says_is_what_the_net_says_over_valid(run, hours):
    model, opened = load(run), data.open(hours, **SAID)
    said = model.predict(list(opened.valid["past"].numpy()))
    with torch.no_grad():
        found = torch.cat([model.net(batch["past"]) for batch in opened.valid.batches(5)])
    told = torch.tensor([one.answer["load"] for one in said])
    torch.testing.assert_close(told, found, rtol=1e-6, atol=1e-6)
    inside = [
        low <= value <= high
        for one in said
        for value, (low, high) in zip(one.answer["load"], one.interval["load"], strict=True)
    ]
    assert all(inside)  # fmt: skip


def test_the_last_rows_of_a_table_are_asked_about_by_their_names(run, hours, tmp_path, capsys):
    lines = hours.read_text().splitlines()
    turned = [",".join([*row.split(",")[2:], *row.split(",")[:2]]) for row in lines]
    last = [turned[0], *reversed(turned[-30:])]  # other columns first, the latest row on top
    (tmp_path / "last.csv").write_text("\n".join(last))
    assert main(["predict", str(run), "last.csv", str(hours), "--csv", "said.csv"]) == 0
    assert "at the last step" in capsys.readouterr().out
    head, one, other = (tmp_path / "said.csv").read_text().splitlines()
    assert head.startswith("file,load +1,load +1 low,load +1 high,load +2")
    assert one.split(",")[1:] == other.split(",")[1:]
    kind = load(run).schema["past"]
    assert kind.names == ("load", "other", "wind=NE", "wind=S")
    opened = data.open(hours, **SAID)
    assert only(hours, kind)[:-6].equal(opened.test["past"][-1][6:])


def only(file, kind):
    """Return the last rows of the only series of a table, or raise why they cannot be asked."""
    (one,) = last_windows(file, kind)
    if isinstance(one.values, DataError):
        raise one.values
    return one.values


def test_tables_that_cannot_be_asked_about_are_named(run, hours, tmp_path):
    kind = load(run).schema["past"]
    lines = hours.read_text().splitlines()

    def written(rows):
        (tmp_path / "odd.csv").write_text("\n".join(rows))
        return tmp_path / "odd.csv"

    with pytest.raises(DataError, match="odd.csv: expected 24 moments or more, got 10; give the"):
        only(written(lines[:11]), kind)
    with pytest.raises(DataError, match="there is no column 'load', which the model was trained"):
        only(written([lines[0].replace("load", "lord"), *lines[1:]]), kind)
    with pytest.raises(DataError, match="expected a number in the column 'load', got 'ten'"):
        only(written([lines[0], *(",ten,".join(r.split(",", 2)[::2]) for r in lines[1:])]), kind)
    twice = only(written([*lines[:40], *lines[30:40]]), kind)
    assert twice.equal(only(written(lines[:40]), kind))  # rows that are there twice count once
    others = [line.replace(",", ",9", 1) for line in lines[1:40]]
    with pytest.raises(DataError, match="expected one series, got 39 of 78 rows with the time of"):
        only(written([*lines[:40], *others]), kind)
    broken = [*lines[:38], ",".join([lines[38].split(",")[0], "broken", *lines[38].split(",")[2:]])]
    with pytest.raises(DataError, match="a number in the column 'load', got 'broken' in row 39"):
        only(written(broken), kind)
    with pytest.raises(DataError, match="the last 24 moments without a gap, got 2024-01-02 05"):
        only(written([*lines[:31], *lines[32:40]]), kind)
    only(written([*lines[:5], *lines[9:40]]), kind)  # one before them does not matter
    rows = [lines[0], *lines[1:40]]
    rows[39] = rows[39].split(",")[0] + ",,1,NE"
    found = only(written(rows), kind)
    assert found[-1, 0] == found[-2, 0]


class Before(nn.Module):
    """The naive forecast as a net."""

    def __init__(self, ahead, own):
        super().__init__()
        self.ahead, self.own = ahead, own
        self.band = PredictionInterval((ahead, 1))

    def forward(self, past):
        return self.band(naive_forecast(past[:, :, self.own : self.own + 1], self.ahead))[:, :, 0]


def test_the_values_before_have_no_skill_and_the_band_holds_nine_of_ten_on_valid(hours):
    opened = data.open(hours, **SAID)
    net = Before(6, 0)
    assert forecast.validate(net, opened.valid).skill == 0
    judged = forecast.evaluate(net, opened, compare=False)
    assert judged.values["test"]["skill"] == 0
    assert judged.values["comparison"]["outcome"] == "even"
    assert "coverage" not in judged.values
    off = (judged.arrays["predictions"] - judged.arrays["target"]).double()
    assert judged.values["test"]["rmse"] == pytest.approx(float(off.square().mean().sqrt()))
    forecast.calibrate(net, opened.valid)
    again = forecast.evaluate(net, opened, compare=False)
    assert 0.5 < again.values["coverage"]["empirical"] <= 1
    on_valid = forecast.evaluate(net, data_of_valid(opened), compare=False).values
    assert 0.9 <= on_valid["coverage"]["empirical"] < 0.97
    said = forecast.sentence(judged.values)
    assert said.startswith(
        "No better than the best baseline. Test skill score 0.0% relative to the naive forecast"
    )


def single(path, values):
    """Write a table of hours with one column."""
    times = np.datetime64("2024-01-01T00:00:00") + np.arange(len(values)).astype("timedelta64[h]")
    rows = [f"{str(t).replace('T', ' ')},{v:.4f}" for t, v in zip(times, values, strict=True)]
    path.write_text("\n".join(["when,v", *rows]) + "\n")
    return path


def test_of_noise_the_mean_is_as_good_as_anything(tmp_path):
    noise = np.random.default_rng(0).normal(7, 2, 1200)
    run = brique.train(
        single(tmp_path / "n.csv", noise), kind="series", quick=True, out=tmp_path / "run"
    )
    result = read_run(run).result
    assert result["baseline"]["mean"]["skill"] == pytest.approx(0.5, abs=0.05)
    assert result["baseline"]["mean"]["rmse"] == pytest.approx(2, abs=0.15)
    assert result["comparison"]["outcome"] != "better"
    if result["test"]["skill"] < result["baseline"]["mean"]["skill"]:
        assert "best baseline. Test skill score" in forecast.sentence(result)
        assert "for the next 24 steps of 'v' on" in forecast.sentence(result)


def test_a_series_that_never_changes_is_refused(tmp_path):
    file = single(tmp_path / "still.csv", np.full(900, 5.0))
    with pytest.raises(
        DataError, match="the target 'v' is 5 at every time step, so there is nothing"
    ):
        data.open(file, kind="series")
    assert len(data.open(file, kind="series", whole=True).train)  # to be judged


def data_of_valid(opened):
    from dataclasses import replace

    return replace(opened, test=opened.valid)


def test_yesterday_is_said_again_where_it_is_shorter_than_the_future():
    past = torch.tensor([[1.0, 2.0, 3.0]]).unsqueeze(2)
    assert naive_forecast(past, 2).flatten().tolist() == [2, 3]
    assert naive_forecast(past, 5).flatten().tolist() == [1, 2, 3, 1, 2]


def test_a_series_is_judged_by_as_much_as_the_model_takes(run, hours):
    found = brique.evaluate(run, hours, kind="series", target="load")  # length and ahead unsaid
    assert found["test"]["skill"] == pytest.approx(read_run(run).result["test"]["skill"], abs=1e-6)


def test_a_series_that_stands_still_has_no_skill_to_show(tmp_path):
    load_ = [hour % 7 if hour < 400 else 5 for hour in range(700)]
    rows = [
        f"2024-01-{1 + hour // 24:02} {hour % 24:02}:00:00,{load_[hour]},{hour}"
        for hour in range(700)
    ]
    (tmp_path / "still.csv").write_text("\n".join(["when,load,other", *rows]))
    opened = data.open(tmp_path / "still.csv", **SAID)
    values = forecast.evaluate(nets.forecaster(opened.schema.to_json()), opened).values
    assert values["test"]["skill"] == 0
    assert values["interval"]["skill"] == [None, None]
    said = forecast.sentence(values)
    assert "no 95% CI" in said
    assert said.startswith(
        "Worse than the best baseline. Test skill score 0.0% relative to the naive"
    )


def test_a_level_that_was_never_met_is_no_trouble(hours):
    opened = data.open(hours, **SAID)
    net = nets.forecaster(opened.schema.to_json()).eval()
    past = opened.valid["past"][:4]
    far = past.clone()
    far[:, :, 0] += 1000
    with torch.no_grad():
        torch.testing.assert_close(net(far), net(past) + 1000, rtol=1e-4, atol=1e-2)


def test_several_targets_are_foretold_together(hours):
    said = SAID | {"target": "load,other"}
    opened = data.open(hours, **said)
    assert opened.schema["future"].shape == (6, 2)
    net = nets.forecaster(opened.schema.to_json())
    forecast.calibrate(net, opened.valid)
    values = forecast.evaluate(net, opened).values
    assert values["targets"] == ["load", "other"]
    batch = next(opened.valid.batches(3))
    answer = forecast.predict(net.eval(), batch, opened.schema)[0]
    assert set(answer.to_json()["interval"]) == {"load", "other"}
    assert len(answer.answer["other"]) == 6
    assert answer.summary()[0].startswith("load ")
    assert "2 targets" in forecast.sentence(values)
    loss = forecast.loss(net(batch["past"]), batch, opened.schema)
    assert math.isfinite(loss.item())


def test_other_shapes_and_empty_parts_are_refused(hours):
    opened = data.open(hours, **SAID)
    batch = next(opened.valid.batches(3))
    with pytest.raises(
        ShapeError, match=r"forecast: loss: the net returned \(3, 5\), expected forec"
    ):
        forecast.loss(torch.zeros(3, 5), batch, opened.schema)
    with pytest.raises(ShapeError, match=r"forecast: answers: the net returned \(3, 4\)"):
        forecast.predict(Before(4, 0), batch, opened.schema)
    empty = opened.test.select(torch.zeros(len(opened.test), dtype=torch.bool))
    from dataclasses import replace

    with pytest.raises(DataError, match="forecast: the split is empty; pass one with at least"):
        forecast.evaluate(Before(6, 0), replace(opened, test=empty))
    assert math.isnan(forecast.validate(Before(6, 0), empty).skill)


def test_the_forecaster_wants_named_columns():
    schema = Schema({"past": Number(shape=(4, 2)), "label": Category(("a",))}, ("label",))
    with pytest.raises(DataError, match="forecaster: expected the past of named columns and the"):
        nets.forecaster(schema.to_json())
    with pytest.raises(DataError, match="number: names must be one for each entry of the last"):
        Number(shape=(4, 3), names=("a", "b"))
