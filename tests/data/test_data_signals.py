"""Sounds, sequences and series: what files and tables become, and what an audit says of them."""

import gzip
import io
import tarfile
import wave
import zipfile

import numpy as np
import pytest
import torch

from brique import data
from brique.data import audit
from brique.data.core.ragged import Ragged
from brique.data.dataset import build
from brique.data.near_duplicates.audio import near_pairs
from brique.data.raw.column import Labels
from brique.data.raw.source import Source
from brique.data.sources.series import forecasting, windows
from brique.data.sources.signals import sequences, sounds
from brique.errors import DataError
from brique.options import Options
from brique.schema import Signal
from brique.schema.time_index import TimeIndex


def wav(values, rate=8000, channels=1):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.asarray(values) * 32767).astype("<i2").tobytes())
    return file.getvalue()


def noise(seed, size=60):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, size)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def by_class(folder, per_class=10, classes=("no", "yes")):
    for number, name in enumerate(classes):
        for take in range(per_class):
            write(folder / name / f"{take}.wav", wav(noise(1000 * number + take, 40 + take)))
    return folder


def by_name(folder, labels=3, speakers=("ann", "bob"), takes=4):
    for label in range(labels):
        for number, speaker in enumerate(speakers):
            for take in range(takes):
                seed = 100 * label + 10 * number + take
                write(folder / f"{label}_{speaker}_{take}.wav", wav(noise(seed)))
    return folder


def kinds(opened):
    return [(finding.kind, finding.severity, finding.count) for finding in audit.findings(opened)]


def found(opened, kind):
    return next(finding for finding in audit.findings(opened) if finding.kind == kind)


def test_sounds_lie_in_folders_by_class(tmp_path):
    opened = data.open(by_class(tmp_path / "words"))
    assert opened.schema["sound"] == Signal(
        1, 8000.0, (), opened.schema["sound"].mean, opened.schema["sound"].std
    )
    assert opened.schema["label"].names == ("no", "yes")
    assert opened.schema.targets == ("label",)
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [14, 2, 4]
    row = next(i for i in range(20) if opened.train.name(i) == "yes/3.wav")
    expected = Signal(1, 8000.0).prepare(tmp_path / "words" / "yes" / "3.wav")
    assert torch.equal(opened.store.fields["sound"][row], expected)
    assert len(expected) == 43
    batch = next(iter(opened.train.batches(4, turns=1)))
    assert batch.sound.padded(0).shape[2] == 1


def test_sounds_in_archives_and_packed_are_the_same(tmp_path):
    folder = by_class(tmp_path / "words")
    plain = data.open(folder)
    packed = tmp_path / "packed"
    for file in folder.rglob("*.wav"):
        target = packed / file.relative_to(folder)
        write(target.with_name(target.name + ".gz"), gzip.compress(file.read_bytes()))
    with zipfile.ZipFile(tmp_path / "words.zip", "w") as archive:
        for file in folder.rglob("*.wav"):
            archive.write(file, file.relative_to(tmp_path))
    with tarfile.open(tmp_path / "words.tar.gz", "w:gz") as archive:
        archive.add(folder, "words")
    for source in (packed, tmp_path / "words.zip", tmp_path / "words.tar.gz"):
        opened = data.open(source)
        assert opened.fingerprint == plain.fingerprint


def test_parts_of_sounds_are_obeyed(tmp_path):
    for part, count in (("train", 5), ("val", 2), ("test", 3)):
        by_class(tmp_path / "words" / part, count)
    write(tmp_path / "words" / "extra" / "a.wav", wav(noise(9)))
    opened = data.open(tmp_path / "words")
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [10, 4, 6]
    assert "words: 1 sounds beside train" in " ".join(opened.notes)
    with pytest.raises(DataError, match="words: it already has parts; leave out --test"):
        data.open(tmp_path / "words", test=tmp_path)


def test_lists_of_files_say_the_parts(tmp_path):
    folder = by_class(tmp_path / "words")
    write(folder / "_background_noise_" / "hum.wav", wav(noise(1)))
    write(folder / "validation_list.txt", "yes/0.wav\nno/0.wav\n")
    write(folder / "testing_list.txt", "yes/1.wav\nno/1.wav\nno/2.wav\n")
    opened = data.open(folder)
    assert [opened.train.name(i) for i in opened.test.ids.tolist()] == [
        "no/1.wav", "no/2.wav", "yes/1.wav",
    ]  # fmt: skip
    assert len(opened.valid) == 2
    assert opened.schema["label"].names == ("no", "yes")


def test_another_folder_may_be_the_test_part(tmp_path):
    by_class(tmp_path / "words")
    opened = data.open(tmp_path / "words", test=by_class(tmp_path / "more", 3))
    assert len(opened.test) == 6
    with pytest.raises(DataError, match="is not a folder of sounds; give one, or COLUMN=VALUE"):
        data.open(tmp_path / "words", test=tmp_path / "nowhere")


def test_names_of_files_hold_the_fields(tmp_path):
    folder = by_name(tmp_path / "digits")
    asked = "{label}_{speaker}_{take}"
    opened = data.open(folder, names=asked, test="take=0,1")
    assert tuple(opened.schema.fields) == ("sound", "label")
    assert {opened.train.name(i)[-5] for i in opened.test.ids.tolist()} == {"0", "1"}
    assert len(opened.test) == 12
    assert len(opened.train) + len(opened.valid) == 12
    other = data.open(folder, names="{label}_{speaker}_{take}", target="speaker", group="label")
    assert other.schema["speaker"].names == ("ann", "bob")
    assert len(set(other.source.groups.tolist())) == 3
    below = data.open(tmp_path, names="{folder}/{label}_{rest}", target="label", kind="sounds")
    assert below.schema["label"].names == ("0", "1", "2")


def test_sounds_that_nothing_names_show_two_files_and_the_flag(tmp_path):
    with pytest.raises(DataError) as raised:
        data.open(by_name(tmp_path / "digits"))
    assert str(raised.value) == (
        "digits: the class of sounds is unknown: 0_ann_0.wav and 2_bob_3.wav lie in no"
        " class's folder; put each into the folder of its class, or say how the files are named,"
        " such as --names '{label}_{speaker}_{take}'"
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"names": "label"}, "--names must hold fields in braces, each once"),
        ({"names": "{label}_{label}"}, "--names must hold fields in braces, each once"),
        (
            {"names": "{a}_{rest}"},
            "none of a, rest is named label; choose the target with --target",
        ),
        (
            {"names": "{label}_{rest}", "target": "speaker"},
            "--target names 'speaker', which the names",
        ),
        (
            {"names": "{label}_{rest}", "group": "y"},
            "--group names 'y', which the names of the files",
        ),
        (
            {"names": "{label}_{rest}", "test": "y=1"},
            "--test names 'y', which the names of the files",
        ),
        (
            {"names": "{label}_{rest}", "test": "label=7"},
            "--test asks for label 7, which no file has",
        ),
        (
            {"names": "{label}_{rest}", "test": "label="},
            "test: expected a path or COLUMN=VALUE,VALUE",
        ),
        ({"names": "{label}-{x}"}, "expected WAV files, got none that can be read; the first"),
        ({"names": "{label}_{rest}", "header": True}, "--header means nothing for sounds"),
    ],
)
def test_options_of_sounds_that_do_not_fit(tmp_path, options, says):
    folder = by_name(tmp_path / "digits", labels=2, takes=1)
    with pytest.raises(DataError) as raised:
        data.open(folder, **options)
    assert says in str(raised.value)


def test_one_class_is_none(tmp_path):
    folder = by_name(tmp_path / "digits", labels=1)
    with pytest.raises(DataError, match="expected two classes or more, got '0' alone; give each"):
        data.open(folder, names="{label}_{rest}")
    for part in ("train", "test"):
        by_class(tmp_path / "words" / part, 2)
    with pytest.raises(DataError, match="it already has a test part; leave out --test"):
        data.open(tmp_path / "words", names="{take}", target="label", test="take=0")


def test_bad_sounds_are_left_out_with_their_reasons(tmp_path):
    folder = by_class(tmp_path / "words")
    write(folder / "yes" / "a.wav", b"")
    write(folder / "yes" / "b.wav", wav(noise(0))[:60])
    write(folder / "yes" / "c.wav", b"ID3 an MP3")
    write(folder / "yes" / "d.mp3", b"ID3 an MP3")
    write(folder / "yes" / "e.wav.gz", b"no gzip")
    opened = data.open(folder)
    reasons = dict(opened.skipped)
    assert len(opened.store) == 20
    assert reasons["yes/a.wav"] == "the file is empty; fetch or record it again"
    assert reasons["yes/b.wav"].startswith("is cut short, 16 of 120 bytes are there")
    assert reasons["yes/c.wav"].startswith("expected a WAV file, got MP3")
    assert reasons["yes/d.mp3"] == ".mp3 is not read; convert it to WAV"
    assert "cannot be read" in reasons["yes/e.wav.gz"]
    assert "5 of 25 sounds cannot be read and are left out" in " ".join(opened.notes)
    for file in folder.rglob("*.wav"):
        file.write_bytes(b"")
    with pytest.raises(DataError, match="none of its 25 sounds can be read; the first, "):
        data.open(folder)


def test_rates_and_channels_are_brought_to_the_commonest(tmp_path):
    folder = by_class(tmp_path / "words")
    write(folder / "yes" / "fast.wav", wav(noise(1, 200), rate=16000))
    write(folder / "no" / "two.wav", wav(noise(2, 200), channels=2))
    write(folder / "no" / "three.wav", wav(noise(2, 300), channels=3))
    opened = data.open(folder)
    lengths = {opened.train.name(i): len(s) for i, s in enumerate(opened.store.fields["sound"])}
    assert lengths["yes/fast.wav"] == lengths["no/two.wav"] == lengths["no/three.wav"] == 100
    finding = found(opened, "rates")
    assert finding.items == (("yes/fast.wav", "16,000 a second"),)
    assert "22 at 8,000, 1 at 16,000 a second" in finding.reason
    assert "sounds of 21 of 1, 1 of 3, 1 of 2 channels" in " ".join(opened.notes)
    wide = data.open(folder, channels=3)
    assert wide.schema["sound"].channels == 3
    assert dict(wide.skipped)["no/two.wav"] == "has 2 channels, the others 3; mix it down"


def test_folders_of_other_things_are_no_sounds(tmp_path):
    write(tmp_path / "a" / "x.csv", "1")
    write(tmp_path / "a" / "y.csv", "1")
    write(tmp_path / "a" / "z.wav", wav(noise(0)))
    assert not sounds.fits(tmp_path / "a")
    assert not sounds.fits(tmp_path / "a" / "z.wav")
    write(tmp_path / "a" / "w.wav", wav(noise(0)))
    assert sounds.fits(tmp_path / "a")


def test_the_audit_of_sounds_names_what_is_odd(tmp_path):
    folder = by_class(tmp_path / "words", 40)
    write(folder / "yes" / "silent.wav", wav(np.zeros(50)))
    write(folder / "yes" / "soft.wav", wav(np.r_[noise(3, 50) * 5e-4]))
    write(folder / "no" / "loud.wav", wav(np.sign(noise(4, 50))))
    write(folder / "no" / "long.wav", wav(noise(5, 5000)))
    opened = data.open(folder)
    assert {item[0] for item in found(opened, "silent").items} == {"yes/silent.wav", "yes/soft.wav"}
    assert "2 of 84 signals are silent or nearly silent" in found(opened, "silent").reason
    assert found(opened, "clipped").items == (("no/loud.wav",),)
    assert found(opened, "odd length").items == (("no/long.wav", "0.625 seconds"),)
    assert not {"silent", "clipped", "odd length"} & {
        kind for kind, *_ in kinds(data.open(by_class(tmp_path / "good")))
    }


def test_copies_of_sounds_across_parts_are_found(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("train", 12), ("test", 4)):
        for name in ("a", "b"):
            for take in range(count):
                t = np.arange(4000) / 8000
                pitch = rng.uniform(200, 900)
                tone = np.sin(2 * np.pi * pitch * t + rng.uniform(0, 6)) * np.exp(-4 * t)
                tone = 0.4 * tone + 0.05 * rng.standard_normal(4000)
                write(tmp_path / "s" / part / name / f"{take}.wav", wav(tone.clip(-1, 1)))
    sound = Signal(1).prepare((tmp_path / "s/train/a/3.wav").read_bytes()).numpy()[:, 0]
    write(tmp_path / "s/test/a/9.wav", wav(np.r_[np.zeros(300), 0.7 * sound]))
    opened = data.open(tmp_path / "s")
    finding = found(opened, "nearly leaked")
    assert finding.severity == "error"
    assert finding.items == (("train/a/3.wav", "test/a/9.wav"),)
    assert "1 of 9 sounds in test" in finding.reason
    write(tmp_path / "s/train/b/99.wav", wav(0.5 * sound))
    again = data.open(tmp_path / "s")
    assert found(again, "nearly duplicate").items == (("train/a/3.wav", "train/b/99.wav"),)


def test_near_copies_of_sounds_are_drawn_to_one_side(tmp_path):
    for number in range(40):
        sound = noise(number, 700)
        write(tmp_path / "ab"[number % 2] / f"{number}.wav", wav(sound))
        if number < 20:
            again = np.r_[np.zeros(30), 0.5 * sound]
            write(tmp_path / "ab"[number % 2] / f"{number}-again.wav", wav(again))
    opened = data.open(tmp_path)
    assert len(opened.test) == 12
    assert found(opened, "nearly duplicate").count == 20 == len(opened.source.near_pairs)
    for one in (opened, *opened.folds(4)):
        assert not [kind for kind, *_ in kinds(one) if kind == "nearly leaked"]


def test_echoes_of_nothing_are_none():
    short = Ragged.of([torch.zeros(600, 1), torch.zeros(5, 1), torch.zeros(0, 1)])
    assert near_pairs(short).shape == (0, 2)
    assert near_pairs(Ragged.of([torch.randn(600, 1)] * 3)).tolist() == [[0, 1], [0, 2], [1, 2]]


def indoor(folder, count=12, names=True):
    rng = np.random.default_rng(0)
    head = "#one, two\n" if names else ""
    for number in range(1, count + 1):
        rows = rng.normal(size=(5 + number, 2))
        text = head + "".join(f"{a:.4f},{b:.4f}\n" for a, b in rows)
        write(folder / "runs" / f"run_{number}.csv", text)
    lines = [f"{number},{(number % 2) or -1}" for number in range(1, count + 1)]
    write(folder / "runs" / "run_target.csv", "#id, class_label\n" + "\n".join(lines))
    lines = [f"{number},{number % 3}" for number in range(1, count + 1)]
    write(folder / "rooms.csv", "id,room\n" + "\n".join(lines))
    return folder


def test_sequences_get_their_classes_from_a_table(tmp_path):
    opened = data.open(indoor(tmp_path / "walks"))
    signal = opened.schema["signal"]
    assert (signal.channels, signal.rate, signal.names) == (2, None, ("one", "two"))
    assert opened.schema.targets == ("class_label",)
    assert opened.schema["class_label"].names == ("1", "-1")
    assert len(opened.store) == 12
    row = next(i for i in range(12) if opened.train.name(i) == "runs/run_10.csv")
    labels = opened.store.fields["class_label"]
    assert opened.schema["class_label"].names[int(labels[row])] == "-1"
    assert opened.store.fields["signal"][row].shape == (15, 2)
    assert "the target is class_label; --target chooses another" in " ".join(opened.notes)


def test_other_tables_of_sequences_choose_test_group_and_target(tmp_path):
    folder = indoor(tmp_path / "walks")
    opened = data.open(folder, test="room=0", group="room")
    tests = {opened.train.name(i) for i in opened.test.ids.tolist()}
    assert tests == {f"runs/run_{n}.csv" for n in (3, 6, 9, 12)}
    assert opened.source.groups.tolist() == [n % 3 for n in range(1, 13)]
    assert data.open(folder, target="room").schema["room"].names == ("0", "1", "2")
    with pytest.raises(DataError, match="--target names 'rom', which the tables do not say"):
        data.open(folder, target="rom")


def test_sequences_in_an_archive_are_the_same(tmp_path):
    folder = indoor(tmp_path / "walks")
    with zipfile.ZipFile(tmp_path / "walks.zip", "w") as archive:
        for file in folder.rglob("*.csv"):
            archive.write(file, file.relative_to(folder))
    assert data.open(tmp_path / "walks.zip").fingerprint == data.open(folder).fingerprint
    for file in list(folder.rglob("*.csv")):
        write(file.with_name(file.name + ".gz"), gzip.compress(file.read_bytes()))
        file.unlink()
    assert data.open(folder).train["signal"].values.shape[1] == 2


def test_sequences_lie_in_folders_by_class_too(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("walk", "run"):
            for number in range(3):
                rows = "".join(f"{a:.3f};{b:.3f}\n" for a, b in rng.normal(size=(6, 2)))
                write(tmp_path / "moves" / part / name / f"{number}.csv", rows)
    assert sequences.fits(tmp_path / "moves")
    opened = data.open(tmp_path / "moves")
    assert opened.schema["label"].names == ("run", "walk")
    assert len(opened.test) == 6
    assert opened.schema["signal"].names == ()


def test_bad_sequences_are_left_out_with_their_reasons(tmp_path):
    folder = indoor(tmp_path / "walks")
    write(folder / "runs" / "run_1.csv", "#one, two\n1,2\n3,x\n")
    write(folder / "runs" / "run_2.csv", "#one, two\n")
    write(folder / "runs" / "run_3.csv", "1,2,3\n")
    write(folder / "runs" / "run_77.csv", "#one, two\n1,2\n")
    with open(folder / "rooms.csv", "a") as file:
        file.write("\n99,1\n")
    opened = data.open(folder)
    reasons = dict(opened.skipped)
    assert len(opened.store) == 9
    assert reasons["runs/run_1.csv"].startswith("line 3, column 2: expected a number, got 'x'")
    assert reasons["runs/run_2.csv"].startswith("holds no line of numbers")
    assert reasons["runs/run_3.csv"].startswith("expected 2 channels (one, two), got 3")
    assert reasons["runs/run_77.csv"] == "rooms.csv does not give its room; add a line"
    assert reasons["rooms.csv, line 14"] == "there is no file of 99; add it"
    assert "3 of 12 sequences cannot be read" in " ".join(opened.notes)


def test_sequences_without_a_table_or_a_class_are_refused(tmp_path):
    write(tmp_path / "x" / "a.csv", "1,2\n")
    with pytest.raises(
        DataError, match="x: expected CSV files, one for each sequence, and a table"
    ):
        data.open(tmp_path / "x", kind="sequences")
    folder = indoor(tmp_path / "walks")
    (folder / "runs" / "run_target.csv").rename(folder / "runs" / "more.csv")
    write(
        folder / "runs" / "more.csv", "id,kind\n" + "".join(f"{n},{n % 2}\n" for n in range(1, 13))
    )
    with pytest.raises(
        DataError, match="walks: the tables give .*; choose the target with --target"
    ):
        data.open(folder)
    for number in range(1, 13):
        write(folder / "runs" / f"run_{number}.csv", "")
    with pytest.raises(DataError, match="none of its 12 sequences can be read; the first, "):
        data.open(folder, target="kind")


def test_other_folders_of_tables_are_no_sequences(tmp_path):
    for number in range(5):
        write(tmp_path / "years" / f"sales_{2000 + number}.csv", "item,price\na,1\n")
    write(tmp_path / "years" / "items.csv", "item,color\na,red\n")
    assert not sequences.fits(tmp_path / "years")
    write(tmp_path / "two" / "a" / "x.csv", "item,price\na,1\n")
    write(tmp_path / "two" / "b" / "x.csv", "item,price\na,1\n")
    assert not sequences.fits(tmp_path / "two")


def test_constant_channels_are_found(tmp_path):
    folder = indoor(tmp_path / "walks", 40)
    write(folder / "runs" / "run_1.csv", "#one, two\n" + "1,2\n" * 9)
    write(folder / "runs" / "run_2.csv", "#one, two\n1,2\n1,3\n1,4\n2,4\n")
    write(folder / "runs" / "run_3.csv", "#one, two\n1,2\n1,3\n1,4\n1,5\n")
    opened = data.open(folder)
    assert found(opened, "constant").items == (("runs/run_1.csv",),)
    assert found(opened, "constant channel").items == (("runs/run_3.csv",),)
    for number in range(1, 41):
        rows = np.random.default_rng(number).normal(size=6)
        write(
            folder / "runs" / f"run_{number}.csv", "#one, two\n" + "".join(f"{r},7\n" for r in rows)
        )
    assert found(data.open(folder), "constant channel").items == (("two",),)


def test_numbers_that_are_not_finite_are_an_error():
    signals = [torch.randn(5 + i, 1) for i in range(20)]
    signals[7][3] = float("nan")
    fields = {"signal": Ragged.of(signals), "label": Labels(["a", "b"] * 10, is_target=True)}
    opened = build(Source("made", fields, {"signal": Signal(1)}, ("label",)))
    finding = found(opened, "not finite")
    assert (finding.severity, finding.items) == ("error", (("example 7",),))


def hourly(count=400, start="2020-01-01", step="h"):
    first = np.datetime64(start, step)
    return [str(first + np.timedelta64(i, step)).replace("T", " ") + ":00" for i in range(count)]


def line(path, rows, header="date,load,temp"):
    write(path, "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def plain_rows(count=400):
    return [(time, i, i * 10) for i, time in enumerate(hourly(count))]


def test_series_are_cut_into_windows_of_past_and_future(tmp_path):
    path = line(tmp_path / "grid.csv", plain_rows())
    opened = data.open(
        path, kind="series", target="temp", length=6, horizon=3, types={"load": "number"}
    )
    assert opened.schema["past"].shape == (6, 2)
    assert opened.schema["future"].shape == (3,)
    assert opened.schema.targets == ("future",)
    for part in (opened.train, opened.valid, opened.test):
        past, future = part["past"], part["future"]
        assert torch.equal(past[:, :, 0] * 10, past[:, :, 1])
        steps = torch.cat([past[:, :, 1], future], 1).diff(dim=1)
        assert bool((steps == 10).all())
    # of 400 hours test is the last 80, valid the last 32 of the 320 before
    futures = [part["future"] / 10 for part in (opened.train, opened.valid, opened.test)]
    assert [(float(f.min()), float(f.max())) for f in futures] == [(6, 287), (288, 319), (320, 399)]
    assert [len(f) for f in futures] == [280, 30, 78]
    assert float(opened.test["past"][0, 0, 0]) == 314  # before the border, as it is known then
    first = int(opened.test.ids[0])
    assert opened.test.name(first) == "2020-01-14 08:00"
    assert opened.source.times[first] == np.datetime64("2020-01-14T08", "s").astype(float)
    assert opened.schema["past"].mean[0] == pytest.approx(
        float(opened.train["past"][..., 0].mean())
    )
    assert kinds(opened) == [("level", "note", 1)]


def test_several_targets_and_short_defaults(tmp_path):
    path = line(tmp_path / "grid.csv", plain_rows())
    opened = data.open(path, kind="series", target="temp,load", types={"load": "number"})
    assert opened.schema["past"].shape == (80, 2)
    assert opened.schema["future"].shape == (20, 2)
    assert torch.equal(opened.train["future"][..., 0], 10 * opened.train["future"][..., 1])
    opened = data.open(path, kind="series")
    assert opened.schema["past"].shape == (80, 1)
    assert "left out: load (by option, a row counter" in " ".join(opened.notes)
    numbered = data.open(path, kind="series", target=3)
    assert torch.equal(numbered.train["future"], opened.train["future"])


def test_series_in_archives_and_packed_are_the_same(tmp_path):
    path = line(tmp_path / "grid.csv", plain_rows())
    plain = data.open(path, kind="series", target="temp")
    write(tmp_path / "grid2.csv.gz", gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(tmp_path / "grid.zip", "w") as archive:
        archive.write(path, "deep/grid.csv")
    for name in ("grid2.csv.gz", "grid.zip"):
        assert (
            data.open(tmp_path / name, kind="series", target="temp").fingerprint
            == plain.fingerprint
        )
    line(tmp_path / "many" / "a.csv", plain_rows(9))
    line(tmp_path / "many" / "b.csv", plain_rows(9))
    with pytest.raises(DataError, match="expected one table .* of a series, got 2; give the file"):
        data.open(tmp_path / "many", kind="series")


def test_rows_out_of_order_and_doubled_are_found(tmp_path):
    rows = plain_rows()
    straight = data.open(line(tmp_path / "a.csv", rows), kind="series", target="temp")
    rows[50], rows[60] = rows[60], rows[50]
    rows.insert(100, (rows[99][0], 0, 5))
    rows.insert(200, ("soon", 0, 5))
    opened = data.open(line(tmp_path / "b.csv", rows), kind="series", target="temp", time="date")
    assert torch.equal(opened.train["past"], straight.train["past"][..., :1]) or torch.equal(
        opened.train["past"][..., -1:], straight.train["past"]
    )
    assert found(opened, "unsorted").items[0] == ("row 53", rows[51][0])
    assert found(opened, "duplicate time").items == (("row 102", rows[100][0]),)
    assert found(opened, "no time").items == (("row 202", "soon"),)


def test_no_window_goes_over_a_gap(tmp_path):
    rows = plain_rows()
    del rows[120:130]
    path = line(tmp_path / "a.csv", rows)
    opened = data.open(path, kind="series", target="temp", length=4, horizon=2)
    whole = torch.cat([opened.train["past"][..., -1], opened.train["future"]], 1)
    assert bool((whole.diff(dim=1) == 10).all())
    finding = found(opened, "gap")
    assert finding.items == (("row 122", "2020-01-05 23:00 to 2020-01-06 10:00"),)
    uneven = [row for i, row in enumerate(plain_rows()) if i % 7 < 5]
    opened = data.open(line(tmp_path / "b.csv", uneven), kind="series", target="temp")
    uneven = found(opened, "uneven")
    assert uneven.severity == "warning"
    assert uneven.items[:2] == (("row 2", "2020-01-01 00:00"), ("row 3", "2020-01-01 01:00"))
    assert len(opened.train) > 50


def test_missing_values_are_filled_from_the_past_alone(tmp_path):
    rows = [[time, i, 10 * i] for i, time in enumerate(hourly())]
    rows[0][2] = rows[1][2] = "NA"
    rows[30][2] = rows[31][2] = "?0.2"
    for row in (200, 201, 202):
        rows[row][1] = ""
    opened = data.open(
        line(tmp_path / "a.csv", rows), kind="series", target="temp", length=4, horizon=2
    )
    futures = {int(f) for f in (opened.train["future"] / 10).flatten().tolist()}
    assert {30, 31}.isdisjoint(futures)
    assert {29, 32, 33} <= futures
    past = {int(row[1] / 10): row[0].item() for row in opened.train["past"].flatten(0, 1)}
    assert past[199] == past[200] == past[202] == 199
    assert past[203] == 203
    first = next(
        i
        for i in range(len(opened.train))
        if opened.train.name(int(opened.train.ids[i])) == rows[4][0]
    )
    known = [10 * i for i in range(288) if i not in (0, 1, 30, 31)]
    assert opened.train["past"][first, 0, 1] == np.float32(np.median(known))
    assert found(opened, "missing").severity == "warning"
    assert found(opened, "missing").items == (("load", "3"), ("temp", "4"))
    assert found(opened, "mixed types").items == (
        ("row 32", "temp", "?0.2"),
        ("row 33", "temp", "?0.2"),
    )
    assert not torch.isnan(opened.test["past"]).any()


def test_what_is_fitted_comes_from_the_training_moments(tmp_path):
    rows = [(time, i % 7, "ab"[i % 2] if i < 320 else "c") for i, time in enumerate(hourly())]
    path = line(tmp_path / "a.csv", rows, "date,load,wind")
    opened = data.open(path, kind="series", target="load", length=4, horizon=2)
    assert opened.schema["past"].shape == (4, 3)
    assert "load, wind=a, wind=b" in " ".join(opened.notes)
    assert float(opened.test["past"][-1, :, 1:].sum()) == 0
    rows[399] = (rows[399][0], 1e6, "c")
    other = data.open(
        line(tmp_path / "b.csv", rows, "date,load,wind"),
        kind="series",
        target="load",
        length=4,
        horizon=2,
    )
    assert other.schema["past"] == opened.schema["past"]
    left = data.open(
        path, kind="series", target="load", length=4, horizon=2, types={"wind": "leave"}
    )
    assert left.schema["past"].shape == (4, 1)


def test_several_series_are_told_apart(tmp_path):
    rows = []
    for time, value in zip(hourly(100), range(100), strict=True):
        rows += [(time, "north", value), (time, "south", -value)]
    path = line(tmp_path / "a.csv", rows, "time,station,value")
    for options in ({}, {"group": "station"}):
        opened = data.open(path, kind="series", length=4, horizon=2, **options)
        whole = torch.cat([opened.train["past"][..., 0], opened.train["future"]], 1)
        assert set(whole.diff(dim=1).flatten().tolist()) == {1.0, -1.0}
        assert len(opened.train) == 2 * (72 - 5)
        assert opened.test.name(int(opened.test.ids[0])) == "north: 2020-01-04 08:00"
        assert "2 series, named by station" in " ".join(opened.notes)


def test_moments_are_read_in_many_ways(tmp_path):
    days = [np.datetime64("2020-01-01") + i for i in range(120)]
    months = [np.datetime64("2001-01") + i for i in range(120)]
    ways = {
        "iso": [f"{day}" for day in days],
        "german": [f"{day.item():%d.%m.%Y}" for day in days],
        "american": [f"{day.item():%m/%d/%Y}" for day in days],
        "zoned": [f"{day}T00:00:00Z" for day in days],
        "months": [f"{month}" for month in months],
    }
    for way, times in ways.items():
        path = line(
            tmp_path / f"{way}.csv", [(t, i * 2) for i, t in enumerate(times)], "when,value"
        )
        opened = data.open(path, kind="series", length=4, horizon=2)
        first = months[4] if way == "months" else days[4]
        assert opened.source.times[0] == first.astype("datetime64[s]").astype(float)
        assert not [kind for kind, *_ in kinds(opened) if kind == "gap"]
        assert len(opened.store) == 81 + 9 + 23
    years = [(2000 + i // 12, i % 12 + 1, 1, i * i) for i in range(120)]
    opened = data.open(
        line(tmp_path / "y.csv", years, "year,month,day,value"), kind="series", length=4, horizon=2
    )
    assert opened.train.name(0) == "2000-05-01 00:00"
    assert opened.schema["past"].shape == (4, 1)
    bare = data.open(
        line(tmp_path / "z.csv", [(i * i % 97,) for i in range(120)], "value"),
        kind="series",
        length=4,
        horizon=2,
    )
    even = found(bare, "no time column")
    assert even.severity == "warning"
    assert even.items[:3] == (("row 2", "value 0"), ("row 3", "value 1"), ("row 4", "value 4"))
    assert "rows count as even, in the order of the file" in even.reason
    assert "--time" in even.remedy
    told = data.open(tmp_path / "z.csv", kind="series", length=4, horizon=2, time="none")
    assert "no time column" not in [kind for kind, *_ in kinds(told)]
    assert told.fingerprint == bare.fingerprint
    numbered = line(tmp_path / "n.csv", [(1900 + i, i * i % 97) for i in range(120)], "year,value")
    opened = data.open(numbered, kind="series", time="year", length=4, horizon=2)
    assert opened.source.times[0] == np.datetime64("1904", "s").astype(float)
    assert opened.schema["past"].time_index == TimeIndex(("year",), ("%Y",), 12, True, False)
    assert data.open(numbered, kind="series", length=4, horizon=2).fingerprint == opened.fingerprint


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "grid.csv: which of load, temp is the target? Name it with --target"),
        ({"target": "tmp"}, "--target names 'tmp', which is not a column of numbers"),
        ({"target": "temp", "time": "dat"}, "--time names no column 'dat'"),
        ({"target": "temp", "time": "wind"}, "wind: expected timestamps such as 2024-03-01 17:30, got 'n'"),
        ({"target": "temp", "group": "no"}, "--group names no column 'no'"),
        ({"target": "temp", "types": {"no": "leave"}}, "--types names no column 'no'"),
        ({"target": "temp", "horizon": 0}, "--horizon must be 1 or more time steps, got 0; choose how many"),
        ({"target": "temp", "length": 90}, "no window of 90 past and 5 future time steps fits into the 72"),
        ({"types": dict.fromkeys(("load", "temp", "wind"), "leave")}, "expected a column of numbers beside"),
    ],
)  # fmt: skip
def test_options_of_series_that_do_not_fit(tmp_path, options, says):
    rows = [(time, i * i % 17, i % 5, "n") for i, time in enumerate(hourly(100))]
    path = line(tmp_path / "grid.csv", rows, "date,load,temp,wind")
    with pytest.raises(DataError) as raised:
        data.open(path, kind="series", **({"types": {"wind": "leave"}} | options))
    assert says in str(raised.value)


def test_windows_that_fill_the_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "MAX_BYTES", 1000)
    path = line(tmp_path / "grid.csv", plain_rows())
    with pytest.raises(DataError, match="windows of 20 x 1 numbers take 0.0 GiB, more than 0;"):
        data.open(path, kind="series", target="temp")
    assert not forecasting.fits(path)


def test_series_without_any_time_are_refused(tmp_path):
    rows = [(2000, "", 5), ("", 3, 7)] * 9
    path = line(tmp_path / "a.csv", rows, "year,month,value")
    with pytest.raises(
        DataError, match="no row has a readable time; name another column with --time"
    ):
        data.open(path, kind="series")


def test_columns_and_values_of_test_are_read():
    assert Options(test="take=0, 1,").test_values() == ("take", frozenset({"0", "1"}))
    assert Options(test="folder").test_values() is None
    assert Options().test_values() is None
    with pytest.raises(DataError, match="test: expected a path or COLUMN=VALUE,VALUE, got '=1'"):
        Options(test="=1").test_values()


def opened_or_skipped(name, **options):
    try:
        return data.open(name, **options)
    except DataError as error:
        if "no such path exists" in str(error):
            pytest.skip(f"{name} is not there")
        raise


def test_spoken_digits_open():
    opened = opened_or_skipped(
        "fsdd/recordings.zip", names="{label}_{speaker}_{take}", test="take=0,1,2,3,4"
    )
    assert [len(opened.train), len(opened.valid), len(opened.test)] == [2430, 270, 300]
    assert opened.schema["sound"].rate == 8000
    assert int(opened.store.fields["sound"].lengths.max()) == 18262
    assert opened.schema["label"].names == tuple("0123456789")


def test_indoor_movement_opens():
    opened = opened_or_skipped("timeseries/IndoorMovement.zip", group="path_ID")
    assert len(opened.store) == 314
    assert opened.store.fields["signal"].values.shape == (13197, 4)
    assert np.bincount(opened.store.fields["class_label"].numpy()).tolist() == [158, 156]


@pytest.mark.parametrize(
    ("name", "target", "shape", "sizes"),
    [
        ("ETTh1.csv.gz", 8, (96, 7), (12423, 1371, 3461)),
        ("beijing-pm25.csv.gz", "pm2.5", (96, 11), None),
        ("airline-passengers.csv", None, (28, 1), (70, 5, 23)),
        ("monthly-sunspots.csv", None, (96, 1), (1911, 203, 541)),
        ("daily-min-temperatures.csv", None, (96, 1), (2390, 269, 611)),
    ],
)
def test_real_series_open(name, target, shape, sizes):
    opened = opened_or_skipped(f"timeseries/{name}", kind="series", target=target)
    assert opened.schema["past"].shape == shape
    if sizes is not None:
        assert (len(opened.train), len(opened.valid), len(opened.test)) == sizes
    assert opened.train["future"].isfinite().all()
