"""Series: written in other forms they are trained on, asked about and refused alike."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch

import brique
from brique.cli import main
from brique.model import load

OPTIONS = {"kind": "series", "target": "load", "length": 24, "horizon": 6}
HOURS = [datetime(2024, 4, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(600)]
FORMS = {
    "plain": ("time", lambda t: f"{t:%Y-%m-%d %H:%M:%S}"),
    "offset": ("time", lambda t: t.isoformat()),
    "two columns": ("Date;Time", lambda t: f"{t.day}/{t.month}/{t.year};{t:%H:%M:%S}"),
    "am": ("time", lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}"),
    "ms": ("time", lambda t: int(t.timestamp() * 1000)),
}


def rising(path, form, hours=HOURS, first=0, step=1):
    """Write rows of which each hour is 1 more than the one before, the newest first."""
    header, cell = FORMS[form]
    draw = np.random.default_rng(first)
    lines = [
        f"{cell(t)};{100 + first + step * i + draw.normal(0, 0.2):.2f}" for i, t in enumerate(hours)
    ]
    path.write_text("\n".join([f"{header};load", *reversed(lines)]) + "\n")
    return path


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)


def asked(run, file, capsys):
    """Return exit code and the only answer of predict, as JSON."""
    capsys.readouterr()
    code = main(["predict", str(run), str(file), "--json"])
    (answer,) = json.loads(capsys.readouterr().out)["answers"]
    return code, answer


@pytest.mark.parametrize("form", ["offset", "two columns", "am", "ms"])
def test_what_rises_goes_on_rising_in_whatever_form(tmp_path, form, capsys):
    run = brique.train(
        rising(tmp_path / "a.csv", form), quick=True, out=tmp_path / "run", **OPTIONS
    )
    path = rising(tmp_path / "last.csv", form, HOURS[-40:], first=560)
    code, answer = asked(run, path, capsys)
    assert (code, answer["error"]) == (0, None)
    assert "the newest row is first" in answer["note"]
    newest = [float(row.rpartition(";")[2]) for row in path.read_text().split("\n")[1:25]]
    past = torch.tensor(newest[::-1])[:, None]  # (L, 1), the newest behind
    (said,) = load(run).predict([past])
    assert answer["answer"] == pytest.approx(list(said.answer["load"]), rel=1e-5)
    assert min(answer["answer"]) > newest[0] - 2
    code, answer = asked(run, rising(tmp_path / "b.csv", form, HOURS[-80::2], first=560), capsys)
    assert code == 1
    assert "expected rows 1 hour apart, as in training, got 2 hours" in answer["error"]


def test_a_series_is_evaluated_on_data_written_in_another_form(tmp_path, capsys):
    run = brique.train(
        rising(tmp_path / "a.csv", "am"), quick=True, out=tmp_path / "run", **OPTIONS
    )
    rising(tmp_path / "b.csv", "ms", first=7)
    assert main(["evaluate", str(run), "b.csv"]) == 0
    rising(tmp_path / "c.csv", "plain", HOURS[::2])
    assert main(["evaluate", str(run), "c.csv"]) != 0
    assert "expected rows 1 hour apart, as in training, got 2 hours" in capsys.readouterr().err


def test_each_sensor_of_a_file_is_answered(tmp_path, capsys):
    lines = ["time,sensor,load"]
    for i, t in enumerate(HOURS):
        lines += [f"{t:%Y-%m-%d %H:%M},{key},{i % 24 + 100 * key}" for key in (1, 2)]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    run = brique.train("a.csv", quick=True, out=tmp_path / "run", **OPTIONS)
    capsys.readouterr()
    assert main(["predict", str(run), "a.csv", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)["answers"]
    assert [one["input"] for one in answers] == [
        {"file": "a.csv", "series": "1"}, {"file": "a.csv", "series": "2"},
    ]  # fmt: skip
    means = [sum(one["answer"]) / 6 for one in answers]
    assert means[1] > means[0] + 50
